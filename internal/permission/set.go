package permission

import (
	"maps"
	"strings"
)

// Grants are the permission ids of each role: of a channel type, of the app
// (AppScope), or, with "!id" for what is taken away, a channel's own modifiers.
type Grants map[string][]string

// AppScope is the scope of the actions that happen in no channel.
const AppScope = ".app"

// scope is how far a role's permission for one action reaches; the bits add up.
type scope uint8

const (
	anyone        scope = 1 << iota // any resource of the actor's teams
	own                             // his own resource, of his teams
	anyoneAnyTeam                   // any resource
	ownAnyTeam                      // his own resource
)

// The suffixes of permission ids.
const (
	suffixOwner   = "-owner"
	suffixAnyTeam = "-any-team"
)

// parse splits a permission id into its action and its reach.
func parse(id string) (Action, scope) {
	id, anyTeam := strings.CutSuffix(id, suffixAnyTeam)
	id, owner := strings.CutSuffix(id, suffixOwner)
	switch {
	case owner && anyTeam:
		return Action(id), ownAnyTeam
	case anyTeam:
		return Action(id), anyoneAnyTeam
	case owner:
		return Action(id), own
	}
	return Action(id), anyone
}

// grant is what one role may do: the reach of each action, by its number. A role
// that nobody granted anything has none, nil.
type grant []scope

// reach returns how far the role's permission for an action goes.
func (g grant) reach(number int) scope {
	if number >= len(g) {
		return 0
	}
	return g[number]
}

// with returns a copy with ids added, and without those that start with "!".
func (g grant) with(ids []string) grant {
	out := make(grant, len(known))
	copy(out, g)
	for _, id := range ids {
		id, revoked := strings.CutPrefix(id, "!")
		action, reach := parse(id)
		f, ok := known[action]
		switch {
		case !ok: // nothing asks for it
		case revoked:
			out[f.number] &^= reach
		default:
			out[f.number] |= reach
		}
	}
	return out
}

// Table holds the grants of one scope, prepared for asking. It is immutable.
type Table struct {
	roles map[string]grant
}

// Compile prepares the grants of a channel type or of the app. The grants are not
// kept; ids that no action knows are harmless.
func Compile(grants Grants) *Table { return (&Table{}).With(grants) }

// With returns the table with a channel's own modifiers applied: for each role that
// they name, "id" grants and "!id" revokes exactly that id, in the order given. What
// another role of the same actor grants stays granted. Without modifiers it returns
// the table itself. Roles that are not named are shared with the receiver, so the
// cost is that of the roles named.
func (t *Table) With(modifiers Grants) *Table {
	if len(modifiers) == 0 {
		return t
	}
	roles := make(map[string]grant, len(t.roles)+len(modifiers))
	maps.Copy(roles, t.roles)
	for role, ids := range modifiers {
		if role == "" {
			continue // who is no member has this role
		}
		roles[role] = roles[role].with(ids)
	}
	return &Table{roles: roles}
}

// For returns what an actor may do: what his role as a user grants and, if he is a
// member of the channel, his role there. channelRole is "" for who is no member and
// in the app's scope. It allocates nothing.
func (t *Table) For(userRole, channelRole string) Set {
	return Set{user: t.roles[userRole], member: t.roles[channelRole]}
}

// RolesWith lists the roles that may do action to what is not their own, in some
// team at least.
func (t *Table) RolesWith(action Action) []string {
	var out []string
	for role, g := range t.roles {
		if (Set{user: g}).Can(action, false, true) {
			out = append(out, role)
		}
	}
	return out
}

// Set is what one actor may do in one scope. The zero Set allows nothing. Sets are
// small, immutable values that share the memory of their Table.
type Set struct {
	user, member grant
	all          bool
}

// Unrestricted returns the Set that allows everything: of server-side calls and of
// apps that switched permission checks off.
func Unrestricted() Set { return Set{all: true} }

// Can tells whether the actor may do action. owner tells whether he owns the
// resource that action.Owner names; sameTeam whether the resource is within his
// teams (SameTeam), and is true wherever teams do not matter.
func (s Set) Can(action Action, owner, sameTeam bool) bool {
	if s.all {
		return true
	}
	f, ok := known[action]
	return ok && s.reaches(f.number, owner, sameTeam)
}

// reaches is Can for an action's number.
func (s Set) reaches(number int, owner, sameTeam bool) bool {
	enough := anyoneAnyTeam
	if owner {
		enough |= ownAnyTeam
	}
	if sameTeam {
		enough |= anyone
		if owner {
			enough |= own
		}
	}
	return s.all || (s.user.reach(number)|s.member.reach(number))&enough != 0
}
