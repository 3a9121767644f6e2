package main

import (
	"fmt"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"chatd/internal/testkit/testdb"
)

func TestMain(m *testing.M) { testdb.Main(m) }

// TestGrown writes channels as the bench does and reads them as chatd is compared
// with.
func TestGrown(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	db, err := pgxpool.New(ctx, testdb.Isolated(t))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	b := &bench{stack: &stack{db: db}, options: options{duration: 80 * time.Millisecond}}
	const app, members = 7, 3
	if _, err := db.Exec(ctx, `INSERT INTO app_keys (key, app_id, secret, created_at) VALUES ($1, $2, $3, now())`, appKey, app, appSecret); err != nil {
		t.Fatal(err)
	}
	if got, err := b.app(ctx); got != app || err != nil {
		t.Fatalf("app %d, %v", got, err)
	}
	for i := range listChannels {
		ch := &story{tag: fmt.Sprintf("b%d-0", i), reader: "ann", messages: listMessages + i, members: members}
		cid := "messaging:" + ch.tag
		for _, sql := range []string{
			`INSERT INTO channels (app_id, cid, type, id, member_count, created_at, updated_at) VALUES ($1, $2, 'messaging', 'x', 1, now(), now())`,
			`INSERT INTO channel_counters (app_id, cid) VALUES ($1, $2)`,
			`INSERT INTO members (app_id, cid, user_id, status, channel_role, join_seq, created_at, updated_at)
				VALUES ($1, $2, 'ann', 'member', 'channel_member', 0, now(), now())`,
		} {
			if _, err := db.Exec(ctx, sql, app, cid); err != nil {
				t.Fatal(err)
			}
		}
		if err := b.write(ctx, app, ch); err != nil {
			t.Fatal(err)
		}
		var newest string
		var messages, count, rows, unread int
		err := db.QueryRow(ctx, `
			SELECT (SELECT id FROM messages m WHERE m.app_id = $1 AND m.cid = $2 AND in_channel ORDER BY created_at DESC LIMIT 1),
				n.message_count, c.member_count, (SELECT count(*) FROM members m JOIN users u USING (app_id) WHERE m.app_id = $1 AND m.cid = $2 AND u.id = m.user_id),
				(SELECT count(*) FROM members m WHERE m.app_id = $1 AND m.cid = $2 AND m.join_seq <> n.unread_seq)
			FROM channels c JOIN channel_counters n USING (app_id, cid) WHERE app_id = $1 AND cid = $2`, app, cid).
			Scan(&newest, &messages, &count, &rows, &unread)
		if err != nil {
			t.Fatal(err)
		}
		if newest != ch.id(ch.messages-1) || messages != ch.messages || count != members+1 || rows != members || unread != 0 {
			t.Errorf("%s: newest %s of %d messages, %d members, %d users, %d with unread messages", cid, newest, messages, count, rows, unread)
		}
	}
	got, err := b.screens(ctx, []string{"ann", "ann"})
	if err != nil || got.n == 0 {
		t.Errorf("screens: %+v, %v", got, err)
	}
	if _, err := b.screens(ctx, []string{"bob"}); err == nil {
		t.Error("bob sees channels that he is not in")
	}
	limit, err := b.inserts(ctx, 2, 2)
	if err != nil || limit.n == 0 {
		t.Errorf("inserts: %+v, %v", limit, err)
	}
}
