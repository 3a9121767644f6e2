package access

import (
	"maps"

	"chatd/internal/auth"
	"chatd/internal/chat"
	"chatd/internal/permission"
)

// AppGrants are the grants of the app's own scope: the defaults, with the roles that
// the app's settings name in their place. The result is the caller's.
func AppGrants(s *chat.AppSettings) permission.Grants {
	g := permission.Defaults(permission.AppScope)
	maps.Copy(g, s.Grants)
	return g
}

// MayInApp tells whether the actor may do something in the app's own scope, to what
// is his own or not, and within his teams or not.
func MayInApp(actor *auth.Actor, action permission.Action, owner, sameTeam bool) bool {
	if actor.Unchecked() {
		return true
	}
	role := chat.RoleUser // of who has a token but was not created yet
	if actor.User != nil {
		role = actor.User.Role
	}
	return permission.Compile(AppGrants(&actor.App.Settings)).For(role, "").Can(action, owner, sameTeam)
}

// RequireUser returns the API's refusal when the actor may not do something to
// another user, or to himself. Where teams matter they need one in common.
func RequireUser(actor *auth.Actor, action permission.Action, target *chat.User) error {
	same := !actor.App.Settings.MultiTenantEnabled || actor.User == nil || actor.UserID == target.ID ||
		permission.ShareTeam(actor.User.Teams, target.Teams)
	if MayInApp(actor, action, actor.UserID == target.ID, same) {
		return nil
	}
	return Refused(actor, action, permission.AppScope)
}
