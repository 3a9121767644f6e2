package realtime_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"chatd/internal/chat"
	"chatd/internal/realtime"
)

// pollTypes polls once and returns the types of the events.
func (n *node) pollTypes(t *testing.T, user, id string) string {
	t.Helper()
	events, err := n.Poll(context.Background(), app, user, id)
	if err != nil {
		t.Fatal(err)
	}
	var types []string
	for _, raw := range events {
		var e event
		if err := json.Unmarshal(raw, &e); err != nil {
			t.Fatalf("%v: %s", err, raw)
		}
		types = append(types, e.typ())
	}
	return strings.Join(types, " ")
}

func TestLongPoll(t *testing.T) {
	t.Parallel()
	n := startNode(t, nil)
	n.backend.join(room, "ann")
	id, first, err := n.Open(t.Context(), app, "ann", "", hello("ann"))
	if err != nil || !strings.Contains(string(first), id) {
		t.Fatalf("Open = %s, %s, %v", id, first, err)
	}
	if !n.Online(app, "ann") {
		t.Error("ann is not online")
	}
	if _, err := n.Watch(t.Context(), app, "ann", id, []chat.CID{room}); err != nil {
		t.Fatal(err)
	}
	n.publish(t, message(room, "bob", "one")...)
	n.publish(t, message(room, "bob", strings.Repeat("two", 30_000))...) // a long frame's header is left out too
	eventually(t, "both are there", func() bool { return n.Stats().Deliveries == 2 })
	if got := n.pollTypes(t, "ann", id); got != "message.new message.new" {
		t.Errorf("polled %q", got)
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		if got := n.pollTypes(t, "ann", id); got != "x" {
			t.Errorf("polled %q while waiting", got)
		}
	})
	n.publish(t, chat.UserEvent("x", app, now(), "ann"))
	wg.Wait()

	if err := n.Close(t.Context(), app, "ann", id); err != nil {
		t.Fatal(err)
	}
	if l := n.backend.expectLeft(t); !l.Offline || len(l.CIDs) != 1 {
		t.Errorf("left %+v", l)
	}
	if _, err := n.Poll(t.Context(), app, "ann", id); chat.KindOf(err) != chat.ConnectionNotFound {
		t.Errorf("poll after Close: %v", err)
	}
	if err := n.Close(t.Context(), app, "ann", id); chat.KindOf(err) != chat.ConnectionNotFound {
		t.Errorf("second Close: %v", err)
	}
}

func TestPollThatIsCancelled(t *testing.T) {
	t.Parallel()
	n := startNode(t, nil)
	id, _, err := n.Open(t.Context(), app, "ann", "", hello("ann"))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(time.Millisecond, cancel)
	if _, err := n.Poll(ctx, app, "ann", id); !errors.Is(err, context.Canceled) {
		t.Errorf("err = %v", err)
	}
	n.publish(t, chat.UserEvent("x", app, now(), "ann")) // waits for the next poll
	if got := n.pollTypes(t, "ann", id); got != "x" {
		t.Errorf("polled %q", got)
	}
}

func TestLaterPollTakesOver(t *testing.T) {
	t.Parallel()
	n := startNode(t, nil)
	id, _, err := n.Open(t.Context(), app, "ann", "", hello("ann"))
	if err != nil {
		t.Fatal(err)
	}
	const polls = 5
	results := make(chan string, polls)
	for range polls {
		go func() { results <- n.pollTypes(t, "ann", id) }()
	}
	for range polls - 1 {
		if got := <-results; got != "" {
			t.Errorf("an earlier poll got %q", got)
		}
	}
	n.publish(t, chat.UserEvent("x", app, now(), "ann"))
	if got := <-results; got != "x" {
		t.Errorf("the last poll got %q", got)
	}
}

func TestLongPollOverflow(t *testing.T) {
	t.Parallel()
	n := startNode(t, func(cfg *realtime.Config) { cfg.QueueBytes = 10_000 })
	id, _, err := n.Open(t.Context(), app, "ann", "", hello("ann"))
	if err != nil {
		t.Fatal(err)
	}
	for range 20 {
		ev := chat.UserEvent("x", app, now(), "ann")
		ev.Custom = fmt.Appendf(nil, `{"pad":"%s"}`, strings.Repeat("x", 1000))
		n.publish(t, ev)
	}
	eventually(t, "it is full", func() bool { return n.Stats().Overflows == 1 })
	if _, err := n.Poll(t.Context(), app, "ann", id); chat.KindOf(err) != chat.ConnectionNotFound {
		t.Errorf("err = %v", err)
	}
	if l := n.backend.expectLeft(t); !l.Offline {
		t.Errorf("left %+v", l)
	}
}

func TestHelloOfALongPollFails(t *testing.T) {
	t.Parallel()
	n := startNode(t, nil)
	broken := errors.New("broken")
	_, _, err := n.Open(t.Context(), app, "ann", "", func(string) ([]byte, error) { return nil, broken })
	if !errors.Is(err, broken) || n.Online(app, "ann") {
		t.Errorf("err = %v", err)
	}
	n.backend.expectLeft(t)
}

// synced runs a test with a hub without sockets in a bubble of fake time.
func synced(t *testing.T, test func(t *testing.T, n *node)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		n := &node{backend: newBackend()}
		n.Hub = realtime.New(realtime.Config{Backend: n.backend})
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() {
			defer close(done)
			_ = n.Run(ctx)
		}()
		test(t, n)
		cancel()
		<-done
	})
}

func TestPollTimeout(t *testing.T) {
	t.Parallel()
	synced(t, func(t *testing.T, n *node) {
		t.Helper()
		id, _, err := n.Open(t.Context(), app, "ann", "", hello("ann"))
		if err != nil {
			t.Fatal(err)
		}
		for range 5 { // polls keep it alive
			start := time.Now()
			if got := n.pollTypes(t, "ann", id); got != "" || time.Since(start) != 20*time.Second {
				t.Errorf("polled %q after %v", got, time.Since(start))
			}
		}
	})
}

func TestPollLinger(t *testing.T) {
	t.Parallel()
	synced(t, func(t *testing.T, n *node) {
		t.Helper()
		id, _, err := n.Open(t.Context(), app, "ann", "", hello("ann"))
		if err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		l := <-n.backend.left
		if took := time.Since(start); took < 45*time.Second || took > 47*time.Second || !l.Offline {
			t.Errorf("left %+v after %v", l, took)
		}
		if _, err := n.Poll(t.Context(), app, "ann", id); chat.KindOf(err) != chat.ConnectionNotFound {
			t.Errorf("err = %v", err)
		}
	})
}

// pollers opens long-polls of users that watch the room.
func (n *node) pollers(t *testing.T, count int) (ids []string) {
	t.Helper()
	for i := range count {
		user := fmt.Sprint("u", i)
		id, _, err := n.Open(context.Background(), app, user, "", hello(user))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := n.Watch(context.Background(), app, user, id, []chat.CID{room}); err != nil {
			t.Fatal(err)
		}
		ids = append(ids, id)
	}
	return ids
}

// take returns the types that wait for a poller, as of now.
func (n *node) take(t *testing.T, user, id string) string {
	t.Helper()
	end := chat.ChannelEvent("end", app, room, now())
	end.To = chat.Audience{Kind: chat.ToUsers, Users: []string{user}}
	n.publish(t, end)
	synctest.Wait()
	return strings.TrimSpace(strings.TrimSuffix(n.pollTypes(t, user, id), "end"))
}

func TestBigChannels(t *testing.T) {
	t.Parallel()
	by := func(typ, user string) *chat.Event {
		ev := chat.ChannelEvent(typ, app, room, now())
		ev.User, ev.WithWatchers = &chat.User{ID: user}, true
		return ev
	}
	for _, tt := range []struct {
		watchers int
		want     map[string]string
	}{
		{100, map[string]string{"u0": "typing.start message.read typing.stop message.new", "u1": "typing.start message.read typing.stop message.new"}},
		{101, map[string]string{"u0": "message.read message.new", "u1": "message.new"}},
	} {
		synced(t, func(t *testing.T, n *node) {
			t.Helper()
			ids := n.pollers(t, tt.watchers)
			n.publish(t, by("typing.start", "u0"), by("message.read", "u0"), by("typing.stop", "u0"), by("message.new", "u0"))
			for i, user := range []string{"u0", "u1"} {
				if got := n.take(t, user, ids[i]); got != tt.want[user] {
					t.Errorf("%d watchers, %s got %q", tt.watchers, user, got)
				}
			}
		})
	}
}

func TestWatchingEventsOfBigChannels(t *testing.T) {
	t.Parallel()
	synced(t, func(t *testing.T, n *node) {
		t.Helper()
		ids := n.pollers(t, 102)
		start := func(user string) {
			ev := chat.ChannelEvent("user.watching.start", app, room, now())
			ev.User, ev.WithWatchers = &chat.User{ID: user}, true
			n.publish(t, ev)
		}
		for i := range 50 {
			start(fmt.Sprint("first", i))
		}
		if got := n.take(t, "u0", ids[0]); got != "user.watching.start" {
			t.Errorf("at once: %q", got)
		}
		if _, err := n.StopWatching(t.Context(), app, "u50", ids[50], room); err != nil {
			t.Fatal(err)
		}
		begin := now()
		events, err := n.Poll(t.Context(), app, "u0", ids[0])
		if err != nil || len(events) != 1 {
			t.Fatalf("%d events, %v", len(events), err)
		}
		var e event
		_ = json.Unmarshal(events[0], &e)
		user, _ := e["user"].(map[string]any)
		if took := time.Since(begin); took < 4*time.Second || took > 7*time.Second || user["id"] != "first49" || e["watcher_count"] != 101.0 {
			t.Errorf("after %v: %v watches, %v in all", took, user["id"], e["watcher_count"])
		}
		if got := n.pollTypes(t, "u0", ids[0]); got != "" {
			t.Errorf("then: %q", got)
		}
		start("later")
		if got := n.take(t, "u0", ids[0]); got != "user.watching.start" {
			t.Errorf("later: %q", got)
		}
	})
}
