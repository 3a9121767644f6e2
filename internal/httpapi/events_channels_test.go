package httpapi_test

import (
	"testing"

	"chatd/internal/testkit"
)

// Who is told of what happens to a channel.
func TestEventsOfChannels(t *testing.T) {
	t.Parallel()
	c := newCast(t, testkit.Start(t), "messaging")
	c.play(
		scene{
			exchange: exchange{name: "data", who: "ann", method: "PATCH", path: c.path, body: `{"set":{"name":"Room","color":"red"}}`},
			told:     []string{"channel.updated: " + watchers},
			fields: map[string]string{
				"channel.updated cid": `"messaging:room"`, "channel.updated channel_id": `"room"`, "channel.updated channel_type": `"messaging"`,
				"channel.updated channel.name": `"Room"`, "channel.updated channel.color": `"red"`, "channel.updated channel.members.#": "4",
				"channel.updated channel.config.name": `"messaging"`, "channel.updated channel.own_capabilities": "null", "channel.updated user.id": `"ann"`,
				"channel.updated message": "null", "channel.updated channel_member_count": "4",
			},
		},
		scene{
			exchange: exchange{name: "data, by the server side", method: "PATCH", path: c.path, body: `{"set":{"frozen":true}}`},
			told:     []string{"channel.updated: " + watchers, "channel.frozen: " + watchers},
			fields:   map[string]string{"channel.updated user": "null", "channel.updated channel.frozen": "true", "channel.frozen cid": `"messaging:room"`, "channel.frozen channel": "null"},
		},
		scene{
			exchange: exchange{name: "no more frozen", method: "PATCH", path: c.path, body: `{"set":{"frozen":false}}`},
			told:     []string{"channel.updated: " + watchers, "channel.unfrozen: " + watchers},
		},
		scene{
			exchange: exchange{name: "with a message", method: "POST", path: c.path, body: `{"data":{"name":"Room 2"},"message":{"text":"renamed","user_id":"ann"},"user_id":"ann"}`},
			told:     []string{"channel.updated: " + watchers, "message.new: " + watchers, "notification.message_new: ann2 cat"},
			order:    "channel.updated message.new",
			fields:   map[string]string{"channel.updated message.text": `"renamed"`, "channel.updated message.type": `"system"`, "channel.updated user.id": `"ann"`, "bob/message.new unread_count": "0"},
		},
		scene{
			exchange: exchange{name: "slow mode", who: "eve", method: "PATCH", path: c.path, body: `{"set":{"cooldown":5}}`},
			told:     []string{"channel.updated: " + watchers},
			fields:   map[string]string{"channel.updated channel.cooldown": "5", "channel.updated user.id": `"eve"`},
		},
		scene{
			exchange: exchange{name: "no slow mode", who: "eve", method: "PATCH", path: c.path, body: `{"unset":["cooldown"]}`},
			told:     []string{"channel.updated: " + watchers},
		},
		scene{
			exchange: exchange{name: "a message, unread", who: "ann", method: "POST", path: c.path + "/message", body: `{"message":{"text":"one"}}`},
			told:     []string{"message.new: " + watchers, "notification.message_new: ann2 cat"},
			fields:   map[string]string{"cat/notification.message_new total_unread_count": "1"},
		},
		scene{
			exchange: exchange{name: "truncated", who: "ann", method: "POST", path: c.path + "/truncate", body: `{"message":{"id":"t1","text":"emptied"}}`},
			told:     []string{"channel.truncated: " + watchers, "notification.channel_truncated: ann2 cat", "message.new: " + watchers, "notification.message_new: ann2 cat"},
			order:    "channel.truncated notification.channel_truncated message.new notification.message_new",
			fields: map[string]string{
				"channel.truncated message.id": `"t1"`, "channel.truncated message.type": `"system"`, "channel.truncated user.id": `"ann"`,
				"cat/notification.channel_truncated total_unread_count": "0", "cat/notification.channel_truncated unread_channels": "0",
				"notification.channel_truncated channel.cid": `"messaging:room"`,
			},
		},
		scene{
			exchange: exchange{name: "hidden", who: "cat", method: "POST", path: c.path + "/hide", body: `{"clear_history":true}`},
			told:     []string{"channel.hidden: cat"},
			fields:   map[string]string{"channel.hidden clear_history": "true", "channel.hidden user.id": `"cat"`, "channel.hidden channel.cid": `"messaging:room"`},
		},
		scene{
			exchange: exchange{name: "shown", who: "cat", method: "POST", path: c.path + "/show", body: `{}`},
			told:     []string{"channel.visible: cat"},
			fields:   map[string]string{"channel.visible user.id": `"cat"`},
		},
		scene{
			exchange: exchange{name: "hidden by who watches", who: "bob", method: "POST", path: c.path + "/hide", body: `{}`},
			told:     []string{"channel.hidden: bob"},
			fields:   map[string]string{"channel.hidden clear_history": "false"},
		},
		scene{
			exchange: exchange{name: "a message shows it", who: "ann", method: "POST", path: c.path + "/message", body: `{"message":{"text":"again"}}`},
			told:     []string{"channel.visible: bob", "message.new: " + watchers, "notification.message_new: ann2 cat"},
			order:    "channel.visible message.new",
		},
		scene{
			exchange: exchange{name: "deleted", who: "eve", method: "DELETE", path: c.path},
			told:     []string{"channel.deleted: " + watchers, "notification.channel_deleted: ann2 cat"},
			fields: map[string]string{
				"channel.deleted channel.created_by": "null", "channel.deleted user.id": `"eve"`,
				"cat/notification.channel_deleted total_unread_count": "0", "cat/notification.channel_deleted unread_channels": "0", "cat/notification.channel_deleted unread_count": "0",
			},
		},
	)
}

// Who is told of a new channel: its members' connections, also others of who made it.
func TestEventsOfNewChannels(t *testing.T) {
	t.Parallel()
	c := newCast(t, testkit.Start(t), "messaging")
	c.play(
		scene{
			exchange: exchange{name: "made", who: "ann", method: "POST", path: "/channels/messaging/new/query", body: `{"data":{"members":["ann","bob"],"invites":["cat"]}}`},
			told:     []string{"notification.added_to_channel: ann ann2 bob", "notification.invited: cat"},
			fields: map[string]string{
				"bob/notification.added_to_channel channel.members.#": "3", "bob/notification.added_to_channel member.user_id": `"bob"`, "notification.added_to_channel channel.own_capabilities": "null",
				"notification.invited member.invited": "true", "notification.invited user.id": `"cat"`, "notification.invited member.user.id": `"cat"`,
			},
		},
		scene{
			exchange: exchange{name: "made by the server side", method: "POST", path: "/channels/messaging/new2/query", body: `{"data":{"members":["cat"],"created_by_id":"ann"}}`},
			told:     []string{"notification.added_to_channel: cat"},
		},
	)
}

// Who is told of members who come, go, and change.
func TestEventsOfMembers(t *testing.T) {
	t.Parallel()
	c := newCast(t, testkit.Start(t), "messaging")
	c.play(
		scene{
			exchange: exchange{name: "added", who: "ann", method: "POST", path: c.path, body: `{"add_members":["fay"]}`},
			told:     []string{"member.added: " + watchers, "channel.updated: " + watchers, "notification.added_to_channel: fay"},
			order:    "member.added channel.updated",
			fields: map[string]string{
				"member.added user.id": `"fay"`, "member.added member.user_id": `"fay"`, "member.added member.user.id": `"fay"`, "member.added member.channel_role": `"channel_member"`,
				"member.added member.pinned_at": "null", "member.added member.archived_at": "null", "member.added member.is_global_banned": "false",
				"channel.updated user.id": `"ann"`, "channel.updated channel.members.#": "5", "channel.updated channel.member_count": "5",
				"notification.added_to_channel channel.members.#": "5", "notification.added_to_channel member.user_id": `"fay"`,
			},
		},
		scene{
			exchange: exchange{name: "invited", who: "ann", method: "POST", path: c.path, body: `{"invites":["gus"]}`},
			told:     []string{"member.added: " + watchers, "channel.updated: " + watchers, "notification.invited: gus"},
			fields:   map[string]string{"member.added member.invited": "true", "notification.invited member.status": `"pending"`, "notification.invited channel.cid": `"messaging:room"`},
		},
		scene{
			exchange: exchange{name: "accepted", who: "gus", method: "POST", path: c.path, body: `{"accept_invite":true}`},
			told:     []string{"member.updated: " + watchers, "channel.updated: " + watchers, "notification.invite_accepted: gus"},
			fields:   map[string]string{"member.updated user.id": `"gus"`, "notification.invite_accepted member.user_id": `"gus"`, "notification.invite_accepted user.id": `"gus"`},
		},
		scene{
			exchange: exchange{name: "rejected", who: "dan", method: "POST", path: c.path, body: `{"reject_invite":true}`},
			told:     []string{"member.updated: " + watchers, "channel.updated: " + watchers, "notification.invite_rejected: dan"},
		},
		scene{
			exchange: exchange{name: "of his own", who: "cat", method: "PATCH", path: c.path + "/member", body: `{"set":{"pinned":true,"color":"red"}}`},
			told:     []string{"member.updated: " + watchers},
			fields:   map[string]string{"member.updated user.id": `"cat"`, "member.updated member.color": `"red"`},
		},
		scene{
			exchange: exchange{name: "a role", method: "POST", path: c.path, body: `{"add_moderators":["bob"]}`},
			told:     []string{"member.updated: " + watchers, "channel.updated: " + watchers},
			fields:   map[string]string{"member.updated member.channel_role": `"channel_moderator"`, "member.updated user.id": `"bob"`},
		},
		scene{
			exchange: exchange{name: "a message, unread", who: "ann", method: "POST", path: c.path + "/message", body: `{"message":{"text":"one"}}`},
			told:     []string{"message.new: " + watchers, "notification.message_new: ann2 cat fay gus"},
		},
		scene{
			exchange: exchange{name: "removed with something unread", who: "ann", method: "POST", path: c.path, body: `{"remove_members":["cat"]}`},
			told:     []string{"member.removed: " + watchers, "channel.updated: " + watchers, "notification.removed_from_channel: cat", "notification.mark_read: cat"},
			order:    "member.removed channel.updated",
			fields: map[string]string{
				"member.removed user.id": `"cat"`, "member.removed member.user_id": `"cat"`, "channel.updated channel.member_count": "5",
				"notification.mark_read total_unread_count": "0", "notification.mark_read unread_channels": "0", "notification.removed_from_channel member.user_id": `"cat"`,
				"notification.removed_from_channel user.id": `"cat"`,
			},
		},
		scene{
			exchange: exchange{name: "removed while watching", method: "POST", path: c.path, body: `{"remove_members":["bob"]}`},
			told:     []string{"member.removed: " + watchers, "channel.updated: " + watchers, "notification.removed_from_channel: bob", "notification.mark_read: bob", "channel.kicked: bob"},
		},
		scene{
			exchange: exchange{name: "left", who: "fay", method: "POST", path: c.path, body: `{"remove_members":["fay"]}`},
			told:     []string{"member.removed: ann eve", "channel.updated: ann eve", "notification.removed_from_channel: fay", "notification.mark_read: fay"},
			fields:   map[string]string{"channel.updated user.id": `"fay"`},
		},
	)
}
