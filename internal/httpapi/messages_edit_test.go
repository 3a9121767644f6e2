package httpapi_test

import (
	"strings"
	"testing"

	"chatd/internal/testkit"
)

func TestUpdateMessage(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	path := s.Channel("messaging", "room", "ann", "bob")
	s.Users("dan")
	s.Server().Post("/users", `{"users":{"mod":{"id":"mod","role":"admin"}}}`).OK()
	s.As("ann").Post(path+"/message", `{"message":{"id":"m1","text":"one","color":"red","nested":{"a":1,"b":2},"mentioned_users":["bob"],"attachments":[{"type":"x"}]}}`).OK()
	s.As("ann").Post(path+"/message", `{"message":{"id":"m2","text":"two"}}`).OK()
	s.As("ann").Post(path+"/message", `{"message":{"id":"gone","text":"three"}}`).OK()
	s.As("ann").Delete("/messages/gone").OK()
	m := "/messages/m1"
	exchangeAll(t, s, []exchange{
		{
			name: "partly", who: "ann", method: "PUT", path: m, body: `{"set":{"color":"blue","nested.a":3,"size":1},"unset":["nested.b"]}`,
			want: map[string]string{
				"message.text": `"one"`, "message.color": `"blue"`, "message.nested": `{"a":3}`, "message.size": "1", "message.mentioned_users.#": "1",
				"message.attachments": `[{"type":"x"}]`, "message.message_text_updated_at": "null",
			},
		},
		{
			name: "partly, what has a meaning", who: "ann", method: "PUT", path: m, body: `{"set":{"text":"*uno*","mentioned_users":[],"attachments":[]}}`,
			want: map[string]string{"message.html": `"<p><em>uno</em></p>\n"`, "message.mentioned_users": "[]", "message.attachments": "[]", "message.color": `"blue"`},
		},
		{name: "pin", who: "bob", method: "PUT", path: m, body: `{"set":{"pinned":true,"pin_expires":null,"x":1}}`, status: 403, code: 17, message: "UpdateMessage"},
		{
			name: "pin another's", who: "bob", method: "PUT", path: m, body: `{"set":{"pinned":true,"pin_expires":null,"pinned_at":"2026-01-01T00:00:00Z"}}`,
			want: map[string]string{"message.pinned": "true", "message.pinned_by.id": `"bob"`, "message.pin_expires": "null", "message.pinned_at": `"2026-01-01T00:00:00Z"`},
		},
		{
			name: "pin it elsewhere among the others", who: "ann", method: "PUT", path: m, body: `{"set":{"pinned":true,"pinned_at":"2025-01-01T00:00:00Z"}}`,
			want: map[string]string{"message.pinned_by.id": `"bob"`, "message.pinned_at": `"2025-01-01T00:00:00Z"`},
		},
		{name: "pin until yesterday", who: "bob", method: "PUT", path: m, body: `{"set":{"pinned":true,"pin_expires":"2020-01-01T00:00:00Z"}}`, status: 400, code: 4, message: "pin_expires"},
		{name: "unpin", who: "ann", method: "PUT", path: m, body: `{"set":{"pinned":false}}`, want: map[string]string{"message.pinned": "false", "message.pinned_at": "null", "message.pinned_by": "null"}},
		{name: "no later than now", who: "ann", method: "PUT", path: m, body: `{"set":{"pinned":true,"pinned_at":"2199-01-01T00:00:00Z"}}`, want: map[string]string{"message.pinned": "true"}},
		{name: "not in what is to come", who: "ann", method: "GET", path: path + "/pinned_messages?pinned_at_after=2190-01-01T00:00:00Z", want: map[string]string{"messages": "[]"}},
		{name: "pin again", who: "ann", method: "PUT", path: m, body: `{"set":{"pinned":true}}`, want: map[string]string{"message.pinned": "true"}},
		{name: "unpin by unsetting", who: "ann", method: "PUT", path: m, body: `{"unset":["pinned"]}`, want: map[string]string{"message.pinned": "false", "message.pinned_at": "null", "message.pinned_by": "null"}},
		{name: "a reserved field", who: "ann", method: "PUT", path: m, body: `{"set":{"user_id":"bob","created_at":"x","reply_count":1}}`, status: 400, code: 4, message: "message.created_at is a reserved field, message.reply_count is a reserved field, message.user_id is a reserved field"},
		{name: "a reserved path", who: "ann", method: "PUT", path: m, body: `{"unset":["user.name"]}`, status: 400, code: 4, message: "message.user is a reserved field"},
		{name: "html", who: "ann", method: "PUT", path: m, body: `{"set":{"html":"<b>x</b>"}}`, status: 400, code: 4, message: "message.html is a reserved field"},
		{name: "silence", who: "ann", method: "PUT", path: m, body: `{"set":{"silent":true}}`, status: 400, code: 4, message: "message.silent field cannot be updated"},
		{name: "a bad path", who: "ann", method: "PUT", path: m, body: `{"set":{"a..b":1}}`, status: 400, code: 4, message: "a..b"},
		{name: "too much", who: "ann", method: "PUT", path: m, body: `{"set":{"a":"` + strings.Repeat("x", 5200) + `"}}`, status: 413, code: 22, message: "too big"},
		{name: "nothing", who: "ann", method: "PUT", path: m, body: `{}`, want: map[string]string{"message.text": `"*uno*"`}},
		{name: "another's", who: "bob", method: "PUT", path: m, body: `{"set":{"color":"x"}}`, status: 403, code: 17, message: "User 'bob' with role 'user' is not allowed to perform action UpdateMessage in scope 'messaging'"},
		{name: "a stranger", who: "dan", method: "PUT", path: m, body: `{"set":{"pinned":true}}`, status: 403, code: 17, message: "PinMessage"},
		{name: "server side for nobody", method: "PUT", path: m, body: `{"set":{"flag":true}}`, want: map[string]string{"message.flag": "true", "message.user.id": `"ann"`}},
		{name: "server side for a user", method: "PUT", path: m, body: `{"set":{"pinned":true},"user_id":"mod"}`, want: map[string]string{"message.pinned_by.id": `"mod"`}},
		{name: "no message", who: "ann", method: "PUT", path: "/messages/nope", body: `{"set":{"a":1}}`, status: 404, code: 16, message: "message with id nope doesn't exist"},
		{name: "a deleted one", who: "ann", method: "PUT", path: "/messages/gone", body: `{"set":{"a":1}}`, status: 400, code: 4, message: "has been deleted"},

		{
			name: "all", who: "ann", method: "POST", path: m, body: `{"message":{"text":"new","quoted_message_id":"m2","type":"regular","silent":false}}`,
			want: map[string]string{"message.text": `"new"`, "message.color": "null", "message.nested": "null", "message.quoted_message.id": `"m2"`, "message.pinned": "true", "message.user.id": `"ann"`},
		},
		{name: "all, pinned as before", who: "bob", method: "POST", path: m, body: `{"message":{"text":"new","quoted_message_id":"m2","pinned":false}}`, want: map[string]string{"message.pinned": "false"}},
		{name: "all of another's", who: "bob", method: "POST", path: m, body: `{"message":{"text":"mine"}}`, status: 403, code: 17, message: "UpdateMessage"},
		{name: "all by an admin", who: "mod", method: "POST", path: m, body: `{"message":{"text":"ours"}}`, want: map[string]string{"message.text": `"ours"`, "message.user.id": `"ann"`, "message.quoted_message": "null"}},
		{name: "all of it away", who: "ann", method: "POST", path: m, body: `{"message":{"text":""}}`, status: 400, code: 4, message: "message.text is a required field"},
		{name: "reserved in all", who: "ann", method: "POST", path: m, body: `{"message":{"text":"x","updated_at":"2026-01-01T00:00:00Z"}}`, status: 400, code: 4, message: "message.updated_at is a reserved field"},
		{name: "no message in it", who: "ann", method: "POST", path: m, body: `{}`, status: 400, code: 4, message: "message is a required field"},
		{name: "all, server side for nobody", method: "POST", path: m, body: `{"message":{"text":"x"}}`, status: 400, code: 4, message: `UpdateMessage failed with error: "either message.user or message.user_id must be provided`},
		{name: "all, server side", method: "POST", path: m, body: `{"message":{"text":"x","user_id":"bob","html":"<i>x</i>"}}`, want: map[string]string{"message.html": `"<i>x</i>"`, "message.user.id": `"ann"`}},
	})
}

func TestUpdateIsTold(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	path := s.Channel("messaging", "room", "ann", "bob")
	s.As("ann").Post(path+"/message", `{"message":{"id":"m1","text":"one"}}`).OK()
	s.As("bob").Post("/messages/m1/reaction", `{"reaction":{"type":"like"}}`).OK()
	bob := s.As("bob").Connect()
	bob.Watch(path)
	r := s.As("ann").Post("/messages/m1", `{"message":{"text":"two"}}`).OK().Want("message.own_reactions", "[]").Want("message.latest_reactions.#", "1")
	if r.At("message.message_text_updated_at") == nil || r.At("message.updated_at") == r.At("message.created_at") {
		t.Errorf("times: %s", r.Body)
	}
	bob.Expect("message.updated").Want("message.text", `"two"`).Want("user.id", `"ann"`).Want("message_id", `"m1"`).Want("message.own_reactions", "[]").
		Want("message.reaction_counts", `{"like":1}`).Want("cid", `"messaging:room"`).Want("message_update.old_text", `"one"`).
		Want("message_update.change_set", `{"attachments":false,"custom":false,"html":true,"mentioned_user_ids":false,"mml":false,"pin":false,"quoted_message_id":false,"silent":false,"text":true}`)
	s.As("bob").Put("/messages/m1", `{"set":{"pinned":true}}`).OK().Want("message.own_reactions.#", "1")
	bob.Expect("message.updated").Want("message.pinned", "true").Want("message.pinned_by.id", `"bob"`).Want("message.own_reactions", "[]").
		Want("message_update.change_set.pin", "true").Want("message_update.change_set.text", "false")
	bob.Client.Post(path+"/query", `{"state":true}`).OK().Want("pinned_messages.#", "1").Want("pinned_messages.0.id", `"m1"`)
}

func TestPinsEndByThemselves(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	path := s.Channel("messaging", "room", "ann")
	s.As("ann").Post(path+"/message", `{"message":{"id":"m1","text":"one","pinned":true,"pin_expires":"2100-01-01T00:00:00Z"}}`).OK()
	alter(t, s, `UPDATE messages SET pin_expires = '2026-01-01' WHERE app_id = $1 AND id = 'm1'`)
	s.As("ann").Get("/messages/m1").OK().Want("message.pinned", "false").Want("message.pinned_at", "null").Want("message.pin_expires", "null").Want("message.pinned_by", "null")
	s.As("ann").Post(path+"/query", `{"state":true}`).OK().Want("pinned_messages", "[]").Want("messages.0.pinned", "false")
	s.As("ann").Put("/messages/m1", `{"set":{"pinned":true}}`).OK().Want("message.pinned", "true").Want("message.pin_expires", "null")
}

// Clients send back with an edit the pin that they know of, which may have ended.
func TestEditsAfterThePin(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	path := s.Channel("gaming", "room", "ann", "mod") // where members cannot pin
	s.Server().Patch("/users", `{"users":[{"id":"mod","set":{"role":"admin"}}]}`).OK()
	for _, id := range []string{"m1", "m2", "m3"} {
		s.As("ann").Post(path+"/message", `{"message":{"id":"`+id+`","text":"x"}}`).OK()
		s.As("mod").Put("/messages/"+id, `{"set":{"pinned":true,"pin_expires":"2100-01-01T00:00:00.123456Z"}}`).OK()
	}
	edit := func(until string) string {
		return `{"message":{"text":"y","pinned":true,"pin_expires":"` + until + `"}}`
	}
	s.As("ann").Post("/messages/m1", edit("2100-01-01T00:00:00.123Z")).OK().Want("message.pinned", "true").Want("message.pin_expires", `"2100-01-01T00:00:00.123456Z"`)
	s.As("ann").Post("/messages/m1", edit("2100-01-01T00:00:01Z")).Fails(403, 17, "PinMessage")
	alter(t, s, `UPDATE messages SET pin_expires = '2026-01-01T00:00:00.123456Z' WHERE app_id = $1 AND pinned`)
	s.As("ann").Post("/messages/m1", edit("2026-01-01T00:00:00.123Z")).OK().Want("message.text", `"y"`).Want("message.pinned", "false").Want("message.pin_expires", "null")
	s.As("mod").Post("/messages/m2", edit("2026-01-01T00:00:00.2Z")).Fails(400, 4, "pin_expires")
	s.As("ann").Put("/messages/m3", `{"set":{"color":"red"}}`).OK().Want("message.pinned", "false")
}

// What the server side made of a text stays with it, also when others pin it.
func TestHTMLStaysWithItsText(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	path := s.Channel("messaging", "room", "ann", "bob")
	s.Server().Post(path+"/message", `{"message":{"id":"m1","text":"x","html":"<b>x</b>","mml":"<mml>x</mml>","user_id":"ann"}}`).OK()
	exchangeAll(t, s, []exchange{
		{name: "pin", who: "bob", method: "PUT", path: "/messages/m1", body: `{"set":{"pinned":true}}`, want: map[string]string{"message.html": `"<b>x</b>"`, "message.mml": `"<mml>x</mml>"`}},
		{name: "another field", who: "ann", method: "PUT", path: "/messages/m1", body: `{"set":{"color":"red"}}`, want: map[string]string{"message.html": `"<b>x</b>"`}},
		{name: "all, with the same text", who: "ann", method: "POST", path: "/messages/m1", body: `{"message":{"text":"x"}}`, want: map[string]string{"message.html": `"<b>x</b>"`, "message.mml": "null"}},
		{name: "another text", who: "ann", method: "PUT", path: "/messages/m1", body: `{"set":{"text":"y"}}`, want: map[string]string{"message.html": `"<p>y</p>\n"`}},
		{name: "html alone", method: "PUT", path: "/messages/m1", body: `{"set":{"html":"<i>y</i>"}}`, want: map[string]string{"message.html": `"<i>y</i>"`, "message.text": `"y"`}},
	})
}

// What takes a permission that the author has lost takes it when it comes, not while it
// is there.
func TestEditsWithoutPermissions(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	s.Server().Put("/channeltypes/messaging", `{"url_enrichment":false}`).OK()
	path := s.Channel("messaging", "room", "ann", "bob")
	s.As("bob").Post(path+"/message", `{"message":{"id":"q","text":"x"}}`).OK()
	s.As("bob").Post(path+"/message", `{"message":{"id":"m1","text":"see http://a.example","attachments":[{"type":"x"}],"mentioned_users":["ann"],"quoted_message_id":"q"}}`).OK()
	s.As("bob").Post(path+"/message", `{"message":{"id":"m2","text":"x"}}`).OK()
	s.Server().Patch(path, `{"set":{"config_overrides":{"grants":{"channel_member":["!add-links","!create-attachment","!create-mention","!quote-message","!create-reply"]}}}}`).OK()
	edit := func(id, set string) exchange {
		return exchange{name: set, who: "bob", method: "PUT", path: "/messages/" + id, body: `{"set":` + set + `}`}
	}
	no := func(e exchange, action string) exchange {
		e.status, e.code, e.message = 403, 17, "is not allowed to perform action "+action
		return e
	}
	send := func(m string) exchange {
		return exchange{name: m, who: "bob", method: "POST", path: path + "/message", body: `{"message":` + m + `}`}
	}
	exchangeAll(t, s, []exchange{
		edit("m1", `{"color":"red"}`),
		edit("m1", `{"text":"look at http://a.example","attachments":[{"type":"x"}],"mentioned_users":["ann"],"quoted_message_id":"q"}`),
		no(edit("m1", `{"text":"look at http://a.example and http://b.example"}`), "AddLinks"),
		no(edit("m2", `{"text":"https://a.example"}`), "AddLinks"),
		no(edit("m2", `{"text":"[x](http://a.example)"}`), "AddLinks"),
		no(edit("m2", `{"text":"www.a.example"}`), "AddLinks"),
		no(edit("m2", `{"text":"![x](http://a.example/x.png)"}`), "AddLinks"),
		no(edit("m2", `{"attachments":[{"type":"x"}]}`), "CreateAttachment"),
		no(edit("m1", `{"mentioned_users":["ann","bob"]}`), "CreateMention"),
		no(edit("m2", `{"quoted_message_id":"q"}`), "QuoteMessage"),
		edit("m2", "{\"text\":\"`http://a.example` of me@a.example\"}"),
		no(send(`{"text":"x","parent_id":"q"}`), "CreateReply"),
		no(send(`{"text":"![x](http://a.example/x.png)"}`), "AddLinks"),
		no(send(`{"text":"x","attachments":[{"type":"x"}]}`), "CreateAttachment"),
		no(send(`{"text":"x","mentioned_users":["ann"]}`), "CreateMention"),
		no(send(`{"text":"x","quoted_message_id":"q"}`), "QuoteMessage"),
		{name: "the server side", method: "POST", path: path + "/message", body: `{"message":{"text":"http://a.example","mentioned_users":["ann"],"parent_id":"q","user_id":"bob"}}`},
	})
}

func TestDeleteMessage(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	path := s.Channel("messaging", "room", "ann", "bob")
	s.Users("dan")
	s.Server().Post("/users", `{"users":{"mod":{"id":"mod","role":"admin"}}}`).OK()
	for _, id := range []string{"m1", "m2", "m3", "m4", "m5"} {
		s.As("ann").Post(path+"/message", `{"message":{"id":"`+id+`","text":"`+id+`","pinned":true}}`).OK()
	}
	s.As("bob").Get("/unread").OK().Want("total_unread_count", "5")
	bob := s.As("bob").Connect()
	bob.Watch(path)
	exchangeAll(t, s, []exchange{
		{name: "another's", who: "bob", method: "DELETE", path: "/messages/m1", status: 403, code: 17, message: "DeleteMessage"},
		{name: "a stranger", who: "dan", method: "DELETE", path: "/messages/m1?delete_for_me=true", status: 403, code: 17, message: "ReadChannel"},
		{
			name: "softly", who: "ann", method: "DELETE", path: "/messages/m1",
			want: map[string]string{"message.type": `"deleted"`, "message.text": `"m1"`, "message.html": `"<p>m1</p>\n"`, "message.pinned": "false", "message.user.id": `"ann"`},
		},
		{name: "softly again", who: "ann", method: "DELETE", path: "/messages/m1", want: map[string]string{"message.type": `"deleted"`}},
		{name: "it is still there", who: "ann", method: "GET", path: "/messages/m1", want: map[string]string{"message.type": `"deleted"`, "message.text": `"m1"`}},
		{name: "shown as deleted to the server", method: "GET", path: "/messages/m1?show_deleted_message=true", want: map[string]string{"message.text": `"m1"`}},
		{name: "shown as deleted to a client", who: "ann", method: "GET", path: "/messages/m1?show_deleted_message=true", status: 403, code: 17, message: "show_deleted_message"},
		{name: "for good", method: "DELETE", path: "/messages/m2?hard=true", want: map[string]string{"message.type": `"deleted"`, "message.id": `"m2"`}},
		{name: "it is gone", who: "ann", method: "GET", path: "/messages/m2", status: 404, code: 16, message: `GetMessage failed with error: "message with id m2 doesn't exist"`},
		{name: "twice for good", method: "DELETE", path: "/messages/m2?hard=true", status: 404, code: 16, message: "m2"},
		{name: "by an admin", who: "mod", method: "DELETE", path: "/messages/m3"},
		{name: "for me", who: "bob", method: "DELETE", path: "/messages/m4?delete_for_me=true", want: map[string]string{"message.type": `"deleted"`, "message.deleted_for_me": "true"}},
		{name: "for me, as I see it", who: "bob", method: "GET", path: "/messages/m4", want: map[string]string{"message.type": `"deleted"`, "message.deleted_for_me": "true"}},
		{name: "for me, as others see it", who: "ann", method: "GET", path: "/messages/m4", want: map[string]string{"message.type": `"regular"`, "message.deleted_for_me": "null"}},
		{name: "for nobody", method: "DELETE", path: "/messages/m4?delete_for_me=true", status: 400, code: 4, message: "either user or user_id"},
		{name: "for me and for good", who: "bob", method: "DELETE", path: "/messages/m4?delete_for_me=true&hard=true", status: 400, code: 4, message: "both"},
		{name: "softly, then for good", method: "DELETE", path: "/messages/m3?hard=true&deleted_by=mod", want: map[string]string{"message.id": `"m3"`}},
		{name: "by who does not exist", method: "DELETE", path: "/messages/m5?deleted_by=zoe", status: 404, code: 16, message: "zoe"},
		{name: "in the channel", who: "bob", method: "POST", path: path + "/query", body: `{"state":true}`, want: map[string]string{"messages.#": "3", "messages.0.type": `"deleted"`, "messages.1.deleted_for_me": "true", "messages.2.id": `"m5"`, "pinned_messages.#": "2"}},
	})
	bob.Expect("message.deleted").Want("message_id", `"m1"`).Want("hard_delete", "false").Want("message.type", `"deleted"`).Want("message.text", `"m1"`).Want("user.id", `"ann"`)
	bob.Expect("message.deleted").Want("message_id", `"m2"`).Want("hard_delete", "true").Want("user", "null").Want("message.text", `"m2"`)
	bob.Expect("message.deleted").Want("message_id", `"m3"`).Want("user.id", `"mod"`)
	bob.Expect("message.deleted").Want("message_id", `"m4"`).Want("deleted_for_me", "true").Want("user.id", `"bob"`)
	bob.Expect("message.deleted").Want("message_id", `"m3"`).Want("hard_delete", "true").Want("user.id", `"mod"`)
	s.As("bob").Get("/unread").OK().Want("total_unread_count", "2")
	s.As("ann").Get("/unread").OK().Want("total_unread_count", "0")
	s.Server().Delete("/messages/m5?hard=true").OK()
	s.Server().Delete("/messages/m4?hard=true").OK()
	if at := s.Server().Post(path+"/query", `{"state":true}`).OK(); at.At("channel.last_message_at") != at.At("messages.0.created_at") {
		t.Errorf("last_message_at: %s", at.Body)
	}
	s.Server().Delete("/messages/m1?hard=true").OK()
	s.Server().Post(path+"/query", `{"state":true}`).OK().Want("channel.last_message_at", "null").Want("messages", "[]")
	s.As("bob").Get("/unread").OK().Want("total_unread_count", "0")
}

func TestThreads(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	path := s.Channel("messaging", "room", "ann", "bob", "cat")
	s.Channel("messaging", "other", "ann")
	ann := s.As("ann").Connect()
	ann.Watch(path)
	cat := s.As("cat").Connect()
	s.As("ann").Post(path+"/message", `{"message":{"id":"root","text":"root"}}`).OK()
	s.As("ann").Post("/channels/messaging/other/message", `{"message":{"id":"elsewhere","text":"x"}}`).OK()
	cat.Expect("notification.message_new").Want("unread_count", "1")
	s.As("bob").Post(path+"/message", `{"message":{"id":"r1","text":"r1","parent_id":"root"}}`).OK().Want("message.type", `"reply"`).Want("message.parent_id", `"root"`)
	ann.Expect("message.new")
	ann.Expect("message.new").Want("message.id", `"r1"`).Want("parent_author", `"ann"`).Want("thread_participants.#", "2").Want("thread_participants.1.id", `"bob"`).Want("unread_count", "0")
	s.As("cat").Post(path+"/message", `{"message":{"id":"r2","text":"r2","parent_id":"root","show_in_channel":true}}`).OK().Want("message.show_in_channel", "true")
	ann.Expect("message.new").Want("thread_participants.#", "3").Want("unread_count", "1")
	cat.Expect("notification.message_new").Want("message.id", `"r2"`) // not of the reply that the channel does not show
	s.As("bob").Post(path+"/message", `{"message":{"id":"r3","text":"r3","parent_id":"root","silent":true}}`).OK()
	replies := "/messages/root/replies"
	exchangeAll(t, s, []exchange{
		{name: "a reply to a reply", who: "ann", method: "POST", path: path + "/message", body: `{"message":{"text":"x","parent_id":"r1"}}`, status: 400, code: 21, message: "reply"},
		{name: "a reply to nothing", who: "ann", method: "POST", path: path + "/message", body: `{"message":{"text":"x","parent_id":"nope"}}`, status: 404, code: 16, message: "nope"},
		{name: "a reply to elsewhere", who: "ann", method: "POST", path: path + "/message", body: `{"message":{"text":"x","parent_id":"elsewhere"}}`, status: 404, code: 16, message: "elsewhere"},
		{name: "the parent", who: "ann", method: "GET", path: "/messages/root", want: map[string]string{"message.reply_count": "3", "message.thread_participants.#": "3", "message.thread_participants.0.id": `"ann"`}},
		{name: "the channel", who: "ann", method: "POST", path: path + "/query", body: `{"state":true}`, want: map[string]string{"messages.#": "2", "messages.1.id": `"r2"`}},
		{name: "all", who: "ann", method: "GET", path: replies, want: map[string]string{"messages.#": "3", "messages.0.id": `"r1"`, "messages.2.id": `"r3"`}},
		{name: "the newest", who: "ann", method: "GET", path: replies + "?limit=2", want: map[string]string{"messages.#": "2", "messages.0.id": `"r2"`, "messages.1.id": `"r3"`}},
		{name: "the newest, sorted", who: "ann", method: "GET", path: replies + `?limit=2&sort=[{"field":"created_at","direction":-1}]`, want: map[string]string{"messages.0.id": `"r2"`}},
		{name: "the oldest", who: "ann", method: "GET", path: replies + `?limit=2&sort=[{"field":"created_at","direction":1}]`, want: map[string]string{"messages.0.id": `"r1"`, "messages.1.id": `"r2"`}},
		{name: "before", who: "ann", method: "GET", path: replies + "?limit=1&id_lt=r3", want: map[string]string{"messages.#": "1", "messages.0.id": `"r2"`}},
		{name: "up to", who: "ann", method: "GET", path: replies + "?limit=2&id_lte=r2", want: map[string]string{"messages.0.id": `"r1"`, "messages.1.id": `"r2"`}},
		{name: "after", who: "ann", method: "GET", path: replies + "?limit=1&id_gt=r1", want: map[string]string{"messages.0.id": `"r2"`}},
		{name: "from", who: "ann", method: "GET", path: replies + "?limit=1&id_gte=r1", want: map[string]string{"messages.0.id": `"r1"`}},
		{name: "around", who: "ann", method: "GET", path: replies + "?limit=3&id_around=r2", want: map[string]string{"messages.#": "3", "messages.1.id": `"r2"`}},
		{name: "before nothing", who: "ann", method: "GET", path: replies + "?id_lt=nope", status: 400, code: 4, message: "nope"},
		{name: "too many", who: "ann", method: "GET", path: replies + "?limit=301", status: 400, code: 4, message: "limit must be 300 or less"},
		{name: "too few", who: "ann", method: "GET", path: replies + "?limit=-1", status: 400, code: 4, message: "limit must be 0 or greater"},
		{name: "sorted by what", who: "ann", method: "GET", path: replies + `?sort=[{"field":"text"}]`, status: 400, code: 4, message: "text"},
		{name: "of nothing", who: "ann", method: "GET", path: "/messages/nope/replies", status: 404, code: 16, message: "nope"},
		{name: "delete one", who: "bob", method: "DELETE", path: "/messages/r1"},
		{name: "the parent then", who: "ann", method: "GET", path: "/messages/root", want: map[string]string{"message.reply_count": "2", "message.deleted_reply_count": "1"}},
		{name: "the replies then", who: "ann", method: "GET", path: replies, want: map[string]string{"messages.#": "2"}},
		{name: "for good", method: "DELETE", path: "/messages/r3?hard=true"},
		{name: "the parent at last", who: "ann", method: "GET", path: "/messages/root", want: map[string]string{"message.reply_count": "1", "message.deleted_reply_count": "1"}},
		{name: "the parent for good", method: "DELETE", path: "/messages/root?hard=true"},
		{name: "the replies are gone", who: "ann", method: "GET", path: "/messages/r2", status: 404, code: 16, message: "r2"},
		{name: "from the channel, too", who: "ann", method: "POST", path: path + "/query", body: `{"state":true}`, want: map[string]string{"messages": "[]", "channel.last_message_at": "null"}},
		{name: "a reply to what was deleted", who: "ann", method: "POST", path: path + "/message", body: `{"message":{"text":"x","parent_id":"root"}}`, status: 404, code: 16, message: "root"},
	})
	ann.Expect("message.deleted").Want("message_id", `"r1"`)
	ann.Expect("message.deleted").Want("message_id", `"r3"`)
	ann.Expect("message.deleted").Want("message_id", `"root"`)
	ann.Expect("message.deleted").Want("message_id", `"r2"`).Want("hard_delete", "true")
	for _, who := range []string{"ann", "bob", "cat"} {
		s.As(who).Get("/unread").OK().Want("total_unread_count", "0")
	}
}

func TestQuotes(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	path := s.Channel("messaging", "room", "ann", "bob")
	s.As("ann").Post(path+"/message", `{"message":{"id":"q1","text":"one"}}`).OK()
	s.As("bob").Post("/messages/q1/reaction", `{"reaction":{"type":"like"}}`).OK()
	s.As("ann").Post(path+"/message", `{"message":{"id":"q2","text":"two","quoted_message_id":"q1"}}`).OK().
		Want("message.quoted_message_id", `"q1"`).Want("message.quoted_message.text", `"one"`).Want("message.quoted_message.user.id", `"ann"`).
		Want("message.quoted_message.reaction_counts", `{"like":1}`)
	bob := s.As("bob").Connect()
	bob.Watch(path)
	s.As("bob").Post(path+"/message", `{"message":{"id":"q3","text":"three","quoted_message_id":"q2"}}`).OK().
		Want("message.quoted_message.id", `"q2"`).Want("message.quoted_message.quoted_message", "null").Want("message.quoted_message.quoted_message_id", `"q1"`)
	bob.Expect("message.new").Want("message.quoted_message.id", `"q2"`)
	exchangeAll(t, s, []exchange{
		{name: "read it", who: "bob", method: "GET", path: "/messages/q3", want: map[string]string{"message.quoted_message.id": `"q2"`, "message.quoted_message.quoted_message": "null"}},
		{name: "read the inner", who: "bob", method: "GET", path: "/messages/q2", want: map[string]string{"message.quoted_message.id": `"q1"`, "message.quoted_message.own_reactions.#": "1"}},
		{name: "of nothing", who: "bob", method: "POST", path: path + "/message", body: `{"message":{"text":"x","quoted_message_id":"nope"}}`, status: 400, code: 4, message: "nope"},
		{name: "nothing but a quote", who: "bob", method: "POST", path: path + "/message", body: `{"message":{"quoted_message_id":"q1"}}`, want: map[string]string{"message.quoted_message.id": `"q1"`}},
		{name: "quote another", who: "ann", method: "PUT", path: "/messages/q2", body: `{"set":{"quoted_message_id":"q3"}}`, want: map[string]string{"message.quoted_message.id": `"q3"`}},
		{name: "quote itself", who: "ann", method: "PUT", path: "/messages/q2", body: `{"set":{"quoted_message_id":"q2"}}`, status: 400, code: 4, message: "quoted message with id q2"},
		{name: "quote no more", who: "ann", method: "PUT", path: "/messages/q2", body: `{"unset":["quoted_message_id"]}`, want: map[string]string{"message.quoted_message": "null", "message.quoted_message_id": "null"}},
		{name: "of what is gone", who: "ann", method: "DELETE", path: "/messages/q1"},
		{name: "a deleted message", who: "bob", method: "POST", path: path + "/message", body: `{"message":{"text":"x","quoted_message_id":"q1"}}`, status: 400, code: 4, message: "quoted message"},
	})
}

func TestGetMessages(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	path := s.Channel("messaging", "room", "ann", "bob")
	s.Channel("messaging", "other", "ann")
	s.Users("dan")
	for _, id := range []string{"m1", "m2", "m3"} {
		s.As("ann").Post(path+"/message", `{"message":{"id":"`+id+`","text":"`+id+`"}}`).OK()
	}
	s.As("ann").Post("/channels/messaging/other/message", `{"message":{"id":"elsewhere","text":"x"}}`).OK()
	ids := path + "/messages?ids="
	exchangeAll(t, s, []exchange{
		{
			name: "one", who: "bob", method: "GET", path: "/messages/m1",
			want: map[string]string{"message.id": `"m1"`, "message.channel.cid": `"messaging:room"`, "message.channel.created_by.id": `"ann"`, "message.member.channel_role": `"channel_member"`, "message.user.name": `"ann"`},
		},
		{name: "one by the server", method: "GET", path: "/messages/m1", want: map[string]string{"message.id": `"m1"`}},
		{name: "one by a stranger", who: "dan", method: "GET", path: "/messages/m1", status: 403, code: 17, message: "ReadChannel"},
		{name: "none", who: "bob", method: "GET", path: "/messages/nope", status: 404, code: 16, message: `GetMessage failed with error: "message with id nope doesn't exist"`},
		{name: "many", who: "bob", method: "GET", path: ids + "m3,m1,nope,elsewhere", want: map[string]string{"messages.#": "2", "messages.0.id": `"m3"`, "messages.1.id": `"m1"`}},
		{name: "many, repeated", who: "bob", method: "GET", path: ids + "m1&ids=m2", want: map[string]string{"messages.#": "2"}},
		{name: "many of none", who: "bob", method: "GET", path: path + "/messages", status: 400, code: 4, message: `GetManyMessages failed with error: "ids is a required field"`},
		{name: "too many", who: "bob", method: "GET", path: ids + strings.Repeat("x,", 50) + "x", status: 400, code: 4, message: "at maximum 50"},
		{name: "many by a stranger", who: "dan", method: "GET", path: ids + "m1", status: 403, code: 17, message: "ReadChannel"},
	})
	s.Server().Post(path+"/truncate", `{"user_id":"ann","message":{"text":"cut"}}`).OK().Want("message.type", `"system"`).Want("message.text", `"cut"`)
	s.As("bob").Get("/unread").OK().Want("total_unread_count", "0")
	exchangeAll(t, s, []exchange{
		{name: "truncated", who: "bob", method: "GET", path: "/messages/m1", status: 404, code: 16, message: "has been deleted"},
		{name: "truncated, to change", who: "ann", method: "PUT", path: "/messages/m1", body: `{"set":{"a":1}}`, status: 404, code: 16, message: "has been deleted"},
		{name: "many truncated", who: "bob", method: "GET", path: ids + "m1", want: map[string]string{"messages": "[]"}},
		{name: "what is left", who: "bob", method: "POST", path: path + "/query", body: `{"state":true}`, want: map[string]string{"messages.#": "1", "messages.0.text": `"cut"`, "messages.0.type": `"system"`}},
	})
	s.Server().Delete(path).OK()
	s.Server().Get("/messages/m1").Fails(404, 16, "has been deleted")
}
