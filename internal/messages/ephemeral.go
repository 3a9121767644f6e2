package messages

import (
	"context"

	"chatd/internal/chat"
)

// UpdateEphemeral tells those who watch of a partial update that is not stored, as
// bots do while they are still writing. The message itself stays as it is.
func (s *Service) UpdateEphemeral(ctx context.Context, r *UpdatePartialRequest) (*Response, error) {
	seat, m, err := s.find(ctx, r.ID)
	if err != nil {
		return nil, err
	}
	if err := notDeleted(m); err != nil {
		return nil, err
	}
	_, app := s.app(ctx)
	m.EndPin(app.Now())
	before := *m
	change := func(m *chat.Message) (*chat.MessageRequest, error) { return patched(m, r.Set, r.Unset) }
	plan, err := s.foresee(ctx, seat, m, r.SkipEnrichURL, change)
	if err != nil {
		return nil, err
	}
	req, err := change(m)
	if err != nil {
		return nil, err
	}
	if err := (&editor{app: app, seat: seat}).amend(ctx, m, req); err != nil {
		return nil, err
	}
	plan.put(&before, m)
	seen, err := s.views(ctx, app, seat, m)
	if err != nil {
		return nil, err
	}
	ev := about(evUpdated, app.ID, seen.public, seat.Channel)
	ev.User = seat.Actor.User.Public()
	if err := count(ctx, app, ev); err != nil {
		return nil, err
	}
	items, err := s.audience(ctx, app, ev)
	if err != nil {
		return nil, err
	}
	return &Response{Message: seen.own}, app.Publish(ctx, items...)
}
