package messages

import (
	"context"

	"chatd/internal/access"
	"chatd/internal/auth"
	"chatd/internal/chat"
	"chatd/internal/store"
)

// What other areas need to tell of messages that they change by other means than an
// edit.

// Audience makes an event about a message of what reaches those who may see it.
// ev.Message is hydrated as everybody sees it. Nobody is told of a channel that is
// gone.
func (s *Service) Audience(ctx context.Context, tx *store.Tx, by *auth.Actor, ev *chat.Event) ([]chat.Item, error) {
	seat, err := seatIn(ctx, tx, by, ev.CID)
	if err != nil || seat == nil {
		return nil, err
	}
	ev.Message.HideQuoted()
	return s.audience(ctx, tx.App, ev)
}

// TellUpdated emits message.updated for messages as they are stored; they become
// hydrated, as everybody sees them.
func (s *Service) TellUpdated(ctx context.Context, tx *store.Tx, by *auth.Actor, msgs ...*chat.Message) error {
	if err := tx.Hydrate(ctx, store.Viewer{Server: true}, msgs...); err != nil {
		return err
	}
	for _, m := range msgs {
		seat, err := seatIn(ctx, tx, by, m.CID)
		if err != nil {
			return err
		}
		if seat == nil {
			continue
		}
		m.HideQuoted()
		ev := about(evUpdated, tx.ID, m, seat.Channel)
		ev.User = by.User.Public()
		if err := s.emit(ctx, tx, ev); err != nil {
			return err
		}
	}
	return nil
}

// seatIn is the actor's seat in a channel, nil when there is no such channel.
func seatIn(ctx context.Context, tx *store.Tx, by *auth.Actor, cid chat.CID) (*access.Seat, error) {
	ch, typ, member, err := tx.Seat(ctx, cid, by.UserID)
	if chat.KindOf(err) == chat.NotFound {
		return nil, nil //nolint:nilnil // the channel is gone, which is no error here
	}
	if err != nil {
		return nil, err
	}
	return access.NewSeat(by, ch, typ, member), nil
}
