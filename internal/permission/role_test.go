package permission_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"chatd/internal/chat"
	"chatd/internal/permission"
)

func TestValidRoleName(t *testing.T) {
	t.Parallel()
	for name, ok := range map[string]bool{
		"special_agent":           true,
		"VIP-1":                   true,
		strings.Repeat("a", 64):   true,
		"":                        false,
		strings.Repeat("a", 65):   false,
		"two words":               false,
		"!user":                   false,
		"rôle":                    false,
		"line\n":                  false,
		"a.b":                     false,
		"user'; DROP TABLE users": false,
	} {
		err := permission.ValidRoleName(name)
		if (err == nil) != ok || err != nil && chat.KindOf(err) != chat.Invalid {
			t.Errorf("%q: %v", name, err)
		}
	}
}

func TestRolesOfUsersAndMembers(t *testing.T) {
	t.Parallel()
	custom := []string{"vip"}
	for _, tt := range []struct {
		role         string
		user, member bool
	}{
		{"user", true, false},
		{"guest", true, false},
		{"anonymous", true, false},
		{"admin", true, false},
		{"moderator", true, false},
		{"global_moderator", true, false},
		{"global_admin", true, false},
		{"channel_member", false, true},
		{"channel_moderator", false, true},
		{"vip", true, true},
		{"nobody", false, false},
		{"", false, false},
	} {
		if err := permission.ValidUserRole(tt.role, custom); (err == nil) != tt.user {
			t.Errorf("user's role %q: %v", tt.role, err)
		}
		if err := permission.ValidChannelRole(tt.role, custom); (err == nil) != tt.member {
			t.Errorf("member's role %q: %v", tt.role, err)
		}
		if builtin := tt.user != tt.member; permission.IsBuiltinRole(tt.role) != builtin {
			t.Errorf("%q is built in: %t", tt.role, !builtin)
		}
	}
	err := permission.ValidUserRole("nobody", nil)
	if err == nil || !strings.Contains(err.Error(), `role "nobody" does not exist`) {
		t.Errorf("an unknown role: %v", err)
	}
	if roles := permission.BuiltinRoles(); len(roles) != 9 || !slices.IsSorted(roles) {
		t.Errorf("built-in roles: %v", roles)
	}
}

func TestValidateGrants(t *testing.T) {
	t.Parallel()
	many := permission.Grants{}
	for i := range 100 {
		many[fmt.Sprint("role", i)] = nil
	}
	for _, tt := range []struct {
		name              string
		grants            permission.Grants
		grant, modifierOK bool
	}{
		{"none", nil, true, true},
		{"a role without", permission.Grants{"user": {}}, true, true},
		{"built in", permission.Grants{"user": {"read-channel", "create-message-owner", "ban-user-any-team"}}, true, true},
		{"well formed", permission.Grants{"user": {"send-audio", "my-permission-2"}}, true, true},
		{"revoked", permission.Grants{"user": {"!read-channel"}}, false, true},
		{"revoked twice", permission.Grants{"user": {"!!read-channel"}}, false, false},
		{"empty id", permission.Grants{"user": {""}}, false, false},
		{"only revoked", permission.Grants{"user": {"!"}}, false, false},
		{"action's name", permission.Grants{"user": {"ReadChannel"}}, false, false},
		{"spaces", permission.Grants{"user": {"read channel"}}, false, false},
		{"dash at the end", permission.Grants{"user": {"read-"}}, false, false},
		{"long id", permission.Grants{"user": {strings.Repeat("a", 256)}}, false, false},
		{"many ids", permission.Grants{"user": slices.Repeat([]string{"read-channel"}, 501)}, false, false},
		{"many roles", many, false, false},
		{"empty role", permission.Grants{"": {"read-channel"}}, false, false},
		{"odd role", permission.Grants{"a b": {"read-channel"}}, false, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			err := permission.ValidateGrants(tt.grants)
			if (err == nil) != tt.grant || err != nil && chat.KindOf(err) != chat.Invalid {
				t.Errorf("grants: %v", err)
			}
			err = permission.ValidateModifiers(tt.grants)
			if (err == nil) != tt.modifierOK || err != nil && chat.KindOf(err) != chat.Invalid {
				t.Errorf("modifiers: %v", err)
			}
		})
	}
}

func TestSameTeam(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		teams []string
		team  string
		want  bool
	}{
		{nil, "", true},
		{nil, "red", false},
		{[]string{"red"}, "red", true},
		{[]string{"blue", "red"}, "red", true},
		{[]string{"blue"}, "red", false},
		{[]string{"blue"}, "", false},
	} {
		if got := permission.SameTeam(tt.teams, tt.team); got != tt.want {
			t.Errorf("%v and %q: %t", tt.teams, tt.team, got)
		}
	}
}

func TestShareTeam(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		a, b []string
		want bool
	}{
		{nil, nil, true},
		{nil, []string{"red"}, false},
		{[]string{"red"}, nil, false},
		{[]string{"red", "blue"}, []string{"green", "blue"}, true},
		{[]string{"red"}, []string{"blue"}, false},
	} {
		if got := permission.ShareTeam(tt.a, tt.b); got != tt.want {
			t.Errorf("%v and %v: %t", tt.a, tt.b, got)
		}
	}
}

func TestRoleIn(t *testing.T) {
	t.Parallel()
	u := &chat.User{Role: chat.RoleUser, TeamsRole: map[string]string{"red": chat.RoleAdmin, "blue": ""}}
	for _, tt := range []struct {
		team        string
		multiTenant bool
		want        string
	}{
		{"red", true, chat.RoleAdmin},
		{"red", false, chat.RoleUser},
		{"blue", true, chat.RoleUser},
		{"green", true, chat.RoleUser},
		{"", true, chat.RoleUser},
	} {
		if got := permission.RoleIn(u, tt.team, tt.multiTenant); got != tt.want {
			t.Errorf("in %q, teams %t: %s", tt.team, tt.multiTenant, got)
		}
	}
}
