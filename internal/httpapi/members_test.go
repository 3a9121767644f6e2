package httpapi_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"chatd/internal/testkit"
)

func membersWhere(payload string) string { return "/members?payload=" + url.QueryEscape(payload) }

func TestQueryMembersRoute(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	s.Server().Post("/users", `{"users":{"jo":{"id":"jo","name":"Jo"},"mod":{"id":"mod","role":"admin"}}}`).OK()
	s.Channel("messaging", "room", "ann", "bob", "jo")
	s.Channel("livestream", "live", "ann")
	s.As("ann").Post("/channels/messaging/query", `{"data":{"members":["ann","bob"]}}`).OK()
	exchangeAll(t, s, []exchange{
		{
			name: "all", who: "ann", method: "GET", path: membersWhere(`{"type":"messaging","id":"room","filter_conditions":{}}`),
			want: map[string]string{"members.#": "3", "members.0.user_id": `"ann"`, "members.0.role": `"owner"`, "members.0.user.name": `"ann"`},
		},
		{name: "by name", who: "ann", method: "GET", path: membersWhere(`{"type":"messaging","id":"room","filter_conditions":{"name":{"$autocomplete":"j"}}}`), want: map[string]string{"members.#": "1", "members.0.user.name": `"Jo"`}},
		{name: "sorted", who: "ann", method: "GET", path: membersWhere(`{"type":"messaging","id":"room","filter_conditions":{},"sort":[{"field":"user_id","direction":-1}],"limit":1,"offset":1}`), want: map[string]string{"members.#": "1", "members.0.user_id": `"bob"`}},
		{name: "after one", who: "ann", method: "GET", path: membersWhere(`{"type":"messaging","id":"room","filter_conditions":{},"user_id_gt":"bob"}`), want: map[string]string{"members.#": "1", "members.0.user_id": `"jo"`}},
		{name: "before a time", who: "ann", method: "GET", path: membersWhere(`{"type":"messaging","id":"room","filter_conditions":{},"created_at_before":"2020-01-01T00:00:00Z"}`), want: map[string]string{"members.#": "0"}},
		{name: "from one on", who: "ann", method: "GET", path: membersWhere(`{"type":"messaging","id":"room","filter_conditions":{},"user_id_gte":"bob","sort":[{"field":"user_id","direction":1}]}`), want: map[string]string{"members.#": "2", "members.0.user_id": `"bob"`}},
		{name: "up to one", who: "ann", method: "GET", path: membersWhere(`{"type":"messaging","id":"room","filter_conditions":{},"user_id_lte":"bob","created_at_after":"2020-01-01T00:00:00Z"}`), want: map[string]string{"members.#": "2", "members.1.user_id": `"bob"`}},
		{name: "behind the end", who: "ann", method: "GET", path: membersWhere(`{"type":"messaging","id":"room","filter_conditions":{},"offset":100}`), want: map[string]string{"members": "[]"}},
		{name: "no moderators", who: "ann", method: "GET", path: membersWhere(`{"type":"messaging","id":"room","filter_conditions":{"is_moderator":true}}`), want: map[string]string{"members": "[]"}},
		{name: "by role", who: "ann", method: "GET", path: membersWhere(`{"type":"messaging","id":"room","filter_conditions":{"channel_role":{"$in":["channel_member"]},"banned":false,"joined":true,"notifications_muted":false}}`), want: map[string]string{"members.#": "3"}},
		{name: "never active", who: "ann", method: "GET", path: membersWhere(`{"type":"messaging","id":"room","filter_conditions":{"last_active":null}}`), want: map[string]string{"members.#": "3"}},
		{name: "once active", who: "ann", method: "GET", path: membersWhere(`{"type":"messaging","id":"room","filter_conditions":{"last_active":{"$ne":null}}}`), want: map[string]string{"members.#": "0"}},
		{name: "no operator of ids", who: "ann", method: "GET", path: membersWhere(`{"type":"messaging","id":"room","filter_conditions":{"id":{"$q":"x"}}}`), status: 400, code: 4, message: `QueryMembers failed with error: "operator "$q" is not allowed for field "id""`},
		{name: "no operator of times", who: "ann", method: "GET", path: membersWhere(`{"type":"messaging","id":"room","filter_conditions":{"last_active":{"$in":[]}}}`), status: 400, code: 4, message: `operator "$in" is not allowed for field "last_active"`},
		{name: "no answer to an invite", who: "ann", method: "GET", path: membersWhere(`{"type":"messaging","id":"room","filter_conditions":{"invite":"maybe"}}`), status: 400, code: 4, message: `invite value must be either "pending", "accepted" or "rejected"`},
		{name: "too far", who: "ann", method: "GET", path: membersWhere(`{"type":"messaging","id":"room","offset":10001}`), status: 400, code: 4, message: "offset must be 10000 or less"},
		{name: "of a distinct channel", who: "ann", method: "GET", path: membersWhere(`{"type":"messaging","members":[{"user_id":"bob"},{"user_id":"ann"}],"filter_conditions":{}}`), want: map[string]string{"members.#": "2"}},
		{name: "server side", method: "GET", path: membersWhere(`{"type":"messaging","id":"room","filter_conditions":{"id":{"$in":["ann","jo"]}}}`), want: map[string]string{"members.#": "2"}},
		{name: "by a stranger", who: "dan", method: "GET", path: membersWhere(`{"type":"messaging","id":"room","filter_conditions":{}}`), status: 403, code: 17, message: "ReadChannel"},
		{name: "no token", who: "anonymous", method: "GET", path: membersWhere(`{"type":"livestream","id":"live","filter_conditions":{}}`), want: map[string]string{"members.#": "1"}},
		{name: "no type", who: "ann", method: "GET", path: membersWhere(`{"id":"room","filter_conditions":{}}`), status: 400, code: 4, message: "type is a required field"},
		{name: "no id", who: "ann", method: "GET", path: membersWhere(`{"type":"messaging","filter_conditions":{}}`), status: 400, code: 4, message: "id is a required field"},
		{name: "no channel", who: "ann", method: "GET", path: membersWhere(`{"type":"messaging","id":"nope","filter_conditions":{}}`), status: 404, code: 16, message: "find channel"},
		{name: "too many", who: "ann", method: "GET", path: membersWhere(`{"type":"messaging","id":"room","limit":301}`), status: 400, code: 4, message: "limit must be 300 or less"},
		{name: "two sorts", who: "ann", method: "GET", path: membersWhere(`{"type":"messaging","id":"room","sort":[{"field":"name"},{"field":"user_id"}]}`), status: 400, code: 4, message: `QueryMembers failed with error: "sort must contain at maximum 1 item"`},
		{name: "by cid", who: "ann", method: "GET", path: membersWhere(`{"type":"messaging","id":"room","filter_conditions":{"cid":"messaging:room"}}`), status: 400, code: 4, message: "cannot search by cid"},
	})
}

func TestPatchMember(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	path := s.Channel("messaging", "room", "ann", "bob")
	other := s.Channel("messaging", "other", "ann", "bob")
	ann := s.As("ann").Connect()
	ann.Watch(path)
	exchangeAll(t, s, []exchange{
		{name: "custom", who: "bob", method: "PATCH", path: path + "/member/bob", body: `{"set":{"hat":"red","deep":{"a":1}}}`, want: map[string]string{"channel_member.hat": `"red"`, "channel_member.user_id": `"bob"`, "channel_member.user.id": `"bob"`}},
		{name: "the newer spelling", who: "bob", method: "PATCH", path: path + "/member?user_id=bob", body: `{"set":{"deep.b":2},"unset":["hat"]}`, want: map[string]string{"channel_member.hat": "null", "channel_member.deep": `{"a":1,"b":2}`}},
		{name: "pinned", who: "bob", method: "PATCH", path: path + "/member/bob", body: `{"set":{"pinned":true}}`, want: map[string]string{"channel_member.archived_at": "null"}},
		{name: "archived", who: "bob", method: "PATCH", path: other + "/member/bob", body: `{"set":{"archived":true}}`, want: map[string]string{"channel_member.pinned_at": "null"}},
		{name: "another's", who: "bob", method: "PATCH", path: path + "/member/ann", body: `{"set":{"hat":"red"}}`, status: 403, code: 17, message: "UpdateChannelMembers"},
		{name: "another's, by the owner", who: "ann", method: "PATCH", path: path + "/member/bob", body: `{"set":{"note":"x"}}`, want: map[string]string{"channel_member.note": `"x"`}},
		{name: "pinned for another", who: "ann", method: "PATCH", path: path + "/member/bob", body: `{"set":{"pinned":false}}`, status: 403, code: 17, message: "only the member"},
		{name: "a role", who: "ann", method: "PATCH", path: path + "/member/ann", body: `{"set":{"channel_role":"channel_moderator"}}`, status: 403, code: 17, message: "you are not allowed to update the field `channel_role`"},
		{name: "a role, server side", method: "PATCH", path: path + "/member/bob", body: `{"set":{"channel_role":"channel_moderator"}}`, want: map[string]string{"channel_member.channel_role": `"channel_moderator"`, "channel_member.is_moderator": "true", "channel_member.role": `"moderator"`}},
		{name: "no role, server side", method: "PATCH", path: path + "/member?user_id=bob", body: `{"unset":["channel_role"]}`, want: map[string]string{"channel_member.channel_role": `"channel_member"`}},
		{name: "reserved", who: "bob", method: "PATCH", path: path + "/member/bob", body: `{"set":{"banned":true}}`, status: 403, code: 17, message: "field `banned` is reserved and cannot updated"},
		{name: "of the wrong type", who: "bob", method: "PATCH", path: path + "/member/bob", body: `{"set":{"pinned":"yes"}}`, status: 400, code: 4, message: `field "pinned" has the wrong type`},
		{name: "too big", who: "bob", method: "PATCH", path: path + "/member/bob", body: `{"set":{"x":"` + strings.Repeat("x", 6000) + `"}}`, status: 413, code: 22, message: "too big"},
		{name: "of nobody", method: "PATCH", path: path + "/member", body: `{"set":{"x":1}}`, status: 400, code: 4, message: "either user or user_id must be provided when using server side auth."},
		{name: "of a stranger", who: "dan", method: "PATCH", path: path + "/member/dan", body: `{"set":{"x":1}}`, status: 404, code: 16, message: "user dan is not a member of channel messaging:room"},
	})
	ann.Expect("member.updated").Want("member.hat", `"red"`).Want("user.id", `"bob"`).Want("cid", `"messaging:room"`)
	if got := listed(s, "bob", `,"pinned":true`) + "|" + listed(s, "bob", `,"archived":true`) + "|" + listed(s, "bob", `,"pinned":false`) + "|" + listed(s, "bob", `,"archived":false`); got != "room|other|other|room" {
		t.Errorf("lists: %s", got)
	}
	s.As("bob").Patch(path+"/member/bob", `{"set":{"pinned":false}}`).OK().Want("channel_member.pinned_at", "null")
	if got := listed(s, "bob", `,"pinned":true`); got != "" {
		t.Errorf("still pinned: %s", got)
	}
}

func TestShadowBannedUsersDoNotFindOut(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	path := s.Channel("messaging", "room", "ann", "sly")
	execSQL(t, `UPDATE members SET shadow_banned = true WHERE app_id = $1 AND user_id = 'sly'`, s.App)
	s.As("sly").Post(path+"/query", `{}`).OK().Want("membership.shadow_banned", "false").Want("members.1.shadow_banned", "false")
	s.As("ann").Post(path+"/query", `{}`).OK().Want("members.1.shadow_banned", "true")
	sly := s.As("sly").Connect()
	sly.Watch(path)
	s.As("ann").Post(path, `{"add_moderators":["sly"]}`).OK()
	sly.Expect("member.updated").Want("member.shadow_banned", "false")
	sly.Expect("channel.updated").Want("channel.members.1.shadow_banned", "false")
}

// TestNowhereIsToldOfShadowBans has who is shadow-banned look wherever he is named.
func TestNowhereIsToldOfShadowBans(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	s.Server().Put("/channeltypes/messaging", `{"user_message_reminders":true,"polls":true,"shared_locations":true}`).OK()
	began := at(-time.Minute)
	path := s.Channel("messaging", "room", "sly", "ann")
	alter(t, s, `UPDATE users SET shadow_banned = true WHERE app_id = $1 AND id = 'sly'`)
	alter(t, s, `UPDATE members SET shadow_banned = true WHERE app_id = $1 AND user_id = 'sly'`)
	sly := s.As("sly").Connect()
	parent := said(s, "ann", path, "parent")
	replied(s, "ann", path, parent, `,"mentioned_users":["sly"]`)
	reply := replied(s, "sly", path, parent, "")
	s.As("sly").Post("/polls", `{"id":"p","name":"P","options":[{"id":"a","text":"A"}]}`).OK()
	s.As("sly").Post(path+"/message", `{"message":{"id":"m","text":"hello","poll_id":"p","quoted_message_id":"`+parent+`","pinned":true,"mentioned_users":["sly"]}}`).OK()
	live(s, "sly", path, "l")
	for _, x := range []struct{ method, path, body string }{
		{"POST", path + "/draft", `{"message":{"text":"x","mentioned_users":["sly"],"quoted_message_id":"m"}}`},
		{"GET", path + "/draft", ``},
		{"POST", path + "/draft", `{"message":{"text":"x","parent_id":"` + parent + `"}}`},
		{"POST", "/drafts/query", `{}`},
		{"POST", "/messages/m/reminders", `{}`},
		{"POST", "/reminders/query", `{}`},
		{"POST", "/messages/" + parent + "/reaction", `{"reaction":{"type":"like"}}`},
		{"GET", "/messages/" + parent + "/reactions", ``},
		{"POST", "/messages/" + parent + "/reactions", `{}`},
		{"POST", "/messages/m/polls/p/vote", `{"vote":{"option_id":"a"}}`},
		{"POST", "/polls/p/votes", `{}`},
		{"POST", "/polls/query", `{}`},
		{"GET", "/users/live_locations", ``},
		{"PUT", "/users/live_locations", `{"message_id":"l","latitude":3}`},
		{"GET", "/messages/m", ``},
		{"GET", "/messages/" + reply, ``},
		{"GET", path + "/messages?ids=m," + reply, ``},
		{"GET", "/messages/" + parent + "/replies", ``},
		{"POST", "/threads", `{}`},
		{"GET", "/threads/" + parent, ``},
		{"PATCH", "/threads/" + parent, `{"set":{"title":"T"}}`},
		{"POST", path + "/query", `{"state":true,"watch":true,"presence":true}`},
		{"POST", "/channels", `{"filter_conditions":{"cid":"messaging:room"},"state":true}`},
		{"GET", "/members?payload=" + url.QueryEscape(`{"type":"messaging","id":"room","filter_conditions":{}}`), ``},
		{"GET", "/search?payload=" + url.QueryEscape(`{"filter_conditions":{"cid":"messaging:room"},"query":"hello"}`), ``},
		{"GET", path + "/pinned_messages", ``},
		{"POST", "/sync", `{"channel_cids":["messaging:room"],"last_sync_at":"` + began + `"}`},
		{"PUT", "/messages/m", `{"set":{"color":"red"}}`},
		{"POST", path + "/read", `{}`},
		{"PATCH", path, `{"set":{"color":"red"}}`},
		{"PATCH", "/users", `{"users":[{"id":"sly","set":{"color":"red","status":"here"}}]}`},
		{"DELETE", "/messages/m", ``},
	} {
		var body any
		if x.body != "" {
			body = x.body
		}
		if r := sly.Client.Do(x.method, x.path, body).OK(); strings.Contains(string(r.Body), `"shadow_banned":true`) {
			t.Errorf("%s %s tells: %s", x.method, x.path, r.Body)
		}
	}
	s.Server().Post("/users/sly/event", `{"event":{"type":"end_of_test"}}`).OK()
	for e := sly.Hello; e.Type != "end_of_test"; e = sly.Next() {
		if strings.Contains(string(e.Body), `"shadow_banned":true`) {
			t.Errorf("%s tells: %s", e.Type, e.Body)
		}
	}
}
