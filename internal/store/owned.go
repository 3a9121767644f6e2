package store

import (
	"context"
	"time"

	"chatd/internal/chat"
)

// owned are things of users in channels: rows of a table, of which every user's own
// row counts his, so that who has none costs no look for them.
type owned struct{ table, counter string }

var drafts = owned{"drafts", "draft_count"}

// count changes how many things of a kind a user has.
func (t *Tx) count(ctx context.Context, o owned, userID string, by int) error {
	t.Emit(UserStale(userID))
	_, err := exec(ctx, t.db, `UPDATE users SET `+o.counter+` = greatest(`+o.counter+` + $3, 0) WHERE app_id = $1 AND id = $2`, t.ID, userID, by)
	return err
}

// drop removes the rows o of a table of things that a condition selects, whosever
// they are, and tells whether there were any. Parameters are numbered from $2.
func (t *Tx) drop(ctx context.Context, o owned, cond string, args ...any) (bool, error) {
	users, err := scalars[string](ctx, t.db, `
		WITH gone AS (DELETE FROM `+o.table+` o WHERE o.app_id = $1 AND `+cond+` RETURNING o.user_id),
		n AS (SELECT user_id, count(*)::int AS n FROM gone GROUP BY user_id)
		UPDATE users u SET `+o.counter+` = greatest(u.`+o.counter+` - n.n, 0) FROM n
		WHERE u.app_id = $1 AND u.id = n.user_id RETURNING u.id`, append([]any{t.ID}, args...)...)
	for _, u := range users {
		t.Emit(UserStale(u))
	}
	return len(users) > 0, err
}

// dropAllOwned removes what users have in a channel.
func (t *Tx) dropAllOwned(ctx context.Context, cid chat.CID) error {
	for _, o := range []owned{drafts, reminders} {
		if _, err := t.drop(ctx, o, `o.cid = $2`, cid); err != nil {
			return err
		}
	}
	return nil
}

// dropOwned removes what users have of the messages of a channel up to at: drafts of
// replies to them, and reminders of them and of replies to them.
func (t *Tx) dropOwned(ctx context.Context, cid chat.CID, at time.Time) error {
	if _, err := t.drop(ctx, drafts, `o.cid = $2 AND o.parent_id <> '' AND EXISTS (
			SELECT FROM messages m WHERE m.app_id = $1 AND m.id = o.parent_id AND m.created_at <= $3)`, cid, at); err != nil {
		return err
	}
	_, err := t.drop(ctx, reminders, `o.cid = $2 AND EXISTS (
		SELECT FROM messages m LEFT JOIN messages p ON p.app_id = m.app_id AND p.id = m.parent_id AND m.parent_id <> ''
		WHERE m.app_id = $1 AND m.id = o.message_id AND (m.created_at <= $3 OR p.created_at <= $3))`, cid, at)
	return err
}
