package realtime_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"

	"chatd/internal/chat"
	"chatd/internal/realtime"
)

const den chat.CID = "messaging:den"

// totals returns what Totals says as "messages/channels".
func (n *node) totals(user string) string {
	u, ok := n.Totals(app, user)
	if !ok {
		return "none"
	}
	if u.UnreadCount != u.TotalUnread {
		return "differ"
	}
	return fmt.Sprint(u.TotalUnread, "/", u.UnreadChannels)
}

// settle waits until everything published in a channel before has been applied.
func (n *node) settle(t *testing.T, c *client, cid chat.CID) {
	t.Helper()
	ev := chat.ChannelEvent("settled", app, cid, time.Now())
	ev.To = chat.Audience{Kind: chat.ToUsers, Users: []string{c.user}}
	n.publish(t, ev)
	c.skipTo(t, "settled")
}

func TestUnreadNumbers(t *testing.T) {
	t.Parallel()
	n := startNode(t, nil)
	n.backend.members["ann"] = []realtime.Membership{
		{CID: room, Unread: 2, Seq: 10}, {CID: den, Unread: 1}, {CID: "messaging:muted", Unread: 50, Muted: true},
	}
	if got := n.totals("ann"); got != "none" {
		t.Errorf("totals of a stranger: %s", got)
	}
	ann := n.dial(t, "ann")
	count := func(by string, seq int64, only ...string) *chat.Change {
		return &chat.Change{Kind: chat.MessageCounted, CID: room, User: by, Seq: seq, Only: only}
	}
	change := func(k chat.ChangeKind, cid chat.CID, n int) *chat.Change {
		return &chat.Change{Kind: k, CID: cid, User: "ann", N: n}
	}
	n.backend.unread = map[chat.CID]map[string]int{room: {"ann": 4, "bob": 9}}
	for _, step := range []struct {
		what string
		do   *chat.Change
		want string
	}{
		{"loaded", count("bob", 10), "3/2"}, // the message was known already
		{"message", count("bob", 11), "4/2"},
		{"message for others", count("bob", 12, "bob", "cat"), "4/2"},
		{"message for her", count("bob", 13, "ann"), "5/2"},
		{"message in another channel", &chat.Change{Kind: chat.MessageCounted, CID: "messaging:other", User: "bob"}, "5/2"},
		{"her own message", count("ann", 14), "1/1"},
		{"mark unread", change(chat.UnreadSet, room, 6), "7/2"},
		{"mark read", change(chat.UnreadSet, den, 0), "6/1"},
		{"muted", change(chat.ChannelMuted, room, 0), "0/0"},
		{"message while muted", count("bob", 15), "0/0"},
		{"unmuted", change(chat.ChannelUnmuted, room, 0), "7/1"},
		{"another one unmuted", change(chat.ChannelUnmuted, "messaging:muted", 0), "57/2"},
		{"read anew", &chat.Change{Kind: chat.UnreadReload, CID: room}, "54/2"},
		{"read anew where nobody is", &chat.Change{Kind: chat.UnreadReload, CID: "messaging:other"}, "54/2"},
		{"joined", change(chat.MemberJoined, "messaging:new", 3), "57/3"},
		{"joined again", change(chat.MemberJoined, "messaging:new", 1), "55/3"},
		{"left", change(chat.MemberLeft, "messaging:muted", 0), "5/2"},
		{"left twice", change(chat.MemberLeft, "messaging:muted", 0), "5/2"},
		{"numbers where she is no member", change(chat.UnreadSet, "messaging:muted", 8), "5/2"},
		{"channel gone", &chat.Change{Kind: chat.ChannelGone, CID: room}, "1/1"},
		{"message in it", count("bob", 16), "1/1"},
		{"others' numbers", &chat.Change{Kind: chat.UnreadSet, CID: den, User: "bob", N: 8}, "1/1"},
	} {
		n.publish(t, step.do)
		n.settle(t, ann, step.do.CID)
		if got := n.totals("ann"); got != step.want {
			t.Errorf("%s: totals %s, want %s", step.what, got, step.want)
		}
	}
}

func TestUnreadNumbersInEvents(t *testing.T) {
	t.Parallel()
	n := startNode(t, nil)
	n.backend.members["ann"] = []realtime.Membership{{CID: room}, {CID: den, Unread: 5}}
	n.backend.join(room, "bob")
	clients := map[string]*client{"ann": n.dial(t, "ann"), "bob": n.dial(t, "bob"), "dan": n.dial(t, "dan")}
	for _, c := range clients {
		n.watch(t, c, room)
	}
	n.publish(t, message(room, "bob", "one")...)
	n.publish(t, message(room, "bob", "two")...)
	for user, want := range map[string][]string{"ann": {"6 6 2", "7 7 2"}, "bob": {"0 0 0", "0 0 0"}, "dan": {"<nil> <nil> <nil>", "<nil> <nil> <nil>"}} {
		for _, w := range want {
			e := clients[user].expect(t, "message.new")
			if got := fmt.Sprint(e["unread_count"], e["total_unread_count"], e["unread_channels"]); got != w {
				t.Errorf("%s got %s, want %s", user, got, w)
			}
			if e["watcher_count"] != 3.0 {
				t.Errorf("watcher_count %v", e["watcher_count"])
			}
		}
	}
}

// Messages that are counted while a user's memberships are being read count once,
// whether the reading saw them or not.
func TestCountsDuringTheLoad(t *testing.T) {
	t.Parallel()
	n := startNode(t, nil)
	n.backend.members["ann"] = []realtime.Membership{{CID: room, Unread: 3, Seq: 3}, {CID: den}}
	n.backend.join("messaging:left", "ann")
	bob := n.dial(t, "bob")
	n.backend.mu.Lock()
	n.backend.onLoad = func(string) {
		for seq := int64(2); seq <= 5; seq++ { // 2 and 3 are in what was read
			n.publish(t, &chat.Change{Kind: chat.MessageCounted, CID: room, User: "bob", Seq: seq})
		}
		n.publish(t, &chat.Change{Kind: chat.MessageCounted, CID: den, User: "bob"})
		n.publish(t, &chat.Change{Kind: chat.MemberLeft, CID: "messaging:left", User: "ann"})
		n.publish(t, &chat.Change{Kind: chat.MemberJoined, CID: "messaging:joined", User: "ann", N: 10})
		for _, cid := range []chat.CID{room, den, "messaging:left", "messaging:joined"} {
			n.settle(t, bob, cid)
		}
	}
	n.backend.mu.Unlock()
	ann := n.dial(t, "ann")
	if got := n.totals("ann"); got != "16/3" {
		t.Errorf("totals %s, want 16/3", got)
	}
	n.publish(t, message("messaging:left", "bob", "not for her")...)
	n.quiet(t, "messaging:left", ann)
	n.publish(t, message("messaging:joined", "bob", "hi")...)
	if e := ann.expect(t, "notification.message_new"); e["unread_count"] != 17.0 {
		t.Errorf("unread %v", e["unread_count"])
	}
}

// Events that come between registration and hello follow the hello.
func TestNothingIsMissedBeforeHello(t *testing.T) {
	t.Parallel()
	n := startNode(t, nil)
	n.backend.join(room, "ann")
	n.backend.mu.Lock()
	n.backend.onLoad = func(user string) {
		n.publish(t, chat.UserEvent("early", app, time.Now(), user))
	}
	n.backend.mu.Unlock()
	ann := n.dial(t, "ann") // checks the first frame
	ann.expect(t, "early")
}

func TestSecondConnectionWaitsForTheLoad(t *testing.T) {
	t.Parallel()
	n := startNode(t, nil)
	n.backend.members["ann"] = []realtime.Membership{{CID: room, Unread: 3}}
	loads := 0
	release := make(chan struct{})
	n.backend.onLoad = func(string) { loads++; <-release }
	var wg sync.WaitGroup
	for range 5 {
		wg.Go(func() {
			n.dial(t, "ann")
			if got := n.totals("ann"); got != "3/1" {
				t.Errorf("totals %s", got)
			}
		})
	}
	eventually(t, "all are registered", func() bool { return n.Stats().Connections == 5 })
	close(release)
	wg.Wait()
	if loads != 1 {
		t.Errorf("%d loads", loads)
	}
}

func TestLoadThatFails(t *testing.T) {
	t.Parallel()
	n := startNode(t, nil)
	n.backend.loadErr = errors.New("database is away")
	ws, _, err := websocket.Dial(t.Context(), n.url+"?user=ann", nil) //nolint:bodyclose // nothing to close after an upgrade
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = ws.CloseNow() }()
	if _, _, err := ws.Read(t.Context()); websocket.CloseStatus(err) != websocket.StatusTryAgainLater {
		t.Errorf("closed with %v, want 1013", err)
	}
	if l := n.backend.expectLeft(t); !l.Offline || l.User != "ann" {
		t.Errorf("left %+v", l)
	}
	eventually(t, "all is forgotten", func() bool { s := n.Stats(); return s.Connections == 0 && s.Users == 0 })
	if n.Online(app, "ann") {
		t.Error("ann is online")
	}
	n.backend.mu.Lock()
	n.backend.loadErr = nil
	n.backend.mu.Unlock()
	n.dial(t, "ann")
}

func TestOpenGivesUpWithItsContext(t *testing.T) {
	t.Parallel()
	n := startNode(t, nil)
	ctx, cancel := context.WithCancel(t.Context())
	n.backend.onLoad = func(string) { cancel() }
	n.backend.loadErr = context.Canceled
	if _, _, err := n.Open(ctx, app, "ann", "", hello("ann")); !errors.Is(err, context.Canceled) {
		t.Errorf("err = %v", err)
	}
	n.backend.expectLeft(t)
}

// Changes of one channel come from several nodes, in any order.
func TestUnreadNumbersInAnyOrder(t *testing.T) {
	t.Parallel()
	counted := func(by string, seq int64) *chat.Change {
		return &chat.Change{Kind: chat.MessageCounted, CID: room, User: by, Seq: seq}
	}
	read := func(n int, seq int64) *chat.Change {
		return &chat.Change{Kind: chat.UnreadSet, CID: room, User: "ann", N: n, Seq: seq}
	}
	for _, tt := range []struct {
		what    string
		changes []*chat.Change
		want    string
	}{
		{"messages", []*chat.Change{counted("bob", 3), counted("bob", 1), counted("bob", 2)}, "3/1"},
		{"a message twice", []*chat.Change{counted("bob", 1), counted("bob", 1)}, "1/1"},
		{"a message is missing", []*chat.Change{counted("bob", 1), counted("bob", 4)}, "4/1"},
		{"read before the last", []*chat.Change{counted("bob", 1), counted("bob", 2), read(0, 1)}, "1/1"},
		{"read and marked unread", []*chat.Change{counted("bob", 2), read(0, 2), read(2, 2)}, "2/1"},
		{"old news of reading", []*chat.Change{counted("bob", 3), read(1, 3), read(0, 2)}, "1/1"},
		{"her own before the last", []*chat.Change{counted("bob", 1), counted("bob", 3), counted("ann", 2)}, "1/1"},
		{"read before her own", []*chat.Change{counted("ann", 2), read(1, 1)}, "0/0"},
	} {
		t.Run(tt.what, func(t *testing.T) {
			t.Parallel()
			n := startNode(t, nil)
			n.backend.join(room, "ann")
			ann := n.dial(t, "ann")
			for _, c := range tt.changes {
				n.publish(t, c)
			}
			n.settle(t, ann, room)
			if got := n.totals("ann"); got != tt.want {
				t.Errorf("totals %s, want %s", got, tt.want)
			}
		})
	}
}
