package realtime_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"

	"chatd/internal/chat"
	"chatd/internal/realtime"
)

// BenchmarkFanout sends messages of about 1.4 kB to 1000 websockets that watch one
// channel, as fast as they are taken, from one and from 16 goroutines. bare is a
// server that does nothing but write to them with the same websocket library.
func BenchmarkFanout(b *testing.B) {
	ev := chat.ChannelEvent("message.new", app, room, time.Unix(1e9, 0))
	ev.Also, ev.WithUnread, ev.WithWatchers = "notification.message_new", true, true
	ev.Message = &chat.Message{ID: "x", Text: strings.Repeat("x", 400), CID: room, User: &chat.User{ID: "ann"}}
	ev.User = &chat.User{ID: "ann"}
	for _, senders := range []int{1, 16} {
		b.Run(fmt.Sprintf("hub/senders=%d", senders), func(b *testing.B) {
			h := realtime.New(realtime.Config{Backend: newBackend(), Logger: slog.New(slog.DiscardHandler)})
			ctx, cancel := context.WithCancel(b.Context())
			done := make(chan struct{})
			go func() {
				defer close(done)
				_ = h.Run(ctx)
			}()
			var users atomic.Int64
			f := newFanout(b, func(w http.ResponseWriter, r *http.Request) {
				s, err := h.Accept(w, r)
				if err != nil {
					return
				}
				user := fmt.Sprint("u", users.Add(1))
				_ = h.Serve(r.Context(), s, app, user, "", func(id string) ([]byte, error) {
					_, err := h.Watch(r.Context(), app, user, id, []chat.CID{room})
					return []byte(`{}`), err
				})
			})
			f.run(b, senders, func() error {
				return h.Publish(context.Background(), &chat.Publication{App: app, Items: []chat.Item{ev}})
			})
			cancel()
			<-done
		})
		b.Run(fmt.Sprintf("bare/senders=%d", senders), func(b *testing.B) {
			var mu sync.Mutex
			var queues []chan []byte
			end := make(chan struct{})
			f := newFanout(b, func(w http.ResponseWriter, r *http.Request) {
				ws, err := websocket.Accept(w, r, nil)
				if err != nil {
					return
				}
				q := make(chan []byte, 64)
				mu.Lock()
				queues = append(queues, q)
				mu.Unlock()
				closed := ws.CloseRead(context.Background())
				p := []byte(`{}`)
				for ws.Write(context.Background(), websocket.MessageText, p) == nil {
					select {
					case p = <-q:
					case <-closed.Done():
						return
					case <-end:
						_ = ws.CloseNow()
						return
					}
				}
			})
			payload := []byte(strings.Repeat("x", 1400))
			f.run(b, senders, func() error {
				for _, q := range queues {
					q <- payload
				}
				return nil
			})
			close(end)
		})
	}
}

// fanout are websockets that count what they read.
type fanout struct {
	first *rawClient // reads by itself what the others only count
	bytes atomic.Int64
	wg    sync.WaitGroup
}

// benchSockets is how many websockets watch the channel.
const benchSockets = 1000

func newFanout(b *testing.B, serve http.HandlerFunc) *fanout {
	b.Helper()
	f := &fanout{}
	srv := httptest.NewServer(serve)
	b.Cleanup(func() {
		f.wg.Wait()
		srv.Close()
	})
	n := &node{url: "ws" + srv.URL[len("http"):]}
	for i := range benchSockets {
		c, err := dialRaw(b.Context(), n.url)
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { _ = c.Close() })
		_ = c.SetDeadline(time.Time{})
		if op, _, err := c.read(); op != 1 || err != nil {
			b.Fatalf("first frame %x, %v", op, err)
		}
		if i == 0 {
			f.first = c
		} else {
			f.wg.Go(func() { f.count(c) })
		}
	}
	return f
}

func (f *fanout) count(r io.Reader) {
	buf := make([]byte, 16<<10)
	for {
		n, err := r.Read(buf)
		f.bytes.Add(int64(n))
		if err != nil {
			return
		}
	}
}

// run publishes b.N messages and waits until all sockets have read them.
func (f *fanout) run(b *testing.B, senders int, publish func() error) {
	b.Helper()
	if err := publish(); err != nil { // tells the size of a frame
		b.Fatal(err)
	}
	_, payload, err := f.first.read()
	if err != nil {
		b.Fatal(err)
	}
	size := int64(4+len(payload)) * (benchSockets - 1)
	f.await(b, size)
	f.wg.Go(func() { f.count(f.first.r) })
	size += int64(4 + len(payload))
	b.ResetTimer()
	var left atomic.Int64
	left.Store(int64(b.N))
	var wg sync.WaitGroup
	for range senders {
		wg.Go(func() {
			for left.Add(-1) >= 0 {
				if err := publish(); err != nil {
					b.Error(err)
				}
			}
		})
	}
	wg.Wait()
	f.await(b, int64(b.N)*size)
	b.ReportMetric(float64(b.N*benchSockets)/b.Elapsed().Seconds(), "deliveries/s")
}

// await waits until so many bytes more have been read.
func (f *fanout) await(b *testing.B, bytes int64) {
	b.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for f.bytes.Load() < bytes {
		<-tick.C
	}
	f.bytes.Add(-bytes)
}
