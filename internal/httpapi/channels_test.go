package httpapi_test

import (
	"context"
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"

	"chatd/internal/auth"
	"chatd/internal/testkit"
)

// ids are n user ids.
func ids(n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = fmt.Sprintf("u%d", i)
	}
	return out
}

func TestGetOrCreateChannel(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	s.Users("ann", "bob", "dan")
	s.Server().Post("/users", `{"users":{"mod":{"id":"mod","role":"admin"},"gus":{"id":"gus","role":"guest"}}}`).OK()
	s.Channel("messaging", "private", "dan")
	s.Channel("livestream", "live", "dan")
	big := strings.Repeat("x", 5200)
	exchangeAll(t, s, []exchange{
		{
			name: "create", who: "ann", method: "POST", path: "/channels/messaging/one/query",
			body: `{"data":{"members":["ann",{"user_id":"bob","channel_role":"channel_moderator","hat":"red"}],"name":"One","n":1.50},"state":true}`,
			want: map[string]string{
				"channel.cid": `"messaging:one"`, "channel.id": `"one"`, "channel.type": `"messaging"`, "channel.name": `"One"`, "channel.n": "1.5",
				"channel.created_by.id": `"ann"`, "channel.member_count": "2", "channel.frozen": "false", "channel.disabled": "false",
				"channel.config.name": `"messaging"`, "channel.config.commands.0.name": `"giphy"`, "channel.hidden": "false", "channel.blocked": "false",
				"channel.last_message_at": "null", "channel.members": "null", "channel.cooldown": "null", "channel.team": "null",
				"messages": "[]", "pinned_messages": "[]", "threads": "[]", "members.#": "2", "read.#": "2", "watcher_count": "null",
				"members.0.user_id": `"ann"`, "members.0.user.id": `"ann"`, "members.0.status": `"member"`, "members.0.role": `"owner"`,
				"members.0.channel_role": `"channel_member"`, "members.0.banned": "false", "members.0.shadow_banned": "false", "members.0.notifications_muted": "false",
				"members.1.role": `"moderator"`, "members.1.is_moderator": "true", "members.1.hat": `"red"`,
				"membership.channel_role": `"channel_member"`, "membership.user.id": `"ann"`,
			},
		},
		{
			name: "get it again with other data", who: "bob", method: "POST", path: "/channels/messaging/one/query",
			body: `{"data":{"name":"Two","cid":"x","members":["dan"]}}`,
			want: map[string]string{"channel.name": `"One"`, "channel.member_count": "2", "membership.user.id": `"bob"`},
		},
		{
			name: "without state", who: "ann", method: "POST", path: "/channels/messaging/one/query", body: `{"state":false}`,
			want: map[string]string{"members": "[]", "messages": "[]", "read": "[]", "membership.user.id": `"ann"`},
		},
		{name: "by a stranger", who: "dan", method: "POST", path: "/channels/messaging/one/query", body: `{}`, status: 403, code: 17, message: "not allowed to perform action ReadChannel in scope 'messaging'"},
		{
			name: "by an admin", who: "mod", method: "POST", path: "/channels/messaging/one/query", body: `{}`,
			want: map[string]string{"membership": "null", "channel.cid": `"messaging:one"`},
		},
		{name: "an open channel", who: "ann", method: "POST", path: "/channels/livestream/live/query", body: `{}`, want: map[string]string{"membership": "null", "read": "[]"}},
		{name: "an open channel, no token", who: "anonymous", method: "POST", path: "/channels/livestream/live/query", body: `{}`, want: map[string]string{"channel.id": `"live"`}},
		{name: "a private channel, no token", who: "anonymous", method: "POST", path: "/channels/messaging/one/query", body: `{}`, status: 403, code: 17, message: "ReadChannel"},
		{name: "creating without a token", who: "anonymous", method: "POST", path: "/channels/livestream/new/query", body: `{}`, status: 403, code: 17, message: "CreateChannel"},
		{name: "creating as a guest", who: "gus", method: "POST", path: "/channels/messaging/guests/query", body: `{}`, status: 403, code: 17, message: "CreateChannel"},
		{name: "creating a game", who: "ann", method: "POST", path: "/channels/gaming/game/query", body: `{}`, status: 403, code: 17, message: "CreateChannel in scope 'gaming'"},
		{
			name: "without members", who: "ann", method: "POST", path: "/channels/messaging/alone/query", body: `{}`,
			want: map[string]string{"members": "[]", "membership": "null", "channel.member_count": "0", "channel.created_by.id": `"ann"`},
		},
		{
			name: "with invites", who: "ann", method: "POST", path: "/channels/messaging/invites/query", body: `{"data":{"members":["ann"],"invites":["ann","bob"]}}`,
			want: map[string]string{"members.1.status": `"pending"`, "members.1.invited": "true", "members.0.status": `"pending"`, "channel.member_count": "2"},
		},
		{
			name: "server side", method: "POST", path: "/channels/messaging/server/query", body: `{"data":{"created_by_id":"ann","members":["bob"],"frozen":true,"team":"red"}}`,
			want: map[string]string{"channel.created_by.id": `"ann"`, "channel.own_capabilities": "null", "channel.frozen": "true", "channel.team": `"red"`, "membership": "null"},
		},
		{
			name: "server side with a new user", method: "POST", path: "/channels/messaging/server2/query", body: `{"data":{"created_by":{"id":"new","color":"blue"}}}`,
			want: map[string]string{"channel.created_by.color": `"blue"`},
		},
		{
			name: "server side for nobody", method: "POST", path: "/channels/messaging/server3/query", body: `{}`, status: 400, code: 4,
			message: `GetOrCreateChannel failed with error: "either data.created_by or data.created_by_id must be provided when using server side auth."`,
		},
		{
			name: "server side for two", method: "POST", path: "/channels/messaging/server3/query", body: `{"data":{"created_by":{"id":"ann"},"created_by_id":"bob"}}`, status: 400, code: 4,
			message: `cannot set both data.created_by and data.created_by_id.`,
		},
		{name: "server side, an existing channel", method: "POST", path: "/channels/messaging/one/query", body: `{}`, want: map[string]string{"channel.name": `"One"`}},
		{
			name: "unknown members", who: "ann", method: "POST", path: "/channels/messaging/x/query", body: `{"data":{"members":["ann","zoe","yan"]}}`, status: 400, code: 4,
			message: "The following users are involved in channel create operation, but don't exist: [yan zoe]",
		},
		{name: "a type that is not", who: "ann", method: "POST", path: "/channels/nope/x/query", body: `{}`, status: 404, code: 16, message: "nope is not a defined channel type"},
		{name: "an id with a bang", who: "ann", method: "POST", path: "/channels/messaging/!x/query", body: `{}`, status: 400, code: 4, message: "not valid"},
		{name: "an id of our making", who: "ann", method: "POST", path: "/channels/messaging/!members-abc/query", body: `{}`, status: 400, code: 4, message: "not valid"},
		{name: "a long id", who: "ann", method: "POST", path: "/channels/messaging/" + strings.Repeat("a", 65) + "/query", body: `{}`, status: 400, code: 4, message: "not valid"},
		{
			name: "reserved fields", who: "ann", method: "POST", path: "/channels/messaging/x/query", body: `{"data":{"muted":true,"cooldown":5,"mute_expires_at":"2030-01-01T00:00:00Z","ok":1}}`, status: 400, code: 4,
			message: `"data.cooldown is a reserved field, data.mute_expires_at is a reserved field, data.muted is a reserved field"`,
		},
		{name: "too much custom data", who: "ann", method: "POST", path: "/channels/messaging/x/query", body: `{"data":{"x":"` + big + `"}}`, status: 413, code: 22, message: "too big"},
		{name: "too much for a member", who: "ann", method: "POST", path: "/channels/messaging/x/query", body: `{"data":{"members":[{"user_id":"ann","x":"` + big + `"}]}}`, status: 413, code: 22, message: "too big"},
		{name: "a null byte", who: "ann", method: "POST", path: "/channels/messaging/x/query", body: `{"data":{"x":"\u0000"}}`, status: 400, code: 4, message: ""},
		{
			name: "too many members", who: "ann", method: "POST", path: "/channels/messaging/x/query", body: map[string]any{"data": map[string]any{"members": ids(101)}}, status: 400, code: 4,
			message: "data.members must contain at maximum 100 items",
		},
		{name: "a role that is not", who: "ann", method: "POST", path: "/channels/messaging/x/query", body: `{"data":{"members":[{"user_id":"ann","channel_role":"king"}]}}`, status: 400, code: 4, message: `role "king" does not exist`},
		{name: "members of the wrong type", who: "ann", method: "POST", path: "/channels/messaging/x/query", body: `{"data":{"members":[7]}}`, status: 400, code: 4, message: "expects a user id or an object"},
		{
			name: "translation", who: "ann", method: "POST", path: "/channels/messaging/x/query", body: `{"data":{"auto_translation_enabled":true}}`, status: 401, code: 5,
			message: "channels with automatic translation can only be created server-side",
		},
		{name: "frozen from the start", who: "ann", method: "POST", path: "/channels/messaging/x/query", body: `{"data":{"frozen":true}}`, status: 403, code: 17, message: "UpdateChannelFrozen"},
		{name: "disabled from the start", who: "ann", method: "POST", path: "/channels/messaging/x/query", body: `{"data":{"disabled":true}}`, status: 403, code: 17, message: "you are not allowed to update the field `disabled`"},
		{name: "watching server side", method: "POST", path: "/channels/messaging/one/query", body: `{"watch":true}`, status: 400, code: 4, message: "Watch or Presence requires an active websocket connection"},
		{name: "watching without a connection", who: "ann", method: "POST", path: "/channels/messaging/one/query", body: `{"presence":true}`, status: 400, code: 4, message: "connection_id"},
		{name: "watching with another's connection", who: "ann", method: "POST", path: "/channels/messaging/one/query", body: `{"watch":true,"connection_id":"x"}`, status: 400, code: 46, message: ""},
		{name: "too many messages", who: "ann", method: "POST", path: "/channels/messaging/one/query", body: `{"messages":{"limit":301}}`, status: 400, code: 4, message: "limit must be 300 or less"},
		{name: "too many members asked", who: "ann", method: "POST", path: "/channels/messaging/one/query", body: `{"members":{"limit":301}}`, status: 400, code: 4, message: "members.limit must be 300 or less"},
		{name: "a page of members", who: "ann", method: "POST", path: "/channels/messaging/one/query", body: `{"members":{"limit":1,"offset":1}}`, want: map[string]string{"members.#": "1", "members.0.user_id": `"bob"`}},

		{name: "get", who: "ann", method: "GET", path: "/channels/messaging/one?members_limit=1&state=true", want: map[string]string{"channel.name": `"One"`, "members.#": "1"}},
		{name: "get server side", method: "GET", path: "/channels/messaging/one?user_id=bob", want: map[string]string{"membership.user.id": `"bob"`}},
		{name: "get what is not", method: "GET", path: "/channels/messaging/nope", status: 404, code: 16, message: "Can't find channel with id messaging:nope"},
		{name: "get with an unknown message", method: "GET", path: "/channels/messaging/one?messages_id_lt=nope", status: 400, code: 4, message: "nope"},
		{name: "get too much", method: "GET", path: "/channels/messaging/one?messages_limit=301", status: 400, code: 4, message: "messages_limit must be 300 or less"},
	})
	caps, _ := s.As("ann").Post("/channels/messaging/one/query", `{}`).OK().At("channel.own_capabilities").([]any)
	got := fmt.Sprint(caps...)
	for _, name := range []string{"delete-channel", "leave-channel", "read-events", "send-message", "update-channel-members"} {
		if !strings.Contains(got, name) {
			t.Errorf("own_capabilities lack %s: %v", name, caps)
		}
	}
}

func TestDistinctChannels(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	s.Users("ann", "bob", "dan")
	s.Server().Post("/users", `{"users":{"mod":{"id":"mod","role":"admin"}}}`).OK()
	id, _ := s.As("ann").Post("/channels/messaging/query", `{"data":{"members":["ann","bob"],"color":"red"}}`).OK().At("channel.id").(string)
	if !regexp.MustCompile(`^!members-[A-Za-z0-9_-]{43}$`).MatchString(id) {
		t.Fatalf("id %q", id)
	}
	path := "/channels/messaging/" + id
	left := `{"remove_members":["ann"]}`
	exchangeAll(t, s, []exchange{
		{name: "in another order", who: "bob", method: "POST", path: "/channels/messaging/query", body: `{"data":{"members":["bob","ann","bob"]}}`, want: map[string]string{"channel.id": `"` + id + `"`, "channel.color": `"red"`}},
		{name: "by its id", who: "bob", method: "POST", path: path + "/query", body: `{}`, want: map[string]string{"channel.id": `"` + id + `"`}},
		{name: "one member", who: "ann", method: "POST", path: "/channels/messaging/query", body: `{"data":{"members":["ann"]}}`, status: 400, code: 4, message: "When using member based IDs specify at least 2 members"},
		{name: "one member twice", who: "ann", method: "POST", path: "/channels/messaging/query", body: `{"data":{"members":["ann","ann"]}}`, status: 400, code: 4, message: "at least 2 members"},
		{name: "no members", who: "ann", method: "POST", path: "/channels/messaging/query", body: `{}`, status: 400, code: 4, message: "at least 2 members"},
		{name: "for others", who: "dan", method: "POST", path: "/channels/messaging/query", body: `{"data":{"members":["mod","bob"]}}`, status: 403, code: 17, message: "CreateDistinctChannelForOthers"},
		{name: "for others, server side", method: "POST", path: "/channels/messaging/query", body: `{"data":{"members":["mod","bob"],"created_by_id":"dan"}}`, want: map[string]string{"channel.member_count": "2"}},
		{
			name: "adding another", who: "ann", method: "POST", path: path, body: `{"add_members":["dan"]}`, status: 403, code: 17,
			message: "cannot add members to the distinct channel they don't belong to, please create a new distinct channel with the desired members",
		},
		{name: "adding another, server side", method: "POST", path: path, body: `{"add_members":["dan"]}`, status: 403, code: 17, message: "cannot add members to the distinct channel"},
		{
			name: "inviting", who: "ann", method: "POST", path: path, body: `{"invites":["dan"]}`, status: 403, code: 17,
			message: "cannot invite members to the distinct channel, please create a new distinct channel with the desired members",
		},
		{name: "leaving", who: "ann", method: "POST", path: path, body: left, want: map[string]string{"channel.member_count": "1"}},
		{name: "the other asks for it", who: "bob", method: "POST", path: "/channels/messaging/query", body: `{"data":{"members":["ann","bob"]}}`, want: map[string]string{"members.#": "1"}},
		{name: "coming back", who: "ann", method: "POST", path: "/channels/messaging/query", body: `{"data":{"members":["ann","bob"]}}`, want: map[string]string{"members.#": "2", "membership.user.id": `"ann"`, "channel.color": `"red"`}},
		{name: "leaving again", who: "ann", method: "POST", path: path, body: left},
		{name: "brought back, server side", method: "POST", path: path, body: `{"add_members":["ann"]}`, want: map[string]string{"channel.member_count": "2"}},
	})
}

func TestChannelsAreCreatedOnce(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	s.Users("ann", "bob")
	c := s.As("ann")
	answers := make([]*testkit.Response, 8)
	var wg sync.WaitGroup
	for i := range answers {
		wg.Go(func() { answers[i] = c.Post("/channels/messaging/query", `{"data":{"members":["ann","bob"]}}`) })
	}
	wg.Wait()
	for _, r := range answers {
		r.OK().Want("channel.member_count", "2").Want("membership.user.id", `"ann"`)
	}
}

func TestDeleteChannel(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	path := s.Channel("messaging", "room", "ann", "bob")
	s.As("ann").Patch(path, `{"set":{"color":"green"}}`).OK()
	said(s, "ann", path, "old")
	ann, bob := s.As("ann").Connect(), s.As("bob").Connect()
	bob.Hello.Want("me.total_unread_count", "1")
	ann.Watch(path)
	exchangeAll(t, s, []exchange{
		{name: "by a member", who: "bob", method: "DELETE", path: path, status: 403, code: 17, message: "DeleteChannel"},
		{name: "what is not", who: "ann", method: "DELETE", path: "/channels/messaging/nope", status: 404, code: 16, message: "find channel"},
		{
			name: "by its creator", who: "ann", method: "DELETE", path: path,
			want: map[string]string{"channel.cid": `"messaging:room"`, "channel.created_by": "null", "channel.color": "null", "channel.last_message_at": "null", "channel.members.#": "2"},
		},
		{name: "twice", who: "ann", method: "DELETE", path: path, status: 404, code: 16, message: "find channel"},
		{name: "updating it", method: "POST", path: path, body: `{"data":{}}`, status: 404, code: 16, message: "find channel"},
		{name: "finding it", method: "POST", path: "/channels", body: `{"filter_conditions":{"id":"room"}}`, want: map[string]string{"channels": "[]"}},
	})
	gone := ann.Expect("channel.deleted").Want("cid", `"messaging:room"`).Want("channel.created_by", "null").Want("user.id", `"ann"`)
	if gone.At("channel.deleted_at") == nil || gone.At("channel.deleted_at") != gone.At("channel.truncated_at") {
		t.Errorf("channel.deleted: %s", gone.Body)
	}
	bob.Expect("notification.channel_deleted").Want("total_unread_count", "0").Want("unread_channels", "0").Want("channel.cid", `"messaging:room"`)

	// Created anew without data, it is what it was, without its messages.
	exchangeAll(t, s, []exchange{
		{name: "by a member", who: "bob", method: "POST", path: path + "/query", body: `{}`, status: 403, code: 17, message: "RecreateChannel"},
		{
			name: "by its creator", who: "ann", method: "POST", path: path + "/query", body: `{}`,
			want: map[string]string{"channel.color": `"green"`, "members.#": "2", "channel.created_by.id": `"ann"`, "messages": "[]", "channel.deleted_at": "null"},
		},
	})
	bob.Expect("notification.added_to_channel")
	said(s, "ann", path, "new")
	bob.Expect("notification.message_new").Want("message.text", `"new"`).Want("total_unread_count", "1")

	// With data, it is a new channel under the old name.
	s.As("ann").Delete(path).OK()
	s.As("ann").Post(path+"/query", `{"data":{"members":["ann"],"shape":"round"}}`).OK().
		Want("channel.color", "null").Want("channel.shape", `"round"`).Want("members.#", "1").Want("messages", "[]").Want("channel.member_count", "1")
	s.As("bob").Post(path+"/query", `{}`).Fails(403, 17, "ReadChannel")

	s.Server().Delete(path + "?hard_delete=true").OK()
	s.Server().Post(path+"/query", `{"data":{"created_by_id":"bob"}}`).OK().Want("channel.created_by.id", `"bob"`).Want("channel.truncated_at", "null")
}

func TestChannelsOfTeams(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	s.Server().Patch("/app", `{"multi_tenant_enabled":true}`).OK()
	s.Server().Post("/users", `{"users":{"ann":{"id":"ann","teams":["alpha","bravo"]},"bob":{"id":"bob"},"chef":{"id":"chef","role":"global_admin"},"dan":{"id":"dan","teams":["tango"]}}}`).OK()
	s.Server().Post("/channels/messaging/t/query", `{"data":{"created_by_id":"dan","team":"tango","members":["ann","dan"]}}`).OK()
	find := func(filter string) string { return `{"filter_conditions":` + filter + `}` }
	exchangeAll(t, s, []exchange{
		{name: "own team", who: "ann", method: "POST", path: "/channels/messaging/a/query", body: `{"data":{"team":"alpha"}}`, want: map[string]string{"channel.team": `"alpha"`}},
		{
			name: "another team", who: "ann", method: "POST", path: "/channels/messaging/x/query", body: `{"data":{"team":"tango"}}`, status: 401, code: 5,
			message: `GetOrCreateChannel failed with error: "user from teams ["alpha" "bravo"] cannot create a channel for team "tango""`,
		},
		{name: "no team", who: "ann", method: "POST", path: "/channels/messaging/x/query", body: `{}`, status: 401, code: 5, message: `user from teams ["alpha" "bravo"] cannot create a channel for team ""`},
		{name: "a user without teams", who: "bob", method: "POST", path: "/channels/messaging/x/query", body: `{"data":{"team":"tango"}}`, status: 401, code: 5, message: `user from teams [] cannot create`},
		{name: "any team", who: "chef", method: "POST", path: "/channels/messaging/c/query", body: `{"data":{"team":"tango"}}`, want: map[string]string{"channel.team": `"tango"`}},
		{name: "changing it", who: "ann", method: "POST", path: "/channels/messaging/a", body: `{"data":{"team":"bravo"}}`, status: 401, code: 5, message: "changing channel team is not allowed client-side"},
		{name: "setting it", who: "ann", method: "PATCH", path: "/channels/messaging/a", body: `{"set":{"team":"bravo"}}`, status: 403, code: 17, message: "you are not allowed to update the field `team`"},
		{name: "a member of another team", who: "ann", method: "POST", path: "/channels/messaging/t/query", body: `{}`, status: 403, code: 17, message: "ReadChannel"},
		{name: "only own teams are found", who: "ann", method: "POST", path: "/channels", body: find(`{}`), want: map[string]string{"channels.#": "1", "channels.0.channel.id": `"a"`}},
		{name: "own team is found", who: "ann", method: "POST", path: "/channels", body: find(`{"team":"alpha"}`), want: map[string]string{"channels.#": "1"}},
		{name: "another's is not", who: "ann", method: "POST", path: "/channels", body: find(`{"team":"red"}`), status: 400, code: 4, message: `search by team "red" is not allowed`},
		{name: "nor among own", who: "ann", method: "POST", path: "/channels", body: find(`{"team":{"$in":["alpha","red"]}}`), status: 400, code: 4, message: `search by team "red" is not allowed`},
		{name: "nor by exclusion", who: "ann", method: "POST", path: "/channels", body: find(`{"team":{"$ne":"alpha"}}`), status: 400, code: 4, message: `cannot use operator "$ne" when filtering by team`},
		{name: "nor by $nor", who: "ann", method: "POST", path: "/channels", body: find(`{"$nor":[{"team":"alpha"}]}`), status: 400, code: 4, message: `cannot use $nor operator when filtering by team`},
		{name: "a number", who: "ann", method: "POST", path: "/channels", body: find(`{"team":7}`), status: 400, code: 4, message: `field team expect string values`},
		{name: "no team at all", who: "ann", method: "POST", path: "/channels", body: find(`{"team":null}`), want: map[string]string{"channels.#": "0"}},
		{name: "the server side", method: "POST", path: "/channels", body: find(`{}`), want: map[string]string{"channels.#": "3"}},
		{name: "any team is found", who: "chef", method: "POST", path: "/channels", body: find(`{"team":"tango"}`), want: map[string]string{"channels.#": "2"}},
	})
}

func TestQueryChannels(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	a, b := s.Channel("messaging", "a", "ann", "bob"), s.Channel("messaging", "b", "ann", "bob", "dan")
	s.Channel("messaging", "secret", "dan")
	s.Channel("livestream", "live", "dan")
	for i := range 3 {
		said(s, "bob", a, fmt.Sprint("a", i))
		said(s, "bob", b, fmt.Sprint("b", i))
	}
	mine := `"filter_conditions":{"type":"messaging","members":{"$in":["ann"]}}`
	exchangeAll(t, s, []exchange{
		{
			name: "mine", who: "ann", method: "POST", path: "/channels", body: `{` + mine + `,"message_limit":2}`,
			want: map[string]string{
				"channels.#": "2", "channels.0.channel.id": `"b"`, "channels.1.channel.id": `"a"`, "channels.0.messages.#": "2", "channels.0.messages.0.text": `"b1"`,
				"channels.0.messages.1.text": `"b2"`, "channels.1.messages.1.text": `"a2"`, "channels.0.members.#": "3", "channels.0.read.#": "3", "channels.0.membership.user.id": `"ann"`,
				"channels.0.channel.member_count": "3", "channels.0.pinned_messages": "[]", "channels.0.threads": "[]", "channels.0.watchers": "null", "channels.0.channel.members": "null",
				"channels.0.channel.created_by.id": `"ann"`, "channels.0.channel.config.name": `"messaging"`, "channels.0.channel.hidden": "false",
			},
		},
		{name: "in the other order", who: "ann", method: "POST", path: "/channels", body: `{` + mine + `,"sort":[{"field":"last_message_at","direction":1}]}`, want: map[string]string{"channels.0.channel.id": `"a"`}},
		{name: "a page", who: "ann", method: "POST", path: "/channels", body: `{` + mine + `,"limit":1,"offset":1}`, want: map[string]string{"channels.#": "1", "channels.0.channel.id": `"a"`}},
		{name: "behind the end", who: "ann", method: "POST", path: "/channels", body: `{` + mine + `,"offset":100}`, want: map[string]string{"channels": "[]"}},
		{name: "without state", who: "ann", method: "POST", path: "/channels", body: `{` + mine + `,"state":false}`, want: map[string]string{"channels.0.messages": "[]", "channels.0.members": "[]", "channels.0.read": "[]"}},
		{name: "no members, no messages", who: "ann", method: "POST", path: "/channels", body: `{` + mine + `,"member_limit":0,"message_limit":0}`, want: map[string]string{"channels.0.messages": "[]", "channels.0.members": "[]"}},
		{name: "as a GET", who: "ann", method: "GET", path: "/channels?payload=" + url.QueryEscape(`{`+mine+`}`), want: map[string]string{"channels.#": "2"}},
		{name: "an open channel", who: "ann", method: "POST", path: "/channels", body: `{"filter_conditions":{"type":"livestream"}}`, want: map[string]string{"channels.0.channel.id": `"live"`, "channels.0.membership": "null"}},
		{name: "an open channel, no token", who: "anonymous", method: "POST", path: "/channels", body: `{"filter_conditions":{"type":"livestream"}}`, want: map[string]string{"channels.#": "1"}},
		{name: "what others have", who: "ann", method: "POST", path: "/channels", body: `{"filter_conditions":{"type":"messaging"}}`, status: 403, code: 70, message: "QueryChannels failed"},
		{name: "everything", who: "ann", method: "POST", path: "/channels", body: `{}`, status: 403, code: 70, message: "QueryChannels failed"},
		{name: "everything, server side", method: "POST", path: "/channels", body: `{}`, want: map[string]string{"channels.#": "4", "channels.0.channel.own_capabilities": "null", "channels.0.channel.hidden": "null"}},
		{name: "for a user, server side", method: "POST", path: "/channels", body: `{"user_id":"bob","filter_conditions":{"has_unread":true,"joined":true}}`, want: map[string]string{"channels": "[]"}},
		{name: "watching server side", method: "POST", path: "/channels", body: `{"watch":true}`, status: 400, code: 4, message: "active websocket connection"},
		{name: "presence server side", method: "POST", path: "/channels", body: `{"presence":true}`, status: 400, code: 4, message: "active websocket connection"},
		{name: "too many channels", who: "ann", method: "POST", path: "/channels", body: `{"limit":31}`, status: 400, code: 4, message: "limit must be 30 or less"},
		{name: "fewer than none", who: "ann", method: "POST", path: "/channels", body: `{"limit":-1}`, status: 400, code: 4, message: "limit must be 0 or greater"},
		{name: "too far", who: "ann", method: "POST", path: "/channels", body: `{"offset":1001}`, status: 400, code: 4, message: "offset must be 1000 or less"},
		{name: "too many members", who: "ann", method: "POST", path: "/channels", body: `{"member_limit":101}`, status: 400, code: 4, message: "member_limit must be 100 or less"},
		{name: "negative members", who: "ann", method: "POST", path: "/channels", body: `{"member_limit":-1}`, status: 400, code: 4, message: "member_limit must be 0 or greater"},
		{name: "too many messages", who: "ann", method: "POST", path: "/channels", body: `{"message_limit":301}`, status: 400, code: 4, message: "message_limit must be 300 or less"},
		{name: "too many sorts", who: "ann", method: "POST", path: "/channels", body: `{"sort":[{"field":"a"},{"field":"b"},{"field":"c"},{"field":"d"},{"field":"e"},{"field":"f"}]}`, status: 400, code: 4, message: "sort must contain at maximum 5 items"},
		{name: "a filter that nobody made", who: "ann", method: "POST", path: "/channels", body: `{"predefined_filter":"mine"}`, status: 404, code: 16, message: "predefined filter mine does not exist"},
		{name: "a wrong operator", who: "ann", method: "POST", path: "/channels", body: `{"filter_conditions":{"id":{"$q":"x"}}}`, status: 400, code: 4, message: `QueryChannels failed with error: "operator "$q" is not allowed for field "id""`},
		{name: "no filter at all", who: "ann", method: "POST", path: "/channels", body: `{"filter_conditions":[]}`, status: 400, code: 4, message: "filter"},
	})
}

func TestAnybodyWatchesWherePermissionsAreOff(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	path := s.Channel("messaging", "room", "ann")
	s.Server().Patch("/app", `{"disable_permissions_checks":true}`).OK()
	dan := s.As("dan").Connect()
	dan.Watch(path).Want("watcher_count", "1")
	s.As("dan").Post("/channels", `{}`).OK().Want("channels.#", "1")
}

// listed are the channels of a user that a filter finds, the latest first.
func listed(s *testkit.Server, who, filter string) string {
	s.TB.Helper()
	r := s.As(who).Post("/channels", `{"filter_conditions":{"members":{"$in":["`+who+`"]}`+filter+`}}`).OK()
	var out []string
	for i := 0; r.At(fmt.Sprintf("channels.%d", i)) != nil; i++ {
		out = append(out, fmt.Sprint(r.At(fmt.Sprintf("channels.%d.channel.id", i))))
	}
	return strings.Join(out, " ")
}

func TestTokensOfUsersWhoDoNotExist(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	c := s.WithToken("ghost", s.Sign(auth.Claims{UserID: "ghost"}))
	c.Post("/channels/messaging/x/query", `{}`).Fails(403, 17, "")
	if u, err := s.Store.App(s.App).User(context.Background(), "ghost"); err != nil || u != nil {
		t.Errorf("%v, %v", u, err)
	}
}
