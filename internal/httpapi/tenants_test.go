package httpapi_test

import (
	"testing"
	"time"

	"chatd/internal/testkit"
)

// Two apps have channels, users and messages of the same names. Nothing of one is
// seen, changed or told in the other.
func TestAppsDoNotMeet(t *testing.T) {
	t.Parallel()
	s, other := testkit.Start(t), testkit.Start(t)
	path := s.Channel("messaging", "room", "ann", "bob")
	s.Channel("messaging", "secret", "ann")
	other.Channel("messaging", "room", "ann", "bob")
	s.As("ann").Post(path+"/message", `{"message":{"id":"m1","text":"mine"}}`).OK()
	s.Server().Post("/channeltypes", `{"name":"own"}`).OK()
	ann, stranger := s.As("ann").Connect(), other.As("ann").Connect()
	ann.Watch(path)
	stranger.Watch(path).Want("watcher_count", "1").Want("messages", "[]")

	exchangeAll(t, other, []exchange{
		{name: "read a message", method: "GET", path: "/messages/m1", status: 404, code: 16, message: "m1"},
		{name: "read it by its id in a channel", method: "GET", path: path + "/messages?ids=m1", want: map[string]string{"messages": "[]"}},
		{name: "read its replies", method: "GET", path: "/messages/m1/replies", status: 404, code: 16, message: "m1"},
		{name: "read its reactions", method: "GET", path: "/messages/m1/reactions", status: 404, code: 16, message: "m1"},
		{name: "as a user", who: "ann", method: "GET", path: "/messages/m1", status: 404, code: 16, message: "m1"},
		{name: "change it", method: "POST", path: "/messages/m1", body: `{"message":{"text":"x","user_id":"ann"}}`, status: 404, code: 16, message: "m1"},
		{name: "change a part of it", method: "PUT", path: "/messages/m1", body: `{"set":{"text":"x"},"user_id":"ann"}`, status: 404, code: 16, message: "m1"},
		{name: "delete it", method: "DELETE", path: "/messages/m1?hard=true", status: 404, code: 16, message: "m1"},
		{name: "react", who: "ann", method: "POST", path: "/messages/m1/reaction", body: `{"reaction":{"type":"like"}}`, status: 404, code: 16, message: "m1"},
		{name: "answer it", who: "ann", method: "POST", path: path + "/message", body: `{"message":{"text":"x","parent_id":"m1"}}`, status: 404, code: 16, message: "m1"},
		{name: "mark unread from it", who: "ann", method: "POST", path: path + "/unread", body: `{"message_id":"m1"}`, status: 400, code: 4, message: "m1"},
		{name: "read a channel", method: "GET", path: "/channels/messaging/secret", status: 404, code: 16, message: "messaging:secret"},
		{name: "find a channel", method: "POST", path: "/channels", body: `{"filter_conditions":{"cid":"messaging:secret"}}`, want: map[string]string{"channels": "[]"}},
		{name: "find its members", method: "GET", path: `/members?payload={"type":"messaging","id":"secret","filter_conditions":{}}`, status: 404, code: 16, message: "secret"},
		{name: "change a channel", method: "PATCH", path: "/channels/messaging/secret", body: `{"set":{"x":1}}`, status: 404, code: 16, message: "messaging:secret"},
		{name: "truncate it", method: "POST", path: "/channels/messaging/secret/truncate", body: `{}`, status: 404, code: 16, message: "messaging:secret"},
		{name: "delete it", method: "DELETE", path: "/channels/messaging/secret", status: 404, code: 16, message: "messaging:secret"},
		{name: "sync it", who: "ann", method: "POST", path: "/sync", body: `{"channel_cids":["messaging:secret"],"last_sync_at":"` + time.Now().Add(-time.Hour).UTC().Format(time.RFC3339) + `","with_inaccessible_cids":true}`, want: map[string]string{"events": "[]", "inaccessible_cids": `["messaging:secret"]`}},
		{name: "a channel type", method: "GET", path: "/channeltypes/own", status: 404, code: 16, message: "own"},
		{name: "a channel of it", method: "POST", path: "/channels/own/x/query", body: `{"data":{"created_by_id":"ann"}}`, status: 404, code: 16, message: "own"},
	})
	s.Server().Post("/users", `{"users":{"cat":{"id":"cat","name":"Cat"}}}`).OK()
	other.Server().Get(find(`{"filter_conditions":{"id":"cat"}}`)).OK().Want("users", "[]")
	other.Server().Post("/users/cat/event", `{"event":{"type":"ping"}}`).Fails(404, 16, "cat")
	other.Server().Post(path, `{"add_members":["cat"],"user_id":"ann"}`).Fails(400, 4, "cat")

	s.As("bob").Post(path+"/message", `{"message":{"id":"m2","text":"for ann"}}`).OK()
	ann.Expect("message.new").Want("message.id", `"m2"`)
	other.As("bob").Post(path+"/message", `{"message":{"id":"m2","text":"for the other ann"}}`).OK() // ids are each app's own
	stranger.Expect("message.new").Want("message.text", `"for the other ann"`)
	ann.Quiet("message.new")
	stranger.Quiet("message.new")
	s.Server().Get("/messages/m1").OK().Want("message.text", `"mine"`)
}

// A user's connections watch each for themselves; he is there until the last ends.
func TestTabs(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	path := s.Channel("messaging", "room", "ann", "bob")
	first, second := s.As("ann").Connect(), s.As("ann").Connect()
	first.Watch(path).Want("watcher_count", "1")
	s.As("bob").Post(path+"/message", `{"message":{"text":"hi"}}`).OK()
	first.Expect("message.new").Want("unread_count", "1").Want("total_unread_count", "1").Want("unread_channels", "1")
	second.Expect("notification.message_new").Want("unread_count", "1").Want("channel.cid", `"messaging:room"`)
	first.Quiet("notification.message_new")
	second.Quiet("message.new")
	second.Client.Post(path+"/read", `{}`).OK()
	for _, tab := range []*testkit.Socket{first, second} {
		tab.Expect("notification.mark_read").Want("unread_count", "0")
	}
	bob := s.As("bob").Connect()
	bob.Client.Get(find(`{"filter_conditions":{"id":"ann"},"presence":true}`)).OK()
	second.Close()
	bob.Quiet("user.presence.changed")
	bob.Client.Get(find(`{"filter_conditions":{"id":"ann"}}`)).OK().Want("users.0.online", "true")
	first.Close()
	bob.Expect("user.presence.changed").Want("user.online", "false")
}

// Filters say only what can be asked.
func TestFiltersThatCannotBe(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	s.Channel("messaging", "room", "ann")
	for _, tt := range []struct{ filter, text string }{
		{`{"id":{"$nope":1}}`, "$nope"},
		{`{"id":7}`, "id"},
		{`{"created_at":"yesterday"}`, "created_at"},
		{`{"$or":{}}`, "$or"},
		{`{"$or":[]}`, "$or"},
		{`[]`, ""},
		{`{"id":{"$in":"x"}}`, "expecting array"},
	} {
		for _, path := range []string{"/channels", "/users"} {
			body := `{"filter_conditions":` + tt.filter + `}`
			t.Log(path, body)
			if path == "/users" {
				s.Server().Query(path, body).Fails(400, 4, tt.text)
			} else {
				s.Server().Post(path, body).Fails(400, 4, tt.text)
			}
		}
	}
}
