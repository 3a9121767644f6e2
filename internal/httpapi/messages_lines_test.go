package httpapi_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"chatd/internal/testkit"
)

// channelField is a field of a channel's state.
func channelField(s *testkit.Server, path, name string) any {
	s.TB.Helper()
	return s.Server().Post(path+"/query", `{"state":true}`).OK().At(name)
}

func TestLastMessageAt(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	s.Server().Put("/channeltypes/team", `{"skip_last_msg_update_for_system_msgs":true}`).OK()
	path, team := s.Channel("messaging", "room", "ann", "bob"), s.Channel("team", "room", "ann")
	s.Server().Patch("/users", `{"users":[{"id":"ann","set":{"role":"admin"}}]}`).OK()
	if at := channelField(s, path, "channel.last_message_at"); at != nil {
		t.Errorf("an empty channel: %v", at)
	}
	send := func(path, m string) any {
		t.Helper()
		return s.As("ann").Post(path+"/message", `{"message":`+m+`}`).OK().At("message.created_at")
	}
	first := send(path, `{"id":"root","text":"x"}`)
	for _, tt := range []struct {
		name, path, message string
		touches             bool
	}{
		{"a reply", path, `{"text":"x","parent_id":"root"}`, false},
		{"a reply that the channel shows", path, `{"text":"x","parent_id":"root","show_in_channel":true}`, true},
		{"a silent message", path, `{"text":"x","silent":true}`, true},
		{"a system message", path, `{"text":"x","type":"system"}`, true},
		{"where system messages do not", team, `{"text":"x"}`, true},
		{"a system message there", team, `{"text":"x","type":"system"}`, false},
	} {
		before := channelField(s, tt.path, "channel.last_message_at")
		at := send(tt.path, tt.message)
		want := before
		if tt.touches {
			want = at
		}
		if got := channelField(s, tt.path, "channel.last_message_at"); got != want {
			t.Errorf("%s: last_message_at is %v, want %v (first: %v)", tt.name, got, want, first)
		}
	}
}

func TestWhatIsAskedBesideAMessage(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	path := s.Channel("messaging", "room", "ann", "bob")
	s.Users("dan")
	send := func(more string) string {
		return `{"message":{"text":"x","mentioned_users":["bob","dan"]},` + more + `}`
	}
	all := `"include_channel_context":true,"include_mentioned_members":true`
	exchangeAll(t, s, []exchange{
		{name: "nothing", who: "ann", method: "POST", path: path + "/message", body: send(`"skip_push":true`), want: map[string]string{"channel_context": "null", "mentioned_members": "null"}},
		{
			name: "all", who: "ann", method: "POST", path: path + "/message", body: send(all),
			want: map[string]string{
				"mentioned_members": `{"bob":true,"dan":false}`, "channel_context.cid": `"messaging:room"`, "channel_context.id": `"room"`,
				"channel_context.type": `"messaging"`, "channel_context.created_by.id": `"ann"`, "message.mentioned_users.#": "2",
			},
		},
		{name: "nobody is mentioned", who: "ann", method: "POST", path: path + "/message", body: `{"message":{"text":"x"},"include_mentioned_members":true}`, want: map[string]string{"mentioned_members": "{}", "channel_context": "null"}},
	})
}

func TestMentionsOfMany(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	path := s.Channel("messaging", "room", "ann", "bob")
	to := path + "/message"
	grouped(s, `"id":"g","name":"G"`)
	exchangeAll(t, s, []exchange{
		{name: "roles, members cannot", who: "bob", method: "POST", path: to, body: `{"message":{"text":"x","mentioned_roles":["admin"]}}`, status: 403, code: 17, message: "NotifyRole"},
		{name: "groups, members cannot", who: "bob", method: "POST", path: to, body: `{"message":{"text":"x","mentioned_group_ids":["g"]}}`, status: 403, code: 17, message: "NotifyGroup"},
		{name: "who is here, members cannot", who: "bob", method: "POST", path: to, body: `{"message":{"text":"x","mentioned_here":true}}`, status: 403, code: 17, message: "NotifyHere"},
		{name: "the channel, members cannot", who: "bob", method: "POST", path: to, body: `{"message":{"text":"x","mentioned_channel":true}}`, status: 403, code: 17, message: "NotifyChannel"},
		{name: "the server side can", method: "POST", path: to, body: `{"message":{"id":"m1","text":"x","user_id":"bob","mentioned_here":true,"mentioned_roles":["admin"],"mentioned_group_ids":["g"]}}`},
		{
			name: "what was mentioned stays without a permission", who: "bob", method: "PUT", path: "/messages/m1", body: `{"set":{"text":"y"}}`,
			want: map[string]string{"message.mentioned_here": "true", "message.mentioned_roles": `["admin"]`, "message.mentioned_group_ids": `["g"]`, "message.text": `"y"`},
		},
		{name: "no more is mentioned without", who: "bob", method: "PUT", path: "/messages/m1", body: `{"set":{"mentioned_roles":["admin","user"]}}`, status: 403, code: 17, message: "NotifyRole"},
		{name: "a full update drops them", who: "bob", method: "POST", path: "/messages/m1", body: `{"message":{"text":"z"}}`, want: map[string]string{"message.mentioned_here": "false", "message.mentioned_roles": "null", "message.mentioned_group_ids": "null"}},
		{name: "11 groups", method: "POST", path: to, body: `{"message":{"text":"x","user_id":"bob","mentioned_group_ids":` + list(11, `"g"`) + `}}`, status: 400, code: 4, message: "message.mentioned_group_ids must contain at maximum 10 items"},
		{name: "a role without a name", method: "POST", path: to, body: `{"message":{"text":"x","user_id":"bob","mentioned_roles":[""]}}`, status: 400, code: 4, message: "message.mentioned_roles"},
		{name: "a group with a long one", method: "POST", path: to, body: `{"message":{"text":"x","user_id":"bob","mentioned_group_ids":["` + strings.Repeat("x", 256) + `"]}}`, status: 400, code: 4, message: "message.mentioned_group_ids"},
		{name: "a role that is none", method: "POST", path: to, body: `{"message":{"text":"x","user_id":"bob","mentioned_roles":[1]}}`, status: 400, code: 4, message: "mentioned_roles"},
		{name: "100 users", who: "bob", method: "POST", path: to, body: `{"message":{"text":"x","mentioned_users":` + list(100, `"ann"`) + `}}`, want: map[string]string{"message.mentioned_users.#": "1"}},
	})
	for _, grant := range []string{"notify-channel", "notify-here", "notify-role", "notify-group"} {
		s.Server().Patch(path, `{"set":{"config_overrides":{"grants":{"channel_member":["`+grant+`"]}}}}`).OK()
		s.As("bob").Post(path+"/query", `{}`).OK()
		m := map[string]string{
			"notify-channel": `"mentioned_channel":true`, "notify-here": `"mentioned_here":true`,
			"notify-role": `"mentioned_roles":["user"]`, "notify-group": `"mentioned_group_ids":["g"]`,
		}[grant]
		s.As("bob").Post(to, `{"message":{"text":"x",`+m+`}}`).OK()
	}
}

func TestFullUpdateReplaces(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	path := s.Channel("messaging", "room", "ann", "bob")
	s.As("ann").Post(path+"/message", `{"message":{"id":"m1","text":"one","mentioned_users":["bob"],"attachments":[{"type":"x"}],"color":"red","silent":true}}`).OK()
	m := "/messages/m1"
	exchangeAll(t, s, []exchange{
		{
			name: "what is left out is dropped", who: "ann", method: "POST", path: m, body: `{"message":{"text":"two"}}`,
			want: map[string]string{"message.mentioned_users": "[]", "message.attachments": "[]", "message.color": "null", "message.silent": "true"},
		},
		{
			name: "author, type, parent and times stay", who: "ann", method: "POST", path: m,
			body: `{"message":{"text":"three","user":{"id":"bob"},"user_id":"bob","type":"system","parent_id":"m1","show_in_channel":true}}`,
			want: map[string]string{"message.user.id": `"ann"`, "message.type": `"regular"`, "message.parent_id": "null", "message.show_in_channel": "null"},
		},
		{name: "no text but an attachment", who: "ann", method: "POST", path: m, body: `{"message":{"text":"","attachments":[{"type":"image"}]}}`, want: map[string]string{"message.text": `""`, "message.html": `""`, "message.attachments.#": "1"}},
		{name: "mentions as ids and as users", who: "ann", method: "POST", path: m, body: `{"message":{"text":"x","mentioned_users":["ann",{"id":"bob"}]}}`, want: map[string]string{"message.mentioned_users.#": "2"}},
		{name: "an unknown mention", who: "ann", method: "POST", path: m, body: `{"message":{"text":"x","mentioned_users":["zoe"]}}`, status: 400, code: 4, message: "zoe"},
		{name: "created_at", who: "ann", method: "POST", path: m, body: `{"message":{"text":"x","created_at":"2026-01-01T00:00:00Z"}}`, status: 400, code: 4, message: "message.created_at is a reserved field"},
		{name: "loud", who: "ann", method: "POST", path: m, body: `{"message":{"text":"x","silent":false}}`, status: 400, code: 4, message: "message.silent field cannot be updated"},
		{name: "restricted", who: "ann", method: "POST", path: m, body: `{"message":{"text":"x","restricted_visibility":["bob"]}}`, status: 400, code: 4, message: "message.restricted_visibility field cannot be updated"},
		{name: "31 attachments", who: "ann", method: "POST", path: m, body: `{"message":{"text":"x","attachments":` + list(31, `{"type":"x"}`) + `}}`, status: 400, code: 4, message: "at maximum 30"},
		{name: "nothing of it was written", who: "ann", method: "GET", path: m, want: map[string]string{"message.mentioned_users.#": "2", "message.attachments": "[]"}},
	})
	before := s.As("ann").Put(m, `{"set":{"color":"red"}}`).OK().At("message.message_text_updated_at")
	if after := s.As("ann").Post(m, `{"message":{"text":"x","color":"blue"}}`).OK().At("message.message_text_updated_at"); after != before {
		t.Errorf("message_text_updated_at went from %v to %v with the text as it was", before, after)
	}
}

func TestDeleteForMe(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	path := s.Channel("messaging", "room", "ann", "bob")
	s.As("ann").Post(path+"/message", `{"message":{"id":"m1","text":"one"}}`).OK()
	s.As("ann").Post(path+"/message", `{"message":{"id":"hush","text":"two","silent":true}}`).OK()
	ann, bob, away := s.As("ann").Connect(), s.As("bob").Connect(), s.As("bob").Connect()
	ann.Watch(path)
	bob.Watch(path)
	s.Server().Delete("/messages/m1?delete_for_me=true&deleted_by=bob").OK().Want("message.deleted_for_me", "true").Want("message.text", `"one"`)
	for _, ws := range []*testkit.Socket{bob, away} {
		ws.Expect("message.deleted").Want("deleted_for_me", "true").Want("hard_delete", "false").Want("user.id", `"bob"`).Want("message.type", `"deleted"`).Want("message.deleted_for_me", "true")
	}
	ann.Quiet("message.deleted")
	s.As("bob").Post(path+"/query", `{"state":true}`).OK().Want("messages.0.type", `"deleted"`).Want("messages.0.deleted_for_me", "true").Want("messages.1.deleted_for_me", "null")
	s.As("ann").Post(path+"/query", `{"state":true}`).OK().Want("messages.0.type", `"regular"`)
	s.Server().Post("/messages/m1/undelete", `{"undeleted_by":"ann"}`).Fails(400, 4, "is not deleted")

	// A silent message counts for nothing, also when it goes.
	s.As("bob").Get("/unread").OK().Want("total_unread_count", "1")
	s.As("ann").Delete("/messages/hush").OK()
	s.As("bob").Get("/unread").OK().Want("total_unread_count", "1")

	// Others see what he quotes as it is.
	s.As("ann").Post(path+"/message", `{"message":{"id":"r1","text":"re","parent_id":"m1"}}`).OK()
	s.As("bob").Post(path+"/message", `{"message":{"id":"q1","text":"see","quoted_message_id":"r1"}}`).OK()
	s.As("bob").Delete("/messages/r1?delete_for_me=true").OK()
	s.As("bob").Put("/messages/q1", `{"set":{"color":"red"}}`).OK().Want("message.quoted_message.type", `"deleted"`)
	for {
		if e := ann.Expect("message.updated"); e.At("message.id") == "q1" {
			e.Want("message.quoted_message.type", `"reply"`).Want("message.quoted_message.deleted_for_me", "null")
			break
		}
	}
}

func TestPinsAreListedByWhenTheyWerePinned(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	path := s.Channel("messaging", "room", "ann")
	for i := range 12 {
		s.As("ann").Post(path+"/message", fmt.Sprintf(`{"message":{"id":"m%d","text":"x","pinned":true}}`, i)).OK()
	}
	s.As("ann").Put("/messages/m0", `{"set":{"pinned":false}}`).OK()
	s.As("ann").Put("/messages/m0", `{"set":{"pinned":true}}`).OK()
	s.As("ann").Post(path+"/query", `{"state":true}`).OK().Want("pinned_messages.#", "10").Want("pinned_messages.0.id", `"m0"`).Want("pinned_messages.1.id", `"m11"`)
	s.As("ann").Get(path+"/pinned_messages").OK().Want("messages.#", "12")
	game := s.Channel("gaming", "game", "ann", "bob")
	s.As("bob").Post(game+"/message", `{"message":{"id":"g1","text":"x"}}`).OK()
	s.As("bob").Put("/messages/g1", `{"set":{"pinned":true}}`).Fails(403, 17, "PinMessage")
	s.As("bob").Post(game+"/message", `{"message":{"text":"x","pinned":true}}`).Fails(403, 17, "PinMessage")
}

func TestReactionsOnReplies(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	path := s.Channel("messaging", "room", "ann", "bob")
	s.As("ann").Post(path+"/message", `{"message":{"id":"root","text":"x"}}`).OK()
	sent := s.As("ann").Post(path+"/message", `{"message":{"id":"r1","text":"x","parent_id":"root"}}`).OK().At("message.updated_at")
	bob := s.As("bob").Connect()
	r := bob.Client.Post("/messages/r1/reaction", `{"reaction":{"type":"like"}}`).OK().Want("message.reaction_counts", `{"like":1}`).Want("message.parent_id", `"root"`)
	if r.At("message.updated_at") == sent || r.At("message.message_text_updated_at") != nil {
		t.Errorf("updated_at must change, message_text_updated_at must not: %s", r.Body)
	}
	s.As("ann").Get("/messages/root/replies").OK().Want("messages.0.reaction_counts", `{"like":1}`)
	s.As("bob").Get("/unread").OK().Want("total_unread_count", "1")
	s.As("ann").Get("/unread").OK().Want("total_unread_count", "0")
	bob.Quiet("reaction.new") // he does not watch
	for i := range 12 {
		s.Server().Post("/messages/root/reaction", fmt.Sprintf(`{"reaction":{"type":"like","user":{"id":"u%d"}}}`, i)).OK()
	}
	s.As("ann").Get("/messages/root").OK().Want("message.latest_reactions.#", "10").Want("message.latest_reactions.0.user.id", `"u11"`).
		Want("message.reaction_counts", `{"like":12}`).Want("message.reaction_groups.like.count", "12").Want("message.reaction_groups.like.sum_scores", "12")
}

// Messages of users who are gone are still read, with what is left of their author.
func TestMessagesOfDeletedUsers(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	path := s.Channel("messaging", "room", "ann", "bob", "cat")
	s.As("bob").Post(path+"/message", `{"message":{"id":"m1","text":"x","mentioned_users":["cat"]}}`).OK()
	s.As("cat").Post("/messages/m1/reaction", `{"reaction":{"type":"like"}}`).OK()
	s.As("cat").Post(path+"/message", `{"message":{"id":"m2","text":"x"}}`).OK()
	alter(t, s, `UPDATE users SET deleted_at = '2026-01-01 00:00:00Z' WHERE app_id = $1 AND id = 'bob'`)
	alter(t, s, `DELETE FROM users WHERE app_id = $1 AND id = 'cat'`)
	exchangeAll(t, s, []exchange{
		{
			name: "a deleted user", who: "ann", method: "GET", path: "/messages/m1",
			want: map[string]string{"message.user.id": `"bob"`, "message.user.deleted_at": `"2026-01-01T00:00:00Z"`, "message.mentioned_users.0.id": `"cat"`, "message.latest_reactions.0.user.id": `"cat"`},
		},
		{name: "a removed user", who: "ann", method: "GET", path: "/messages/m2", want: map[string]string{"message.user.id": `"cat"`, "message.user.role": `"user"`}},
		{name: "in the channel", who: "ann", method: "POST", path: path + "/query", body: `{"state":true}`, want: map[string]string{"messages.#": "2", "messages.1.user.id": `"cat"`}},
		{name: "reactions", who: "ann", method: "GET", path: "/messages/m1/reactions", want: map[string]string{"reactions.0.user.id": `"cat"`}},
		{name: "to be deleted", method: "DELETE", path: "/messages/m2", want: map[string]string{"message.user.id": `"cat"`}},
		{name: "to be brought back", method: "POST", path: "/messages/m2/undelete", body: `{"undeleted_by":"ann"}`, want: map[string]string{"message.user.id": `"cat"`}},
		{name: "to be removed", method: "DELETE", path: "/messages/m2?hard=true"},
		{name: "to be synced", who: "ann", method: "POST", path: "/sync", body: `{"channel_cids":["messaging:room"],"last_sync_at":"` + anHourAgo() + `"}`},
	})
}

// anHourAgo is a time before the test, as clients send it.
func anHourAgo() string { return time.Now().Add(-time.Hour).UTC().Format(time.RFC3339) }
