package httpapi_test

import (
	"testing"

	"chatd/internal/testkit"
)

func TestHideAndShow(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	path := s.Channel("messaging", "room", "ann", "bob")
	said(s, "bob", path, "one")
	ann := s.As("ann").Connect()
	exchangeAll(t, s, []exchange{
		{name: "hide", who: "ann", method: "POST", path: path + "/hide", body: `{}`},
		{name: "by a stranger", who: "dan", method: "POST", path: path + "/hide", body: `{}`, status: 403, code: 17, message: "not a member"},
		{name: "server side for nobody", method: "POST", path: path + "/hide", body: `{}`, status: 400, code: 4, message: "either user or user_id must be provided when using server side auth."},
		{name: "what is not", who: "ann", method: "POST", path: "/channels/messaging/nope/hide", body: `{}`, status: 404, code: 16, message: "find channel"},
	})
	ann.Expect("channel.hidden").Want("clear_history", "false").Want("channel.id", `"room"`).Want("user.id", `"ann"`).Want("cid", `"messaging:room"`)
	if got := listed(s, "ann", ``) + "|" + listed(s, "ann", `,"hidden":false`) + "|" + listed(s, "ann", `,"hidden":true`) + "|" + listed(s, "bob", ``); got != "||room|room" {
		t.Errorf("lists: %s", got)
	}
	s.As("ann").Post(path+"/query", `{}`).OK().Want("hidden", "true").Want("channel.hidden", "true").Want("messages.#", "1")
	s.As("ann").Post(path+"/show", `{}`).OK()
	ann.Expect("channel.visible").Want("cid", `"messaging:room"`).Want("user.id", `"ann"`)
	s.As("ann").Post(path+"/show", `{}`).OK()
	s.Server().Post(path+"/hide", `{"user_id":"ann","clear_history":true}`).OK()
	ann.Expect("channel.hidden").Want("clear_history", "true")
	state := s.As("ann").Post(path+"/query", `{}`).OK().Want("messages", "[]").Want("hidden", "true")
	if state.At("hide_messages_before") == nil || state.At("channel.hide_messages_before") == nil {
		t.Errorf("hide_messages_before is missing: %s", state.Body)
	}
	s.As("bob").Post(path+"/query", `{}`).OK().Want("messages.#", "1").Want("hidden", "false")

	s.As("ann").Post("/channels/messaging/other/query", `{"data":{"members":["ann","bob"]},"hide_for_creator":true}`).OK().Want("hidden", "true")
	if got := listed(s, "ann", `,"id":"other"`) + "|" + listed(s, "bob", `,"id":"other"`); got != "|other" {
		t.Errorf("lists: %s", got)
	}
}

func TestHidingAndUnreadMessages(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	path, other := s.Channel("messaging", "room", "ann", "bob"), s.Channel("messaging", "other", "ann", "bob")
	said(s, "bob", path, "one")
	said(s, "bob", path, "two")
	said(s, "bob", other, "three")
	ann := s.As("ann").Connect()
	ann.Hello.Want("me.total_unread_count", "3").Want("me.unread_channels", "2")

	s.As("ann").Post(path+"/hide", `{}`).OK() // does not mark read
	ann.Expect("channel.hidden")
	s.As("ann").Get("/unread").OK().Want("total_unread_count", "3")
	s.As("ann").Post(path+"/query", `{}`).OK().Want("read.1.user.id", `"ann"`).Want("read.1.unread_messages", "2")

	s.As("ann").Post(path+"/hide", `{"clear_history":true}`).OK()
	ann.Expect("channel.hidden").Want("clear_history", "true")
	s.As("ann").Get("/unread").OK().Want("total_unread_count", "1").Want("channels.#", "1")
	s.As("ann").Post(path+"/query", `{}`).OK().Want("read.1.unread_messages", "0").Want("messages", "[]")
	s.As("bob").Post(path+"/query", `{}`).OK().Want("messages.#", "2")
	said(s, "bob", path, "four")
	ann.Expect("channel.visible").Want("cid", `"messaging:room"`).Want("user.id", `"ann"`)
	ann.Expect("notification.message_new").Want("total_unread_count", "2").Want("unread_channels", "2")
	s.As("ann").Post(path+"/query", `{}`).OK().Want("hidden", "false").Want("messages.#", "1").Want("messages.0.text", `"four"`).Want("read.1.unread_messages", "1")
}
