package httpapi_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"chatd/internal/testkit"
)

func TestUndeleteMessage(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	path := s.Channel("messaging", "room", "ann", "bob")
	gone := s.Channel("messaging", "gone", "ann")
	s.Server().Post("/users", `{"users":{"mod":{"id":"mod","role":"admin"}}}`).OK()
	say := func(who, path, m string) { s.As(who).Post(path+"/message", `{"message":`+m+`}`).OK() }
	say("ann", path, `{"id":"m1","text":"one","pinned":true}`)
	say("ann", path, `{"id":"hush","text":"two","silent":true}`)
	say("mod", path, `{"id":"sys","text":"three","type":"system"}`)
	say("ann", path, `{"id":"root","text":"root"}`)
	say("bob", path, `{"id":"r1","text":"reply","parent_id":"root"}`)
	say("ann", gone, `{"id":"lost","text":"x"}`)
	for _, id := range []string{"m1", "hush", "sys", "r1", "lost"} {
		s.Server().Delete("/messages/" + id).OK()
	}
	s.Server().Delete(gone).OK()
	s.As("bob").Get("/unread").OK().Want("total_unread_count", "1")
	bob := s.As("bob").Connect()
	bob.Watch(path)
	by := `{"undeleted_by":"mod"}`
	exchangeAll(t, s, []exchange{
		{name: "client side", who: "ann", method: "POST", path: "/messages/m1/undelete", body: by, status: 403, code: 17, message: "server side"},
		{name: "by nobody", method: "POST", path: "/messages/m1/undelete", body: `{}`, status: 400, code: 4, message: `UndeleteMessage failed with error: "undeleted_by is a required field"`},
		{name: "by no id", method: "POST", path: "/messages/m1/undelete", body: `{"undeleted_by":"a b"}`, status: 400, code: 4, message: "user_id"},
		{name: "by who does not exist", method: "POST", path: "/messages/m1/undelete", body: `{"undeleted_by":"zoe"}`, status: 404, code: 16, message: "the user zoe does not exist"},
		{name: "no message", method: "POST", path: "/messages/nope/undelete", body: by, status: 404, code: 16, message: "message with id nope doesn't exist"},
		{name: "what is not deleted", method: "POST", path: "/messages/root/undelete", body: by, status: 400, code: 4, message: "message with id root is not deleted"},
		{name: "of a deleted channel", method: "POST", path: "/messages/lost/undelete", body: by, status: 404, code: 16, message: "has been deleted"},
		{
			name: "a message", method: "POST", path: "/messages/m1/undelete", body: by,
			want: map[string]string{"message.type": `"regular"`, "message.deleted_at": "null", "message.text": `"one"`, "message.pinned": "false", "message.user.id": `"ann"`},
		},
		{name: "twice", method: "POST", path: "/messages/m1/undelete", body: by, status: 400, code: 4, message: "is not deleted"},
		{name: "it is there", who: "bob", method: "GET", path: "/messages/m1", want: map[string]string{"message.type": `"regular"`, "message.deleted_at": "null"}},
		{name: "it counts", who: "bob", method: "GET", path: "/unread", want: map[string]string{"total_unread_count": "2"}},
		{name: "not for its author", who: "ann", method: "GET", path: "/unread", want: map[string]string{"total_unread_count": "0"}},
		{name: "a silent one", method: "POST", path: "/messages/hush/undelete", body: by, want: map[string]string{"message.silent": "true"}},
		{name: "which counts as little as before", who: "bob", method: "GET", path: "/unread", want: map[string]string{"total_unread_count": "2"}},
		{name: "a system message", method: "POST", path: "/messages/sys/undelete", body: by, want: map[string]string{"message.type": `"system"`}},
		{name: "the parent of a deleted reply", method: "DELETE", path: "/messages/root"},
		{name: "a reply without a parent", method: "POST", path: "/messages/r1/undelete", body: by, status: 400, code: 4, message: "parent message has been deleted"},
		{name: "the parent", method: "POST", path: "/messages/root/undelete", body: by, want: map[string]string{"message.reply_count": "0", "message.deleted_reply_count": "1"}},
		{name: "the reply", method: "POST", path: "/messages/r1/undelete", body: by, want: map[string]string{"message.type": `"reply"`, "message.parent_id": `"root"`}},
		{name: "the parent then", who: "ann", method: "GET", path: "/messages/root", want: map[string]string{"message.reply_count": "1", "message.deleted_reply_count": "0"}},
		{name: "its replies", who: "ann", method: "GET", path: "/messages/root/replies", want: map[string]string{"messages.#": "1"}},
		{name: "for good", method: "DELETE", path: "/messages/m1?hard=true"},
		{name: "not from there", method: "POST", path: "/messages/m1/undelete", body: by, status: 404, code: 16, message: "m1"},
	})
	bob.Expect("message.undeleted").Want("message_id", `"m1"`).Want("message.type", `"regular"`).Want("cid", `"messaging:room"`).
		Want("channel_id", `"room"`).Want("channel_type", `"messaging"`).Want("message.own_reactions", "[]").Want("channel_member_count", "2")
	for _, id := range []string{"hush", "sys", "root", "r1"} {
		bob.Expect("message.undeleted").Want("message_id", `"`+id+`"`)
	}
	bob.Expect("message.updated").Want("message_id", `"root"`).Want("message.reply_count", "1").Want("message.deleted_reply_count", "0")
}

func TestMessageHistory(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	path := s.Channel("messaging", "room", "ann", "bob")
	s.Server().Post("/users", `{"users":{"mod":{"id":"mod","role":"admin"}}}`).OK()
	sent := s.As("ann").Post(path+"/message", `{"message":{"id":"m1","text":"one","color":"red","attachments":[{"type":"x"}]}}`).OK()
	s.As("ann").Post(path+"/message", `{"message":{"id":"m2","text":"other"}}`).OK()
	edited := s.As("ann").Post("/messages/m1", `{"message":{"text":"two","color":"blue"}}`).OK()
	s.As("mod").Put("/messages/m1", `{"set":{"text":"three"}}`).OK()
	s.As("ann").Put("/messages/m1", `{"set":{"pinned":true}}`).OK() // which is not kept
	s.As("ann").Put("/messages/m1", `{}`).OK()                      // nor is nothing
	s.As("bob").Post("/messages/m1/reaction", `{"reaction":{"type":"like"}}`).OK()
	s.Server().Put("/messages/m1", `{"set":{"size":1}}`).OK()
	s.As("ann").Delete("/messages/m1").OK()
	s.Server().Post("/messages/m1/undelete", `{"undeleted_by":"mod"}`).OK()
	s.As("bob").Put("/messages/m2", `{"set":{"text":"mine"}}`).Fails(403, 17, "UpdateMessage") // and is not kept
	s.As("ann").Delete("/messages/m2").OK()
	to, of := "/messages/history", `{"filter":{"message_id":"m1"}`
	exchangeAll(t, s, []exchange{
		{
			name: "newest first", method: "POST", path: to, body: of + `}`,
			want: map[string]string{
				"message_history.#":      "5",
				"message_history.0.text": `"three"`, "message_history.0.is_deleted": "true", "message_history.0.message_updated_by_id": `"ann"`, "message_history.0.size": "1",
				"message_history.1.text": `"three"`, "message_history.1.is_deleted": "false", "message_history.1.message_updated_by_id": `""`, "message_history.1.size": "1",
				"message_history.2.text": `"three"`, "message_history.2.message_updated_by_id": `"mod"`, "message_history.2.size": "null",
				"message_history.3.text": `"two"`, "message_history.3.message_updated_by_id": `"ann"`, "message_history.3.color": `"blue"`, "message_history.3.attachments": "[]",
				"message_history.4.text": `"one"`, "message_history.4.message_updated_by_id": `"ann"`, "message_history.4.color": `"red"`, "message_history.4.attachments": `[{"type":"x"}]`,
				"message_history.4.message_updated_at": fmt.Sprintf("%q", sent.At("message.created_at")), "message_history.3.message_updated_at": fmt.Sprintf("%q", edited.At("message.updated_at")),
				"message_history.4.message_id": `"m1"`, "next": "null", "prev": "null",
			},
		},
		{name: "oldest first", method: "POST", path: to, body: of + `,"sort":[{"field":"message_updated_at","direction":1}]}`, want: map[string]string{"message_history.0.text": `"one"`}},
		{name: "by who wrote it", method: "POST", path: to, body: of + `,"sort":[{"field":"message_updated_by_id","direction":-1}]}`, want: map[string]string{"message_history.0.message_updated_by_id": `"mod"`, "message_history.4.message_updated_by_id": `""`}},
		{name: "of a user", method: "POST", path: to, body: `{"filter":{"message_updated_by_id":"mod"}}`, want: map[string]string{"message_history.#": "1", "message_history.0.text": `"three"`}},
		{name: "of users", method: "POST", path: to, body: `{"filter":{"message_updated_by_id":{"$in":["mod","bob"]}}}`, want: map[string]string{"message_history.#": "1"}},
		{name: "of messages", method: "POST", path: to, body: `{"filter":{"message_id":{"$in":["m1","m2"]}}}`, want: map[string]string{"message_history.#": "6"}},
		{name: "since", method: "POST", path: to, body: `{"filter":{"message_updated_at":{"$gt":"2020-01-01T00:00:00Z"},"message_id":"m1"}}`, want: map[string]string{"message_history.#": "5"}},
		{name: "before", method: "POST", path: to, body: `{"filter":{"message_updated_at":{"$lt":"2020-01-01T00:00:00Z"}}}`, want: map[string]string{"message_history": "[]"}},
		{name: "by custom data", method: "POST", path: to, body: `{"filter":{"color":"red"}}`, want: map[string]string{"message_history.#": "1", "message_history.0.text": `"one"`}},
		{name: "of nothing", method: "POST", path: to, body: `{"filter":{"message_id":"nope"}}`, want: map[string]string{"message_history": "[]"}},
		{name: "without a filter", method: "POST", path: to, body: `{}`, status: 400, code: 4, message: `QueryMessageHistory failed with error: "filter is a required field"`},
		{name: "with an empty filter", method: "POST", path: to, body: `{"filter":{}}`, status: 400, code: 4, message: "filter is a required field"},
		{name: "with four fields", method: "POST", path: to, body: `{"filter":{"a":1,"b":1,"c":1,"d":1}}`, status: 400, code: 4, message: "filter must contain at maximum 3 items"},
		{name: "by what is no operator", method: "POST", path: to, body: `{"filter":{"message_id":{"$gt":"a"}}}`, status: 400, code: 4, message: "$gt"},
		{name: "by what is no time", method: "POST", path: to, body: `{"filter":{"message_updated_at":"yesterday"}}`, status: 400, code: 4, message: "message_updated_at"},
		{name: "sorted by what", method: "POST", path: to, body: of + `,"sort":[{"field":"text"}]}`, status: 400, code: 4, message: "text"},
		{name: "sorted by its id", method: "POST", path: to, body: of + `,"sort":[{"field":"id"}]}`, status: 400, code: 4, message: "id"},
		{name: "too many", method: "POST", path: to, body: of + `,"limit":101}`, status: 400, code: 4, message: "limit must be 100 or less"},
		{name: "with no cursor", method: "POST", path: to, body: of + `,"next":"abc"}`, status: 400, code: 4, message: "cursor"},
		{name: "client side", who: "mod", method: "POST", path: to, body: of + `}`, status: 403, code: 17, message: "server side"},
	})
	page := func(cursor string) *testkit.Response { return s.Server().Post(to, of+`,"limit":2`+cursor+`}`).OK() }
	one := page("")
	two := page(fmt.Sprintf(`,"next":%q`, one.At("next"))).Want("message_history.#", "2").Want("message_history.1.text", `"two"`)
	three := page(fmt.Sprintf(`,"next":%q`, two.At("next"))).Want("message_history.#", "1").Want("message_history.0.text", `"one"`).Want("next", "null")
	page(fmt.Sprintf(`,"prev":%q`, three.At("prev"))).Want("message_history.#", "2").Want("message_history.1.text", `"two"`)

	s.Server().Delete("/messages/m1?hard=true").OK()
	s.Server().Post(to, of+`}`).OK().Want("message_history", "[]")
	s.Server().Post(to, `{"filter":{"message_id":"m2"}}`).OK().Want("message_history.#", "1")
}

// TestMessageHistoryByCustomData walks through versions that custom data selects, of
// several messages.
func TestMessageHistoryByCustomData(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	path := s.Channel("messaging", "room", "ann", "bob")
	for _, id := range []string{"m1", "m2"} {
		s.As("ann").Post(path+"/message", fmt.Sprintf(`{"message":{"id":%q,"text":"0","color":"red","n":0}}`, id)).OK()
	}
	for i := range 4 {
		color := []string{"red", "blue"}[i%2]
		for _, id := range []string{"m1", "m2"} {
			s.Server().Post("/messages/"+id, fmt.Sprintf(`{"message":{"text":"%d","color":%q,"n":%d,"user_id":"ann"}}`, i+1, color, i+1)).OK()
		}
	}
	walk := func(query string, want ...string) {
		t.Helper()
		read := func(cursor string) (list, next, prev string) {
			t.Helper()
			r := s.Server().Post("/messages/history", `{"limit":2,`+query+cursor+`}`).OK()
			for i := range 2 {
				if id := r.At(fmt.Sprintf("message_history.%d.message_id", i)); id != nil {
					list += fmt.Sprintf("%s.%s ", id, r.At(fmt.Sprintf("message_history.%d.text", i)))
				}
			}
			next, _ = r.At("next").(string)
			prev, _ = r.At("prev").(string)
			return strings.TrimSpace(list), next, prev
		}
		cursor := ""
		for i, page := range want {
			list, next, prev := read(cursor)
			if list != page || (next == "") != (i == len(want)-1) || (prev == "") != (i == 0) {
				t.Fatalf("%s: page %d is %q, then %q, before it %q, want %q", query, i, list, next, prev, page)
			}
			if i > 0 {
				if back, _, _ := read(fmt.Sprintf(`,"prev":%q`, prev)); back != want[i-1] {
					t.Errorf("%s: before page %d is %q, want %q", query, i, back, want[i-1])
				}
			}
			cursor = fmt.Sprintf(`,"next":%q`, next)
		}
	}
	walk(`"filter":{"color":"red"}`, "m2.3 m1.3", "m2.1 m1.1", "m2.0 m1.0")
	walk(`"filter":{"color":"red","message_id":"m1"}`, "m1.3 m1.1", "m1.0")
	walk(`"filter":{"n":{"$gte":2}},"sort":[{"field":"message_updated_at","direction":1}]`, "m1.2 m2.2", "m1.3 m2.3")
	walk(`"filter":{"color":"blue"},"sort":[{"field":"message_updated_by_id","direction":-1},{"field":"message_updated_at","direction":1}]`, "m1.2 m2.2")
	walk(`"filter":{"color":"green"}`, "")
}

func TestEphemeralUpdate(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	path := s.Channel("messaging", "room", "ann", "bob")
	s.As("ann").Post(path+"/message", `{"message":{"id":"m1","text":"one","a":{"b":1}}}`).OK()
	s.As("ann").Post(path+"/message", `{"message":{"id":"gone","text":"x"}}`).OK()
	s.As("ann").Delete("/messages/gone").OK()
	bob := s.As("bob").Connect()
	bob.Watch(path)
	to := "/messages/m1/ephemeral"
	exchangeAll(t, s, []exchange{
		{
			name: "a text", method: "PATCH", path: to, body: `{"set":{"text":"*writing*","a.c":2},"unset":["a.b"],"user":{"id":"ann"},"skip_push":true}`,
			want: map[string]string{"message.text": `"*writing*"`, "message.html": `"<p><em>writing</em></p>\n"`, "message.a": `{"c":2}`, "message.user.id": `"ann"`},
		},
		{name: "by nobody", method: "PATCH", path: to, body: `{"set":{"state":"thinking"}}`, want: map[string]string{"message.state": `"thinking"`, "message.text": `"one"`}},
		{name: "it is not stored", who: "bob", method: "GET", path: "/messages/m1", want: map[string]string{"message.text": `"one"`, "message.a": `{"b":1}`, "message.message_text_updated_at": "null"}},
		{name: "nor is it history", method: "POST", path: "/messages/history", body: `{"filter":{"message_id":"m1"}}`, want: map[string]string{"message_history": "[]"}},
		{name: "too long", method: "PATCH", path: to, body: `{"set":{"text":"` + strings.Repeat("x", 5001) + `"}}`, status: 400, code: 20, message: "too long"},
		{name: "a reserved field", method: "PATCH", path: to, body: `{"set":{"created_at":"x"}}`, status: 400, code: 4, message: "message.created_at is a reserved field"},
		{name: "silence", method: "PATCH", path: to, body: `{"set":{"silent":true}}`, status: 400, code: 4, message: "silent"},
		{name: "two users", method: "PATCH", path: to, body: `{"set":{"a":1},"user":{"id":"ann"},"user_id":"bob"}`, status: 400, code: 4, message: "cannot set both"},
		{name: "no message", method: "PATCH", path: "/messages/nope/ephemeral", body: `{}`, status: 404, code: 16, message: "nope"},
		{name: "a deleted one", method: "PATCH", path: "/messages/gone/ephemeral", body: `{}`, status: 400, code: 4, message: "has been deleted"},
		{name: "client side", who: "ann", method: "PATCH", path: to, body: `{"set":{"text":"x"}}`, status: 403, code: 17, message: "server side"},
	})
	bob.Expect("message.updated").Want("message.text", `"*writing*"`).Want("message_id", `"m1"`).Want("user.id", `"ann"`).Want("message.own_reactions", "[]")
	bob.Expect("message.updated").Want("message.state", `"thinking"`).Want("user", "null")
}

func TestPinnedMessages(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	path := s.Channel("messaging", "room", "ann", "bob")
	s.Users("dan")
	at := map[string]string{}
	for _, id := range []string{"p1", "p2", "p3", "p4", "p5"} { // the pins in another order than the messages
		s.As("ann").Post(path+"/message", `{"message":{"id":"`+id+`","text":"x"}}`).OK()
	}
	for _, id := range []string{"p3", "p1", "p5", "p2", "p4"} {
		at[id], _ = s.As("bob").Put("/messages/"+id, `{"set":{"pinned":true}}`).OK().At("message.pinned_at").(string)
	}
	s.As("ann").Post(path+"/message", `{"message":{"id":"plain","text":"x"}}`).OK()
	s.As("ann").Post(path+"/message", `{"message":{"id":"over","text":"x","pinned":true,"pin_expires":"2100-01-01T00:00:00Z"}}`).OK()
	s.As("ann").Post(path+"/message", `{"message":{"id":"gone","text":"x","pinned":true}}`).OK()
	s.As("ann").Delete("/messages/gone").OK()
	alter(t, s, `UPDATE messages SET pin_expires = '2026-01-01' WHERE app_id = $1 AND id = 'over'`)
	page := func(payload string) string { return path + "/pinned_messages?payload=" + url.QueryEscape(payload) }
	tests := []struct{ payload, want string }{
		{`{}`, "p4 p2 p5 p1 p3"},
		{`{"limit":2}`, "p4 p2"},
		{`{"limit":2,"offset":1}`, "p2 p5"},
		{`{"limit":2,"sort":[{"field":"pinned_at","direction":-1}]}`, "p4 p2"},
		{`{"limit":2,"sort":[{"field":"pinned_at","direction":1}]}`, "p3 p1"},
		{`{"limit":2,"id_lt":"p2"}`, "p5 p1"},
		{`{"limit":2,"id_lte":"p2"}`, "p2 p5"},
		{`{"limit":2,"id_gt":"p1"}`, "p2 p5"},
		{`{"limit":2,"id_gte":"p1"}`, "p5 p1"},
		{`{"limit":2,"id_gt":"p1","sort":[{"field":"pinned_at","direction":1}]}`, "p5 p2"},
		{`{"limit":3,"id_around":"p5"}`, "p2 p5 p1"},
		{`{"pinned_at_before":"` + at["p5"] + `"}`, "p1 p3"},
		{`{"pinned_at_before_or_equal":"` + at["p5"] + `"}`, "p5 p1 p3"},
		{`{"pinned_at_after":"` + at["p5"] + `"}`, "p4 p2"},
		{`{"pinned_at_after_or_equal":"` + at["p5"] + `"}`, "p4 p2 p5"},
		{`{"limit":3,"pinned_at_around":"` + at["p5"] + `"}`, "p2 p5 p1"},
		{`{"offset":9}`, ""},
	}
	for _, tt := range tests {
		r := s.As("bob").Get(page(tt.payload)).OK()
		var got []string
		for i := 0; r.At(fmt.Sprintf("messages.%d", i)) != nil; i++ {
			got = append(got, fmt.Sprint(r.At(fmt.Sprintf("messages.%d.id", i))))
		}
		if strings.Join(got, " ") != tt.want {
			t.Errorf("%s: %v, want %s", tt.payload, got, tt.want)
		}
	}
	exchangeAll(t, s, []exchange{
		{name: "what they are", who: "bob", method: "GET", path: page(`{"limit":1}`), want: map[string]string{"messages.0.pinned": "true", "messages.0.pinned_by.id": `"bob"`, "messages.0.user.id": `"ann"`}},
		{name: "without a payload", who: "bob", method: "GET", path: path + "/pinned_messages?limit=1", want: map[string]string{"messages.#": "1"}},
		{name: "server side", method: "GET", path: page(`{"limit":1}`), want: map[string]string{"messages.#": "1"}},
		{name: "before what is not pinned", who: "bob", method: "GET", path: page(`{"id_lt":"plain"}`), status: 400, code: 4, message: "plain"},
		{name: "too many", who: "bob", method: "GET", path: page(`{"limit":301}`), status: 400, code: 4, message: "limit must be 300 or less"},
		{name: "too few", who: "bob", method: "GET", path: page(`{"limit":-1}`), status: 400, code: 4, message: "limit must be 0 or greater"},
		{name: "sorted by what", who: "bob", method: "GET", path: page(`{"sort":[{"field":"created_at","direction":1}]}`), status: 400, code: 4, message: "created_at"},
		{name: "sorted twice", who: "bob", method: "GET", path: page(`{"sort":[{"field":"pinned_at","direction":1},{"field":"pinned_at","direction":1}]}`), status: 400, code: 4, message: "at maximum 1"},
		{name: "a time that is none", who: "bob", method: "GET", path: page(`{"pinned_at_before":"x"}`), status: 400, code: 4, message: "pinned_at_before"},
		{name: "a stranger", who: "dan", method: "GET", path: page(`{}`), status: 403, code: 17, message: "ReadChannel"},
		{name: "no channel", who: "bob", method: "GET", path: "/channels/messaging/nope/pinned_messages", status: 404, code: 16, message: "messaging:nope"},
	})
}

// Those who watch are told of a message when its replies change.
func TestParentsAreTold(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	path := s.Channel("messaging", "room", "ann", "bob")
	since, _ := s.As("ann").Post(path+"/message", `{"message":{"id":"root","text":"root"}}`).OK().At("message.created_at").(string)
	s.As("bob").Post("/messages/root/reaction", `{"reaction":{"type":"like"}}`).OK()
	bob := s.As("bob").Connect()
	bob.Watch(path)
	told := func(count, deleted, participants string) *testkit.Event {
		t.Helper()
		return bob.Expect("message.updated").Want("message_id", `"root"`).Want("message.reply_count", count).Want("message.deleted_reply_count", deleted).
			Want("message.thread_participants.#", participants).Want("message.own_reactions", "[]").Want("message.reaction_counts", `{"like":1}`)
	}
	reply := func(who, id string) {
		t.Helper()
		r := s.As(who).Post(path+"/message", `{"message":{"id":"`+id+`","text":"x","parent_id":"root"}}`).OK()
		bob.Expect("message.new").Want("message_id", `"`+id+`"`)
		if at := r.At("message.created_at"); at == nil {
			t.Fatal("no time")
		}
	}
	reply("ann", "r1")
	told("1", "0", "1").Want("user.id", `"ann"`)
	reply("bob", "r2")
	told("2", "0", "2").Want("user.id", `"bob"`)
	reply("ann", "r3")
	told("3", "0", "2")
	s.As("ann").Delete("/messages/r1").OK()
	told("2", "1", "2")
	s.Server().Post("/messages/r1/undelete", `{"undeleted_by":"ann"}`).OK()
	told("3", "0", "2")
	s.Server().Delete("/messages/r2?hard=true").OK()
	told("2", "0", "2").Want("user", "null")
	s.As("ann").Get("/messages/root").OK().Want("message.reply_count", "2").Want("message.message_text_updated_at", "null")
	s.As("bob").Post("/sync", `{"channel_cids":["messaging:room"],"last_sync_at":"`+since+`"}`).OK().
		Want("events.#", "4").Want("events.3.type", `"message.updated"`).Want("events.3.message.reply_count", "2").Want("events.3.message.id", `"root"`)
}

// A client that was away is told of what was removed for good.
func TestSyncOfRemovedMessages(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	path := s.Channel("messaging", "room", "ann", "bob", "mod")
	s.Server().Patch("/users", `{"users":[{"id":"mod","set":{"role":"admin"}}]}`).OK()
	for _, m := range []string{
		`{"id":"root","text":"secret"}`, `{"id":"r1","text":"x","parent_id":"root"}`, `{"id":"r2","text":"x","parent_id":"root","show_in_channel":true}`, `{"id":"stays","text":"x"}`,
	} {
		s.As("ann").Post(path+"/message", `{"message":`+m+`}`).OK()
	}
	s.As("mod").Post(path+"/message", `{"message":{"id":"only","text":"x","restricted_visibility":["ann"]}}`).OK()
	since := time.Now().UTC().Format(time.RFC3339Nano)
	s.Server().Delete("/messages/root?hard=true").OK()
	s.Server().Delete("/messages/only?hard=true").OK()
	ask := `{"channel_cids":["messaging:room"],"last_sync_at":"` + since + `"}`
	r := s.As("bob").Post("/sync", ask).OK().Want("events.#", "2")
	got := fmt.Sprintf("%v %v", r.At("events.0.message.id"), r.At("events.1.message.id"))
	if got != "root r2" && got != "r2 root" {
		t.Errorf("removed: %s", got)
	}
	r.Want("events.0.type", `"message.deleted"`).Want("events.0.hard_delete", "true").Want("events.0.message.type", `"deleted"`).Want("events.0.message.user.id", `"ann"`).
		Want("events.0.message.text", `""`).Want("events.0.message.attachments", "[]").Want("events.0.cid", `"messaging:room"`)
	s.As("ann").Post("/sync", ask).OK().Want("events.#", "3")
}
