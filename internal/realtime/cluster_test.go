package realtime_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"chatd/internal/chat"
	"chatd/internal/realtime"
)

// cable connects one node to a bus and can be cut, or hold back what arrives.
type cable struct {
	realtime.Bus
	cut  atomic.Bool
	lose atomic.Pointer[string] // messages with this in them are not sent, without an error
	gate sync.RWMutex           // locked: messages wait
	up   atomic.Pointer[func()]
}

var errCut = errors.New("the cable is cut")

func (c *cable) Publish(ctx context.Context, msgs []realtime.Message) error {
	if c.cut.Load() {
		return errCut
	}
	if part := c.lose.Load(); part != nil {
		msgs = slices.DeleteFunc(msgs, func(m realtime.Message) bool { return bytes.Contains(m.Data, []byte(*part)) })
	}
	return c.Bus.Publish(ctx, msgs)
}

func (c *cable) Subscribe(ctx context.Context, handle func([]byte), up func()) error {
	c.up.Store(&up)
	return c.Bus.Subscribe(ctx, func(data []byte) {
		c.gate.RLock()
		defer c.gate.RUnlock()
		if !c.cut.Load() {
			handle(data)
		}
	}, up)
}

// mend ends a cut: the subscription stands again.
func (c *cable) mend() {
	c.cut.Store(false)
	(*c.up.Load())()
}

// member is a node of a cluster.
type member struct {
	*node
	cable *cable
	gaps  atomic.Int32
	stale chan string
}

// newCluster starts nodes on one bus. They know each other when it returns.
func newCluster(t *testing.T, size int) []*member {
	t.Helper()
	bus := realtime.NewMemoryBus()
	nodes := make([]*member, size)
	for i := range nodes {
		nodes[i] = joinCluster(t, bus, &cable{Bus: bus})
	}
	for _, m := range nodes {
		eventually(t, "all nodes know each other", func() bool { return m.Stats().Peers == int64(size-1) })
	}
	return nodes
}

func joinCluster(t *testing.T, bus realtime.Bus, c *cable) *member {
	t.Helper()
	c.Bus = bus
	m := &member{cable: c, stale: make(chan string, 100)}
	m.node = startNode(t, func(cfg *realtime.Config) {
		cfg.Bus = c
		cfg.BeatInterval = 250 * time.Millisecond
		cfg.OnGap = func() { m.gaps.Add(1) }
		cfg.OnStale = func(_ chat.AppID, key string) { m.stale <- key }
	})
	return m
}

// agree waits until all nodes see the same watchers and users online.
func agree(t *testing.T, nodes []*member, cid chat.CID, watchers string, online ...string) {
	t.Helper()
	for i, m := range nodes {
		eventually(t, fmt.Sprintf("node %d sees %q watch %s, and %v online", i, watchers, cid, online), func() bool {
			seen := m.OnlineOf(app, []string{"ann", "bob", "cat", "dan"})
			for _, u := range online {
				if !seen[u] {
					return false
				}
			}
			return strings.Join(m.Watchers(app, cid, 100, 0), " ") == watchers && len(seen) == len(online)
		})
	}
}

// converse makes each node publish something for the clients, of which one is on
// each node. When they have got it all nodes know what each has told before.
func converse(t *testing.T, nodes []*member, clients ...*client) {
	t.Helper()
	for i, m := range nodes {
		var users []string
		for _, c := range clients {
			if !slices.Contains(users, c.user) {
				users = append(users, c.user)
			}
		}
		m.publish(t, chat.UserEvent(fmt.Sprint("word", i), app, now(), users...))
		for _, c := range clients {
			c.skipTo(t, fmt.Sprint("word", i))
		}
	}
}

func TestEventsCrossNodes(t *testing.T) {
	t.Parallel()
	nodes := newCluster(t, 3)
	for _, m := range nodes {
		m.backend.join(room, "ann", "bob", "cat")
	}
	ann, bob, cat := nodes[0].dial(t, "ann"), nodes[1].dial(t, "bob"), nodes[2].dial(t, "cat")
	nodes[0].watch(t, ann, room)
	nodes[1].watch(t, bob, room)
	agree(t, nodes, room, "ann bob", "ann", "bob", "cat")
	for i, m := range nodes {
		m.publish(t, append(message(room, "dan", fmt.Sprint(i)), &chat.Change{Kind: chat.Stale, Key: fmt.Sprint("k", i)})...)
		for _, c := range []*client{ann, bob} {
			e := c.expect(t, "message.new")
			if text(e) != fmt.Sprint(i) || e["watcher_count"] != 2.0 || e["unread_count"] != float64(i+1) {
				t.Errorf("%s got %v", c.user, e)
			}
		}
		if e := cat.expect(t, "notification.message_new"); e["unread_count"] != float64(i+1) || e["channel"] == nil {
			t.Errorf("cat got %v", e)
		}
		for k, o := range nodes {
			if got := <-o.stale; got != fmt.Sprint("k", i) {
				t.Errorf("node %d: stale %s", k, got)
			}
		}
	}
	nodes[0].publish(t, presenceOf("p", "cat"))
	cat.expect(t, "p")
	app := chat.UserEvent("app.updated", app, now())
	app.To.Kind = chat.ToApp
	nodes[1].publish(t, app)
	for _, c := range []*client{ann, bob, cat} {
		c.expect(t, "app.updated")
	}
}

func TestPublishLocalStaysHere(t *testing.T) {
	t.Parallel()
	nodes := newCluster(t, 2)
	ann, bob := nodes[0].dial(t, "ann"), nodes[1].dial(t, "bob")
	nodes[0].watch(t, ann, room)
	nodes[1].watch(t, bob, room)
	agree(t, nodes, room, "ann bob", "ann", "bob")
	if err := nodes[0].PublishLocal(&chat.Publication{App: app, Items: []chat.Item{chat.ChannelEvent("x", app, room, now())}}); err != nil {
		t.Fatal(err)
	}
	ann.expect(t, "x")
	nodes[0].quiet(t, room, ann, bob)
}

func TestPresenceAndWatchingAcrossNodes(t *testing.T) {
	t.Parallel()
	nodes := newCluster(t, 2)
	a, b := nodes[0], nodes[1]
	ann1 := a.dial(t, "ann")
	agree(t, nodes, room, "", "ann")
	ann2 := b.dial(t, "ann")
	if !a.First(ann1.id) || b.First(ann2.id) {
		t.Error("the connection on the other node is the first too")
	}
	newly, err := a.Watch(t.Context(), app, "ann", ann1.id, []chat.CID{room})
	if err != nil || len(newly) != 1 {
		t.Errorf("Watch = %v, %v", newly, err)
	}
	agree(t, nodes, room, "ann", "ann")
	newly, err = b.Watch(t.Context(), app, "ann", ann2.id, []chat.CID{room})
	if err != nil || len(newly) != 0 {
		t.Errorf("Watch = %v, %v", newly, err)
	}
	if !b.Watches(app, "ann", room) {
		t.Error("ann does not watch")
	}
	b.SetInvisible(app, "ann", true)
	agree(t, nodes, room, "ann")
	a.SetInvisible(app, "ann", false)
	agree(t, nodes, room, "ann", "ann")

	// Node b has to see the second connection's watch before the first ends.
	bob := b.dial(t, "bob")
	agree(t, nodes, room, "ann", "ann", "bob")
	_ = ann1.ws.CloseNow()
	eventually(t, "node a has no connection", func() bool { return a.Stats().Connections == 0 })
	agree(t, nodes, room, "ann", "ann", "bob")
	gone, err := b.StopWatching(t.Context(), app, "ann", ann2.id, room)
	if err != nil || !gone {
		t.Errorf("StopWatching = %v, %v", gone, err)
	}
	agree(t, nodes, room, "", "ann", "bob")
	_ = bob.ws.CloseNow()
	if l := b.backend.expectLeft(t); l.User != "bob" || l.Local || !l.Offline {
		t.Errorf("left %+v", l)
	}
	agree(t, nodes, room, "", "ann")
	if len(a.backend.left) > 0 {
		t.Errorf("node a was told %+v", <-a.backend.left)
	}
}

// A request may reach another node than the connection.
func TestCallsToTheNodeOfAConnection(t *testing.T) {
	t.Parallel()
	nodes := newCluster(t, 2)
	a, b := nodes[0], nodes[1]
	ann := a.dial(t, "ann")
	newly, err := b.Watch(t.Context(), app, "ann", ann.id, []chat.CID{room, den})
	if err != nil || len(newly) != 2 {
		t.Fatalf("Watch = %v, %v", newly, err)
	}
	if err := b.SubscribePresence(t.Context(), app, "ann", ann.id, []string{"dan"}); err != nil {
		t.Fatal(err)
	}
	a.publish(t, chat.ChannelEvent("x", app, room, now()), presenceOf("y", "dan"))
	ann.expect(t, "x")
	ann.expect(t, "y")
	if gone, err := b.StopWatching(t.Context(), app, "ann", ann.id, room); err != nil || !gone {
		t.Errorf("StopWatching = %v, %v", gone, err)
	}
	for _, tt := range []struct{ user, id string }{{"bob", ann.id}, {"ann", ann.id[:35] + "g"}, {"ann", "01234567" + ann.id[8:]}} {
		if _, err := b.Watch(t.Context(), app, tt.user, tt.id, []chat.CID{room}); chat.KindOf(err) != chat.ConnectionNotFound {
			t.Errorf("Watch for %s: %v", tt.user, err)
		}
	}

	id, _, err := a.Open(t.Context(), app, "cat", "", hello("cat"))
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan string)
	go func() { done <- b.pollTypes(t, "cat", id) }()
	b.publish(t, chat.UserEvent("z", app, now(), "cat"))
	if got := <-done; got != "z" {
		t.Errorf("polled %q", got)
	}
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(time.Millisecond, cancel)
	if _, err := b.Poll(ctx, app, "cat", id); chat.KindOf(err) != chat.Unavailable {
		t.Errorf("a poll that was cancelled: %v", err)
	}
	if gone, err := b.StopWatching(t.Context(), app, "ann", ann.id, den); err != nil || !gone { // comes behind
		t.Errorf("StopWatching = %v, %v", gone, err)
	}
	before := a.Stats().Deliveries
	a.publish(t, chat.UserEvent("kept", app, now(), "cat"))
	eventually(t, "it is queued", func() bool { return a.Stats().Deliveries > before })
	if got := b.pollTypes(t, "cat", id); got != "kept" {
		t.Errorf("polled %q", got)
	}
	if err := b.Close(t.Context(), app, "cat", id); err != nil {
		t.Error(err)
	}
	if _, err := b.Poll(t.Context(), app, "cat", id); chat.KindOf(err) != chat.ConnectionNotFound {
		t.Errorf("poll after Close: %v", err)
	}
}

func TestNodeThatDoesNotAnswer(t *testing.T) {
	t.Parallel()
	nodes := newCluster(t, 2)
	ann := nodes[0].dial(t, "ann")
	nodes[0].cable.lose.Store(new(`"answer"`))
	if _, err := nodes[1].Watch(t.Context(), app, "ann", ann.id, []chat.CID{room}); chat.KindOf(err) != chat.Unavailable {
		t.Errorf("err = %v", err)
	}
}

func TestNodeThatStops(t *testing.T) {
	t.Parallel()
	nodes := newCluster(t, 3)
	ann, bob := nodes[0].dial(t, "ann"), nodes[1].dial(t, "bob")
	nodes[0].watch(t, ann, room)
	nodes[1].watch(t, bob, room)
	agree(t, nodes, room, "ann bob", "ann", "bob")
	nodes[0].stop()
	if l := nodes[0].backend.expectLeft(t); l.User != "ann" || !l.Offline || l.Local || len(l.CIDs) != 1 {
		t.Errorf("left %+v", l)
	}
	agree(t, nodes[1:], room, "bob", "bob")
	for _, m := range nodes[1:] {
		eventually(t, "it is forgotten", func() bool { return m.Stats().Peers == 1 })
		if len(m.backend.left) > 0 {
			t.Errorf("another node was told %+v", <-m.backend.left)
		}
	}
}

func TestNodeThatDies(t *testing.T) {
	t.Parallel()
	nodes := newCluster(t, 3)
	ann, bob := nodes[0].dial(t, "ann"), nodes[0].dial(t, "bob")
	bob2 := nodes[1].dial(t, "bob")
	nodes[0].watch(t, ann, room, den)
	nodes[0].watch(t, bob, room, den)
	nodes[1].watch(t, bob2, room)
	converse(t, nodes, ann, bob2, nodes[2].dial(t, "dan"))
	agree(t, nodes, room, "ann bob", "ann", "bob", "dan")
	agree(t, nodes, den, "ann bob", "ann", "bob", "dan")
	nodes[0].cable.cut.Store(true)
	agree(t, nodes[1:], room, "bob", "bob", "dan")
	agree(t, nodes[1:], den, "", "bob", "dan")
	for i, m := range nodes[1:] {
		got := map[string]leave{}
		for range 2 {
			l := m.backend.expectLeft(t)
			got[l.User] = l
		}
		if l := got["ann"]; !l.Offline || !l.Local || !slices.Equal(l.CIDs, []chat.CID{den, room}) {
			t.Errorf("node %d: left %+v", i+1, l)
		}
		if l := got["bob"]; l.Offline || !l.Local || !slices.Equal(l.CIDs, []chat.CID{den}) {
			t.Errorf("node %d: left %+v", i+1, l)
		}
	}
	// For itself nobody is dead, and its own clients go on.
	nodes[0].publishErr(t, chat.ChannelEvent("x", app, room, now()))
	ann.expect(t, "x")
	agree(t, nodes[:1], room, "ann bob", "ann", "bob", "dan")

	nodes[0].cable.mend()
	agree(t, nodes, room, "ann bob", "ann", "bob", "dan")
	agree(t, nodes, den, "ann bob", "ann", "bob", "dan")
}

// publishErr publishes while the bus is down.
func (m *member) publishErr(t *testing.T, items ...chat.Item) {
	t.Helper()
	if err := m.Publish(t.Context(), &chat.Publication{App: app, Items: items}); err == nil {
		t.Error("Publish does not say that the bus is down")
	}
}

// While the bus is down everywhere nobody expires; afterwards nodes tell each
// other what has changed and read anew what they may have missed.
func TestBusOutage(t *testing.T) {
	t.Parallel()
	nodes := newCluster(t, 2)
	a, b := nodes[0], nodes[1]
	b.backend.members["bob"] = []realtime.Membership{{CID: room, Unread: 1}}
	ann, bob := a.dial(t, "ann"), b.dial(t, "bob")
	a.watch(t, ann, room)
	b.watch(t, bob, room)
	agree(t, nodes, room, "ann bob", "ann", "bob")
	for _, m := range nodes {
		m.cable.cut.Store(true)
	}
	cat := a.dial(t, "cat")
	a.watch(t, cat, room)
	_ = ann.ws.CloseNow()
	a.backend.expectLeft(t)
	start := time.Now()
	a.publishErr(t, message(room, "cat", "missed by bob")...)
	a.publishErr(t, message(room, "cat", "missed too")...)
	if took := time.Since(start); took > time.Second {
		t.Errorf("publishing took %v", took)
	}
	cat.expect(t, "message.new")
	cat.expect(t, "message.new")
	b.backend.mu.Lock()
	b.backend.members["bob"] = []realtime.Membership{{CID: room, Unread: 3}, {CID: den, Unread: 4}}
	b.backend.mu.Unlock()
	failures := a.Stats().BusFailures
	eventually(t, "beats have failed for a while", func() bool { return a.Stats().BusFailures >= failures+5 })
	if !b.Online(app, "ann") || b.WatcherCount(app, room) != 2 || a.Stats().Peers != 1 {
		t.Error("somebody expired during the outage")
	}
	if a.gaps.Load()+b.gaps.Load() != 0 {
		t.Error("OnGap during the outage")
	}
	for _, m := range nodes {
		m.cable.mend()
	}
	agree(t, nodes, room, "bob cat", "bob", "cat")
	eventually(t, "both dropped their caches", func() bool { return a.gaps.Load() > 0 && b.gaps.Load() > 0 })
	eventually(t, "bob's numbers are read anew", func() bool { return b.totals("bob") == "7/2" })
	eventually(t, "node b noticed that ann left", func() bool { return len(b.backend.left) > 0 })
	if l := b.backend.expectLeft(t); l.User != "ann" || !l.Offline || !l.Local {
		t.Errorf("left %+v", l)
	}
	eventually(t, "the bus works", func() bool {
		return a.Publish(t.Context(), &chat.Publication{App: app, Items: []chat.Item{chat.ChannelEvent("x", app, room, now())}}) == nil
	})
	bob.skipTo(t, "x")
	if s := b.Stats(); s.BusReconnects != 1 || s.BusFailures == 0 {
		t.Errorf("stats %+v", s)
	}
}

// A node whose publications did not leave makes the others read anew, although
// their own subscription never failed.
func TestLostPublications(t *testing.T) {
	t.Parallel()
	nodes := newCluster(t, 2)
	a, b := nodes[0], nodes[1]
	b.backend.members["bob"] = []realtime.Membership{{CID: room}}
	b.dial(t, "bob")
	a.cable.cut.Store(true)
	a.publishErr(t, message(room, "ann", "missed")...)
	b.backend.mu.Lock()
	b.backend.members["bob"] = []realtime.Membership{{CID: room, Unread: 1}}
	b.backend.mu.Unlock()
	a.cable.cut.Store(false) // its subscription did not fail either
	eventually(t, "bob's numbers are read anew", func() bool { return b.totals("bob") == "1/1" && b.gaps.Load() > 0 })
}

// Gossip that is lost on the way is noticed by its number.
func TestLostGossip(t *testing.T) {
	t.Parallel()
	nodes := newCluster(t, 2)
	a := nodes[0]
	ann := a.dial(t, "ann")
	a.watch(t, ann, room)
	agree(t, nodes, room, "ann", "ann")
	a.cable.lose.Store(new(`"gossip"`))
	bob := a.dial(t, "bob")
	a.watch(t, bob, room)
	_ = ann.ws.CloseNow()
	a.backend.expectLeft(t)
	eventually(t, "gossip has been lost", func() bool { return a.WatcherCount(app, room) == 1 })
	a.publish(t, chat.UserEvent("x", app, now(), "bob")) // behind it
	a.cable.lose.Store(nil)
	agree(t, nodes, room, "bob", "bob")
	if l := nodes[1].backend.expectLeft(t); l.User != "ann" || !l.Local || !l.Offline {
		t.Errorf("left %+v", l)
	}
}

// Two connections of a user on two nodes that end at once: each node still sees
// the other's, so all nodes find out by themselves.
func TestLastConnectionsEndAtOnce(t *testing.T) {
	t.Parallel()
	nodes := newCluster(t, 3)
	ann1, ann2 := nodes[0].dial(t, "ann"), nodes[1].dial(t, "ann")
	nodes[0].watch(t, ann1, room)
	nodes[1].watch(t, ann2, room)
	converse(t, nodes, ann1, ann2, nodes[2].dial(t, "dan"))
	for _, m := range nodes {
		m.cable.gate.Lock()
	}
	_ = ann1.ws.CloseNow()
	_ = ann2.ws.CloseNow()
	for _, m := range nodes[:2] {
		eventually(t, "it ended", func() bool { return m.Stats().Connections == 0 })
	}
	for _, m := range nodes {
		m.cable.gate.Unlock()
	}
	for i, m := range nodes {
		var all leave
		for !all.Offline || len(all.CIDs) == 0 {
			l := m.backend.expectLeft(t)
			all.CIDs, all.Offline = append(all.CIDs, l.CIDs...), all.Offline || l.Offline
			if l.User != "ann" || !l.Local {
				t.Fatalf("node %d: left %+v", i, l)
			}
		}
		if !slices.Equal(all.CIDs, []chat.CID{room}) {
			t.Errorf("node %d: left %v", i, all.CIDs)
		}
	}
	agree(t, nodes, room, "", "dan")
}

func TestNodeThatJoinsLater(t *testing.T) {
	t.Parallel()
	nodes := newCluster(t, 1)
	ann := nodes[0].dial(t, "ann")
	nodes[0].SetInvisible(app, "ann", true)
	nodes[0].watch(t, ann, room)
	for i := range 1200 { // more than one message of gossip
		user := fmt.Sprint("u", i)
		if _, _, err := nodes[0].Open(t.Context(), app, user, "", hello(user)); err != nil {
			t.Fatal(err)
		}
	}
	late := joinCluster(t, nodes[0].cable.Bus, &cable{})
	agree(t, append(nodes, late), room, "ann")
	eventually(t, "all are online", func() bool { return late.Online(app, "u1199") && late.Online(app, "u0") })
	late.SetInvisible(app, "ann", false)
	agree(t, append(nodes, late), room, "ann", "ann")
}

func TestChannelGoneAcrossNodes(t *testing.T) {
	t.Parallel()
	nodes := newCluster(t, 2)
	ann, bob := nodes[0].dial(t, "ann"), nodes[1].dial(t, "bob")
	nodes[0].watch(t, ann, room)
	nodes[1].watch(t, bob, room)
	agree(t, nodes, room, "ann bob", "ann", "bob")
	nodes[0].publish(t, &chat.Change{Kind: chat.ChannelGone, CID: room})
	agree(t, nodes, room, "", "ann", "bob")
	nodes[0].watch(t, ann, room) // a new channel of that name
	agree(t, nodes, room, "ann", "ann", "bob")
	nodes[0].publish(t, &chat.Change{Kind: chat.WatchEnded, CID: room, User: "ann"})
	agree(t, nodes, room, "", "ann", "bob")
	for i, m := range nodes {
		if len(m.backend.left) > 0 {
			t.Errorf("node %d was told %+v", i, <-m.backend.left)
		}
	}
}

// A state of which a part was lost takes nobody out; the next one does.
func TestTornState(t *testing.T) {
	t.Parallel()
	bus := realtime.NewMemoryBus()
	asked := subscribe(t, bus, `{"kind":"ask"`)
	hello := subscribe(t, bus, `{"kind":"hello"`)
	m := &member{node: startNode(t, func(cfg *realtime.Config) { cfg.Bus = bus })}
	eventually(t, "it listens", func() bool { return hello.count() == 1 })
	gossip := func(seq int, records string) {
		t.Helper()
		data := fmt.Sprintf(`{"kind":"gossip","from":"other","seq":%d,"records":[%s]}`, seq, records)
		if err := bus.Publish(t.Context(), []realtime.Message{{Data: []byte(data)}}); err != nil {
			t.Fatal(err)
		}
	}
	const begin, end = `{"presence":"begin"}`, `{"presence":"end"}`
	const ann, bob = `{"app":1,"user":"ann","presence":"on","watch":["messaging:room"]}`, `{"app":1,"user":"bob","presence":"on"}`
	const cat = `{"app":1,"user":"cat","presence":"on"}`
	all := []*member{m}
	gossip(1, begin+","+ann+","+bob+","+end)
	agree(t, all, room, "ann", "ann", "bob")
	eventually(t, "an unknown node is asked for its state", func() bool { return asked.count() == 1 })
	gossip(2, begin+","+bob)
	gossip(4, end+","+cat) // ann was in 3
	agree(t, all, room, "ann", "ann", "bob", "cat")
	eventually(t, "it is asked again", func() bool { return asked.count() == 2 })
	gossip(5, begin+","+bob)
	gossip(6, end)
	agree(t, all, room, "", "bob")
	left := map[string]leave{}
	for range 2 {
		l := m.backend.expectLeft(t)
		left[l.User] = l
	}
	if a, c := left["ann"], left["cat"]; !a.Offline || !a.Local || len(a.CIDs) != 1 || !c.Offline || len(c.CIDs) != 0 {
		t.Errorf("left %+v", left)
	}
}

func TestNonsenseOnTheBus(t *testing.T) {
	t.Parallel()
	bus := realtime.NewMemoryBus()
	nodes := []*member{joinCluster(t, bus, &cable{}), joinCluster(t, bus, &cable{})}
	for _, data := range []string{
		"", "nonsense", "{}", `{"kind":"pub","from":"x"}`, `{"kind":"call","from":"x"}`, `{"kind":"answer","from":"x"}`,
		`{"kind":"answer","from":"x","answer":{"id":99}}`, `{"kind":"what","from":"x"}`, `{"kind":"bye","from":"x"}`,
		`{"kind":"pub","from":"x","pub":{"app":1,"items":[{},{"event":{"body":""}}]}}`,
		`{"kind":"gossip","from":"x","seq":9,"records":[{"presence":"off","user":"y","stop":["a:b"],"quiet":["a:b"]}]}`,
		`{"kind":"call","from":"x","call":{"op":"what","conn":"z"}}`,
	} {
		if err := bus.Publish(t.Context(), []realtime.Message{{Data: []byte(data)}}); err != nil {
			t.Fatal(err)
		}
	}
	ann := nodes[0].dial(t, "ann")
	nodes[0].watch(t, ann, room)
	agree(t, nodes, room, "ann", "ann")
	nodes[1].publish(t, chat.ChannelEvent("x", app, room, now()))
	ann.expect(t, "x")
}
