package store

import (
	"context"
	"time"

	"chatd/internal/chat"
)

// MaxOwnDeletions bounds how many messages of a channel a user can delete for
// himself.
const MaxOwnDeletions = 100

// The deletions lock in this order: the channel's counters, the message, its
// parent or replies.

// DeleteMessage marks a message as deleted: its text stays, its pin goes, and it
// counts no more. at is when. It returns the message as it is then, not hydrated;
// nil when it was deleted already.
func (t *Tx) DeleteMessage(ctx context.Context, cid chat.CID, id string, at time.Time) (*chat.Message, error) {
	if _, err := t.LockCounters(ctx, cid); err != nil {
		return nil, err
	}
	m, err := t.LockMessage(ctx, id)
	if err != nil || m.DeletedAt != nil {
		return nil, err
	}
	at = chat.Risen(at, m.UpdatedAt)
	if _, err := exec(ctx, t.db, `
		UPDATE messages SET deleted_type = type, type = $3, deleted_at = $4, updated_at = $4,
			pinned = false, pinned_at = NULL, pinned_by_id = '', pin_expires = NULL
		WHERE app_id = $1 AND id = $2`, t.ID, id, chat.MessageDeleted, at); err != nil {
		return nil, err
	}
	if err := t.countReplies(ctx, m.ParentID, -1, 1, at); err != nil {
		return nil, err
	}
	if err := t.recountReply(ctx, m, 1); err != nil {
		return nil, err
	}
	after := *m
	after.Type, after.DeletedAt, after.UpdatedAt = chat.MessageDeleted, &at, at
	after.Pinned, after.PinnedAt, after.PinnedByID, after.PinExpires = false, nil, "", nil
	return &after, t.UncountMessage(ctx, m)
}

// UndeleteMessage brings back a message that DeleteMessage deleted, and has it count
// again. at is when. It returns the message as it is then, not hydrated. Invalid
// when it is not deleted, or the message it replies to is.
func (t *Tx) UndeleteMessage(ctx context.Context, cid chat.CID, id string, at time.Time) (*chat.Message, error) {
	if _, err := t.LockCounters(ctx, cid); err != nil {
		return nil, err
	}
	m, err := t.LockMessage(ctx, id)
	if err != nil {
		return nil, err
	}
	if m.DeletedAt == nil {
		return nil, chat.Errorf(chat.Invalid, "message with id %s is not deleted", id)
	}
	if m.ParentID != "" {
		parent, err := t.LockMessage(ctx, m.ParentID)
		if err != nil {
			return nil, err
		}
		if parent.DeletedAt != nil {
			return nil, chat.Errorf(chat.Invalid, "message with id %s cannot be undeleted: its parent message has been deleted", id)
		}
	}
	at = chat.Risen(at, m.UpdatedAt)
	types, err := scalars[string](ctx, t.db, `
		UPDATE messages SET deleted_at = NULL, updated_at = $3, deleted_type = '',
			type = CASE WHEN deleted_type <> '' THEN deleted_type WHEN parent_id <> '' THEN $4 ELSE $5 END
		WHERE app_id = $1 AND id = $2 RETURNING type`, t.ID, id, at, chat.MessageReply, chat.MessageRegular)
	if err != nil {
		return nil, err
	}
	m.Type, m.DeletedAt, m.UpdatedAt = types[0], nil, at
	if err := t.countReplies(ctx, m.ParentID, 1, -1, at); err != nil {
		return nil, err
	}
	if err := t.recountReply(ctx, m, -1); err != nil {
		return nil, err
	}
	return m, t.recountMessage(ctx, m)
}

// countReplies changes how many replies a message has, and how many that were
// deleted. Nothing happens without a parent.
func (t *Tx) countReplies(ctx context.Context, parentID string, live, deleted int, at time.Time) error {
	if parentID == "" {
		return nil
	}
	_, err := exec(ctx, t.db, `
		UPDATE messages m SET reply_count = greatest(reply_count + $3, 0), deleted_reply_count = greatest(deleted_reply_count + $4, 0),
			updated_at = `+risen("$5", "m")+`
		WHERE app_id = $1 AND id = $2`, t.ID, parentID, live, deleted, at)
	return err
}

// RemoveMessage removes a message for good, with its reactions, its replies, its
// history and what users deleted of them for themselves; at is when. It returns
// those of its replies that stood in the channel, at most maxShown of them; they are
// not hydrated.
func (t *Tx) RemoveMessage(ctx context.Context, cid chat.CID, id string, at time.Time) (shown []*chat.Message, err error) {
	if _, err := t.LockCounters(ctx, cid); err != nil {
		return nil, err
	}
	m, err := t.LockMessage(ctx, id)
	if err != nil {
		return nil, err
	}
	if err := t.noteRemoval(ctx, cid, id, at); err != nil {
		return nil, err
	}
	replies, err := t.messages(ctx, `
		DELETE FROM messages m WHERE m.app_id = $1 AND m.parent_id = $2 AND m.parent_id <> '' RETURNING `+messageColumns, t.ID, id)
	if err != nil {
		return nil, err
	}
	if err := t.removeRows(ctx, cid, append(column(replies, idOf), id)); err != nil {
		return nil, err
	}
	live, deleted := -1, 0
	if m.DeletedAt != nil {
		live, deleted = 0, -1
	}
	if err := t.countReplies(ctx, m.ParentID, live, deleted, at); err != nil {
		return nil, err
	}
	if err := t.recountReply(ctx, m, 1); err != nil {
		return nil, err
	}
	if err := t.uncountRemoved(ctx, m); err != nil {
		return nil, err
	}
	for _, r := range replies {
		if r.InChannel() && len(shown) < maxShown {
			shown = append(shown, r)
		}
	}
	return shown, t.uncountMany(ctx, cid, replies)
}

// removeRows removes messages of a channel and what belongs to each of them. What
// counted them is left as it was.
func (t *Tx) removeRows(ctx context.Context, cid chat.CID, ids []string) error {
	for _, sql := range []string{
		`DELETE FROM messages WHERE app_id = $1 AND id = ANY ($2)`,
		`DELETE FROM reactions WHERE app_id = $1 AND message_id = ANY ($2)`,
		`DELETE FROM message_history WHERE app_id = $1 AND message_id = ANY ($2)`,
	} {
		if _, err := exec(ctx, t.db, sql, t.ID, ids); err != nil {
			return err
		}
	}
	for _, sql := range []string{
		`DELETE FROM message_deletions WHERE app_id = $1 AND cid = $2 AND message_id = ANY ($3)`,
		`DELETE FROM thread_reads WHERE app_id = $1 AND cid = $2 AND parent_id = ANY ($3)`,
		`DELETE FROM threads WHERE app_id = $1 AND cid = $2 AND parent_id = ANY ($3)`,
	} {
		if _, err := exec(ctx, t.db, sql, t.ID, cid, ids); err != nil {
			return err
		}
	}
	if _, err := t.drop(ctx, drafts, `o.cid = $2 AND o.parent_id = ANY ($3)`, cid, ids); err != nil {
		return err
	}
	_, err := t.drop(ctx, reminders, `o.cid = $2 AND o.message_id = ANY ($3)`, cid, ids)
	return err
}

// maxShown bounds the replies that are told to have gone with their parent.
const maxShown = 100

// HideMessage deletes a message for one user only. Invalid when he has done so
// with MaxOwnDeletions messages of the channel already.
func (t *Tx) HideMessage(ctx context.Context, m *chat.Message, userID string, at time.Time) error {
	n, err := exec(ctx, t.db, `
		INSERT INTO message_deletions (app_id, cid, user_id, message_id, created_at)
		SELECT $1, $2, $3, $4, $5
		WHERE (SELECT count(*) FROM message_deletions WHERE app_id = $1 AND cid = $2 AND user_id = $3 AND message_id <> $4) < $6
		ON CONFLICT (app_id, cid, user_id, message_id) DO UPDATE SET message_id = excluded.message_id`,
		t.ID, m.CID, userID, m.ID, at, MaxOwnDeletions)
	if err == nil && n == 0 {
		return chat.Errorf(chat.Invalid, "cannot delete more than %d messages of a channel for one user", MaxOwnDeletions)
	}
	return err
}
