package store

import (
	"context"
	"time"

	"chatd/internal/chat"
)

// ThreadRead is how far a user has read a thread.
type ThreadRead struct {
	LastRead          time.Time `db:"last_read"`
	LastReadMessageID string    `db:"last_read_message_id"` // "" when no reply is read
}

// SetThreadRead makes what a user has read of the thread of parent end with its
// last reply before a time.
func (t *Tx) SetThreadRead(ctx context.Context, userID string, parent *chat.Message, before time.Time) (*ThreadRead, error) {
	return maybe[ThreadRead](ctx, t.db, `
		WITH v AS MATERIALIZED (
			SELECT $5::timestamptz - interval '1 microsecond' AS at,
				coalesce((SELECT b.id FROM messages b WHERE b.app_id = $1 AND b.parent_id = $3 AND b.parent_id <> '' AND b.created_at < $5
					AND b.deleted_at IS NULL ORDER BY b.created_at DESC, b.id DESC LIMIT 1), '') AS id)
		, w AS (
			INSERT INTO thread_reads (app_id, cid, parent_id, user_id, last_read, last_read_message_id)
			SELECT $1, $2, $3, $4, at, id FROM v
			ON CONFLICT (app_id, cid, parent_id, user_id) DO UPDATE
			SET last_read = excluded.last_read, last_read_message_id = excluded.last_read_message_id)
		SELECT at AS last_read, id AS last_read_message_id FROM v`, t.ID, parent.CID, parent.ID, userID, before)
}

// StoredMessages returns those of the messages ids that exist, deleted or not, as
// they are stored, not hydrated.
func (a *App) StoredMessages(ctx context.Context, ids ...string) (map[string]*chat.Message, error) {
	if len(ids) == 0 {
		return map[string]*chat.Message{}, nil
	}
	rows, err := a.messages(ctx, `SELECT `+messageColumns+` FROM messages m WHERE m.app_id = $1 AND m.id = ANY ($2)`, a.ID, ids)
	out := make(map[string]*chat.Message, len(rows))
	for _, m := range rows {
		out[m.ID] = m
	}
	return out, err
}
