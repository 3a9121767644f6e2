package users

import (
	"errors"
	"strings"
	"testing"
	"time"

	"chatd/internal/auth"
	"chatd/internal/chat"
	"chatd/internal/store"
)

func rename(id, name string) edit {
	return edit{id, func(u *chat.User) error { u.Name = name; return nil }}
}

func TestNewPlan(t *testing.T) {
	t.Parallel()
	now := time.Now()
	have := map[string]*chat.User{
		"ann":  {ID: "ann", Name: "Ann", Role: "admin", CreatedAt: now},
		"bob":  {ID: "bob", Name: "Bob", Role: "user", CreatedAt: now},
		"gone": {ID: "gone", Role: "user", CreatedAt: now, DeletedAt: &now},
	}
	ids := func(list []*chat.User) string {
		var out []string
		for _, u := range list {
			out = append(out, u.ID+":"+u.Name)
		}
		return strings.Join(out, " ")
	}
	tests := map[string]struct {
		edits            []edit
		created, changed string
		kind             chat.Kind
	}{
		"no change":          {[]edit{rename("ann", "Ann")}, "", "", ""},
		"changed":            {[]edit{rename("bob", "B"), rename("ann", "A")}, "", "ann:A bob:B", ""},
		"created":            {[]edit{rename("zoe", "Z"), rename("eve", "E"), rename("ann", "Ann")}, "eve:E zoe:Z", "", ""},
		"one after another":  {[]edit{rename("ann", "1"), rename("ann", "2"), rename("eve", "1"), rename("eve", "2")}, "eve:2", "ann:2", ""},
		"there and back":     {[]edit{rename("ann", "1"), rename("ann", "Ann")}, "", "", ""},
		"deleted":            {[]edit{rename("ann", "1"), rename("gone", "x")}, "", "", chat.Invalid},
		"not valid":          {[]edit{rename("ann", strings.Repeat("x", 256))}, "", "", chat.Invalid},
		"an edit's own fail": {[]edit{{"ann", func(*chat.User) error { return errors.New("no") }}}, "", "", chat.Internal},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, err := newPlan(have, tc.edits)
			if chat.KindOf(err) != tc.kind {
				t.Fatal(err)
			}
			if err != nil {
				return
			}
			if got := ids(p.created); got != tc.created {
				t.Errorf("created %s", got)
			}
			if got := ids(p.changed); got != tc.changed {
				t.Errorf("changed %s", got)
			}
			if have["ann"].Name != "Ann" {
				t.Error("the users given were changed")
			}
			for _, u := range p.created {
				if u.Role != chat.RoleUser {
					t.Errorf("%s is %s", u.ID, u.Role)
				}
			}
		})
	}
}

func TestClash(t *testing.T) {
	t.Parallel()
	red := &chat.User{ID: "ann", Name: "A n-n", Teams: []string{"red", "blue"}}
	tests := map[string]struct {
		scope string
		other store.Named
		text  string
	}{
		"another name":     {uniqueInApp, store.Named{Name: "eve"}, ""},
		"in the app":       {uniqueInApp, store.Named{Name: "ann"}, "username 'A n-n' already exists"},
		"in another team":  {uniqueInTeam, store.Named{Name: "ann", Teams: []string{"green"}}, ""},
		"without teams":    {uniqueInTeam, store.Named{Name: "ann"}, ""},
		"in the same team": {uniqueInTeam, store.Named{Name: "ann", Teams: []string{"green", "blue"}}, "username 'A n-n' already exists in team 'blue'"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := clash(tc.scope, red, store.UniqueName(red.Name), &tc.other)
			if tc.text == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			if e, ok := errors.AsType[*chat.Error](err); !ok || e.Kind != chat.DuplicateUsername || e.Message != tc.text {
				t.Error(err)
			}
		})
	}
}

func TestAllowed(t *testing.T) {
	t.Parallel()
	app := func(grants ...string) *chat.App {
		a := &chat.App{Settings: chat.DefaultAppSettings()}
		if len(grants) > 0 {
			a.Settings.Grants = map[string][]string{"user": grants}
		}
		return a
	}
	ann := &chat.User{ID: "ann", Role: "user"}
	as := func(a *chat.App) *auth.Actor { return &auth.Actor{App: a, User: ann, UserID: "ann"} }
	open := app()
	open.Settings.DisablePermissionsChecks = true
	now := time.Now()
	tests := map[string]struct {
		actor         *auth.Actor
		before, after *chat.User
		ok            bool
	}{
		"own name":             {as(app()), ann, &chat.User{ID: "ann", Role: "user", Name: "Ann"}, true},
		"another's name":       {as(app()), &chat.User{ID: "bob", Role: "user"}, &chat.User{ID: "bob", Role: "user", Name: "Bob"}, false},
		"another's by grant":   {as(app("update-user")), &chat.User{ID: "bob", Role: "user"}, &chat.User{ID: "bob", Role: "user", Name: "Bob"}, true},
		"own role":             {as(app()), ann, &chat.User{ID: "ann", Role: "admin"}, false},
		"own role by grant":    {as(app("update-user-owner", "update-user-role-owner")), ann, &chat.User{ID: "ann", Role: "admin"}, true},
		"own teams":            {as(app()), ann, &chat.User{ID: "ann", Role: "user", Teams: []string{"red"}}, false},
		"own role in a team":   {as(app()), ann, &chat.User{ID: "ann", Role: "user", TeamsRole: map[string]string{"red": "admin"}}, false},
		"own teams by grant":   {as(app("update-user-owner", "update-user-teams")), ann, &chat.User{ID: "ann", Role: "user", Teams: []string{"red"}}, true},
		"revocation":           {as(app("update-user")), ann, &chat.User{ID: "ann", Role: "user", TokensRevoked: &now}, false},
		"no grants":            {as(app("none")), ann, &chat.User{ID: "ann", Role: "user", Name: "x"}, false},
		"not created yet":      {&auth.Actor{App: app(), UserID: "ann"}, &chat.User{ID: "ann", Role: "user"}, &chat.User{ID: "ann", Role: "user", Name: "Ann"}, true},
		"checks switched off":  {as(open), ann, &chat.User{ID: "ann", Role: "admin", TokensRevoked: &now}, true},
		"the server side":      {&auth.Actor{App: app(), Server: true}, ann, &chat.User{ID: "ann", Role: "admin", TokensRevoked: &now}, true},
		"anonymous as himself": {&auth.Actor{App: app(), UserID: "!anon-1", User: &chat.User{ID: "!anon-1", Role: "anonymous"}}, &chat.User{ID: "!anon-1"}, &chat.User{ID: "!anon-1", Name: "x"}, false},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := allowed(tc.actor, tc.before, tc.after)
			if tc.ok != (err == nil) || err != nil && chat.KindOf(err) != chat.NotAllowed {
				t.Error(err)
			}
		})
	}
}
