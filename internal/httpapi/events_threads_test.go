package httpapi_test

import (
	"testing"
	"time"

	"chatd/internal/testkit"
)

// Who is told of a thread that changes: those who watch, and those who take part and do
// not.
func TestEventsOfThreads(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	c := newCast(t, s, "messaging")
	s.As("ann").Post(c.path+"/message", `{"message":{"id":"m1","text":"hi"}}`).OK()
	s.As("cat").Post(c.path+"/message", `{"message":{"id":"r1","text":"re","parent_id":"m1"}}`).OK()
	c.told()
	told := []string{"thread.updated: ann ann2 bob cat eve"}
	c.play(
		scene{
			exchange: exchange{name: "a title", who: "ann", method: "PATCH", path: "/threads/m1", body: `{"set":{"title":"Lunch","color":"red"}}`},
			told:     told,
			fields: map[string]string{
				"thread.updated cid": `"messaging:room"`, "thread.updated channel_id": `"room"`, "thread.updated channel_type": `"messaging"`, "thread.updated user.id": `"ann"`,
				"thread.updated thread.parent_message_id": `"m1"`, "thread.updated thread.title": `"Lunch"`, "thread.updated thread.color": `"red"`,
				"thread.updated thread.channel_cid": `"messaging:room"`, "thread.updated thread.reply_count": "1", "thread.updated thread.participant_count": "2",
			},
		},
		scene{
			exchange: exchange{name: "by the server side", method: "PATCH", path: "/threads/m1", body: `{"unset":["color"]}`},
			told:     told,
			fields:   map[string]string{"thread.updated user": "null", "thread.updated thread.color": "null"},
		},
		scene{exchange: exchange{name: "by a stranger", who: "fay", method: "PATCH", path: "/threads/m1", body: `{"set":{"title":"x"}}`, status: 403, code: 17, message: "ReadChannel"}},
		scene{
			exchange: exchange{name: "a silent reply", who: "bob", method: "POST", path: c.path + "/message", body: `{"message":{"text":"psst","parent_id":"m1","silent":true}}`},
			told:     []string{"message.new: " + watchers, "message.updated: " + watchers, "notification.thread_message_new: ann2 cat"},
			fields: map[string]string{
				"ann2/notification.thread_message_new unread_threads": "1", "cat/notification.thread_message_new unread_threads": "0",
				"cat/notification.thread_message_new unread_thread_messages": "0",
			},
		},
	)
}

// Who is told of a draft: all connections of who wrote it.
func TestEventsOfDrafts(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	c := newCast(t, s, "messaging")
	s.As("bob").Post(c.path+"/message", `{"message":{"id":"m1","text":"hi"}}`).OK()
	c.told()
	to := c.path + "/draft"
	c.play(
		scene{
			exchange: exchange{name: "saved", who: "ann", method: "POST", path: to, body: `{"message":{"text":"I wan"}}`},
			told:     []string{"draft.updated: ann ann2"},
			fields: map[string]string{
				"draft.updated cid": `"messaging:room"`, "draft.updated channel_id": "null", "draft.updated channel_type": "null", "draft.updated parent_id": "null",
				"draft.updated draft.channel_cid": `"messaging:room"`, "draft.updated draft.message.text": `"I wan"`, "draft.updated draft.channel.cid": `"messaging:room"`,
				"draft.updated draft.channel.own_capabilities": "null",
			},
		},
		scene{
			exchange: exchange{name: "of a reply", who: "ann", method: "POST", path: to, body: `{"message":{"text":"re","parent_id":"m1"}}`},
			told:     []string{"draft.updated: ann ann2"},
			fields:   map[string]string{"draft.updated parent_id": `"m1"`, "draft.updated draft.parent_id": `"m1"`, "draft.updated draft.parent_message.id": `"m1"`},
		},
		scene{
			exchange: exchange{name: "deleted", who: "ann", method: "DELETE", path: to + "?parent_id=m1"},
			told:     []string{"draft.deleted: ann ann2"},
			fields:   map[string]string{"draft.deleted cid": `"messaging:room"`, "draft.deleted parent_id": `"m1"`, "draft.deleted draft.channel_cid": `"messaging:room"`},
		},
		scene{exchange: exchange{name: "deleted already", who: "ann", method: "DELETE", path: to + "?parent_id=m1", status: 404, code: 16, message: "doesn't exist"}},
		scene{
			exchange: exchange{name: "sent", who: "ann", method: "POST", path: c.path + "/message", body: `{"message":{"text":"I want"}}`},
			told:     []string{"draft.deleted: ann ann2", "message.new: " + watchers, "notification.message_new: ann2 cat"},
		},
	)
}

// Who is told of a reminder: all connections of who set it.
func TestEventsOfReminders(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	s.Server().Put("/channeltypes/messaging", `{"user_message_reminders":true}`).OK()
	c := newCast(t, s, "messaging")
	s.As("bob").Post(c.path+"/message", `{"message":{"id":"m1","text":"hi"}}`).OK()
	s.As("bob").Post(c.path+"/message", `{"message":{"id":"r1","text":"re","parent_id":"m1"}}`).OK()
	c.told()
	const to = "/messages/r1/reminders"
	fields := func(typ, remindAt string) map[string]string {
		return map[string]string{
			typ + " cid": `"messaging:room"`, typ + " message_id": `"r1"`, typ + " user_id": `"ann"`, typ + " parent_id": `"m1"`, typ + " reminder.message_id": `"r1"`,
			typ + " reminder.user_id": `"ann"`, typ + " reminder.channel_cid": `"messaging:room"`, typ + " reminder.remind_at": remindAt,
		}
	}
	c.play(
		scene{
			exchange: exchange{name: "created", who: "ann", method: "POST", path: to, body: `{"remind_at":"2100-01-01T00:00:00Z"}`},
			told:     []string{"reminder.created: ann ann2"}, fields: fields("reminder.created", `"2100-01-01T00:00:00Z"`),
		},
		scene{
			exchange: exchange{name: "updated", who: "ann", method: "PATCH", path: to, body: `{}`},
			told:     []string{"reminder.updated: ann ann2"}, fields: fields("reminder.updated", "null"),
		},
		scene{
			exchange: exchange{name: "deleted", who: "ann", method: "DELETE", path: to},
			told:     []string{"reminder.deleted: ann ann2"}, fields: fields("reminder.deleted", "null"),
		},
		scene{exchange: exchange{name: "deleted already", who: "ann", method: "DELETE", path: to, status: 404, code: 16, message: "reminder does not exist"}},
		scene{exchange: exchange{name: "a stranger", who: "fay", method: "POST", path: to, body: `{}`, status: 403, code: 17, message: "ReadChannel"}},
	)
	soon := at(0)
	s.As("ann").Post(to, `{"remind_at":"`+soon+`"}`).OK()
	for _, name := range []string{"ann", "ann2"} {
		e := c.sockets[name].Expect("notification.reminder_due")
		for field, want := range map[string]string{"cid": `"messaging:room"`, "message_id": `"r1"`, "user_id": `"ann"`, "parent_id": `"m1"`, "reminder.message.text": `"re"`} {
			e.Want(field, want)
		}
	}
	for name, events := range c.told() {
		t.Errorf("%s is told of %s", name, events[0].Type)
	}
}

// Who is told of a location that moves: those who watch, as of any message.
func TestEventsOfLocations(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	s.Server().Put("/channeltypes/messaging", `{"shared_locations":true}`).OK()
	c := newCast(t, s, "messaging")
	moves := func(name, who, fields string) exchange {
		return exchange{name: name, who: who, method: "PUT", path: "/users/live_locations", body: `{"message_id":"m1","created_by_device_id":"phone",` + fields + `}`}
	}
	refused := moves("moved by another", "bob", `"latitude":3,"longitude":4`)
	refused.status, refused.code, refused.message = 403, 17, "can only be updated by the user who shares it"
	c.play(
		scene{
			exchange: exchange{name: "shared", who: "ann", method: "POST", path: c.path + "/message", body: `{"message":{"id":"m1","shared_location":{"latitude":1,"longitude":2,"end_at":"` + at(time.Hour) + `","created_by_device_id":"phone"}}}`},
			told:     []string{"message.new: " + watchers, "notification.message_new: ann2 cat"},
			fields:   map[string]string{"message.new message.shared_location.latitude": "1", "message.new message.shared_location.user_id": `"ann"`, "notification.message_new message.shared_location.longitude": "2"},
		},
		scene{
			exchange: moves("moved", "ann", `"latitude":3,"longitude":4`),
			told:     []string{"message.updated: " + watchers},
			fields: map[string]string{
				"message.updated message_id": `"m1"`, "message.updated message.shared_location.latitude": "3", "message.updated message.shared_location.longitude": "4",
				"message.updated user.id": `"ann"`, "message.updated message.own_reactions": "[]",
			},
		},
		scene{
			exchange: moves("ended", "ann", `"end_at":"`+at(0)+`"`),
			told:     []string{"message.updated: " + watchers},
			fields:   map[string]string{"message.updated message.shared_location.latitude": "3"},
		},
		scene{exchange: refused},
	)
}
