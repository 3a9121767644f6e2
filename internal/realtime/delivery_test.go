package realtime_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"chatd/internal/chat"
	"chatd/internal/realtime"
)

const room chat.CID = "messaging:room"

// house is a node with one connection for each relation to the room.
type house struct {
	*node
	conns map[string]*client
}

// newHouse connects, as user/connection: ann/1 and bob/1, members who watch, ann/2
// and cat/1, members who do not, dan/1, a watcher who is no member, and eve/1, who
// is nothing but subscribed to the presence of cat.
func newHouse(t *testing.T) *house {
	t.Helper()
	h := &house{startNode(t, nil), map[string]*client{}}
	h.backend.join(room, "ann", "bob", "cat")
	for _, name := range []string{"ann/1", "ann/2", "bob/1", "cat/1", "dan/1", "eve/1"} {
		h.conns[name] = h.dial(t, name[:3])
	}
	for _, name := range []string{"ann/1", "bob/1", "dan/1"} {
		h.watch(t, h.conns[name], room)
	}
	eve := h.conns["eve/1"]
	if err := h.SubscribePresence(t.Context(), app, "eve", eve.id, []string{"cat", "nobody"}); err != nil {
		t.Fatal(err)
	}
	return h
}

func TestAudiences(t *testing.T) {
	t.Parallel()
	users := func(k chat.AudienceKind, ids ...string) chat.Audience { return chat.Audience{Kind: k, Users: ids} }
	only := func(k chat.AudienceKind, ids ...string) chat.Audience { return chat.Audience{Kind: k, Only: ids} }
	for _, tt := range []struct {
		name string
		to   chat.Audience
		also bool
		main string // who gets the event
		away string // who gets it under its other type, or with the channel
	}{
		{"hooks", chat.Audience{Kind: chat.ToHooks}, false, "", ""},
		{"watchers", chat.Audience{Kind: chat.ToWatchers}, false, "ann/1 bob/1 dan/1", ""},
		{"watchers and others", chat.Audience{Kind: chat.ToWatchers}, true, "ann/1 bob/1 dan/1", "ann/2 cat/1"},
		{"restricted", only(chat.ToWatchers, "ann", "dan"), true, "ann/1 dan/1", "ann/2"},
		{"restricted to nobody", only(chat.ToWatchers, "nobody"), true, "", ""},
		{"members away", chat.Audience{Kind: chat.ToMembers}, false, "", "ann/2 cat/1"},
		{"restricted members", only(chat.ToMembers, "cat"), false, "", "cat/1"},
		{"users", users(chat.ToUsers, "ann", "eve", "nobody"), false, "ann/1 ann/2 eve/1", ""},
		{"users away", users(chat.ToUsersAway, "ann", "dan", "eve"), false, "", "ann/2 eve/1"},
		{"other watchers", users(chat.ToOtherWatcher, "ann"), false, "bob/1 dan/1", ""},
		{"presence", users(chat.ToPresence, "cat", "bob"), false, "bob/1 cat/1 eve/1", ""},
		{"followers", users(chat.ToFollowers, "cat", "bob"), false, "eve/1", ""},
		{"followers", users(chat.ToFollowers, "cat", "bob"), false, "eve/1", ""},
		{"app", chat.Audience{Kind: chat.ToApp}, false, "ann/1 ann/2 bob/1 cat/1 dan/1 eve/1", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			ev := chat.ChannelEvent("main", app, room, time.Now())
			ev.To = tt.to
			if tt.also {
				ev.Also = "other"
			}
			h.publish(t, ev)
			for name, c := range h.conns {
				switch {
				case slices.Contains(strings.Fields(tt.main), name):
					if e := c.expect(t, "main"); e["channel"] != nil {
						t.Errorf("%s got the channel: %v", name, e)
					}
				case slices.Contains(strings.Fields(tt.away), name):
					want := map[bool]string{true: "other", false: "main"}[tt.also]
					if e := c.expect(t, want); fmt.Sprint(e["channel"]) != "map[cid:messaging:room]" {
						t.Errorf("%s got no channel: %v", name, e)
					}
				}
				h.quiet(t, room, c)
			}
		})
	}
}

func TestEventsOfAnotherApp(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	for _, kind := range []chat.AudienceKind{chat.ToWatchers, chat.ToMembers, chat.ToUsers, chat.ToPresence, chat.ToApp} {
		ev := chat.ChannelEvent("main", app+1, room, time.Now())
		ev.To = chat.Audience{Kind: kind, Users: []string{"ann", "cat"}}
		if err := h.Publish(t.Context(), &chat.Publication{App: app + 1, Items: []chat.Item{ev}}); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range h.conns {
		h.quiet(t, room, c)
	}
}

func TestChannelIsNotPutInTwice(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	ev := chat.ChannelEvent("notification.channel_deleted", app, room, time.Now())
	ev.To.Kind = chat.ToMembers
	ev.Channel = &chat.Channel{CID: "own:one"}
	h.publish(t, ev)
	e := h.conns["cat/1"].expect(t, "notification.channel_deleted")
	if ch, _ := e["channel"].(map[string]any); ch["cid"] != "own:one" {
		t.Errorf("channel = %v", e["channel"])
	}
}

func TestChannelThatCannotBeRendered(t *testing.T) {
	t.Parallel()
	n := startNode(t, nil)
	n.backend.noRender = errors.New("database is away")
	n.backend.join(room, "ann")
	ann := n.dial(t, "ann")
	n.publish(t, message(room, "bob", "hi")...)
	if e := ann.expect(t, "notification.message_new"); e["channel"] != nil || text(e) != "hi" {
		t.Errorf("got %v", e)
	}
}

func TestOrder(t *testing.T) {
	t.Parallel()
	n := startNode(t, nil)
	const rooms, messages = 4, 200
	cid := func(i int) chat.CID { return chat.CID(fmt.Sprint("messaging:r", i)) }
	var all []chat.CID
	for i := range rooms {
		all = append(all, cid(i))
	}
	clients := []*client{n.dial(t, "ann"), n.dial(t, "bob"), n.dial(t, "cat")}
	for _, c := range clients {
		n.watch(t, c, all...)
	}
	done := make(chan struct{})
	for i := range rooms {
		go func() {
			for k := range messages {
				n.publish(t, message(cid(i), "ann", fmt.Sprint(k))...)
			}
			done <- struct{}{}
		}()
	}
	for range rooms {
		<-done
	}
	for _, c := range clients {
		next := map[any]int{}
		for range rooms * messages {
			e := c.expect(t, "message.new")
			if want := fmt.Sprint(next[e["cid"]]); text(e) != want {
				t.Fatalf("%s got message %s of %v, want %s", c.user, text(e), e["cid"], want)
			}
			next[e["cid"]]++
		}
	}
}

func TestItemsKeepTheirOrder(t *testing.T) {
	t.Parallel()
	n := startNode(t, nil)
	n.backend.join(room, "ann")
	ann := n.dial(t, "ann")
	n.watch(t, ann, room)
	own := func(typ string) *chat.Event {
		ev := chat.UserEvent(typ, app, time.Now(), "ann")
		ev.WithUnread = true
		return ev
	}
	count := &chat.Change{Kind: chat.MessageCounted, CID: room, User: "bob"}
	for range 50 {
		n.publish(t,
			own("a"), count, own("b"), &chat.Change{Kind: chat.UnreadSet, CID: room, User: "ann", N: 7}, own("c"),
			chat.ChannelEvent("d", app, room, time.Now()), &chat.Change{Kind: chat.UnreadSet, CID: room, User: "ann"})
	}
	for range 50 {
		for _, want := range []struct {
			typ string
			n   any
		}{{"a", 0.0}, {"b", 1.0}, {"c", 7.0}, {"d", nil}} {
			if e := ann.expect(t, want.typ); e["total_unread_count"] != want.n || e["unread_count"] != want.n {
				t.Fatalf("%v, want %v unread", e, want.n)
			}
		}
	}
}

func TestHostileTypeName(t *testing.T) {
	t.Parallel()
	n := startNode(t, nil)
	ann := n.dial(t, "ann")
	n.watch(t, ann, room)
	const typ = "a\"b\\\u2028\n<é>"
	n.publish(t, chat.ChannelEvent(typ, app, room, time.Now()))
	ann.expect(t, typ)
}

func TestCompression(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		mode websocket.CompressionMode
		size int
		want bool
	}{
		{"not offered", websocket.CompressionDisabled, 4000, false},
		{"offered", websocket.CompressionNoContextTakeover, 4000, true},
		{"offered with context", websocket.CompressionContextTakeover, 4000, true},
		{"huge", websocket.CompressionNoContextTakeover, 300_000, true},
		{"small", websocket.CompressionNoContextTakeover, 100, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			n := startNode(t, nil)
			n.backend.join(room, "ann", "bob", "cat")
			var clients []*client
			var wires []*meter
			for _, user := range []string{"ann", "bob", "cat"} {
				m := &meter{}
				clients = append(clients, n.dialWith(t, user, &websocket.DialOptions{CompressionMode: tt.mode, HTTPClient: m.client(t)}))
				wires = append(wires, m)
			}
			n.watch(t, clients[0], room)
			n.watch(t, clients[1], room)
			// Numbers differ between the members, cat does not watch.
			n.publish(t, &chat.Change{Kind: chat.UnreadSet, CID: room, User: "ann", N: 5})
			long := strings.Repeat("0123456789", tt.size/10)
			n.publish(t, message(room, "dan", long)...)
			for i, c := range clients {
				e := c.next(t)
				if text(e) != long {
					t.Errorf("%s got another text of %d bytes", c.user, len(text(e)))
				}
				if want := []float64{6, 1, 1}[i]; e["unread_count"] != want {
					t.Errorf("%s has %v unread, want %v", c.user, e["unread_count"], want)
				}
				if got := int(wires[i].read.Load()) < tt.size; got != tt.want {
					t.Errorf("%s read %d bytes for a text of %d, compressed: want %v", c.user, wires[i].read.Load(), tt.size, tt.want)
				}
			}
			n.quiet(t, room, clients...)
		})
	}
}

func TestPublishLocal(t *testing.T) {
	t.Parallel()
	var stale []string
	n := startNode(t, func(cfg *realtime.Config) {
		cfg.OnStale = func(a chat.AppID, key string) { stale = append(stale, fmt.Sprint(a, " ", key)) }
	})
	ann := n.dial(t, "ann")
	err := n.PublishLocal(&chat.Publication{App: app, Items: []chat.Item{
		&chat.Change{Kind: chat.Stale, Key: "user/ann"}, chat.UserEvent("x", app, time.Now(), "ann"),
	}})
	if err != nil {
		t.Fatal(err)
	}
	if len(stale) != 1 || stale[0] != "1 user/ann" {
		t.Errorf("stale = %v when PublishLocal returned", stale)
	}
	ann.expect(t, "x")
}

func TestPublishWhatCannotBeEncoded(t *testing.T) {
	t.Parallel()
	n := startNode(t, nil)
	ev := chat.UserEvent("x", app, time.Now(), "ann")
	ev.Custom = []byte(`{"broken`)
	if err := n.Publish(t.Context(), &chat.Publication{App: app, Items: []chat.Item{ev}}); err == nil {
		t.Error("no error")
	}
}

func TestPublishAfterTheEnd(t *testing.T) {
	t.Parallel()
	n := startNode(t, nil)
	n.stop()
	for range 10_000 { // more than any queue holds
		if n.Publish(t.Context(), &chat.Publication{App: app, Items: message(room, "a", "b")}) != nil {
			return
		}
	}
	t.Error("publications go nowhere without an error")
}

// TestUnreadThreadsAreEachRecipientsOwn has an event carry numbers of threads to users
// who do not watch, and to users wherever they are.
func TestUnreadThreadsAreEachRecipientsOwn(t *testing.T) {
	t.Parallel()
	for _, kind := range []chat.AudienceKind{chat.ToUsersAway, chat.ToUsers} {
		h := newHouse(t)
		ev := chat.ChannelEvent("main", app, room, time.Now())
		ev.To = chat.Audience{Kind: kind, Users: []string{"ann", "eve"}}
		ev.ThreadsOf = map[string]chat.UnreadThreads{"ann": {Threads: 2, Messages: 5}, "eve": {}}
		h.publish(t, ev)
		for name, want := range map[string]string{"ann/2": "2 5", "eve/1": "0 0"} {
			e := h.conns[name].expect(t, "main")
			if got := fmt.Sprint(e["unread_threads"], " ", e["unread_thread_messages"]); got != want {
				t.Errorf("%s: %s, want %s", name, got, want)
			}
		}
	}
}
