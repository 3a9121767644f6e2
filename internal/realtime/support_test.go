package realtime_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/redis/go-redis/v9"
	"go.uber.org/goleak"

	"chatd/internal/chat"
	"chatd/internal/realtime"
)

func TestMain(m *testing.M) {
	redis.SetLogger(silence{})
	goleak.VerifyTestMain(m)
}

// silence is a logger for the Redis client, whose server the tests kill.
type silence struct{}

func (silence) Printf(context.Context, string, ...any) {}

// app is the tenant of most tests.
const app chat.AppID = 1

// patience bounds every wait of the tests.
const patience = 20 * time.Second

// backend is what the hub asks, answered from memory.
type backend struct {
	mu       sync.Mutex
	members  map[string][]realtime.Membership
	unread   map[chat.CID]map[string]int
	onLoad   func(userID string) // called inside Memberships, before it answers
	onRender func()              // called inside ChannelJSON, before it answers
	loadErr  error
	noRender error

	left   chan leave
	active chan []string // users of Active, as far as they fit
}

// leave is one call of Left.
type leave struct {
	App            chat.AppID
	User           string
	CIDs           []chat.CID
	Offline, Local bool
}

func newBackend() *backend {
	return &backend{members: map[string][]realtime.Membership{}, left: make(chan leave, 10_000), active: make(chan []string, 100)}
}

// join makes users members of a channel, for those who connect later.
func (b *backend) join(cid chat.CID, users ...string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, u := range users {
		b.members[u] = append(b.members[u], realtime.Membership{CID: cid})
	}
}

func (b *backend) Active(_ context.Context, _ chat.AppID, ids []string) {
	select {
	case b.active <- ids:
	default:
	}
}

func (b *backend) Memberships(_ context.Context, _ chat.AppID, userID string) ([]realtime.Membership, error) {
	b.mu.Lock()
	list, err, onLoad := slices.Clone(b.members[userID]), b.loadErr, b.onLoad
	b.mu.Unlock()
	if onLoad != nil {
		onLoad(userID)
	}
	return list, err
}

func (b *backend) Unread(_ context.Context, _ chat.AppID, cid chat.CID, _ []string) (map[string]int, int64, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.unread[cid], 0, nil
}

func (b *backend) ChannelJSON(_ context.Context, _ chat.AppID, cid chat.CID) (jsontext.Value, error) {
	if b.onRender != nil {
		b.onRender()
	}
	if b.noRender != nil {
		return nil, b.noRender
	}
	return jsontext.Value(fmt.Sprintf(`{"cid":%q}`, cid)), nil
}

func (b *backend) Left(_ context.Context, app chat.AppID, userID string, cids []chat.CID, offline, local bool) {
	slices.Sort(cids)
	b.left <- leave{app, userID, cids, offline, local}
}

// expectLeft waits for a call of Left.
func (b *backend) expectLeft(t *testing.T) leave {
	t.Helper()
	select {
	case l := <-b.left:
		return l
	case <-time.After(patience):
		t.Fatal("no call of Left")
	}
	return leave{}
}

// node is a hub behind a web server.
type node struct {
	*realtime.Hub
	backend *backend
	url     string
	stop    func() // ends the hub
}

// startNode runs a hub with a web server. change alters the configuration.
func startNode(t *testing.T, change func(*realtime.Config)) *node {
	t.Helper()
	n := &node{backend: newBackend()}
	cfg := realtime.Config{Node: t.Name(), Backend: n.backend, Logger: slog.New(slog.DiscardHandler), HealthInterval: time.Hour}
	if change != nil {
		change(&cfg)
	}
	n.Hub = realtime.New(cfg)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = n.Run(ctx)
	}()
	srv := httptest.NewUnstartedServer(http.HandlerFunc(n.connect))
	srv.Config.ConnState = smallBuffers
	srv.Start()
	n.url = "ws" + srv.URL[len("http"):]
	n.stop = sync.OnceFunc(func() { cancel(); <-done })
	t.Cleanup(func() { n.stop(); srv.Close() })
	return n
}

// smallBuffers makes the sockets of tests fill up soon.
func smallBuffers(c net.Conn, state http.ConnState) {
	if tcp, ok := c.(*net.TCPConn); ok && state == http.StateNew {
		_ = tcp.SetWriteBuffer(16 << 10)
	}
}

// connect is the handler of a websocket for ?user= and ?include=.
func (n *node) connect(w http.ResponseWriter, r *http.Request) {
	user, include := r.URL.Query().Get("user"), chat.Inclusion(r.URL.Query().Get("include"))
	s, err := n.Accept(w, r)
	if err != nil {
		return
	}
	err = n.Serve(r.Context(), s, app, user, include, hello(user))
	if chat.KindOf(err) == chat.TooManyConnections {
		s.Reject([]byte(`{"error":{"code":71}}`))
	} else if err != nil {
		s.Abort(nil)
	}
}

func hello(user string) func(connID string) ([]byte, error) {
	return func(connID string) ([]byte, error) {
		return json.Marshal(map[string]any{"type": "health.check", "connection_id": connID, "me": map[string]string{"id": user}})
	}
}

// client is a connected websocket client that collects what it gets.
type client struct {
	ws     *websocket.Conn
	user   string
	id     string
	frames chan event
	ended  chan struct{}
	err    error // of the last read; after ended
}

// event is an event as a client sees it.
type event map[string]any

func (e event) typ() string { s, _ := e["type"].(string); return s }

// connect opens a websocket and waits for its first frame.
func (n *node) dial(t *testing.T, user string) *client {
	t.Helper()
	return n.dialWith(t, user, nil)
}

func (n *node) dialWith(t *testing.T, user string, opts *websocket.DialOptions) *client {
	t.Helper()
	ws, _, err := websocket.Dial(context.Background(), n.url+"?user="+user, opts) //nolint:bodyclose // nothing to close after an upgrade
	if err != nil {
		t.Fatal(err)
	}
	ws.SetReadLimit(-1)
	c := &client{ws: ws, user: user, frames: make(chan event, 100_000), ended: make(chan struct{})}
	go c.collect()
	t.Cleanup(func() {
		_ = ws.CloseNow()
		<-c.ended
	})
	first := c.next(t)
	if first.typ() != "health.check" || first["me"] == nil {
		t.Fatalf("first frame %v", first)
	}
	c.id, _ = first["connection_id"].(string)
	return c
}

func (c *client) collect() {
	defer close(c.ended)
	for {
		_, b, err := c.ws.Read(context.Background())
		if err != nil {
			c.err = err
			return
		}
		var e event
		if err := json.Unmarshal(b, &e); err != nil {
			e = event{"type": "bad JSON: " + string(b)}
		}
		c.frames <- e
	}
}

// next returns the next event.
func (c *client) next(t *testing.T) event {
	t.Helper()
	select {
	case e := <-c.frames:
		return e
	case <-c.ended:
		select {
		case e := <-c.frames:
			return e
		default:
			t.Fatalf("%s: connection ended: %v", c.user, c.err)
		}
	case <-time.After(patience):
		t.Fatalf("%s: no event", c.user)
	}
	return nil
}

// expect returns the next event, which must have the type.
func (c *client) expect(t *testing.T, typ string) event {
	t.Helper()
	e := c.next(t)
	if e.typ() != typ {
		t.Fatalf("%s: got %v, want %s", c.user, e, typ)
	}
	return e
}

// skipTo drops events until one of the type comes.
func (c *client) skipTo(t *testing.T, typ string) {
	t.Helper()
	for {
		if c.next(t).typ() == typ {
			return
		}
	}
}

// closeCode waits for the end of the connection and returns its close code.
func (c *client) closeCode(t *testing.T) websocket.StatusCode {
	t.Helper()
	select {
	case <-c.ended:
		return websocket.CloseStatus(c.err)
	case <-time.After(patience):
		t.Fatal("the connection does not end")
	}
	return 0
}

// watch makes the client's connection watch channels.
func (n *node) watch(t *testing.T, c *client, cids ...chat.CID) {
	t.Helper()
	if _, err := n.Watch(context.Background(), app, c.user, c.id, cids); err != nil {
		t.Fatal(err)
	}
}

// publish publishes items.
func (n *node) publish(t *testing.T, items ...chat.Item) {
	t.Helper()
	if err := n.Publish(context.Background(), &chat.Publication{App: app, Items: items}); err != nil {
		t.Fatal(err)
	}
}

// quiet checks that none of the clients has got anything: the next thing that
// reaches them is a marker sent behind all that was published in the channel.
func (n *node) quiet(t *testing.T, cid chat.CID, clients ...*client) {
	t.Helper()
	for _, c := range clients {
		m := chat.ChannelEvent("marker", app, cid, time.Now())
		m.To = chat.Audience{Kind: chat.ToUsers, Users: []string{c.user}}
		n.publish(t, m)
		c.expect(t, "marker")
	}
}

// eventually waits until a condition holds.
func eventually(t *testing.T, what string, cond func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for !cond() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("never: %s", what)
		}
	}
}

// message is a message.new with what goes with it.
func message(cid chat.CID, by, text string) []chat.Item {
	ev := chat.ChannelEvent("message.new", app, cid, time.Now())
	ev.Also, ev.WithUnread, ev.WithWatchers = "notification.message_new", true, true
	ev.Message = &chat.Message{ID: text, Text: text, CID: cid}
	ev.User = &chat.User{ID: by}
	return []chat.Item{&chat.Change{Kind: chat.MessageCounted, CID: cid, User: by}, ev}
}

func text(e event) string {
	m, _ := e["message"].(map[string]any)
	s, _ := m["text"].(string)
	return s
}

// meter counts what a client reads from its connection.
type meter struct{ read atomic.Int64 }

// client returns an HTTP client over a metered connection.
func (m *meter) client(t *testing.T) *http.Client {
	t.Helper()
	tr := &http.Transport{DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
		c, err := new(net.Dialer).DialContext(ctx, network, addr)
		return &meteredConn{c, m}, err
	}}
	t.Cleanup(tr.CloseIdleConnections)
	return &http.Client{Transport: tr}
}

type meteredConn struct {
	net.Conn
	m *meter
}

func (c *meteredConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.m.read.Add(int64(n))
	return n, err
}
