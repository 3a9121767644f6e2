package store

import (
	"context"
	"time"

	"chatd/internal/chat"
)

// Reads returns how far members have read each channel, newest first, with their
// users: of a channel's members, the perChannel who joined first, and the viewer
// in any case. Who does not show others what he reads is left out for them; viewer
// "" sees all. Channels whose type keeps no read state have none.
func (a *App) Reads(ctx context.Context, cids []chat.CID, viewer string, perChannel int) (map[chat.CID][]*chat.Read, error) {
	off, err := a.unreadOff(ctx)
	if err != nil || len(cids) == 0 {
		return nil, err
	}
	const member = `SELECT app_id, cid, user_id, created_at, join_seq FROM members m WHERE m.app_id = $1 AND m.cid = v.cid AND ` + listening
	rows, err := many[chat.Read](ctx, a.db, `
		SELECT m.cid, m.user_id, coalesce(r.last_read, m.created_at) AS last_read,
			CASE WHEN m.user_id = $2 AND `+mutedAt3+` THEN 0 ELSE `+unreadCount+` END::int AS unread_messages,
			coalesce(r.last_read_message_id, '') AS last_read_message_id, r.last_delivered_at,
			coalesce(r.last_delivered_message_id, '') AS last_delivered_message_id
		FROM unnest($4::text[]) AS v (cid)
		JOIN channel_counters n ON n.app_id = $1 AND n.cid = v.cid
		CROSS JOIN LATERAL (
			(`+member+` ORDER BY m.created_at, m.user_id LIMIT $5)
			UNION (`+member+` AND m.user_id = $2)) m
		LEFT JOIN reads r ON r.app_id = m.app_id AND r.cid = m.cid AND r.user_id = m.user_id
		WHERE split_part(v.cid, ':', 1) <> ALL ($6)
		ORDER BY last_read DESC, m.user_id`, a.ID, viewer, a.Now(), cids, perChannel, off)
	if err != nil {
		return nil, err
	}
	users, err := a.Users(ctx, column(rows, func(r *chat.Read) string { return r.UserID })...)
	if err != nil {
		return nil, err
	}
	out := make(map[chat.CID][]*chat.Read, len(cids))
	for _, r := range rows {
		if r.User = users[r.UserID]; r.User == nil {
			continue
		}
		r.User.Conceal()
		if other := viewer != "" && r.UserID != viewer; other {
			if !r.User.ShowsReads() {
				continue
			}
			if !r.User.ShowsDeliveries() {
				r.LastDeliveredAt, r.LastDeliveredMessageID = nil, ""
			}
		}
		out[r.CID] = append(out[r.CID], r)
	}
	return out, nil
}

// Mark is a channel that a user marks read.
type Mark struct {
	CID chat.CID
	// Until is the message up to which it is read; nil for all of it.
	Until *chat.Message
	// Overseer tells that the user sees there what is meant for others.
	Overseer bool
}

// Marked is what marking left of a channel.
type Marked struct {
	CID               chat.CID   `db:"cid"`
	Unread            int        `db:"unread"`
	Seq               int64      `db:"seq"` // the channel's unread_seq at which Unread holds
	LastRead          time.Time  `db:"last_read"`
	LastReadMessageID string     `db:"last_read_message_id"` // "" when nothing is read
	LastMessageAt     *time.Time `db:"last_message_at"`
	Messages          int        `db:"message_count"`
}

// The messages b of the own list of channel c that its member m, the user $2, has
// in his history.
const listed = `b.app_id = $1 AND b.cid = m.cid AND b.in_channel
	AND b.created_at > coalesce(greatest(c.truncated_at, m.hide_messages_before), '-infinity')`

// listedFor2 are those of listed that the user $2 may see; overseer is as for counting.
func listedFor2(overseer string) string {
	return listed + ` AND (NOT b.shadowed OR b.user_id = $2)
		AND (b.restricted_visibility = '{}' OR ` + overseer + ` OR b.user_id = $2 OR $2 = ANY (b.restricted_visibility))`
}

// newest is the id of the last of listedFor2, or ”.
func newest(overseer string) string {
	return `coalesce((SELECT b.id FROM messages b WHERE ` + listedFor2(overseer) + ` ORDER BY b.created_at DESC, b.id DESC LIMIT 1), '')`
}

// A mark is written by one statement, so that the messages it counts and the
// unread_seq it counts from are of the same moment, without a lock that sends
// would wait for. An older mark never takes back a newer one.
var (
	writeMarks = `, w AS (
		INSERT INTO reads AS r (app_id, cid, user_id, unread_base, last_read, last_read_message_id)
		SELECT $1, cid, $2, seq - behind, at, message_id FROM v ORDER BY cid
		ON CONFLICT (app_id, cid, user_id) DO UPDATE SET
			unread_base = greatest(r.unread_base, excluded.unread_base), last_read = greatest(r.last_read, excluded.last_read),
			last_read_message_id = CASE WHEN excluded.last_read >= r.last_read THEN excluded.last_read_message_id ELSE r.last_read_message_id END
		RETURNING cid, unread_base, last_read, last_read_message_id)
	SELECT w.cid, greatest(v.seq - w.unread_base, 0)::int AS unread, v.seq, w.last_read, w.last_read_message_id, v.last_message_at, v.message_count
	FROM w JOIN v ON v.cid = w.cid ORDER BY w.cid`

	markSome = `
	WITH v AS MATERIALIZED (
		SELECT m.cid, n.unread_seq AS seq, n.last_message_at, n.message_count, coalesce(u.until, $3) AS at,
			CASE WHEN u.until IS NULL THEN 0 ELSE (SELECT count(*) FROM messages b WHERE ` + listed + ` AND b.created_at > u.until AND ` + counting("u.overseer") + `) END AS behind,
			CASE WHEN u.until IS NULL THEN ` + newest("u.overseer") + ` ELSE u.message_id END AS message_id
		FROM unnest($4::text[], $5::timestamptz[], $6::text[], $7::boolean[]) AS u (cid, until, message_id, overseer)
		JOIN (` + memberTables + `) ON m.app_id = $1 AND m.cid = u.cid AND m.user_id = $2 AND ` + listening + `)` + writeMarks

	markAll = `
	WITH v AS MATERIALIZED (
		SELECT m.cid, n.unread_seq AS seq, n.last_message_at, n.message_count, $3::timestamptz AS at, 0 AS behind, ` + newest("false") + ` AS message_id
		FROM ` + memberTables + `
		WHERE m.app_id = $1 AND m.user_id = $2 AND c.type <> ALL ($4) AND ` + listening + ` AND ` + unreadCount + ` > 0)` + writeMarks
)

// MarkRead marks channels read for a user at a time, each once, and returns what
// that left, by cid; those that he does not listen to are left out. It emits the
// changes.
func (t *Tx) MarkRead(ctx context.Context, userID string, at time.Time, marks ...Mark) ([]*Marked, error) {
	until, ids := make([]*time.Time, len(marks)), make([]string, len(marks))
	for i, m := range marks {
		if m.Until != nil {
			until[i], ids[i] = &m.Until.CreatedAt, m.Until.ID
		}
	}
	out, err := many[Marked](ctx, t.db, markSome, t.ID, userID, at, column(marks, func(m Mark) chat.CID { return m.CID }), until, ids,
		column(marks, func(m Mark) bool { return m.Overseer }))
	t.emitUnread(userID, out)
	return out, err
}

// MarkAllRead marks all channels read, at a time, in which the user has unread
// messages, and returns them by cid. It emits the changes.
func (t *Tx) MarkAllRead(ctx context.Context, userID string, at time.Time) ([]*Marked, error) {
	off, err := t.unreadOff(ctx)
	if err != nil {
		return nil, err
	}
	out, err := many[Marked](ctx, t.db, markAll, t.ID, userID, at, off)
	t.emitUnread(userID, out)
	return out, err
}

func (t *Tx) emitUnread(userID string, marks []*Marked) {
	for _, m := range marks {
		t.Emit(&chat.Change{Kind: chat.UnreadSet, CID: m.CID, User: userID, N: m.Unread, Seq: m.Seq})
	}
}

// MarkUnread marks a channel unread for a user from a time on: what he has read
// ends with the last message before. overseer tells that he sees what is meant for
// others. nil when he is no member. It emits the change.
func (t *Tx) MarkUnread(ctx context.Context, userID string, overseer bool, cid chat.CID, from time.Time) (*Marked, error) {
	out, err := many[Marked](ctx, t.db, `
		WITH v AS MATERIALIZED (
			SELECT m.cid, n.unread_seq AS seq, n.last_message_at, n.message_count, p.id AS message_id,
				coalesce(p.created_at, $3::timestamptz - interval '1 microsecond') AS at,
				(SELECT count(*) FROM messages b WHERE `+listed+` AND b.created_at >= $3 AND `+counting("$5")+`) AS behind
			FROM `+memberTables+`
			LEFT JOIN LATERAL (SELECT b.id, b.created_at FROM messages b WHERE `+listedFor2("$5")+` AND b.created_at < $3
				ORDER BY b.created_at DESC, b.id DESC LIMIT 1) p ON true
			WHERE m.app_id = $1 AND m.user_id = $2 AND m.cid = $4 AND `+listening+`)
		, w AS (
			INSERT INTO reads (app_id, cid, user_id, unread_base, last_read, last_read_message_id)
			SELECT $1, cid, $2, seq - behind, at, coalesce(message_id, '') FROM v
			ON CONFLICT (app_id, cid, user_id) DO UPDATE
			SET unread_base = excluded.unread_base, last_read = excluded.last_read, last_read_message_id = excluded.last_read_message_id)
		SELECT cid, behind::int AS unread, seq, at AS last_read, coalesce(message_id, '') AS last_read_message_id, last_message_at, message_count
		FROM v`, t.ID, userID, from, cid, overseer)
	if err != nil || len(out) == 0 {
		return nil, err
	}
	t.emitUnread(userID, out)
	return out[0], nil
}

// NewerMessages counts the messages in a channel's own list that are newer than
// at, up to most.
func (a *App) NewerMessages(ctx context.Context, cid chat.CID, at time.Time, most int) (int, error) {
	n, err := scalars[int](ctx, a.db, `
		SELECT count(*)::int FROM (SELECT FROM messages WHERE app_id = $1 AND cid = $2 AND in_channel AND created_at > $3 LIMIT $4) b`,
		a.ID, cid, at, most)
	if err != nil {
		return 0, err
	}
	return n[0], nil
}

// FirstMessageSince returns the id and time of the first message in a channel's
// own list, as the user sees it, that is not older than at; "" when there is none.
func (a *App) FirstMessageSince(ctx context.Context, userID string, overseer bool, cid chat.CID, at time.Time) (string, time.Time, error) {
	type row struct {
		ID        string    `db:"id"`
		CreatedAt time.Time `db:"created_at"`
	}
	r, err := maybe[row](ctx, a.db, `
		SELECT b.id, b.created_at FROM members m
		JOIN channels c ON c.app_id = m.app_id AND c.cid = m.cid
		JOIN messages b ON `+listedFor2("$5")+`
		WHERE m.app_id = $1 AND m.user_id = $2 AND m.cid = $3 AND b.created_at >= $4
		ORDER BY b.created_at, b.id LIMIT 1`, a.ID, userID, cid, at, overseer)
	if err != nil || r == nil {
		return "", time.Time{}, err
	}
	return r.ID, r.CreatedAt, nil
}

// Delivered is the newest message of a channel that reached a user.
type Delivered struct {
	CID       chat.CID  `db:"cid"`
	MessageID string    `db:"last_delivered_message_id"`
	At        time.Time `db:"last_delivered_at"` // when the message was sent
}

// MarkDelivered notes what reached a user and returns, by channel, what is newer
// than what was known. Messages that do not exist or are not for him, stand in a thread
// only or in a channel that he does not listen to are passed over.
func (t *Tx) MarkDelivered(ctx context.Context, userID string, cids []chat.CID, messageIDs []string) ([]*Delivered, error) {
	return many[Delivered](ctx, t.db, `
		INSERT INTO reads AS r (app_id, cid, user_id, unread_base, last_read, last_delivered_at, last_delivered_message_id)
		SELECT $1, cid, $2, join_seq, joined, created_at, id FROM (
			SELECT DISTINCT ON (m.cid) m.cid, m.join_seq, m.created_at AS joined, b.created_at, b.id
			FROM unnest($3::text[], $4::text[]) AS v (cid, id)
			JOIN messages b ON b.app_id = $1 AND b.id = v.id AND b.cid = v.cid AND b.in_channel
				AND (b.restricted_visibility = '{}' OR b.user_id = $2 OR $2 = ANY (b.restricted_visibility))
			JOIN members m ON m.app_id = $1 AND m.cid = v.cid AND m.user_id = $2 AND `+listening+`
			ORDER BY m.cid, b.created_at DESC) d
		ORDER BY cid
		ON CONFLICT (app_id, cid, user_id) DO UPDATE
		SET last_delivered_at = excluded.last_delivered_at, last_delivered_message_id = excluded.last_delivered_message_id
		WHERE r.last_delivered_at IS NULL OR r.last_delivered_at < excluded.last_delivered_at
		RETURNING cid, last_delivered_at, last_delivered_message_id`, t.ID, userID, cids, messageIDs)
}
