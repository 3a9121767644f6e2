package realtime

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"runtime/debug"
	"syscall"

	"github.com/coder/websocket"

	"chatd/internal/chat"
	"chatd/internal/wire"
)

// inboundBytes bounds a message from a client, who has nothing to send but health
// checks.
const inboundBytes = 64 << 10

// Socket is an accepted websocket. Its caller passes it to Serve and, if that
// fails, to Reject.
type Socket struct {
	ws *websocket.Conn
	c  *conn
}

// Accept upgrades a request from any origin to a websocket, with
// permessage-deflate (without context takeover) if the client offers it. On an
// error the response has been written.
func (h *Hub) Accept(w http.ResponseWriter, r *http.Request) (*Socket, error) {
	c := &conn{}
	c.hub, c.busy, c.backlog = h, true, true // nothing is written before the first frame
	ws, err := websocket.Accept(&hijacker{w, &c.sink}, r, &websocket.AcceptOptions{
		InsecureSkipVerify: true, // tokens say who it is, not origins
		CompressionMode:    websocket.CompressionNoContextTakeover,
	})
	if err != nil {
		return nil, err
	}
	ws.SetReadLimit(inboundBytes)
	c.deflate = w.Header().Get("Sec-WebSocket-Extensions") != ""
	return &Socket{ws: ws, c: c}, nil
}

// hijacker puts the sink between the websocket library and the connection.
type hijacker struct {
	http.ResponseWriter
	sink *sink
}

// Hijack implements http.Hijacker.
func (j *hijacker) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	c, rw, err := http.NewResponseController(j.ResponseWriter).Hijack()
	if err != nil {
		return nil, nil, err
	}
	j.sink.Conn = c
	if sc, ok := c.(syscall.Conn); ok {
		if raw, err := sc.SyscallConn(); err == nil {
			j.sink.raw = raw
			giveUpAfter(raw, deadRounds*j.sink.hub.cfg.HealthInterval)
		}
	}
	return j.sink, small(rw.Reader, j.sink), nil
}

// The buffers of a connection. Clients send health checks, and the websocket
// library writes control frames only.
const (
	readBuffer  = 512
	writeBuffer = 128
)

// small returns buffers like those of net/http, with what the client sent already,
// but an eighth of their size.
func small(sent *bufio.Reader, s *sink) *bufio.ReadWriter {
	early, _ := sent.Peek(sent.Buffered())
	r := bufio.NewReaderSize(bytes.NewReader(early), max(readBuffer, len(early)))
	_, _ = r.Peek(len(early)) // the library takes over what is buffered
	return bufio.NewReadWriter(r, bufio.NewWriterSize(s, writeBuffer))
}

// Reject sends one text frame, an error of the API, and closes with 1000, after
// which SDKs do not reconnect. The socket must not be served.
func (s *Socket) Reject(errorJSON []byte) {
	s.c.sendOnly(newFrame(opText, errorJSON))
	_ = s.ws.Close(websocket.StatusNormalClosure, "")
	s.c.end()
}

// Abort sends one text frame, if there is an error to tell, and closes with 1013,
// after which SDKs reconnect. The socket must not be served.
func (s *Socket) Abort(errorJSON []byte) {
	if errorJSON == nil {
		s.c.sendOnly()
	} else {
		s.c.sendOnly(newFrame(opText, errorJSON))
	}
	_ = s.ws.Close(websocket.StatusTryAgainLater, "")
	s.c.end()
}

// Serve registers the socket as a connection of the user, who asked for custom data of
// senders' memberships with his messages, and sends what hello returns as its first
// frame. hello makes the whole JSON of the first
// health.check; it is called when the connection is registered, so that nothing is
// missed after what it says.
//
// Then the connection has a goroutine of its own, which Run waits for, and the
// caller returns: a request's goroutine has a deep stack and holds the request,
// which together are more than a connection needs.
//
// An error means that the first frame was not sent; the caller then ends the
// socket with Reject or Abort. It is what hello or the Backend returned,
// TooManyConnections, or Unavailable while draining.
func (h *Hub) Serve(ctx context.Context, s *Socket, app chat.AppID, userID string, include chat.Inclusion, hello func(connID string) ([]byte, error)) error {
	c := s.c
	c.include = include
	if err := h.register(ctx, c, app, userID); err != nil {
		return err
	}
	first, err := hello(c.id)
	if err != nil {
		h.unregister(c)
		return err
	}
	c.open(textFrame(first, c.deflate))
	h.spawn(func() { h.receive(s) })
	return nil
}

// receive reads until the end of the connection.
func (h *Hub) receive(s *Socket) {
	defer func() {
		if p := recover(); p != nil { // whatever one client sent, the others stay connected
			h.log.Error("realtime: panic", "user", s.c.user.key.id, "panic", p, "stack", string(debug.Stack()))
		}
		h.unregister(s.c)
		_ = s.ws.CloseNow()
		s.c.end()
	}()
	s.read()
}

// open sends the first frame, and then what was queued meanwhile.
func (s *sink) open(first frame) {
	s.mu.Lock()
	if !s.closing {
		s.queue = append([]frame{first}, s.queue...)
		s.size += len(first)
	}
	s.backlog = false
	s.mu.Unlock()
	s.flushAlone()
}

// sendOnly sends frames instead of what was queued before the first frame.
func (s *sink) sendOnly(frames ...frame) {
	s.mu.Lock()
	s.queue, s.closing, s.backlog = frames, false, false
	s.mu.Unlock()
	s.flushAlone()
}

// read takes what the client sends until the connection ends.
func (s *Socket) read() {
	for {
		_, r, err := s.ws.Reader(context.Background()) // ends with the connection
		if err != nil {
			return
		}
		b, err := io.ReadAll(r)
		if err != nil {
			return
		}
		if isHealthCheck(b) {
			s.c.send(healthFrame(s.c.id, s.c.hub.cfg.Now()))
		}
	}
}

// isHealthCheck tells whether a client's message is a health.check: an object or,
// from some SDKs, a list of them.
func isHealthCheck(b []byte) bool {
	type message struct {
		Type string `json:"type"`
	}
	b = bytes.TrimSpace(b)
	if len(b) == 0 {
		return false
	}
	list := make([]message, 1)
	var err error
	if b[0] == '[' {
		err = wire.Unmarshal(b, &list)
	} else {
		err = wire.Unmarshal(b, &list[0])
	}
	return err == nil && len(list) > 0 && list[0].Type == "health.check"
}
