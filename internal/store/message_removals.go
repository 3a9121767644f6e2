package store

import (
	"context"
	"time"

	"chatd/internal/chat"
)

// removalsKept is how long it is known that a message was removed: as far back as
// clients may ask.
const removalsKept = 31 * 24 * time.Hour

// noteRemoval notes that a message is removed for good, with those of its replies
// that stand in the channel, and forgets what was noted long ago.
func (t *Tx) noteRemoval(ctx context.Context, cid chat.CID, id string, at time.Time) error {
	if _, err := exec(ctx, t.db, `
		INSERT INTO message_removals (app_id, cid, message_id, user_id, parent_id, shadowed, restricted_visibility, created_at, deleted_at)
		SELECT app_id, cid, id, user_id, parent_id, shadowed, restricted_visibility, created_at, $4 FROM messages
		WHERE app_id = $1 AND cid = $2 AND (id = $3 OR parent_id = $3 AND parent_id <> '' AND in_channel)
		ON CONFLICT DO NOTHING`, t.ID, cid, id, at); err != nil {
		return err
	}
	_, err := exec(ctx, t.db, `DELETE FROM message_removals WHERE app_id = $1 AND cid = $2 AND deleted_at < $3`, t.ID, cid, at.Add(-removalsKept))
	return err
}

// RemovedSince returns the messages of channels that were removed for good after a
// time: what is left of them, with their users, in no order, at most the given
// number.
func (a *App) RemovedSince(ctx context.Context, v Viewer, views []View, since time.Time, most int) ([]*chat.Message, error) {
	if len(views) == 0 {
		return nil, nil
	}
	list, err := many[removal](ctx, a.db, `
		SELECT m.message_id, m.cid, m.user_id, m.parent_id, m.created_at, m.deleted_at
		FROM unnest($2::text[], $6::timestamptz[]) AS v (cid, since)
		JOIN message_removals m ON m.app_id = $1 AND m.cid = v.cid AND m.deleted_at > $8 AND (v.since IS NULL OR m.created_at > v.since) AND `+visible+`
		LIMIT $7`,
		append(v.args(a.ID, column(views, func(w View) string { return string(w.CID) })),
			column(views, func(w View) *time.Time { return w.Since }), most, since)...)
	if err != nil {
		return nil, err
	}
	users, err := a.Users(ctx, column(list, func(r *removal) string { return r.UserID })...)
	h := hydration{users: users}
	return column(list, func(r *removal) *chat.Message {
		u := *h.user(r.UserID)
		u.Conceal()
		return &chat.Message{
			ID: r.MessageID, CID: r.CID, UserID: r.UserID, User: &u, ParentID: r.ParentID, Type: chat.MessageDeleted,
			Attachments: []byte("[]"), CreatedAt: r.CreatedAt, UpdatedAt: r.DeletedAt, DeletedAt: &r.DeletedAt,
		}
	}), err
}

type removal struct {
	MessageID string    `db:"message_id"`
	CID       chat.CID  `db:"cid"`
	UserID    string    `db:"user_id"`
	ParentID  string    `db:"parent_id"`
	CreatedAt time.Time `db:"created_at"`
	DeletedAt time.Time `db:"deleted_at"`
}
