package store

import (
	"context"
	"slices"
	"time"

	"chatd/internal/chat"
)

// MaxUserGroupMembers bounds a user group.
const MaxUserGroupMembers = 1000

const (
	userGroupColumns       = `g.id, g.name, g.description, g.team, g.created_by_id, g.created_at, g.updated_at`
	userGroupsOf           = `SELECT ` + userGroupColumns + ` FROM user_groups g WHERE g.app_id = $1 AND g.id = ANY ($2)`
	userGroupMemberColumns = `m.group_id, m.user_id, m.is_admin, m.created_at`
)

// InsertUserGroup keeps a new group, without members; Invalid when there is one of
// that id.
func (t *Tx) InsertUserGroup(ctx context.Context, g *chat.UserGroup) error {
	n, err := exec(ctx, t.db, `
		INSERT INTO user_groups (app_id, id, name, description, team, created_by_id, created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
		ON CONFLICT (app_id, id) DO NOTHING`, t.ID, g.ID, g.Name, g.Description, g.Team, g.CreatedByID, g.CreatedAt, g.UpdatedAt)
	if err == nil && n == 0 {
		err = chat.Errorf(chat.Invalid, "user group with id %s already exists", g.ID)
	}
	return err
}

// UserGroup returns a group with its members, oldest first; NotFound when there is
// none.
func (a *App) UserGroup(ctx context.Context, id string) (*chat.UserGroup, error) {
	return a.userGroup(ctx, id, "")
}

// LockUserGroup is UserGroup that keeps others from changing the group, or who is in
// it, until the transaction ends.
func (t *Tx) LockUserGroup(ctx context.Context, id string) (*chat.UserGroup, error) {
	return t.userGroup(ctx, id, " FOR UPDATE")
}

func (a *App) userGroup(ctx context.Context, id, lock string) (*chat.UserGroup, error) {
	g, err := maybe[chat.UserGroup](ctx, a.db, `SELECT `+userGroupColumns+` FROM user_groups g WHERE g.app_id = $1 AND g.id = $2`+lock, a.ID, id)
	if err != nil {
		return nil, err
	}
	if g == nil {
		return nil, chat.Errorf(chat.NotFound, "user group with id %s doesn't exist", id)
	}
	g.Members, err = many[chat.UserGroupMember](ctx, a.db, `
		SELECT `+userGroupMemberColumns+` FROM user_group_members m WHERE m.app_id = $1 AND m.group_id = $2 ORDER BY m.created_at, m.user_id`, a.ID, id)
	return g, err
}

// UserGroups returns groups by their ids, without members. There is none for an id
// that no group has.
func (a *App) UserGroups(ctx context.Context, ids ...string) (map[string]*chat.UserGroup, error) {
	list, err := many[chat.UserGroup](ctx, a.db, userGroupsOf, a.ID, ids)
	return userGroupsByID(list), err
}

func userGroupsByID(list []*chat.UserGroup) map[string]*chat.UserGroup {
	out := make(map[string]*chat.UserGroup, len(list))
	for _, g := range list {
		out[g.ID] = g
	}
	return out
}

// UserGroupPage is a page of groups: the first Limit behind a group that was named by
// its place in the order, or by its id alone.
type UserGroupPage struct {
	Team  string   // of all; "" for any
	Teams []string // of one of these, or of none; nil for any
	ID    string
	Limit int
}

// inTeams is the condition on a group's team; its parameters are $2 and $3.
const inTeams = `($2 = '' OR g.team = $2) AND ($3::text[] IS NULL OR g.team = '' OR g.team = ANY ($3))`

// lastID is behind all ids.
const lastID = "\U0010FFFF"

// ListUserGroups lists groups from the oldest on, without members. after is when the
// last group before the page was created; nil begins, or leaves it to its id.
func (a *App) ListUserGroups(ctx context.Context, p UserGroupPage, after *time.Time) ([]*chat.UserGroup, error) {
	id := p.ID
	if after != nil && id == "" {
		id = lastID
	}
	return many[chat.UserGroup](ctx, a.db, `
		SELECT `+userGroupColumns+` FROM user_groups g WHERE g.app_id = $1 AND `+inTeams+`
			AND ($4::timestamptz IS NULL AND $5 = '' OR (g.created_at, g.id COLLATE "C") > (
				coalesce($4, (SELECT o.created_at FROM user_groups o WHERE o.app_id = $1 AND o.id = $5)), $5 COLLATE "C"))
		ORDER BY g.created_at, g.id COLLATE "C" LIMIT $6`, a.ID, p.Team, p.Teams, after, id, p.Limit)
}

// SearchUserGroups lists groups whose names begin with a text, in upper or lower case,
// by name, without members. after is the name of the last group before the page; ""
// begins, or leaves it to its id.
func (a *App) SearchUserGroups(ctx context.Context, p UserGroupPage, prefix, after string) ([]*chat.UserGroup, error) {
	id := p.ID
	if after != "" && id == "" {
		id = lastID
	}
	return many[chat.UserGroup](ctx, a.db, `
		SELECT `+userGroupColumns+` FROM user_groups g WHERE g.app_id = $1 AND `+inTeams+` AND starts_with(lower(g.name) COLLATE "C", lower($4))
			AND ($5 = '' AND $6 = '' OR (lower(g.name) COLLATE "C", g.id COLLATE "C") > (
				coalesce(nullif(lower($5), ''), (SELECT lower(o.name) FROM user_groups o WHERE o.app_id = $1 AND o.id = $6)) COLLATE "C", $6 COLLATE "C"))
		ORDER BY lower(g.name) COLLATE "C", g.id COLLATE "C" LIMIT $7`, a.ID, p.Team, p.Teams, prefix, after, id, p.Limit)
}

// SaveUserGroup writes the name and the description of a locked group (LockUserGroup),
// and when it was changed.
func (t *Tx) SaveUserGroup(ctx context.Context, g *chat.UserGroup) error {
	_, err := exec(ctx, t.db, `UPDATE user_groups SET name = $3, description = $4, updated_at = $5 WHERE app_id = $1 AND id = $2`,
		t.ID, g.ID, g.Name, g.Description, g.UpdatedAt)
	return err
}

// DeleteUserGroup removes a locked group (LockUserGroup). Messages that mention it
// show it no more.
func (t *Tx) DeleteUserGroup(ctx context.Context, id string) error {
	if _, err := exec(ctx, t.db, `DELETE FROM user_group_members WHERE app_id = $1 AND group_id = $2`, t.ID, id); err != nil {
		return err
	}
	_, err := exec(ctx, t.db, `DELETE FROM user_groups WHERE app_id = $1 AND id = $2`, t.ID, id)
	return err
}

// AddToUserGroup adds users, who must exist, to a locked group (LockUserGroup), or
// makes those who are in it its admins. It changes g; Invalid when the group would be
// too big.
func (t *Tx) AddToUserGroup(ctx context.Context, g *chat.UserGroup, users []string, admins bool, at time.Time) error {
	if len(users) == 0 {
		return nil
	}
	for _, id := range users {
		i := slices.IndexFunc(g.Members, func(m *chat.UserGroupMember) bool { return m.UserID == id })
		if i < 0 {
			g.Members = append(g.Members, &chat.UserGroupMember{GroupID: g.ID, UserID: id, IsAdmin: admins, CreatedAt: at})
		} else if admins {
			g.Members[i].IsAdmin = true
		}
	}
	if len(g.Members) > MaxUserGroupMembers {
		return chat.Errorf(chat.Invalid, "user group cannot have more than %d members", MaxUserGroupMembers)
	}
	_, err := exec(ctx, t.db, `
		INSERT INTO user_group_members AS m (app_id, group_id, user_id, is_admin, created_at) SELECT $1, $2, u, $4, $5 FROM unnest($3::text[]) u
		ON CONFLICT (app_id, group_id, user_id) DO UPDATE SET is_admin = true WHERE excluded.is_admin AND NOT m.is_admin`,
		t.ID, g.ID, users, admins, at)
	return err
}

// RemoveFromUserGroup takes users out of a locked group (LockUserGroup). It changes g.
func (t *Tx) RemoveFromUserGroup(ctx context.Context, g *chat.UserGroup, users []string) error {
	g.Members = slices.DeleteFunc(g.Members, func(m *chat.UserGroupMember) bool { return slices.Contains(users, m.UserID) })
	_, err := exec(ctx, t.db, `DELETE FROM user_group_members WHERE app_id = $1 AND group_id = $2 AND user_id = ANY ($3)`, t.ID, g.ID, users)
	return err
}

// InUserGroups returns those members of a channel who are in one of the groups.
func (a *App) InUserGroups(ctx context.Context, cid chat.CID, groups []string) ([]string, error) {
	return scalars[string](ctx, a.db, `
		SELECT DISTINCT m.user_id FROM user_group_members g JOIN members m ON m.app_id = $1 AND m.cid = $2 AND m.user_id = g.user_id
		WHERE g.app_id = $1 AND g.group_id = ANY ($3) AND m.status NOT IN ('pending', 'rejected')`, a.ID, cid, groups)
}
