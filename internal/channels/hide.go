package channels

import (
	"context"

	"chatd/internal/chat"
	"chatd/internal/store"
)

// HideRequest hides a channel from the lists of a member until its next message.
type HideRequest struct {
	at `json:"-"`
	chat.ActAs

	ClearHistory bool `json:"clear_history"` // he never sees the messages up to now again
}

// ShowRequest shows a member a channel that he hid.
type ShowRequest struct {
	at `json:"-"`
	chat.ActAs
}

// Hide hides a channel.
func (s *Service) Hide(ctx context.Context, r *HideRequest) (*Empty, error) {
	return &Empty{}, s.setHidden(ctx, r.at, func(tx *store.Tx, m *chat.Member) *chat.Event {
		if now := tx.Now(); r.ClearHistory {
			m.HideMessagesBefore = &now
		}
		m.Hidden = true
		return &chat.Event{Type: evChannelHidden, ClearHistory: &r.ClearHistory}
	})
}

// Show undoes Hide. What was cleared stays so.
func (s *Service) Show(ctx context.Context, r *ShowRequest) (*Empty, error) {
	return &Empty{}, s.setHidden(ctx, r.at, func(_ *store.Tx, m *chat.Member) *chat.Event {
		if !m.Hidden {
			return nil
		}
		m.Hidden = false
		return &chat.Event{Type: evChannelVisible}
	})
}

// setHidden changes the actor's membership. change returns what his connections
// are told, nil when nothing changed.
func (s *Service) setHidden(ctx context.Context, a at, change func(*store.Tx, *chat.Member) *chat.Event) error {
	seat, err := s.seat(ctx, a)
	if err != nil {
		return err
	}
	_, app := s.app(ctx)
	return app.InTx(ctx, func(tx *store.Tx) error {
		ch, err := tx.LockChannel(ctx, seat.Channel.CID)
		if err != nil {
			return err
		}
		members, err := tx.MembersNamed(ctx, ch, seat.Actor.UserID)
		if err != nil {
			return err
		}
		m := members[seat.Actor.UserID]
		if m == nil {
			return chat.Errorf(chat.NotAllowed, "user %s is not a member of channel %s", seat.Actor.UserID, ch.CID)
		}
		hidden := m.Hidden
		what := change(tx, m)
		if what == nil {
			return nil
		}
		if err := tx.SaveMember(ctx, ch, m, hidden); err != nil {
			return err
		}
		if what.ClearHistory != nil && *what.ClearHistory {
			if err := tx.ResetUnread(ctx, ch.CID, m.UserID); err != nil {
				return err
			}
		}
		ev, err := tx.EventChannel(ctx, ch.CID)
		if err != nil {
			return err
		}
		e := newScene(seat.Actor, ev, tx.Now()).event(what.Type)
		e.To = chat.Audience{Kind: chat.ToUsers, Users: []string{m.UserID}}
		e.ClearHistory = what.ClearHistory
		tx.Emit(e)
		return nil
	})
}
