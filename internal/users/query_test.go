package users

import (
	"strings"
	"testing"

	"chatd/internal/auth"
	"chatd/internal/chat"
	"chatd/internal/filter"
)

func TestInTeams(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		own    []string
		filter string
		text   string // of the error
	}{
		"no filter":           {[]string{"red"}, `{}`, ""},
		"any team":            {[]string{"red"}, `{"teams":{}}`, ""},
		"own team":            {[]string{"red", "blue"}, `{"teams":{"$contains":"blue"}}`, ""},
		"own teams":           {[]string{"red", "blue"}, `{"$or":[{"teams":{"$in":["blue","red"]}},{"name":"x"}]}`, ""},
		"another team":        {[]string{"red"}, `{"teams":{"$in":["red","green"]}}`, `search by team "green" is not allowed`},
		"another by equality": {[]string{"red"}, `{"teams":"green"}`, `search by team "green" is not allowed`},
		"$nor":                {[]string{"red"}, `{"$nor":[{"teams":"red"}]}`, "cannot use $nor operator when filtering by team"},
		"$ne":                 {[]string{"red"}, `{"teams":{"$ne":"red"}}`, `cannot use operator "$ne" when filtering by team`},
		"$nin":                {[]string{"red"}, `{"teams":{"$nin":["red"]}}`, `cannot use operator "$nin" when filtering by team`},
		"a number":            {[]string{"red"}, `{"teams":5}`, "field team expect string values"},
		"without a team":      {nil, `{"teams":null}`, ""},
		"none of his":         {nil, `{"teams":{"$in":["red"]}}`, `search by team "red" is not allowed`},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n, err := filter.Parse(custom(tc.filter), filter.Limits{})
			if err != nil {
				t.Fatal(err)
			}
			got, err := inTeams(tc.own, n)
			if tc.text != "" {
				if chat.KindOf(err) != chat.Invalid || !strings.Contains(err.Error(), tc.text) {
					t.Error(err)
				}
				return
			}
			if and, ok := got.(filter.And); err != nil || !ok || and[0].(filter.Cmp).Field != teams {
				t.Errorf("%v, %v", got, err)
			}
		})
	}
}

func TestSearch(t *testing.T) {
	t.Parallel()
	actor := func(role string, change func(*chat.AppSettings)) *auth.Actor {
		set := chat.DefaultAppSettings()
		change(&set)
		return &auth.Actor{App: &chat.App{Settings: set}, UserID: "ann", User: &chat.User{ID: "ann", Role: role, Teams: []string{"red"}}}
	}
	tests := map[string]struct {
		actor      *auth.Actor
		ok, teamed bool
	}{
		"user":       {actor("user", func(*chat.AppSettings) {}), true, false},
		"guest":      {actor("guest", func(*chat.AppSettings) {}), true, false},
		"anonymous":  {actor("anonymous", func(*chat.AppSettings) {}), false, false},
		"disallowed": {actor("user", func(s *chat.AppSettings) { s.UserSearchDisallowedRoles = []string{"user"} }), false, false},
		"no grant":   {actor("user", func(s *chat.AppSettings) { s.Grants = map[string][]string{"user": {}} }), false, false},
		"teams":      {actor("user", func(s *chat.AppSettings) { s.MultiTenantEnabled = true }), true, true},
		"any team":   {actor("global_admin", func(s *chat.AppSettings) { s.MultiTenantEnabled = true }), true, false},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n, err := search(tc.actor, filter.And{})
			if tc.ok != (err == nil) || err != nil && chat.KindOf(err) != chat.NotAllowed {
				t.Fatal(err)
			}
			if err == nil && filter.Mentions(n, teams) != tc.teamed {
				t.Errorf("%v", n)
			}
		})
	}
}
