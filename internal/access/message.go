package access

import (
	"context"

	"chatd/internal/auth"
	"chatd/internal/chat"
)

// Message returns a message as it is stored and the actor's seat in its channel. The
// channel must exist and be enabled, and the message must be within what the actor
// can see: NotFound where it is not.
func (a *Access) Message(ctx context.Context, id string) (*Seat, *chat.Message, error) {
	m, err := a.Store.App(auth.FromContext(ctx).App.ID).Message(ctx, id)
	if err != nil {
		return nil, nil, err
	}
	seat, err := a.Seat(ctx, m.CID)
	if chat.KindOf(err) == chat.NotFound {
		return nil, nil, chat.Errorf(chat.NotFound, "channel %s of message with id %s has been deleted", m.CID, id)
	}
	if err != nil {
		return nil, nil, err
	}
	if err := seat.Enabled(); err != nil {
		return nil, nil, err
	}
	if cut := seat.Channel.TruncatedAt; cut != nil && !m.CreatedAt.After(*cut) {
		return nil, nil, chat.Errorf(chat.NotFound, "message with id %s has been deleted", id)
	}
	if !seat.Sees(m) {
		return nil, nil, chat.Errorf(chat.NotFound, "message with id %s doesn't exist", id)
	}
	return seat, m, nil
}

// Sees tells whether a message of the channel is within what the actor can see.
func (s *Seat) Sees(m *chat.Message) bool {
	since := s.View().Since
	return (since == nil || m.CreatedAt.After(*since)) &&
		(m.VisibleTo(s.Actor.UserID) || s.Oversees())
}
