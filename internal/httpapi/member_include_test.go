package httpapi_test

import (
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
		{name: "nothing of it", who: "bob", method: "POST", path: path + "/query", body: `{"state":true,"member_custom_include":["none"]}`, want: map[string]string{"messages.0.member.custom": "{}"}},
		{name: "not asked", who: "bob", method: "POST", path: path + "/query", body: `{"state":true}`, want: map[string]string{"messages.0.member.custom": "null"}},
		{name: "too many", who: "bob", method: "POST", path: path + "/query", body: `{"member_custom_include":` + list(9, `"x"`) + `}`, status: 400, code: 4, message: "member_custom_include must contain at maximum 8 items"},
		{name: "an empty one", who: "bob", method: "POST", path: "/channels", body: `{"filter_conditions":{},"member_custom_include":[""]}`, status: 400, code: 4, message: "member_custom_include"},
		{name: "too many by id", who: "bob", method: "GET", path: path + "/messages?ids=x&member_custom_include=1,2,3,4,5,6,7,8,9", status: 400, code: 4, message: "at maximum 8"},
	})
}
