package permission

import (
	"slices"

	"chatd/internal/chat"
)

// SameTeam tells whether a user with these teams may touch what belongs to team
// ("" for none): a user without teams only what has no team, any other only what
// belongs to one of his. Apps without teams need not ask: it is true there.
func SameTeam(teams []string, team string) bool {
	if len(teams) == 0 {
		return team == ""
	}
	return slices.Contains(teams, team)
}

// ShareTeam tells whether two users may touch each other: both without a team, or
// with one in common.
func ShareTeam(a, b []string) bool {
	if len(a) == 0 {
		return len(b) == 0
	}
	return slices.ContainsFunc(a, func(t string) bool { return slices.Contains(b, t) })
}

// RoleIn returns the role of a user towards what belongs to team: the one he has in
// that team, in apps with teams, else his role in the app.
func RoleIn(u *chat.User, team string, multiTenant bool) string {
	if multiTenant && team != "" {
		if role := u.TeamsRole[team]; role != "" {
			return role
		}
	}
	return u.Role
}
