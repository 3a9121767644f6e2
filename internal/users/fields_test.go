package users

import (
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"chatd/internal/chat"
)

func custom(s string) jsontext.Value { return jsontext.Value(s) }

// A custom field with the name of one of the server's would make a user that cannot
// be encoded.
func TestNoCustomFieldShadowsAnother(t *testing.T) {
	t.Parallel()
	names := map[string]bool{}
	var collect func(reflect.Type)
	collect = func(typ reflect.Type) {
		for f := range typ.Fields() {
			tag := f.Tag.Get("json")
			name, _, _ := strings.Cut(tag, ",")
			if f.Anonymous && tag == "" {
				collect(f.Type)
			} else if name != "" && name != "-" {
				names[name] = true
			}
		}
	}
	collect(reflect.TypeFor[chat.FullUser]())
	collect(reflect.TypeFor[chat.OwnUser]())
	for f := range reflect.TypeFor[chat.UserRequest]().Fields() {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		delete(names, name)
	}
	if len(names) < 15 {
		t.Fatalf("found only %v", names)
	}
	for name := range names {
		if !reserved[name] && !slices.Contains(computed, name) {
			t.Errorf("%q may be sent as a custom field", name)
		}
	}
}

func TestClean(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		id, custom string
		kind       chat.Kind
		want       string // what is left of custom
	}{
		"plain":                  {"ann", `{"color":"red"}`, "", `{"color":"red"}`},
		"nothing":                {"ann", ``, "", ``},
		"a whole user sent back": {"ann", `{"online":true,"devices":[],"color":"red","unread_count":3}`, "", `{"color":"red"}`},
		"created_at":             {"ann", `{"created_at":"2020-01-01T00:00:00Z"}`, chat.Invalid, ""},
		"last_active":            {"ann", `{"last_active":null}`, chat.Invalid, ""},
		"no id":                  {"", ``, chat.Invalid, ""},
		"a space in the id":      {"a b", ``, chat.Invalid, ""},
		"an anonymous id":        {"!anon-1", ``, chat.Invalid, ""},
		"an id too long":         {strings.Repeat("a", 256), ``, chat.Invalid, ""},
		"a name twice":           {"ann", `{"a":1,"a":2}`, chat.Invalid, ""},
		"not UTF-8":              {"ann", "{\"a\":\"\xff\"}", chat.Invalid, ""},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := &chat.UserRequest{ID: tc.id, Custom: custom(tc.custom)}
			if err := clean(r); chat.KindOf(err) != tc.kind {
				t.Fatal(err)
			} else if err == nil && string(r.Custom) != tc.want {
				t.Errorf("custom is %s", r.Custom)
			}
		})
	}
}

func TestCheck(t *testing.T) {
	t.Parallel()
	long := func(n int) string { return strings.Repeat("x", n) }
	many := make([]string, maxTeams+1)
	for i := range many {
		many[i] = "t"
	}
	tests := map[string]struct {
		change func(u *chat.User)
		kind   chat.Kind
		text   string
	}{
		"plain": {func(*chat.User) {}, "", ""},
		"everything": {func(u *chat.User) {
			u.Name, u.Language, u.Teams, u.TeamsRole = long(255), "pt-BR", []string{"a"}, map[string]string{"a": "admin"}
		}, "", ""},
		"name":                {func(u *chat.User) { u.Name = long(256) }, chat.Invalid, "user.name must be 255 characters or less"},
		"language":            {func(u *chat.User) { u.Language = "no language" }, chat.Invalid, "language"},
		"role":                {func(u *chat.User) { u.Role = "king" }, chat.Invalid, `role "king" does not exist`},
		"no role":             {func(u *chat.User) { u.Role = "" }, chat.Invalid, "does not exist"},
		"role of a channel":   {func(u *chat.User) { u.Role = chat.RoleChannelMember }, chat.Invalid, "cannot be used here"},
		"role in a team":      {func(u *chat.User) { u.TeamsRole = map[string]string{"red": "king"} }, chat.Invalid, `role "king" does not exist`},
		"teams":               {func(u *chat.User) { u.Teams = many }, chat.Invalid, "250 items"},
		"team":                {func(u *chat.User) { u.Teams = []string{long(101)} }, chat.Invalid, "team"},
		"empty team":          {func(u *chat.User) { u.Teams = []string{""} }, chat.Invalid, "team"},
		"custom fits":         {func(u *chat.User) { u.Custom = custom(`{"a":"` + long(chat.MaxCustom-8) + `"}`) }, "", ""},
		"custom too big":      {func(u *chat.User) { u.Custom = custom(`{"a":"` + long(chat.MaxCustom-7) + `"}`) }, chat.PayloadTooBig, "too big"},
		"spaces do not count": {func(u *chat.User) { u.Custom = custom(`{"a":` + strings.Repeat(" ", chat.MaxCustom) + `1}`) }, "", ""},
		"image counts":        {func(u *chat.User) { u.Image = long(chat.MaxCustom) }, chat.PayloadTooBig, "too big"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			u := &chat.User{ID: "ann", Role: chat.RoleUser}
			tc.change(u)
			err := check(u)
			if chat.KindOf(err) != tc.kind || err != nil && !strings.Contains(err.Error(), tc.text) {
				t.Error(err)
			}
		})
	}
}

func TestMergeAndReplace(t *testing.T) {
	t.Parallel()
	off := &chat.Enabled{}
	stored := func() *chat.User {
		return &chat.User{
			ID: "ann", Name: "Ann", Image: "i", Role: "admin", Language: "en", Teams: []string{"red"}, Invisible: true,
			Privacy: &chat.PrivacySettings{ReadReceipts: off}, Custom: custom(`{"color":"red","size":1}`),
		}
	}
	r := &chat.UserRequest{
		ID: "ann", Image: new("j"), Privacy: &chat.PrivacySettings{TypingIndicators: off}, Custom: custom(`{"size":2}`),
	}
	merged, replaced := stored(), stored()
	merge(merged, r)
	replace(replaced, r)

	want := stored()
	want.Image, want.Custom = "j", custom(`{"color":"red","size":2}`)
	want.Privacy = &chat.PrivacySettings{ReadReceipts: off, TypingIndicators: off}
	if !same(merged, want) {
		t.Errorf("merged: %+v %s", merged, merged.Custom)
	}
	want.Name, want.Custom = "", custom(`{"size":2}`)
	if !same(replaced, want) {
		t.Errorf("replaced: %+v %s", replaced, replaced.Custom)
	}
}

func TestSame(t *testing.T) {
	t.Parallel()
	at := time.Now()
	base := func() *chat.User {
		return &chat.User{
			ID: "ann", Name: "Ann", Teams: []string{"a"}, TeamsRole: map[string]string{"a": "user"}, TokensRevoked: &at,
			Privacy: &chat.PrivacySettings{ReadReceipts: &chat.Enabled{}}, Custom: custom(`{"a":{"b":1,"c":"é"},"d":[1,2]}`),
		}
	}
	tests := map[string]struct {
		change func(u *chat.User)
		same   bool
	}{
		"nothing":             {func(*chat.User) {}, true},
		"what nobody sets":    {func(u *chat.User) { u.Online, u.Banned, u.UpdatedAt, u.LastActive = true, true, at, &at }, true},
		"custom in any order": {func(u *chat.User) { u.Custom = custom(`{ "d":[1, 2], "a":{"c":"\u00e9","b":1} }`) }, true},
		"name":                {func(u *chat.User) { u.Name = "x" }, false},
		"teams":               {func(u *chat.User) { u.Teams = nil }, false},
		"role in a team":      {func(u *chat.User) { u.TeamsRole = nil }, false},
		"privacy":             {func(u *chat.User) { u.Privacy = nil }, false},
		"revocation":          {func(u *chat.User) { u.TokensRevoked = nil }, false},
		"custom":              {func(u *chat.User) { u.Custom = custom(`{"a":{"b":1,"c":"é"},"d":[2,1]}`) }, false},
		"custom gone":         {func(u *chat.User) { u.Custom = nil }, false},
		"big numbers":         {func(u *chat.User) { u.Custom = custom(`{"a":{"b":1.0000000000000000001,"c":"é"},"d":[1,2]}`) }, false},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			u := base()
			tc.change(u)
			if got := same(base(), u); got != tc.same {
				t.Errorf("same = %t", got)
			}
		})
	}
	if !same(&chat.User{}, &chat.User{Custom: custom(`{}`), Teams: []string{}}) {
		t.Error("nothing is not the same as empty")
	}
}
