package httpapi_test

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"chatd/internal/server"
	"chatd/internal/testkit"
)

// aged is a server whose clock can be put forward, and which looks often for what is
// past its time.
type aged struct {
	*testkit.Server

	t     *testing.T
	dsn   string
	ahead atomic.Int64
}

func newAged(t *testing.T) *aged {
	t.Helper()
	a := &aged{t: t, dsn: testkit.Isolated(t)} // whose jobs only this server does
	a.Server = testkit.StartWith(t, func(o *server.Options) {
		o.DatabaseURL, o.RetentionEvery = a.dsn, 50*time.Millisecond
		o.Now = func() time.Time { return time.Now().Add(time.Duration(a.ahead.Load())) }
	})
	return a
}

func (a *aged) pass(d time.Duration) { a.ahead.Add(int64(d)) }

// gone waits until something is not found any more.
func (a *aged) gone(path string) {
	a.t.Helper()
	tick, late := time.NewTicker(20*time.Millisecond), time.After(20*time.Second)
	defer tick.Stop()
	for a.Server.Server().Get(path).Status != http.StatusNotFound {
		select {
		case <-tick.C:
		case <-late:
			a.t.Fatalf("%s is still there", path)
		}
	}
}

const day = 24 * time.Hour

func TestMessageRetention(t *testing.T) {
	t.Parallel()
	a := newAged(t)
	a.Server.Server().Put("/channeltypes/messaging", `{"message_retention":"30","count_messages":true}`).OK().Want("message_retention", `"30"`)
	path := a.Channel("messaging", "room", "ann", "bob", "cem")
	kept := a.Channel("team", "kept", "ann")
	a.As("ann").Post(kept+"/message", `{"message":{"id":"kept","text":"ancient"}}`).OK()
	send := func(who, body string) {
		t.Helper()
		a.As(who).Post(path+"/message", `{"message":`+body+`}`).OK()
	}
	send("ann", `{"id":"a1","text":"ancient","pinned":true}`)
	send("ann", `{"id":"a2","text":"ancient too"}`)
	a.As("bob").Post("/messages/a2/reaction", `{"reaction":{"type":"like"}}`).OK()
	send("ann", `{"id":"t","text":"a thread"}`)
	send("bob", `{"id":"t1","text":"a reply","parent_id":"t","show_in_channel":true}`)
	send("ann", `{"id":"gone","text":"deleted"}`)
	a.As("ann").Delete("/messages/gone").OK()
	a.pass(20 * day)
	send("ann", `{"id":"t2","text":"a late reply","parent_id":"t"}`)
	send("ann", `{"id":"b1","text":"not so ancient"}`)
	search := "/search?payload=" + url.QueryEscape(`{"filter_conditions":{"members":{"$in":["cem"]}},"query":"ancient"}`)
	a.As("cem").Get("/unread").OK().Want("total_unread_count", "5")
	a.As("cem").Get(search).OK().Want("results.#", "3")
	a.pass(9 * day)
	a.As("bob").Get("/messages/a1").OK()

	a.pass(2 * day)
	for _, id := range []string{"a1", "a2", "t", "t1", "t2", "gone"} {
		a.gone("/messages/" + id)
	}
	a.As("ann").Get("/messages/b1").OK()
	a.As("ann").Get("/messages/kept").OK()
	at, _ := a.As("ann").Get("/messages/b1").OK().At("message.created_at").(string)
	a.As("cem").Post(path+"/query", `{"state":true}`).OK().Want("messages.#", "1").Want("messages.0.id", `"b1"`).Want("pinned_messages", "[]").
		Want("channel.message_count", "1").Want("channel.last_message_at", `"`+at+`"`)
	a.As("cem").Get("/unread").OK().Want("total_unread_count", "1").Want("channels.0.unread_count", "1")
	a.As("bob").Get("/unread").OK().Want("total_unread_threads_count", "0")
	a.As("bob").Post("/threads", `{}`).OK().Want("threads", "[]")
	a.As("cem").Get(search).OK().Want("results.#", "1").Want("results.0.message.id", `"b1"`)

	a.pass(20 * day)
	a.gone("/messages/b1")
	a.As("cem").Post(path+"/query", `{"state":true}`).OK().Want("messages", "[]").Want("channel.message_count", "0").Want("channel.last_message_at", "null")
	a.As("cem").Get("/unread").OK().Want("total_unread_count", "0")
	a.As("ann").Get("/messages/kept").OK()
	a.Server.Server().Post("/retention_policy/runs", `{}`).OK().Want("runs", "[]")
}

// A reply goes when its own time is over, whether or not what it replies to stays,
// which may be younger where messages were imported.
func TestRetentionOfReplies(t *testing.T) {
	t.Parallel()
	a := newAged(t)
	a.Server.Server().Put("/channeltypes/messaging", `{"message_retention":"30"}`).OK()
	path := a.Channel("messaging", "room", "ann", "bob")
	send := func(who, body string) *testkit.Response {
		t.Helper()
		return a.As(who).Post(path+"/message", `{"message":`+body+`}`).OK()
	}
	send("ann", `{"id":"p","text":"a thread"}`)
	send("bob", `{"id":"r1","text":"old","parent_id":"p"}`)
	send("bob", `{"id":"r2","text":"old and gone","parent_id":"p"}`)
	send("bob", `{"id":"r3","text":"old and shown","parent_id":"p","show_in_channel":true}`)
	a.As("bob").Delete("/messages/r2").OK()
	a.As("bob").Post("/messages/r1/reaction", `{"reaction":{"type":"like"}}`).OK()
	conn, err := pgx.Connect(t.Context(), a.dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.Background()) }()
	if _, err := conn.Exec(t.Context(), `UPDATE messages SET created_at = created_at + interval '10 days' WHERE app_id = $1 AND id = 'p'`, a.App); err != nil {
		t.Fatal(err)
	}
	a.pass(20 * day)
	late := fmt.Sprintf("%q", send("bob", `{"id":"r4","text":"late","parent_id":"p"}`).At("message.created_at"))
	a.As("ann").Get("/messages/p").OK().Want("message.reply_count", "3").Want("message.deleted_reply_count", "1")
	a.As("ann").Get("/unread").OK().Want("threads.0.unread_count", "3")

	a.pass(11 * day)
	for _, id := range []string{"r1", "r2", "r3"} {
		a.gone("/messages/" + id)
	}
	a.As("ann").Get("/messages/p").OK().Want("message.reply_count", "1").Want("message.deleted_reply_count", "0")
	a.As("ann").Get("/messages/p/replies").OK().Want("messages.#", "1").Want("messages.0.id", `"r4"`)
	a.As("ann").Get("/unread").OK().Want("total_unread_threads_count", "1").Want("threads.0.unread_count", "1")
	a.As("ann").Get("/threads/p").OK().Want("thread.reply_count", "1").Want("thread.last_message_at", late).Want("thread.latest_replies.#", "1")
	a.As("ann").Post(path+"/query", `{"state":true}`).OK().Want("messages.#", "1").Want("messages.0.id", `"p"`)

	a.pass(10 * day)
	a.gone("/messages/p")
	a.gone("/messages/r4") // though it is not that old: nobody would find it any more
	a.As("ann").Get("/unread").OK().Want("total_unread_threads_count", "0")
}

func TestRetentionOfMany(t *testing.T) {
	t.Parallel()
	a := newAged(t)
	path := a.Channel("messaging", "room", "ann", "bob")
	a.As("ann").Post(path+"/message", `{"message":{"id":"first","text":"first"}}`).OK()
	conn, err := pgx.Connect(t.Context(), a.dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.Background()) }()
	if _, err := conn.Exec(t.Context(), `
		INSERT INTO messages (app_id, id, cid, user_id, type, text, html, parent_id, in_channel, created_at, updated_at)
		SELECT $1::bigint, 'r' || n, 'messaging:room', 'ann', 'reply', 'x', '', 'first', false, now(), now() FROM generate_series(1, 450) n
		UNION ALL SELECT $1, 'm' || n, 'messaging:room', 'ann', 'regular', 'x', '', '', true, now(), now() FROM generate_series(1, 450) n`, a.App); err != nil {
		t.Fatal(err)
	}
	a.As("bob").Get("/messages/r450").OK()
	a.As("bob").Get("/messages/m450").OK()
	a.Server.Server().Put("/channeltypes/messaging", `{"message_retention":"1"}`).OK()
	a.pass(25 * time.Hour)
	for _, id := range []string{"first", "r1", "r450", "m1", "m450", "m99"} { // m99 is the last, by its id
		a.gone("/messages/" + id)
	}
	a.As("bob").Post(path+"/query", `{"state":true}`).OK().Want("messages", "[]")
}

func TestRetentionPolicies(t *testing.T) {
	t.Parallel()
	a := newAged(t)
	path := a.Channel("messaging", "room", "ann", "bob")
	const at = "/retention_policy"
	exchangeAll(t, a.Server, []exchange{
		{name: "none", method: "GET", path: at, want: map[string]string{"policies": "[]"}},
		{name: "set", method: "POST", path: at, body: `{"policy":"old-messages","max_age_hours":100}`, want: map[string]string{"policy.policy": `"old-messages"`, "policy.config.max_age_hours": "100"}},
		{name: "set anew", method: "POST", path: at, body: `{"policy":"old-messages","max_age_hours":24}`, want: map[string]string{"policy.config.max_age_hours": "24"}},
		{name: "set another", method: "POST", path: at, body: `{"policy":"inactive-channels","max_age_hours":72}`, want: map[string]string{"policy.policy": `"inactive-channels"`}},
		{name: "all", method: "GET", path: at, want: map[string]string{"policies.#": "2", "policies.0.policy": `"inactive-channels"`, "policies.1.config": `{"max_age_hours":24}`}},
		{name: "unknown", method: "POST", path: at, body: `{"policy":"x","max_age_hours":24}`, status: 400, code: 4, message: "policy must be one of [old-messages inactive-channels]"},
		{name: "no name", method: "POST", path: at, body: `{"max_age_hours":24}`, status: 400, code: 4, message: "policy is a required field"},
		{name: "too short", method: "POST", path: at, body: `{"policy":"old-messages","max_age_hours":23}`, status: 400, code: 4, message: "max_age_hours must be 24 or greater"},
		{name: "too long", method: "POST", path: at, body: `{"policy":"old-messages","max_age_hours":43801}`, status: 400, code: 4, message: "max_age_hours must be 43800 or less"},
		{name: "a user", who: "ann", method: "POST", path: at, body: `{"policy":"old-messages","max_age_hours":24}`, status: 403, code: 17},
		{name: "a user reads", who: "ann", method: "GET", path: at, status: 403, code: 17},
		{name: "end an unknown one", method: "POST", path: at + "/delete", body: `{"policy":"x"}`, status: 400, code: 4, message: "policy must be one of"},
		{name: "runs, bad page", method: "POST", path: at + "/runs", body: `{"limit":101}`, status: 400, code: 4, message: "limit must be 100 or less"},
		{name: "runs, bad sort", method: "POST", path: at + "/runs", body: `{"sort":[{"field":"stats"}]}`, status: 400, code: 4, message: "stats"},
		{name: "runs, bad filter", method: "POST", path: at + "/runs", body: `{"filter_conditions":{"stats":1}}`, status: 400, code: 4, message: "stats"},
	})
	a.As("ann").Post(path+"/message", `{"message":{"id":"m1","text":"one"}}`).OK()
	a.pass(23 * time.Hour)
	a.As("ann").Post(path+"/message", `{"message":{"id":"m2","text":"two"}}`).OK()
	a.As("ann").Get("/messages/m1").OK()
	a.pass(2 * time.Hour)
	a.gone("/messages/m1")
	a.As("ann").Get("/messages/m2").OK()
	run := `{"policy":"old-messages"}`
	a.Server.Server().Post(at+"/runs", `{"filter_conditions":`+run+`}`).OK().Want("runs.#", "1").Want("runs.0.stats", `{"messages_deleted":1}`).Want("runs.0.policy", `"old-messages"`)
	a.pass(2 * day)
	a.gone("/messages/m2")
	a.As("ann").Get(path).OK()
	a.pass(2 * day)
	a.gone(path)
	list := a.Server.Server().Post(at+"/runs", `{"limit":2}`).OK().Want("runs.#", "2").Want("runs.0.stats", `{"channels_deleted":1}`)
	next, _ := list.At("next").(string)
	a.Server.Server().Post(at+"/runs", `{"limit":2,"next":"`+next+`"}`).OK().Want("runs.#", "1").Want("runs.0.stats", `{"messages_deleted":1}`)
	a.Server.Server().Post(at+"/runs", `{"sort":[{"field":"date","direction":1}],"limit":1}`).OK().Want("runs.0.stats", `{"messages_deleted":1}`)

	a.Server.Server().Post(at+"/delete", run).OK()
	a.Server.Server().Post(at+"/delete", run).Fails(404, 16, "there is no retention policy old-messages")
	a.Server.Server().Get(at).OK().Want("policies.#", "1")
}
