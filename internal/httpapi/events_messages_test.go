package httpapi_test

import (
	"testing"

	"chatd/internal/testkit"
)

// watchers are those of the cast who watch the channel and may.
const watchers = "ann bob eve"

// Who is told of a new message, and of which unread numbers.
func TestEventsOfNewMessages(t *testing.T) {
	t.Parallel()
	c := newCast(t, testkit.Start(t), "messaging")
	c.Server.Server().Patch(c.path, `{"set":{"color":"red"}}`).OK()
	c.told()
	to := c.path + "/message"
	both := []string{"message.new: " + watchers, "notification.message_new: ann2 cat"}
	c.play(
		scene{
			exchange: exchange{name: "a message", who: "ann", method: "POST", path: to, body: `{"message":{"id":"m1","text":"hi"}}`},
			told:     both,
			fields: map[string]string{
				"message.new cid": `"messaging:room"`, "message.new channel_id": `"room"`, "message.new channel_type": `"messaging"`, "message.new message_id": `"m1"`,
				"message.new message.id": `"m1"`, "message.new message.user.id": `"ann"`, "message.new message.own_reactions": "[]", "message.new user.id": `"ann"`,
				"message.new watcher_count": "3", "message.new channel_member_count": "4", "message.new channel_message_count": "null", "message.new channel_custom.color": `"red"`,
				"message.new channel": "null", "message.new thread_participants": "null", "message.new parent_author": "null", "message.new team": "null",
				"ann/message.new unread_count": "0", "ann/message.new total_unread_count": "0", "ann/message.new unread_channels": "0",
				"bob/message.new unread_count": "1", "bob/message.new total_unread_count": "1", "bob/message.new unread_channels": "1",
				"eve/message.new unread_count": "null", "eve/message.new total_unread_count": "null", "eve/message.new unread_channels": "null",
				"notification.message_new cid": `"messaging:room"`, "notification.message_new message_id": `"m1"`, "notification.message_new message.own_reactions": "[]",
				"notification.message_new channel.cid": `"messaging:room"`, "notification.message_new channel.members.#": "4", "notification.message_new channel.config.name": `"messaging"`,
				"notification.message_new channel.own_capabilities": "null", "notification.message_new watcher_count": "3", "notification.message_new user.id": `"ann"`,
				"ann2/notification.message_new unread_count": "0", "cat/notification.message_new unread_count": "1", "cat/notification.message_new unread_channels": "1",
			},
		},
		scene{
			exchange: exchange{name: "of the server side", method: "POST", path: to, body: `{"message":{"id":"m2","text":"hi","user_id":"fay"}}`},
			told:     both,
			fields:   map[string]string{"message.new user.id": `"fay"`, "ann/message.new unread_count": "1", "ann2/notification.message_new unread_count": "1", "cat/notification.message_new total_unread_count": "2"},
		},
		scene{
			exchange: exchange{name: "that counts for nobody", who: "ann", method: "POST", path: to, body: `{"message":{"text":"psst","silent":true}}`},
			told:     both,
			fields:   map[string]string{"bob/message.new unread_count": "2", "cat/notification.message_new unread_count": "2", "message.new message.silent": "true"},
		},
		scene{
			exchange: exchange{name: "of the system", method: "POST", path: to, body: `{"message":{"text":"maintenance","type":"system","user_id":"eve"}}`},
			told:     both,
			fields:   map[string]string{"message.new message.type": `"system"`, "bob/message.new unread_count": "3", "ann/message.new unread_count": "1"},
		},
		scene{
			exchange: exchange{name: "a reply", who: "bob", method: "POST", path: to, body: `{"message":{"id":"r1","text":"re","parent_id":"m1"}}`},
			told:     []string{"message.new: " + watchers, "message.updated: " + watchers, "notification.thread_message_new: ann2"},
			order:    "message.new message.updated",
			fields: map[string]string{
				"message.new message.parent_id": `"m1"`, "message.new parent_author": `"ann"`, "message.new thread_participants.#": "2", "message.new thread_participants.0.id": `"ann"`,
				"message.new thread_participants.1.id": `"bob"`, "bob/message.new unread_count": "3", "ann/message.new unread_count": "1",
				"message.updated message_id": `"m1"`, "message.updated message.reply_count": "1", "message.updated message.thread_participants.#": "2", "message.updated user.id": `"bob"`,
				"ann2/notification.thread_message_new thread_id": `"m1"`, "ann2/notification.thread_message_new unread_threads": "1", "ann2/notification.thread_message_new unread_thread_messages": "1",
				"ann2/notification.thread_message_new channel.cid": `"messaging:room"`, "ann2/notification.thread_message_new channel.own_capabilities": "null",
				"ann2/notification.thread_message_new message_id": `"r1"`, "ann2/notification.thread_message_new watcher_count": "3", "ann2/notification.thread_message_new parent_author": `"ann"`,
				"ann2/notification.thread_message_new thread_participants.#": "2",
			},
		},
		scene{
			exchange: exchange{name: "a reply in the channel", who: "cat", method: "POST", path: to, body: `{"message":{"id":"r2","text":"all","parent_id":"m1","show_in_channel":true}}`},
			told:     []string{"message.new: " + watchers, "message.updated: " + watchers, "notification.message_new: ann2 cat", "notification.thread_message_new: ann2"},
			fields: map[string]string{
				"ann/message.new unread_count": "2", "bob/message.new unread_count": "4", "cat/notification.message_new unread_count": "0", "message.new thread_participants.#": "3",
				"ann2/notification.thread_message_new unread_thread_messages": "2",
			},
		},
		scene{exchange: exchange{name: "refused", who: "fay", method: "POST", path: to, body: `{"message":{"text":"hi"}}`, status: 403, code: 17, message: "CreateMessage"}},
	)
}

// Who is told of what becomes of a message.
func TestEventsOfChangedMessages(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	s.Server().Put("/channeltypes/messaging", `{"polls":true}`).OK()
	c := newCast(t, s, "messaging")
	to := c.path + "/message"
	s.As("ann").Post(to, `{"message":{"id":"m1","text":"one"}}`).OK()
	s.As("ann").Post(to, `{"message":{"id":"r1","text":"re","parent_id":"m1"}}`).OK()
	s.As("bob").Post("/messages/m1/reaction", `{"reaction":{"type":"like"}}`).OK()
	s.As("ann").Post("/polls", `{"id":"p","name":"Where?"}`).OK()
	c.told()
	changed := []string{"message.updated: " + watchers}
	c.play(
		scene{
			exchange: exchange{name: "edited", who: "ann", method: "POST", path: "/messages/m1", body: `{"message":{"text":"test message","color":"red"}}`},
			told:     changed,
			fields: map[string]string{
				"message.updated cid": `"messaging:room"`, "message.updated channel_id": `"room"`, "message.updated channel_type": `"messaging"`, "message.updated message_id": `"m1"`,
				"message.updated message.text": `"test message"`, "message.updated message.own_reactions": "[]", "message.updated message.latest_reactions.#": "1", "message.updated message.reply_count": "1",
				"message.updated user.id": `"ann"`, "message.updated message_update.old_text": `"one"`, "message.updated message_update.change_set.text": "true",
				"message.updated message_update.change_set.custom": "true", "message.updated message_update.change_set.pin": "false", "message.updated unread_count": "null",
				"message.updated channel_member_count": "4", "message.updated channel_custom": "{}", "message.updated channel": "null",
			},
		},
		scene{
			exchange: exchange{name: "by part, by the server side", method: "PUT", path: "/messages/m1", body: `{"set":{"color":"blue"}}`},
			told:     changed,
			fields:   map[string]string{"message.updated user": "null", "message.updated message.color": `"blue"`, "message.updated message.user.id": `"ann"`},
		},
		scene{
			exchange: exchange{name: "pinned", who: "bob", method: "PUT", path: "/messages/m1", body: `{"set":{"pinned":true}}`},
			told:     changed,
			fields: map[string]string{
				"message.updated user.id": `"bob"`, "message.updated message.pinned": "true", "message.updated message.pinned_by.id": `"bob"`, "message.updated message_update.change_set.pin": "true",
				"message.updated message.own_reactions": "[]", "message.updated message_update.change_set.text": "false",
			},
		},
		scene{
			exchange: exchange{name: "no more", who: "bob", method: "PUT", path: "/messages/m1", body: `{"set":{"pinned":false}}`},
			told:     changed,
			fields:   map[string]string{"message.updated message.pinned": "false", "message.updated message.pinned_at": "null"},
		},
		scene{
			exchange: exchange{name: "translated", who: "bob", method: "POST", path: "/messages/m1/translate", body: `{"language":"es"}`},
			told:     changed,
			fields:   map[string]string{"message.updated message.i18n.es_text": `"mensaje de prueba"`, "message.updated user.id": `"bob"`, "message.updated message.own_reactions": "[]"},
		},
		scene{
			exchange: exchange{name: "given a poll", who: "ann", method: "POST", path: "/messages/m1", body: `{"message":{"text":"test message","poll_id":"p"}}`},
			told:     changed,
			fields:   map[string]string{"message.updated message.poll.id": `"p"`, "message.updated message.poll_id": `"p"`, "message.updated message.poll.own_votes": "[]"},
		},
		scene{
			exchange: exchange{name: "written on", method: "PATCH", path: "/messages/m1/ephemeral", body: `{"set":{"state":"thinking"},"user_id":"ann"}`},
			told:     changed,
			fields:   map[string]string{"message.updated message.state": `"thinking"`, "message.updated user.id": `"ann"`},
		},
		scene{exchange: exchange{name: "edited by another", who: "bob", method: "POST", path: "/messages/m1", body: `{"message":{"text":"x"}}`, status: 403, code: 17, message: "UpdateMessage"}},
		scene{
			exchange: exchange{name: "for me", who: "ann", method: "DELETE", path: "/messages/m1?delete_for_me=true"},
			told:     []string{"message.deleted: ann ann2"},
			fields: map[string]string{
				"message.deleted deleted_for_me": "true", "message.deleted hard_delete": "false", "message.deleted message.deleted_for_me": "true", "message.deleted message.type": `"deleted"`,
				"message.deleted user.id": `"ann"`, "message.deleted message_id": `"m1"`, "message.deleted cid": `"messaging:room"`,
			},
		},
		scene{
			exchange: exchange{name: "a reply", who: "ann", method: "DELETE", path: "/messages/r1"},
			told:     []string{"message.deleted: " + watchers, "message.updated: " + watchers},
			order:    "message.deleted message.updated",
			fields: map[string]string{
				"message.deleted message_id": `"r1"`, "message.updated message_id": `"m1"`, "message.updated message.reply_count": "0", "message.updated message.deleted_reply_count": "1",
			},
		},
		scene{
			exchange: exchange{name: "softly", who: "ann", method: "DELETE", path: "/messages/m1"},
			told:     []string{"message.deleted: " + watchers},
			fields: map[string]string{
				"message.deleted message_id": `"m1"`, "message.deleted message.type": `"deleted"`, "message.deleted message.own_reactions": "[]", "message.deleted user.id": `"ann"`,
				"message.deleted hard_delete": "false", "message.deleted deleted_for_me": "null", "message.deleted channel_member_count": "4", "message.deleted channel_custom": "{}",
			},
		},
		scene{exchange: exchange{name: "again", who: "ann", method: "DELETE", path: "/messages/m1"}},
		scene{
			exchange: exchange{name: "undeleted", method: "POST", path: "/messages/m1/undelete", body: `{"undeleted_by":"ann"}`},
			told:     []string{"message.undeleted: " + watchers},
			fields: map[string]string{
				"message.undeleted message_id": `"m1"`, "message.undeleted message.type": `"regular"`, "message.undeleted message.deleted_at": "null", "message.undeleted message.own_reactions": "[]",
				"message.undeleted cid": `"messaging:room"`, "message.undeleted channel_id": `"room"`, "message.undeleted channel_type": `"messaging"`, "message.undeleted channel_member_count": "4",
			},
		},
		scene{
			exchange: exchange{name: "for good", method: "DELETE", path: "/messages/m1?hard=true"},
			told:     []string{"message.deleted: " + watchers},
			fields:   map[string]string{"message.deleted hard_delete": "true", "message.deleted message.type": `"deleted"`},
		},
	)
}

// Who is told of messages that are not for all to see.
func TestEventsOfMessagesForFew(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	c := newCast(t, s, "messaging")
	to := c.path + "/message"
	c.play(
		scene{
			exchange: exchange{name: "restricted", method: "POST", path: to, body: `{"message":{"id":"few","text":"hi","user_id":"ann","restricted_visibility":["cat"]}}`},
			told:     []string{"message.new: ann eve", "notification.message_new: ann2 cat"},
			fields:   map[string]string{"cat/notification.message_new unread_count": "1", "ann/message.new unread_count": "0"},
		},
		scene{
			exchange: exchange{name: "edited", who: "ann", method: "PUT", path: "/messages/few", body: `{"set":{"text":"ho"}}`},
			told:     []string{"message.updated: ann eve"},
		},
		scene{
			exchange: exchange{name: "reacted to", who: "cat", method: "POST", path: "/messages/few/reaction", body: `{"reaction":{"type":"like"}}`},
			told:     []string{"reaction.new: ann eve"},
		},
		scene{
			exchange: exchange{name: "its thread is read", who: "ann", method: "POST", path: c.path + "/read", body: `{"thread_id":"few"}`},
			told:     []string{"notification.mark_read: ann ann2"},
		},
		scene{
			exchange: exchange{name: "deleted", who: "ann", method: "DELETE", path: "/messages/few"},
			told:     []string{"message.deleted: ann eve"},
		},
		scene{
			exchange: exchange{name: "undeleted", method: "POST", path: "/messages/few/undelete", body: `{"undeleted_by":"ann"}`},
			told:     []string{"message.undeleted: ann eve"},
		},
		scene{
			exchange: exchange{name: "pending", method: "POST", path: to, body: `{"message":{"id":"p1","text":"hm","user_id":"ann"},"pending":true}`},
		},
		scene{exchange: exchange{name: "pending, gone", who: "ann", method: "DELETE", path: "/messages/p1?hard=true"}},
		scene{exchange: exchange{name: "pending again", method: "POST", path: to, body: `{"message":{"id":"p2","text":"hm","user_id":"ann"},"pending":true}`}},
		scene{
			exchange: exchange{name: "committed", method: "POST", path: "/messages/p2/commit"},
			told:     []string{"message.new: " + watchers, "notification.message_new: ann2 cat"},
			fields:   map[string]string{"message.new message_id": `"p2"`, "message.new user.id": `"ann"`, "bob/message.new unread_count": "1", "cat/notification.message_new unread_count": "2"},
		},
	)
	alter(t, s, `UPDATE users SET shadow_banned = true WHERE app_id = $1 AND id = 'bob'`)
	c.play(
		scene{
			exchange: exchange{name: "shadowed", who: "bob", method: "POST", path: to, body: `{"message":{"id":"s1","text":"spam"}}`},
			told:     []string{"message.new: " + watchers},
			fields: map[string]string{
				"bob/message.new message.shadowed": "false", "ann/message.new message.shadowed": "true", "eve/message.new message.shadowed": "true",
				"ann/message.new unread_count": "null", "bob/message.new unread_count": "0",
			},
		},
		scene{
			exchange: exchange{name: "edited", who: "bob", method: "PUT", path: "/messages/s1", body: `{"set":{"text":"eggs"}}`},
			told:     []string{"message.updated: " + watchers},
			fields:   map[string]string{"bob/message.updated message.shadowed": "false", "ann/message.updated message.shadowed": "true"},
		},
		scene{
			exchange: exchange{name: "deleted", who: "bob", method: "DELETE", path: "/messages/s1"},
			told:     []string{"message.deleted: " + watchers},
			fields:   map[string]string{"bob/message.deleted message.shadowed": "false", "ann/message.deleted message.shadowed": "true"},
		},
	)
}

// Where messages are counted, what is told of them tells how many there are.
func TestEventsCountMessages(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	s.Server().Put("/channeltypes/messaging", `{"count_messages":true}`).OK()
	c := newCast(t, s, "messaging")
	c.play(
		scene{
			exchange: exchange{name: "a message", who: "ann", method: "POST", path: c.path + "/message", body: `{"message":{"id":"m1","text":"hi"}}`},
			told:     []string{"message.new: " + watchers, "notification.message_new: ann2 cat"},
			fields:   map[string]string{"message.new channel_message_count": "1", "notification.message_new channel_message_count": "1"},
		},
		scene{
			exchange: exchange{name: "edited", who: "ann", method: "PUT", path: "/messages/m1", body: `{"set":{"text":"ho"}}`},
			told:     []string{"message.updated: " + watchers},
			fields:   map[string]string{"message.updated channel_message_count": "1"},
		},
		scene{
			exchange: exchange{name: "reacted to", who: "ann", method: "POST", path: "/messages/m1/reaction", body: `{"reaction":{"type":"like"}}`},
			told:     []string{"reaction.new: " + watchers},
			fields:   map[string]string{"reaction.new channel_message_count": "1"},
		},
		scene{
			exchange: exchange{name: "replied to", who: "bob", method: "POST", path: c.path + "/message", body: `{"message":{"id":"r1","text":"re","parent_id":"m1"}}`},
			told:     []string{"message.new: " + watchers, "message.updated: " + watchers, "notification.thread_message_new: ann2"},
			fields: map[string]string{
				"message.new channel_message_count": "2", "message.updated channel_message_count": "2", "notification.thread_message_new channel_message_count": "2",
			},
		},
		scene{
			exchange: exchange{name: "the reply goes", who: "bob", method: "DELETE", path: "/messages/r1?hard=true"},
			told:     []string{"message.deleted: " + watchers, "message.updated: " + watchers},
			fields:   map[string]string{"message.deleted channel_message_count": "1", "message.updated channel_message_count": "1"},
		},
		scene{
			exchange: exchange{name: "deleted for one", who: "ann", method: "DELETE", path: "/messages/m1?delete_for_me=true"},
			told:     []string{"message.deleted: ann ann2"},
			fields:   map[string]string{"message.deleted channel_message_count": "1"},
		},
		scene{
			exchange: exchange{name: "deleted", who: "ann", method: "DELETE", path: "/messages/m1"},
			told:     []string{"message.deleted: " + watchers},
			fields:   map[string]string{"message.deleted channel_message_count": "0"},
		},
		scene{
			exchange: exchange{name: "undeleted", method: "POST", path: "/messages/m1/undelete", body: `{"undeleted_by":"ann"}`},
			told:     []string{"message.undeleted: " + watchers},
			fields:   map[string]string{"message.undeleted channel_message_count": "1"},
		},
	)
}
