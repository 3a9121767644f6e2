package httpapi_test

import (
	"fmt"
	"maps"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"chatd/internal/auth"
	"chatd/internal/testkit"
)

// pend is a request of the server side that sends a pending message of ann.
func pend(id, text string) string {
	return fmt.Sprintf(`{"message":{"id":%q,"text":%q,"user_id":"ann"},"pending":true,"pending_message_metadata":{"my":"metadata"}}`, id, text)
}

func TestPendingMessages(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	path := s.Channel("messaging", "room", "ann", "bob")
	other := s.Channel("messaging", "other", "ann")
	to := path + "/message"
	ann, bob, cat := s.As("ann").Connect(), s.As("bob").Connect(), s.As("cat").Connect()
	ann.Watch(path)
	bob.Watch(path)
	s.Server().Post(path, `{"add_members":["cat"]}`).OK()
	list := `{"filter_conditions":{"cid":"messaging:room","members":{"$in":["ann","bob"]}},"message_limit":10}`
	sentence := "a wonderful sentence"
	exchangeAll(t, s, []exchange{
		{name: "no pending ones", who: "ann", method: "POST", path: path + "/query", body: `{}`, want: map[string]string{"pending_messages": "null"}},
		{name: "send", method: "POST", path: to, body: pend("p1", sentence), want: map[string]string{
			"message.id": `"p1"`, "message.type": `"regular"`, "message.user.id": `"ann"`, "message.text": `"` + sentence + `"`, "pending_message_metadata": `{"my":"metadata"}`,
		}},
		{name: "the same id", method: "POST", path: to, body: pend("p1", "x"), status: 400, code: 4, message: "a message with ID p1 already exists"},
		{name: "its author reads it", who: "ann", method: "GET", path: "/messages/p1", want: map[string]string{
			"message.text": `"` + sentence + `"`, "message.channel.cid": `"messaging:room"`, "message.user.name": `"ann"`, "message.member.channel_role": `"channel_member"`, "pending_message_metadata.my": `"metadata"`,
		}},
		{name: "the server reads it", method: "GET", path: "/messages/p1", want: map[string]string{"message.id": `"p1"`}},
		{name: "others do not", who: "bob", method: "GET", path: "/messages/p1", status: 404, code: 16, message: "message with id p1 doesn't exist"},
		{name: "a second and a third", method: "POST", path: to, body: pend("p2", "two")},
		{name: "which is in another channel", method: "POST", path: other + "/message", body: pend("p3", "three")},
		{name: "one like any other", who: "ann", method: "POST", path: to, body: says("m1", "hi")},
		{name: "its author finds them by id", who: "ann", method: "GET", path: path + "/messages?ids=p2,m1,p1,p3,nope", want: map[string]string{"messages.#": "3", "messages.0.id": `"p2"`, "messages.1.id": `"m1"`, "messages.2.id": `"p1"`, "messages.2.user.id": `"ann"`}},
		{name: "the server too", method: "GET", path: path + "/messages?ids=p1,p2", want: map[string]string{"messages.#": "2"}},
		{name: "others do not", who: "bob", method: "GET", path: path + "/messages?ids=p2,m1,p1", want: map[string]string{"messages.#": "1", "messages.0.id": `"m1"`}},
		{name: "its author finds them in the channel", who: "ann", method: "POST", path: path + "/query", body: `{}`, want: map[string]string{
			"messages.#": "1", "pending_messages.#": "2", "pending_messages.0.message.id": `"p1"`, "pending_messages.1.message.id": `"p2"`,
			"pending_messages.0.message.user.id": `"ann"`, "pending_messages.0.pending_message_metadata.my": `"metadata"`, "pending_messages.0.metadata.my": `"metadata"`,
		}},
		{name: "and in the list", who: "ann", method: "POST", path: "/channels", body: list, want: map[string]string{"channels.0.pending_messages.#": "2", "channels.0.messages.#": "1"}},
		{name: "others do not", who: "bob", method: "POST", path: "/channels", body: list, want: map[string]string{"channels.0.pending_messages": "null", "channels.0.messages.#": "1"}},
		{name: "nor the server for nobody", method: "POST", path: path + "/query", body: `{}`, want: map[string]string{"pending_messages": "null"}},
		{name: "no search finds them", who: "ann", method: "GET", path: "/search?payload={\"filter_conditions\":{\"cid\":\"messaging:room\"},\"query\":\"wonderful\"}", want: map[string]string{"results": "[]"}},
		{name: "they do not count", who: "bob", method: "GET", path: "/unread", want: map[string]string{"total_unread_count": "1"}},
		{name: "no update", who: "ann", method: "POST", path: "/messages/p1", body: `{"message":{"text":"x"}}`, status: 400, code: 4, message: `UpdateMessage failed with error: "message with id p1 is pending and cannot be updated"`},
		{name: "no partial update", method: "PUT", path: "/messages/p1", body: `{"set":{"text":"x"}}`, status: 400, code: 4, message: "is pending and cannot be updated"},
		{name: "by others not even that", who: "bob", method: "PUT", path: "/messages/p1", body: `{"set":{"text":"x"}}`, status: 404, code: 16, message: "doesn't exist"},
		{name: "no reply", who: "ann", method: "POST", path: to, body: `{"message":{"text":"x","parent_id":"p1"}}`, status: 404, code: 16, message: "doesn't exist"},
		{name: "no reaction", who: "ann", method: "POST", path: "/messages/p1/reaction", body: `{"reaction":{"type":"like"}}`, status: 404, code: 16, message: "doesn't exist"},
		{name: "no action", who: "ann", method: "POST", path: "/messages/p1/action", body: choose("image_action", "send"), status: 404, code: 16, message: "doesn't exist"},
		{name: "by a client", who: "ann", method: "POST", path: to, body: `{"message":{"text":"x"},"pending":true}`, status: 403, code: 17, message: "pending can only be used with server side auth"},
		{name: "nor by its older name", who: "ann", method: "POST", path: to, body: `{"message":{"text":"x"},"is_pending_message":true}`, status: 403, code: 17, message: "server side auth"},
		{name: "too much metadata", method: "POST", path: to, body: `{"message":{"text":"x","user_id":"ann"},"pending":true,"pending_message_metadata":{"x":"` + strings.Repeat("x", 6000) + `"}}`, status: 413, code: 22, message: "pending_message_metadata is too big"},
		{name: "metadata of another type", method: "POST", path: to, body: `{"message":{"text":"x","user_id":"ann"},"pending_message_metadata":{"x":1}}`, status: 400, code: 4, message: "pending_message_metadata"},

		{name: "commit by a client", who: "ann", method: "POST", path: "/messages/p1/commit", status: 403, code: 17, message: "CommitMessage can only be called with server side auth"},
		{name: "commit none", method: "POST", path: "/messages/nope/commit", status: 404, code: 16, message: `CommitMessage failed with error: "message with id nope doesn't exist"`},
		{name: "commit one like any other", method: "POST", path: "/messages/m1/commit", status: 400, code: 4, message: "message with id m1 is not pending"},
	})
	bob.Expect("message.new").Want("message.id", `"m1"`) // the first that he is told of
	cat.Expect("notification.message_new").Want("message.id", `"m1"`)
	ann.Expect("message.new").Want("message.id", `"m1"`)
	s.Server().Post("/messages/p1/commit", nil).OK().Want("message.id", `"p1"`).Want("message.type", `"regular"`).Want("message.user.id", `"ann"`)
	for _, ws := range []*testkit.Socket{ann, bob} {
		ws.Expect("message.new").Want("message.id", `"p1"`).Want("message.text", `"`+sentence+`"`).Want("user.id", `"ann"`).Want("message.user.id", `"ann"`)
	}
	cat.Expect("notification.message_new").Want("message.id", `"p1"`)
	exchangeAll(t, s, []exchange{
		{name: "commit again", method: "POST", path: "/messages/p1/commit", status: 400, code: 4, message: "message with id p1 is not pending"},
		{name: "it counts", who: "bob", method: "GET", path: "/unread", want: map[string]string{"total_unread_count": "2"}},
		{name: "it is the newest", who: "bob", method: "POST", path: path + "/query", body: `{}`, want: map[string]string{"messages.#": "2", "messages.1.id": `"p1"`}},
		{name: "and found", who: "bob", method: "GET", path: "/search?payload={\"filter_conditions\":{\"cid\":\"messaging:room\",\"members\":{\"$in\":[\"bob\"]}},\"query\":\"wonderful\"}", want: map[string]string{"results.#": "1"}},
		{name: "one is left", who: "ann", method: "POST", path: path + "/query", body: `{}`, want: map[string]string{"pending_messages.#": "1"}},

		{name: "delete softly", who: "ann", method: "DELETE", path: "/messages/p2", status: 400, code: 4, message: `DeleteMessage failed with error: "pending messages can only be hard deleted"`},
		{name: "delete for me", who: "ann", method: "DELETE", path: "/messages/p2?delete_for_me=true", status: 400, code: 4, message: "pending messages can only be hard deleted"},
		{name: "another's", who: "bob", method: "DELETE", path: "/messages/p2?hard=true", status: 404, code: 16, message: "doesn't exist"},
		{name: "delete", who: "ann", method: "DELETE", path: "/messages/p2?hard=true", want: map[string]string{"message.id": `"p2"`, "message.type": `"deleted"`}},
		{name: "again", who: "ann", method: "DELETE", path: "/messages/p2?hard=true", status: 404, code: 16, message: "doesn't exist"},
		{name: "too late to commit", method: "POST", path: "/messages/p2/commit", status: 404, code: 16, message: "doesn't exist"},
		{name: "none is left", who: "ann", method: "POST", path: path + "/query", body: `{}`, want: map[string]string{"pending_messages": "null"}},
		{name: "of a channel that is gone", method: "DELETE", path: other},
		{name: "no commit", method: "POST", path: "/messages/p3/commit", status: 404, code: 16, message: "messaging:other"},
		{name: "for good", method: "DELETE", path: other + "?hard_delete=true", status: 404, code: 16, message: "other"},
	})
	bob.Quiet("message.deleted", "message.updated")
}

func TestChannelTypesMarkMessagesPending(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	s.Server().Put("/channeltypes/messaging", `{"mark_messages_pending":true}`).OK()
	path := s.Channel("messaging", "room", "ann", "bob")
	to := path + "/message"
	s.Server().Post("/users", `{"users":{"mod":{"id":"mod","role":"admin"}}}`).OK()
	exchangeAll(t, s, []exchange{
		{name: "by a client", who: "ann", method: "POST", path: to, body: `{"message":{"id":"p1","text":"x","color":"red","mentioned_users":["bob"],"attachments":[{"type":"a","b":[1.50]}]},"pending_message_metadata":{"a":"b"}}`, want: map[string]string{"pending_message_metadata.a": `"b"`}},
		{name: "by a client, whatever he says", who: "ann", method: "POST", path: to, body: `{"message":{"id":"p0","text":"x"},"pending":false}`},
		{name: "is pending", who: "bob", method: "GET", path: "/messages/p0", status: 404, code: 16, message: "doesn't exist"},
		{name: "and goes", who: "ann", method: "DELETE", path: "/messages/p0?hard=true"},
		{name: "is pending", who: "bob", method: "GET", path: "/messages/p1", status: 404, code: 16, message: "doesn't exist"},
		{name: "by the server, which says so", method: "POST", path: to, body: `{"message":{"id":"m1","text":"x","user_id":"ann"},"pending":false}`, want: map[string]string{"pending_message_metadata": "null"}},
		{name: "is not", who: "bob", method: "GET", path: "/messages/m1"},
		{name: "a message of the system", method: "POST", path: path, body: `{"message":{"id":"sys","text":"x","user_id":"mod"}}`},
		{name: "is not", who: "bob", method: "GET", path: "/messages/sys"},
		{name: "a picture", who: "ann", method: "POST", path: to, body: says("gif", "/giphy x"), want: map[string]string{"message.type": `"ephemeral"`}},
		{name: "that is sent", who: "ann", method: "POST", path: "/messages/gif/action", body: choose("image_action", "send"), want: map[string]string{"message.type": `"regular"`}},
		{name: "is pending", who: "bob", method: "GET", path: "/messages/gif", status: 404, code: 16, message: "doesn't exist"},
		{name: "and can be committed", method: "POST", path: "/messages/gif/commit", body: `{}`, want: map[string]string{"message.command": `"giphy"`}},
		{name: "as it was sent", method: "POST", path: "/messages/p1/commit", want: map[string]string{"message.color": `"red"`, "message.mentioned_users.0.id": `"bob"`, "message.attachments": `[{"b":[1.5],"type":"a"}]`}},
		{name: "a reply", who: "bob", method: "POST", path: to, body: `{"message":{"id":"r1","text":"x","parent_id":"p1"}}`, want: map[string]string{"message.type": `"reply"`}},
		{name: "does not count", who: "ann", method: "GET", path: "/messages/p1", want: map[string]string{"message.reply_count": "0"}},
		{name: "until it is committed", method: "POST", path: "/messages/r1/commit", want: map[string]string{"message.type": `"reply"`, "message.parent_id": `"p1"`}},
		{name: "then it does", who: "ann", method: "GET", path: "/messages/p1", want: map[string]string{"message.reply_count": "1", "message.thread_participants.1.id": `"bob"`}},
		{name: "a reply to what goes", who: "bob", method: "POST", path: to, body: `{"message":{"id":"r2","text":"x","parent_id":"m1"}}`},
		{name: "goes", method: "DELETE", path: "/messages/m1?hard=true"},
		{name: "and cannot be committed", method: "POST", path: "/messages/r2/commit", status: 404, code: 16, message: "message with id m1 doesn't exist"},
		{name: "slow mode", method: "PATCH", path: path, body: `{"set":{"cooldown":100},"user_id":"mod"}`},
		{name: "knows of pending ones", who: "bob", method: "POST", path: to, body: says("", "x"), status: 403, code: 60, message: "under cool down period"},
		{name: "fast mode", method: "PATCH", path: path, body: `{"set":{"cooldown":0},"user_id":"mod"}`},
	})
	s.As("ann").Post("/polls", `{"id":"`+s.Key+`","name":"q","options":[{"text":"a"}]}`).OK()
	s.Server().Put("/channeltypes/messaging", `{"polls":true}`).OK()
	s.As("ann").Post(to, `{"message":{"id":"poll","poll_id":"`+s.Key+`"}}`).OK().Want("message.poll.name", `"q"`)
	s.As("ann").Get("/messages/poll").OK().Want("message.poll.name", `"q"`)
	s.Server().Post("/messages/poll/commit", nil).OK().Want("message.poll.id", `"`+s.Key+`"`)
	for i := range 101 {
		s.As("bob").Post(to, says(fmt.Sprintf("b%d", i), "x")).OK()
	}
	s.As("bob").Post(path+"/query", `{}`).OK().Want("pending_messages.#", "100").Want("pending_messages.0.message.id", `"b1"`).Want("pending_messages.99.message.id", `"b100"`)
}

func TestPendingMessageHooks(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	path := s.Channel("messaging", "room", "ann", "bob")
	to := path + "/message"
	fails := 1
	hook := newAppServer(t, s, func(c *called) (int, string) {
		if strings.HasPrefix(c.path, "/flaky") && fails > 0 {
			fails--
			return 503, ""
		}
		return 200, ""
	})
	s.Server().Patch("/app", fmt.Sprintf(`{"event_hooks":[{"hook_type":"pending_message","webhook_url":"%s/sub","timeout_ms":60000,"callback":{"mode":"CALLBACK_MODE_REST"}},
		{"hook_type":"pending_message","webhook_url":"%s/no","enabled":false,"callback":{"mode":"CALLBACK_MODE_REST"}}]}`, hook.url, hook.url)).OK()
	s.As("ann").Post(to, says("m0", "x")).OK() // not pending
	s.Server().Post(to, pend("p1", "hello")).OK()
	c := hook.next()
	for what, v := range map[string][2]any{
		"path": {c.path, "/sub/PassOnPendingMessage"}, "message": {c.at("message", "id"), "p1"}, "text": {c.at("message", "text"), "hello"},
		"user": {c.at("message", "user", "id"), "ann"}, "metadata": {c.at("metadata", "my"), "metadata"}, "type": {c.at("request_info", "type"), "server"},
		"ip": {c.at("request_info", "ip"), "127.0.0.1"}, "attempt": {c.header.Get("X-Webhook-Attempt"), "1"},
	} {
		if v[0] != v[1] {
			t.Errorf("%s: %v, want %v", what, v[0], v[1])
		}
	}
	s.As("ann").Delete("/messages/p1?hard=true").OK()
	if c := hook.next(); c.path != "/sub/DeletedPendingMessage" || c.at("message", "id") != "p1" || c.at("metadata", "my") != "metadata" || c.at("request_info", "type") != "server" {
		t.Errorf("called %s with %v", c.path, c.body)
	}

	s.Server().Patch("/app", fmt.Sprintf(`{"event_hooks":[],"async_moderation_config":{"timeout_ms":2000,"callback":{"mode":"CALLBACK_MODE_REST","server_url":"%s/flaky"}}}`, hook.url)).OK()
	s.Server().Put("/channeltypes/messaging", `{"mark_messages_pending":true}`).OK()
	s.As("ann").Post(to, says("p2", "x")).OK()
	first, second, third := hook.next(), hook.next(), hook.next() // nobody commits it meanwhile
	if second.path == "/flaky/DeletedPendingMessage" {
		second, third = third, second
	}
	if first.path != "/flaky/PassOnPendingMessage" || second.path != first.path || second.header.Get("X-Webhook-Attempt") != "2" ||
		first.header.Get("X-Webhook-Id") != second.header.Get("X-Webhook-Id") || second.at("request_info", "type") != "client" {
		t.Errorf("called %s with %v, then %s with %v", first.path, first.header, second.path, second.header)
	}
	if third.path != "/flaky/DeletedPendingMessage" || third.at("message", "id") != "p2" {
		t.Errorf("called %s with %v", third.path, third.body)
	}
	s.Server().Get("/messages/p2").Fails(404, 16, "doesn't exist")
	s.Server().Post("/messages/p2/commit", nil).Fails(404, 16, "doesn't exist")

	s.Server().Patch("/app", fmt.Sprintf(`{"async_moderation_config":null,"event_hooks":[{"hook_type":"pending_message","webhook_url":%q,"callback":{"mode":"CALLBACK_MODE_NONE"}}]}`, hook.url)).OK()
	s.As("ann").Post(to, says("p3", "x")).OK()
	s.Server().Post("/messages/p3/commit", nil).OK()
	if n := len(hook.calls); n > 0 {
		t.Errorf("called %d times more", n)
	}
	one := `{"hook_type":"pending_message","webhook_url":"https://example.com","callback":{"mode":"CALLBACK_MODE_REST"}}`
	exchangeAll(t, s, []exchange{
		{name: "two of them", method: "PATCH", path: "/app", body: `{"event_hooks":[` + one + `,` + one + `]}`},
		{name: "three", method: "PATCH", path: "/app", body: `{"event_hooks":[` + one + `,` + one + `,` + one + `]}`, status: 400, code: 4, message: "event_hooks must contain at maximum 2 hooks of type pending_message"},
		{name: "without an address", method: "PATCH", path: "/app", body: `{"event_hooks":[{"hook_type":"pending_message","callback":{"mode":"CALLBACK_MODE_REST"}}]}`, status: 400, code: 4, message: "event_hooks.0.webhook_url is a required field"},
		{name: "that calls nobody", method: "PATCH", path: "/app", body: `{"event_hooks":[{"hook_type":"pending_message","timeout_ms":86400000,"callback":{"mode":"CALLBACK_MODE_NONE"}}]}`},
		{name: "in a way there is not", method: "PATCH", path: "/app", body: `{"event_hooks":[{"hook_type":"pending_message","webhook_url":"https://example.com","callback":{"mode":"MAIL"}}]}`, status: 400, code: 4, message: "event_hooks.0.callback.mode must be one of"},
		{name: "for too long", method: "PATCH", path: "/app", body: `{"event_hooks":[{"hook_type":"pending_message","webhook_url":"https://example.com","timeout_ms":2592000001}]}`, status: 400, code: 4, message: "event_hooks.0.timeout_ms must be 2592000000 or less"},
	})
}

// TestRequestInfo: hooks are told of the request that sent a message what its client
// said of himself, within bounds, at once and later.
func TestRequestInfo(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	to := s.Channel("messaging", "room", "ann", "bob") + "/message"
	s.Server().Put("/channeltypes/messaging", `{"mark_messages_pending":true}`).OK()
	hook := newAppServer(t, s, func(*called) (int, string) { return 200, "" })
	s.Server().Patch("/app", fmt.Sprintf(`{"event_hooks":[{"hook_type":"pending_message","webhook_url":%q,"callback":{"mode":"CALLBACK_MODE_REST"}}]}`, hook.url)).OK()
	info := func(more map[string]any) map[string]any {
		m := map[string]any{"type": "client", "ip": "127.0.0.1", "user_agent": "Mozilla/5.0 (X11)", "sdk": "stream-chat-js-v9-browser"}
		maps.Copy(m, more)
		return m
	}
	server := s.Sign(auth.Claims{Server: true})
	for i, tt := range []struct {
		name, query string
		header      map[string]string
		want        map[string]any
	}{
		{"all", "", map[string]string{"X-Stream-Ext": `{"device":"x"}; a=b`}, info(map[string]any{"ext": `{"device":"x"}; a=b`})},
		{"no ext", "", nil, info(nil)},
		{"no SDK", "", map[string]string{"X-Stream-Client": "", "User-Agent": ""}, info(map[string]any{"user_agent": "", "sdk": ""})},
		{"an SDK that says so in the query", "&X-Stream-Client=unity", map[string]string{"X-Stream-Client": ""}, info(map[string]any{"sdk": "unity"})},
		{
			"too much", "",
			map[string]string{"X-Stream-Ext": strings.Repeat("ä", 600), "X-Stream-Client": "a" + strings.Repeat("ä", 600), "User-Agent": strings.Repeat("u", 9000)},
			info(map[string]any{"ext": strings.Repeat("ä", 512), "sdk": "a" + strings.Repeat("ä", 511), "user_agent": strings.Repeat("u", 1024)}),
		},
		{"a server", "", map[string]string{"Authorization": server, "X-Stream-Ext": "batch"}, info(map[string]any{"type": "server", "ext": "batch"})},
	} {
		h := http.Header{
			"Authorization": {s.As("ann").Token}, "Stream-Auth-Type": {"jwt"},
			"User-Agent": {"Mozilla/5.0 (X11)"}, "X-Stream-Client": {"stream-chat-js-v9-browser"},
		}
		for name, v := range tt.header {
			h.Set(name, v)
		}
		id := fmt.Sprintf("m%d", i)
		s.Send("POST", to+"?api_key="+s.Key+tt.query, h, `{"message":{"id":"`+id+`","text":"x","user_id":"ann"}}`).OK()
		sent := hook.next()
		s.As("ann").Delete("/messages/" + id + "?hard=true").OK()
		for _, c := range []*called{sent, hook.next()} {
			if diff := cmp.Diff(any(tt.want), c.at("request_info")); diff != "" {
				t.Errorf("%s, %s (-want +got):\n%s", tt.name, c.path, diff)
			}
		}
	}
}
