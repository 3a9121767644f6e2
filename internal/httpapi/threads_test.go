package httpapi_test

import (
	"fmt"
	"strings"
	"testing"

	"chatd/internal/testkit"
)

// replied sends a reply and returns its id; more are further fields of the message.
func replied(s *testkit.Server, who, path, parent, more string) string {
	s.TB.Helper()
	id, _ := s.As(who).Post(path+"/message", `{"message":{"text":"reply of `+who+`","parent_id":"`+parent+`"`+more+`}}`).OK().At("message.id").(string)
	return id
}

func TestThreadRoutes(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	path := s.Channel("messaging", "room", "ann", "bob", "cat", "dan")
	s.Users("eve")
	parent, alone := said(s, "ann", path, "parent"), said(s, "ann", path, "alone")
	first := replied(s, "bob", path, parent, `,"mentioned_users":["cat"]`)
	second := replied(s, "bob", path, parent, "")

	s.As("ann").Post("/threads", `{}`).OK().Want("threads.#", "1").Want("threads.0.parent_message_id", `"`+parent+`"`).
		Want("threads.0.channel_cid", `"messaging:room"`).Want("threads.0.channel.cid", `"messaging:room"`).Want("threads.0.channel.members.#", "4").
		Want("threads.0.channel.config.replies", "true").Want("threads.0.parent_message.id", `"`+parent+`"`).Want("threads.0.parent_message.reply_count", "2").
		Want("threads.0.created_by_user_id", `"bob"`).Want("threads.0.created_by.id", `"bob"`).Want("threads.0.reply_count", "2").
		Want("threads.0.participant_count", "3").Want("threads.0.active_participant_count", "3").Want("threads.0.thread_participants.#", "3").
		Want("threads.0.thread_participants.1.user.id", `"bob"`).Want("threads.0.thread_participants.0.thread_id", `"`+parent+`"`).
		Want("threads.0.thread_participants.0.app_pk", "0").Want("threads.0.thread_participants.0.custom", "{}").
		Want("threads.0.latest_replies.#", "2").Want("threads.0.latest_replies.0.id", `"`+first+`"`).Want("threads.0.latest_replies.1.id", `"`+second+`"`).
		Want("threads.0.title", `""`).Want("threads.0.deleted_at", "null").Want("next", "null").Want("prev", "null").
		Want("threads.0.read.#", "3").Want("threads.0.read.0.user.id", `"ann"`).Want("threads.0.read.0.unread_messages", "2").
		Want("threads.0.read.1.unread_messages", "0").Want("threads.0.read.1.last_read_message_id", `"`+second+`"`).Want("threads.0.read.2.unread_messages", "2")
	s.As("cat").Post("/threads", `{"reply_limit":1,"participant_limit":1,"member_limit":2}`).OK().Want("threads.#", "1").
		Want("threads.0.latest_replies.#", "1").Want("threads.0.latest_replies.0.id", `"`+second+`"`).
		Want("threads.0.thread_participants.#", "2").Want("threads.0.channel.members.#", "2") // himself too
	s.As("dan").Post("/threads", `{}`).OK().Want("threads", "[]")
	s.Server().Post("/threads", `{"user_id":"bob","watch":true}`).OK().Want("threads.#", "1")

	get := "/threads/" + parent
	exchangeAll(t, s, []exchange{
		{name: "a thread", who: "dan", method: "GET", path: get + "?reply_limit=1", want: map[string]string{
			"thread.parent_message_id": `"` + parent + `"`, "thread.latest_replies.#": "1", "thread.read.#": "3",
		}},
		{name: "the server side sees it", method: "GET", path: get, want: map[string]string{"thread.reply_count": "2"}},
		{name: "no replies", who: "ann", method: "GET", path: "/threads/" + alone, status: 404, code: 16, message: "thread with id " + alone + " doesn't exist"},
		{name: "a reply", who: "ann", method: "GET", path: "/threads/" + first, status: 404, code: 16, message: "doesn't exist"},
		{name: "no message", who: "ann", method: "GET", path: "/threads/nope", status: 404, code: 16, message: "doesn't exist"},
		{name: "no member", who: "eve", method: "GET", path: get, status: 403, code: 17, message: "ReadChannel"},
		{name: "nobody", method: "POST", path: "/threads", body: `{}`, status: 400, code: 4, message: "either user or user_id must be provided"},
		{name: "many replies", who: "ann", method: "POST", path: "/threads", body: `{"reply_limit":11}`, status: 400, code: 4, message: "reply_limit must be 10 or less"},
		{name: "many replies of one", who: "ann", method: "GET", path: get + "?reply_limit=300", want: map[string]string{"thread.latest_replies.#": "2"}},
		{name: "more than a page", who: "ann", method: "GET", path: get + "?reply_limit=301", status: 400, code: 4, message: "reply_limit must be 300 or less"},
		{name: "many participants", who: "ann", method: "GET", path: get + "?participant_limit=101", status: 400, code: 4, message: "participant_limit must be 100 or less"},
		{name: "many members", who: "ann", method: "POST", path: "/threads", body: `{"member_limit":-1}`, status: 400, code: 4, message: "member_limit must be 0 or greater"},
		{name: "many threads", who: "ann", method: "POST", path: "/threads", body: `{"limit":101}`, status: 400, code: 4, message: "limit must be 100 or less"},
		{name: "no connection", who: "ann", method: "POST", path: "/threads", body: `{"watch":true}`, status: 400, code: 4, message: "connection_id"},
		{name: "another's cursor", who: "ann", method: "POST", path: "/threads", body: `{"next":"x"}`, status: 400, code: 4, message: "not a valid cursor"},
		{name: "a field that is none to sort by", who: "ann", method: "POST", path: "/threads", body: `{"sort":[{"field":"color"}]}`, status: 400, code: 4, message: `unrecognized field "color"`},
		{name: "an operator that a field has not", who: "ann", method: "POST", path: "/threads", body: `{"filter":{"channel_cid":{"$gt":"a"}}}`, status: 400, code: 4, message: `operator "$gt" is not allowed`},
	})
}

func TestThreadList(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	path, other := s.Channel("messaging", "room", "ann", "bob"), s.Channel("messaging", "other", "bob", "ann")
	var ids []string // by name p0 … p3
	for i := range 4 {
		p := path
		if i == 3 {
			p = other
		}
		ids = append(ids, said(s, "ann", p, "p"))
		for range i + 1 {
			replied(s, "bob", p, ids[i], "")
		}
	}
	name := func(got any) string {
		for i, id := range ids {
			if got == id {
				return fmt.Sprint(i)
			}
		}
		return "?"
	}
	list := func(who, body string) (string, *testkit.Response) {
		r := s.As(who).Post("/threads", body).OK()
		var out []string
		n, _ := r.At("threads.#").(float64)
		for i := range int(n) {
			out = append(out, name(r.At(fmt.Sprintf("threads.%d.parent_message_id", i))))
		}
		return strings.Join(out, " "), r
	}
	s.As("ann").Post(path+"/read", `{"thread_id":"`+ids[2]+`"}`).OK()
	s.As("ann").Patch("/threads/"+ids[1], `{"set":{"title":"one","color":"red"}}`).OK()
	for _, tt := range []struct{ body, want string }{
		{`{}`, "3 1 0 2"},
		{`{"sort":[{"field":"last_message_at","direction":-1}]}`, "3 2 1 0"},
		{`{"sort":[{"field":"created_at","direction":1}]}`, "0 1 2 3"},
		{`{"sort":[{"field":"reply_count","direction":-1}],"limit":2}`, "3 2"},
		{`{"sort":[{"field":"has_unread","direction":1},{"field":"last_message_at","direction":1}]}`, "2 0 1 3"},
		{`{"filter":{"channel_cid":"messaging:room"}}`, "1 0 2"},
		{`{"filter":{"channel_cid":{"$in":["messaging:other"]}}}`, "3"},
		{`{"filter":{"parent_message_id":{"$in":["` + ids[0] + `","` + ids[3] + `"]}}}`, "3 0"},
		{`{"filter":{"has_unread":false}}`, "2"},
		{`{"filter":{"has_unread":true,"channel.disabled":false}}`, "3 1 0"},
		{`{"filter":{"reply_count":{"$gte":3}}}`, "3 2"},
		{`{"filter":{"participant_count":2,"active_participant_count":{"$lt":3}}}`, "3 1 0 2"},
		{`{"filter":{"created_by_user_id":"bob"}}`, "3 1 0 2"},
		{`{"filter":{"created_by_user_id":"ann"}}`, ""},
		{`{"filter":{"created_at":{"$gt":"2020-01-01T00:00:00Z"},"updated_at":{"$gt":"2020-01-01T00:00:00Z"},"last_message_at":{"$lt":"2020-01-01T00:00:00Z"}}}`, ""},
		{`{"filter":{"color":"red"}}`, "1"},
		{`{"filter":{"title":"one"}}`, "1"},
		{`{"filter":{"title":{"$in":["two",""]}}}`, "3 0 2"},
		{`{"filter":{"channel.team":"red"}}`, ""},
		{`{"limit":0}`, ""},
	} {
		if got, _ := list("ann", tt.body); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.body, got, tt.want)
		}
	}

	got, page := list("ann", `{"limit":3}`)
	next, _ := page.At("next").(string)
	if got != "3 1 0" || next == "" || page.At("prev") != nil {
		t.Fatalf("first page: %s, %q", got, next)
	}
	got, page = list("ann", `{"limit":3,"next":"`+next+`"}`)
	prev, _ := page.At("prev").(string)
	if got != "2" || page.At("next") != nil {
		t.Fatalf("second page: %s, next %v", got, page.At("next"))
	}
	if got, _ = list("ann", `{"limit":2,"prev":"`+prev+`"}`); got != "1 0" {
		t.Errorf("the page before: %s", got)
	}
	s.As("bob").Post("/threads", `{"next":"`+next+`"}`).Fails(400, 4, "not a valid cursor")

	// What is gone or out of sight is in nobody's list.
	s.As("ann").Delete("/messages/" + ids[2]).OK()
	s.Server().Delete("/messages/" + ids[1] + "?hard=true").OK()
	s.Server().Post(other, `{"remove_members":["ann"]}`).OK()
	if got, _ = list("ann", `{}`); got != "0" {
		t.Errorf("after what was deleted: %s", got)
	}
	s.Server().Post(path+"/truncate", `{}`).OK()
	if got, _ = list("ann", `{}`); got != "" {
		t.Errorf("after the truncation: %s", got)
	}
	s.As("ann").Get("/unread").OK().Want("total_unread_threads_count", "0").Want("threads", "[]")
	s.As("ann").Get("/threads/"+ids[0]).Fails(404, 16, "doesn't exist")
}

func TestUpdateThread(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	path := s.Channel("messaging", "room", "ann", "bob", "cat")
	s.Users("eve")
	parent := said(s, "ann", path, "parent")
	thread := "/threads/" + parent
	s.As("ann").Patch(thread, `{"set":{"title":"x"}}`).Fails(404, 16, "doesn't exist")
	replied(s, "bob", path, parent, "")
	ann, bob, cat := s.As("ann").Connect(), s.As("bob").Connect(), s.As("cat").Connect()
	ann.Watch(path)
	s.As("ann").Patch(thread, `{"set":{"title":"Lunch","color":"red","place":{"city":"Oslo"}}}`).OK().
		Want("thread.title", `"Lunch"`).Want("thread.color", `"red"`).Want("thread.parent_message.id", `"`+parent+`"`).
		Want("thread.thread_participants.#", "2").Want("thread.latest_replies", "null")
	ann.Expect("thread.updated").Want("thread.title", `"Lunch"`).Want("thread.parent_message_id", `"`+parent+`"`).Want("thread.color", `"red"`).
		Want("cid", `"messaging:room"`).Want("user.id", `"ann"`).Want("channel", "null")
	bob.Expect("thread.updated").Want("thread.title", `"Lunch"`).Want("channel.cid", `"messaging:room"`)
	cat.Quiet("thread.updated")
	s.As("bob").Patch(thread, `{"set":{"place.street":"Main"},"unset":["color","title","place.city"]}`).OK().
		Want("thread.title", `""`).Want("thread.color", "null").Want("thread.place", `{"street":"Main"}`)
	s.Server().Patch(thread, `{"set":{"by":"server"}}`).OK()
	ann.Expect("thread.updated")
	ann.Expect("thread.updated").Want("user", "null").Want("thread.by", `"server"`)
	exchangeAll(t, s, []exchange{
		{name: "reserved", who: "ann", method: "PATCH", path: thread, body: `{"set":{"reply_count":1},"unset":["channel.name"]}`, status: 400, code: 4, message: "thread.channel is a reserved field, thread.reply_count is a reserved field"},
		{name: "a wrong type", who: "ann", method: "PATCH", path: thread, body: `{"set":{"title":7}}`, status: 400, code: 4, message: "title"},
		{name: "no object", who: "ann", method: "PATCH", path: thread, body: `{"set":[]}`, status: 400, code: 4, message: "set must be an object"},
		{name: "a long title", who: "ann", method: "PATCH", path: thread, body: map[string]any{"set": map[string]any{"title": strings.Repeat("ü", 256)}}, status: 400, code: 4, message: "thread.title must be 255 characters or less"},
		{name: "NUL", who: "ann", method: "PATCH", path: thread, body: `{"set":{"title":"\u0000"}}`, status: 400, code: 4, message: "U+0000"},
		{name: "much custom data", who: "ann", method: "PATCH", path: thread, body: map[string]any{"set": map[string]any{"x": strings.Repeat("x", 6000)}}, status: 413, code: 22, message: "custom data is too big"},
		{name: "a bad path", who: "ann", method: "PATCH", path: thread, body: `{"set":{"a..b":1}}`, status: 400, code: 4, message: "not a valid field name"},
		{name: "no member", who: "eve", method: "PATCH", path: thread, body: `{"set":{"title":"x"}}`, status: 403, code: 17, message: "ReadChannel"},
		{name: "nothing of it was written", who: "ann", method: "GET", path: thread, want: map[string]string{"thread.title": `""`, "thread.x": "null"}},
	})
	s.Server().Put("/channeltypes/messaging", `{"grants":{"channel_member":["read-channel"],"user":[]}}`).OK()
	s.As("bob").Patch(thread, `{"set":{"title":"x"}}`).Fails(403, 17, "UpdateThread")
}

func TestUnreadThreads(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	path := s.Channel("messaging", "room", "ann", "bob", "cat")
	parent := said(s, "ann", path, "parent")
	ann, away, cat := s.As("ann").Connect(), s.As("ann").Connect(), s.As("cat").Connect()
	bob := s.As("bob").Connect()
	ann.Watch(path)

	first := replied(s, "bob", path, parent, "")
	ann.Expect("message.new").Want("message.parent_id", `"`+parent+`"`).Want("thread_participants.#", "2")
	away.Expect("notification.thread_message_new").Want("thread_id", `"`+parent+`"`).Want("unread_threads", "1").Want("unread_thread_messages", "1").
		Want("message.id", `"`+first+`"`).Want("message.parent_id", `"`+parent+`"`).Want("channel.cid", `"messaging:room"`).Want("cid", `"messaging:room"`).
		Want("watcher_count", "1").Want("parent_author", `"ann"`).Want("unread_count", "null")
	ann.Quiet("notification.thread_message_new") // he watches
	bob.Quiet("notification.thread_message_new") // he wrote it
	cat.Quiet("notification.thread_message_new", "message.new")

	second := replied(s, "bob", path, parent, `,"mentioned_users":["cat"]`)
	away.Expect("notification.thread_message_new").Want("unread_thread_messages", "2")
	cat.Expect("notification.thread_message_new").Want("unread_threads", "1").Want("unread_thread_messages", "1")
	third := replied(s, "cat", path, parent, `,"silent":true`)
	bob.Expect("notification.thread_message_new").Want("unread_threads", "0").Want("message.silent", "true")
	s.As("ann").Connect().Hello.Want("me.unread_threads", "1").Want("me.total_unread_count", "0")
	s.As("cat").Connect().Hello.Want("me.unread_threads", "0")
	s.As("ann").Get("/unread").OK().Want("total_unread_threads_count", "1").Want("threads.#", "1").Want("threads.0.parent_message_id", `"`+parent+`"`).
		Want("threads.0.unread_count", "2").Want("threads.0.last_read_message_id", `""`)
	s.Server().Post("/unread_batch", `{"user_ids":["ann","bob"]}`).OK().
		Want("counts_by_user.ann.total_unread_threads_count", "1").Want("counts_by_user.bob.threads", "[]")

	s.As("ann").Post(path+"/read", `{"thread_id":"`+parent+`","message_id":"`+first+`"}`).OK().Want("event.thread.parent_message_id", `"`+parent+`"`).
		Want("event.last_read_message_id", `"`+first+`"`)
	away.Expect("notification.mark_read").Want("unread_threads", "1").Want("unread_thread_messages", "1").Want("thread_id", `"`+parent+`"`)
	ann.Expect("message.read").Want("thread.parent_message_id", `"`+parent+`"`).Want("thread.reply_count", "3").Want("user.id", `"ann"`)
	s.As("ann").Post(path+"/read", `{"thread_id":"`+parent+`"}`).OK()
	away.Expect("notification.mark_read").Want("unread_threads", "0").Want("unread_thread_messages", "0").Want("last_read_message_id", `"`+third+`"`)

	s.As("ann").Post(path+"/unread", `{"thread_id":"`+parent+`","message_id":"`+second+`"}`).OK()
	away.Expect("notification.mark_unread").Want("unread_threads", "1").Want("unread_thread_messages", "1").Want("unread_messages", "1").
		Want("first_unread_message_id", `"`+second+`"`).Want("last_read_message_id", `"`+first+`"`).Want("total_unread_count", "0")
	s.As("ann").Post("/channels/read", `{}`).OK() // channels, not threads
	away.Expect("notification.mark_read").Want("unread_threads", "1").Want("unread_channels", "0")

	s.As("bob").Delete("/messages/" + second).OK()
	s.As("ann").Get("/unread").OK().Want("total_unread_threads_count", "0")
	s.As("ann").Get("/threads/"+parent).OK().Want("thread.reply_count", "2").Want("thread.latest_replies.#", "2")
	s.Server().Delete("/messages/" + third + "?hard=true").OK()
	s.As("ann").Get("/threads/"+parent).OK().Want("thread.reply_count", "1").Want("thread.latest_replies.0.id", `"`+first+`"`)

	// A thread without its beginning is in no list, and so not among what is unread.
	replied(s, "bob", path, parent, "")
	s.As("ann").Get("/unread").OK().Want("total_unread_threads_count", "1")
	s.As("ann").Delete("/messages/" + parent).OK()
	s.As("ann").Get("/unread").OK().Want("total_unread_threads_count", "0").Want("threads", "[]")
	s.As("ann").Connect().Hello.Want("me.unread_threads", "0")
	s.Server().Post("/messages/"+parent+"/undelete", `{"undeleted_by":"ann"}`).OK()
	s.As("ann").Get("/unread").OK().Want("total_unread_threads_count", "1")
}

func TestThreadsOfFewEyes(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	path := s.Channel("messaging", "room", "ann", "bob", "cat")
	s.Server().Post("/users", `{"users":{"mod":{"id":"mod","role":"admin"},"bob":{"id":"bob","name":"bob","privacy_settings":{"read_receipts":{"enabled":false}}}}}`).OK()
	parent := said(s, "ann", path, "parent")
	replied(s, "bob", path, parent, `,"mentioned_users":["cat"]`)
	s.Server().Post(path+"/message", `{"message":{"text":"between us","parent_id":"`+parent+`","user_id":"mod","restricted_visibility":["ann"]}}`).OK()
	s.As("ann").Get("/unread").OK().Want("threads.0.unread_count", "2")
	s.As("cat").Get("/unread").OK().Want("threads.0.unread_count", "1")
	s.As("cat").Get("/threads/"+parent).OK().Want("thread.latest_replies.#", "1").Want("thread.read.#", "3") // bob does not show what he reads

	// Who is shadow-banned makes no thread unread, and takes no part in it.
	alter(t, s, `UPDATE users SET shadow_banned = true WHERE app_id = $1 AND id = 'cat'`)
	replied(s, "cat", path, parent, "")
	s.As("bob").Get("/unread").OK().Want("total_unread_threads_count", "0")
	s.As("bob").Get("/threads/"+parent).OK().Want("thread.latest_replies.#", "1").Want("thread.thread_participants.2.user.shadow_banned", "false")
}

func TestThreadWatch(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	path := s.Channel("messaging", "room", "ann", "bob")
	parent := said(s, "ann", path, "parent")
	replied(s, "bob", path, parent, "")
	ann, bob := s.As("ann").Connect(), s.As("bob").Connect()
	bob.Watch(path)
	ann.Client.Post("/threads", `{"watch":false}`).OK().Want("threads.#", "1")
	bob.Quiet("user.watching.start")
	ann.Client.Post("/threads", `{}`).OK().Want("threads.#", "1").Want("threads.0.channel.own_capabilities.0", `"connect-events"`)
	bob.Expect("user.watching.start").Want("user.id", `"ann"`)
	replied(s, "bob", path, parent, "")
	ann.Expect("message.new").Want("message.parent_id", `"`+parent+`"`)
}
