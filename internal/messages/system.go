package messages

import (
	"context"

	"chatd/internal/access"
	"chatd/internal/chat"
	"chatd/internal/store"
)

// PostSystem posts a message that goes along with a change of the channel, in the
// transaction of that, as the actor: of type system where it names none, and silent, so
// that nobody's unread number rises. The caller has decided that the actor may change
// the channel; neither a frozen channel nor slow mode stops the message. seat is the
// actor's, as it is after the change.
func (s *Service) PostSystem(ctx context.Context, tx *store.Tx, seat *access.Seat, r *chat.MessageRequest) (*chat.Message, error) {
	if seat.Actor.User == nil {
		return nil, chat.Errorf(chat.Invalid, "either message.user or message.user_id must be provided when using server side auth.")
	}
	if len(r.RestrictedVisibility) > 0 {
		return nil, chat.Errorf(chat.Invalid, "message.restricted_visibility cannot be used here")
	}
	req := *r
	req.ParentID = ""
	if req.Type == "" {
		req.Type = chat.MessageSystem
	}
	d := &delivery{editor: &editor{app: tx.App, seat: seat}}
	var err error
	if d.m, _, err = d.compose(ctx, &req); err != nil {
		return nil, err
	}
	d.m.Silent, d.m.Shadowed = true, shadowed(seat, tx.App)
	l, err := s.letter(ctx, d)
	if err != nil {
		return nil, err
	}
	return l.resp.Message, tx.Send(ctx, l.send)
}
