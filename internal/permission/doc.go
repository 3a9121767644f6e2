// Package permission decides what an actor may do: roles -> grants -> may he?
//
// It owns the actions and their ids, the default grants of the built-in roles,
// the built-in channel types and commands, the channel's own modifiers of grants,
// the rules of teams, and the list of own capabilities. It leaves to its callers
// to load roles and grants and to know who owns what: Action.Owner names the
// resource that "-owner" speaks of. Only client-side calls are checked; server-side
// calls and apps with permission checks switched off use Unrestricted.
//
// A permission's id is the action's id and up to two suffixes:
//
//	update-message                 any message, inside the actor's teams
//	update-message-owner           his own message
//	update-message-any-team        any message, whatever its team
//	update-message-owner-any-team  his own message, whatever its team
//
// Everything here is pure. A Table is compiled once per channel type (and once for
// the app's own scope) and is immutable, like the Sets it gives out, so both are
// safe for concurrent use; giving out a Set and asking it allocates nothing.
package permission
