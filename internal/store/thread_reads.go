package store

import (
	"context"
	"slices"
	"time"

	"chatd/internal/chat"
)

// ThreadRead is how far a user has read a thread.
type ThreadRead struct {
	LastRead          time.Time `db:"last_read"`
	LastReadMessageID string    `db:"last_read_message_id"` // "" when no reply is read
	Unread            int       `db:"unread"`               // 0 for who does not take part
}

// SetThreadRead makes what a user has read of the thread of parent end with its
// last reply before a time. It is one statement, so that the replies it counts and
// the unread_seq it counts from are of the same moment. overseer tells that he sees what
// is meant for others.
func (t *Tx) SetThreadRead(ctx context.Context, userID string, overseer bool, parent *chat.Message, before time.Time) (*ThreadRead, error) {
	return maybe[ThreadRead](ctx, t.db, `
		WITH v AS MATERIALIZED (
			SELECT $5::timestamptz - interval '1 microsecond' AS at,
				coalesce((SELECT b.id FROM messages b WHERE `+replies+` AND b.created_at < $5
					AND b.deleted_at IS NULL ORDER BY b.created_at DESC, b.id DESC LIMIT 1), '') AS id,
				coalesce((SELECT t.unread_seq FROM threads t WHERE t.app_id = $1 AND t.cid = $3 AND t.parent_id = $4), 0) AS seq,
				(SELECT count(*) FROM messages b WHERE `+replies+` AND b.created_at >= $5 AND `+counting("$6")+`) AS behind)
		, w AS (
			INSERT INTO thread_reads (app_id, cid, parent_id, user_id, unread_base, last_read, last_read_message_id)
			SELECT $1, $3, $4, $2, seq - behind, at, id FROM v
			ON CONFLICT (app_id, cid, parent_id, user_id) DO UPDATE
			SET unread_base = excluded.unread_base, last_read = excluded.last_read, last_read_message_id = excluded.last_read_message_id
			RETURNING joined_at)
		SELECT v.at AS last_read, v.id AS last_read_message_id, (CASE WHEN w.joined_at IS NULL THEN 0 ELSE v.behind END)::int AS unread
		FROM v CROSS JOIN w`, t.ID, userID, parent.CID, parent.ID, before, overseer)
}

// replies are the messages b of the thread $4.
const replies = `b.app_id = $1 AND b.parent_id = $4 AND b.parent_id <> ''`

// The threads t in which users take part and have something unread, by their rows r:
// they listen to its channel c, as members m, and see its beginning.
const (
	unreadReplies = `(t.unread_seq - r.unread_base)::int`
	unreadThreads = `thread_reads r
		JOIN threads t ON t.app_id = r.app_id AND t.cid = r.cid AND t.parent_id = r.parent_id
		JOIN channels c ON c.app_id = r.app_id AND c.cid = r.cid AND c.deleted_at IS NULL
		JOIN members m ON m.app_id = r.app_id AND m.cid = r.cid AND m.user_id = r.user_id AND ` + listening + `
		JOIN messages p ON p.app_id = r.app_id AND p.id = r.parent_id AND p.deleted_at IS NULL
		WHERE r.app_id = $1 AND r.user_id = ANY ($2) AND r.joined_at IS NOT NULL AND c.type <> ALL ($3)
			AND t.unread_seq > r.unread_base AND t.parent_at > coalesce(greatest(c.truncated_at, m.hide_messages_before), '-infinity')`
)

// UnreadThreads returns the unread numbers of users over their threads; of users who
// have read them all none.
func (a *App) UnreadThreads(ctx context.Context, users ...string) (map[string]chat.UnreadThreads, error) {
	off, err := a.unreadOff(ctx)
	if err != nil || len(users) == 0 {
		return nil, err
	}
	type row struct {
		UserID   string `db:"user_id"`
		Threads  int    `db:"threads"`
		Messages int    `db:"messages"`
	}
	rows, err := many[row](ctx, a.db, `
		SELECT r.user_id, count(*)::int AS threads, sum(`+unreadReplies+`)::int AS messages FROM `+unreadThreads+` GROUP BY r.user_id`,
		a.ID, users, off)
	out := make(map[string]chat.UnreadThreads, len(rows))
	for _, r := range rows {
		out[r.UserID] = chat.UnreadThreads{Threads: r.Threads, Messages: r.Messages}
	}
	return out, err
}

// UnreadThread is a thread in which a user has unread replies.
type UnreadThread struct {
	UserID            string    `db:"user_id"`
	ParentID          string    `db:"parent_id"`
	Unread            int       `db:"unread"`
	LastRead          time.Time `db:"last_read"`
	LastReadMessageID string    `db:"last_read_message_id"`
}

// UnreadThreadList returns the unread threads of users, at most perUser of each, the
// one with the newest reply first.
func (a *App) UnreadThreadList(ctx context.Context, perUser int, users ...string) ([]*UnreadThread, error) {
	off, err := a.unreadOff(ctx)
	if err != nil {
		return nil, err
	}
	return many[UnreadThread](ctx, a.db, `
		SELECT user_id, parent_id, unread, last_read, last_read_message_id FROM (
			SELECT r.user_id, r.parent_id, `+unreadReplies+` AS unread, r.last_read, r.last_read_message_id,
				row_number() OVER (PARTITION BY r.user_id ORDER BY t.last_message_at DESC, t.parent_id) AS place
			FROM `+unreadThreads+`) u
		WHERE place <= $4 ORDER BY user_id, place`, a.ID, users, off, perUser)
}

// ThreadParticipants returns who takes part in a thread; online only those who are
// connected.
func (a *App) ThreadParticipants(ctx context.Context, cid chat.CID, parentID string, online bool) ([]string, error) {
	users, err := scalars[string](ctx, a.db, `
		SELECT user_id FROM thread_reads WHERE app_id = $1 AND cid = $2 AND parent_id = $3 AND joined_at IS NOT NULL`, a.ID, cid, parentID)
	if !online {
		return users, err
	}
	return slices.DeleteFunc(users, func(u string) bool { return a.s.presence == nil || !a.s.presence.Online(a.ID, u) }), err
}
