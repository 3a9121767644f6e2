package httpapi_test

import (
	"fmt"
	"strings"
	"testing"

	"chatd/internal/testkit"
)

// said sends a message and returns its id.
func said(s *testkit.Server, who, path, text string) string {
	s.TB.Helper()
	id, _ := s.As(who).Post(path+"/message", map[string]any{"message": map[string]any{"text": text}}).OK().At("message.id").(string)
	return id
}

func TestReadRoutes(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	path := s.Channel("messaging", "room", "ann", "bob")
	live := s.Channel("livestream", "live", "ann", "bob")
	s.Users("dan")
	first, second := said(s, "ann", path, "one"), said(s, "ann", path, "two")
	s.Server().Post(path+"/message", `{"message":{"id":"secret","text":"x","user_id":"ann","restricted_visibility":["ann"]}}`).OK()
	marks := map[string]any{}
	for i := range 31 {
		marks[fmt.Sprintf("messaging:c%d", i)] = "x"
	}
	tests := []struct {
		name, who, path string
		body            any
		status, code    int    // of a refusal
		message         string // of a refusal
		want            map[string]string
	}{
		{
			name: "read up to a message", who: "bob", path: path + "/read", body: `{"message_id":"` + first + `"}`,
			want: map[string]string{"event.type": `"message.read"`, "event.cid": `"messaging:room"`, "event.user.id": `"bob"`, "event.last_read_message_id": `"` + first + `"`},
		},
		{name: "read all", who: "bob", path: path + "/read", body: `{}`, want: map[string]string{"event.last_read_message_id": `"` + second + `"`}},
		{name: "server side for a user", path: path + "/read", body: `{"user_id":"bob"}`, want: map[string]string{"event.user.id": `"bob"`}},
		{
			name: "server side for nobody", path: path + "/read", body: `{}`, status: 400, code: 4,
			message: `MarkRead failed with error: "either user or user_id must be provided when using server side auth."`,
		},
		{
			name: "server side for two", path: path + "/read", body: `{"user_id":"bob","user":{"id":"ann"}}`, status: 400, code: 4,
			message: `MarkRead failed with error: "cannot set both user and user_id."`,
		},
		{name: "server side for who does not exist", path: path + "/read", body: `{"user_id":"zoe"}`, status: 404, code: 16, message: "zoe"},
		{name: "read in a livestream", who: "bob", path: live + "/read", body: `{}`, status: 400, code: 19, message: "Channel type livestream does not support read events"},
		{name: "read by a stranger", who: "dan", path: path + "/read", body: `{}`, status: 403, code: 17, message: "not allowed to perform action ReadChannel in scope 'messaging'"},
		{name: "no channel", who: "bob", path: "/channels/messaging/nope/read", body: `{}`, status: 404, code: 16, message: "Can't find channel with id messaging:nope"},
		{name: "no channel id", who: "bob", path: "/channels/messaging/a%00b/read", body: `{}`, status: 400, code: 4, message: "not a valid cid"},
		{name: "no message", who: "bob", path: path + "/read", body: `{"message_id":"nope"}`, status: 404, code: 16, message: "message with id nope doesn't exist"},
		{name: "a message for others", who: "bob", path: path + "/read", body: `{"message_id":"secret"}`, status: 404, code: 16, message: "message with id secret doesn't exist"},
		{name: "some with a message for others", who: "bob", path: "/channels/read", body: `{"read_by_channel":{"messaging:room":"secret"}}`, status: 404, code: 16, message: "message with id secret doesn't exist"},
		{name: "unread from a message for others", who: "bob", path: path + "/unread", body: `{"message_id":"secret"}`, status: 400, code: 4, message: "Either the message with ID"},
		{name: "no thread", who: "bob", path: path + "/read", body: `{"thread_id":"nope"}`, status: 400, code: 4, message: "thread with id nope doesn't exist"},
		{name: "wrong type", who: "bob", path: path + "/read", body: `{"message_id":1}`, status: 400, code: 4, message: "message_id"},

		{name: "read some", who: "bob", path: "/channels/read", body: `{"read_by_channel":{"messaging:room":"` + second + `"}}`, want: map[string]string{"event": "null"}},
		{name: "read all channels", who: "bob", path: "/channels/read", body: `{}`},
		{name: "read too many", who: "bob", path: "/channels/read", body: map[string]any{"read_by_channel": marks}, status: 400, code: 4, message: "read_by_channel must contain at maximum 30 items"},
		{
			name: "read all for nobody", path: "/channels/read", body: `{}`, status: 400, code: 4,
			message: `MarkChannelsRead failed with error: "either user or user_id must be provided when using server side auth."`,
		},

		{
			name: "unread from nothing known", who: "bob", path: path + "/unread", body: `{"message_id":"nope"}`, status: 400, code: 4,
			message: `MarkUnread failed with error: "Either the message with ID "nope" does not exist, or it is older than last 100 channel messages."`,
		},
		{name: "unread from nothing", who: "bob", path: path + "/unread", body: `{}`, status: 400, code: 4, message: "must be provided"},
		{name: "unread", who: "bob", path: path + "/unread", body: `{"message_id":"` + first + `"}`},

		{name: "batch by a user", who: "bob", path: "/unread_batch", body: `{"user_ids":["bob"]}`, status: 403, code: 17, message: "server side"},
		{
			name: "batch", path: "/unread_batch", body: `{"user_ids":["ann","bob","zoe"]}`,
			want: map[string]string{
				"counts_by_user.bob.total_unread_count": "2", "counts_by_user.bob.channels.0.channel_id": `"messaging:room"`,
				"counts_by_user.ann.channels": "[]", "counts_by_user.ann.threads": "[]", "counts_by_user.zoe": "null",
			},
		},

		{name: "delivered", who: "bob", path: "/channels/delivered", body: `{"latest_delivered_messages":[{"cid":"messaging:room","id":"` + second + `"}]}`},
		{name: "delivered for a user", path: "/channels/delivered?user_id=bob", body: `{"latest_delivered_messages":[{"cid":"messaging:room","id":"` + second + `"}]}`},
		{name: "delivered nothing", who: "bob", path: "/channels/delivered", body: `{}`, status: 400, code: 4, message: "latest_delivered_messages is a required field"},

		{
			name: "typing", who: "bob", path: path + "/event", body: `{"event":{"type":"typing.start"}}`,
			want: map[string]string{"event.type": `"typing.start"`, "event.channel_id": `"room"`, "event.channel_type": `"messaging"`, "event.user.id": `"bob"`},
		},
		{name: "typing in a livestream", who: "bob", path: live + "/event", body: `{"event":{"type":"typing.start"}}`, status: 400, code: 19, message: "Channel type livestream does not support typing events"},
		{name: "built-in event", who: "bob", path: path + "/event", body: `{"event":{"type":"message.new"}}`, status: 400, code: 18, message: "message.new"},
		{name: "custom event", who: "bob", path: path + "/event", body: `{"event":{"type":"wave","to":"ann"}}`, want: map[string]string{"event.to": `"ann"`}},
		{
			name: "event of nobody", path: path + "/event", body: `{"event":{"type":"wave"}}`, status: 400, code: 4,
			message: `SendEvent failed with error: "either event.user or event.user_id must be provided when using server side auth."`,
		},
		{name: "event too big", who: "bob", path: path + "/event", body: `{"event":{"type":"wave","x":"` + strings.Repeat("x", 6000) + `"}}`, status: 413, code: 22, message: "too big"},

		{
			name: "sync too old", who: "bob", path: "/sync", body: `{"channel_cids":["messaging:room"],"last_sync_at":"2020-01-01T00:00:00Z"}`, status: 400, code: 4,
			message: `Sync failed with error: "Too old last_sync_at time, please have last_sync_at argument no later than 30 days ago"`,
		},
		{name: "sync nothing", who: "bob", path: "/sync", body: `{"channel_cids":[],"last_sync_at":"2020-01-01T00:00:00Z"}`, status: 400, code: 4, message: "channel_cids is a required field"},
		{name: "sync since never", who: "bob", path: "/sync", body: `{"channel_cids":["messaging:room"]}`, status: 400, code: 4, message: "last_sync_at is a required field"},
		{name: "sync since when", who: "bob", path: "/sync", body: `{"channel_cids":["messaging:room"],"last_sync_at":"yesterday"}`, status: 400, code: 4, message: "last_sync_at"},
	}
	for _, tt := range tests { // in order: each starts where the one before ended
		t.Log(tt.name)
		c := s.Server()
		if tt.who != "" {
			c = s.As(tt.who)
		}
		r := c.Post(tt.path, tt.body)
		if tt.status != 0 {
			r.Fails(tt.status, tt.code, tt.message)
			continue
		}
		if r.OK(); r.Status != 201 {
			t.Errorf("%s: status %d", tt.name, r.Status)
		}
		for at, want := range tt.want {
			r.Want(at, want)
		}
	}
	s.Anonymous().Post(live+"/read", `{}`).Fails(403, 17, "anonymous")
}

func TestReadEvents(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	path := s.Channel("messaging", "room", "ann", "bob")
	s.Channel("messaging", "other", "ann", "bob")
	first, second := said(s, "ann", path, "one"), said(s, "ann", path, "two")
	said(s, "ann", "/channels/messaging/other", "three")
	ann, bob, away := s.As("ann").Connect(), s.As("bob").Connect(), s.As("bob").Connect()
	bob.Hello.Want("me.total_unread_count", "3").Want("me.unread_channels", "2")
	ann.Watch(path)
	bob.Watch(path)

	s.As("bob").Post(path+"/read", `{"message_id":"`+first+`"}`).OK()
	ann.Expect("message.read").Want("user.id", `"bob"`).Want("last_read_message_id", `"`+first+`"`).Want("cid", `"messaging:room"`)
	bob.Expect("message.read")
	for _, ws := range []*testkit.Socket{bob, away} {
		ws.Expect("notification.mark_read").Want("total_unread_count", "2").Want("unread_count", "2").Want("unread_channels", "2").
			Want("unread_threads", "0").Want("cid", `"messaging:room"`).Want("channel.cid", `"messaging:room"`).Want("last_read_message_id", `"`+first+`"`)
	}

	s.As("bob").Post("/channels/read", `{}`).OK()
	ann.Expect("message.read").Want("last_read_message_id", `"`+second+`"`)
	away.Expect("notification.mark_read").Want("total_unread_count", "0").Want("unread_channels", "0").Want("cid", "null").Want("channel", "null")

	s.As("bob").Post(path+"/unread", `{"message_id":"`+second+`"}`).OK()
	away.Expect("notification.mark_unread").Want("first_unread_message_id", `"`+second+`"`).Want("last_read_message_id", `"`+first+`"`).
		Want("unread_messages", "1").Want("total_unread_count", "1").Want("unread_channels", "1")
	ann.Quiet("notification.mark_unread", "notification.mark_read")
	away.Quiet("message.read")
	s.As("bob").Get("/unread").OK().Want("total_unread_count", "1").Want("channels.0.channel_id", `"messaging:room"`).
		Want("channel_type.0.channel_type", `"messaging"`).Want("total_unread_threads_count", "0")
}

func TestPrivateReceipts(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	path := s.Channel("messaging", "room", "ann", "bob")
	s.Server().Post("/users", `{"users":{"bob":{"id":"bob","privacy_settings":{
		"typing_indicators":{"enabled":false},"read_receipts":{"enabled":false},"delivery_receipts":{"enabled":false}}}}}`).OK()
	id := said(s, "ann", path, "one")
	ann, bob := s.As("ann").Connect(), s.As("bob").Connect()
	ann.Watch(path)
	bob.Watch(path)
	s.As("bob").Post("/channels/delivered", `{"latest_delivered_messages":[{"cid":"messaging:room","id":"`+id+`"}]}`).OK()
	s.As("bob").Post(path+"/event", `{"event":{"type":"typing.start"}}`).OK()
	s.As("bob").Post(path+"/read", `{}`).OK()
	bob.Expect("message.read")
	bob.Expect("notification.mark_read")
	s.As("ann").Post(path+"/event", `{"event":{"type":"typing.start","parent_id":"p"}}`).OK()
	bob.Expect("typing.start").Want("user.id", `"ann"`).Want("parent_id", `"p"`)
	ann.Quiet("message.read", "message.delivered")
	ann.Watch(path).Want("read.#", "1").Want("read.0.user.id", `"ann"`)
}

func TestDeliveryEvents(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	path := s.Channel("messaging", "room", "ann", "bob")
	id := said(s, "ann", path, "one")
	ann := s.As("ann").Connect()
	ann.Watch(path)
	s.As("bob").Post("/channels/delivered", `{"latest_delivered_messages":[{"cid":"messaging:room","id":"`+id+`"}]}`).OK()
	ann.Expect("message.delivered").Want("user.id", `"bob"`).Want("last_delivered_message_id", `"`+id+`"`).Want("channel_id", `"room"`)
	s.Server().Post(path+"/message", `{"message":{"id":"secret","text":"x","user_id":"ann","restricted_visibility":["ann"]}}`).OK()
	s.As("bob").Post("/channels/delivered", `{"latest_delivered_messages":[{"cid":"messaging:room","id":"secret"}]}`).OK()
	ann.Quiet("message.delivered") // it did not reach him
}

func TestSyncRoute(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	path := s.Channel("messaging", "room", "ann", "bob")
	s.Channel("messaging", "secret", "ann")
	since, _ := s.As("ann").Post(path+"/message", `{"message":{"text":"before"}}`).OK().At("message.created_at").(string)
	said(s, "ann", path, "after")
	bob := s.As("bob").Connect()
	ask := func(more string) string {
		return `{"channel_cids":["messaging:room","messaging:secret"],"last_sync_at":"` + since + `"` + more + `}`
	}
	bob.Client.Post("/sync", ask(`,"watch":true,"with_inaccessible_cids":true`)).OK().
		Want("events.#", "1").Want("events.0.type", `"message.new"`).Want("events.0.message.text", `"after"`).
		Want("events.0.cid", `"messaging:room"`).Want("events.0.user.id", `"ann"`).Want("events.0.watcher_count", "1").
		Want("inaccessible_cids", `["messaging:secret"]`)
	said(s, "ann", path, "watched")
	bob.Expect("message.new").Want("message.text", `"watched"`)
	bob.Client.Post("/sync?with_inaccessible_cids=true", ask("")).OK().Want("inaccessible_cids.0", `"messaging:secret"`)
	s.As("bob").Post("/sync", ask("")).OK().Want("inaccessible_cids", "null").
		Want("events.#", "3").Want("events.2.type", `"notification.removed_from_channel"`).Want("events.2.cid", `"messaging:secret"`)
	s.As("bob").Post("/sync", ask(`,"watch":true`)).Fails(400, 4, "connection_id")
	s.As("bob").Post("/sync", ask(`,"watch":true,"connection_id":"x"`)).Fails(400, 46, "")
}
