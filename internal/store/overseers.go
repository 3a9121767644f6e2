package store

import (
	"context"
	"maps"
	"slices"

	"chatd/internal/chat"
	"chatd/internal/permission"
)

// mostOverseers bounds how many members see what is meant for others by their role
// alone.
const mostOverseers = 1000

// Overseers returns who sees the messages of a channel that are meant for others, because
// his role allows it: of its members, and of the users given.
func (a *App) Overseers(ctx context.Context, cid chat.CID, users ...string) ([]string, error) {
	ch, typ, _, err := a.Seat(ctx, cid, "")
	if chat.KindOf(err) == chat.NotFound {
		return nil, nil // the channel is gone
	}
	if err != nil {
		return nil, err
	}
	app, err := a.App(ctx)
	if err != nil {
		return nil, err
	}
	table, teams := typ.Table.With(ch.Config.Grants), app.Settings.MultiTenantEnabled
	const action = permission.ReadRestrictedVisibilityMessage
	roles, err := a.RolesIn(ctx, cid, users, table.RolesWith(action), mostOverseers)
	if err != nil || len(roles) == 0 {
		return nil, err
	}
	known, err := a.Users(ctx, slices.Collect(maps.Keys(roles))...)
	if err != nil {
		return nil, err
	}
	var out []string
	for id, u := range known {
		set := table.For(permission.RoleIn(u, ch.Team, teams), roles[id])
		if set.Can(action, false, !teams || permission.SameTeam(u.Teams, ch.Team)) {
			out = append(out, id)
		}
	}
	return out, nil
}

// seers returns for whom a message counts that only some may see, its author included;
// none when it is for all.
func (a *App) seers(ctx context.Context, m *chat.Message) ([]string, error) {
	if len(m.RestrictedVisibility) == 0 {
		return []string{}, nil
	}
	overseers, err := a.Overseers(ctx, m.CID)
	return slices.Concat(m.RestrictedVisibility, overseers), err
}
