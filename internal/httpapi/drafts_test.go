package httpapi_test

import (
	"fmt"
	"strings"
	"testing"

	"chatd/internal/testkit"
)

// drafted saves a draft of who in a channel, or with a parent in its fields in a
// thread.
func drafted(s *testkit.Server, who, path, fields string) *testkit.Response {
	s.TB.Helper()
	return s.As(who).Post(path+"/draft", `{"message":{`+fields+`}}`).OK()
}

func TestDrafts(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	path := s.Channel("messaging", "room", "ann", "bob")
	s.Users("dan")
	parent := said(s, "bob", path, "parent")
	reply := replied(s, "bob", path, parent, "")
	to := path + "/draft"
	draft := func(m string) string { return `{"message":` + m + `}` }
	exchangeAll(t, s, []exchange{
		{name: "none yet", who: "ann", method: "GET", path: to, status: 404, code: 16, message: "draft in channel messaging:room doesn't exist"},
		{name: "none to delete", who: "ann", method: "DELETE", path: to, status: 404, code: 16, message: "draft in channel messaging:room doesn't exist"},
		{name: "none in the thread", who: "ann", method: "GET", path: to + "?parent_id=" + parent, status: 404, code: 16, message: "draft in the thread of message with id " + parent + " doesn't exist"},
		{
			name: "with everything", who: "ann", method: "POST", path: to,
			body: draft(`{"id":"d1","text":"I wan","silent":true,"attachments":[{"type":"image","mine":1}],"mentioned_users":["bob"],"quoted_message_id":"` + parent + `","color":"red","n":1.50}`),
			want: map[string]string{
				"draft.message.id": `"d1"`, "draft.message.text": `"I wan"`, "draft.message.silent": "true", "draft.message.show_in_channel": "false",
				"draft.message.attachments": `[{"mine":1,"type":"image"}]`, "draft.message.mentioned_users.0.id": `"bob"`, "draft.message.color": `"red"`,
				"draft.message.n": "1.5", "draft.message.quoted_message_id": `"` + parent + `"`, "draft.message.user_id": "null",
				"draft.channel_cid": `"messaging:room"`, "draft.channel.cid": `"messaging:room"`, "draft.channel.created_by.id": `"ann"`,
				"draft.parent_id": "null", "draft.parent_message": "null", "draft.quoted_message.id": `"` + parent + `"`, "draft.quoted_message.user.id": `"bob"`,
			},
		},
		{name: "it is kept", who: "ann", method: "GET", path: to, want: map[string]string{
			"draft.message.id": `"d1"`, "draft.message.mentioned_users.0.name": `"bob"`, "draft.quoted_message.text": `"parent"`, "draft.channel.cid": `"messaging:room"`, "draft.message.n": "1.5",
		}},
		{name: "another takes its place", who: "ann", method: "POST", path: to, body: draft(`{"text":"I want"}`), want: map[string]string{"draft.message.text": `"I want"`, "draft.quoted_message": "null", "draft.message.color": "null"}},
		{name: "it is but one", who: "ann", method: "GET", path: to, want: map[string]string{"draft.message.text": `"I want"`, "draft.message.mentioned_users": "null"}},
		{
			name: "of a reply", who: "ann", method: "POST", path: to, body: draft(`{"text":"answer","parent_id":"` + parent + `","show_in_channel":true}`),
			want: map[string]string{
				"draft.parent_id": `"` + parent + `"`, "draft.message.parent_id": `"` + parent + `"`, "draft.parent_message.id": `"` + parent + `"`,
				"draft.parent_message.user.id": `"bob"`, "draft.parent_message.draft": "null", "draft.message.show_in_channel": "true",
			},
		},
		{name: "beside the channel's", who: "ann", method: "GET", path: to + "?parent_id=" + parent, want: map[string]string{"draft.message.text": `"answer"`, "draft.parent_message.text": `"parent"`}},
		{name: "others see none", who: "bob", method: "GET", path: to, status: 404, code: 16, message: "doesn't exist"},
		{name: "with nothing in it", who: "bob", method: "POST", path: to, body: draft(`{}`), want: map[string]string{"draft.message.text": `""`}},

		{name: "in the channel", who: "ann", method: "POST", path: path + "/query", body: `{"state":true}`, want: map[string]string{
			"draft.message.text": `"I want"`, "draft.channel_cid": `"messaging:room"`, "messages.0.draft.message.text": `"answer"`, "messages.0.draft.parent_id": `"` + parent + `"`,
		}},
		{name: "in the list of channels", who: "ann", method: "POST", path: "/channels", body: `{"filter_conditions":{"cid":"messaging:room"},"state":true}`, want: map[string]string{"channels.0.draft.message.text": `"I want"`}},
		{name: "with the message", who: "ann", method: "GET", path: "/messages/" + parent, want: map[string]string{"message.draft.message.text": `"answer"`, "message.draft.parent_message": "null"}},
		{name: "with the thread", who: "ann", method: "GET", path: "/threads/" + parent, want: map[string]string{"thread.draft.message.text": `"answer"`, "thread.parent_message.draft.message.text": `"answer"`}},
		{name: "not for others", who: "bob", method: "GET", path: "/threads/" + parent, want: map[string]string{"thread.draft": "null", "thread.parent_message.draft": "null"}},
		{name: "not for the server side", method: "GET", path: "/messages/" + parent, want: map[string]string{"message.draft": "null"}},
		{name: "for whom the server side acts for", method: "GET", path: "/messages/" + parent + "?user_id=ann", want: map[string]string{"message.draft.message.text": `"answer"`}},

		{name: "no message", who: "ann", method: "POST", path: to, body: `{}`, status: 400, code: 4, message: "message is a required field"},
		{name: "a reply to a reply", who: "ann", method: "POST", path: to, body: draft(`{"text":"x","parent_id":"` + reply + `"}`), status: 400, code: 21, message: "is a reply"},
		{name: "a reply to nothing", who: "ann", method: "POST", path: to, body: draft(`{"text":"x","parent_id":"nope"}`), status: 404, code: 16, message: "message with id nope doesn't exist"},
		{name: "a quote of nothing", who: "ann", method: "POST", path: to, body: draft(`{"text":"x","quoted_message_id":"nope"}`), status: 400, code: 4, message: "quoted message with id nope"},
		{name: "who is not there", who: "ann", method: "POST", path: to, body: draft(`{"text":"x","mentioned_users":["zoe"]}`), status: 400, code: 4, message: "zoe"},
		{name: "too long", who: "ann", method: "POST", path: to, body: draft(`{"text":"` + strings.Repeat("x", 5001) + `"}`), status: 400, code: 20, message: "too long"},
		{name: "too much custom data", who: "ann", method: "POST", path: to, body: draft(`{"text":"x","a":"` + strings.Repeat("x", 5200) + `"}`), status: 413, code: 22, message: "too big"},
		{name: "a poll where there are none", who: "ann", method: "POST", path: to, body: draft(`{"poll_id":"x"}`), status: 400, code: 19, message: "does not support polls"},
		{name: "a bad id", who: "ann", method: "POST", path: to, body: draft(`{"id":"a,b"}`), status: 400, code: 4, message: "message id"},
		{name: "a stranger", who: "dan", method: "POST", path: to, body: draft(`{"text":"x"}`), status: 403, code: 17, message: "ReadChannel"},
		{name: "a stranger's", who: "dan", method: "GET", path: to, status: 403, code: 17, message: "ReadChannel"},
		{name: "no channel", who: "ann", method: "POST", path: "/channels/messaging/nope/draft", body: draft(`{"text":"x"}`), status: 404, code: 16, message: "Can't find channel"},
		{name: "the server side for nobody", method: "POST", path: to, body: draft(`{"text":"x"}`), status: 400, code: 4, message: "either message.user or message.user_id must be provided"},
		{name: "the server side gets nobody's", method: "GET", path: to, status: 400, code: 4, message: "either user or user_id must be provided"},
		{name: "the server side for a stranger", method: "POST", path: to, body: draft(`{"text":"x","user_id":"dan"}`), want: map[string]string{"draft.message.text": `"x"`}},
		{name: "the server side gets a stranger's", method: "GET", path: to + "?user_id=dan", want: map[string]string{"draft.message.text": `"x"`}},
		{name: "the server side deletes it", method: "DELETE", path: to + "?user_id=dan", want: map[string]string{"draft": "null"}},
		{name: "deleted", who: "ann", method: "DELETE", path: to + "?parent_id=" + parent},
		{name: "it is gone", who: "ann", method: "GET", path: to + "?parent_id=" + parent, status: 404, code: 16, message: "doesn't exist"},
		{name: "the other is not", who: "ann", method: "GET", path: to, want: map[string]string{"draft.message.text": `"I want"`}},
	})
	other := testkit.Start(t)
	other.Channel("messaging", "room", "ann")
	other.As("ann").Get(to).Fails(404, 16, "doesn't exist")
}

// TestDraftsKeepAll has drafts with all that a message can carry, wherever they are
// read.
func TestDraftsKeepAll(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	s.Server().Put("/channeltypes/messaging", `{"polls":true,"shared_locations":true}`).OK()
	path := s.Channel("messaging", "room", "ann", "bob")
	s.Server().Post("/usergroups", `{"id":"team","name":"Team","member_ids":["bob"]}`).OK()
	s.As("ann").Post("/polls", `{"id":"lunch","name":"Lunch?"}`).OK()
	parent := said(s, "bob", path, "parent")
	for _, where := range []string{"", `,"show_in_channel":true,"parent_id":"` + parent + `"`} {
		s.Server().Post(path+"/draft", `{"message":{"user_id":"ann","text":"hi","mml":"<mml>hi</mml>","type":"regular","poll_id":"lunch","mentioned_here":true,
			"mentioned_channel":true,"mentioned_roles":["admin"],"mentioned_group_ids":["team"],"mentioned_users":["bob"],
			"shared_location":{"latitude":1,"longitude":2,"created_by_device_id":"phone","end_at":"2100-01-01T00:00:00Z"}`+where+`}}`).OK().
			Want("draft.message.mentioned_groups.0.name", `"Team"`)
	}
	want := func(at string) map[string]string {
		out := map[string]string{}
		for field, v := range map[string]string{
			"mml": `"<mml>hi</mml>"`, "type": `"regular"`, "poll_id": `"lunch"`, "mentioned_here": "true", "mentioned_channel": "true",
			"mentioned_roles": `["admin"]`, "mentioned_group_ids": `["team"]`, "mentioned_groups.#": "1", "mentioned_groups.0.id": `"team"`,
			"mentioned_groups.0.name": `"Team"`, "mentioned_groups.0.members": "null", "mentioned_users.0.id": `"bob"`, "shared_location.latitude": "1",
			"shared_location.longitude": "2", "shared_location.created_by_device_id": `"phone"`, "shared_location.end_at": `"2100-01-01T00:00:00Z"`,
		} {
			out[at+"."+field] = v
		}
		return out
	}
	exchangeAll(t, s, []exchange{
		{name: "alone", who: "ann", method: "GET", path: path + "/draft", want: want("draft.message")},
		{name: "in the thread", who: "ann", method: "GET", path: path + "/draft?parent_id=" + parent, want: want("draft.message")},
		{name: "in the list", who: "ann", method: "POST", path: "/drafts/query", body: `{}`, want: want("drafts.1.message")},
		{name: "with the channel", who: "ann", method: "POST", path: path + "/query", body: `{"state":true}`, want: want("draft.message")},
		{name: "with the message", who: "ann", method: "GET", path: "/messages/" + parent, want: want("message.draft.message")},
	})
	s.Server().Delete("/usergroups/team").OK()
	s.As("ann").Get(path+"/draft").OK().Want("draft.message.mentioned_groups", "null").Want("draft.message.mentioned_group_ids", `["team"]`)
}

func TestDraftEvents(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	path := s.Channel("messaging", "room", "ann", "bob")
	parent := said(s, "bob", path, "parent")
	phone, desk, bob := s.As("ann").Connect(), s.As("ann").Connect(), s.As("bob").Connect()
	desk.Watch(path)
	bob.Watch(path)
	drafted(s, "ann", path, `"text":"one"`)
	drafted(s, "ann", path, `"text":"two","parent_id":"`+parent+`"`)
	for _, c := range []*testkit.Socket{phone, desk} {
		c.Expect("draft.updated").Want("cid", `"messaging:room"`).Want("draft.message.text", `"one"`).Want("draft.channel_cid", `"messaging:room"`).
			Want("draft.channel.id", `"room"`).Want("parent_id", "null").Want("channel_id", "null").Want("user", "null")
		c.Expect("draft.updated").Want("parent_id", `"`+parent+`"`).Want("draft.parent_id", `"`+parent+`"`).Want("draft.parent_message.id", `"`+parent+`"`)
	}
	s.As("ann").Delete(path + "/draft?parent_id=" + parent).OK()
	for _, c := range []*testkit.Socket{phone, desk} {
		c.Expect("draft.deleted").Want("cid", `"messaging:room"`).Want("draft.channel_cid", `"messaging:room"`).Want("draft.parent_id", `"`+parent+`"`).
			Want("draft.message.id", `""`).Want("draft.message.text", `""`).Want("draft.channel", "null").Want("draft.created_at", `"0001-01-01T00:00:00Z"`)
	}
	bob.Quiet("draft.updated", "draft.deleted")
}

// TestSendingEndsDraft sends what was drafted.
func TestSendingEndsDraft(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	path := s.Channel("messaging", "room", "ann", "bob")
	elsewhere := s.Channel("messaging", "else", "ann")
	parent := said(s, "bob", path, "parent")
	for _, where := range []string{"", `,"parent_id":"` + parent + `"`} {
		drafted(s, "ann", path, `"text":"draft"`+where)
		drafted(s, "bob", path, `"text":"draft"`+where)
	}
	drafted(s, "ann", elsewhere, `"text":"draft"`)
	ann := s.As("ann").Connect()
	ann.Watch(path)
	s.As("ann").Post(path+"/message", `{"message":{"text":"sent"}}`).OK()
	ann.Expect("draft.deleted").Want("cid", `"messaging:room"`).Want("draft.parent_id", "null")
	ann.Expect("message.new").Want("message.text", `"sent"`)
	s.As("ann").Get(path+"/draft").Fails(404, 16, "doesn't exist")
	s.As("ann").Get(path + "/draft?parent_id=" + parent).OK()
	s.As("ann").Post(path+"/message", `{"message":{"text":"reply","parent_id":"`+parent+`"}}`).OK()
	ann.Expect("draft.deleted").Want("draft.parent_id", `"`+parent+`"`)
	s.As("ann").Get(path+"/draft?parent_id="+parent).Fails(404, 16, "doesn't exist")
	s.As("ann").Get(elsewhere + "/draft").OK()
	s.As("bob").Get(path + "/draft").OK()

	s.As("ann").Post(path+"/message", `{"message":{"text":"again"}}`).OK()
	ann.Expect("message.new")
	ann.Expect("message.new").Want("message.text", `"again"`)
	ann.Quiet("draft.deleted")

	s.Server().Post(path+"/message", `{"message":{"text":"for him","user_id":"bob"}}`).OK()
	s.As("bob").Get(path+"/draft").Fails(404, 16, "doesn't exist")
	drafted(s, "bob", path, `"text":"kept"`)
	s.Server().Post(path, `{"message":{"text":"renamed","user_id":"bob"},"data":{"name":"x"}}`).OK() // that was not what he began
	s.As("bob").Get(path + "/draft").OK()
	s.As("bob").Get(path + "/draft?parent_id=" + parent).OK()

	drafted(s, "ann", path, `"text":"kept"`)
	s.As("ann").Post(path+"/message", `{"message":{}}`).Fails(400, 4, "message.text is a required field")
	s.As("ann").Get(path + "/draft").OK()
}

// TestDraftsEnd removes what drafts belong to.
func TestDraftsEnd(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	count := func(who string, want int) {
		t.Helper()
		s.As(who).Post("/drafts/query", `{}`).OK().Want("drafts.#", fmt.Sprint(want))
		u, err := s.Store.App(s.App).User(t.Context(), who)
		if err != nil || u.DraftCount != want {
			t.Fatalf("%s has %d drafts by count, want %d (%v)", who, u.DraftCount, want, err)
		}
	}
	for _, id := range []string{"soft", "hard", "cut", "cleared", "many", "kept"} {
		path := s.Channel("messaging", id, "ann", "bob")
		parent := said(s, "bob", path, "parent")
		for _, who := range []string{"ann", "bob"} {
			drafted(s, who, path, `"text":"a"`)
			drafted(s, who, path, `"text":"b","parent_id":"`+parent+`"`)
		}
	}
	count("ann", 12)
	s.Server().Delete("/channels/messaging/soft").OK()
	count("ann", 10)
	s.Server().Delete("/channels/messaging/hard?hard_delete=true").OK()
	count("ann", 8)
	s.Server().Post("/channels/messaging/cut/truncate", `{}`).OK()
	count("ann", 7) // the channel's own stays
	s.Server().Post("/channels/messaging/cleared/truncate", `{"hard_delete":true}`).OK()
	count("bob", 6)
	s.Server().Post("/channels/delete", `{"cids":["messaging:many"],"hard_delete":true}`).OK()
	count("bob", 4)

	path := "/channels/messaging/kept"
	second := said(s, "bob", path, "another")
	drafted(s, "ann", path, `"text":"c","parent_id":"`+second+`"`)
	s.As("bob").Delete("/messages/" + second).OK()
	count("ann", 5)
	s.Server().Delete("/messages/" + second + "?hard=true").OK()
	count("ann", 4)
	count("bob", 3) // he sent the other
	drafted(s, "bob", path, `"text":"c"`)
	s.Server().Post(path, `{"remove_members":["bob"]}`).OK()
	s.As("bob").Post("/drafts/query", `{}`).OK().Want("drafts.#", "2") // he cannot read it
	s.As("bob").Get(path+"/draft").Fails(403, 17, "ReadChannel")
	s.As("bob").Delete(path + "/draft").OK() // it is his own
	s.Server().Post(path, `{"add_members":["bob"]}`).OK()
	count("bob", 3)
}

func TestQueryDrafts(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	one, two := s.Channel("messaging", "one", "ann", "bob"), s.Channel("messaging", "two", "ann")
	parent, quoted := said(s, "bob", one, "parent"), said(s, "bob", one, "quoted")
	drafted(s, "ann", one, `"id":"a","text":"a","quoted_message_id":"`+quoted+`"`)
	drafted(s, "ann", two, `"id":"b","text":"b","mentioned_users":["bob"]`)
	at, _ := drafted(s, "ann", one, `"id":"c","text":"c","parent_id":"`+parent+`"`).At("draft.created_at").(string)
	drafted(s, "bob", one, `"id":"d","text":"d"`)
	found := func(name, body string, ids ...string) exchange {
		x := exchange{name: name, who: "ann", method: "POST", path: "/drafts/query", body: body, want: map[string]string{"drafts.#": fmt.Sprint(len(ids))}}
		for i, id := range ids {
			x.want[fmt.Sprintf("drafts.%d.message.id", i)] = `"` + id + `"`
		}
		return x
	}
	wrong := func(name, body, message string) exchange {
		return exchange{name: name, who: "ann", method: "POST", path: "/drafts/query", body: body, status: 400, code: 4, message: message}
	}
	exchangeAll(t, s, []exchange{
		found("all, the newest first", `{}`, "c", "b", "a"),
		found("the oldest first", `{"sort":[{"field":"created_at","direction":1}]}`, "a", "b", "c"),
		found("of a channel", `{"filter":{"channel_cid":"messaging:two"}}`, "b"),
		found("of channels", `{"filter":{"channel_cid":{"$in":["messaging:one","messaging:none"]}}}`, "c", "a"),
		found("of a thread", `{"filter":{"parent_id":"`+parent+`"}}`, "c"),
		found("of threads", `{"filter":{"parent_id":{"$exists":true}}}`, "c"),
		found("of channels' own", `{"filter":{"parent_id":{"$exists":false}}}`, "b", "a"),
		found("by time", `{"filter":{"created_at":{"$lt":"`+at+`"}}}`, "b", "a"),
		found("since", `{"filter":{"created_at":{"$gte":"`+at+`"}}}`, "c"),
		{name: "filled in", who: "ann", method: "POST", path: "/drafts/query", body: `{}`, want: map[string]string{
			"drafts.0.parent_message.text": `"parent"`, "drafts.0.parent_message.user.id": `"bob"`, "drafts.0.channel.cid": `"messaging:one"`,
			"drafts.1.message.mentioned_users.0.id": `"bob"`, "drafts.2.quoted_message.text": `"quoted"`, "drafts.2.channel_cid": `"messaging:one"`, "next": "null",
		}},
		{name: "of whom the server side acts for", method: "POST", path: "/drafts/query", body: `{"user_id":"bob"}`, want: map[string]string{"drafts.#": "1"}},
		{name: "of nobody", method: "POST", path: "/drafts/query", body: `{}`, status: 400, code: 4, message: "either user or user_id must be provided"},
		wrong("wrong field", `{"filter":{"text":"a"}}`, `unrecognized field "text"`),
		wrong("wrong operator", `{"filter":{"channel_cid":{"$gt":"a"}}}`, "channel_cid"),
		wrong("wrong sort", `{"sort":[{"field":"text","direction":1}]}`, "text"),
		wrong("too many", `{"limit":101}`, "limit must be 100 or less"),
		wrong("too few", `{"limit":-1}`, "limit must be 0 or greater"),
		wrong("no cursor", `{"next":"x"}`, "not a valid cursor"),
	})
	page := s.As("ann").Post("/drafts/query", `{"limit":2}`).OK().Want("drafts.#", "2").Want("prev", "null")
	next, _ := page.At("next").(string)
	page = s.As("ann").Post("/drafts/query", `{"limit":2,"next":"`+next+`"}`).OK().Want("drafts.#", "1").Want("drafts.0.message.id", `"a"`).Want("next", "null")
	prev, _ := page.At("prev").(string)
	s.As("ann").Post("/drafts/query", `{"limit":2,"prev":"`+prev+`"}`).OK().Want("drafts.0.message.id", `"c"`)
	s.As("bob").Post("/drafts/query", `{"next":"`+next+`"}`).Fails(400, 4, "not a valid cursor")
}

// TestHeldMessagesEndDrafts sends what was drafted, and others do not see it yet.
func TestHeldMessagesEndDrafts(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	path := ticketed(t, s)
	to := path + "/message"
	reply := `{"message":{"type":"error","text":"not like that"}}`
	hook := newAppServer(t, s, func(*called) (int, string) { return 200, reply })
	s.Server().Patch("/app", fmt.Sprintf(`{"custom_action_handler_url":%q}`, hook.url)).OK()
	parent := said(s, "bob", path, "parent")
	ann := s.As("ann").Connect()
	ended := func(where, of string) {
		t.Helper()
		ann.Expect("draft.deleted").Want("cid", `"messaging:room"`).Want("draft.parent_id", of)
		s.As("ann").Get(path+"/draft"+where).Fails(404, 16, "doesn't exist")
	}

	drafted(s, "ann", path, `"text":"wait"`)
	drafted(s, "ann", path, `"text":"wait","parent_id":"`+parent+`"`)
	s.Server().Post(to, pend("p1", "wait")).OK()
	ended("", "null")
	s.As("ann").Get(path + "/draft?parent_id=" + parent).OK()
	s.Server().Post(to, `{"message":{"id":"p2","text":"wait","user_id":"ann","parent_id":"`+parent+`"},"pending":true}`).OK()
	ended("?parent_id="+parent, `"`+parent+`"`)
	drafted(s, "ann", path, `"text":"the next"`)
	s.Server().Post("/messages/p1/commit", nil).OK()
	s.As("ann").Get(path+"/draft").OK().Want("draft.message.text", `"the next"`)

	s.As("ann").Post(to, says("g1", "/giphy cats")).OK().Want("message.type", `"ephemeral"`)
	ended("", "null")
	drafted(s, "ann", path, `"text":"the next"`)
	s.As("ann").Post("/messages/g1/action", choose("image_action", "shuffle")).OK()
	s.As("ann").Post("/messages/g1/action", choose("image_action", "send")).OK().Want("message.type", `"regular"`)
	s.As("ann").Get(path+"/draft").OK().Want("draft.message.text", `"the next"`)

	s.As("ann").Post(to, says("t1", "/ticket x")).OK().Want("message.type", `"error"`) // which is for him to mend
	hook.next()
	s.As("ann").Get(path + "/draft").OK()
	reply = `{"message":{"text":"Ticket #1"}}`
	s.As("ann").Post(to, says("t1", "/ticket x")).OK().Want("message.type", `"regular"`)
	hook.next()
	ended("", "null")
	ann.Quiet("draft.deleted")
}
