package channels

import (
	"context"

	"chatd/internal/access"
	"chatd/internal/auth"
	"chatd/internal/chat"
	"chatd/internal/store"
)

// saying is a message that goes along with a change and waits until that is made.
type saying struct {
	s      *Service
	as     *auth.Actor
	before *access.Seat // the speaker's, before the change
	m      *chat.MessageRequest
}

// prepare checks a message that is to go along with a change: by the actor, or by
// the user whom a server-side call names in it. It returns nil for no message.
func (s *Service) prepare(ctx context.Context, seat *access.Seat, m *chat.MessageRequest) (*saying, error) {
	if m == nil {
		return nil, nil //nolint:nilnil // there is nothing to say
	}
	ctx, err := s.Access.ActAsAuthor(ctx, "message.", m.ActAs, seat.Actor.UserID == "")
	if err != nil {
		return nil, err
	}
	p := &saying{s: s, as: auth.FromContext(ctx), before: seat, m: m}
	if p.as.UserID != seat.Actor.UserID {
		if p.before, err = s.Access.Seat(ctx, seat.Channel.CID); err != nil {
			return nil, err
		}
	}
	return p, s.Messages.CheckSystem(ctx, p.before, m)
}

// post posts the message after the change was made, and then tells of the change:
// also when the message is refused after all, for the change has happened. Who has
// just left may still say so. A nil saying does nothing.
func (p *saying) post(ctx context.Context, app *store.App, tell func(*store.Tx, *chat.Message)) (*chat.Message, error) {
	if p == nil {
		return nil, nil //nolint:nilnil // there is nothing to say
	}
	ctx = auth.WithActor(ctx, p.as)
	seat, err := p.s.freshSeat(ctx, p.before.Channel.CID)
	var posted *chat.Message
	if err == nil {
		if seat.Member == nil {
			seat = access.NewSeat(seat.Actor, seat.Channel, seat.Type, p.before.Member)
		}
		posted, err = p.s.Messages.PostSystem(ctx, seat, p.m)
	}
	told := app.InTx(ctx, func(tx *store.Tx) error { tell(tx, posted); return nil })
	if err != nil {
		return nil, err
	}
	return posted, told
}
