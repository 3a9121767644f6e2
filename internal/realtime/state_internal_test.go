package realtime

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"chatd/internal/chat"
)

// anybody is a Backend in which everybody is a member of the same channels.
type anybody []chat.CID

func (b anybody) Memberships(context.Context, chat.AppID, string) ([]Membership, error) {
	out := make([]Membership, len(b))
	for i, cid := range b {
		out[i].CID = cid
	}
	return out, nil
}

func (anybody) Unread(context.Context, chat.AppID, chat.CID, []string) (map[string]int, int64, error) {
	return map[string]int{"u1": 3}, 5, nil
}

func (anybody) ChannelJSON(context.Context, chat.AppID, chat.CID) (jsontext.Value, error) {
	return jsontext.Value(`{}`), nil
}

func (anybody) Active(context.Context, chat.AppID, []string) {}

func (anybody) Left(context.Context, chat.AppID, string, []chat.CID, bool, bool) {}

// startHub runs a hub until the test ends.
func startHub(t *testing.T, cfg Config) *Hub {
	t.Helper()
	cfg.Logger = slog.New(slog.DiscardHandler)
	h := New(cfg)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = h.Run(ctx)
	}()
	t.Cleanup(func() { cancel(); <-done })
	return h
}

// leftovers counts what a hub remembers.
func (h *Hub) leftovers() (users, channels int) {
	for i := range h.users {
		h.users[i].mu.Lock()
		users += len(h.users[i].m)
		h.users[i].mu.Unlock()
	}
	for i := range h.channels {
		h.channels[i].mu.Lock()
		channels += len(h.channels[i].m)
		h.channels[i].mu.Unlock()
	}
	h.cluster.mu.Lock()
	defer h.cluster.mu.Unlock()
	for _, p := range h.cluster.peers {
		users += len(p.users)
	}
	return users, channels
}

// Users come, watch, follow each other, are told things and go, on two nodes at
// once. When all have gone nothing about them is left anywhere.
func TestNothingIsLeftBehind(t *testing.T) {
	t.Parallel()
	const workers, rounds = 8, 40
	cids := anybody{"a:1", "a:2", "a:3", "a:4"}
	bus := NewMemoryBus()
	hubs := []*Hub{
		startHub(t, Config{Backend: cids, Bus: bus, QueueBytes: 20_000}),
		startHub(t, Config{Backend: cids, Bus: bus, QueueBytes: 20_000}),
	}
	await(t, "they know each other", func() bool { return hubs[0].Stats().Peers == 1 && hubs[1].Stats().Peers == 1 })
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			r := rand.New(rand.NewPCG(uint64(w), 1))
			for range rounds {
				visit(t, hubs, r, cids)
			}
		})
	}
	wg.Wait()
	await(t, "all is forgotten", func() bool {
		ua, ca := hubs[0].leftovers()
		ub, cb := hubs[1].leftovers()
		return ua+ca+ub+cb == 0
	})
}

// await waits until a condition holds.
func await(t *testing.T, what string, cond func() bool) {
	t.Helper()
	deadline := time.After(20 * time.Second)
	for !cond() {
		select {
		case <-time.After(2 * time.Millisecond):
		case <-deadline:
			t.Fatalf("never: %s", what)
		}
	}
}

// visit opens a connection, does things at random and closes it.
func visit(t *testing.T, hubs []*Hub, r *rand.Rand, cids []chat.CID) {
	t.Helper()
	ctx := t.Context()
	home := hubs[r.IntN(2)]
	user := fmt.Sprint("u", r.IntN(4))
	id, _, err := home.Open(ctx, 1, user, "", func(string) ([]byte, error) { return []byte(`{}`), nil })
	if err != nil {
		t.Error(err)
		return
	}
	for range r.IntN(12) {
		h, cid, other := hubs[r.IntN(2)], cids[r.IntN(len(cids))], fmt.Sprint("u", r.IntN(6))
		var err error
		switch r.IntN(6) {
		case 0, 1:
			_, err = home.Watch(ctx, 1, user, id, cids[:1+r.IntN(len(cids))])
		case 2:
			_, err = home.StopWatching(ctx, 1, user, id, cid)
		case 3:
			err = home.SubscribePresence(ctx, 1, user, id, []string{other, "nobody"})
		case 4:
			h.SetInvisible(1, other, r.IntN(2) == 0)
		default:
			kinds := []chat.ChangeKind{
				chat.MemberJoined, chat.MemberLeft, chat.MessageCounted, chat.UnreadSet, chat.UnreadReload,
				chat.ChannelMuted, chat.ChannelUnmuted, chat.ChannelGone, chat.WatchEnded,
			}
			ev := chat.ChannelEvent("x", 1, cid, time.Now())
			ev.Also, ev.WithUnread = "y", true
			err = h.Publish(ctx, &chat.Publication{App: 1, Items: []chat.Item{
				&chat.Change{Kind: kinds[r.IntN(len(kinds))], CID: cid, User: other, N: r.IntN(3)}, ev,
			}})
		}
		if err != nil && chat.KindOf(err) != chat.ConnectionNotFound {
			t.Error(err)
		}
	}
	if err := hubs[r.IntN(2)].Close(ctx, 1, user, id); err != nil && chat.KindOf(err) != chat.ConnectionNotFound {
		t.Error(err)
	}
}

func TestCountedMessagesAreForgotten(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := New(Config{Backend: anybody{}})
		size := func() (n int) {
			for i := range h.channels {
				for _, list := range h.channels[i].recent {
					n += len(list)
				}
			}
			return n
		}
		count := func() { h.countMessage(1, &chat.Change{Kind: chat.MessageCounted, CID: "a:b"}) }
		count() // while nobody is loaded
		if size() != 0 {
			t.Error("kept for nobody")
		}
		h.loads.Store(1)
		count()
		h.forgetCounted()
		if size() != 1 {
			t.Error("forgotten too early")
		}
		<-time.After(loadTimeout)
		count()
		<-time.After(loadTimeout + time.Second)
		h.forgetCounted()
		if size() != 1 {
			t.Errorf("%d are left of two, one of them old", size())
		}
		<-time.After(2 * loadTimeout)
		h.forgetCounted()
		if size() != 0 {
			t.Errorf("%d are left", size())
		}
		for i := range h.channels {
			if len(h.channels[i].recent) > 0 {
				t.Error("an empty list is left")
			}
		}
	})
}

// stuckBus is a bus that does not answer until it is released.
type stuckBus struct {
	*MemoryBus

	mu      sync.Mutex
	release chan struct{}
}

func (b *stuckBus) Publish(ctx context.Context, _ []Message) error {
	b.mu.Lock()
	release := b.release
	b.mu.Unlock()
	if release == nil {
		return nil
	}
	select {
	case <-release:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func TestPublishersDoNotWaitForASlowBus(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		bus := &stuckBus{MemoryBus: NewMemoryBus(), release: make(chan struct{})}
		h := New(Config{Backend: anybody{}, Bus: bus, Logger: slog.New(slog.DiscardHandler)})
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() {
			defer close(done)
			_ = h.Run(ctx)
		}()
		synctest.Wait()
		publish := func(ctx context.Context, size int) (time.Duration, error) {
			start := time.Now()
			ev := chat.UserEvent("x", 1, start, "ann")
			ev.Custom = fmt.Appendf(nil, `{"pad":"%s"}`, make([]byte, size))
			err := h.Publish(ctx, &chat.Publication{App: 1, Items: []chat.Item{ev}})
			return time.Since(start), err
		}
		gone, leave := context.WithCancel(ctx)
		leave()
		if took, err := publish(gone, 0); took != 0 || !errors.Is(err, context.Canceled) {
			t.Errorf("cancelled: %v after %v", err, took)
		}
		if took, err := publish(ctx, 0); took != handoffTimeout || !errors.Is(err, errBus) {
			t.Errorf("first: %v after %v", err, took)
		}
		if took, err := publish(ctx, 0); took != 0 || !errors.Is(err, errBus) {
			t.Errorf("second: %v after %v", err, took)
		}
		bus.mu.Lock()
		close(bus.release)
		bus.release = nil
		bus.mu.Unlock()
		synctest.Wait()
		if took, err := publish(ctx, 0); took != 0 || err != nil {
			t.Errorf("released: %v after %v", err, took)
		}
		cancel()
		<-done
	})
}

func TestOutboxIsBounded(t *testing.T) {
	t.Parallel()
	h := New(Config{Bus: NewMemoryBus()}) // that does not run
	done := make(chan error, 1)
	h.outbox.post(letter{msg: Message{Data: make([]byte, outboxBytes)}, pub: true, done: done})
	h.outbox.post(letter{msg: Message{Data: make([]byte, 1)}, pub: true, done: done})
	if err := <-done; !errors.Is(err, errBus) || h.outbox.lost.Load() != 1 {
		t.Errorf("%v, %d lost", err, h.outbox.lost.Load())
	}
}

// What a socket did not take is put in front of what came meanwhile, which may be
// the end of the connection.
func TestPutBack(t *testing.T) {
	t.Parallel()
	text, bye := newFrame(opText, []byte("text")), closeFrame(closeRestart, "bye")
	for _, tt := range []struct {
		name    string
		left    []frame
		cut     bool
		queue   []frame
		closing bool
		want    string
	}{
		{"whole frames", []frame{text, text}, false, []frame{text}, false, "\x81\x04text\x81\x04text\x81\x04text"},
		{"a started frame", []frame{text[3:], text}, true, nil, false, "ext\x81\x04text"},
		{"closed meanwhile", []frame{text, text}, false, []frame{bye}, true, string(bye)},
		{"closed meanwhile, a started frame", []frame{text[3:], text}, true, []frame{bye}, true, "ext" + string(bye)},
		{"the close frame itself", []frame{bye}, false, nil, true, string(bye)},
		{"the rest of the close frame", []frame{bye[3:]}, true, nil, true, string(bye[3:])},
		{"the close frame behind others", []frame{text[3:], bye}, true, nil, true, "ext" + string(bye)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			a, b := net.Pipe()
			defer b.Close()
			s := &sink{Conn: a, hub: New(Config{}), queue: tt.queue, busy: true, closing: tt.closing}
			s.putBack(tt.left, tt.cut)
			got := make([]byte, len(tt.want))
			if _, err := io.ReadFull(b, got); err != nil || string(got) != tt.want {
				t.Errorf("%q, %v, want %q", got, err, tt.want)
			}
			s.writer.Wait()
			if s.busy || s.backlog || s.cut || s.size != 0 || len(s.queue) != 0 {
				t.Errorf("not at rest: busy %v backlog %v cut %v size %d queue %d", s.busy, s.backlog, s.cut, s.size, len(s.queue))
			}
			s.end()
		})
	}
}
