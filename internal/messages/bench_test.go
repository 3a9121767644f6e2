package messages_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"chatd/internal/access"
	"chatd/internal/auth"
	"chatd/internal/chat"
	"chatd/internal/messages"
	"chatd/internal/store"
	"chatd/internal/testkit/testdb"
	"chatd/internal/wire"
)

func TestMain(m *testing.M) { testdb.Main(m) }

// encoder publishes as the hub does what costs on the way there: it encodes every
// event once.
type encoder struct{}

func (encoder) Publish(_ context.Context, p *chat.Publication) error {
	for _, it := range p.Items {
		if ev, ok := it.(*chat.Event); ok {
			if _, err := wire.Marshal(ev); err != nil {
				return err
			}
		}
	}
	return nil
}

// house is an app with channels, each with the same members.
type house struct {
	svc     *messages.Service
	app     *chat.App
	actors  []*auth.Actor
	channel []string
}

func newHouse(b *testing.B, channels, members int) *house {
	b.Helper()
	ctx := b.Context()
	st, err := store.Open(ctx, testdb.Database(b), store.Options{})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(st.Close)
	st.Attach(encoder{}, nil)
	key, err := st.CreateApp(ctx, "bench", "k"+chat.NewID(), "secret")
	if err != nil {
		b.Fatal(err)
	}
	app := st.App(key.AppID)
	h := &house{svc: &messages.Service{Store: st, Access: &access.Access{Store: st}}}
	if h.app, err = app.App(ctx); err != nil {
		b.Fatal(err)
	}
	err = app.InTx(ctx, func(tx *store.Tx) error {
		var users []*chat.User
		for i := range members {
			users = append(users, &chat.User{ID: fmt.Sprintf("u%d", i), Name: "User", Role: chat.RoleUser, CreatedAt: tx.Now(), UpdatedAt: tx.Now()})
		}
		if _, err := tx.InsertUsers(ctx, users); err != nil {
			return err
		}
		for i := range channels {
			id := fmt.Sprintf("c%d", i)
			ch := &chat.Channel{Type: "messaging", ID: id, CID: chat.NewCID("messaging", id), CreatedByID: "u0", CreatedAt: tx.Now(), UpdatedAt: tx.Now()}
			if _, err := tx.InsertChannel(ctx, ch); err != nil {
				return err
			}
			var list []*chat.Member
			for _, u := range users {
				list = append(list, &chat.Member{UserID: u.ID, Status: chat.StatusMember, ChannelRole: chat.RoleChannelMember})
			}
			if _, err := tx.AddMembers(ctx, ch, list); err != nil {
				return err
			}
			h.channel = append(h.channel, id)
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
	for i := range members {
		u, err := app.User(ctx, fmt.Sprintf("u%d", i))
		if err != nil {
			b.Fatal(err)
		}
		h.actors = append(h.actors, &auth.Actor{App: h.app, User: u, UserID: u.ID})
	}
	return h
}

// send sends the n-th message: decoded from JSON, and encoded to the answer.
func (h *house) send(ctx context.Context, n int) error {
	req := &messages.SendRequest{Type: "messaging", ID: h.channel[n%len(h.channel)]}
	if err := wire.Unmarshal([]byte(`{"message":{"text":"Hello there, it's a message of ordinary words and a middling length.","mentioned_users":[],"attachments":[],"color":"red"}}`), req); err != nil {
		return err
	}
	resp, err := h.svc.Send(auth.WithActor(ctx, h.actors[n%len(h.actors)]), req)
	if err != nil {
		return err
	}
	_, err = wire.Marshal(resp)
	return err
}

// cpu is the processor time that this process, without the database, has used: on
// a busy machine it says more than the clock.
func cpu(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func BenchmarkSend(b *testing.B) {
	for _, bb := range []struct{ channels, senders int }{{1, 1}, {1, 64}, {200, 64}} {
		b.Run(fmt.Sprintf("channels=%d/senders=%d", bb.channels, bb.senders), func(b *testing.B) {
			h := newHouse(b, bb.channels, 10)
			var n atomic.Int64
			b.ReportAllocs()
			b.SetParallelism(max(bb.senders/2, 1))
			if err := h.send(b.Context(), 0); err != nil {
				b.Fatal(err)
			}
			before := cpu(b)
			b.ResetTimer()
			defer func() { b.ReportMetric(float64((cpu(b)-before).Microseconds())/float64(b.N), "cpu-µs/op") }()
			if bb.senders == 1 {
				for i := range b.N {
					if err := h.send(b.Context(), i); err != nil {
						b.Fatal(err)
					}
				}
				return
			}
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					if err := h.send(b.Context(), int(n.Add(1))); err != nil {
						b.Error(err)
						return
					}
				}
			})
		})
	}
}
