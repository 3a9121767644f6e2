package permission

import (
	"regexp"
	"slices"

	"chatd/internal/chat"
)

// The limits of roles.
const (
	MaxRoleName    = 64 // characters
	MaxCustomRoles = 25 // per app
)

var roleName = regexp.MustCompile(`^[A-Za-z0-9_-]+$`)

// userRoles and channelRoles are the built-in roles, in alphabetical order.
var (
	userRoles = []string{
		chat.RoleAdmin, chat.RoleAnonymous, chat.RoleGlobalAdmin, chat.RoleGlobalModerator,
		chat.RoleGuest, chat.RoleModerator, chat.RoleUser,
	}
	channelRoles = []string{chat.RoleChannelMember, chat.RoleChannelModerator}
)

// BuiltinRoles returns the names of the roles that every app has, alphabetically.
func BuiltinRoles() []string {
	all := slices.Concat(userRoles, channelRoles)
	slices.Sort(all)
	return all
}

// IsBuiltinRole tells whether every app has the role.
func IsBuiltinRole(name string) bool {
	return slices.Contains(userRoles, name) || slices.Contains(channelRoles, name)
}

// ValidRoleName checks the form of a role's name: 1 to MaxRoleName letters, digits,
// "_" and "-". The error is Invalid.
func ValidRoleName(name string) error {
	switch {
	case name == "":
		return chat.Errorf(chat.Invalid, "name is a required field")
	case len(name) > MaxRoleName:
		return chat.Errorf(chat.Invalid, "name must be %d characters or less", MaxRoleName)
	case !roleName.MatchString(name):
		return chat.Errorf(chat.Invalid, "role %q is not valid: only letters, numbers, - and _ are allowed", name)
	}
	return nil
}

// ValidUserRole checks a role that a user is to have: built in and for users, or
// one of custom, the app's own. The error is Invalid.
func ValidUserRole(name string, custom []string) error {
	return validRole(name, userRoles, custom)
}

// ValidChannelRole checks a role that a member of a channel is to have: built in
// and for members, or one of custom, the app's own. The error is Invalid.
func ValidChannelRole(name string, custom []string) error {
	return validRole(name, channelRoles, custom)
}

func validRole(name string, builtin, custom []string) error {
	switch {
	case slices.Contains(builtin, name):
		return nil
	case IsBuiltinRole(name):
		return chat.Errorf(chat.Invalid, "role %q cannot be used here", name)
	case !slices.Contains(custom, name):
		return chat.Errorf(chat.Invalid, "role %q does not exist", name)
	}
	return nil
}
