package httpapi_test

import (
	"testing"

	"chatd/internal/testkit"
)

// What the server side does in its own name is told without a user, in a channel of a
// team with the team.
func TestEventsOfTheServerSide(t *testing.T) {
	t.Parallel()
	c := newCast(t, testkit.Start(t), "messaging")
	const watchers, away = "ann bob eve", "ann2 cat"
	c.play(
		scene{
			exchange: exchange{name: "a team", method: "PATCH", path: c.path, body: `{"set":{"team":"red"}}`},
			told:     []string{"channel.updated: " + watchers},
			fields:   map[string]string{"channel.updated team": `"red"`, "channel.updated channel.team": `"red"`, "channel.updated user": "null"},
		},
		scene{
			exchange: exchange{name: "a message, unread", who: "ann", method: "POST", path: c.path + "/message", body: `{"message":{"text":"one"}}`},
			told:     []string{"message.new: " + watchers, "notification.message_new: " + away},
			fields:   map[string]string{"message.new team": `"red"`, "cat/notification.message_new total_unread_count": "1"},
		},
		scene{
			exchange: exchange{name: "truncated for some", method: "POST", path: c.path + "/truncate", body: `{"member_ids":["cat","bob"]}`},
			told:     []string{"channel.truncated: bob", "notification.channel_truncated: cat"},
			fields: map[string]string{
				"channel.truncated user": "null", "channel.truncated message": "null", "channel.truncated team": `"red"`,
				"notification.channel_truncated total_unread_count": "0", "notification.channel_truncated unread_channels": "0",
			},
		},
		scene{
			exchange: exchange{name: "truncated", method: "POST", path: c.path + "/truncate", body: `{}`},
			told:     []string{"channel.truncated: " + watchers, "notification.channel_truncated: " + away},
			fields:   map[string]string{"channel.truncated user": "null", "channel.truncated channel.own_capabilities": "null"},
		},
		scene{
			exchange: exchange{name: "added", method: "POST", path: c.path, body: `{"add_members":["fay"]}`},
			told:     []string{"member.added: " + watchers, "channel.updated: " + watchers, "notification.added_to_channel: fay"},
			fields: map[string]string{
				"member.added user.id": `"fay"`, "member.added team": `"red"`, "member.added channel.cid": `"messaging:room"`, "member.added channel.own_capabilities": "null",
				"channel.updated user": "null", "notification.added_to_channel team": `"red"`,
			},
		},
		scene{
			exchange: exchange{name: "removed with nothing unread", method: "POST", path: c.path, body: `{"remove_members":["fay"]}`},
			told:     []string{"member.removed: " + watchers, "channel.updated: " + watchers, "notification.removed_from_channel: fay"},
			fields:   map[string]string{"notification.removed_from_channel channel.cid": `"messaging:room"`, "notification.removed_from_channel user.id": `"fay"`},
		},
		scene{
			exchange: exchange{name: "hidden for a member", method: "POST", path: c.path + "/hide", body: `{"user_id":"cat"}`},
			told:     []string{"channel.hidden: cat"},
			fields:   map[string]string{"channel.hidden user.id": `"cat"`, "channel.hidden clear_history": "false"},
		},
		scene{
			exchange: exchange{name: "a message shows it to who is away", who: "ann", method: "POST", path: c.path + "/message", body: `{"message":{"text":"two"}}`},
			told:     []string{"channel.visible: cat", "message.new: " + watchers, "notification.message_new: " + away},
			order:    "channel.visible notification.message_new",
			fields:   map[string]string{"channel.visible channel.cid": `"messaging:room"`, "channel.visible user.id": `"cat"`},
		},
		scene{exchange: exchange{name: "shown who did not hide", who: "cat", method: "POST", path: c.path + "/show", body: `{}`}},
		scene{
			exchange: exchange{name: "deleted", method: "DELETE", path: c.path},
			told:     []string{"channel.deleted: " + watchers, "notification.channel_deleted: " + away},
			fields: map[string]string{
				"channel.deleted user": "null", "channel.deleted team": `"red"`, "channel.deleted channel.created_by": "null", "notification.channel_deleted channel.cid": `"messaging:room"`,
				"cat/notification.channel_deleted total_unread_count": "0", "cat/notification.channel_deleted unread_channels": "0",
			},
		},
	)
}

// Where anybody may read, who watches goes on watching when he is no member any more.
func TestEventsOfOpenChannels(t *testing.T) {
	t.Parallel()
	c := newCast(t, testkit.Start(t), "livestream")
	c.sockets["fay"].Client.Post(c.path+"/query", `{"state":true,"watch":true}`).OK()
	c.told()
	const watchers = "ann bob eve fay"
	c.play(
		scene{
			exchange: exchange{name: "a member goes", method: "POST", path: c.path, body: `{"remove_members":["bob"]}`},
			told:     []string{"member.removed: " + watchers, "channel.updated: " + watchers, "notification.removed_from_channel: bob"},
		},
		scene{
			exchange: exchange{name: "a message", who: "ann", method: "POST", path: c.path + "/message", body: `{"message":{"text":"hi"}}`},
			told:     []string{"message.new: " + watchers, "notification.message_new: ann2 cat"},
			fields:   map[string]string{"fay/message.new unread_count": "null", "message.new watcher_count": "4"},
		},
		scene{
			exchange: exchange{name: "an event of the app", who: "ann", method: "POST", path: c.path + "/event", body: `{"event":{"type":"wave","hand":"left"}}`},
			told:     []string{"wave: " + watchers},
			fields:   map[string]string{"wave hand": `"left"`, "wave custom": "null", "wave user.id": `"ann"`, "wave channel_id": `"room"`},
		},
	)
}
