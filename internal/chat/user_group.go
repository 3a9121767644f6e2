package chat

import "time"

// UserGroup is a named group of users, which messages can mention.
type UserGroup struct {
	AppPK       int       `db:"-" json:"app_pk"` // the API's; always 0
	ID          string    `db:"id" json:"id"`
	Name        string    `db:"name" json:"name"`
	Description string    `db:"description" json:"description,omitzero"`
	Team        string    `db:"team" json:"team_id,omitzero"`
	CreatedByID string    `db:"created_by_id" json:"created_by,omitzero"`
	CreatedAt   time.Time `db:"created_at" json:"created_at"`
	UpdatedAt   time.Time `db:"updated_at" json:"updated_at"`

	// Members are filled in where a group is read alone.
	Members []*UserGroupMember `db:"-" json:"members,omitempty"`
}

// UserGroupMember is a user in a group.
type UserGroupMember struct {
	AppPK     int       `db:"-" json:"app_pk"` // the API's; always 0
	GroupID   string    `db:"group_id" json:"group_id"`
	UserID    string    `db:"user_id" json:"user_id"`
	IsAdmin   bool      `db:"is_admin" json:"is_admin"`
	CreatedAt time.Time `db:"created_at" json:"created_at"`
}

// UserGroupChange is what events about user groups tell. Custom events may have fields
// of these names.
type UserGroupChange struct {
	UserGroup *UserGroup `json:"user_group"`
	Members   []string   `json:"members,omitzero"` // whom the event is about
}

// MemberIDs are the ids of a group's members, as far as they are filled in.
func (g *UserGroup) MemberIDs() []string {
	ids := make([]string, len(g.Members))
	for i, m := range g.Members {
		ids[i] = m.UserID
	}
	return ids
}
