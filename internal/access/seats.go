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
	return a.typesWith(ctx, permission.ReadChannel)
}

// OverseenTypes returns the types of channels in which the actor's role as a user lets
// him see what is meant for others; none for the server side, which looks as the user
// for whom it acts.
func (a *Access) OverseenTypes(ctx context.Context) ([]string, error) {
	if auth.FromContext(ctx).Server {
		return []string{}, nil
	}
	return a.typesWith(ctx, permission.ReadRestrictedVisibilityMessage)
}

// typesWith returns the types of channels in which the actor may do something without
// being a member.
func (a *Access) typesWith(ctx context.Context, action permission.Action) ([]string, error) {
	actor := auth.FromContext(ctx)
	types, err := a.Store.App(actor.App.ID).Types(ctx)
	out := []string{}
	for name, t := range types {
		if NewSeat(actor, &chat.Channel{Type: name, Config: &t.Config}, t, nil).set.Can(action, false, true) {
			out = append(out, name)
		}
	}
	return out, err
}
