package realtime_test

import (
	"fmt"
	"testing"
	"time"

	"chatd/internal/chat"
)

func now() time.Time { return time.Now() }

// presenceOf is an event about users for those who subscribed to them.
func presenceOf(typ string, users ...string) *chat.Event {
	return &chat.Event{Type: typ, App: app, To: chat.Audience{Kind: chat.ToPresence, Users: users}, CreatedAt: now()}
}

func TestPresenceSubscriptions(t *testing.T) {
	t.Parallel()
	n := startNode(t, nil)
	ann, bob := n.dial(t, "ann"), n.dial(t, "bob")
	subscribe := func(c *client, users ...string) {
		t.Helper()
		if err := n.SubscribePresence(t.Context(), app, c.user, c.id, users); err != nil {
			t.Fatal(err)
		}
	}
	subscribe(ann, "bob", "offline")
	subscribe(ann, "bob", "cat")
	n.publish(t, presenceOf("one", "bob", "cat"))
	ann.expect(t, "one")
	bob.expect(t, "one") // about himself
	n.publish(t, presenceOf("two", "offline"))
	ann.expect(t, "two")
	n.publish(t, presenceOf("three", "stranger"))
	n.quiet(t, "", ann, bob)

	_ = ann.ws.CloseNow()
	n.backend.expectLeft(t)
	n.publish(t, presenceOf("four", "bob", "cat"))
	bob.expect(t, "four")
}

func TestPresenceSubscriptionsAreBounded(t *testing.T) {
	t.Parallel()
	n := startNode(t, nil)
	ann := n.dial(t, "ann")
	users := make([]string, 10_002)
	for i := range users {
		users[i] = fmt.Sprint("u", i)
	}
	if err := n.SubscribePresence(t.Context(), app, "ann", ann.id, users); err != nil {
		t.Fatal(err)
	}
	n.publish(t, presenceOf("last", users[9_999]))
	ann.expect(t, "last")
	n.publish(t, presenceOf("too many", users[10_000]))
	n.quiet(t, "", ann)
}

func TestOnline(t *testing.T) {
	t.Parallel()
	n := startNode(t, nil)
	n.SetInvisible(app, "ann", true) // not connected: nothing to remember
	first, second := n.dial(t, "ann"), n.dial(t, "ann")
	if !n.First(first.id) || n.First(second.id) || n.First("nonsense") {
		t.Error("the first connection is not the first")
	}
	n.dial(t, "bob")
	check := func(what string, ann bool) {
		t.Helper()
		want := map[string]bool{"bob": true}
		if ann {
			want["ann"] = true
		}
		if got := n.OnlineOf(app, []string{"ann", "bob", "cat"}); fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%s: online %v, want %v", what, got, want)
		}
		if n.Online(app, "ann") != ann || n.Online(app+1, "ann") {
			t.Errorf("%s: Online(ann) = %v", what, !ann)
		}
	}
	check("connected", true)
	n.SetInvisible(app, "ann", true)
	check("invisible", false)
	n.SetInvisible(app, "ann", false)
	check("visible", true)
	n.SetInvisible(app, "ann", true)
	_ = first.ws.CloseNow()
	_ = second.ws.CloseNow()
	if l := n.backend.expectLeft(t); !l.Offline {
		t.Errorf("left %+v", l)
	}
	check("gone", false)
	n.dial(t, "ann")
	check("back", true) // invisible is forgotten; hello sets it again
}

// Who is connected is active every fifteen minutes, however many connections he
// has; who has left is not.
func TestConnectedUsersAreActive(t *testing.T) {
	t.Parallel()
	synced(t, func(t *testing.T, n *node) {
		t.Helper()
		begin := now()
		var ids []string
		for _, user := range []string{"ann", "ann", "bob"} {
			id, _, err := n.Open(t.Context(), app, user, "", hello(user))
			if err != nil {
				t.Fatal(err)
			}
			ids = append(ids, id)
		}
		for time.Since(begin) < 45*time.Minute { // bob does not poll: he has left within the first minute, in which his turn may come once
			for _, id := range ids[:2] {
				if _, err := n.Poll(t.Context(), app, "ann", id); err != nil {
					t.Fatal(err)
				}
			}
		}
		close(n.backend.active)
		got := map[string]int{}
		for users := range n.backend.active {
			for _, u := range users {
				got[u]++
			}
		}
		if got["ann"] != 3 || got["bob"] > 1 {
			t.Errorf("active: %v", got)
		}
	})
}
