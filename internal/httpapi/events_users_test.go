package httpapi_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"chatd/internal/testkit"
)

// Who is told of what users are and do: they themselves, on all their connections, and
// those who follow their presence, not those who only share a channel.
func TestEventsOfUsers(t *testing.T) {
	t.Parallel()
	c := newCast(t, testkit.Start(t), "messaging")
	c.play(
		scene{
			exchange: exchange{name: "data", method: "PATCH", path: "/users", body: `{"users":[{"id":"ann","set":{"color":"red"}}]}`},
			told:     []string{"user.updated: ann ann2 gus"},
			fields: map[string]string{
				"user.updated user.id": `"ann"`, "user.updated user.color": `"red"`, "user.updated user.online": "true", "user.updated cid": "null",
				"user.updated channel": "null", "user.updated unread_count": "null",
			},
		},
		scene{exchange: exchange{name: "the same data", method: "POST", path: "/users", body: `{"users":{"ann":{"id":"ann","name":"ann","color":"red"}}}`}},
		scene{
			exchange: exchange{name: "by the user", who: "bob", method: "PATCH", path: "/users", body: `{"users":[{"id":"bob","set":{"color":"blue"}}]}`},
			told:     []string{"user.updated: bob gus"},
		},
		scene{
			exchange: exchange{name: "two at once", method: "PATCH", path: "/users", body: `{"users":[{"id":"bob","set":{"color":"grey"}},{"id":"cat","set":{"color":"grey"}}]}`},
			told:     []string{"user.updated: bob cat gus gus"},
			fields:   map[string]string{"bob/user.updated user.id": `"bob"`, "cat/user.updated user.id": `"cat"`},
		},
		scene{exchange: exchange{name: "a new user", method: "POST", path: "/users", body: `{"users":{"hal":{"id":"hal"}}}`}},
		scene{
			exchange: exchange{name: "a status", who: "bob", method: "PATCH", path: "/users", body: `{"users":[{"id":"bob","set":{"status":"eating"}}]}`},
			told:     []string{"user.updated: bob gus", "user.presence.changed: gus"},
			order:    "user.updated user.presence.changed",
			fields:   map[string]string{"user.presence.changed user.status": `"eating"`, "user.presence.changed user.online": "true", "user.presence.changed user.id": `"bob"`},
		},
		scene{
			exchange: exchange{name: "no status", who: "bob", method: "PATCH", path: "/users", body: `{"users":[{"id":"bob","unset":["status"]}]}`},
			told:     []string{"user.updated: bob gus", "user.presence.changed: gus"},
			fields:   map[string]string{"user.presence.changed user.status": "null"},
		},
		scene{
			exchange: exchange{name: "invisible", who: "bob", method: "PATCH", path: "/users", body: `{"users":[{"id":"bob","set":{"invisible":true}}]}`},
			told:     []string{"user.updated: bob gus", "user.presence.changed: gus"},
			fields:   map[string]string{"user.presence.changed user.online": "false"},
		},
		scene{
			exchange: exchange{name: "a status of who is invisible", who: "bob", method: "PATCH", path: "/users", body: `{"users":[{"id":"bob","set":{"status":"lurking"}}]}`},
			told:     []string{"user.updated: bob gus"},
			fields:   map[string]string{"gus/user.updated user.online": "false"},
		},
		scene{
			exchange: exchange{name: "visible again", method: "PATCH", path: "/users", body: `{"users":[{"id":"bob","set":{"invisible":false}}]}`},
			told:     []string{"user.updated: bob gus", "user.presence.changed: gus"},
			fields:   map[string]string{"user.presence.changed user.online": "true", "user.presence.changed user.status": `"lurking"`},
		},
		scene{
			exchange: exchange{name: "an event of the app", method: "POST", path: "/users/ann/event", body: `{"event":{"type":"friendship_request","text":"hi","n":{"a":1}}}`},
			told:     []string{"friendship_request: ann ann2"},
			fields:   map[string]string{"friendship_request text": `"hi"`, "friendship_request n": `{"a":1}`, "friendship_request custom": "null"},
		},
		scene{
			exchange: exchange{name: "settings of the app", method: "PATCH", path: "/app", body: `{"reminders_interval":90}`},
			told:     []string{"app.updated: ann ann2 bob cat dan eve fay gus"},
		},
	)
}

// Who follows the members of a channel hears of them without watching it.
func TestPresenceOfMembers(t *testing.T) {
	t.Parallel()
	c := newCast(t, testkit.Start(t), "messaging")
	c.sockets["ann2"].Client.Post(c.path+"/query", `{"state":true,"presence":true}`).OK()
	c.sockets["cat"].Client.Post("/channels", `{"filter_conditions":{"id":"room"},"state":true,"presence":true}`).OK()
	c.play(
		scene{
			exchange: exchange{name: "of a member", method: "PATCH", path: "/users", body: `{"users":[{"id":"bob","set":{"status":"away"}}]}`},
			told:     []string{"user.updated: ann2 bob cat gus", "user.presence.changed: ann2 cat gus"},
		},
		scene{
			exchange: exchange{name: "of who follows himself", method: "PATCH", path: "/users", body: `{"users":[{"id":"cat","set":{"color":"red"}}]}`},
			told:     []string{"user.updated: ann2 cat gus"},
		},
		scene{
			exchange: exchange{name: "of no member", method: "PATCH", path: "/users", body: `{"users":[{"id":"fay","set":{"color":"red"}}]}`},
			told:     []string{"user.updated: fay gus"},
		},
	)
}

// A user comes with his first connection and goes with his last.
func TestComingAndGoing(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	c := newCast(t, s, "messaging")
	s.Users("hal")
	gus := c.sockets["gus"]
	gus.Client.Get(find(`{"filter_conditions":{"id":"hal"},"presence":true}`)).OK()
	c.told()
	check := func(name string, told ...string) {
		t.Helper()
		c.compare(scene{exchange: exchange{name: name}, told: told}, c.told())
	}
	first := s.As("hal").Connect()
	gus.Expect("user.presence.changed").Want("user.id", `"hal"`).Want("user.online", "true")
	check("the first connection")
	second := token(s, "hal").Dial(details("hal", "color=red"))
	second.Expect("health.check")
	first.Expect("user.updated").Want("user.color", `"red"`)
	check("another, with other data", "user.updated: gus")
	second.Close()
	check("one less")
	first.Close()
	gus.Expect("user.presence.changed").Want("user.id", `"hal"`).Want("user.online", "false")
	check("the last is gone")

	bob := c.sockets["bob"]
	delete(c.sockets, "bob")
	bob.Close()
	gus.Expect("user.presence.changed").Want("user.id", `"bob"`)
	for _, name := range []string{"ann", "eve"} {
		c.sockets[name].Expect("user.watching.stop").Want("user.id", `"bob"`).Want("watcher_count", "2").Want("channel_id", `"room"`)
	}
	check("one who watched is gone")
	bob = s.As("bob").Connect()
	gus.Expect("user.presence.changed").Want("user.id", `"bob"`)
	c.sockets["bob"] = bob
	bob.Client.Post(c.path+"/query", `{"watch":true}`).OK()
	check("he watches again", "user.watching.start: ann eve")
	bob.Client.Post(c.path+"/stop-watching", `{}`).OK()
	check("and no more", "user.watching.stop: ann eve")
}

// What users keep to themselves nobody is told of but they.
func TestEventsOfPrivateUsers(t *testing.T) {
	t.Parallel()
	c := newCast(t, testkit.Start(t), "messaging")
	c.Server.Server().Patch("/users", `{"users":[{"id":"bob","set":{"privacy_settings":{"typing_indicators":{"enabled":false},"read_receipts":{"enabled":false}}}}]}`).OK()
	said(c.Server, "ann", c.path, "one")
	c.told()
	c.play(
		scene{
			exchange: exchange{name: "reading in public", who: "cat", method: "POST", path: c.path + "/read", body: `{}`},
			told:     []string{"message.read: ann bob eve", "notification.mark_read: cat"},
		},
		scene{
			exchange: exchange{name: "reading in private", who: "bob", method: "POST", path: c.path + "/read", body: `{}`},
			told:     []string{"message.read: bob", "notification.mark_read: bob"},
		},
		scene{
			exchange: exchange{name: "typing in public", who: "cat", method: "POST", path: c.path + "/event", body: `{"event":{"type":"typing.start"}}`},
			told:     []string{"typing.start: ann bob eve"},
		},
		scene{exchange: exchange{name: "typing in private", who: "bob", method: "POST", path: c.path + "/event", body: `{"event":{"type":"typing.start"}}`}},
	)
}

// What a type of channels switches off nobody is told of, on any connection.
func TestEventsOfCalmChannels(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	s.Server().Post("/channeltypes", `{"name":"calm","automod":"disabled","automod_behavior":"flag","max_message_length":500,"connect_events":false,"read_events":false,"typing_events":false,"custom_events":false}`).OK()
	c := newCast(t, s, "calm")
	refused := func(name, path, body string) scene {
		return scene{exchange: exchange{name: name, who: "bob", method: "POST", path: c.path + path, body: body, status: 400, code: 19}}
	}
	c.play(
		refused("reading", "/read", `{}`),
		refused("typing", "/event", `{"event":{"type":"typing.start"}}`),
		refused("an event of the app", "/event", `{"event":{"type":"wave"}}`),
		scene{exchange: exchange{name: "not read, but written", who: "ann", method: "POST", path: c.path + "/message", body: `{"message":{"text":"x"}}`}, told: []string{
			"message.new: ann bob eve", "notification.message_new: ann2 cat",
		}},
	)
	c.sockets["ann2"].Client.Post(c.path+"/query", `{"watch":true}`).OK()
	c.sockets["cat"].Client.Post(c.path+"/query", `{"watch":true}`).OK()
	c.sockets["cat"].Client.Post(c.path+"/stop-watching", `{}`).OK()
	c.compare(scene{exchange: exchange{name: "watching"}}, c.told())
}

// Who is invisible is away to others, and no more is to be known, wherever he is named.
func TestNobodySeesWhoIsInvisible(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	s.Server().Put("/channeltypes/messaging", `{"polls":true}`).OK()
	path := s.Channel("messaging", "room", "sly", "ann")
	ann, sly := s.As("ann").Connect(), s.As("sly").ConnectWith(map[string]any{"user_details": map[string]any{"id": "sly", "invisible": true}})
	ann.Watch(path)
	sly.Watch(path)
	s.As("sly").Post("/polls", `{"id":"p","name":"P","options":[{"id":"a","text":"A"}]}`).OK()
	s.As("sly").Post(path+"/message", `{"message":{"id":"m","text":"hello","poll_id":"p","pinned":true,"mentioned_users":["sly"]}}`).OK()
	replied(s, "sly", path, "m", "")
	s.As("sly").Post("/messages/m/reaction", `{"reaction":{"type":"like"}}`).OK()
	s.As("sly").Post("/messages/m/polls/p/vote", `{"vote":{"option_id":"a"}}`).OK()
	s.As("sly").Post(path+"/read", `{}`).OK()
	s.As("sly").Post(path+"/event", `{"event":{"type":"typing.start"}}`).OK()
	s.As("sly").Patch(path+"/member", `{"set":{"color":"red"}}`).OK()
	s.Server().Post(path, `{"data":{"name":"Room"},"user_id":"sly"}`).OK()
	s.As("sly").Patch("/users", `{"users":[{"id":"sly","set":{"color":"red"}}]}`).OK()
	for _, x := range []struct{ method, path, body string }{
		{"POST", path + "/query", `{"state":true,"members":{"limit":10},"watchers":{"limit":10}}`},
		{"POST", "/channels", `{"filter_conditions":{"cid":"messaging:room"},"state":true}`},
		{"GET", "/members?payload=" + url.QueryEscape(`{"type":"messaging","id":"room","filter_conditions":{}}`), ``},
		{"GET", find(`{"filter_conditions":{"id":"sly"}}`), ``},
		{"GET", "/messages/m", ``},
		{"GET", "/messages/m/replies", ``},
		{"GET", "/messages/m/reactions", ``},
		{"POST", "/messages/m/reactions", `{}`},
		{"GET", path + "/pinned_messages", ``},
		{"POST", "/polls/p/votes", `{}`},
		{"GET", "/polls/p", ``},
		{"POST", "/threads", `{}`},
		{"GET", "/threads/m", ``},
		{"GET", "/search?payload=" + url.QueryEscape(`{"filter_conditions":{"cid":"messaging:room"},"query":"hello"}`), ``},
		{"POST", "/sync", `{"channel_cids":["messaging:room"],"last_sync_at":"` + at(-time.Minute) + `"}`},
	} {
		var body any
		if x.body != "" {
			body = x.body
		}
		if r := ann.Client.Do(x.method, x.path, body).OK(); strings.Contains(string(r.Body), `"invisible":true`) {
			t.Errorf("%s %s tells: %s", x.method, x.path, r.Body)
		}
	}
	s.Settle()
	s.Server().Post("/users/ann/event", `{"event":{"type":"end_of_test"}}`).OK()
	for e := ann.Next(); e.Type != "end_of_test"; e = ann.Next() {
		if strings.Contains(string(e.Body), `"invisible":true`) {
			t.Errorf("%s tells: %s", e.Type, e.Body)
		}
	}
	for color := any(nil); color == nil; { // not yet, as he connects
		color = sly.Expect("user.updated").Want("user.invisible", "true").At("user.color")
	}
}
