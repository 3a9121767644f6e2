package store_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgxpool"

	"chatd/internal/chat"
	"chatd/internal/store"
	"chatd/internal/testkit/testdb"
)

// published keeps what a store published.
type published struct {
	mu    sync.Mutex
	items []chat.Item
}

func (p *published) Publish(_ context.Context, pub *chat.Publication) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.items = append(p.items, pub.Items...)
	return nil
}

// take returns the changes since the last call.
func (p *published) take() []chat.Change {
	p.mu.Lock()
	defer p.mu.Unlock()
	var out []chat.Change
	for _, it := range p.items {
		if c, ok := it.(*chat.Change); ok && c.Kind != chat.Stale {
			out = append(out, *c)
		}
	}
	p.items = nil
	return out
}

// room is an app with a channel whose rows a test writes itself.
type room struct {
	*store.App
	t    *testing.T
	pool *pgxpool.Pool
	pub  *published
	at   time.Time // of the newest message
	n    int
}

func newRoom(t *testing.T) *room {
	t.Helper()
	ctx := t.Context()
	dsn := testdb.Database(t)
	st, err := store.Open(ctx, dsn, store.Options{MaxConns: 4})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(st.Close)
	pool, err := pgxpool.New(ctx, dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	pub := &published{}
	st.Attach(pub, nil)
	key, err := st.CreateApp(ctx, "reads", "k"+chat.NewID(), "secret")
	if err != nil {
		t.Fatal(err)
	}
	return &room{App: st.App(key.AppID), t: t, pool: pool, pub: pub, at: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}
}

func (r *room) exec(sql string, args ...any) {
	r.t.Helper()
	if _, err := r.pool.Exec(r.t.Context(), sql, append([]any{r.ID}, args...)...); err != nil {
		r.t.Fatal(err)
	}
}

// channel makes a channel with members, one hour before the first message.
func (r *room) channel(cid chat.CID, members ...string) {
	r.t.Helper()
	at := r.at.Add(-time.Hour)
	r.exec(`INSERT INTO channels (app_id, cid, type, id, created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $5)`, cid, cid.Type(), cid.ID(), at)
	r.exec(`INSERT INTO channel_counters (app_id, cid) VALUES ($1, $2)`, cid)
	for _, m := range members {
		r.join(cid, m, at)
	}
}

func (r *room) join(cid chat.CID, user string, at time.Time) {
	r.t.Helper()
	r.exec(`INSERT INTO users (app_id, id, role, created_at, updated_at) VALUES ($1, $2, 'user', $3, $3) ON CONFLICT DO NOTHING`, user, at)
	r.exec(`INSERT INTO members (app_id, cid, user_id, status, channel_role, join_seq, created_at, updated_at)
		SELECT $1, $2, $3, 'member', 'channel_member', unread_seq, $4, $4 FROM channel_counters WHERE app_id = $1 AND cid = $2`, cid, user, at)
}

// send sends a message one second after the last; set changes it before.
func (r *room) send(cid chat.CID, author string, set ...func(*chat.Message)) *chat.Message {
	r.t.Helper()
	r.at = r.at.Add(time.Second)
	r.n++
	m := &chat.Message{ID: fmt.Sprintf("m%d-%d", r.ID, r.n), CID: cid, UserID: author, Type: chat.MessageRegular, Text: "hi", CreatedAt: r.at}
	s := &store.Send{Message: m, Touch: true, Reader: author}
	for _, f := range set {
		f(m)
	}
	if err := r.Send(r.t.Context(), s); err != nil {
		r.t.Fatal(err)
	}
	return m
}

func (r *room) tx(fn func(context.Context, *store.Tx) error) {
	r.t.Helper()
	if err := r.InTx(r.t.Context(), func(tx *store.Tx) error { return fn(r.t.Context(), tx) }); err != nil {
		r.t.Fatal(err)
	}
}

// want checks the unread numbers of users, in order.
func (r *room) want(cid chat.CID, users []string, unread ...int) {
	r.t.Helper()
	got, _, err := r.UnreadOf(r.t.Context(), cid, users)
	if err != nil {
		r.t.Fatal(err)
	}
	for i, u := range users {
		if got[u] != unread[i] {
			r.t.Fatalf("unread of %s in %s: %d, want %d (%v)", u, cid, got[u], unread[i], got)
		}
	}
}

func (r *room) totals(user string, messages, channels int) {
	r.t.Helper()
	got, err := r.Totals(r.t.Context(), user)
	want := chat.Unread{UnreadCount: messages, TotalUnread: messages, UnreadChannels: channels}
	if err != nil || got != want {
		r.t.Fatalf("totals of %s: %+v, %v; want %+v", user, got, err, want)
	}
}

func TestUnreadNumbers(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	cid, users := chat.CID("messaging:a"), []string{"ann", "bob", "cat"}
	r.channel(cid, users...)
	r.send(cid, "ann")
	r.send(cid, "ann")
	r.want(cid, users, 0, 2, 2)
	r.send(cid, "bob")
	r.want(cid, users, 1, 0, 3)
	r.send(cid, "bob", func(m *chat.Message) { m.Silent = true })
	r.send(cid, "bob", func(m *chat.Message) { m.Type, m.ParentID = chat.MessageReply, "m1" })
	r.want(cid, users, 1, 0, 3)
	r.totals("cat", 3, 1)

	r.join(cid, "dan", r.at) // what was before is not unread
	r.send(cid, "ann")
	r.want(cid, []string{"dan"}, 1)

	r.channel("livestream:l", "cat", "ann")
	r.send("livestream:l", "ann")
	r.want("livestream:l", []string{"cat"}, 0)
	r.totals("cat", 4, 1)

	r.exec(`UPDATE members SET status = 'pending' WHERE app_id = $1 AND user_id = 'dan'`)
	r.totals("dan", 0, 0)
	r.exec(`INSERT INTO channel_mutes (app_id, user_id, cid, expires, created_at, updated_at) VALUES ($1, 'cat', $2, now() + interval '1 hour', now(), now())`, cid)
	r.totals("cat", 0, 0)
	r.want(cid, []string{"cat"}, 4) // the mute is the asker's matter here
	ms, err := r.Memberships(t.Context(), "cat")
	if err != nil || len(ms) != 2 {
		t.Fatal(ms, err)
	}
	for _, m := range ms {
		if m.CID == cid && (!m.Muted || m.Unread != 4 || m.Seq != 4) || m.CID != cid && (m.Muted || m.Unread != 0) {
			t.Errorf("%+v", m)
		}
	}
	r.exec(`UPDATE channel_mutes SET expires = now() - interval '1 hour' WHERE app_id = $1`)
	r.totals("cat", 4, 1)
	r.exec(`UPDATE channels SET deleted_at = now() WHERE app_id = $1 AND cid = $2`, cid)
	r.totals("cat", 0, 0)
}

func TestMarkRead(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	cid := chat.CID("messaging:a")
	users := []string{"ann", "bob"}
	r.channel(cid, users...)
	m1, m2 := r.send(cid, "ann"), r.send(cid, "ann")
	m3 := r.send(cid, "ann")

	mark := func(until *chat.Message) *store.Marked {
		t.Helper()
		var out []*store.Marked
		r.tx(func(ctx context.Context, tx *store.Tx) (err error) {
			out, err = tx.MarkRead(ctx, "bob", r.at, store.Mark{CID: cid, Until: until})
			return err
		})
		if len(out) != 1 {
			t.Fatalf("%d marks", len(out))
		}
		return out[0]
	}
	if got := mark(m2); got.Unread != 1 || got.LastReadMessageID != m2.ID || !got.LastRead.Equal(m2.CreatedAt) || got.Messages != 3 {
		t.Errorf("%+v", got)
	}
	r.want(cid, users, 0, 1)
	if got := mark(m1); got.Unread != 1 || got.LastReadMessageID != m2.ID {
		t.Errorf("an older mark took back a newer one: %+v", got)
	}
	if diff := cmp.Diff([]chat.Change{{Kind: chat.UnreadSet, CID: cid, User: "bob", N: 1, Seq: 3}, {Kind: chat.UnreadSet, CID: cid, User: "bob", N: 1, Seq: 3}}, r.pub.take()); diff != "" {
		t.Error(diff)
	}
	if got := mark(nil); got.Unread != 0 || got.LastReadMessageID != m3.ID || !got.LastMessageAt.Equal(m3.CreatedAt) {
		t.Errorf("%+v", got)
	}
	r.send(cid, "ann")
	r.want(cid, users, 0, 1)

	r.channel("messaging:b", users...)
	r.send("messaging:b", "ann")
	r.totals("bob", 2, 2)
	r.tx(func(ctx context.Context, tx *store.Tx) error {
		out, err := tx.MarkAllRead(ctx, "bob", r.at)
		if len(out) != 2 {
			t.Errorf("%d channels", len(out))
		}
		return err
	})
	r.totals("bob", 0, 0)
	r.tx(func(ctx context.Context, tx *store.Tx) error {
		out, err := tx.MarkRead(ctx, "zoe", r.at, store.Mark{CID: cid})
		if len(out) != 0 {
			t.Errorf("a stranger marked %d channels", len(out))
		}
		return err
	})
}

func TestMarkUnread(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	cid := chat.CID("messaging:a")
	r.channel(cid, "ann", "bob")
	m1 := r.send(cid, "ann")
	m2 := r.send(cid, "ann")
	r.send(cid, "bob") // bob has read all
	r.send(cid, "ann", func(m *chat.Message) { m.Silent = true })
	tests := []struct {
		name   string
		from   *chat.Message
		unread int
		last   string
	}{
		{"own and silent messages do not count", m2, 1, m1.ID},
		{"from the first message on", m1, 2, ""},
	}
	for _, tt := range tests {
		var got *store.Marked
		r.tx(func(ctx context.Context, tx *store.Tx) (err error) {
			got, err = tx.MarkUnread(ctx, "bob", false, cid, tt.from.CreatedAt)
			return err
		})
		if got.Unread != tt.unread || got.LastReadMessageID != tt.last || !got.LastRead.Before(tt.from.CreatedAt) {
			t.Errorf("%s: %+v", tt.name, got)
		}
		r.want(cid, []string{"bob"}, tt.unread)
	}
	r.send(cid, "ann")
	r.want(cid, []string{"bob"}, 3)
}

func TestUncountMessage(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	cid, users := chat.CID("messaging:a"), []string{"ann", "bob", "cat", "dan"}
	r.channel(cid, users[:3]...)
	m1, m2 := r.send(cid, "ann"), r.send(cid, "ann")
	r.tx(func(ctx context.Context, tx *store.Tx) error {
		_, err := tx.MarkRead(ctx, "bob", r.at, store.Mark{CID: cid, Until: m1})
		return err
	})
	r.join(cid, "dan", r.at.Add(time.Millisecond))
	m3 := r.send(cid, "ann")
	r.want(cid, users, 0, 2, 3, 1)
	remove := func(m *chat.Message) {
		t.Helper()
		r.tx(func(ctx context.Context, tx *store.Tx) error {
			if _, err := tx.LockCounters(ctx, cid); err != nil {
				return err
			}
			return tx.UncountMessage(ctx, m)
		})
	}
	remove(m2)
	r.want(cid, users, 0, 1, 2, 1)
	remove(m1)
	r.want(cid, users, 0, 1, 1, 1)

	r.exec(`DELETE FROM messages WHERE app_id = $1 AND id = $2`, m3.ID)
	remove(m3)
	r.want(cid, users, 0, 0, 0, 0)
	ch, err := r.Channels(t.Context(), cid)
	if err != nil || ch[0].Messages != 0 || ch[0].LastMessageAt == nil || !ch[0].LastMessageAt.Equal(m2.CreatedAt) {
		t.Errorf("%+v, %v", ch[0], err)
	}
	r.send(cid, "ann")
	r.want(cid, users, 0, 1, 1, 1)

	r.exec(`UPDATE channels SET truncated_at = $2 WHERE app_id = $1`, r.at)
	r.tx(func(ctx context.Context, tx *store.Tx) error { return tx.ResetUnread(ctx, cid) })
	r.want(cid, users, 0, 0, 0, 0)
	r.send(cid, "ann")
	remove(m2) // gone by truncation already
	r.want(cid, users, 0, 1, 1, 1)
	r.tx(func(ctx context.Context, tx *store.Tx) error { return tx.ResetUnread(ctx, cid, "cat") })
	r.want(cid, users, 0, 1, 0, 1)
}

func TestReads(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	cid := chat.CID("messaging:a")
	r.channel(cid, "ann", "bob", "cat", "zed")
	m1 := r.send(cid, "ann")
	r.exec(`UPDATE users SET privacy_settings = '{"read_receipts":{"enabled":false}}' WHERE app_id = $1 AND id = 'cat'`)
	r.tx(func(ctx context.Context, tx *store.Tx) error {
		d, err := tx.MarkDelivered(ctx, "bob", []chat.CID{cid, cid}, []string{m1.ID, "unknown"})
		if len(d) != 1 || d[0].MessageID != m1.ID {
			t.Errorf("%+v", d)
		}
		return err
	})
	r.tx(func(ctx context.Context, tx *store.Tx) error {
		d, err := tx.MarkDelivered(ctx, "bob", []chat.CID{cid}, []string{m1.ID})
		if len(d) != 0 {
			t.Errorf("delivered twice: %+v", d)
		}
		return err
	})
	who := func(viewer string, n int) (ids []string) {
		t.Helper()
		m, err := r.Reads(t.Context(), []chat.CID{cid, "livestream:none"}, viewer, n)
		if err != nil {
			t.Fatal(err)
		}
		for _, x := range m[cid] {
			ids = append(ids, x.User.ID)
			if x.User.ID == "bob" && (x.LastDeliveredMessageID != m1.ID || x.UnreadMessages != 1) {
				t.Errorf("%+v", x)
			}
		}
		return ids
	}
	tests := []struct {
		viewer string
		n      int
		want   []string
	}{
		{"bob", 100, []string{"ann", "bob", "zed"}},
		{"cat", 100, []string{"ann", "bob", "cat", "zed"}},
		{"", 100, []string{"ann", "bob", "cat", "zed"}},
		{"zed", 1, []string{"ann", "zed"}},
	}
	for _, tt := range tests {
		if diff := cmp.Diff(tt.want, who(tt.viewer, tt.n)); diff != "" {
			t.Errorf("%q %d: %s", tt.viewer, tt.n, diff)
		}
	}
}

func TestUnreadChannels(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	for _, cid := range []chat.CID{"messaging:a", "messaging:b", "team:c"} {
		r.channel(cid, "ann", "bob")
		r.send(cid, "ann")
	}
	r.send("team:c", "ann")
	list, sums, err := r.UnreadChannels(t.Context(), 2, "bob", "ann", "nobody")
	if err != nil || len(list) != 2 || list[0].CID != "team:c" || list[0].Unread != 2 || list[1].CID != "messaging:b" {
		t.Errorf("%+v %v", list, err)
	}
	want := []*store.UnreadSum{{UserID: "bob", Type: "messaging", Channels: 2, Messages: 2}, {UserID: "bob", Type: "team", Channels: 1, Messages: 2}}
	if diff := cmp.Diff(want, sums); diff != "" {
		t.Error(diff)
	}
}
