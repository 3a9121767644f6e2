package httpapi_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"chatd/internal/testkit"
)

func TestUpdateChannel(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	s.Users("ann", "bob", "dan", "eve")
	s.Server().Post("/users", `{"users":{"mod":{"id":"mod","role":"admin"}}}`).OK()
	path := s.Channel("messaging", "room", "ann", "bob")
	live := s.Channel("livestream", "live", "ann")
	gone := s.Channel("messaging", "off", "ann")
	s.Server().Post(gone, `{"data":{"disabled":true}}`).OK().Want("channel.disabled", "true")
	exchangeAll(t, s, []exchange{
		{
			name: "data", who: "ann", method: "POST", path: path, body: `{"data":{"name":"One","color":"red"}}`,
			want: map[string]string{"channel.name": `"One"`, "channel.color": `"red"`, "members.#": "2", "channel.hidden": "false", "message": "null"},
		},
		{name: "data replaces data", who: "ann", method: "POST", path: path, body: `{"data":{"name":"Two"}}`, want: map[string]string{"channel.name": `"Two"`, "channel.color": "null"}},
		{name: "no data keeps data", who: "ann", method: "POST", path: path, body: `{"add_members":[]}`, want: map[string]string{"channel.name": `"Two"`}},
		{name: "by a member", who: "bob", method: "POST", path: path, body: `{"data":{}}`, status: 403, code: 17, message: "not allowed to perform action UpdateChannel in scope 'messaging'"},
		{name: "by a stranger", who: "dan", method: "POST", path: path, body: `{"data":{}}`, status: 403, code: 17, message: "UpdateChannel"},
		{name: "nothing, by a stranger", who: "dan", method: "POST", path: path, body: `{}`, status: 403, code: 17, message: "UpdateChannel"},
		{name: "what is not", who: "ann", method: "POST", path: "/channels/messaging/nope", body: `{}`, status: 404, code: 16, message: "Can't find channel with id messaging:nope"},
		{name: "reserved", who: "ann", method: "POST", path: path, body: `{"data":{"cooldown":3,"created_at":"2020-01-01T00:00:00Z"}}`, status: 400, code: 4, message: "data.cooldown is a reserved field, data.created_at is a reserved field"},
		{name: "too big", who: "ann", method: "POST", path: path, body: `{"data":{"x":"` + strings.Repeat("x", 6000) + `"}}`, status: 413, code: 22, message: "too big"},
		{
			name: "data as it was answered", who: "ann", method: "POST", path: path, body: `{"data":{"name":"Three","hidden":false,"blocked":false,"frozen":false,"disabled":false,"truncated_at":"2020-01-01T00:00:00Z"}}`,
			want: map[string]string{"channel.name": `"Three"`, "channel.truncated_at": "null"},
		},
		{name: "frozen by the owner", who: "ann", method: "POST", path: path, body: `{"data":{"frozen":true}}`, status: 403, code: 17, message: "UpdateChannelFrozen"},
		{name: "frozen as it is", who: "ann", method: "POST", path: path, body: `{"data":{"frozen":false}}`, want: map[string]string{"channel.frozen": "false"}},
		{name: "frozen by an admin", who: "mod", method: "POST", path: path, body: `{"data":{"frozen":true,"name":"Ice"}}`, want: map[string]string{"channel.frozen": "true", "channel.name": `"Ice"`}},
		{name: "it stays frozen", who: "ann", method: "POST", path: path, body: `{"data":{"name":"Ice"}}`, want: map[string]string{"channel.frozen": "true"}},
		{name: "disabled by an admin", who: "mod", method: "POST", path: path, body: `{"data":{"disabled":true}}`, status: 403, code: 17, message: "you are not allowed to update the field `disabled`"},
		{name: "overrides by an admin", who: "mod", method: "POST", path: path, body: `{"data":{"config_overrides":{"replies":false}}}`, status: 403, code: 17, message: "config_overrides"},
		{name: "translation", who: "ann", method: "POST", path: path, body: `{"data":{"auto_translation_enabled":true}}`, status: 401, code: 5, message: "changing automatic translation can only be done server-side"},
		{name: "translation, server side", method: "POST", path: path, body: `{"data":{"auto_translation_enabled":true,"auto_translation_language":"de"}}`, want: map[string]string{"channel.auto_translation_enabled": "true", "channel.auto_translation_language": `"de"`, "channel.own_capabilities": "null"}},
		{name: "team", who: "ann", method: "POST", path: path, body: `{"data":{"team":"red"}}`, status: 401, code: 5, message: "changing channel team is not allowed client-side"},
		{name: "slow mode by the owner", who: "ann", method: "POST", path: path, body: `{"cooldown":5}`, status: 403, code: 17, message: "cooldown settings can only be updated by channel moderator or admin"},
		{name: "slow mode", who: "mod", method: "POST", path: path, body: `{"cooldown":5}`, want: map[string]string{"channel.cooldown": "5"}},
		{name: "no slow mode", who: "mod", method: "POST", path: path, body: `{"cooldown":0}`, want: map[string]string{"channel.cooldown": "null"}},
		{name: "too slow", who: "mod", method: "POST", path: path, body: `{"cooldown":121}`, status: 400, code: 4, message: "cooldown must be 120 or less"},
		{name: "backwards", who: "mod", method: "POST", path: path, body: `{"cooldown":-1}`, status: 400, code: 4, message: "cooldown must be 0 or greater"},
		{name: "tags", who: "ann", method: "POST", path: path, body: `{"add_filter_tags":["x","y"]}`, want: map[string]string{"channel.filter_tags": `["x","y"]`}},
		{name: "tags change", who: "ann", method: "POST", path: path, body: `{"add_filter_tags":["z","y"],"remove_filter_tags":["x"]}`, want: map[string]string{"channel.filter_tags": `["y","z"]`}},
		{name: "too many tags", who: "ann", method: "POST", path: path, body: map[string]any{"add_filter_tags": ids(11)}, status: 400, code: 4, message: "add_filter_tags must contain at maximum 10 items"},
		{name: "too many tags together", who: "ann", method: "POST", path: path, body: map[string]any{"add_filter_tags": ids(9)}, status: 400, code: 4, message: "filter_tags must contain at maximum 10 items"},
		{name: "secret message", who: "ann", method: "POST", path: path, body: `{"message":{"text":"x","restricted_visibility":["ann"]}}`, status: 400, code: 4, message: "restricted_visibility is not allowed"},
		{name: "both answers", who: "bob", method: "POST", path: path, body: `{"accept_invite":true,"reject_invite":true}`, status: 400, code: 4, message: "can not be both set"},
		{name: "without a token", who: "anonymous", method: "POST", path: live, body: `{"data":{}}`, status: 403, code: 17, message: "anonymous"},
		{name: "a disabled channel", who: "ann", method: "POST", path: gone, body: `{"data":{"name":"x"}}`, status: 403, code: 17, message: "disabled"},
		{name: "reading a disabled channel", who: "ann", method: "POST", path: gone + "/query", body: `{}`, status: 403, code: 17, message: "disabled"},
		{name: "finding a disabled channel", who: "ann", method: "POST", path: "/channels", body: `{"filter_conditions":{"id":"off"}}`, want: map[string]string{"channels.#": "1", "channels.0.channel.disabled": "true"}},
	})
}

func TestPatchChannel(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	s.Server().Post("/users", `{"users":{"mod":{"id":"mod","role":"admin"}}}`).OK()
	path := s.Channel("messaging", "room", "ann", "bob")
	exchangeAll(t, s, []exchange{
		{
			name: "set", who: "ann", method: "PATCH", path: path, body: `{"set":{"name":"One","deep":{"a":1,"b":2},"x":1}}`,
			want: map[string]string{"channel.name": `"One"`, "channel.deep.a": "1", "members.#": "2"},
		},
		{name: "set and unset", who: "ann", method: "PATCH", path: path, body: `{"set":{"deep.a":7},"unset":["deep.b","x"]}`, want: map[string]string{"channel.deep": `{"a":7}`, "channel.x": "null", "channel.name": `"One"`}},
		{name: "reserved", who: "ann", method: "PATCH", path: path, body: `{"set":{"member_count":7}}`, status: 403, code: 17, message: `UpdateChannelPartial failed with error: "field ` + "`member_count`" + ` is reserved and cannot updated"`},
		{name: "reserved, server side", method: "PATCH", path: path, body: `{"unset":["cid"]}`, status: 403, code: 17, message: "field `cid` is reserved and cannot updated"},
		{name: "team", who: "mod", method: "PATCH", path: path, body: `{"set":{"team":"red"}}`, status: 403, code: 17, message: "you are not allowed to update the field `team`"},
		{name: "team, server side", method: "PATCH", path: path, body: `{"set":{"team":"red"}}`, want: map[string]string{"channel.team": `"red"`}},
		{name: "no team", method: "PATCH", path: path, body: `{"unset":["team"]}`, want: map[string]string{"channel.team": "null"}},
		{name: "frozen by the owner", who: "ann", method: "PATCH", path: path, body: `{"set":{"frozen":true}}`, status: 403, code: 17, message: "you are not allowed to update the field `frozen`"},
		{name: "frozen", who: "mod", method: "PATCH", path: path, body: `{"set":{"frozen":true,"name":"Ice"}}`, want: map[string]string{"channel.frozen": "true", "channel.name": `"Ice"`}},
		{name: "thawed", who: "mod", method: "PATCH", path: path, body: `{"unset":["frozen"]}`, want: map[string]string{"channel.frozen": "false"}},
		{name: "slow mode by the owner", who: "ann", method: "PATCH", path: path, body: `{"set":{"cooldown":7}}`, status: 403, code: 17, message: "you are not allowed to update the field `cooldown`"},
		{name: "slow mode", who: "mod", method: "PATCH", path: path, body: `{"set":{"cooldown":7}}`, want: map[string]string{"channel.cooldown": "7"}},
		{name: "too slow", who: "mod", method: "PATCH", path: path, body: `{"set":{"cooldown":121}}`, status: 400, code: 4, message: "cooldown must be 120 or less"},
		{name: "of the wrong type", who: "mod", method: "PATCH", path: path, body: `{"set":{"frozen":"yes"}}`, status: 400, code: 4, message: `field "frozen" has the wrong type`},
		{name: "in part", method: "PATCH", path: path, body: `{"set":{"config_overrides.replies":true}}`, status: 400, code: 4, message: "can not be set in part"},
		{name: "a bad path", who: "ann", method: "PATCH", path: path, body: `{"set":{"a..b":1}}`, status: 400, code: 4, message: "not a valid field name"},
		{name: "no object", who: "ann", method: "PATCH", path: path, body: `{"set":[1]}`, status: 400, code: 4, message: "set must be an object"},
		{name: "too big", who: "ann", method: "PATCH", path: path, body: `{"set":{"y":"` + strings.Repeat("y", 6000) + `"}}`, status: 413, code: 22, message: "too big"},
		{name: "by a member", who: "bob", method: "PATCH", path: path, body: `{"set":{"name":"Bob's"}}`, status: 403, code: 17, message: "UpdateChannel"},
		{
			name: "overrides", method: "PATCH", path: path, body: `{"set":{"config_overrides":{"replies":false,"max_message_length":10,"commands":["giphy"],"grants":{"channel_member":["!create-message","update-channel"]}}}}`,
			want: map[string]string{"channel.config.replies": "false", "channel.config.max_message_length": "10", "channel.config.grants.channel_member.0": `"!create-message"`, "channel.config.commands.#": "1"},
		},
		{name: "their grants hold", who: "bob", method: "PATCH", path: path, body: `{"set":{"by":"bob"}}`, want: map[string]string{"channel.by": `"bob"`, "channel.config.replies": "false"}},
		{name: "what cannot be overridden", method: "PATCH", path: path, body: `{"set":{"config_overrides":{"read_events":false}}}`, status: 400, code: 4, message: "config_overrides.read_events can not be overridden"},
		{name: "an override out of range", method: "PATCH", path: path, body: `{"set":{"config_overrides":{"max_message_length":0}}}`, status: 400, code: 4, message: "between 1 and 20000"},
		{name: "an unknown command", method: "PATCH", path: path, body: `{"set":{"config_overrides":{"commands":["dance"]}}}`, status: 400, code: 4, message: `command "dance"`},
		{name: "no overrides", method: "PATCH", path: path, body: `{"set":{"config_overrides":{}}}`, want: map[string]string{"channel.config.replies": "true", "channel.config.max_message_length": "5000"}},
		{name: "what is not", who: "ann", method: "PATCH", path: "/channels/messaging/nope", body: `{}`, status: 404, code: 16, message: "find channel"},
	})
	ann := s.As("ann").Connect()
	ann.Watch(path)
	s.Server().Patch(path, `{"set":{"frozen":true}}`).OK()
	ann.Expect("channel.updated").Want("channel.frozen", "true").Want("user", "null").Want("channel.own_capabilities", "null").Want("channel.members.#", "2")
	ann.Expect("channel.frozen").Want("cid", `"messaging:room"`)
	s.As("mod").Patch(path, `{"set":{"frozen":false}}`).OK()
	ann.Expect("channel.updated").Want("user.id", `"mod"`)
	ann.Expect("channel.unfrozen")
}

func TestMembersComeAndGo(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	s.Users("ann", "bob", "dan", "eve", "kim")
	s.Server().Post("/users", `{"users":{"mod":{"id":"mod","role":"admin"}}}`).OK()
	path := s.Channel("messaging", "room", "ann", "bob")
	live := s.Channel("livestream", "live", "eve")
	exchangeAll(t, s, []exchange{
		{
			name: "add", who: "ann", method: "POST", path: path, body: `{"add_members":["dan",{"user_id":"eve","channel_role":"channel_moderator","hat":"red"},"bob"]}`,
			want: map[string]string{"channel.member_count": "4", "members.#": "4", "members.3.hat": `"red"`, "members.3.channel_role": `"channel_moderator"`, "members.3.role": `"moderator"`},
		},
		{name: "by a member", who: "dan", method: "POST", path: path, body: `{"add_members":["kim"]}`, status: 403, code: 17, message: "UpdateChannelMembers"},
		{name: "oneself, by a stranger", who: "kim", method: "POST", path: path, body: `{"add_members":["kim"]}`, status: 403, code: 17, message: "UpdateChannelMembers"},
		{name: "by a moderator", who: "eve", method: "POST", path: path, body: `{"add_members":["kim"]}`, want: map[string]string{"channel.member_count": "5"}},
		{name: "remove", who: "ann", method: "POST", path: path, body: `{"remove_members":["kim","nobody"]}`, want: map[string]string{"channel.member_count": "4"}},
		{name: "remove another, by a member", who: "dan", method: "POST", path: path, body: `{"remove_members":["bob"]}`, status: 403, code: 17, message: "UpdateChannelMembers"},
		{name: "leave", who: "dan", method: "POST", path: path, body: `{"remove_members":["dan"]}`, want: map[string]string{"channel.member_count": "3"}},
		{name: "and come back", who: "dan", method: "POST", path: path, body: `{"add_members":["dan"]}`, status: 403, code: 17, message: "UpdateChannelMembers"},
		{name: "reading after that", who: "dan", method: "POST", path: path + "/query", body: `{}`, status: 403, code: 17, message: "ReadChannel"},
		{name: "unknown users", who: "ann", method: "POST", path: path, body: `{"add_members":["zoe"]}`, status: 400, code: 4, message: "The following users are involved in channel update operation, but don't exist: [zoe]"},
		{name: "in and out", who: "ann", method: "POST", path: path, body: `{"add_members":["dan"],"remove_members":["dan"]}`, status: 400, code: 4, message: "both add_members and remove_members"},
		{name: "too many", who: "ann", method: "POST", path: path, body: map[string]any{"add_members": ids(101)}, status: 400, code: 4, message: "add_members must contain at maximum 100 items"},
		{name: "too many out", who: "ann", method: "POST", path: path, body: map[string]any{"remove_members": ids(101)}, status: 400, code: 4, message: "remove_members must contain at maximum 100 items"},
		{name: "moderators", who: "ann", method: "POST", path: path, body: `{"add_moderators":["bob","kim"]}`, want: map[string]string{"channel.member_count": "4", "members.1.is_moderator": "true", "members.3.channel_role": `"channel_moderator"`}},
		{name: "demoted", who: "ann", method: "POST", path: path, body: `{"demote_moderators":["bob"]}`, want: map[string]string{"members.1.channel_role": `"channel_member"`, "members.1.is_moderator": "null"}},
		{name: "moderators, by a member", who: "bob", method: "POST", path: path, body: `{"add_moderators":["bob"]}`, status: 403, code: 17, message: "UpdateChannelMembers"},
		{name: "roles", who: "ann", method: "POST", path: path, body: `{"assign_roles":[{"user_id":"bob","channel_role":"channel_moderator"}]}`, status: 403, code: 17, message: "server side"},
		{name: "roles, server side", method: "POST", path: path, body: `{"assign_roles":[{"user_id":"bob","channel_role":"channel_moderator"}]}`, want: map[string]string{"members.1.channel_role": `"channel_moderator"`}},
		{name: "roles of strangers", method: "POST", path: path, body: `{"assign_roles":[{"user_id":"dan","channel_role":"channel_moderator"}]}`, status: 400, code: 4, message: "user dan is not a member of channel messaging:room"},
		{name: "roles that are not", method: "POST", path: path, body: `{"assign_roles":[{"user_id":"bob","channel_role":"admin"}]}`, status: 400, code: 4, message: `role "admin"`},
		{name: "roles without a role", method: "POST", path: path, body: `{"assign_roles":[{"user_id":"bob"}]}`, status: 400, code: 4, message: "assign_roles.channel_role is a required field"},
		{name: "all or nothing", method: "POST", path: path, body: `{"data":{"name":"x"},"add_members":["dan"],"assign_roles":[{"user_id":"nobody","channel_role":"channel_moderator"}]}`, status: 400, code: 4, message: "not a member"},
		{name: "nothing", method: "GET", path: path, want: map[string]string{"channel.name": "null", "channel.member_count": "4"}},
		{name: "into a livestream, by a user", who: "ann", method: "POST", path: live, body: `{"add_members":["ann"]}`, status: 403, code: 17, message: "UpdateChannelMembers"},
		{name: "into a livestream", method: "POST", path: live, body: `{"add_members":["ann"]}`, want: map[string]string{"channel.member_count": "2"}},
	})
}

func TestWhoBlockedTheActorIsNotAdded(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	s.Users("dan", "eve")
	path := s.Channel("messaging", "room", "ann", "bob")
	execSQL(t, `INSERT INTO user_blocks (app_id, user_id, blocked_user_id, created_at) VALUES ($1, 'dan', 'ann', now())`, s.App)
	s.As("ann").Post(path, `{"add_members":["dan","eve"]}`).OK().Want("channel.member_count", "3")
	s.Server().Post(path, `{"add_members":["dan"]}`).OK().Want("channel.member_count", "4")
}

func TestMemberEvents(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	s.Users("dan")
	path := s.Channel("messaging", "room", "ann", "bob")
	said(s, "ann", path, "before")
	ann, bob, dan := s.As("ann").Connect(), s.As("bob").Connect(), s.As("dan").Connect()
	ann.Watch(path)

	s.As("ann").Post(path, `{"add_members":["dan"]}`).OK()
	added := ann.Expect("member.added").Want("member.user_id", `"dan"`).Want("user.id", `"dan"`).Want("member.status", `"member"`).Want("channel.cid", `"messaging:room"`).
		Want("channel.members", "null").Want("channel_member_count", "3").Want("member.is_global_banned", "false").Want("member.channel_role", `"channel_member"`)
	if body := string(added.Body); added.At("channel_last_message_at") == nil || !strings.Contains(body, `"pinned_at":null`) || !strings.Contains(body, `"archived_at":null`) {
		t.Errorf("member.added: %s", body)
	}
	e := ann.Next()
	for e.At("cid") == nil { // what users are told of themselves is not in turn with what is told of channels
		e = ann.Next()
	}
	if e.Type != "channel.updated" {
		t.Fatalf("after member.added came %s", e.Type)
	}
	e.Want("channel.members.#", "3").Want("user.id", `"ann"`).Want("channel.member_count", "3").Want("channel.config.name", `"messaging"`)
	dan.Expect("notification.added_to_channel").Want("member.user_id", `"dan"`).Want("channel.cid", `"messaging:room"`).Want("channel.members.#", "3").
		Want("channel.config.name", `"messaging"`).Want("total_unread_count", "0")
	dan.Watch(path)
	ann.Expect("user.watching.start").Want("user.id", `"dan"`)
	said(s, "ann", path, "one")
	dan.Expect("message.new").Want("total_unread_count", "1")

	s.As("ann").Post(path, `{"add_moderators":["bob"]}`).OK()
	ann.Expect("member.updated").Want("member.user_id", `"bob"`).Want("user.id", `"bob"`).Want("member.channel_role", `"channel_moderator"`)
	ann.Expect("channel.updated")
	bob.Quiet("member.updated", "channel.updated") // he does not watch

	s.As("ann").Post(path, `{"remove_members":["dan"]}`).OK()
	ann.Expect("member.removed").Want("user.id", `"dan"`).Want("member.user_id", `"dan"`)
	ann.Expect("channel.updated").Want("channel.member_count", "2")
	dan.Expect("member.removed")
	dan.Expect("notification.removed_from_channel").Want("user.id", `"dan"`).Want("channel.cid", `"messaging:room"`).Want("member.user_id", `"dan"`)
	dan.Expect("notification.mark_read").Want("total_unread_count", "0").Want("unread_channels", "0")
	dan.Expect("channel.kicked").Want("cid", `"messaging:room"`)
	said(s, "ann", path, "two")
	ann.Expect("message.new").Want("watcher_count", "1")
	dan.Quiet("message.new", "notification.message_new")
	bob.Expect("notification.message_new").Want("total_unread_count", "3")
}

func TestNewMembersOfAChannelAreTold(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	s.Users("ann", "bob", "dan")
	ann, bob, dan := s.As("ann").Connect(), s.As("bob").Connect(), s.As("dan").Connect()
	s.As("ann").Post("/channels/messaging/room/query", `{"data":{"members":["ann","bob"],"invites":["dan"]}}`).OK()
	for _, ws := range []*testkit.Socket{ann, bob} {
		ws.Expect("notification.added_to_channel").Want("channel.members.#", "3").Want("member.user_id", `"`+ws.Client.ID+`"`)
	}
	dan.Expect("notification.invited").Want("member.invited", "true").Want("member.status", `"pending"`).Want("user.id", `"dan"`)
	dan.Quiet("notification.added_to_channel")
	said(s, "ann", "/channels/messaging/room", "hello")
	bob.Expect("notification.message_new").Want("total_unread_count", "1")
}

func TestHistoryIsHiddenFromNewMembers(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	s.Users("dan", "eve", "kim")
	path := s.Channel("messaging", "room", "ann", "bob")
	said(s, "ann", path, "one")
	between := s.Store.App(s.App).Now()
	said(s, "ann", path, "two")
	s.As("ann").Post(path, `{"add_members":["dan"],"hide_history":true}`).OK()
	s.As("ann").Post(path, map[string]any{"add_members": []string{"eve"}, "hide_history": true, "hide_history_before": between}).OK()
	s.As("ann").Post(path, `{"add_members":["kim"]}`).OK()
	for who, want := range map[string]string{"dan": "0", "eve": "1", "kim": "2"} {
		s.As(who).Post(path+"/query", `{}`).OK().Want("messages.#", want)
		s.As(who).Post("/channels", `{"filter_conditions":{"members":{"$in":["`+who+`"]}}}`).OK().Want("channels.0.messages.#", want)
	}
	s.As("ann").Post(path, map[string]any{"add_members": []string{"dan"}, "hide_history_before": between.Add(time.Hour)}).Fails(400, 4, "hide_history_before must be in the past")
	said(s, "ann", path, "three")
	s.As("dan").Post(path+"/query", `{}`).OK().Want("messages.#", "1").Want("messages.0.text", `"three"`)
}

func TestInvites(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	s.Users("dan", "eve")
	path := s.Channel("messaging", "room", "ann", "bob")
	ann, dan, eve := s.As("ann").Connect(), s.As("dan").Connect(), s.As("eve").Connect()
	ann.Watch(path)
	s.As("bob").Post(path, `{"invites":["dan"]}`).Fails(403, 17, "UpdateChannelMembers")
	s.As("ann").Post(path, `{"invites":["dan","eve"]}`).OK().Want("channel.member_count", "4").Want("members.2.status", `"pending"`).Want("members.2.invited", "true")
	dan.Expect("notification.invited").Want("member.invited", "true").Want("user.id", `"dan"`).Want("channel.cid", `"messaging:room"`)
	eve.Expect("notification.invited")
	ann.Expect("channel.updated").Want("channel.members.#", "4").Want("channel.members.2.invited", "true")

	// Who has not answered sees the channel but hears nothing.
	dan.Watch(path).Want("membership.status", `"pending"`).Want("watcher_count", "1")
	said(s, "ann", path, "one")
	dan.Quiet("message.new", "notification.message_new")
	s.As("dan").Get("/unread").OK().Want("total_unread_count", "0")
	if got := listed(s, "dan", `,"invite":"pending"`) + "|" + listed(s, "dan", `,"invite":"accepted"`) + "|" + listed(s, "dan", `,"joined":true`); got != "room||" {
		t.Errorf("lists: %s", got)
	}

	s.As("dan").Post(path, `{"accept_invite":true,"message":{"text":"here I am"}}`).OK().Want("message.text", `"here I am"`).Want("message.type", `"system"`)
	dan.Expect("notification.invite_accepted").Want("member.status", `"accepted"`).Want("user.id", `"dan"`)
	updated := ann.Expect("member.updated").Want("user.id", `"dan"`)
	if updated.At("member.invite_accepted_at") == nil {
		t.Errorf("%s", updated.Body)
	}
	ann.Expect("channel.updated").Want("message.text", `"here I am"`)
	ann.Expect("message.new").Want("message.user.id", `"dan"`)
	s.As("dan").Post(path, `{"accept_invite":true,"message":{"text":"again"}}`).OK().Want("message", "null")
	ann.Quiet("message.new", "member.updated", "channel.updated")
	dan.Watch(path).Want("membership.status", `"accepted"`).Want("watcher_count", "2")
	said(s, "ann", path, "two")
	dan.Expect("message.new").Want("total_unread_count", "1")

	s.As("eve").Post(path, `{"reject_invite":true}`).OK()
	eve.Expect("notification.invite_rejected").Want("member.status", `"rejected"`)
	s.As("eve").Post(path, `{"reject_invite":true}`).OK()
	eve.Watch(path).Want("membership.status", `"rejected"`)
	said(s, "ann", path, "three")
	eve.Quiet("message.new", "notification.message_new", "notification.invite_rejected")
	if got := listed(s, "eve", `,"invite":{"$eq":"rejected"}`); got != "room" {
		t.Errorf("rejected: %s", got)
	}
	s.As("eve").Post(path, `{"accept_invite":true}`).OK()
	eve.Expect("notification.invite_accepted")

	s.Server().Post(path, `{"accept_invite":true}`).Fails(400, 4, "either user or user_id must be provided when using server side auth.")
	s.Server().Post(path, `{"accept_invite":true,"user_id":"bob"}`).Fails(400, 4, "user bob has no invite to channel messaging:room")
	s.As("kim").Post(path, `{"accept_invite":true}`).Fails(400, 4, "no invite")
}

// TestInvitesOfMembers: who is to be a member and invited has to answer first.
func TestInvitesOfMembers(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	s.Users("ann", "bob", "dan", "eve")
	path := "/channels/team/room"
	ann, bob := s.As("ann").Connect(), s.As("bob").Connect()
	s.Server().Post(path+"/query", `{"data":{"created_by_id":"ann","members":["ann",{"user_id":"bob","channel_role":"channel_moderator","hat":"red"}],"invites":["bob"]}}`).OK().
		Want("channel.member_count", "2").Want("members.1.status", `"pending"`).Want("members.1.invited", "true").Want("members.1.hat", `"red"`).
		Want("members.1.channel_role", `"channel_moderator"`).Want("members.0.status", `"member"`).Want("members.0.invited", "null")
	bob.Expect("notification.invited").Want("member.invited", "true").Want("channel.members.#", "2").Want("cid", `"team:room"`)
	bob.Quiet("notification.added_to_channel")
	ann.Expect("notification.added_to_channel")
	ann.Watch(path)
	s.Server().Post(path, `{"accept_invite":true,"user_id":"bob","message":{"text":"here","user":{"id":"bob"}}}`).OK().
		Want("members.1.status", `"accepted"`).Want("message.user.id", `"bob"`)
	bob.Expect("notification.invite_accepted").Want("channel.members.#", "2").Want("member.user_id", `"bob"`).Want("user.id", `"bob"`)
	ann.Expect("member.updated").Want("member.status", `"accepted"`)
	ann.Expect("channel.updated").Want("user.id", `"bob"`).Want("message.text", `"here"`)

	s.As("ann").Post(path, `{"add_members":["dan","eve"],"invites":["eve"]}`).OK().Want("members.2.status", `"member"`).Want("members.3.status", `"pending"`)
	s.As("eve").Post(path, `{"reject_invite":true}`).OK().Want("members.3.status", `"rejected"`)
	s.As("ann").Post(path, `{"invites":["dan"]}`).OK().Want("members.2.status", `"member"`).Want("members.2.invited", "null")
}

func TestTruncateChannel(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	s.Users("dan")
	path := s.Channel("messaging", "room", "ann", "bob")
	said(s, "ann", path, "one")
	said(s, "ann", path, "two")
	ann, bob := s.As("ann").Connect(), s.As("bob").Connect()
	bob.Hello.Want("me.total_unread_count", "2")
	ann.Watch(path)
	s.As("bob").Post(path+"/truncate", `{}`).Fails(403, 17, "TruncateChannel")
	s.As("ann").Post("/channels/messaging/nope/truncate", `{}`).Fails(404, 16, "find channel")
	s.As("ann").Post(path+"/truncate", `{"truncated_at":"2099-01-01T00:00:00Z"}`).Fails(400, 4, "truncated_at must be in the past")
	s.As("ann").Post(path+"/truncate", map[string]any{"member_ids": ids(101)}).Fails(400, 4, "member_ids must contain at maximum 100 items")

	r := s.As("ann").Post(path+"/truncate", `{}`).OK().Want("channel.truncated_by.id", `"ann"`).Want("channel.members.#", "2").Want("message", "null").Want("channel.last_message_at", "null")
	if r.At("channel.truncated_at") == nil {
		t.Errorf("%s", r.Body)
	}
	ann.Expect("channel.truncated").Want("channel.truncated_by.id", `"ann"`).Want("user.id", `"ann"`)
	bob.Expect("notification.channel_truncated").Want("total_unread_count", "0").Want("unread_channels", "0").Want("channel.cid", `"messaging:room"`)
	s.As("bob").Post(path+"/query", `{}`).OK().Want("messages", "[]").Want("read.0.unread_messages", "0").Want("read.1.unread_messages", "0")

	said(s, "ann", path, "three")
	r = s.Server().Post(path+"/truncate", `{"user_id":"ann","hard_delete":true,"message":{"text":"clean"}}`).OK().Want("message.text", `"clean"`).Want("message.type", `"system"`).Want("message.user.id", `"ann"`)
	if at, cut := fmt.Sprint(r.At("message.created_at")), fmt.Sprint(r.At("channel.truncated_at")); at <= cut {
		t.Errorf("the message is of %s, the truncation of %s", at, cut)
	}
	ann.Expect("channel.truncated").Want("message.text", `"clean"`)
	s.As("bob").Post(path+"/query", `{}`).OK().Want("messages.#", "1").Want("messages.0.text", `"clean"`)

	said(s, "ann", path, "four")
	s.Server().Post(path+"/truncate", `{"member_ids":["bob"]}`).OK()
	s.As("bob").Post(path+"/query", `{}`).OK().Want("messages", "[]").Want("channel.truncated_by.id", `"ann"`)
	s.As("ann").Post(path+"/query", `{}`).OK().Want("messages.#", "2")
}

func TestBigChannelsAreCheap(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	path := s.Channel("messaging", "big", "ann")
	execSQL(t, `INSERT INTO users (app_id, id, role, created_at, updated_at) SELECT $1, 'm' || i, 'user', now(), now() FROM generate_series(1, 3000) i`, s.App)
	execSQL(t, `INSERT INTO members (app_id, cid, user_id, status, channel_role, join_seq, created_at, updated_at)
		SELECT $1, 'messaging:big', 'm' || i, 'member', 'channel_member', 0, now(), now() FROM generate_series(1, 3000) i`, s.App)
	execSQL(t, `UPDATE channels SET member_count = 3001 WHERE app_id = $1`, s.App)
	ann := s.As("ann").Connect()
	ann.Watch(path).Want("members.#", "100").Want("channel.member_count", "3001").Want("read.#", "100")
	s.As("ann").Patch(path, `{"set":{"x":1}}`).OK().Want("members.#", "100")
	ann.Expect("channel.updated").Want("channel.members.#", "100").Want("channel.member_count", "3001")
	s.As("m3000").Post(path+"/query", `{}`).OK().Want("membership.user.id", `"m3000"`).Want("members.#", "100").Want("read.#", "101")
}
