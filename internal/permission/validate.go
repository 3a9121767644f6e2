package permission

import (
	"regexp"
	"strings"

	"chatd/internal/chat"
)

// The limits of grants.
const (
	MaxPermissionID = 255 // characters
	MaxGrants       = 500 // ids of one role
)

var permissionID = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)

// ValidateGrants checks grants that a client sends for a channel type or the app:
// names of roles, and ids that are built in or have the form of one. The error is
// Invalid.
func ValidateGrants(g Grants) error { return validateGrants(g, false) }

// ValidateModifiers checks a channel's own modifiers of grants: as ValidateGrants,
// and an id may start with "!". The error is Invalid.
func ValidateModifiers(g Grants) error { return validateGrants(g, true) }

func validateGrants(g Grants, modifiers bool) error {
	if maxRoles := len(userRoles) + len(channelRoles) + MaxCustomRoles; len(g) > maxRoles {
		return chat.Errorf(chat.Invalid, "grants must contain at maximum %d roles", maxRoles)
	}
	for role, ids := range g {
		if ValidRoleName(role) != nil {
			return chat.Errorf(chat.Invalid, "role %q is not valid: only letters, numbers, - and _ are allowed", role)
		}
		if len(ids) > MaxGrants {
			return chat.Errorf(chat.Invalid, "grants of role %q must contain at maximum %d items", role, MaxGrants)
		}
		for _, id := range ids {
			if modifiers {
				id = strings.TrimPrefix(id, "!")
			}
			if len(id) > MaxPermissionID || !permissionID.MatchString(id) {
				return chat.Errorf(chat.Invalid, "permission %q of role %q does not exist", id, role)
			}
		}
	}
	return nil
}
