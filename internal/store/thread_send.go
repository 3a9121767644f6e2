package store

import (
	"context"
	"slices"

	"github.com/jackc/pgx/v5"

	"chatd/internal/chat"
)

// What a reply changes of its thread. The channel's counters are locked, so threads
// and who takes part in them change in turn.
const (
	// sendThread makes the thread, which is its first replier's, or moves it, and takes
	// in the reply's author, who has thereby read it, those whom it mentions, by name or
	// in groups ($7), and the parent's author. The rows of those who take part already
	// are not touched.
	sendThread = `
		WITH p AS (SELECT user_id, created_at FROM messages WHERE app_id = $1 AND id = $3),
		v AS (
			SELECT DISTINCT u.id AS user_id, u.id = $4 AS own FROM (
				SELECT $4 AS id UNION ALL SELECT user_id FROM p UNION ALL SELECT unnest($7::text[])) u),
		t AS (
			INSERT INTO threads AS t (app_id, cid, parent_id, parent_at, created_by_id, unread_seq, participant_count, last_message_at, created_at, updated_at)
			SELECT $1, $2, $3, p.created_at, $4, $8::int, (
				SELECT count(*) FROM v WHERE NOT EXISTS (SELECT FROM thread_reads r WHERE r.app_id = $1 AND r.cid = $2 AND r.parent_id = $3
					AND r.user_id = v.user_id AND r.joined_at IS NOT NULL)), $6, $6, $6
			FROM p
			ON CONFLICT (app_id, cid, parent_id) DO UPDATE SET unread_seq = t.unread_seq + excluded.unread_seq,
				participant_count = t.participant_count + excluded.participant_count,
				last_message_at = greatest(t.last_message_at, excluded.last_message_at), updated_at = greatest(t.updated_at, excluded.updated_at)
			RETURNING unread_seq)
		INSERT INTO thread_reads AS r (app_id, cid, parent_id, user_id, joined_at, unread_base, last_read, last_read_message_id, last_reply_at)
		SELECT $1, $2, $3, v.user_id, $6, t.unread_seq - CASE WHEN v.own THEN 0 ELSE $8::int END,
			CASE WHEN v.own THEN $6 ELSE $6::timestamptz - interval '1 microsecond' END, CASE WHEN v.own THEN $5 ELSE '' END, CASE WHEN v.own THEN $6 END
		FROM t CROSS JOIN v ORDER BY v.user_id
		ON CONFLICT (app_id, cid, parent_id, user_id) DO UPDATE SET
			joined_at = coalesce(r.joined_at, excluded.joined_at), unread_base = excluded.unread_base,
			last_read = greatest(r.last_read, excluded.last_read), last_reply_at = excluded.last_reply_at,
			last_read_message_id = coalesce(nullif(excluded.last_read_message_id, ''), r.last_read_message_id)
		WHERE r.joined_at IS NULL OR r.user_id = $4`

	// sendThreadFor counts a reply that only some may see for those of them who take
	// part.
	sendThreadFor = `
		UPDATE thread_reads SET unread_base = unread_base - 1
		WHERE app_id = $1 AND cid = $2 AND parent_id = $3 AND user_id = ANY ($4) AND user_id <> $5 AND joined_at IS NOT NULL`
)

// queueThread adds to a batch what a reply changes of its thread: nothing if only
// its shadow-banned author sees it.
func queueThread(b *pgx.Batch, app chat.AppID, s *Send) {
	m := s.Message
	if m.Shadowed {
		return
	}
	mentioned, counted := []string{}, 0
	for _, id := range slices.Concat(m.MentionedUserIDs, m.MentionedInGroups) {
		if m.VisibleTo(id) || slices.Contains(s.Seers, id) {
			mentioned = append(mentioned, id)
		}
	}
	restricted := len(m.RestrictedVisibility) > 0
	if m.CountsInThread() && !restricted {
		counted = 1
	}
	b.Queue(sendThread, app, m.CID, m.ParentID, m.UserID, m.ID, m.CreatedAt, mentioned, counted)
	if m.CountsInThread() && restricted {
		b.Queue(sendThreadFor, app, m.CID, m.ParentID, s.Seers, m.UserID)
	}
}

// recountReply takes a reply that was deleted (step 1) out of its thread, or puts one
// that was brought back (-1) in: the unread numbers of those who had not read it, and
// when the thread was last replied to. m is the reply as it is or was when it is not
// deleted; its row has been changed or removed since.
func (t *Tx) recountReply(ctx context.Context, m *chat.Message, step int) error {
	if m.ParentID == "" || m.Shadowed {
		return nil
	}
	if _, err := exec(ctx, t.db, `
		UPDATE threads t SET last_message_at = coalesce((SELECT max(b.created_at) FROM messages b
			WHERE b.app_id = $1 AND b.parent_id = $3 AND b.parent_id <> '' AND b.deleted_at IS NULL AND NOT b.shadowed), t.last_message_at)
		WHERE t.app_id = $1 AND t.cid = $2 AND t.parent_id = $3`, t.ID, m.CID, m.ParentID); err != nil || !m.CountsInThread() {
		return err
	}
	seers, err := t.seers(ctx, m)
	if err != nil {
		return err
	}
	_, err = exec(ctx, t.db, `
		UPDATE thread_reads r SET unread_base = r.unread_base + $7 FROM threads t
		WHERE t.app_id = $1 AND t.cid = $2 AND t.parent_id = $3 AND r.app_id = $1 AND r.cid = $2 AND r.parent_id = $3
			AND r.unread_base < t.unread_seq + (1 - $7) AND r.last_read < $4 AND r.user_id <> $5 AND r.joined_at IS NOT NULL
			AND (cardinality($6::text[]) = 0 OR r.user_id = ANY ($6))`,
		t.ID, m.CID, m.ParentID, m.CreatedAt, m.UserID, seers, step)
	return err
}
