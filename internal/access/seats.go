package access

import (
	"context"

	"chatd/internal/auth"
	"chatd/internal/chat"
	"chatd/internal/permission"
)

// Seats returns the actor's seats in channels that were read from the database, with
// memberships read from there too.
func (a *Access) Seats(ctx context.Context, channels []*chat.Channel) ([]*Seat, error) {
	actor := auth.FromContext(ctx)
	app := a.Store.App(actor.App.ID)
	own, err := app.MembershipsIn(ctx, actor.UserID, channels)
	if err != nil {
		return nil, err
	}
	out := make([]*Seat, len(channels))
	for i, ch := range channels {
		t, err := app.Type(ctx, ch.Type)
		if err != nil {
			return nil, err
		}
		out[i] = NewSeat(actor, ch, t, own[ch.CID])
	}
	return out, nil
}

// OpenTypes returns the types of channels that the actor may read without being a
// member; nil when he may read all channels.
func (a *Access) OpenTypes(ctx context.Context) ([]string, error) {
	actor := auth.FromContext(ctx)
	if actor.Unchecked() {
		return nil, nil
	}
	types, err := a.Store.App(actor.App.ID).Types(ctx)
	open := []string{}
	for name, t := range types {
		if NewSeat(actor, &chat.Channel{Type: name, Config: &t.Config}, t, nil).set.Can(permission.ReadChannel, false, true) {
			open = append(open, name)
		}
	}
	return open, err
}
