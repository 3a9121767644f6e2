package users

import (
	"strings"
	"testing"

	"chatd/internal/chat"
)

func TestPatchApply(t *testing.T) {
	t.Parallel()
	on, off := &chat.Enabled{Enabled: true}, &chat.Enabled{}
	stored := func() *chat.User {
		return &chat.User{
			ID: "ann", Name: "Ann", Role: "user", Teams: []string{"red"}, Privacy: &chat.PrivacySettings{ReadReceipts: off, TypingIndicators: off},
			Custom: custom(`{"address":{"city":"Bonn","zip":1},"color":"red"}`),
		}
	}
	tests := map[string]struct {
		set   string
		unset []string
		want  func(u *chat.User)
	}{
		"nothing":          {`{}`, nil, func(*chat.User) {}},
		"typed fields":     {`{"name":"Eve","image":"i","teams":["a","b"],"invisible":true}`, nil, func(u *chat.User) { u.Name, u.Image, u.Teams, u.Invisible = "Eve", "i", []string{"a", "b"}, true }},
		"custom":           {`{"color":{"r":1},"new":[1]}`, nil, func(u *chat.User) { u.Custom = custom(`{"address":{"city":"Bonn","zip":1},"color":{"r":1},"new":[1]}`) }},
		"a path":           {`{"address.city":"Ulm"}`, nil, func(u *chat.User) { u.Custom = custom(`{"address":{"city":"Ulm","zip":1},"color":"red"}`) }},
		"unset":            {``, []string{"name", "color", "address.zip", "teams"}, func(u *chat.User) { u.Name, u.Teams, u.Custom = "", nil, custom(`{"address":{"city":"Bonn"}}`) }},
		"privacy is deep":  {`{"privacy_settings":{"typing_indicators":{"enabled":true}}}`, nil, func(u *chat.User) { u.Privacy.TypingIndicators = on }},
		"privacy by path":  {`{"privacy_settings.read_receipts.enabled":true}`, nil, func(u *chat.User) { u.Privacy.ReadReceipts = on }},
		"no privacy":       {``, []string{"privacy_settings"}, func(u *chat.User) { u.Privacy = nil }},
		"null is no value": {`{"name":null,"teams":null}`, nil, func(u *chat.User) { u.Name, u.Teams = "", nil }},
		"null is a value":  {`{"color":null}`, nil, func(u *chat.User) { u.Custom = custom(`{"address":{"city":"Bonn","zip":1},"color":null}`) }},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			u, want := stored(), stored()
			tc.want(want)
			p := &Patch{ID: "ann", Set: custom(tc.set), Unset: tc.unset}
			if err := p.apply(u); err != nil {
				t.Fatal(err)
			}
			if !same(u, want) {
				t.Errorf("got %+v with %s", u, u.Custom)
			}
		})
	}
}

func TestPatchRefuses(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		set   string
		unset []string
		text  string
	}{
		"a wrong type":       {`{"name":5}`, nil, "name"},
		"the id":             {`{"id":"x"}`, nil, "user.id is a reserved field"},
		"created_at":         {`{"created_at":"2020-01-01T00:00:00Z"}`, nil, "user.created_at is a reserved field"},
		"below a reserved":   {`{"devices.0":1}`, nil, "user.devices is a reserved field"},
		"unset of a ban":     {``, []string{"banned"}, "user.banned is a reserved field"},
		"an empty name":      {`{"a..b":1}`, nil, "not a valid field name"},
		"a dot at the end":   {``, []string{"a."}, "not a valid field name"},
		"a space":            {`{"a b":1}`, nil, "not a valid field name"},
		"no object":          {`[1]`, nil, "set must be an object"},
		"a revocation":       {`{"revoke_tokens_issued_before":"soon"}`, nil, "revoke_tokens_issued_before"},
		"a name twice below": {`{"a":{"b":1,"b":2}}`, nil, "twice"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := &Patch{ID: "ann", Set: custom(tc.set), Unset: tc.unset}
			err := (&PatchRequest{Users: []*Patch{p}}).Validate()
			if err == nil {
				err = p.apply(&chat.User{ID: "ann", Role: "user"})
			}
			if chat.KindOf(err) != chat.Invalid || !strings.Contains(err.Error(), tc.text) {
				t.Errorf("%v", err)
			}
		})
	}
}
