package realtime_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/coder/websocket"
	"github.com/go-json-experiment/json/jsontext"

	"chatd/internal/chat"
	"chatd/internal/realtime"
)

// TestMemberData sends a message to connections that asked for different custom data
// of its sender's membership, compressed and not, on both nodes.
func TestMemberData(t *testing.T) {
	t.Parallel()
	bus := realtime.NewMemoryBus()
	shown := true
	var nodes []*node
	for range 2 {
		nodes = append(nodes, startNode(t, func(cfg *realtime.Config) {
			cfg.Bus, cfg.MemberData = bus, func(id chat.AppID) bool { return shown && id == app }
		}))
	}
	eventually(t, "the nodes know each other", func() bool { return nodes[0].Stats().Peers == 1 && nodes[1].Stats().Peers == 1 })
	packed := &websocket.DialOptions{CompressionMode: websocket.CompressionNoContextTakeover}
	const plain = `{"channel_role":"channel_member","notifications_muted":false}`
	with := func(custom string) string { return strings.Replace(plain, "}", `,"custom":`+custom+`}`, 1) }
	var clients []*client
	wants := []string{}
	for _, c := range []struct {
		name string
		opts *websocket.DialOptions
		want string
	}{
		{"ann", nil, plain},
		{"bob", packed, plain},
		{"cat&include=nick", packed, with(`{"nick":"A"}`)},
		{"dan&include=nick", nil, with(`{"nick":"A"}`)},
		{"eve&include=nick%00rank", packed, with(`{"nick":"A","rank":[7]}`)},
		{"fay&include=x", packed, with(`{}`)},
	} {
		for _, n := range nodes {
			conn := n.dialWith(t, c.name, c.opts)
			conn.user, _, _ = strings.Cut(c.name, "&")
			n.watch(t, conn, room)
			clients, wants = append(clients, conn), append(wants, c.want)
		}
	}
	poll, _, err := nodes[0].Open(t.Context(), app, "gil", "rank", hello("gil"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := nodes[0].Watch(t.Context(), app, "gil", poll, []chat.CID{room}); err != nil {
		t.Fatal(err)
	}
	items := message(room, "zoe", strings.Repeat("long ", 400))
	ev, _ := items[1].(*chat.Event)
	ev.Message.Member = chat.NewMessageMember(&chat.Member{ChannelRole: chat.RoleChannelMember, Custom: jsontext.Value(`{"nick":"A","rank":[7],"secret":1}`)})
	check := func(want func(i int) string) {
		t.Helper()
		nodes[0].publish(t, items...)
		for i, c := range clients {
			m, _ := c.expect(t, "message.new")["message"].(map[string]any)
			got, _ := json.Marshal(m["member"])
			var w any
			_ = json.Unmarshal([]byte(want(i)), &w)
			if text, _ := json.Marshal(w); string(got) != string(text) {
				t.Errorf("%s got %s, want %s", c.user, got, text)
			}
		}
	}
	check(func(i int) string { return wants[i] })
	events, err := nodes[0].Poll(t.Context(), app, "gil", poll)
	if err != nil || len(events) != 1 || !strings.Contains(string(events[0]), `"custom":{"rank":[7]}`) {
		t.Errorf("polled %s, %v", events, err)
	}
	shown = false
	check(func(int) string { return plain })
}
