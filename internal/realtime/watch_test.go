package realtime_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"chatd/internal/chat"
)

func TestWatching(t *testing.T) {
	t.Parallel()
	n := startNode(t, nil)
	ann1, ann2, bob := n.dial(t, "ann"), n.dial(t, "ann"), n.dial(t, "bob")
	do := func(c *client, cids ...chat.CID) string {
		t.Helper()
		newly, err := n.Watch(t.Context(), app, c.user, c.id, cids)
		if err != nil {
			t.Fatal(err)
		}
		return fmt.Sprint(newly)
	}
	stop := func(c *client, cid chat.CID) bool {
		t.Helper()
		gone, err := n.StopWatching(t.Context(), app, c.user, c.id, cid)
		if err != nil {
			t.Fatal(err)
		}
		return gone
	}
	check := func(what string, got, want any) {
		t.Helper()
		if got != want {
			t.Errorf("%s: %v, want %v", what, got, want)
		}
	}
	check("first watch", do(ann1, room, den), "[messaging:room messaging:den]")
	check("again", do(ann1, room, den), "[]")
	check("other connection", do(ann2, room), "[]")
	check("other user", do(bob, room), "[messaging:room]")
	check("count", n.WatcherCount(app, room), 2)
	check("count of a channel nobody watches", n.WatcherCount(app, "messaging:no"), 0)
	check("count in another app", n.WatcherCount(app+1, room), 0)
	check("ann watches", n.Watches(app, "ann", room), true)
	check("bob does not", n.Watches(app, "bob", den), false)
	check("one of two stops", stop(ann1, room), false)
	check("stops again", stop(ann1, room), false)
	check("the other stops", stop(ann2, room), true)
	check("count", n.WatcherCount(app, room), 1)
	n.publish(t, chat.ChannelEvent("x", app, room, now()))
	bob.expect(t, "x")
	n.quiet(t, room, ann1, ann2)

	_ = ann1.ws.CloseNow()
	check("Left", fmt.Sprint(n.backend.expectLeft(t)), fmt.Sprint(leave{app, "ann", []chat.CID{den}, false, false}))
	_ = ann2.ws.CloseNow()
	check("Left", fmt.Sprint(n.backend.expectLeft(t)), fmt.Sprint(leave{app, "ann", nil, true, false}))
	check("count", n.WatcherCount(app, den), 0)
}

func TestWatchers(t *testing.T) {
	t.Parallel()
	n := startNode(t, nil)
	for _, user := range []string{"eve", "bob", "dan", "ann", "cat"} {
		id, _, err := n.Open(t.Context(), app, user, "", hello(user))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := n.Watch(t.Context(), app, user, id, []chat.CID{room}); err != nil {
			t.Fatal(err)
		}
	}
	for _, tt := range []struct {
		limit, offset int
		want          string
	}{
		{10, 0, "ann bob cat dan eve"},
		{2, 0, "ann bob"},
		{2, 2, "cat dan"},
		{2, 4, "eve"},
		{2, 5, ""},
		{0, 0, ""},
		{5, 99, ""},
		{-1, -1, ""},
		{1 << 40, 1, "bob cat dan eve"},
	} {
		if got := strings.Join(n.Watchers(app, room, tt.limit, tt.offset), " "); got != tt.want {
			t.Errorf("%d from %d: %s, want %s", tt.limit, tt.offset, got, tt.want)
		}
	}
	if got := n.Watchers(app, den, 10, 0); len(got) > 0 {
		t.Errorf("watchers of nothing: %v", got)
	}
}

func TestConnectionsOfOthers(t *testing.T) {
	t.Parallel()
	n := startNode(t, nil)
	ann := n.dial(t, "ann")
	for _, tt := range []struct {
		name, user, id string
		app            chat.AppID
	}{
		{"another user", "bob", ann.id, app},
		{"another app", "ann", ann.id, app + 1},
		{"unknown id", "ann", ann.id[:35] + "-", app},
		{"unknown node", "ann", "00000000" + ann.id[8:], app},
		{"no id", "ann", "", app},
		{"nonsense", "ann", strings.Repeat("x", 10_000), app},
		{"a websocket, not a long-poll", "ann", ann.id, app},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var errs []error
			note := func(_ any, err error) { errs = append(errs, err) }
			if tt.name != "a websocket, not a long-poll" {
				note(n.Watch(t.Context(), tt.app, tt.user, tt.id, []chat.CID{room}))
				note(n.StopWatching(t.Context(), tt.app, tt.user, tt.id, room))
				note(nil, n.SubscribePresence(t.Context(), tt.app, tt.user, tt.id, []string{"x"}))
			}
			note(n.Poll(t.Context(), tt.app, tt.user, tt.id))
			note(nil, n.Close(t.Context(), tt.app, tt.user, tt.id))
			for i, err := range errs {
				if chat.KindOf(err) != chat.ConnectionNotFound {
					t.Errorf("call %d: %v", i, err)
				}
			}
		})
	}
}

func TestWatchIsBounded(t *testing.T) {
	t.Parallel()
	n := startNode(t, nil)
	ann := n.dial(t, "ann")
	cids := make([]chat.CID, 10_001)
	for i := range cids {
		cids[i] = chat.CID(fmt.Sprint("messaging:", i))
	}
	if _, err := n.Watch(t.Context(), app, "ann", ann.id, cids[:10_000]); err != nil {
		t.Fatal(err)
	}
	if _, err := n.Watch(t.Context(), app, "ann", ann.id, cids); chat.KindOf(err) != chat.Invalid {
		t.Errorf("err = %v", err)
	}
	_ = ann.ws.CloseNow()
	if l := n.backend.expectLeft(t); len(l.CIDs) != 10_000 {
		t.Errorf("left %d channels", len(l.CIDs))
	}
	if s := n.Stats(); s.Channels != 0 {
		t.Errorf("%d channels are left", s.Channels)
	}
}

func TestWatchEnded(t *testing.T) {
	t.Parallel()
	n := startNode(t, nil)
	ann1, ann2, bob := n.dial(t, "ann"), n.dial(t, "ann"), n.dial(t, "bob")
	for _, c := range []*client{ann1, ann2, bob} {
		n.watch(t, c, room, den)
	}
	n.publish(t,
		chat.ChannelEvent("before", app, room, now()),
		&chat.Change{Kind: chat.WatchEnded, CID: room, User: "ann"},
		chat.ChannelEvent("after", app, room, now()))
	for _, c := range []*client{ann1, ann2, bob} {
		c.expect(t, "before")
	}
	bob.expect(t, "after")
	n.quiet(t, room, ann1, ann2)
	if got := n.Watchers(app, room, 10, 0); !slices.Equal(got, []string{"bob"}) {
		t.Errorf("watchers %v", got)
	}
	_ = ann1.ws.CloseNow()
	_ = ann2.ws.CloseNow()
	var left []chat.CID
	for offline := false; !offline; { // the two end at the same time
		l := n.backend.expectLeft(t)
		left, offline = append(left, l.CIDs...), l.Offline
	}
	if !slices.Equal(left, []chat.CID{den}) {
		t.Errorf("left %v", left)
	}
}

func TestChannelGone(t *testing.T) {
	t.Parallel()
	n := startNode(t, nil)
	n.backend.join(room, "ann", "bob")
	ann, bob := n.dial(t, "ann"), n.dial(t, "bob")
	n.watch(t, ann, room)
	n.publish(t,
		chat.ChannelEvent("channel.deleted", app, room, now()),
		&chat.Change{Kind: chat.ChannelGone, CID: room},
		chat.ChannelEvent("after", app, room, now()))
	ann.expect(t, "channel.deleted")
	n.publish(t, message(room, "eve", "into the void")...)
	n.quiet(t, room, ann, bob)
	if n.WatcherCount(app, room) != 0 || n.Stats().Channels != 0 {
		t.Error("the channel is remembered")
	}
	n.watch(t, ann, room) // a new channel of that name
	n.publish(t, chat.ChannelEvent("again", app, room, now()))
	ann.expect(t, "again")
}
