package httpapi_test

import (
	"strings"
	"testing"

	"chatd/internal/testkit"
)

// Who is told of reactions.
func TestEventsOfReactions(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	c := newCast(t, s, "messaging")
	s.As("ann").Post(c.path+"/message", `{"message":{"id":"m1","text":"hi"}}`).OK()
	s.As("ann").Post("/messages/m1/reaction", `{"reaction":{"type":"wow"}}`).OK()
	c.told()
	const to = "/messages/m1/reaction"
	c.play(
		scene{
			exchange: exchange{name: "new", who: "cat", method: "POST", path: to, body: `{"reaction":{"type":"like","color":"red"}}`},
			told:     []string{"reaction.new: " + watchers},
			fields: map[string]string{
				"reaction.new cid": `"messaging:room"`, "reaction.new channel_id": `"room"`, "reaction.new channel_type": `"messaging"`, "reaction.new message_id": `"m1"`,
				"reaction.new reaction.type": `"like"`, "reaction.new reaction.score": "1", "reaction.new reaction.user.id": `"cat"`, "reaction.new reaction.user_id": `"cat"`,
				"reaction.new reaction.message_id": `"m1"`, "reaction.new reaction.color": `"red"`, "reaction.new user.id": `"cat"`, "reaction.new message.text": `"hi"`,
				"reaction.new message.user.id": `"ann"`, "reaction.new message.reaction_counts": `{"like":1,"wow":1}`, "reaction.new message.latest_reactions.#": "2",
				"reaction.new message.own_reactions": "[]", "reaction.new channel.cid": `"messaging:room"`, "reaction.new channel.own_capabilities": "null",
				"reaction.new unread_count": "null", "reaction.new channel_member_count": "4", "reaction.new channel_custom": "{}",
			},
		},
		scene{
			exchange: exchange{name: "another score", who: "cat", method: "POST", path: to, body: `{"reaction":{"type":"like","score":5}}`},
			told:     []string{"reaction.updated: " + watchers},
			fields: map[string]string{
				"reaction.updated reaction.score": "5", "reaction.updated message.reaction_scores": `{"like":5,"wow":1}`, "reaction.updated message.own_reactions": "[]",
				"reaction.updated message_id": `"m1"`, "reaction.updated channel.cid": `"messaging:room"`, "reaction.updated user.id": `"cat"`,
			},
		},
		scene{
			exchange: exchange{name: "one in place of all", who: "cat", method: "POST", path: to, body: `{"reaction":{"type":"love"},"enforce_unique":true}`},
			told:     []string{"reaction.updated: " + watchers},
			fields:   map[string]string{"reaction.updated reaction.type": `"love"`, "reaction.updated message.reaction_counts": `{"love":1,"wow":1}`},
		},
		scene{
			exchange: exchange{name: "of the server side", method: "POST", path: to, body: `{"reaction":{"type":"like","user_id":"fay"}}`},
			told:     []string{"reaction.new: " + watchers},
			fields:   map[string]string{"reaction.new user.id": `"fay"`},
		},
		scene{
			exchange: exchange{name: "gone", who: "cat", method: "DELETE", path: to + "/love"},
			told:     []string{"reaction.deleted: " + watchers},
			fields: map[string]string{
				"reaction.deleted reaction.type": `"love"`, "reaction.deleted reaction.user.id": `"cat"`, "reaction.deleted user.id": `"cat"`, "reaction.deleted message_id": `"m1"`,
				"reaction.deleted message.reaction_counts": `{"like":1,"wow":1}`, "reaction.deleted message.own_reactions": "[]", "reaction.deleted channel.cid": `"messaging:room"`,
			},
		},
		scene{exchange: exchange{name: "gone already", who: "cat", method: "DELETE", path: to + "/love", status: 404, code: 16, message: "love"}},
	)
}

// Who is told of what clients send: those who watch, with who sent it.
func TestEventsOfClients(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	c := newCast(t, s, "messaging")
	to := c.path + "/event"
	sends := func(name, who, event, typ string, fields map[string]string) scene {
		fields[typ+" cid"], fields[typ+" channel_id"], fields[typ+" channel_type"] = `"messaging:room"`, `"room"`, `"messaging"`
		return scene{
			exchange: exchange{name: name, who: who, method: "POST", path: to, body: `{"event":` + event + `}`, want: map[string]string{
				"event.type": `"` + typ + `"`, "event.cid": `"messaging:room"`, "event.channel_id": `"room"`, "event.channel_type": `"messaging"`,
			}},
			told: []string{typ + ": " + watchers}, fields: fields,
		}
	}
	refuses := func(name, who, event string, status, code int, message string) scene {
		return scene{exchange: exchange{name: name, who: who, method: "POST", path: to, body: `{"event":` + event + `}`, status: status, code: code, message: message}}
	}
	c.play(
		sends("typing", "ann", `{"type":"typing.start"}`, "typing.start", map[string]string{"typing.start user.id": `"ann"`, "typing.start parent_id": "null"}),
		sends("typing in a thread", "cat", `{"type":"typing.start","parent_id":"p"}`, "typing.start", map[string]string{"typing.start user.id": `"cat"`, "typing.start parent_id": `"p"`}),
		sends("typing no more", "cat", `{"type":"typing.stop","parent_id":"p"}`, "typing.stop", map[string]string{"typing.stop user.id": `"cat"`, "typing.stop parent_id": `"p"`}),
		sends("typing for a user", "", `{"type":"typing.start","user_id":"bob"}`, "typing.start", map[string]string{"typing.start user.id": `"bob"`}),
		sends("the state of an AI", "ann", `{"type":"ai_indicator.update","ai_state":"AI_STATE_THINKING","ai_message":"hm","message_id":"m"}`, "ai_indicator.update", map[string]string{
			"ai_indicator.update ai_state": `"AI_STATE_THINKING"`, "ai_indicator.update ai_message": `"hm"`, "ai_indicator.update message_id": `"m"`, "ai_indicator.update user.id": `"ann"`,
		}),
		sends("of one's own", "", `{"type":"ai_indicator.update","ai_state":"DREAMING","message_id":"m","user_id":"bob"}`, "ai_indicator.update", map[string]string{
			"ai_indicator.update ai_state": `"DREAMING"`, "ai_indicator.update user.id": `"bob"`,
		}),
		sends("no state", "ann", `{"type":"ai_indicator.clear","message_id":"m"}`, "ai_indicator.clear", map[string]string{"ai_indicator.clear message_id": `"m"`, "ai_indicator.clear user.id": `"ann"`}),
		sends("stopped", "ann", `{"type":"ai_indicator.stop","message_id":"m"}`, "ai_indicator.stop", map[string]string{"ai_indicator.stop message_id": `"m"`, "ai_indicator.stop user.id": `"ann"`}),
		sends("custom", "ann", `{"type":"friendship.asked","text":"hi","n":{"a":1}}`, "friendship.asked", map[string]string{
			"friendship.asked text": `"hi"`, "friendship.asked n": `{"a":1}`, "friendship.asked user.id": `"ann"`, "friendship.asked custom": "null",
		}),
		sends("custom, with what is not one's to say", "ann", `{"type":"wave","unread_count":7,"watcher_count":9,"member":{"user_id":"x"},"cid":"messaging:nope"}`, "wave", map[string]string{
			"wave unread_count": "null", "wave watcher_count": "null", "wave member": "null", "wave user.id": `"ann"`,
		}),
		refuses("a stranger", "fay", `{"type":"wave"}`, 403, 17, "ReadChannel"),
		refuses("a stranger who types", "fay", `{"type":"typing.start"}`, 403, 17, "ReadChannel"),
		refuses("nobody", "", `{"type":"wave"}`, 400, 4, "either event.user or event.user_id must be provided"),
		refuses("no type", "ann", `{}`, 400, 4, "event.type is a required field"),
		refuses("too much", "ann", `{"type":"wave","x":"`+strings.Repeat("x", 6000)+`"}`, 413, 22, "too big"),
	)
	for _, typ := range []string{
		"message.new", "message.updated", "message.deleted", "reaction.new", "channel.updated", "member.added", "notification.mark_read", "user.banned", "user.watching.start",
		"poll.vote_casted", "draft.updated", "reminder.created", "thread.updated", "health.check", "connection.changed", "live_location_sharing.started",
	} {
		c.play(refuses(typ, "ann", `{"type":"`+typ+`"}`, 400, 18, typ))
	}
	s.Server().Put("/channeltypes/messaging", `{"grants":{"channel_member":["read-channel","create-message"],"user":[]}}`).OK()
	c.told()
	c.play(refuses("who may not", "bob", `{"type":"wave"}`, 403, 17, "SendCustomEvent"))
}

// Who is told of an event for a user: all his connections and nobody else.
func TestEventsForUsers(t *testing.T) {
	t.Parallel()
	c := newCast(t, testkit.Start(t), "messaging")
	sends := func(name, who, path, event string) exchange {
		return exchange{name: name, who: who, method: "POST", path: path, body: `{"event":` + event + `}`}
	}
	refused := func(x exchange, status, code int, message string) scene {
		x.status, x.code, x.message = status, code, message
		return scene{exchange: x}
	}
	c.play(
		scene{
			exchange: sends("of his own", "", "/users/ann/event", `{"type":"friendship_request","text":"hi","n":{"a":1}}`), told: []string{"friendship_request: ann ann2"},
			fields: map[string]string{"friendship_request text": `"hi"`, "friendship_request n": `{"a":1}`, "friendship_request cid": "null"},
		},
		refused(sends("with a dot", "", "/users/ann/event", `{"type":"friendship.request"}`), 400, 4, "event.type"),
		refused(sends("who is not there", "", "/users/zoe/event", `{"type":"ping"}`), 404, 16, "zoe"),
		refused(sends("by a client", "ann", "/users/bob/event", `{"type":"ping"}`), 403, 17, "server side"),
	)
}

// Who is told of who watches: the others who do, but for whom nothing changes.
func TestEventsOfWatchers(t *testing.T) {
	t.Parallel()
	c := newCast(t, testkit.Start(t), "messaging")
	watch := func(name, typ string) exchange {
		x := exchange{name: typ, who: c.sockets[name].Client.ID, method: "POST", path: c.path + "/query?connection_id=" + c.sockets[name].ID, body: `{"watch":true,"state":true}`}
		if typ == "stop" {
			x.path, x.body = c.path+"/stop-watching?connection_id="+c.sockets[name].ID, `{}`
		}
		return x
	}
	c.play(
		scene{
			exchange: watch("cat", "start"), told: []string{"user.watching.start: " + watchers},
			fields: map[string]string{
				"user.watching.start user.id": `"cat"`, "user.watching.start watcher_count": "4", "user.watching.start cid": `"messaging:room"`,
				"user.watching.start channel_id": `"room"`, "user.watching.start channel_type": `"messaging"`,
			},
		},
		scene{exchange: watch("cat", "start")},
		scene{exchange: watch("ann2", "start")},
		scene{exchange: watch("ann2", "stop")},
		scene{
			exchange: watch("cat", "stop"), told: []string{"user.watching.stop: " + watchers},
			fields: map[string]string{"user.watching.stop user.id": `"cat"`, "user.watching.stop watcher_count": "3"},
		},
		scene{exchange: watch("cat", "stop")},
		scene{exchange: watch("dan", "start")}, // he is not a member yet
	)
}
