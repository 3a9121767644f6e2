package httpapi_test

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"chatd/internal/auth"
	"chatd/internal/testkit"
)

// execSQL changes what no route changes yet. $1 is the app.
func execSQL(t *testing.T, sql string, args ...any) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), testkit.Database(t))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.WithoutCancel(t.Context())) }()
	if _, err := conn.Exec(t.Context(), sql, args...); err != nil {
		t.Fatal(err)
	}
}

// token returns a client of a user who may not exist yet.
func token(s *testkit.Server, id string) *testkit.Client {
	s.TB.Helper()
	return s.WithToken(id, s.Sign(auth.Claims{UserID: id}))
}

func details(id, more string) map[string]any {
	d := map[string]any{"id": id}
	for pair := range strings.SplitSeq(more, ",") {
		if name, value, ok := strings.Cut(pair, "="); ok {
			d[name] = value
		}
	}
	return map[string]any{"user_details": d}
}

func TestConnectMakesUsers(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	hello := token(s, "ann").Dial(details("ann", "name=Ann,color=red,role=admin")).Expect("health.check")
	for path, want := range map[string]string{
		"me.id": `"ann"`, "me.name": `"Ann"`, "me.color": `"red"`, "me.role": `"user"`, "me.online": "true", "me.banned": "false", "me.teams": "[]",
		"me.devices": "[]", "me.mutes": "[]", "me.channel_mutes": "[]", "me.blocked_user_ids": "[]", "me.invisible": "false", "cid": `"*"`,
		"me.unread_count": "0", "me.total_unread_count": "0", "me.unread_channels": "0", "me.unread_threads": "0",
		"me.push_preferences": `{"call_level":"all","chat_level":"all","feeds_level":"all"}`,
	} {
		hello.Want(path, want)
	}
	if hello.At("me.last_active") == nil {
		t.Error("last_active is not set")
	}
	s.Server().Patch("/users", `{"users":[{"id":"ann","set":{"role":"admin"}}]}`).OK()

	hello = token(s, "ann").Dial(details("ann", "status=away,role=user")).Expect("health.check")
	hello.Want("me.name", `"Ann"`).Want("me.color", `"red"`).Want("me.status", `"away"`).Want("me.role", `"admin"`)
}

func TestConnectRefuses(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	s.Users("off")
	execSQL(t, `UPDATE users SET deactivated_at = created_at WHERE app_id = $1 AND id = 'off'`, s.App)
	s.Store.ForgetAll()
	for name, tc := range map[string]struct {
		who    string
		doc    map[string]any
		status string
		code   string
		text   string
	}{
		"another user":     {"ann", map[string]any{"user_id": "bob"}, "401", "5", "does not match"},
		"another's object": {"ann", details("bob", ""), "401", "5", "does not match"},
		"reserved":         {"ann", details("ann", "created_at=2020-01-01T00:00:00Z"), "400", "4", "user.created_at is a reserved field"},
		"too big":          {"ann", details("ann", "x="+strings.Repeat("x", 5200)), "413", "22", "too big"},
		"deactivated":      {"off", nil, "403", "17", "was deactivated"},
	} {
		code, last := token(s, tc.who).Dial(tc.doc).Closed()
		if code != 1000 {
			t.Errorf("%s: closed with %d", name, code)
		}
		last.Want("error.StatusCode", tc.status).Want("error.code", tc.code)
		if text, _ := last.At("error.message").(string); !strings.HasPrefix(text, "Connect failed with error: ") || !strings.Contains(text, tc.text) {
			t.Errorf("%s: %q", name, text)
		}
	}
	s.Server().Get(find(`{"filter_conditions":{"id":"ann"}}`)).OK().Want("users", "[]")
}

func TestAnonymousUsers(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	hello := s.Anonymous().Connect().Hello
	if id, _ := hello.At("me.id").(string); !strings.HasPrefix(id, "!anon") {
		t.Errorf("id %q", id)
	}
	hello.Want("me.role", `"anonymous"`).Want("me.unread_count", "0").Want("me.channel_mutes", "[]")
	s.Server().Get(find(`{}`)).OK().Want("users", "[]")
}

func TestPresence(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	s.Users("bob", "cat")
	ann := s.As("ann").Connect()
	ann.Client.Get(find(`{"filter_conditions":{"id":{"$in":["bob","ann"]}},"sort":[{"field":"id"}],"presence":true}`)).OK().Want("users.0.id", `"ann"`).Want("users.0.online", "true").Want("users.1.online", "false")

	cat := s.As("cat").Connect()
	bob := s.As("bob").Connect()
	ann.Expect("user.presence.changed").Want("user.id", `"bob"`).Want("user.online", "true")
	second := s.As("bob").Connect()
	s.Server().Get(find(`{"filter_conditions":{"id":"bob"}}`)).OK().Want("users.0.online", "true")

	s.Server().Patch("/users", `{"users":[{"id":"bob","set":{"color":"red"}}]}`).OK()
	ann.Expect("user.updated").Want("user.color", `"red"`).Want("user.online", "true")
	bob.Expect("user.updated").Want("user.color", `"red"`)

	bob.Client.Patch("/users", `{"users":[{"id":"bob","set":{"invisible":true}}]}`).OK().Want("users.bob.invisible", "true").Want("users.bob.online", "false")
	ann.Expect("user.updated")
	ann.Expect("user.presence.changed").Want("user.id", `"bob"`).Want("user.online", "false")
	ann.Client.Get(find(`{"filter_conditions":{"id":"bob"}}`)).OK().Want("users.0.online", "false").Want("users.0.invisible", "false")

	s.Server().Patch("/users", `{"users":[{"id":"bob","set":{"invisible":false}}]}`).OK().Want("users.bob.online", "true")
	ann.Expect("user.presence.changed").Want("user.online", "true")

	second.Close()
	bob.Close()
	ann.Expect("user.presence.changed").Want("user.id", `"bob"`).Want("user.online", "false")
	if ann.Client.Get(find(`{"filter_conditions":{"id":"bob"}}`)).OK().At("users.0.last_active") == nil {
		t.Error("last_active is not set")
	}
	cat.Quiet("user.presence.changed", "user.updated")
}

// Who connects invisibly comes and goes unseen, and stays invisible.
func TestInvisibleUsers(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	ann := s.As("ann").Connect()
	s.Users("bob")
	ann.Client.Get(find(`{"filter_conditions":{"id":"bob"},"presence":true}`)).OK()
	doc := map[string]any{"user_details": map[string]any{"id": "bob", "invisible": true}}
	bob := token(s, "bob").Dial(doc)
	bob.Expect("health.check").Want("me.invisible", "true").Want("me.online", "false")
	ann.Client.Get(find(`{"filter_conditions":{"id":"bob"}}`)).OK().Want("users.0.online", "false")
	bob.Close()
	token(s, "bob").Connect().Hello.Want("me.invisible", "true")
	ann.Quiet("user.presence.changed")
}

func TestTokensOfUsersAreRevoked(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	ann := s.As("ann")
	ann.Get(find(`{}`)).OK()
	s.Server().Patch("/users", `{"users":[{"id":"ann","set":{"revoke_tokens_issued_before":"2026-01-01T00:00:00Z"}}]}`).OK()
	ann.Get(find(`{}`)).Fails(http.StatusUnauthorized, 40, "revoked")
	s.Server().Patch("/users", `{"users":[{"id":"ann","set":{"revoke_tokens_issued_before":null}}]}`).OK()
	ann.Get(find(`{}`)).OK()
}
