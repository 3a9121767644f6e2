package store_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"chatd/internal/chat"
	"chatd/internal/store"
)

// model is what unread numbers are, said plainly: for each member the messages
// that he has not read.
type model struct {
	unread map[string][]*chat.Message
	read   map[string]time.Time
	sent   []*chat.Message
}

func (m *model) sends(msg *chat.Message) {
	m.sent = append(m.sent, msg)
	for user := range m.unread {
		switch {
		case user == msg.UserID:
			m.unread[user], m.read[user] = nil, msg.CreatedAt
		case msg.Counts() && msg.VisibleTo(user):
			m.unread[user] = append(m.unread[user], msg)
		}
	}
}

func (m *model) reads(user string, until time.Time) {
	if until.After(m.read[user]) {
		m.read[user] = until
		m.unread[user] = slices.DeleteFunc(m.unread[user], func(u *chat.Message) bool { return !u.CreatedAt.After(until) })
	}
}

func (m *model) unreads(user string, from *chat.Message) {
	m.unread[user] = nil
	for _, msg := range m.sent {
		if msg.Counts() && msg.VisibleTo(user) && msg.UserID != user && !msg.CreatedAt.Before(from.CreatedAt) {
			m.unread[user] = append(m.unread[user], msg)
		}
	}
	m.read[user] = from.CreatedAt.Add(-time.Microsecond)
}

func (m *model) removes(i int) {
	gone := m.sent[i]
	m.sent = slices.Delete(m.sent, i, i+1)
	for user := range m.unread {
		m.unread[user] = slices.DeleteFunc(m.unread[user], func(u *chat.Message) bool { return u == gone })
	}
}

// TestUnreadModel does what users do, at random, and compares the numbers with the
// model's after each step.
func TestUnreadModel(t *testing.T) {
	t.Parallel()
	for seed := range uint64(4) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			r := newRoom(t)
			cid, users := chat.CID("messaging:a"), []string{"ann", "bob", "cat", "dan"}
			r.channel(cid, users...)
			m := &model{unread: map[string][]*chat.Message{}, read: map[string]time.Time{}}
			for _, u := range users {
				m.unread[u], m.read[u] = nil, r.at.Add(-time.Hour)
			}
			rnd := rand.New(rand.NewPCG(seed, 0))
			for step := range 150 {
				what := r.random(rnd, m, cid, users[rnd.IntN(len(users))])
				got, _, err := r.UnreadOf(t.Context(), cid, users)
				if err != nil {
					t.Fatal(err)
				}
				for _, u := range users {
					if got[u] != len(m.unread[u]) {
						t.Fatalf("step %d, %s: %s has %d unread, want %d", step, what, u, got[u], len(m.unread[u]))
					}
				}
			}
		})
	}
}

// random does one thing to the channel and to the model, and tells what.
func (r *room) random(rnd *rand.Rand, m *model, cid chat.CID, user string) string {
	r.t.Helper()
	what := rnd.IntN(10)
	if len(m.sent) == 0 {
		what = 0
	}
	switch what {
	case 0, 1, 2, 3:
		m.sends(r.send(cid, user, func(msg *chat.Message) { msg.Silent = rnd.IntN(4) == 0 }))
		return user + " sends"
	case 4:
		only := []string{"bob", "dan"}
		r.at = r.at.Add(time.Second)
		msg := &chat.Message{
			ID: chat.NewID(), CID: cid, UserID: user, Type: chat.MessageRegular, CreatedAt: r.at, RestrictedVisibility: only,
		}
		err := r.Send(r.t.Context(), &store.Send{Message: msg, Reader: user, Before: func(ctx context.Context, tx *store.Tx) error {
			return tx.CountFor(ctx, cid, slices.DeleteFunc(slices.Clone(only), func(u string) bool { return u == user })...)
		}})
		if err != nil {
			r.t.Fatal(err)
		}
		m.sends(msg)
		return user + " sends to some"
	case 5, 6, 7:
		until := m.sent[rnd.IntN(len(m.sent))]
		mark := store.Mark{CID: cid, Until: until}
		at := until.CreatedAt
		if what == 7 {
			mark.Until, at = nil, r.at
		}
		r.tx(func(ctx context.Context, tx *store.Tx) error {
			_, err := tx.MarkRead(ctx, user, r.at, mark)
			return err
		})
		m.reads(user, at)
		return user + " reads"
	case 8:
		from := m.sent[rnd.IntN(len(m.sent))]
		r.tx(func(ctx context.Context, tx *store.Tx) error {
			_, err := tx.MarkUnread(ctx, user, false, cid, from.CreatedAt)
			return err
		})
		m.unreads(user, from)
		return user + " marks unread"
	default:
		i := rnd.IntN(len(m.sent))
		r.exec(`DELETE FROM messages WHERE app_id = $1 AND id = $2`, m.sent[i].ID)
		r.tx(func(ctx context.Context, tx *store.Tx) error { return tx.UncountMessage(ctx, m.sent[i]) })
		m.removes(i)
		return "a message is deleted"
	}
}

// TestUnreadConcurrently has members send and read at the same time: when all is
// quiet and read, nothing is unread, and each further message counts once.
func TestUnreadConcurrently(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	cid, users := chat.CID("messaging:a"), []string{"ann", "bob", "cat"}
	r.channel(cid, users...)
	var wg sync.WaitGroup
	for _, u := range users {
		wg.Go(func() {
			for range 30 {
				msg := &chat.Message{ID: chat.NewID(), CID: cid, UserID: u, Type: chat.MessageRegular, CreatedAt: r.Now()}
				if err := r.Send(t.Context(), &store.Send{Message: msg, Reader: u}); err != nil {
					t.Error(err)
				}
				err := r.InTx(t.Context(), func(tx *store.Tx) error {
					_, err := tx.MarkRead(t.Context(), u, tx.Now(), store.Mark{CID: cid})
					return err
				})
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	got, seq, err := r.UnreadOf(t.Context(), cid, users)
	if err != nil || seq != 90 {
		t.Fatal(got, seq, err)
	}
	for _, u := range users {
		r.tx(func(ctx context.Context, tx *store.Tx) error {
			_, err := tx.MarkRead(ctx, u, tx.Now(), store.Mark{CID: cid})
			return err
		})
	}
	r.want(cid, users, 0, 0, 0)
	r.send(cid, "ann")
	r.want(cid, users, 0, 1, 1)
}
