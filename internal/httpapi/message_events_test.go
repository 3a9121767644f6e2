package httpapi_test

import (
	"fmt"
	"strings"
	"testing"

	"chatd/internal/testkit"
)

// Of one user's connections those that watch get message.new, the others
// notification.message_new, and none gets both; and so for members, pending
// invitees, those who muted the channel, and strangers who watch.
func TestWhoIsToldOfMessages(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	path := s.Channel("messaging", "room", "ann", "bob", "cat")
	s.Users("dan", "eve", "fay")
	s.Server().Patch("/users", `{"users":[{"id":"fay","set":{"role":"admin"}}]}`).OK()
	s.Server().Post(path, `{"invites":["dan"]}`).OK()
	alter(t, s, `INSERT INTO channel_mutes (app_id, user_id, cid, created_at, updated_at) VALUES ($1, 'cat', 'messaging:room', '2026-01-01', '2026-01-01')`)
	sockets := map[string]*testkit.Socket{}
	for name, who := range map[string]string{"ann": "ann", "bob": "bob", "bob too": "bob", "cat": "cat", "dan": "dan", "eve": "eve", "fay": "fay", "ann too": "ann"} {
		sockets[name] = s.As(who).Connect()
	}
	for _, name := range []string{"ann", "bob", "fay", "dan"} {
		sockets[name].Watch(path)
	}
	s.As("ann").Post(path+"/message", `{"message":{"id":"m1","text":"hi"}}`).OK()
	for _, tt := range []struct {
		who, typ string
		want     map[string]string
	}{
		{"ann", "message.new", map[string]string{"unread_count": "0", "total_unread_count": "0", "unread_channels": "0", "watcher_count": "3", "channel": "null"}},
		{"ann too", "notification.message_new", map[string]string{"unread_count": "0", "channel.cid": `"messaging:room"`}},
		{"bob", "message.new", map[string]string{"unread_count": "1", "total_unread_count": "1", "unread_channels": "1", "user.id": `"ann"`, "channel_member_count": "4"}},
		{"bob too", "notification.message_new", map[string]string{"unread_count": "1", "unread_channels": "1", "channel.members.#": "4", "message.own_reactions": "[]", "channel.own_capabilities": "null"}},
		{"cat", "notification.message_new", map[string]string{"unread_count": "0", "unread_channels": "0"}}, // muted: told, not counted
		{"fay", "message.new", map[string]string{"unread_count": "null", "unread_channels": "null"}},        // no member: no numbers
	} {
		ev := sockets[tt.who].Expect(tt.typ).Want("message.id", `"m1"`).Want("message_id", `"m1"`).Want("cid", `"messaging:room"`)
		for at, want := range tt.want {
			ev.Want(at, want)
		}
	}
	for _, name := range []string{"dan", "eve"} {
		sockets[name].Quiet("message.new", "notification.message_new")
	}
	for _, name := range []string{"ann", "bob", "fay"} {
		sockets[name].Quiet("notification.message_new")
	}
	for _, name := range []string{"ann too", "bob too", "cat"} {
		sockets[name].Quiet("message.new")
	}
	s.As("dan").Get("/unread").OK().Want("total_unread_count", "0")
	s.As("cat").Get("/unread").OK().Want("total_unread_count", "0")
}

// What changes a message is told to those who watch only.
func TestChangesOfMessagesAreForWatchers(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	path := s.Channel("messaging", "room", "ann", "bob", "cat")
	s.As("ann").Post(path+"/message", `{"message":{"id":"m1","text":"one"}}`).OK()
	ann, bob, cat := s.As("ann").Connect(), s.As("bob").Connect(), s.As("cat").Connect()
	ann.Watch(path)
	bob.Watch(path)
	steps := []struct {
		event string
		do    func()
	}{
		{"message.updated", func() { s.As("ann").Put("/messages/m1", `{"set":{"text":"two"}}`).OK() }},
		{"reaction.new", func() { s.As("ann").Post("/messages/m1/reaction", `{"reaction":{"type":"like"}}`).OK() }},
		{"reaction.updated", func() { s.As("ann").Post("/messages/m1/reaction", `{"reaction":{"type":"like","score":2}}`).OK() }},
		{"reaction.updated", func() {
			s.As("ann").Post("/messages/m1/reaction", `{"reaction":{"type":"wow"},"enforce_unique":true}`).OK()
		}},
		{"reaction.deleted", func() { s.As("ann").Delete("/messages/m1/reaction/wow").OK() }},
		{"message.deleted", func() { s.As("ann").Delete("/messages/m1").OK() }},
		{"message.undeleted", func() { s.Server().Post("/messages/m1/undelete", `{"undeleted_by":"ann"}`).OK() }},
	}
	for _, step := range steps {
		step.do()
		for _, ws := range []*testkit.Socket{ann, bob} { // also who did it
			ws.Expect(step.event).Want("message_id", `"m1"`).Want("cid", `"messaging:room"`).Want("channel_id", `"room"`).Want("channel_type", `"messaging"`).
				Want("message.own_reactions", "[]").Want("channel_member_count", "3").Want("channel_custom", "{}").Want("unread_count", "null")
		}
	}
	cat.Quiet("message.updated", "reaction.new", "reaction.updated", "reaction.deleted", "message.deleted", "message.undeleted")
	// Soft deletions have to do with everybody's numbers, reactions with nobody's.
	s.As("cat").Get("/unread").OK().Want("total_unread_count", "1")
}

func TestEventsOfClientsAreForWatchers(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	path := s.Channel("messaging", "room", "ann", "bob", "cat")
	ann, bob, cat := s.As("ann").Connect(), s.As("bob").Connect(), s.As("cat").Connect()
	ann.Watch(path)
	bob.Watch(path)
	steps := []struct {
		event, typ string
		want       map[string]string
	}{
		{`{"type":"typing.start","parent_id":"p"}`, "typing.start", map[string]string{"parent_id": `"p"`, "user.id": `"ann"`}},
		{`{"type":"typing.stop"}`, "typing.stop", map[string]string{"parent_id": "null", "user.id": `"ann"`}},
		{`{"type":"ai_indicator.update","ai_state":"AI_STATE_THINKING","ai_message":"hm","message_id":"m"}`, "ai_indicator.update", map[string]string{"ai_state": `"AI_STATE_THINKING"`, "ai_message": `"hm"`, "message_id": `"m"`}},
		{`{"type":"ai_indicator.clear","message_id":"m"}`, "ai_indicator.clear", map[string]string{"message_id": `"m"`}},
		{`{"type":"ai_indicator.stop"}`, "ai_indicator.stop", map[string]string{"user.id": `"ann"`}},
		{`{"type":"friendship.asked","text":"hi","n":{"a":1}}`, "friendship.asked", map[string]string{"text": `"hi"`, "n": `{"a":1}`, "user.id": `"ann"`}},
	}
	for _, step := range steps {
		s.As("ann").Post(path+"/event", `{"event":`+step.event+`}`).OK().Want("event.type", `"`+step.typ+`"`).Want("event.cid", `"messaging:room"`)
		for _, ws := range []*testkit.Socket{ann, bob} {
			ev := ws.Expect(step.typ).Want("cid", `"messaging:room"`).Want("channel_id", `"room"`).Want("channel_type", `"messaging"`)
			for at, want := range step.want {
				ev.Want(at, want)
			}
		}
		cat.Quiet(step.typ)
	}
	for _, typ := range []string{"message.new", "channel.updated", "notification.mark_read", "user.banned", "health.check", "member.added"} {
		s.As("ann").Post(path+"/event", `{"event":{"type":"`+typ+`"}}`).Fails(400, 18, typ)
	}
	s.Server().Put("/channeltypes/team", `{"custom_events":false,"typing_events":false}`).OK()
	team := s.Channel("team", "t", "ann")
	s.As("ann").Post(team+"/event", `{"event":{"type":"wave"}}`).Fails(400, 19, "Channel type team does not support custom events")
	s.As("ann").Post(team+"/event", `{"event":{"type":"typing.start"}}`).Fails(400, 19, "typing")
}

// Each recipient of a message gets his own numbers, over all his channels.
func TestUnreadNumbersAreEachOnesOwn(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	one, two := s.Channel("messaging", "one", "ann", "bob", "cat"), s.Channel("messaging", "two", "ann", "bob")
	live := s.Channel("livestream", "live", "ann", "bob")
	bob, cat := s.As("bob").Connect(), s.As("cat").Connect()
	for _, path := range []string{one, two, live} {
		bob.Watch(path)
	}
	cat.Watch(one)
	steps := []struct {
		path, message, bob, cat string // numbers: messages/channels
	}{
		{one, `{"id":"m1","text":"x"}`, "1/1", "1/1"},
		{two, `{"text":"x"}`, "2/2", ""},
		{one, `{"text":"x"}`, "3/2", "2/1"},
		{one, `{"text":"x","silent":true}`, "3/2", "2/1"},
		{one, `{"text":"x","parent_id":"m1"}`, "3/2", "2/1"},
		{one, `{"text":"x","parent_id":"m1","show_in_channel":true}`, "4/2", "3/1"},
		{live, `{"text":"x"}`, "null/null", ""},
	}
	for _, step := range steps {
		s.As("ann").Post(step.path+"/message", `{"message":`+step.message+`}`).OK()
		for _, r := range []struct {
			ws   *testkit.Socket
			want string
		}{{bob, step.bob}, {cat, step.cat}} {
			if r.want == "" {
				continue
			}
			ev := r.ws.Expect("message.new")
			if got := unreadNumbers(ev); got != r.want {
				t.Errorf("%s to %s: %s, want %s", step.message, r.ws.Client.ID, got, r.want)
			}
		}
	}
	// A new member has nothing of the past to read; who leaves, nothing any more.
	s.Users("dan")
	s.Server().Post(one, `{"add_members":["dan"]}`).OK()
	dan := s.As("dan").Connect()
	dan.Hello.Want("me.total_unread_count", "0")
	s.As("ann").Post(one+"/message", `{"message":{"text":"x"}}`).OK()
	dan.Expect("notification.message_new").Want("unread_count", "1")
	s.Server().Post(one, `{"remove_members":["bob"]}`).OK()
	s.As("bob").Get("/unread").OK().Want("total_unread_count", "1").Want("channels.#", "1")
	s.Server().Delete(two).OK()
	s.As("bob").Get("/unread").OK().Want("total_unread_count", "0")
	// Hiding reads nothing.
	s.As("cat").Post(one+"/hide", `{}`).OK()
	s.As("cat").Get("/unread").OK().Want("total_unread_count", "4")
}

// unreadNumbers are an event's unread numbers, as messages/channels.
func unreadNumbers(ev *testkit.Event) string {
	text := func(v any) string { return strings.Replace(fmt.Sprint(v), "<nil>", "null", 1) }
	return text(ev.At("total_unread_count")) + "/" + text(ev.At("unread_channels"))
}
