package httpapi_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	"chatd/internal/testkit"
)

// TestMemberInclude asks for custom data of senders' memberships.
func TestMemberInclude(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	path := s.Channel("messaging", "room", "ann", "bob")
	s.Server().Patch(path+"/member/ann", `{"set":{"nick":"A","rank":7,"secret":"x"}}`).OK()
	parent := said(s, "ann", path, "parent")
	s.As("bob").Put("/messages/"+parent, `{"set":{"pinned":true}}`).OK()
	reply := replied(s, "ann", path, parent, "")
	many := path + "/messages?ids=" + parent + "&member_custom_include=nick,rank"
	s.As("bob").Get(many).OK().Want("messages.0.member", `{"channel_role":"channel_member","notifications_muted":false}`) // it is off
	s.Server().Patch("/app", `{"member_custom_on_messages_enabled":true}`).OK()
	with := `{"channel_role":"channel_member","custom":{"nick":"A","rank":7},"notifications_muted":false}`
	exchangeAll(t, s, []exchange{
		{name: "by id", who: "bob", method: "GET", path: many, want: map[string]string{"messages.0.member": with}},
		{name: "replies", who: "bob", method: "GET", path: "/messages/" + parent + "/replies?member_custom_include=nick&member_custom_include=rank", want: map[string]string{"messages.0.id": `"` + reply + `"`, "messages.0.member": with}},
		{name: "the channel", who: "bob", method: "POST", path: path + "/query", body: `{"state":true,"member_custom_include":["rank","nick","none"]}`, want: map[string]string{"messages.0.member": with}},
		{name: "channels", who: "bob", method: "POST", path: "/channels", body: `{"filter_conditions":{"cid":"messaging:room"},"state":true,"member_custom_include":["nick","rank"]}`, want: map[string]string{"channels.0.messages.0.member": with}},
		{name: "search", who: "bob", method: "GET", path: payload("/search", `{"filter_conditions":{"cid":"messaging:room"},"query":"parent","message_options":{"member_custom_include":["nick","rank"]}}`), want: map[string]string{"results.0.message.id": `"` + parent + `"`, "results.0.message.member": with}},
		{name: "search without", who: "bob", method: "GET", path: payload("/search", `{"filter_conditions":{"cid":"messaging:room"},"query":"parent","message_options":{}}`), want: map[string]string{"results.0.message.member.custom": "null"}},
		{name: "too many for a search", who: "bob", method: "GET", path: payload("/search", `{"filter_conditions":{"cid":"messaging:room"},"query":"parent","message_options":{"member_custom_include":`+list(9, `"x"`)+`}}`), status: 400, code: 4, message: "at maximum 8"},
		{name: "pinned", who: "bob", method: "GET", path: path + "/pinned_messages?member_custom_include=nick,rank", want: map[string]string{"messages.0.id": `"` + parent + `"`, "messages.0.member": with}},
		{name: "too long for pins", who: "bob", method: "GET", path: path + "/pinned_messages?member_custom_include=" + strings.Repeat("x", 65), status: 400, code: 4, message: "1 to 64 characters"},
		{name: "nothing of it", who: "bob", method: "POST", path: path + "/query", body: `{"state":true,"member_custom_include":["none"]}`, want: map[string]string{"messages.0.member.custom": "{}"}},
		{name: "not asked", who: "bob", method: "POST", path: path + "/query", body: `{"state":true}`, want: map[string]string{"messages.0.member.custom": "null"}},
		{name: "too many", who: "bob", method: "POST", path: path + "/query", body: `{"member_custom_include":` + list(9, `"x"`) + `}`, status: 400, code: 4, message: "member_custom_include must contain at maximum 8 items"},
		{name: "an empty one", who: "bob", method: "POST", path: "/channels", body: `{"filter_conditions":{},"member_custom_include":[""]}`, status: 400, code: 4, message: "member_custom_include"},
		{name: "too many by id", who: "bob", method: "GET", path: path + "/messages?ids=x&member_custom_include=1,2,3,4,5,6,7,8,9", status: 400, code: 4, message: "at maximum 8"},
	})
}

// payload is a path with a JSON document in its query.
func payload(path, doc string) string { return path + "?payload=" + url.QueryEscape(doc) }

// TestMemberIncludeOnEvents has connections ask for custom data of senders'
// memberships: each gets what it asked for, on whatever node, and the others nothing.
func TestMemberIncludeOnEvents(t *testing.T) {
	t.Parallel()
	nodes := testkit.Nodes(t, 2)
	s := nodes[0]
	path := s.Channel("messaging", "room", "ann", "bob", "cat", "dan", "eve")
	s.Server().Patch(path+"/member/ann", `{"set":{"nick":"A","rank":7,"secret":"x"}}`).OK()
	ask := func(n *testkit.Server, who string, names ...string) *testkit.Socket {
		return n.As(who).ConnectWith(map[string]any{"member_custom_include": names})
	}
	all, some, far, none := ask(s, "bob", "rank", "nick"), ask(s, "cat", "nick"), ask(nodes[1], "dan", "nick", "rank", "nick"), s.As("eve").Connect()
	for _, c := range []*testkit.Socket{all, some, none} { // dan does not watch
		c.Watch(path)
	}
	member := func(custom string) string {
		return `{"channel_role":"channel_member"` + custom + `,"notifications_muted":false}`
	}
	expect := func(typ, at string, custom map[*testkit.Socket]string) {
		t.Helper()
		for _, c := range []*testkit.Socket{all, some, none} {
			c.Expect(typ).Want(at, member(custom[c]))
		}
	}
	m := said(s, "ann", path, "one")
	expect("message.new", "message.member", nil) // it is off
	far.Expect("notification.message_new").Want("message.member", member(""))

	s.Server().Patch("/app", `{"member_custom_on_messages_enabled":true}`).OK()
	wanted := map[*testkit.Socket]string{all: `,"custom":{"nick":"A","rank":7}`, some: `,"custom":{"nick":"A"}`}
	said(s, "ann", path, "two")
	expect("message.new", "message.member", wanted)
	far.Expect("notification.message_new").Want("message.member", member(`,"custom":{"nick":"A","rank":7}`)).Want("message.text", `"two"`).Want("channel.cid", `"messaging:room"`)

	s.As("bob").Post(path+"/message", fmt.Sprintf(`{"message":{"text":"three","quoted_message_id":%q}}`, m)).OK()
	expect("message.new", "message.quoted_message.member", wanted)
	far.Expect("notification.message_new").Want("message.member", member(`,"custom":{}`)).Want("message.quoted_message.member.custom", `{"nick":"A","rank":7}`)
	s.As("bob").Post("/messages/"+m+"/reaction", `{"reaction":{"type":"like"}}`).OK()
	expect("reaction.new", "message.member", wanted)
	s.As("ann").Put("/messages/"+m, `{"set":{"text":"four"}}`).OK()
	expect("message.updated", "message.member", wanted)

	s.Server().Patch("/app", `{"member_custom_on_messages_enabled":false}`).OK()
	said(s, "ann", path, "five")
	expect("message.new", "message.member", nil)
}
