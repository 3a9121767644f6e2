package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/coder/websocket"
)

// bare is a broadcast server with nothing but websockets in the way, written the
// plain way that the library suggests: a bounded queue and a goroutine for each
// connection, a write for each delivery. A full queue makes the sender wait, so
// nothing is lost.
//
//	GET  /ws              a connection
//	POST /send?size=N     its body goes to all connections, in an event of N bytes
//	GET  /readyz
type bare struct {
	ctx context.Context //nolint:containedctx // the server's life, which ends its connections
	wg  sync.WaitGroup  // connections in subs

	mu   sync.RWMutex
	subs map[*subscriber]struct{}
}

// subscriber is a connection.
type subscriber struct {
	queue chan []byte
	gone  <-chan struct{}
}

// bareQueue is how many events may wait for a connection, as in the library's own
// example of a chat.
const bareQueue = 16

// maxSend bounds the body of a broadcast, in bytes.
const maxSend = 64 << 10

// serveBare serves broadcasts on addr until ctx ends.
func serveBare(ctx context.Context, addr string) error {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", addr)
	if err != nil {
		return err
	}
	return serveBareOn(ctx, l)
}

func serveBareOn(ctx context.Context, l net.Listener) error {
	ctx, cancel := context.WithCancel(ctx)
	b := &bare{ctx: ctx, subs: map[*subscriber]struct{}{}}
	m := http.NewServeMux()
	m.HandleFunc("GET /ws", b.connect)
	m.HandleFunc("POST /send", b.send)
	m.HandleFunc("GET /readyz", func(http.ResponseWriter, *http.Request) {})
	s := &http.Server{Handler: m, ReadHeaderTimeout: time.Minute}
	stop := context.AfterFunc(ctx, func() { _ = s.Close() }) // requests under way are lost with the load
	defer stop()
	err := s.Serve(l)
	b.mu.Lock()
	cancel()
	b.mu.Unlock()
	b.wg.Wait()
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

// connect serves a connection until its end or the server's.
func (b *bare) connect(w http.ResponseWriter, r *http.Request) {
	ws, err := websocket.Accept(w, r, nil)
	if err != nil {
		return // Accept has answered
	}
	defer func() { _ = ws.CloseNow() }()
	ctx := ws.CloseRead(b.ctx)
	s := &subscriber{queue: make(chan []byte, bareQueue), gone: ctx.Done()}
	if !b.add(s) {
		return
	}
	defer b.remove(s)
	for {
		select {
		case event := <-s.queue:
			if ws.Write(ctx, websocket.MessageText, event) != nil {
				return
			}
		case <-ctx.Done():
			return
		}
	}
}

// add has a connection get what is broadcast, unless the server ends.
func (b *bare) add(s *subscriber) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.ctx.Err() != nil {
		return false
	}
	b.subs[s] = struct{}{}
	b.wg.Add(1)
	return true
}

func (b *bare) remove(s *subscriber) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.subs, s)
	b.wg.Done()
}

// send broadcasts its body.
func (b *bare) send(w http.ResponseWriter, r *http.Request) {
	text, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxSend))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	size, err := strconv.Atoi(r.URL.Query().Get("size"))
	if err != nil || size > maxSend {
		http.Error(w, "size must be a number", http.StatusBadRequest)
		return
	}
	event := envelope(text, size)
	b.mu.RLock()
	defer b.mu.RUnlock()
	for s := range b.subs {
		select {
		case s.queue <- event:
		case <-s.gone:
		}
	}
}

// envelope is text in an event, padded to size bytes.
func envelope(text []byte, size int) []byte {
	event := append([]byte(`{"type":"message.new","message":{"text":"`), text...)
	event = append(event, `"},"pad":"`...)
	const end = `"}`
	event = append(event, bytes.Repeat([]byte("x"), max(size-len(event)-len(end), 0))...)
	return append(event, end...)
}
