package httpapi_test

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"chatd/internal/auth"
	"chatd/internal/testkit"
)

// exchange is a request and what is wanted of the answer.
type exchange struct {
	name, who    string // who: a user, "" for the server side, "anonymous"
	method, path string
	body         any
	status, code int    // of a refusal
	message      string // of a refusal
	want         map[string]string
}

// exchangeAll makes the requests one after the other.
func exchangeAll(t *testing.T, s *testkit.Server, list []exchange) {
	t.Helper()
	for _, x := range list {
		t.Log(x.name)
		c := s.Server()
		switch x.who {
		case "":
		case "anonymous":
			c = s.Anonymous()
		default:
			c = s.As(x.who)
		}
		r := c.Do(x.method, x.path, x.body)
		if x.status != 0 {
			r.Fails(x.status, x.code, x.message)
			continue
		}
		r.OK()
		for _, path := range slices.Sorted(maps.Keys(x.want)) {
			r.Want(path, x.want[path])
		}
	}
}

func find(filter string) string { return "/users?payload=" + url.QueryEscape(filter) }

func TestUpsertUsers(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	s.Users("bob")
	many := map[string]any{}
	for i := range 101 {
		many[fmt.Sprintf("u%d", i)] = map[string]any{}
	}
	put := func(id, user string) string { return `{"users":{"` + id + `":` + user + `}}` }
	exchangeAll(t, s, []exchange{
		{
			name: "create", method: "POST", path: "/users",
			body: put("ann", `{"id":"ann","name":"Ann","image":"i","role":"admin","teams":["red"],"teams_role":{"red":"user"},"language":"en","color":"red","nested":{"a":[1.50]}}`),
			want: map[string]string{
				"users.ann.id": `"ann"`, "users.ann.name": `"Ann"`, "users.ann.image": `"i"`, "users.ann.role": `"admin"`, "users.ann.language": `"en"`,
				"users.ann.teams": `["red"]`, "users.ann.teams_role": `{"red":"user"}`, "users.ann.color": `"red"`, "users.ann.nested": `{"a":[1.5]}`,
				"users.ann.online": "false", "users.ann.banned": "false", "users.ann.shadow_banned": "false", "users.ann.invisible": "false",
				"users.ann.devices": "[]", "users.ann.mutes": "[]", "users.ann.channel_mutes": "[]", "users.ann.blocked_user_ids": "[]",
				"users.ann.unread_count": "0", "users.ann.total_unread_count": "0", "users.ann.unread_channels": "0", "users.ann.unread_threads": "0",
				"users.ann.privacy_settings": "null", "membership_deletion_task_id": `""`,
			},
		},
		{
			name: "replace", method: "POST", path: "/users", body: put("ann", `{"id":"ann","size":1}`),
			want: map[string]string{"users.ann.name": "null", "users.ann.color": "null", "users.ann.size": "1", "users.ann.role": `"admin"`, "users.ann.teams": `["red"]`},
		},
		{name: "the key is the id", method: "POST", path: "/users", body: put("cat", `{}`), want: map[string]string{"users.cat.id": `"cat"`, "users.cat.role": `"user"`}},
		{
			name: "a user sent back as he came", method: "POST", path: "/users", body: put("cat", `{"id":"cat","online":true,"devices":[],"unread_count":7,"banned":true,"x":1}`),
			want: map[string]string{"users.cat.online": "false", "users.cat.unread_count": "0", "users.cat.banned": "false", "users.cat.x": "1"},
		},
		{
			name: "privacy", method: "POST", path: "/users", body: put("cat", `{"id":"cat","privacy_settings":{"typing_indicators":{"enabled":false}}}`),
			want: map[string]string{"users.cat.privacy_settings": `{"typing_indicators":{"enabled":false}}`},
		},
		{name: "nobody", method: "POST", path: "/users", body: `{}`, status: 400, code: 4, message: "UpdateUsers failed with error: \"users is a required field\""},
		{name: "too many", method: "POST", path: "/users", body: map[string]any{"users": many}, status: 400, code: 4, message: "users must contain at maximum 100 items"},
		{name: "another id", method: "POST", path: "/users", body: put("ann", `{"id":"bob"}`), status: 400, code: 4, message: "another id"},
		{name: "no object", method: "POST", path: "/users", body: put("ann", `null`), status: 400, code: 4, message: "users.ann"},
		{name: "wrong type", method: "POST", path: "/users", body: put("ann", `{"name":1}`), status: 400, code: 4, message: `expects string but got number`},
		{name: "bad id", method: "POST", path: "/users", body: put("a b", `{}`), status: 400, code: 4, message: "user_id"},
		{name: "an anonymous id", method: "POST", path: "/users", body: put("!anon-x", `{}`), status: 400, code: 4, message: "user_id"},
		{name: "reserved", method: "POST", path: "/users", body: put("ann", `{"id":"ann","created_at":"2020-01-01T00:00:00Z","updated_at":1}`), status: 400, code: 4, message: "user.created_at is a reserved field, user.updated_at is a reserved field"},
		{name: "no such role", method: "POST", path: "/users", body: put("ann", `{"id":"ann","role":"king"}`), status: 400, code: 4, message: `role "king" does not exist`},
		{name: "too big", method: "POST", path: "/users", body: put("ann", `{"id":"ann","x":"`+strings.Repeat("x", 5200)+`"}`), status: 413, code: 22, message: "too big"},
		{name: "NUL", method: "POST", path: "/users", body: put("ann", `{"id":"ann","x":"\u0000"}`), status: 400, code: 4, message: "invalid character"},
		{name: "all or nothing", method: "POST", path: "/users", body: `{"users":{"aaa":{"id":"aaa"},"zzz":{"id":"zzz","role":"king"}}}`, status: 400, code: 4, message: "king"},
		{name: "nothing it was", method: "GET", path: find(`{"filter_conditions":{"id":"aaa"}}`), want: map[string]string{"users": "[]"}},

		{name: "oneself", who: "bob", method: "POST", path: "/users", body: put("bob", `{"id":"bob","color":"blue"}`), want: map[string]string{"users.bob.name": `"bob"`, "users.bob.color": `"blue"`}},
		{name: "one's own role as it is", who: "bob", method: "POST", path: "/users", body: put("bob", `{"id":"bob","role":"user"}`), want: map[string]string{"users.bob.color": `"blue"`}},
		{name: "one's own role", who: "bob", method: "POST", path: "/users", body: put("bob", `{"id":"bob","role":"admin"}`), status: 403, code: 17, message: "User 'bob' with role 'user' is not allowed to perform action UpdateUserRole in scope '.app'"},
		{name: "one's own teams", who: "bob", method: "POST", path: "/users", body: put("bob", `{"id":"bob","teams":["red"]}`), status: 403, code: 17, message: "UpdateUserTeams"},
		{name: "another", who: "bob", method: "POST", path: "/users", body: put("ann", `{"id":"ann","x":1}`), status: 403, code: 17, message: "UpdateUser in scope '.app'"},
		{name: "a new one", who: "bob", method: "POST", path: "/users", body: put("new", `{"id":"new"}`), status: 403, code: 17, message: "UpdateUser in scope '.app'"},
		{name: "anonymously", who: "anonymous", method: "POST", path: "/users", body: put("bob", `{"id":"bob"}`), status: 403, code: 17, message: "anonymous"},
	})
}

func TestPatchUsers(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	s.Users("bob")
	s.Server().Post("/users", `{"users":{"ann":{"id":"ann","name":"Ann","teams":["red"],"test":{"passed":true},"address":{"city":"Bonn","zip":1},
		"privacy_settings":{"typing_indicators":{"enabled":false},"read_receipts":{"enabled":false}}}}}`).OK()
	patch := func(id, rest string) string { return `{"users":[{"id":"` + id + `",` + rest + `}]}` }
	exchangeAll(t, s, []exchange{
		{
			name: "set and unset", method: "PATCH", path: "/users", body: patch("ann", `"set":{"role":"admin","address.city":"Ulm","new":1},"unset":["test.passed","name"]`),
			want: map[string]string{
				"users.ann.role": `"admin"`, "users.ann.address": `{"city":"Ulm","zip":1}`, "users.ann.new": "1", "users.ann.test": "{}", "users.ann.name": "null",
				"users.ann.teams": `["red"]`, "membership_deletion_task_id": `""`,
			},
		},
		{
			name: "privacy is deep", method: "PATCH", path: "/users", body: patch("ann", `"set":{"privacy_settings":{"typing_indicators":{"enabled":true}}}`),
			want: map[string]string{"users.ann.privacy_settings": `{"read_receipts":{"enabled":false},"typing_indicators":{"enabled":true}}`},
		},
		{
			name: "revoke tokens", method: "PATCH", path: "/users", body: patch("ann", `"set":{"revoke_tokens_issued_before":"2026-01-02T03:04:05Z"}`),
			want: map[string]string{"users.ann.revoke_tokens_issued_before": `"2026-01-02T03:04:05Z"`},
		},
		{name: "undo", method: "PATCH", path: "/users", body: patch("ann", `"set":{"revoke_tokens_issued_before":null}`), want: map[string]string{"users.ann.revoke_tokens_issued_before": "null"}},
		{
			name: "two, and one twice", method: "PATCH", path: "/users", body: `{"users":[{"id":"ann","set":{"a":1}},{"id":"bob","set":{"b":1}},{"id":"ann","set":{"a":2}}]}`,
			want: map[string]string{"users.ann.a": "2", "users.bob.b": "1"},
		},
		{name: "nobody", method: "PATCH", path: "/users", body: `{"users":[]}`, status: 400, code: 4, message: "UpdateUsersPartial failed with error: \"users is a required field\""},
		{name: "no id", method: "PATCH", path: "/users", body: `{"users":[{"set":{"a":1}}]}`, status: 400, code: 4, message: "users.id is a required field"},
		{name: "unknown", method: "PATCH", path: "/users", body: patch("zoe", `"set":{"a":1}`), status: 404, code: 16, message: "user with id zoe doesn't exist"},
		{name: "empty name", method: "PATCH", path: "/users", body: patch("ann", `"set":{"a..b":1}`), status: 400, code: 4, message: "not a valid field name"},
		{name: "leading dot", method: "PATCH", path: "/users", body: patch("ann", `"unset":[".b"]`), status: 400, code: 4, message: "not a valid field name"},
		{name: "a space", method: "PATCH", path: "/users", body: patch("ann", `"set":{"a b":1}`), status: 400, code: 4, message: "not a valid field name"},
		{name: "reserved", method: "PATCH", path: "/users", body: patch("ann", `"set":{"created_at":1}`), status: 400, code: 4, message: "user.created_at is a reserved field"},
		{name: "wrong type", method: "PATCH", path: "/users", body: patch("ann", `"set":{"teams":"red"}`), status: 400, code: 4, message: "teams"},
		{name: "too big", method: "PATCH", path: "/users", body: patch("ann", `"set":{"x":"`+strings.Repeat("x", 5200)+`"}`), status: 413, code: 22, message: "too big"},
		{name: "oneself", who: "bob", method: "PATCH", path: "/users", body: patch("bob", `"set":{"color":"blue"}`), want: map[string]string{"users.bob.color": `"blue"`}},
		{name: "one's own role", who: "bob", method: "PATCH", path: "/users", body: patch("bob", `"set":{"role":"admin"}`), status: 403, code: 17, message: "UpdateUserRole"},
		{name: "one's own tokens", who: "bob", method: "PATCH", path: "/users", body: patch("bob", `"set":{"revoke_tokens_issued_before":"2020-01-01T00:00:00Z"}`), status: 403, code: 17, message: "server side"},
		{name: "another", who: "bob", method: "PATCH", path: "/users", body: patch("ann", `"set":{"a":1}`), status: 403, code: 17, message: "UpdateUser in scope '.app'"},
	})
}

func TestUnchangedUsersAreNotWritten(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	user := `{"users":{"ann":{"id":"ann","name":"Ann","b":{"y":1,"x":2},"a":1.0}}}`
	first := s.Server().Post("/users", user).OK().At("users.ann.updated_at")
	for _, again := range []string{user, `{"users":{"ann":{"a":1.0,"b":{"x":2,"y":1},"name":"Ann","id":"ann","role":"user"}}}`} {
		if at := s.Server().Post("/users", again).OK().At("users.ann.updated_at"); at != first {
			t.Errorf("updated_at went from %v to %v", first, at)
		}
	}
	s.WithToken("ann", s.Sign(auth.Claims{UserID: "ann"})).Connect().Hello.Want("me.updated_at", `"`+first.(string)+`"`)
	if at := s.Server().Post("/users", `{"users":{"ann":{"id":"ann"}}}`).OK().At("users.ann.updated_at"); at == first {
		t.Error("updated_at did not change with the user")
	}
}

// Many who create and change one user at the same time all succeed, and no change
// is lost.
func TestUsersAreChangedAtOnce(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	ann := token(s, "ann")
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			r := ann.Post("/users", fmt.Sprintf(`{"users":{"ann":{"id":"ann","f%d":true}}}`, i))
			if r.Status != http.StatusCreated {
				t.Errorf("%d %s", r.Status, r.Body)
			}
		})
	}
	wg.Wait()
	r := s.Server().Get(find(`{"filter_conditions":{"id":"ann"}}`)).OK()
	for i := range 8 {
		r.Want(fmt.Sprintf("users.0.f%d", i), "true")
	}
}

func TestDeletedUsersStayDeleted(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	s.Users("ann")
	execSQL(t, `UPDATE users SET deleted_at = $2 WHERE app_id = $1 AND id = 'ann'`, s.App, time.Now())
	s.Store.ForgetAll()
	exchangeAll(t, s, []exchange{
		{name: "upsert", method: "POST", path: "/users", body: `{"users":{"ann":{"id":"ann"}}}`, status: 400, code: 4, message: "was deleted"},
		{name: "patch", method: "PATCH", path: "/users", body: `{"users":[{"id":"ann","set":{"a":1}}]}`, status: 400, code: 4, message: "was deleted"},
		{name: "event", method: "POST", path: "/users/ann/event", body: `{"event":{"type":"x"}}`, status: 404, code: 16, message: "user with id ann doesn't exist"},
		{name: "query", method: "GET", path: find(`{"filter_conditions":{"id":"ann"},"include_deactivated_users":true}`), want: map[string]string{"users": "[]"}},
	})
	s.WithToken("ann", s.Sign(auth.Claims{UserID: "ann"})).Get(find(`{}`)).Fails(http.StatusForbidden, 17, "was deleted")
}

func TestUniqueNames(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	s.Server().Post("/users", `{"users":{"old":{"id":"old","name":"Same"},"old2":{"id":"old2","name":"same"}}}`).OK()
	s.Server().Patch("/app", `{"enforce_unique_usernames":"app"}`).OK()
	name := func(id, name, more string) string {
		return `{"users":{"` + id + `":{"id":"` + id + `","name":"` + name + `"` + more + `}}}`
	}
	exchangeAll(t, s, []exchange{
		{name: "first", method: "POST", path: "/users", body: name("ann", "Wild Breeze", "")},
		{name: "again himself", method: "POST", path: "/users", body: name("ann", "wild-breeze", "")},
		{name: "another", method: "POST", path: "/users", body: name("bob", "wildbreeze!", ""), status: 400, code: 6, message: "UpdateUsers failed with error: \"username 'wildbreeze!' already exists\""},
		{name: "two at once", method: "POST", path: "/users", body: `{"users":{"x":{"name":"twin"},"y":{"name":"Twin"}}}`, status: 400, code: 6, message: "already exists"},
		{name: "patch", method: "PATCH", path: "/users", body: `{"users":[{"id":"old","set":{"name":"wild breeze"}}]}`, status: 400, code: 6, message: "already exists"},
		{name: "not retroactive", method: "PATCH", path: "/users", body: `{"users":[{"id":"old","set":{"color":"red"}}]}`},
		{name: "no name", method: "POST", path: "/users", body: `{"users":{"n1":{},"n2":{}}}`},
		{name: "as an object", method: "POST", path: "/channels/messaging/x/query", body: `{"data":{"created_by":{"id":"new","name":"Wild Breeze"}}}`, status: 400, code: 6, message: "already exists"},
		{name: "in teams", method: "PATCH", path: "/app", body: `{"enforce_unique_usernames":"team"}`},
		{name: "no common team", method: "POST", path: "/users", body: name("bob", "Wild Breeze", `,"teams":["red"]`)},
		{name: "a common team", method: "POST", path: "/users", body: name("cat", "Wild Breeze", `,"teams":["blue","red"]`), status: 400, code: 6, message: "username 'Wild Breeze' already exists in team 'red'"},
		{name: "not at all", method: "PATCH", path: "/app", body: `{"enforce_unique_usernames":"no"}`},
		{name: "allowed", method: "POST", path: "/users", body: name("cat", "Wild Breeze", `,"teams":["blue","red"]`)},
	})
}

func TestQueryUsersRoute(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	s.Server().Post("/users", `{"users":{"ann":{"id":"ann","name":"Ann Smith","color":"red"}}}`).OK()
	s.Server().Post("/users", `{"users":{"bob":{"id":"bob","name":"Bob","invisible":true}}}`).OK()
	path := s.Channel("messaging", "room", "ann", "bob")
	execSQL(t, `UPDATE channel_counters SET unread_seq = unread_seq + 2 WHERE app_id = $1 AND cid = $2`, s.App, strings.Replace(path[len("/channels/"):], "/", ":", 1))
	execSQL(t, `INSERT INTO channel_mutes (app_id, user_id, cid, created_at, updated_at) VALUES ($1, 'bob', 'messaging:other', $2, $2)`, s.App, time.Now())
	execSQL(t, `INSERT INTO user_blocks (app_id, user_id, blocked_user_id, created_at) VALUES ($1, 'bob', 'ann', $2)`, s.App, time.Now())
	exchangeAll(t, s, []exchange{
		{name: "all", method: "GET", path: find(`{"filter_conditions":{}}`), want: map[string]string{"users.#": "2", "users.0.id": `"bob"`, "users.1.id": `"ann"`}},
		{name: "no payload", method: "GET", path: "/users", want: map[string]string{"users.#": "2"}},
		{name: "a page", method: "GET", path: find(`{"filter_conditions":{},"limit":1,"offset":1}`), want: map[string]string{"users.#": "1", "users.0.id": `"ann"`}},
		{name: "sorted", method: "GET", path: find(`{"filter_conditions":{},"sort":[{"field":"name","direction":1}]}`), want: map[string]string{"users.0.id": `"ann"`}},
		{name: "a word of the name", method: "GET", path: find(`{"filter_conditions":{"name":{"$autocomplete":"smi"}}}`), want: map[string]string{"users.#": "1"}},
		{name: "the server side sees all", method: "GET", path: find(`{"filter_conditions":{"id":"bob"}}`), want: map[string]string{
			"users.0.invisible": "true", "users.0.unread_count": "2", "users.0.total_unread_count": "2", "users.0.unread_channels": "1", "users.0.blocked_user_ids": `["ann"]`, "users.0.channel_mutes": "[]", "users.0.devices": "[]",
		}},
		{name: "others see less", who: "ann", method: "GET", path: find(`{"filter_conditions":{"id":"bob"}}`), want: map[string]string{
			"users.0.invisible": "false", "users.0.online": "false", "users.0.unread_count": "0", "users.0.channel_mutes": "[]", "users.0.blocked_user_ids": "[]",
		}},
		{name: "oneself", who: "bob", method: "GET", path: find(`{"filter_conditions":{"id":"bob"}}`), want: map[string]string{"users.0.invisible": "true", "users.0.unread_count": "2"}},
		{name: "limit", method: "GET", path: find(`{"filter_conditions":{},"limit":101}`), status: 400, code: 4, message: "limit must be 100 or less"},
		{name: "negative limit", method: "GET", path: find(`{"filter_conditions":{},"limit":-1}`), status: 400, code: 4, message: "limit must be 0 or greater"},
		{name: "offset", method: "GET", path: find(`{"filter_conditions":{},"offset":1001}`), status: 400, code: 4, message: "offset must be 1000 or less"},
		{name: "presence on the server side", method: "GET", path: find(`{"filter_conditions":{},"presence":true}`), status: 400, code: 4, message: "presence"},
		{name: "presence without a connection", who: "ann", method: "GET", path: find(`{"filter_conditions":{},"presence":true}`), status: 400, code: 4, message: "requires an active websocket connection"},
		{name: "a search that is not", method: "GET", path: find(`{"filter_conditions":{"x":{"$q":"a"}}}`), status: 400, code: 4, message: "search is not enabled for field users.x."},
		{name: "six sorts", method: "GET", path: find(`{"sort":[{"field":"a"},{"field":"b"},{"field":"c"},{"field":"d"},{"field":"e"},{"field":"f"}]}`), status: 400, code: 4, message: "sort must contain at maximum 5 items"},
		{name: "anonymously", who: "anonymous", method: "GET", path: find(`{}`), status: 403, code: 17, message: "anonymous"},
		{name: "disallow", method: "PATCH", path: "/app", body: `{"user_search_disallowed_roles":["user"]}`},
		{name: "disallowed", who: "ann", method: "GET", path: find(`{}`), status: 403, code: 17, message: "SearchUser in scope '.app'"},
	})
}

func TestQueryUsersInTeams(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	s.Server().Patch("/app", `{"multi_tenant_enabled":true}`).OK()
	s.Server().Post("/users", `{"users":{"r1":{"teams":["red"]},"r2":{"teams":["red","blue"]},"b1":{"teams":["blue"]},"none":{}}}`).OK()
	exchangeAll(t, s, []exchange{
		{name: "his teams", who: "r1", method: "GET", path: find(`{"sort":[{"field":"id"}]}`), want: map[string]string{"users.#": "2", "users.0.id": `"r1"`, "users.1.id": `"r2"`}},
		{name: "any team", who: "r1", method: "GET", path: find(`{"filter_conditions":{"teams":{}}}`), want: map[string]string{"users.#": "2"}},
		{name: "a team of his", who: "r2", method: "GET", path: find(`{"filter_conditions":{"teams":{"$contains":"blue"}}}`), want: map[string]string{"users.#": "2"}},
		{name: "no team", who: "none", method: "GET", path: find(`{}`), want: map[string]string{"users.#": "1", "users.0.id": `"none"`}},
		{name: "another team", who: "b1", method: "GET", path: find(`{"filter_conditions":{"teams":{"$in":["red"]}}}`), status: 400, code: 4, message: `search by team "red" is not allowed`},
		{name: "not his", who: "b1", method: "GET", path: find(`{"filter_conditions":{"teams":{"$ne":"blue"}}}`), status: 400, code: 4, message: `cannot use operator "$ne" when filtering by team`},
		{name: "none of", who: "b1", method: "GET", path: find(`{"filter_conditions":{"$nor":[{"teams":"blue"}]}}`), status: 400, code: 4, message: "cannot use $nor operator when filtering by team"},
		{name: "the server side", method: "GET", path: find(`{}`), want: map[string]string{"users.#": "4"}},
		{name: "no guests", who: "anonymous", method: "POST", path: "/guest", body: `{"user":{"id":"visitor"}}`, status: 403, code: 17, message: "guest"},
	})
}

func TestGuests(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	r := s.Anonymous().Post("/guest", `{"user":{"id":"wild-breeze-7","name":"W","role":"admin","teams":["red"],"color":"red"}}`).OK()
	r.Want("user.role", `"guest"`).Want("user.name", `"W"`).Want("user.teams", "[]").Want("user.color", `"red"`)
	if r.Status != http.StatusCreated {
		t.Errorf("status %d", r.Status)
	}
	id, _ := r.At("user.id").(string)
	if !strings.HasPrefix(id, "guest-") || !strings.HasSuffix(id, "-wild-breeze-7") {
		t.Errorf("id %q", id)
	}
	token, _ := r.At("access_token").(string)
	guest := s.WithToken(id, token)
	guest.Connect().Hello.Want("me.id", `"`+id+`"`).Want("me.role", `"guest"`)
	guest.Patch("/users", map[string]any{"users": []any{map[string]any{"id": id, "set": map[string]any{"color": "blue"}}}}).OK().Want("users."+id+".color", `"blue"`)
	if other := s.Anonymous().Post("/guest", `{"user":{"id":"wild-breeze-7"}}`).OK().At("user.id"); other == id {
		t.Error("two guests with one id")
	}
	exchangeAll(t, s, []exchange{
		{name: "by the server side", method: "POST", path: "/guest", body: `{"user":{"id":"x"}}`, want: map[string]string{"user.role": `"guest"`}},
		{name: "no user", who: "anonymous", method: "POST", path: "/guest", body: `{}`, status: 400, code: 4, message: "user.id is a required field"},
		{name: "bad id", who: "anonymous", method: "POST", path: "/guest", body: `{"user":{"id":"a b"}}`, status: 400, code: 4, message: "user_id"},
		{name: "id too long", who: "anonymous", method: "POST", path: "/guest", body: `{"user":{"id":"` + strings.Repeat("x", 250) + `"}}`, status: 400, code: 4, message: "user_id must be 255 characters or less"},
		{name: "reserved", who: "anonymous", method: "POST", path: "/guest", body: `{"user":{"id":"x","created_at":1}}`, status: 400, code: 4, message: "reserved"},
		{name: "switch off", method: "PATCH", path: "/app", body: `{"guest_user_creation_disabled":true}`},
		{name: "switched off", who: "anonymous", method: "POST", path: "/guest", body: `{"user":{"id":"x"}}`, status: 403, code: 17, message: "guest users are not enabled"},
		{name: "teams", method: "PATCH", path: "/app", body: `{"guest_user_creation_disabled":false,"multi_tenant_enabled":true}`},
		{name: "not where there are teams", who: "anonymous", method: "POST", path: "/guest", body: `{"user":{"id":"x"}}`, status: 403, code: 17, message: "guest users are not enabled"},
	})
}

func TestUserEvents(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	ann, bob := s.As("ann").Connect(), s.As("bob").Connect()
	s.Server().Post("/users/ann/event", `{"event":{"type":"friendship_request","text":"hi","n":{"a":1}}}`).OK()
	ann.Expect("friendship_request").Want("text", `"hi"`).Want("n", `{"a":1}`)
	bob.Quiet("friendship_request")
	exchangeAll(t, s, []exchange{
		{name: "a dot", method: "POST", path: "/users/ann/event", body: `{"event":{"type":"message.new"}}`, status: 400, code: 4, message: "event.type"},
		{name: "no type", method: "POST", path: "/users/ann/event", body: `{"event":{}}`, status: 400, code: 4, message: "event.type is a required field"},
		{name: "no event", method: "POST", path: "/users/ann/event", body: `{}`, status: 400, code: 4, message: "event.type is a required field"},
		{name: "reserved", method: "POST", path: "/users/ann/event", body: `{"event":{"type":"x","unread_count":7}}`, status: 400, code: 4, message: "event.unread_count is a reserved field"},
		{name: "too big", method: "POST", path: "/users/ann/event", body: `{"event":{"type":"x","y":"` + strings.Repeat("y", 5200) + `"}}`, status: 413, code: 22, message: "too big"},
		{name: "unknown user", method: "POST", path: "/users/zoe/event", body: `{"event":{"type":"x"}}`, status: 404, code: 16, message: "user with id zoe doesn't exist"},
		{name: "client side", who: "bob", method: "POST", path: "/users/ann/event", body: `{"event":{"type":"x"}}`, status: 403, code: 17, message: "server side"},
	})
}
