package testkit

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
)

// patience bounds how long a test waits for an event.
const patience = 10 * time.Second

// Event is a frame that came over a websocket.
type Event struct {
	tb   testing.TB
	Type string
	Body []byte
}

// At returns the value at a path, as Response.At does.
func (e *Event) At(path string) any { e.tb.Helper(); return at(e.tb, e.Body, path) }

// Want fails the test unless the value at path, in JSON, is want.
func (e *Event) Want(path, want string) *Event {
	e.tb.Helper()
	if got := jsonOf(e.tb, e.At(path)); got != want {
		e.tb.Fatalf("%s: %s = %s, want %s\n%s", e.Type, path, got, want, e.Body)
	}
	return e
}

// Socket is a client's websocket.
type Socket struct {
	Client *Client // makes requests with the socket's connection_id
	Hello  *Event
	ID     string // connection_id
	conn   *websocket.Conn
	seen   []string
}

// Connect opens a websocket as the SDKs do and waits for the first frame.
func (c *Client) Connect() *Socket { c.s.TB.Helper(); return c.ConnectWith(nil) }

// ConnectWith is Connect with a change of the json document.
func (c *Client) ConnectWith(more map[string]any) *Socket {
	c.s.TB.Helper()
	s := c.Dial(more)
	s.Hello = s.Next()
	if s.Hello.Type != "health.check" {
		c.s.TB.Fatalf("first frame: %s", s.Hello.Body)
	}
	s.ID, _ = s.Hello.At("connection_id").(string)
	with := *c
	with.ConnID = s.ID
	s.Client = &with
	return s
}

// Dial opens a websocket without waiting for a frame. more changes the json
// document.
func (c *Client) Dial(more map[string]any) *Socket {
	c.s.TB.Helper()
	doc := map[string]any{"user_id": c.ID, "user_details": map[string]any{"id": c.ID}}
	maps.Copy(doc, more)
	return c.DialQuery(url.Values{"json": {string(c.encode(doc))}})
}

// DialQuery opens a websocket with query parameters of the test's choice.
func (c *Client) DialQuery(q url.Values) *Socket {
	c.s.TB.Helper()
	if !q.Has("api_key") {
		q.Set("api_key", c.s.Key)
	}
	if c.anon {
		q.Set("stream-auth-type", "anonymous")
	} else {
		q.Set("stream-auth-type", "jwt")
		q.Set("authorization", c.Token)
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	conn, resp, err := websocket.Dial(ctx, strings.Replace(c.s.URL, "http", "ws", 1)+"/connect?"+q.Encode(), nil) //nolint:bodyclose // Dial closes the body of a failed handshake; else it is the connection
	if err != nil {
		c.s.TB.Fatal(err)
	}
	if resp.StatusCode != http.StatusSwitchingProtocols {
		c.s.TB.Fatalf("connect: %d", resp.StatusCode)
	}
	conn.SetReadLimit(4 << 20)
	s := &Socket{Client: c, conn: conn}
	c.s.TB.Cleanup(func() { _ = conn.CloseNow() })
	return s
}

// Next returns the next frame.
func (s *Socket) Next() *Event {
	tb := s.Client.s.TB
	tb.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	_, b, err := s.conn.Read(ctx)
	if err != nil {
		tb.Fatalf("%s's socket: %v (seen: %v)", s.Client.ID, err, s.seen)
	}
	e := &Event{tb: tb, Body: b}
	e.Type, _ = e.At("type").(string)
	s.seen = append(s.seen, e.Type)
	return e
}

// Expect skips frames until one of this type comes.
func (s *Socket) Expect(typ string) *Event {
	s.Client.s.TB.Helper()
	for {
		if e := s.Next(); e.Type == typ {
			return e
		}
	}
}

// Quiet fails the test if an event of one of the types came, or is under way.
func (s *Socket) Quiet(types ...string) {
	tb := s.Client.s.TB
	tb.Helper()
	s.Client.s.Settle()
	s.Client.s.Server().Post("/users/"+s.Client.ID+"/event", `{"event":{"type":"end_of_test"}}`).OK()
	for {
		e := s.Next()
		if e.Type == "end_of_test" {
			return
		}
		for _, t := range types {
			if e.Type == t {
				tb.Fatalf("%s got %s: %s", s.Client.ID, t, e.Body)
			}
		}
	}
}

// Closed waits for the server to close the socket and returns the code, and the
// last frame before.
func (s *Socket) Closed() (code int, last *Event) {
	tb := s.Client.s.TB
	tb.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	for {
		_, b, err := s.conn.Read(ctx)
		if err != nil {
			var ce websocket.CloseError
			if !errors.As(err, &ce) {
				tb.Fatalf("%s's socket: %v", s.Client.ID, err)
			}
			return int(ce.Code), last
		}
		last = &Event{tb: tb, Body: b}
	}
}

// Send writes a text frame.
func (s *Socket) Send(text string) {
	tb := s.Client.s.TB
	tb.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := s.conn.Write(ctx, websocket.MessageText, []byte(text)); err != nil {
		tb.Fatal(err)
	}
}

// Close closes the socket as the SDKs do and waits until the server has seen it.
func (s *Socket) Close() { _ = s.conn.Close(websocket.StatusNormalClosure, "") }

// Watch gets the channel at path with watch and presence, and returns the state.
func (s *Socket) Watch(path string) *Response {
	s.Client.s.TB.Helper()
	return s.Client.Post(path+"/query", `{"state":true,"watch":true,"presence":true}`).OK()
}
