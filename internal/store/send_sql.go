package store

import (
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"chatd/internal/chat"
	"chatd/internal/wire"
)

// The statements of a batch of sends.
const (
	// sendMany writes the counters, whose rows are the channels' locks, the messages
	// and the readers. Of channels that are gone nothing is written.
	sendMany = `
	WITH n AS (
		UPDATE channel_counters c SET unread_seq = c.unread_seq + v.counted, message_count = c.message_count + v.sent,
			last_message_at = greatest(c.last_message_at, v.last)
		FROM unnest($2::text[], $3::int[], $4::bigint[], $5::timestamptz[]) AS v (cid, sent, counted, last)
		WHERE c.app_id = $1 AND c.cid = v.cid RETURNING c.cid, c.unread_seq, c.message_count),
	r AS (
		INSERT INTO reads (app_id, cid, user_id, unread_base, last_read, last_read_message_id)
		SELECT $1, v.cid, v.user_id, n.unread_seq - v.back, v.at, v.id
		FROM unnest($6::text[], $7::text[], $8::bigint[], $9::timestamptz[], $10::text[]) AS v (cid, user_id, back, at, id)
		JOIN n ON n.cid = v.cid
		ORDER BY v.cid, v.user_id
		ON CONFLICT (app_id, cid, user_id) DO UPDATE
		SET unread_base = excluded.unread_base, last_read = excluded.last_read, last_read_message_id = excluded.last_read_message_id),
	m AS (
		INSERT INTO messages (app_id, id, cid, user_id, type, text, html, mml, command, args, attachments,
			mentioned_users, mentioned_channel, mentioned_here, mentioned_roles, mentioned_group_ids,
			parent_id, show_in_channel, in_channel, silent, shadowed, pinned, pinned_at, pinned_by_id, pin_expires,
			restricted_visibility, quoted_message_id, poll_id, custom, created_at, updated_at, words)
		SELECT $1, id, cid, user_id, type, text, html, mml, command, args, attachments,
			` + listOf + `0)) END, mentioned_channel, mentioned_here, ` + listOf + `1)) END, ` + listOf + `2)) END,
			parent_id, show_in_channel, in_channel, silent, shadowed, pinned, pinned_at, pinned_by_id, pin_expires,
			` + listOf + `3)) END, quoted_message_id, poll_id, custom, created_at, created_at, words::tsvector
		FROM unnest($11::text[], $12::text[], $13::text[], $14::text[], $15::text[], $16::text[], $17::text[], $18::text[], $19::text[], $20::json[],
			$21::jsonb[], $22::bool[], $23::bool[], $24::text[], $25::bool[], $26::bool[], $27::bool[], $28::bool[], $29::bool[],
			$30::timestamptz[], $31::text[], $32::timestamptz[], $33::text[], $34::text[], $35::jsonb[], $36::timestamptz[], $37::text[])
			AS v (id, cid, user_id, type, text, html, mml, command, args, attachments, lists, mentioned_channel, mentioned_here,
				parent_id, show_in_channel, in_channel, silent, shadowed, pinned, pinned_at, pinned_by_id, pin_expires,
				quoted_message_id, poll_id, custom, created_at, words)
		WHERE cid IN (SELECT cid FROM n))
	SELECT cid, unread_seq, message_count FROM n`
	// listOf begins the text[] of one of a message's lists, of which most have none.
	listOf = `CASE WHEN lists IS NULL THEN '{}'::text[] ELSE ARRAY(SELECT jsonb_array_elements_text(lists->`
)

// sendReply makes a reply's author and its parent's participants of the thread.
var sendReply = `
		UPDATE messages m SET reply_count = reply_count + 1, updated_at = ` + risen("$4", "m") + `, thread_participants =
			(CASE WHEN thread_participants = '{}' THEN ARRAY[user_id] ELSE thread_participants END) ||
			CASE WHEN $3 = ANY (thread_participants) OR thread_participants = '{}' AND $3 = user_id THEN '{}'::text[] ELSE ARRAY[$3] END
		WHERE app_id = $1 AND id = $2 RETURNING reply_count, updated_at`

// statements returns the batch that writes the rows.
func (r *rows) statements(app chat.AppID) *pgx.Batch {
	b := &pgx.Batch{}
	b.Queue(sendMany, slices.Concat([]any{app}, r.counters(), r.reads(), r.messages(app))...).Query(r.number)
	for _, s := range r.sends {
		if s.Message.ParentID != "" {
			b.Queue(sendReply, app, s.Message.ParentID, s.Message.UserID, s.Message.CreatedAt).Query(s.numberParent)
			queueThread(b, app, s)
		}
	}
	return b
}

// numberParent tells the events about the parent its numbers with this reply. Of a
// parent that is gone nothing is told.
func (s *Send) numberParent(res pgx.Rows) error {
	var count int
	var at time.Time
	found := false
	for res.Next() {
		if err := res.Scan(&count, &at); err != nil {
			return err
		}
		found = true
	}
	if !found {
		s.Parent = nil
	}
	for _, it := range s.Parent {
		if ev, ok := it.(*chat.Event); ok {
			ev.Message.ReplyCount, ev.Message.UpdatedAt = count, at
		}
	}
	return res.Err()
}

// counters, reads and messages are the parameters of sendMany.
func (r *rows) counters() []any {
	return []any{
		column(r.channels, func(c *channelRow) string { return string(c.cid) }), column(r.channels, func(c *channelRow) int { return c.sent }),
		column(r.channels, func(c *channelRow) int64 { return c.count }), column(r.channels, func(c *channelRow) *time.Time { return c.last }),
	}
}

func (r *rows) reads() []any {
	return []any{
		column(r.readers, func(c *readRow) string { return string(c.cid) }), column(r.readers, func(c *readRow) string { return c.user }),
		column(r.readers, func(c *readRow) int64 { return c.back }), column(r.readers, func(c *readRow) time.Time { return c.at }),
		column(r.readers, func(c *readRow) string { return c.lastID }),
	}
}

func (r *rows) messages(app chat.AppID) []any {
	text := func(get func(*chat.Message) string) []string {
		return column(r.sends, func(s *Send) string { return get(s.Message) })
	}
	flag := func(get func(*chat.Message) bool) []bool {
		return column(r.sends, func(s *Send) bool { return get(s.Message) })
	}
	at := func(get func(*chat.Message) *time.Time) []*time.Time {
		return column(r.sends, func(s *Send) *time.Time { return get(s.Message) })
	}
	return []any{
		text(func(m *chat.Message) string { return m.ID }), text(func(m *chat.Message) string { return string(m.CID) }),
		text(func(m *chat.Message) string { return m.UserID }), text(func(m *chat.Message) string { return m.Type }),
		text(func(m *chat.Message) string { return m.Text }), text(func(m *chat.Message) string { return m.HTML }),
		text(func(m *chat.Message) string { return m.MML }), text(func(m *chat.Message) string { return m.Command }),
		text(func(m *chat.Message) string { return m.Args }), text(func(m *chat.Message) string { return array(m.Attachments) }),
		column(r.sends, func(s *Send) *string { return lists(s.Message) }),
		flag(func(m *chat.Message) bool { return m.MentionedChannel }), flag(func(m *chat.Message) bool { return m.MentionedHere }),
		text(func(m *chat.Message) string { return m.ParentID }), flag(func(m *chat.Message) bool { return m.ShowInChannel }),
		flag((*chat.Message).InChannel), flag(func(m *chat.Message) bool { return m.Silent }),
		flag(func(m *chat.Message) bool { return m.Shadowed }), flag(func(m *chat.Message) bool { return m.Pinned }),
		at(func(m *chat.Message) *time.Time { return m.PinnedAt }), text(func(m *chat.Message) string { return m.PinnedByID }),
		at(func(m *chat.Message) *time.Time { return m.PinExpires }), text(func(m *chat.Message) string { return m.QuotedMessageID }),
		text(func(m *chat.Message) string { return m.PollID }), text(func(m *chat.Message) string { return object(m.Custom) }),
		column(r.sends, func(s *Send) time.Time { return s.Message.CreatedAt }),
		text(func(m *chat.Message) string { return messageWords(app, m) }),
	}
}

// lists packs a message's lists into one JSON value, nil when all are empty:
// unnest would flatten arrays of arrays.
func lists(m *chat.Message) *string {
	if len(m.MentionedUserIDs)+len(m.MentionedRoles)+len(m.MentionedGroupIDs)+len(m.RestrictedVisibility) == 0 {
		return nil
	}
	s := string(wire.MustMarshal([4][]string{m.MentionedUserIDs, m.MentionedRoles, m.MentionedGroupIDs, m.RestrictedVisibility}))
	return &s
}

// number reads the channels' counters after the batch and tells each send its own.
func (r *rows) number(res pgx.Rows) error {
	type counters struct {
		seq   int64
		total int
	}
	after := make(map[chat.CID]counters, len(r.channels))
	for res.Next() {
		var cid chat.CID
		var n counters
		if err := res.Scan(&cid, &n.seq, &n.total); err != nil {
			return err
		}
		after[cid] = n
	}
	for _, s := range slices.Backward(r.sends) {
		n, ok := after[s.Message.CID]
		if !ok {
			s.gone = true
			continue
		}
		s.number(n.seq, n.total)
		after[s.Message.CID] = counters{n.seq - int64(counted(s.Message)), n.total - 1}
	}
	return res.Err()
}
