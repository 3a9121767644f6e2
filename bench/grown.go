package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// grown are channels that took years to grow, written into the tables at once.
type grown struct {
	long, short    *story
	crowded, small *story
	searcher       string // a member of long and of many channels more
}

// story is a channel that was written into the tables.
type story struct {
	path     string
	reader   string // a member
	messages int
	members  int
	tag      string
}

// id returns the id of a message, counted from the oldest, 0.
func (ch *story) id(i int) string { return fmt.Sprintf("%s-%09d", ch.tag, i) }

const (
	shortHistory = 10_000
	smallMembers = 10
	moreChannels = 100 // of the searcher
	moreMessages = 2000
)

// grow makes the channels, once for all rounds, and starts chatd anew, as it could
// not know of them.
func (b *bench) grow(ctx context.Context) (*grown, error) {
	if b.grown != nil {
		return b.grown, nil
	}
	if b.history < historyPage*readers || b.members < 1 {
		return nil, errors.New("too few messages or members")
	}
	app, err := b.app(ctx)
	if err != nil {
		return nil, err
	}
	g := &grown{
		long: &story{messages: b.history, members: 1}, short: &story{messages: shortHistory},
		crowded: &story{members: b.members}, small: &story{members: smallMembers},
	}
	for _, ch := range []*story{g.long, g.short, g.crowded, g.small} {
		progress("  growing a channel: %d messages, %d members", ch.messages, ch.members)
		paths, users, err := b.channels(ctx, 1, 1)
		if err != nil {
			return nil, err
		}
		ch.path, ch.reader = paths[0], users[0]
		ch.tag = strings.TrimPrefix(ch.path, "/channels/messaging/")
		if err := b.write(ctx, app, ch); err != nil {
			return nil, err
		}
	}
	if err := b.scatter(ctx, app, g); err != nil {
		return nil, err
	}
	// What would otherwise fall into a later measurement.
	for _, sql := range []string{`VACUUM (ANALYZE) messages, members, users, channels, channel_counters`, `CHECKPOINT`} {
		if _, err := b.db.Exec(ctx, sql); err != nil {
			return nil, err
		}
	}
	if err := b.restart(ctx); err != nil {
		return nil, err
	}
	b.grown = g
	return g, nil
}

// scatter makes the channels of the searcher.
func (b *bench) scatter(ctx context.Context, app int64, g *grown) error {
	progress("  growing %d channels: %d messages each", moreChannels, moreMessages)
	paths, users, err := b.channels(ctx, moreChannels, 1)
	if err != nil {
		return err
	}
	g.searcher = users[0]
	for _, path := range paths {
		ch := &story{path: path, reader: g.searcher, messages: moreMessages, tag: strings.TrimPrefix(path, "/channels/messaging/")}
		if err := b.write(ctx, app, ch); err != nil {
			return err
		}
	}
	c, err := dial(ctx, b.chatd.addr, "")
	if err != nil {
		return err
	}
	defer c.close()
	_, err = c.do("POST", g.long.path, []byte(`{"add_members":["`+g.searcher+`"]}`))
	return err
}

// app returns the number of the bench's app.
func (b *bench) app(ctx context.Context) (id int64, err error) {
	err = b.db.QueryRow(ctx, `SELECT app_id FROM app_keys WHERE key = $1`, appKey).Scan(&id)
	return id, err
}

// write fills a channel: a message a second up to now, all of them read, and members
// who have never been here, though the first of them wrote one message in 2000. One in
// 3000 has a picture, one in 1000 was edited later.
func (b *bench) write(ctx context.Context, app int64, ch *story) error {
	cid, now := "messaging:"+ch.tag, time.Now().UTC().Truncate(time.Microsecond)
	return pgx.BeginFunc(ctx, b.db, func(tx pgx.Tx) error {
		for _, st := range []struct {
			sql  string
			args []any
		}{
			{
				`INSERT INTO messages (app_id, id, cid, user_id, type, text, html, attachments, in_channel, created_at, updated_at, words, custom)
				SELECT $1, $2 || '-' || lpad(i::text, 9, '0'), $3, by, 'regular', text, '<p>' || text || '</p>', attachments, true, at,
					CASE WHEN i % 1000 = 3 THEN at + interval '1 minute' ELSE at END, message_words($1, text, by, attachments, '{}'),
					(CASE WHEN i % 2000 = 11 THEN '{"kind":"ticket"}' ELSE '{}' END)::jsonb
				FROM (SELECT $5 || ' w' || floor(power(20000, random()))::int || CASE WHEN i % 30000 = 999 THEN ' needle' ELSE '' END AS text, i, $6::timestamptz - ($7 - i) * interval '1 second' AS at,
					CASE WHEN i % 2000 = 5 AND $8 > 0 THEN $2 || '-member-1' ELSE $4 END AS by, (CASE WHEN i % 3000 = 7 THEN '[{"type":"image"}]' ELSE '[]' END)::json AS attachments
					FROM generate_series(0, $7::int - 1) i) m`,
				[]any{app, ch.tag, cid, ch.reader, text, now, ch.messages, ch.members},
			},
			{`UPDATE channel_counters SET message_count = message_count + $3, unread_seq = unread_seq + $3, last_message_at = $4
				WHERE app_id = $1 AND cid = $2`, []any{app, cid, ch.messages, now}},
			{`UPDATE members SET join_seq = $3 WHERE app_id = $1 AND cid = $2`, []any{app, cid, ch.messages}},
			{
				`INSERT INTO users (app_id, id, name, role, created_at, updated_at)
				SELECT $1, $2 || '-member-' || i, 'Member ' || i, 'user', $3, $3 FROM generate_series(1, $4::int) i`,
				[]any{app, ch.tag, now, ch.members},
			},
			{
				`INSERT INTO members (app_id, cid, user_id, status, channel_role, join_seq, created_at, updated_at)
				SELECT $1, $2, $3 || '-member-' || i, 'member', 'channel_member', $4, $5, $5 FROM generate_series(1, $6::int) i`,
				[]any{app, cid, ch.tag, ch.messages, now, ch.members},
			},
			{`UPDATE channels SET member_count = member_count + $3 WHERE app_id = $1 AND cid = $2`, []any{app, cid, ch.members}},
		} {
			if _, err := tx.Exec(ctx, st.sql, st.args...); err != nil {
				return fmt.Errorf("%.40s…: %w", st.sql, err)
			}
		}
		return nil
	})
}
