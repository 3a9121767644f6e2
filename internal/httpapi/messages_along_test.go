package httpapi_test

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"testing"

	"chatd/internal/server"
	"chatd/internal/testkit"
)

func TestMessagesThatGoAlong(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	s.Users("dan")
	path := s.Channel("messaging", "room", "ann", "bob")
	ann := s.As("ann").Connect()
	ann.Watch(path)
	s.As("ann").Post(path, `{"data":{"name":"x"},"message":{"text":"renamed"}}`).OK().Want("message.text", `"renamed"`).Want("message.type", `"system"`).Want("message.user.id", `"ann"`).Want("channel.name", `"x"`)
	ann.Expect("channel.updated").Want("message.text", `"renamed"`).Want("message.type", `"system"`)
	ann.Expect("message.new").Want("message.type", `"system"`)
	s.As("bob").Post(path, `{"remove_members":["bob"],"message":{"text":"bye"}}`).OK().Want("message.text", `"bye"`).Want("channel.member_count", "1")
	ann.Expect("member.removed").Want("user.id", `"bob"`)
	ann.Expect("channel.updated").Want("message.text", `"bye"`)
	ann.Expect("message.new").Want("message.user.id", `"bob"`)
	s.Server().Post(path, `{"add_members":["dan"],"message":{"text":"welcome","user_id":"ann"}}`).OK().Want("message.user.id", `"ann"`)
	ann.Expect("channel.updated").Want("message.text", `"welcome"`).Want("user", "null")
	s.Server().Post(path, `{"add_members":["bob"],"message":{"text":"nobody"}}`).Fails(400, 4, "either message.user or message.user_id must be provided when using server side auth.")
	s.As("ann").Post(path, `{"add_members":["bob"],"message":{"text":"`+strings.Repeat("x", 5001)+`"}}`).Fails(400, 20, "too long")
	s.As("dan").Post(path+"/query", `{}`).OK().Want("channel.member_count", "2") // nothing was done for what could not be said
}

// state is all that the server side sees of a channel, as text.
func state(s *testkit.Server, path string) string {
	s.TB.Helper()
	var doc map[string]any
	if err := json.Unmarshal(s.Server().Post(path+"/query", `{"state":true,"members":{"limit":100}}`).OK().Body, &doc); err != nil {
		s.TB.Fatal(err)
	}
	delete(doc, "duration")
	text, err := json.Marshal(doc)
	if err != nil {
		s.TB.Fatal(err)
	}
	return string(text)
}

// TestRefusedMessagesRefuseTheChange: neither a change nor its message is there when
// the message is refused.
func TestRefusedMessagesRefuseTheChange(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	s.Users("dan", "eve")
	path := s.Channel("messaging", "room", "ann", "bob", "cat")
	s.As("ann").Post(path, `{"invites":["dan"]}`).OK()
	id := said(s, "ann", path, "one")
	said(s, "bob", path, "two")
	ann, bob, dan := s.As("ann").Connect(), s.As("bob").Connect(), s.As("dan").Connect()
	ann.Watch(path)
	before := state(s, path)
	for _, change := range []struct{ name, who, path, body string }{
		{"data", "ann", path, `{"data":{"name":"x"}`},
		{"members", "ann", path, `{"add_members":["eve"],"remove_members":["cat"],"add_moderators":["bob"]`},
		{"leaving", "bob", path, `{"remove_members":["bob"]`},
		{"an invite accepted", "dan", path, `{"accept_invite":true`},
		{"an invite refused", "dan", path, `{"reject_invite":true`},
		{"truncation", "ann", path + "/truncate", `{"hard_delete":true`},
		{"truncation for some", "ann", path + "/truncate", `{"member_ids":["bob"]`},
	} {
		for _, m := range []struct {
			name, message string
			status, code  int
			text          string
		}{
			{"too long", `{"text":"` + strings.Repeat("x", 5001) + `"}`, 400, 20, "too long"},
			{"empty", `{"text":""}`, 400, 4, "message.text is a required field"},
			{"with an id that is taken", `{"id":"` + id + `","text":"x"}`, 400, 4, "already exists"},
			{"with strangers", `{"text":"x","mentioned_users":["nobody"]}`, 400, 4, "existing user IDs"},
			{"of another type", `{"text":"x","type":"deleted"}`, 400, 4, "message.type"},
			{"for some only", `{"text":"x","restricted_visibility":["bob"]}`, 400, 4, "restricted_visibility"},
			{"with too much data", `{"text":"x","more":"` + strings.Repeat("x", 6000) + `"}`, 413, 22, ""},
			{"with what cannot be stored", `{"text":"x","id":"a%b"}`, 400, 4, ""},
			{"with a poll that is none", `{"text":"x","poll_id":"none"}`, 400, 19, "polls"},
		} {
			switch change.name + " " + m.name {
			case "truncation with an id that is taken": // where it is free again
				continue
			case "an invite refused with strangers": // of whom he may not mention any
				m.status, m.code, m.text = 403, 17, "CreateMention"
			}
			s.As(change.who).Post(change.path, change.body+`,"message":`+m.message+`}`).Fails(m.status, m.code, m.text)
			if after := state(s, path); after != before {
				t.Fatalf("%s, with a message %s: the channel was\n%s\nand is\n%s", change.name, m.name, before, after)
			}
		}
	}
	types := []string{
		"message.new", "channel.updated", "channel.truncated", "channel.frozen", "member.added", "member.removed", "member.updated",
		"notification.channel_truncated", "notification.invite_accepted", "notification.invite_rejected", "notification.removed_from_channel",
	}
	for _, c := range []*testkit.Socket{ann, bob, dan} {
		c.Quiet(types...)
	}
	s.As("bob").Get("/unread").OK().Want("total_unread_count", "0")
	s.As("ann").Get("/unread").OK().Want("total_unread_count", "1")
	s.As("cat").Get("/unread").OK().Want("total_unread_count", "2")
}

// TestOrderOfAChangeWithAMessage: first what happened to members, then the channel with
// the message, then that itself, in front of which hidden channels are shown.
func TestOrderOfAChangeWithAMessage(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	s.Users("dan")
	path := s.Channel("livestream", "room", "ann", "bob", "cat")
	ann, bob, cat := s.As("ann").Connect(), s.As("bob").Connect(), s.As("cat").Connect()
	for _, c := range []*testkit.Socket{ann, bob, cat} {
		c.Watch(path)
	}
	s.As("cat").Post(path+"/hide", `{}`).OK()
	cat.Expect("channel.hidden")
	order := func(c *testkit.Socket, last string) string {
		t.Helper()
		var types []string
		for {
			e := c.Next()
			if e.Type != "user.watching.start" {
				types = append(types, e.Type)
			}
			if e.Type == last {
				return strings.Join(types, " ")
			}
		}
	}
	s.Server().Post(path, `{"user_id":"ann","add_members":["dan"],"remove_members":["bob"],"data":{"frozen":true},"message":{"text":"all at once","user_id":"ann"}}`).OK()
	if got := order(ann, "message.new"); got != "member.added member.removed channel.updated channel.frozen message.new" {
		t.Errorf("ann saw %s", got)
	}
	if got := order(cat, "message.new"); got != "member.added member.removed channel.updated channel.frozen channel.visible message.new" {
		t.Errorf("cat saw %s", got)
	}
	if got := order(bob, "message.new"); got != "member.added member.removed notification.removed_from_channel channel.updated channel.frozen message.new" {
		t.Errorf("bob saw %s", got)
	}
	s.Server().Post(path+"/truncate", `{"user_id":"ann","hard_delete":true,"message":{"text":"cut"}}`).OK()
	if got := order(ann, "message.new"); got != "channel.truncated message.new" {
		t.Errorf("ann saw %s", got)
	}
	ann.Client.Post(path+"/query", `{"state":true}`).OK().Want("messages.#", "1").Want("messages.0.text", `"cut"`).Want("channel.truncated_by.id", `"ann"`)
}

// TestManyChangesWithMessages: changes with messages and sends wait for each other at
// one channel, and neither for ever nor for a connection to the database.
func TestManyChangesWithMessages(t *testing.T) {
	t.Parallel()
	s := testkit.StartWith(t, func(o *server.Options) {
		o.DatabaseURL, o.MaxConns = withSetting(t, testkit.Isolated(t), "deadlock_timeout", "1h"), 8 // nothing ends a deadlock
	})
	s.Server().Put("/channeltypes/messaging", `{"count_messages":true,"polls":true}`).OK()
	path, other := s.Channel("messaging", "room", "ann", "bob", "cat"), s.Channel("messaging", "other", "ann", "bob")
	s.As("cat").Post(path+"/hide", `{}`).OK()
	bob := s.As("bob").Connect()
	bob.Watch(path)
	const each, carried = 25, 5 // a poll is on no more than ten messages
	var users, polls []string
	for i := range each {
		users = append(users, fmt.Sprint("u", i))
	}
	for range each / carried {
		poll, _ := s.As("ann").Post("/polls", `{"name":"p","options":[{"text":"a"}]}`).OK().At("poll.id").(string)
		polls = append(polls, poll)
	}
	s.Users(users...)
	work := []func(i int){
		func(i int) {
			s.As("ann").Post(path, fmt.Sprintf(`{"data":{"name":"n%d"},"message":{"text":"named"}}`, i)).OK()
		},
		func(i int) {
			s.As("ann").Post(path, fmt.Sprintf(`{"add_members":["u%d"],"message":{"text":"come"}}`, i)).OK()
			s.Server().Post(path, fmt.Sprintf(`{"remove_members":["u%d"],"message":{"text":"gone","user_id":"u%d"}}`, i, i)).OK()
		},
		func(i int) {
			s.Server().Post(path, fmt.Sprintf(`{"user_id":"ann","cooldown":%d,"message":{"text":"polled","poll_id":%q}}`, i%2, polls[i/carried])).OK()
		},
		func(int) {
			s.As("ann").Post(path, `{"data":{"x":1},"message":{"text":"`+strings.Repeat("x", 5001)+`"}}`).Fails(400, 20, "")
		},
		func(int) { s.Server().Post(path+"/message", `{"message":{"text":"plain","user_id":"ann"}}`).OK() },
		func(int) { s.Server().Post(path+"/message", `{"message":{"text":"another","user_id":"bob"}}`).OK() },
		func(i int) {
			s.Server().Post(path+"/message", fmt.Sprintf(`{"message":{"text":"with a poll","user_id":"ann","poll_id":%q}}`, polls[i/carried])).OK()
		},
		func(int) { s.Server().Post(other+"/message", `{"message":{"text":"elsewhere","user_id":"ann"}}`).OK() },
	}
	var wg sync.WaitGroup
	for i := range each {
		for _, do := range work {
			wg.Go(func() { do(i) })
		}
	}
	wg.Wait()
	const messages, changes = 7 * each, 4 * each
	s.Server().Post(path+"/query", `{"state":true,"messages":{"limit":300}}`).OK().
		Want("channel.message_count", fmt.Sprint(messages)).Want("messages.#", fmt.Sprint(messages)).Want("channel.member_count", "3")
	s.Server().Post(other+"/query", `{}`).OK().Want("channel.message_count", fmt.Sprint(each))
	s.As("cat").Get("/unread").OK().Want("total_unread_count", fmt.Sprint(3*each)) // what goes along is silent
	got, seen := map[string]int{}, map[string]bool{}
	for got["message.new"] < messages || got["channel.updated"] < changes {
		e := bob.Next()
		got[e.Type]++
		if id, _ := e.At("message.id").(string); e.Type == "message.new" {
			if seen[id] {
				t.Errorf("told twice of %s", id)
			}
			seen[id] = true
		}
	}
	bob.Quiet("message.new", "channel.updated")
}

// withSetting is the URL of a database with a setting for its sessions.
func withSetting(t *testing.T, dsn, name, value string) string {
	t.Helper()
	u, err := url.Parse(dsn)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	q.Set(name, value)
	u.RawQuery = q.Encode()
	return u.String()
}
