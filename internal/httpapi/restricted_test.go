package httpapi_test

import (
	"fmt"
	"testing"

	"chatd/internal/testkit"
)

func TestRestrictedMessagesReachThoseTheyAreFor(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	path := s.Channel("messaging", "room", "ann", "bob", "cat", "mod")
	s.Server().Patch("/users", `{"users":[{"id":"mod","set":{"role":"admin"}}]}`).OK()
	s.Server().Post("/users", `{"users":{"boss":{"id":"boss","role":"admin"},"dan":{"id":"dan"}}}`).OK()
	bob, cat, boss, mod, away := s.As("bob").Connect(), s.As("cat").Connect(), s.As("boss").Connect(), s.As("mod").Connect(), s.As("bob").Connect()
	for _, ws := range []*testkit.Socket{bob, cat, boss} {
		ws.Watch(path)
	}
	s.As("boss").Post(path+"/message", `{"message":{"id":"secret","text":"hi","restricted_visibility":["bob"]}}`).OK()
	bob.Expect("message.new").Want("unread_count", "1")
	away.Expect("notification.message_new").Want("message.id", `"secret"`).Want("unread_count", "1")
	boss.Expect("message.new").Want("message.id", `"secret"`).Want("unread_count", "null") // its author
	mod.Expect("notification.message_new").Want("message.id", `"secret"`)                  // whose role allows it
	cat.Quiet("message.new", "notification.message_new")
	s.As("mod").Put("/messages/secret", `{"set":{"color":"red"}}`).OK()
	s.As("bob").Post("/messages/secret/reaction", `{"reaction":{"type":"like"}}`).OK()
	s.As("boss").Post(path+"/message", `{"message":{"id":"quoting","text":"re","quoted_message_id":"secret"}}`).OK()
	for _, ws := range []*testkit.Socket{bob, boss} {
		ws.Expect("message.updated").Want("message.color", `"red"`)
		ws.Expect("reaction.new").Want("message_id", `"secret"`)
	}
	cat.Expect("message.new").Want("message_id", `"quoting"`).Want("message.quoted_message", "null").Want("message.quoted_message_id", `"secret"`)
	s.As("cat").Get("/messages/quoting").OK().Want("message.quoted_message", "null")
	s.As("bob").Get("/messages/quoting").OK().Want("message.quoted_message.id", `"secret"`)
	s.Server().Delete("/messages/quoting?hard=true").OK()
	s.As("bob").Get("/unread").OK().Want("total_unread_count", "1")
	s.As("cat").Get("/unread").OK().Want("total_unread_count", "0")
	exchangeAll(t, s, []exchange{
		{name: "for whom it is", who: "bob", method: "GET", path: "/messages/secret", want: map[string]string{"message.id": `"secret"`}},
		{name: "for an admin", who: "mod", method: "GET", path: "/messages/secret", want: map[string]string{"message.restricted_visibility": `["bob"]`}},
		{name: "its thread", who: "cat", method: "GET", path: "/messages/secret/replies", status: 404, code: 16, message: "doesn't exist"},
		{name: "its reactions", who: "cat", method: "GET", path: "/messages/secret/reactions", status: 404, code: 16, message: "doesn't exist"},
		{name: "in what was missed", who: "cat", method: "POST", path: "/sync", body: `{"channel_cids":["messaging:room"],"last_sync_at":"` + anHourAgo() + `"}`, want: map[string]string{"events.0.message": "null"}},
		{name: "for whom it is not", who: "cat", method: "GET", path: "/messages/secret", status: 404, code: 16, message: "message with id secret doesn't exist"},
		{name: "nor among many", who: "cat", method: "GET", path: path + "/messages?ids=secret", want: map[string]string{"messages": "[]"}},
		{name: "nor in the channel", who: "cat", method: "POST", path: path + "/query", body: `{"state":true}`, want: map[string]string{"messages": "[]"}},
		{name: "in the channel", who: "bob", method: "POST", path: path + "/query", body: `{"state":true}`, want: map[string]string{"messages.#": "1"}},
		{name: "no reaction", who: "cat", method: "POST", path: "/messages/secret/reaction", body: `{"reaction":{"type":"like"}}`, status: 404, code: 16, message: "doesn't exist"},
		{name: "no reply", who: "cat", method: "POST", path: path + "/message", body: `{"message":{"text":"x","parent_id":"secret"}}`, status: 404, code: 16, message: "doesn't exist"},
		{name: "no quote", who: "cat", method: "POST", path: path + "/message", body: `{"message":{"text":"x","quoted_message_id":"secret"}}`, status: 400, code: 4, message: "quoted message"},
		{name: "no pin", who: "mod", method: "PUT", path: "/messages/secret", body: `{"set":{"pinned":true}}`, status: 400, code: 4, message: "cannot be pinned"},
		{name: "no other visibility", who: "mod", method: "PUT", path: "/messages/secret", body: `{"set":{"restricted_visibility":["cat"]}}`, status: 400, code: 4, message: "cannot be updated"},
	})
	s.As("mod").Delete("/messages/secret").OK()
	s.As("bob").Get("/unread").OK().Want("total_unread_count", "0")
}

// Who sees by his role what is meant for others has it among what is unread, as those
// for whom it is; its author and the others have not.
func TestRestrictedMessagesCountForOverseers(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	path := s.Channel("messaging", "room", "ann", "bob", "cat", "mod")
	s.Server().Patch("/users", `{"users":[{"id":"mod","set":{"role":"admin"}}]}`).OK()
	mod := s.As("mod").Connect()
	send := func(id, more string) {
		t.Helper()
		s.Server().Post(path+"/message", `{"message":{"id":"`+id+`","text":"x","user_id":"ann","restricted_visibility":["bob"]`+more+`}}`).OK()
	}
	unread := func(mod, bob, cat int) {
		t.Helper()
		for who, n := range map[string]int{"ann": 0, "bob": bob, "cat": cat, "mod": mod} {
			s.As(who).Get("/unread").OK().Want("total_unread_count", fmt.Sprint(n))
		}
		s.As("mod").Connect().Hello.Want("me.total_unread_count", fmt.Sprint(mod))
	}
	said(s, "ann", path, "for all")
	mod.Expect("notification.message_new").Want("unread_count", "1")
	send("one", "")
	mod.Expect("notification.message_new").Want("message.id", `"one"`).Want("unread_count", "2")
	send("two", "")
	mod.Expect("notification.message_new").Want("unread_count", "3")
	unread(3, 3, 1)
	for _, who := range []string{"mod", "bob", "cat"} {
		c := s.As(who)
		if who != "cat" {
			c.Post(path+"/read", `{"message_id":"one"}`).OK().Want("event.last_read_message_id", `"one"`)
			continue
		}
		c.Post(path+"/read", `{}`).OK()
	}
	unread(1, 1, 0)
	s.As("mod").Post(path+"/unread", `{"message_id":"one"}`).OK()
	unread(2, 1, 0)
	s.As("mod").Post("/channels/read", `{"read_by_channel":{"messaging:room":"one"}}`).OK()
	unread(1, 1, 0)
	s.As("cat").Post("/channels/read", `{"read_by_channel":{"messaging:room":"one"}}`).Fails(404, 16, "doesn't exist")
	s.As("ann").Delete("/messages/two").OK()
	unread(0, 0, 0)
	s.Server().Post("/messages/two/undelete", `{"undeleted_by":"ann"}`).OK()
	unread(1, 1, 0)
	s.Server().Delete("/messages/two?hard=true").OK()
	unread(0, 0, 0)

	// So in threads, for those who take part.
	root := said(s, "mod", path, "root")
	for _, who := range []string{"bob", "cat"} {
		replied(s, who, path, root, "")
		s.As(who).Post(path+"/read", `{}`).OK()
	}
	s.As("mod").Post(path+"/read", `{"thread_id":"`+root+`"}`).OK()
	threads := func(mod, cat int) {
		t.Helper()
		s.As("mod").Get("/unread").OK().Want("total_unread_threads_count", fmt.Sprint(mod))
		s.As("cat").Get("/unread").OK().Want("total_unread_threads_count", fmt.Sprint(cat))
	}
	threads(0, 0)
	send("reply", `,"parent_id":"`+root+`"`)
	mod.Expect("notification.thread_message_new").Want("message.type", `"reply"`)
	threads(1, 0)
	s.As("mod").Post(path+"/read", `{"thread_id":"`+root+`"}`).OK()
	threads(0, 0)
	s.As("mod").Post(path+"/unread", `{"thread_id":"`+root+`","message_id":"reply"}`).OK()
	threads(1, 0)
	s.As("ann").Delete("/messages/reply").OK()
	threads(0, 0)

	// And a thread that begins with such a message.
	send("hush", "")
	replied(s, "bob", path, "hush", `,"mentioned_users":["cat"]`)
	replied(s, "mod", path, "hush", "")
	for _, who := range []string{"bob", "mod"} {
		s.As(who).Post("/threads", `{"watch":false,"sort":[{"field":"last_message_at","direction":-1}]}`).OK().Want("threads.#", "2").Want("threads.0.parent_message_id", `"hush"`)
	}
	s.As("cat").Post("/threads", `{"watch":false}`).OK().Want("threads.#", "1").Want("threads.0.parent_message_id", `"`+root+`"`)
}
