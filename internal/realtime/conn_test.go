package realtime_test

import (
	"bufio"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"chatd/internal/chat"
	"chatd/internal/realtime"
)

// rawClient is a websocket client that does nothing by itself: it answers no pings
// and reads only when told to.
type rawClient struct {
	net.Conn
	r *bufio.Reader
}

func (n *node) dialRaw(t *testing.T, user string) *rawClient {
	t.Helper()
	c, err := dialRaw(context.Background(), n.url+"?user="+user)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func dialRaw(ctx context.Context, url string) (*rawClient, error) {
	host, query, _ := strings.Cut(strings.TrimPrefix(url, "ws://"), "?")
	c, err := new(net.Dialer).DialContext(ctx, "tcp", host)
	if err != nil {
		return nil, err
	}
	_ = c.SetDeadline(time.Now().Add(patience))
	_, _ = fmt.Fprintf(c, "GET /?%s HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n", query)
	r := bufio.NewReader(c)
	resp, err := http.ReadResponse(r, nil) //nolint:bodyclose // the body is the stream
	if err != nil || resp.StatusCode != http.StatusSwitchingProtocols {
		return nil, fmt.Errorf("upgrade: %v, %w", resp, err)
	}
	return &rawClient{c, r}, nil
}

// connID reads the first frame and returns the connection's id.
func (c *rawClient) connID(t *testing.T) string {
	t.Helper()
	_, hello, err := c.read()
	if err != nil {
		t.Fatal(err)
	}
	var first struct {
		ID string `json:"connection_id"`
	}
	if err := json.Unmarshal(hello, &first); err != nil {
		t.Fatal(err)
	}
	return first.ID
}

// send sends a frame with an all-zero mask.
func (c *rawClient) send(t *testing.T, op byte, payload string) {
	t.Helper()
	f := []byte{0x80 | op, 0x80 | byte(min(len(payload), 126))}
	if len(payload) >= 126 {
		f = binary.BigEndian.AppendUint16(f, uint16(len(payload)))
	}
	f = append(append(f, 0, 0, 0, 0), payload...)
	if _, err := c.Write(f); err != nil {
		t.Fatal(err)
	}
}

// read returns the next frame's opcode and payload.
func (c *rawClient) read() (op byte, payload []byte, err error) {
	var h [2]byte
	if _, err = io.ReadFull(c.r, h[:]); err != nil {
		return 0, nil, err
	}
	n := int(h[1])
	if n == 126 {
		var b [2]byte
		if _, err = io.ReadFull(c.r, b[:]); err != nil {
			return 0, nil, err
		}
		n = int(binary.BigEndian.Uint16(b[:]))
	}
	payload = make([]byte, n)
	_, err = io.ReadFull(c.r, payload)
	return h[0] & 15, payload, err
}

func TestHealthChecks(t *testing.T) {
	t.Parallel()
	n := startNode(t, func(cfg *realtime.Config) { cfg.HealthInterval = 64 * time.Millisecond })
	ann := n.dial(t, "ann")
	for range 5 {
		e := ann.expect(t, "health.check")
		at, err := time.Parse(time.RFC3339Nano, fmt.Sprint(e["created_at"]))
		if e["connection_id"] != ann.id || e["cid"] != "*" || err != nil || time.Since(at) > patience || len(e) != 4 {
			t.Fatalf("health.check %v", e)
		}
	}
}

func TestHealthChecksAreAnswered(t *testing.T) {
	t.Parallel()
	n := startNode(t, nil)
	ann := n.dial(t, "ann")
	for _, tt := range []struct {
		in     string
		answer bool
	}{
		{`[{"type":"health.check","client_id":"ann--1"}]`, true},
		{` {"type":"health.check","connection_id":"x"}`, true},
		{`{"type":"message.new"}`, false},
		{`[]`, false},
		{``, false},
		{`  `, false},
		{`nonsense`, false},
		{`[[`, false},
		{`{"type":7}`, false},
		{`null`, false},
		{`"health.check"`, false},
		{strings.Repeat("[", 10_000), false},
	} {
		if err := ann.ws.Write(t.Context(), websocket.MessageText, []byte(tt.in)); err != nil {
			t.Fatal(err)
		}
		if tt.answer {
			if e := ann.expect(t, "health.check"); e["connection_id"] != ann.id {
				t.Errorf("%s: %v", tt.in, e)
			}
		}
	}
	// The last answer shows that the others got none.
	if err := ann.ws.Write(t.Context(), websocket.MessageText, []byte(`{"type":"health.check"}`)); err != nil {
		t.Fatal(err)
	}
	ann.expect(t, "health.check")
	n.quiet(t, room, ann)
	if err := ann.ws.Ping(t.Context()); err != nil {
		t.Errorf("ping: %v", err)
	}
}

func TestTooLongAMessageFromTheClient(t *testing.T) {
	t.Parallel()
	n := startNode(t, nil)
	ann := n.dial(t, "ann")
	_ = ann.ws.Write(t.Context(), websocket.MessageText, make([]byte, 64<<10+1))
	if code := ann.closeCode(t); code != websocket.StatusMessageTooBig {
		t.Errorf("closed with %d", code)
	}
	n.backend.expectLeft(t)
}

// A peer that was heard once and then answers nothing is closed; one that was
// never heard may go on reading.
func TestSilentPeers(t *testing.T) {
	t.Parallel()
	n := startNode(t, func(cfg *realtime.Config) { cfg.HealthInterval = 64 * time.Millisecond })
	reader, talker := n.dialRaw(t, "reader"), n.dialRaw(t, "talker")
	talker.send(t, 1, `[{"type":"health.check"}]`)
	pings := 0
	for {
		op, payload, err := talker.read()
		if err != nil {
			t.Fatal(err)
		}
		if op == 9 {
			pings++
		}
		if op == 8 {
			if code := binary.BigEndian.Uint16(payload); code != uint16(websocket.StatusGoingAway) {
				t.Errorf("closed with %d", code)
			}
			break
		}
	}
	_ = talker.Close()
	if pings == 0 {
		t.Error("it was not asked for a sign of life")
	}
	if l := n.backend.expectLeft(t); l.User != "talker" {
		t.Errorf("left %+v", l)
	}
	for range 10 { // health intervals
		if op, _, err := reader.read(); op != 1 || err != nil {
			t.Fatalf("reader got frame %x, %v", op, err)
		}
	}
}

func TestPingsAreASignOfLife(t *testing.T) {
	t.Parallel()
	n := startNode(t, func(cfg *realtime.Config) { cfg.HealthInterval = 64 * time.Millisecond })
	c := n.dialRaw(t, "ann")
	for range 10 {
		c.send(t, 9, "hi")
		for pong, health := false, false; !pong || !health; {
			op, payload, err := c.read()
			if err != nil || op == 8 {
				t.Fatalf("frame %x, %v", op, err)
			}
			pong = pong || op == 10 && string(payload) == "hi"
			health = health || op == 1
		}
	}
}

func TestTooManyConnections(t *testing.T) {
	t.Parallel()
	n := startNode(t, func(cfg *realtime.Config) { cfg.MaxConnsPerUser = 2 })
	n.dial(t, "ann")
	second := n.dial(t, "ann")
	n.dial(t, "bob")
	ws, _, err := websocket.Dial(t.Context(), n.url+"?user=ann", nil) //nolint:bodyclose // nothing to close after an upgrade
	if err != nil {
		t.Fatal(err)
	}
	_, b, err := ws.Read(t.Context())
	if err != nil || string(b) != `{"error":{"code":71}}` {
		t.Errorf("read %q, %v", b, err)
	}
	if _, _, err := ws.Read(t.Context()); websocket.CloseStatus(err) != websocket.StatusNormalClosure {
		t.Errorf("closed with %v, want 1000", err)
	}
	_ = second.ws.Close(websocket.StatusNormalClosure, "")
	eventually(t, "her place is free", func() bool { return n.Stats().Connections == 2 })
	n.dial(t, "ann")
}

func TestClientCloses(t *testing.T) {
	t.Parallel()
	n := startNode(t, nil)
	ann := n.dial(t, "ann")
	if err := ann.ws.Close(websocket.StatusNormalClosure, "bye"); err != nil {
		t.Errorf("close handshake: %v", err)
	}
	if l := n.backend.expectLeft(t); l.User != "ann" || !l.Offline {
		t.Errorf("left %+v", l)
	}
}

func TestConnectionOutlivesItsRequest(t *testing.T) {
	t.Parallel()
	n := startNode(t, nil)
	served := make(chan error, 1)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s, err := n.Accept(w, r)
		if err != nil {
			t.Error(err)
			return
		}
		ctx, cancel := context.WithCancel(r.Context())
		err = n.Serve(ctx, s, app, "ann", "", hello("ann"))
		cancel()
		served <- err
	}))
	defer srv.Close()
	n.url = "ws" + srv.URL[len("http"):]
	ann := n.dial(t, "ann")
	if err := <-served; err != nil {
		t.Errorf("Serve: %v", err)
	}
	n.watch(t, ann, room)
	n.publish(t, message(room, "ann", "still here")...)
	if e := ann.expect(t, "message.new"); text(e) != "still here" {
		t.Errorf("got %v", e)
	}
}

func TestPlainRequest(t *testing.T) {
	t.Parallel()
	n := startNode(t, nil)
	resp, err := http.Get("http" + n.url[len("ws"):])
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusUpgradeRequired {
		t.Errorf("status %d", resp.StatusCode)
	}
}

// A reader who does not read is closed; the others and the publisher do not notice.
func TestSlowReader(t *testing.T) {
	t.Parallel()
	n := startNode(t, func(cfg *realtime.Config) { cfg.QueueBytes = 256 << 10 })
	fast := n.dial(t, "fast")
	slow := n.dialRaw(t, "slow")
	if _, err := n.Watch(t.Context(), app, "slow", slow.connID(t), []chat.CID{room}); err != nil {
		t.Fatal(err)
	}
	n.watch(t, fast, room)
	body := strings.Repeat("x", 50_000)
	start, sent := time.Now(), 0
	for ; n.Stats().Overflows == 0; sent++ {
		if sent > 10_000 {
			t.Fatal("the slow reader is kept")
		}
		n.publish(t, message(room, "fast", body)...)
		if e := fast.expect(t, "message.new"); len(text(e)) != len(body) {
			t.Fatal("a broken message")
		}
	}
	t.Logf("closed after %d messages in %v", sent, time.Since(start))
	for {
		op, payload, err := slow.readAny()
		if err != nil {
			t.Fatalf("no close frame: %v", err)
		}
		if op == 8 {
			if code := binary.BigEndian.Uint16(payload); code != uint16(websocket.StatusTryAgainLater) {
				t.Errorf("closed with %d, want 1013", code)
			}
			break
		}
	}
	_ = slow.Close()
	if l := n.backend.expectLeft(t); l.User != "slow" || !l.Offline {
		t.Errorf("left %+v", l)
	}
	n.publish(t, message(room, "fast", "still here")...)
	if e := fast.expect(t, "message.new"); text(e) != "still here" {
		t.Errorf("got %v", e)
	}
}

// readAny is read, for frames of any size.
func (c *rawClient) readAny() (op byte, payload []byte, err error) {
	h, err := c.r.Peek(2)
	if err != nil {
		return 0, nil, err
	}
	if h[1] != 127 {
		return c.read()
	}
	var big [10]byte
	if _, err := io.ReadFull(c.r, big[:]); err != nil {
		return 0, nil, err
	}
	payload = make([]byte, binary.BigEndian.Uint64(big[2:]))
	_, err = io.ReadFull(c.r, payload)
	return big[0] & 15, payload, err
}

func TestDrain(t *testing.T) {
	t.Parallel()
	n := startNode(t, nil)
	var clients []*client
	for i := range 20 {
		c := n.dial(t, fmt.Sprint("u", i%7))
		n.watch(t, c, room)
		clients = append(clients, c)
	}
	poll, _, err := n.Open(t.Context(), app, "poller", "", hello("poller"))
	if err != nil {
		t.Fatal(err)
	}
	n.Drain(t.Context())
	if s := n.Stats(); s.Connections != 0 || s.Users != 0 || s.Channels != 0 {
		t.Errorf("after Drain: %+v", s)
	}
	for _, c := range clients {
		if code := c.closeCode(t); code != websocket.StatusServiceRestart {
			t.Errorf("closed with %d, want 1012", code)
		}
	}
	if _, err := n.Poll(t.Context(), app, "poller", poll); chat.KindOf(err) != chat.ConnectionNotFound {
		t.Errorf("poll after Drain: %v", err)
	}
	if _, _, err := n.Open(t.Context(), app, "late", "", hello("late")); chat.KindOf(err) != chat.Unavailable {
		t.Errorf("open after Drain: %v", err)
	}
	ws, _, err := websocket.Dial(t.Context(), n.url+"?user=late", nil) //nolint:bodyclose // nothing to close after an upgrade
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := ws.Read(t.Context()); websocket.CloseStatus(err) != websocket.StatusTryAgainLater {
		t.Errorf("late client: %v", err)
	}
	n.Drain(t.Context())
}

func TestDrainGivesUpOnDeadClients(t *testing.T) {
	t.Parallel()
	n := startNode(t, nil)
	n.dialRaw(t, "dead") // never answers the close frame
	eventually(t, "connected", func() bool { return n.Stats().Connections == 1 })
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	n.Drain(ctx)
	if n.Stats().Connections != 1 {
		t.Error("it has answered")
	}
	n.stop() // ends it all the same
	if n.Stats().Connections != 0 {
		t.Error("a connection has outlived Run")
	}
}

func TestEndOfRunEndsEverything(t *testing.T) {
	t.Parallel()
	n := startNode(t, nil)
	ann := n.dial(t, "ann")
	if _, _, err := n.Open(t.Context(), app, "bob", "", hello("bob")); err != nil {
		t.Fatal(err)
	}
	n.stop()
	ann.closeCode(t)
	if s := n.Stats(); s.Connections != 0 {
		t.Errorf("%+v", s)
	}
}
