package access_test

import (
	"testing"

	"chatd/internal/access"
	"chatd/internal/auth"
	"chatd/internal/chat"
	"chatd/internal/permission"
)

func TestAppGrants(t *testing.T) {
	t.Parallel()
	set := chat.DefaultAppSettings()
	set.Grants = map[string][]string{"guest": {}, "own": {"mute-user"}}
	g := access.AppGrants(&set)
	if len(g["guest"]) != 0 || len(g["own"]) != 1 || len(g["user"]) == 0 {
		t.Errorf("%v", g)
	}
	g["user"] = nil
	if len(access.AppGrants(&set)["user"]) == 0 {
		t.Error("the result is shared")
	}
}

func TestRequireUser(t *testing.T) {
	t.Parallel()
	ann := &chat.User{ID: "ann", Role: "user", Teams: []string{"red"}}
	bob := &chat.User{ID: "bob", Role: "user", Teams: []string{"red", "blue"}}
	cat := &chat.User{ID: "cat", Role: "user"}
	global := &chat.User{ID: "gus", Role: "global_admin"}
	actor := func(u *chat.User, teams bool) *auth.Actor {
		app := &chat.App{Settings: chat.DefaultAppSettings()}
		app.Settings.MultiTenantEnabled = teams
		return &auth.Actor{App: app, User: u, UserID: u.ID}
	}
	server := actor(ann, true)
	server.Server = true
	tests := map[string]struct {
		actor  *auth.Actor
		action permission.Action
		target *chat.User
		ok     bool
	}{
		"mute another":              {actor(ann, false), permission.MuteUser, cat, true},
		"update oneself":            {actor(ann, false), permission.UpdateUser, ann, true},
		"update another":            {actor(ann, false), permission.UpdateUser, bob, false},
		"a common team":             {actor(ann, true), permission.MuteUser, bob, true},
		"no common team":            {actor(ann, true), permission.MuteUser, cat, false},
		"both without a team":       {actor(cat, true), permission.MuteUser, &chat.User{ID: "dan"}, true},
		"across teams":              {actor(global, true), permission.MuteUser, ann, true},
		"oneself, whatever team":    {actor(cat, true), permission.UpdateUser, cat, true},
		"anonymous":                 {actor(&chat.User{ID: "!anon-x", Role: "anonymous"}, false), permission.FlagUser, ann, false},
		"the server side may do it": {server, permission.UpdateUserRole, cat, true},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := access.RequireUser(tc.actor, tc.action, tc.target)
			if tc.ok != (err == nil) || err != nil && chat.KindOf(err) != chat.NotAllowed {
				t.Error(err)
			}
		})
	}
}
