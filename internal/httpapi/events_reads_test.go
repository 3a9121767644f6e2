package httpapi_test

import (
	"testing"

	"chatd/internal/testkit"
)

// Who is told of what is read: the others who watch, and the reader himself of his
// numbers.
func TestEventsOfReads(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	c := newCast(t, s, "messaging")
	read, unread := c.path+"/read", c.path+"/unread"
	for _, id := range []string{"m1", "m2"} {
		s.As("ann").Post(c.path+"/message", `{"message":{"id":"`+id+`","text":"hi"}}`).OK()
	}
	s.Channel("messaging", "other", "ann", "bob")
	s.As("ann").Post("/channels/messaging/other/message", `{"message":{"id":"o1","text":"hi"}}`).OK()
	c.told()
	seen := func(who string) []string {
		return []string{"message.read: " + watchers, "notification.mark_read: " + who}
	}
	c.play(
		scene{
			exchange: exchange{name: "up to a message, by one who watches", who: "bob", method: "POST", path: read, body: `{"message_id":"m1"}`},
			told:     seen("bob"),
			order:    "message.read notification.mark_read",
			fields: map[string]string{
				"message.read cid": `"messaging:room"`, "message.read channel_id": `"room"`, "message.read channel_type": `"messaging"`, "message.read user.id": `"bob"`,
				"message.read last_read_message_id": `"m1"`, "message.read unread_count": "null", "message.read thread": "null",
				"notification.mark_read cid": `"messaging:room"`, "notification.mark_read channel.cid": `"messaging:room"`, "notification.mark_read channel.own_capabilities": "null",
				"notification.mark_read user.id": `"bob"`, "notification.mark_read last_read_message_id": `"m1"`, "notification.mark_read unread_count": "2",
				"notification.mark_read total_unread_count": "2", "notification.mark_read unread_channels": "2", "notification.mark_read unread_threads": "0",
				"notification.mark_read unread_thread_messages": "0",
			},
		},
		scene{
			exchange: exchange{name: "by one who does not", who: "cat", method: "POST", path: read, body: `{}`},
			told:     seen("cat"),
			fields: map[string]string{
				"message.read user.id": `"cat"`, "message.read last_read_message_id": `"m2"`, "notification.mark_read total_unread_count": "0", "notification.mark_read unread_channels": "0",
			},
		},
		scene{
			exchange: exchange{name: "by the server side", method: "POST", path: read, body: `{"user_id":"ann"}`},
			told:     []string{"message.read: " + watchers, "notification.mark_read: ann ann2"},
		},
		scene{
			exchange: exchange{name: "by an event", who: "cat", method: "POST", path: c.path + "/event", body: `{"event":{"type":"message.read"}}`},
			told:     seen("cat"),
		},
		scene{exchange: exchange{name: "by no member", who: "eve", method: "POST", path: read, body: `{}`}},
		scene{exchange: exchange{name: "by a stranger", who: "fay", method: "POST", path: read, body: `{}`, status: 403, code: 17, message: "ReadChannel"}},
		scene{
			exchange: exchange{name: "some", who: "bob", method: "POST", path: "/channels/read", body: `{"read_by_channel":{"messaging:room":"m2"}}`},
			told:     seen("bob"),
			fields:   map[string]string{"message.read last_read_message_id": `"m2"`, "notification.mark_read total_unread_count": "1", "notification.mark_read cid": `"messaging:room"`},
		},
		scene{
			exchange: exchange{name: "unread", who: "bob", method: "POST", path: unread, body: `{"message_id":"m2"}`},
			told:     []string{"notification.mark_unread: bob"},
			fields: map[string]string{
				"notification.mark_unread cid": `"messaging:room"`, "notification.mark_unread channel_id": `"room"`, "notification.mark_unread user.id": `"bob"`,
				"notification.mark_unread first_unread_message_id": `"m2"`, "notification.mark_unread last_read_message_id": `"m1"`, "notification.mark_unread unread_messages": "1",
				"notification.mark_unread unread_count": "2", "notification.mark_unread total_unread_count": "2", "notification.mark_unread unread_channels": "2",
				"notification.mark_unread unread_threads": "0", "notification.mark_unread unread_thread_messages": "0",
			},
		},
		scene{
			exchange: exchange{name: "all", who: "bob", method: "POST", path: "/channels/read", body: `{}`},
			told:     seen("bob"), // nobody watches the other one
			fields: map[string]string{
				"message.read cid": `"messaging:room"`, "notification.mark_read cid": "null", "notification.mark_read channel": "null", "notification.mark_read user.id": `"bob"`,
				"notification.mark_read unread_count": "0", "notification.mark_read total_unread_count": "0", "notification.mark_read unread_channels": "0",
			},
		},
		scene{
			exchange: exchange{name: "all of it unread", who: "cat", method: "POST", path: unread, body: `{"message_id":"m1"}`},
			told:     []string{"notification.mark_unread: cat"},
			fields:   map[string]string{"notification.mark_unread last_read_message_id": "null", "notification.mark_unread unread_messages": "2"},
		},
	)
}

// Who is told of what is read in a thread.
func TestEventsOfReadsOfThreads(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	c := newCast(t, s, "messaging")
	s.As("ann").Post(c.path+"/message", `{"message":{"id":"m1","text":"hi"}}`).OK()
	s.As("bob").Post(c.path+"/message", `{"message":{"id":"r1","text":"re","parent_id":"m1"}}`).OK()
	c.told()
	c.play(
		scene{
			exchange: exchange{name: "read", who: "ann", method: "POST", path: c.path + "/read", body: `{"thread_id":"m1"}`},
			told:     []string{"message.read: " + watchers, "notification.mark_read: ann ann2"},
			fields: map[string]string{
				"message.read thread.parent_message_id": `"m1"`, "message.read user.id": `"ann"`, "message.read thread.reply_count": "1", "message.read last_read_message_id": `"r1"`,
				"notification.mark_read thread_id": `"m1"`, "notification.mark_read thread.parent_message_id": `"m1"`, "notification.mark_read unread_threads": "0",
				"notification.mark_read unread_thread_messages": "0", "notification.mark_read last_read_message_id": `"r1"`, "notification.mark_read total_unread_count": "0",
			},
		},
		scene{
			exchange: exchange{name: "unread", who: "ann", method: "POST", path: c.path + "/unread", body: `{"thread_id":"m1"}`},
			told:     []string{"notification.mark_unread: ann ann2"},
			fields: map[string]string{
				"notification.mark_unread thread_id": `"m1"`, "notification.mark_unread unread_threads": "1", "notification.mark_unread unread_thread_messages": "1",
				"notification.mark_unread unread_messages": "1", "notification.mark_unread total_unread_count": "0",
			},
		},
	)
}

// Who is told that a message was delivered, and that nobody is who asked for it.
func TestEventsOfReceipts(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	c := newCast(t, s, "messaging")
	delivered := func(who, id string) exchange {
		return exchange{name: "delivered to " + who, who: who, method: "POST", path: "/channels/delivered", body: `{"latest_delivered_messages":[{"cid":"messaging:room","id":"` + id + `"}]}`}
	}
	for _, id := range []string{"m1", "m2"} {
		s.As("ann").Post(c.path+"/message", `{"message":{"id":"`+id+`","text":"hi"}}`).OK()
	}
	c.told()
	c.play(
		scene{
			exchange: delivered("cat", "m1"),
			told:     []string{"message.delivered: " + watchers},
			fields: map[string]string{
				"message.delivered cid": `"messaging:room"`, "message.delivered channel_id": `"room"`, "message.delivered channel_type": `"messaging"`,
				"message.delivered user.id": `"cat"`, "message.delivered last_delivered_message_id": `"m1"`,
			},
		},
		scene{exchange: delivered("cat", "m1")},
		scene{exchange: delivered("fay", "m1")},
	)
	s.Server().Patch("/users", `{"users":[{"id":"bob","set":{"privacy_settings":{"typing_indicators":{"enabled":false},"read_receipts":{"enabled":false},"delivery_receipts":{"enabled":false}}}}]}`).OK()
	c.told()
	c.play(
		scene{exchange: delivered("bob", "m2")},
		scene{
			exchange: exchange{name: "read by one who lets nobody know", who: "bob", method: "POST", path: c.path + "/read", body: `{}`},
			told:     []string{"message.read: bob", "notification.mark_read: bob"},
		},
		scene{
			exchange: exchange{name: "many", who: "bob", method: "POST", path: "/channels/read", body: `{"read_by_channel":{"messaging:room":"m2"}}`},
			told:     []string{"message.read: bob", "notification.mark_read: bob"},
		},
		scene{exchange: exchange{name: "typing", who: "bob", method: "POST", path: c.path + "/event", body: `{"event":{"type":"typing.start"}}`, want: map[string]string{"event.type": `"typing.start"`}}},
	)
}

// Where a type has its events off nobody is told, and nobody has numbers.
func TestEventsThatAreOff(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	s.Server().Put("/channeltypes/team", `{"read_events":false,"typing_events":false,"custom_events":false,"connect_events":false,"delivery_events":false,"reactions":false}`).OK()
	c := newCast(t, s, "team")
	off := func(what, path, body string) scene {
		return scene{exchange: exchange{name: what, who: "bob", method: "POST", path: path, body: body, status: 400, code: 19, message: "Channel type team does not support " + what}}
	}
	c.play(
		scene{
			exchange: exchange{name: "a message", who: "ann", method: "POST", path: c.path + "/message", body: `{"message":{"id":"m1","text":"hi"}}`},
			told:     []string{"message.new: " + watchers, "notification.message_new: ann2 cat"},
			fields:   map[string]string{"message.new unread_count": "null", "message.new total_unread_count": "null", "notification.message_new unread_channels": "null"},
		},
		off("read events", c.path+"/read", `{}`),
		off("read events", c.path+"/unread", `{"message_id":"m1"}`),
		off("read events", c.path+"/event", `{"event":{"type":"message.read"}}`),
		off("typing events", c.path+"/event", `{"event":{"type":"typing.start"}}`),
		off("typing events", c.path+"/event", `{"event":{"type":"typing.stop"}}`),
		off("custom events", c.path+"/event", `{"event":{"type":"wave"}}`),
		off("reactions", "/messages/m1/reaction", `{"reaction":{"type":"like"}}`),
		scene{
			exchange: exchange{name: "all read", who: "bob", method: "POST", path: "/channels/read", body: `{}`},
			told:     []string{"notification.mark_read: bob"},
		},
		scene{exchange: exchange{name: "some read", who: "bob", method: "POST", path: "/channels/read", body: `{"read_by_channel":{"team:room":"m1"}}`}},
		scene{exchange: exchange{name: "delivered", who: "bob", method: "POST", path: "/channels/delivered", body: `{"latest_delivered_messages":[{"cid":"team:room","id":"m1"}]}`}},
		scene{exchange: exchange{name: "no longer watched", who: "bob", method: "POST", path: c.path + "/stop-watching?connection_id=" + c.sockets["bob"].ID, body: `{}`}},
	)
}
