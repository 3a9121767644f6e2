package store_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"chatd/internal/chat"
	"chatd/internal/store"
)

// people creates users who do not exist yet.
func (r *room) people(ids ...string) {
	r.t.Helper()
	for _, id := range ids {
		r.exec(`INSERT INTO users (app_id, id, name, role, created_at, updated_at) VALUES ($1, $2, initcap($2), 'user', $3, $3) ON CONFLICT DO NOTHING`, id, r.at)
	}
}

// open creates a channel with members through the store.
func (r *room) open(ch *chat.Channel, members ...string) *chat.Channel {
	r.t.Helper()
	r.people(members...)
	ch.Type, ch.ID = ch.CID.Type(), ch.CID.ID()
	r.tx(func(ctx context.Context, tx *store.Tx) error {
		ok, err := tx.InsertChannel(ctx, ch)
		if err != nil || !ok {
			return fmt.Errorf("insert: %v, %w", ok, err)
		}
		_, err = tx.AddMembers(ctx, ch, plain(members...))
		return err
	})
	return ch
}

func plain(users ...string) []*chat.Member {
	var out []*chat.Member
	for _, u := range users {
		out = append(out, &chat.Member{UserID: u, Status: chat.StatusMember, ChannelRole: chat.RoleChannelMember})
	}
	return out
}

// lock runs fn on the locked channel.
func (r *room) lock(cid chat.CID, fn func(context.Context, *store.Tx, *chat.Channel) error) {
	r.t.Helper()
	r.tx(func(ctx context.Context, tx *store.Tx) error {
		ch, err := tx.LockAnyChannel(ctx, cid)
		if err != nil {
			return err
		}
		return fn(ctx, tx, ch)
	})
}

// row reads one value from the database.
func row[T any](r *room, sql string, args ...any) T {
	r.t.Helper()
	var v T
	if err := r.pool.QueryRow(r.t.Context(), sql, append([]any{r.ID}, args...)...).Scan(&v); err != nil {
		r.t.Fatal(err)
	}
	return v
}

func TestMemberCountIsExactUnderConcurrency(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	cid := chat.CID("messaging:busy")
	var users []string
	for i := range 40 {
		users = append(users, fmt.Sprintf("u%02d", i))
	}
	r.people(users...)
	r.open(&chat.Channel{CID: cid, CreatedByID: "u00"})
	errs := make(chan error)
	for i := range 20 {
		go func() { // each adds ten that overlap with those of others and takes out five
			errs <- r.InTx(t.Context(), func(tx *store.Tx) error {
				ch, err := tx.LockChannel(t.Context(), cid)
				if err != nil {
					return err
				}
				if _, err := tx.AddMembers(t.Context(), ch, plain(users[i:i+10]...)); err != nil {
					return err
				}
				_, err = tx.RemoveMembers(t.Context(), ch, users[i+3:i+8])
				return err
			})
		}()
	}
	for range 20 {
		if err := <-errs; err != nil {
			t.Fatal(err)
		}
	}
	rows := row[int](r, `SELECT count(*) FROM members WHERE app_id = $1`)
	if n := row[int](r, `SELECT member_count FROM channels WHERE app_id = $1`); n != rows || n == 0 {
		t.Fatalf("member_count %d, members %d", n, rows)
	}
}

func TestJoiningAndLeaving(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	cid := chat.CID("messaging:door")
	r.open(&chat.Channel{CID: cid, CreatedByID: "ann"}, "ann", "bob")
	r.people("cid")
	r.send(cid, "ann")
	r.lock(cid, func(ctx context.Context, tx *store.Tx, ch *chat.Channel) error {
		added, err := tx.AddMembers(ctx, ch, plain("bob", "cid"))
		if err == nil && (len(added) != 1 || added[0].UserID != "cid" || added[0].Role != "member" || added[0].User.Name != "Cid") {
			t.Errorf("added %+v", added)
		}
		return err
	})
	r.send(cid, "ann")
	r.want(cid, []string{"ann", "bob", "cid"}, 0, 2, 1)
	r.pub.take()
	r.lock(cid, func(ctx context.Context, tx *store.Tx, ch *chat.Channel) error {
		gone, err := tx.RemoveMembers(ctx, ch, []string{"cid", "bob", "nobody"})
		if err == nil && (len(gone) != 2 || gone[0].UserID != "bob" || gone[0].Unread != 2 || gone[1].Unread != 1) {
			t.Errorf("gone %+v", gone)
		}
		return err
	})
	if diff := cmp.Diff([]chat.Change{
		{Kind: chat.MemberLeft, CID: cid, User: "bob"},
		{Kind: chat.MemberLeft, CID: cid, User: "cid"},
	}, r.pub.take()); diff != "" {
		t.Error(diff)
	}
	if n := row[int](r, `SELECT count(*) FROM departures WHERE app_id = $1`); n != 2 {
		t.Errorf("departures: %d", n)
	}
	r.totals("bob", 0, 0)
	r.lock(cid, func(ctx context.Context, tx *store.Tx, ch *chat.Channel) error {
		_, err := tx.AddMembers(ctx, ch, plain("bob"))
		return err
	})
	r.want(cid, []string{"bob"}, 0)
	r.send(cid, "ann")
	r.want(cid, []string{"bob"}, 1)
	if n := row[int](r, `SELECT count(*) FROM departures WHERE app_id = $1`); n != 1 {
		t.Errorf("departures: %d", n)
	}
}

func TestBansOutliveMemberships(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	cid := chat.CID("messaging:ban")
	r.people("bob", "sly", "old")
	r.open(&chat.Channel{CID: cid, CreatedByID: "ann"}, "ann")
	r.exec(`INSERT INTO bans (app_id, cid, user_id, shadow, expires, created_at) VALUES
		($1, $2, 'bob', false, NULL, now()), ($1, $2, 'sly', true, NULL, now()), ($1, $2, 'old', false, now() - interval '1 hour', now())`, cid)
	r.lock(cid, func(ctx context.Context, tx *store.Tx, ch *chat.Channel) error {
		added, err := tx.AddMembers(ctx, ch, plain("bob", "old", "sly"))
		for _, m := range added {
			if m.Banned != (m.UserID == "bob") || m.ShadowBanned != (m.UserID == "sly") {
				t.Errorf("%s: banned %v, shadow %v", m.UserID, m.Banned, m.ShadowBanned)
			}
		}
		return err
	})
}

func TestTruncate(t *testing.T) {
	t.Parallel()
	for _, hard := range []bool{false, true} {
		r := newRoom(t)
		cid := chat.CID("messaging:cut")
		r.open(&chat.Channel{CID: cid, CreatedByID: "ann"}, "ann", "bob", "cid")
		first := r.send(cid, "ann")
		r.send(cid, "ann", func(m *chat.Message) { m.ParentID, m.Type = first.ID, chat.MessageReply })
		cut := r.send(cid, "bob")
		last := r.send(cid, "ann")
		r.send(cid, "ann", func(m *chat.Message) { m.ParentID, m.Type = last.ID, chat.MessageReply })
		r.want(cid, []string{"ann", "bob", "cid"}, 0, 1, 3)
		r.lock(cid, func(ctx context.Context, tx *store.Tx, ch *chat.Channel) error {
			return tx.Truncate(ctx, ch, cut.CreatedAt, "ann", hard)
		})
		r.want(cid, []string{"ann", "bob", "cid"}, 0, 1, 1)
		list, err := r.Channels(t.Context(), cid)
		if err != nil {
			t.Fatal(err)
		}
		ch := list[0]
		if ch.Messages != 2 || !ch.LastMessageAt.Equal(last.CreatedAt) || !ch.TruncatedAt.Equal(cut.CreatedAt) || ch.TruncatedByID != "ann" {
			t.Errorf("hard %v: %d messages, last at %v, truncated at %v by %s", hard, ch.Messages, ch.LastMessageAt, ch.TruncatedAt, ch.TruncatedByID)
		}
		left := row[int](r, `SELECT count(*) FROM messages WHERE app_id = $1`)
		if want := map[bool]int{false: 5, true: 2}[hard]; left != want {
			t.Errorf("hard %v: %d messages stored, want %d", hard, left, want)
		}
		r.lock(cid, func(ctx context.Context, tx *store.Tx, ch *chat.Channel) error {
			return tx.Truncate(ctx, ch, tx.Now(), "", hard)
		})
		r.want(cid, []string{"ann", "bob", "cid"}, 0, 0, 0)
		r.lock(cid, func(ctx context.Context, tx *store.Tx, ch *chat.Channel) error {
			now := *ch.TruncatedAt
			err := tx.Truncate(ctx, ch, cut.CreatedAt, "", hard)
			if !ch.TruncatedAt.Equal(now) {
				t.Errorf("hard %v: the truncation was taken back to %v", hard, ch.TruncatedAt)
			}
			return err
		})
		if row[bool](r, `SELECT last_message_at IS NOT NULL OR message_count <> 0 FROM channel_counters WHERE app_id = $1`) {
			t.Errorf("hard %v: counters are not empty", hard)
		}
	}
}

// channelTables returns the tables that have rows of a channel.
func channelTables(r *room) []string {
	r.t.Helper()
	var tables []string
	rows, err := r.pool.Query(r.t.Context(), `
		SELECT table_name FROM information_schema.columns WHERE table_schema = 'public' AND column_name IN ('app_id', 'cid')
		GROUP BY table_name HAVING count(*) = 2 ORDER BY table_name`)
	if err != nil {
		r.t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			r.t.Fatal(err)
		}
		tables = append(tables, name)
	}
	return tables
}

func TestHardDeleteLeavesNothing(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	cid, other := chat.CID("messaging:gone"), chat.CID("messaging:stays")
	for _, c := range []chat.CID{cid, other} {
		r.open(&chat.Channel{CID: c, CreatedByID: "ann"}, "ann", "bob")
		m := r.send(c, "ann")
		r.send(c, "bob", func(b *chat.Message) { b.ParentID, b.Type = m.ID, chat.MessageReply })
		r.exec(`INSERT INTO reactions (app_id, message_id, user_id, type, score, created_at, updated_at) VALUES ($1, $2, 'bob', 'like', 1, now(), now())`, m.ID)
		r.exec(`INSERT INTO message_deletions (app_id, cid, user_id, message_id, created_at) VALUES ($1, $2, 'bob', $3, now())`, c, m.ID)
		r.exec(`INSERT INTO channel_mutes (app_id, user_id, cid, created_at, updated_at) VALUES ($1, 'bob', $2, now(), now())`, c)
		r.exec(`INSERT INTO thread_reads (app_id, cid, parent_id, user_id, last_read) VALUES ($1, $2, $3, 'bob', now()) ON CONFLICT DO NOTHING`, c, m.ID)
		r.exec(`INSERT INTO bans (app_id, user_id, cid, created_at) VALUES ($1, 'eve', $2, now())`, c)
		r.exec(`INSERT INTO drafts (app_id, cid, user_id, message, created_at) VALUES ($1, $2, 'bob', '{}', now())`, c)
		r.exec(`INSERT INTO reminders (app_id, cid, user_id, message_id, created_at, updated_at) VALUES ($1, $2, 'bob', $3, now(), now())`, c, m.ID)
		removed := r.send(c, "ann")
		r.tx(func(ctx context.Context, tx *store.Tx) error {
			if _, err := tx.RemoveMessage(ctx, c, removed.ID, r.at); err != nil {
				return err
			}
			if err := tx.Hold(ctx, &store.Held{Kind: store.HeldPending, Message: &chat.Message{ID: chat.NewID(), CID: c, UserID: "ann", CreatedAt: r.at}, ExpiresAt: r.at}); err != nil {
				return err
			}
			return tx.KeepHistory(ctx, m, "ann", r.at)
		})
	}
	r.lock(cid, func(ctx context.Context, tx *store.Tx, ch *chat.Channel) error { return tx.HardDeleteChannel(ctx, ch) })
	for _, table := range channelTables(r) {
		n := row[int](r, `SELECT count(*) FROM `+table+` WHERE app_id = $1 AND cid = $2`, cid)
		if want := map[bool]int{true: 2}[table == "departures"]; n != want {
			t.Errorf("%s: %d rows, want %d", table, n, want)
		}
		if n := row[int](r, `SELECT count(*) FROM `+table+` WHERE app_id = $1 AND cid = $2`, other); n == 0 && table != "departures" {
			t.Errorf("%s: no row of the other channel: is the test complete?", table)
		}
	}
	if n := row[int](r, `SELECT count(*) FROM reactions WHERE app_id = $1`); n != 1 {
		t.Errorf("%d reactions", n)
	}
}

func TestReviveChannel(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	cid := chat.CID("messaging:again")
	r.open(&chat.Channel{CID: cid, CreatedByID: "ann", Custom: []byte(`{"color":"red"}`)}, "ann", "bob")
	r.send(cid, "ann")
	r.lock(cid, func(ctx context.Context, tx *store.Tx, ch *chat.Channel) error { return tx.SoftDeleteChannel(ctx, ch) })
	if _, err := r.Channel(t.Context(), cid); chat.KindOf(err) != chat.NotFound {
		t.Fatalf("a deleted channel: %v", err)
	}
	r.totals("bob", 0, 0)
	r.lock(cid, func(ctx context.Context, tx *store.Tx, ch *chat.Channel) error { return tx.ReviveChannel(ctx, ch) })
	ch, err := r.EventChannel(t.Context(), cid)
	if err != nil {
		t.Fatal(err)
	}
	if ch.DeletedAt != nil || ch.TruncatedAt == nil || ch.LastMessageAt != nil || ch.MemberCount != 2 || len(ch.Members) != 2 || string(ch.Custom) != `{"color": "red"}` {
		t.Errorf("%+v", ch)
	}
	r.want(cid, []string{"ann", "bob"}, 0, 0)
	r.send(cid, "ann")
	r.totals("bob", 1, 1)
}

// TestTypesOfNewChannelsStay deletes a channel type while a channel of it is created.
func TestTypesOfNewChannelsStay(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	r.people("ann")
	deleted := make(chan error, 1)
	r.tx(func(ctx context.Context, tx *store.Tx) error {
		if _, err := tx.InsertChannel(ctx, &chat.Channel{CID: "livestream:a", Type: "livestream", ID: "a", CreatedByID: "ann"}); err != nil {
			return err
		}
		go func() {
			deleted <- r.InTx(t.Context(), func(tx *store.Tx) error { return tx.DeleteType(t.Context(), "livestream") })
		}()
		r.awaitLock()
		return nil
	})
	if err := <-deleted; chat.KindOf(err) != chat.Invalid {
		t.Errorf("%v, want Invalid", err)
	}
	r.tx(func(ctx context.Context, tx *store.Tx) error { return tx.DeleteType(ctx, "gaming") })
	err := r.InTx(t.Context(), func(tx *store.Tx) error {
		_, err := tx.InsertChannel(t.Context(), &chat.Channel{CID: "gaming:a", Type: "gaming", ID: "a", CreatedByID: "ann"})
		return err
	})
	if chat.KindOf(err) != chat.NotFound {
		t.Errorf("%v, want NotFound", err)
	}
}

// awaitLock returns when a transaction of the test's database waits for another.
func (r *room) awaitLock() {
	r.t.Helper()
	for r.t.Context().Err() == nil {
		if row[bool](r, `SELECT $1::bigint > 0 AND EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock')`) {
			return
		}
	}
}
