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
	actor, app := s.app(ctx)
	if actor.User == nil {
		return chat.Errorf(chat.Invalid, "either message.user or message.user_id must be provided when using server side auth.")
	}
	system := *r
	system.ParentID, system.Type = "", chat.MessageSystem
	e := &editor{app: app, seat: seat}
	_, _, err := e.compose(ctx, &system)
	return err
}
