package users

import (
	"context"
	"errors"
	"maps"
	"slices"

	"chatd/internal/access"
	"chatd/internal/auth"
	"chatd/internal/chat"
	"chatd/internal/permission"
	"chatd/internal/store"
)

// edit is a change of one user, who is created if need be.
type edit struct {
	id string
	// apply changes u. A user who does not exist yet has no CreatedAt.
	apply func(u *chat.User) error
}

// plan is what edits make of users.
type plan struct {
	users            map[string]*chat.User // all that were edited
	created, changed []*chat.User          // in the order of their ids
}

// newPlan applies edits to the users that exist. It changes none of those.
func newPlan(have map[string]*chat.User, edits []edit) (*plan, error) {
	p := &plan{users: make(map[string]*chat.User, len(edits))}
	for _, e := range edits {
		u := p.users[e.id]
		if u == nil {
			u = &chat.User{ID: e.id, Role: chat.RoleUser}
			if old := have[e.id]; old != nil {
				*u = *old
			}
			p.users[e.id] = u
		}
		if u.DeletedAt != nil {
			return nil, chat.Errorf(chat.Invalid, "user %q was deleted", u.ID)
		}
		if err := e.apply(u); err != nil {
			return nil, err
		}
	}
	for _, id := range slices.Sorted(maps.Keys(p.users)) {
		u := p.users[id]
		switch old := have[id]; {
		case old == nil:
			p.created = append(p.created, u)
		case !same(old, u):
			p.changed = append(p.changed, u)
		default:
			continue
		}
		if err := check(u); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// maxTries bounds how often users are saved again because somebody else created one
// of them at the same time.
const maxTries = 3

// save applies edits, writes what they change and tells of it: all or nothing. It
// returns the users as they are stored then.
func (s *Service) save(ctx context.Context, app *store.App, edits ...edit) (map[string]*chat.User, error) {
	ids := make([]string, len(edits))
	for i, e := range edits {
		ids[i] = e.id
	}
	// Most connections and most users in requests change nothing.
	have, err := app.Users(ctx, ids...)
	if err != nil {
		return nil, err
	}
	p, err := newPlan(have, edits)
	if err != nil || len(p.created)+len(p.changed) == 0 {
		return have, err
	}
	for range maxTries {
		err = app.InTx(ctx, func(tx *store.Tx) error {
			if have, err = tx.LockUsers(ctx, ids); err != nil {
				return err
			}
			if p, err = newPlan(have, edits); err != nil {
				return err
			}
			return s.write(ctx, tx, p, have)
		})
		if !errors.Is(err, store.ErrUserExists) {
			break
		}
	}
	if err != nil {
		return nil, err
	}
	return p.users, s.appear(ctx, app, have, p)
}

// write writes what a plan changes and puts the users as stored in their place.
func (s *Service) write(ctx context.Context, tx *store.Tx, p *plan, have map[string]*chat.User) error {
	now := tx.Now()
	for _, u := range p.created {
		u.CreatedAt, u.UpdatedAt = now, now
	}
	for _, u := range p.changed {
		u.UpdatedAt = now
	}
	if err := s.checkNames(ctx, tx, p, have); err != nil {
		return err
	}
	for _, step := range []struct {
		users []*chat.User
		write func(context.Context, []*chat.User) ([]*chat.User, error)
	}{{p.created, tx.InsertUsers}, {p.changed, tx.UpdateUsers}} {
		if len(step.users) == 0 {
			continue
		}
		stored, err := step.write(ctx, step.users)
		if err != nil {
			return err
		}
		for _, u := range stored {
			p.users[u.ID] = u
			tx.Emit(updated(tx.ID, u, now)...)
		}
	}
	return nil
}

// appear tells that connected users became visible or invisible, or that those who are
// visible have another status.
func (s *Service) appear(ctx context.Context, app *store.App, have map[string]*chat.User, p *plan) error {
	for _, u := range slices.Concat(p.created, p.changed) {
		old, u := have[u.ID], p.users[u.ID]
		if old == nil {
			old = &chat.User{}
		}
		before := s.Hub.Online(app.ID, u.ID)
		if u.Invisible != old.Invisible {
			s.Hub.SetInvisible(app.ID, u.ID, u.Invisible)
		}
		u.Online = s.Hub.Online(app.ID, u.ID)
		if u.Online == before && (!u.Online || status(u) == status(old)) {
			continue
		}
		if err := app.Publish(ctx, changedPresence(app.ID, u, app.Now())); err != nil {
			return err
		}
	}
	return nil
}

// checkNames refuses names that others have, where the app wants names to be unique.
// It looks only at what changes: who shares a name already keeps it.
func (s *Service) checkNames(ctx context.Context, tx *store.Tx, p *plan, have map[string]*chat.User) error {
	settings, err := tx.App.App(ctx)
	if err != nil {
		return err
	}
	scope := settings.Settings.EnforceUniqueUsernames
	if scope != uniqueInApp && scope != uniqueInTeam {
		return nil
	}
	var claims []*chat.User
	var names []string
	for _, u := range slices.Concat(p.created, p.changed) {
		name := store.UniqueName(u.Name)
		old := have[u.ID]
		if name == "" || old != nil && store.UniqueName(old.Name) == name && slices.Equal(old.Teams, u.Teams) {
			continue
		}
		claims, names = append(claims, u), append(names, name)
	}
	if len(claims) == 0 {
		return nil
	}
	taken, err := tx.NamesTaken(ctx, names, slices.Collect(maps.Keys(p.users)))
	if err != nil {
		return err
	}
	for i, u := range claims {
		for _, other := range taken {
			if err := clash(scope, u, names[i], other); err != nil {
				return err
			}
		}
		taken = append(taken, &store.Named{Name: names[i], Teams: u.Teams})
	}
	return nil
}

// The scopes in which names may have to be unique.
const (
	uniqueInApp  = "app"
	uniqueInTeam = "team"
)

// clash returns the refusal of a user whose name another has.
func clash(scope string, u *chat.User, name string, other *store.Named) error {
	if name != other.Name {
		return nil
	}
	if scope == uniqueInApp {
		return chat.Errorf(chat.DuplicateUsername, "username '%s' already exists", u.Name)
	}
	for _, team := range u.Teams {
		if slices.Contains(other.Teams, team) {
			return chat.Errorf(chat.DuplicateUsername, "username '%s' already exists in team '%s'", u.Name, team)
		}
	}
	return nil
}

// allowed refuses what the actor may not change of a user. The server side may
// change everything.
func allowed(actor *auth.Actor, before, after *chat.User) error {
	if actor.Unchecked() {
		return nil
	}
	if err := access.RequireUser(actor, permission.UpdateUser, before); err != nil {
		return err
	}
	if before.Role != after.Role {
		if err := access.RequireUser(actor, permission.UpdateUserRole, before); err != nil {
			return err
		}
	}
	if !slices.Equal(before.Teams, after.Teams) || !maps.Equal(before.TeamsRole, after.TeamsRole) {
		if err := access.RequireUser(actor, permission.UpdateUserTeams, before); err != nil {
			return err
		}
	}
	if !sameTime(before.TokensRevoked, after.TokensRevoked) {
		return chat.Errorf(chat.NotAllowed, "revoke_tokens_issued_before can only be changed with server side auth")
	}
	return nil
}
