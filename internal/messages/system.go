package messages

import (
	"context"

	"chatd/internal/access"
	"chatd/internal/chat"
)

// CheckSystem tells what is wrong with a message that is to go along with a change
// of the channel, so that the change is not made for a message that PostSystem
// would then refuse. seat is the actor's, before the change.
func (s *Service) CheckSystem(ctx context.Context, seat *access.Seat, r *chat.MessageRequest) error {
	_, err := s.system(ctx, seat, r)
	return err
}

// PostSystem posts a message that goes along with a change of the channel, as the
// actor: of type system where it names none, and silent, so that nobody's unread
// number rises. The caller has decided that the actor may change the channel;
// neither a frozen channel nor slow mode stops the message. seat is the actor's,
// as it is after the change.
func (s *Service) PostSystem(ctx context.Context, seat *access.Seat, r *chat.MessageRequest) (*chat.Message, error) {
	d, err := s.system(ctx, seat, r)
	if err != nil {
		return nil, err
	}
	resp, err := s.deliver(ctx, d)
	if err != nil {
		return nil, err
	}
	return resp.Message, nil
}

// system makes a message that goes along with a change of the channel.
func (s *Service) system(ctx context.Context, seat *access.Seat, r *chat.MessageRequest) (*delivery, error) {
	actor, app := s.app(ctx)
	if actor.User == nil {
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
	e := &editor{app: app, seat: seat}
	m, _, err := e.compose(ctx, &req)
	if err != nil {
		return nil, err
	}
	m.Silent, m.Shadowed = true, shadowed(seat, app)
	return &delivery{editor: e, m: m}, nil
}
