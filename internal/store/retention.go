package store

import (
	"context"
	"slices"
	"time"

	"chatd/internal/chat"
)

// RetentionPolicy says how long an app keeps things.
type RetentionPolicy struct {
	Policy      string    `db:"policy"`
	MaxAgeHours int       `db:"max_age_hours"`
	EnabledAt   time.Time `db:"enabled_at"`
}

// RetentionPolicies lists the app's policies.
func (a *App) RetentionPolicies(ctx context.Context) ([]*RetentionPolicy, error) {
	return many[RetentionPolicy](ctx, a.db, `
		SELECT policy, max_age_hours, enabled_at FROM retention_policies WHERE app_id = $1 ORDER BY policy`, a.ID)
}

// PutRetentionPolicy sets a policy; it counts as enabled from now on. EnabledAt is
// set in p.
func (t *Tx) PutRetentionPolicy(ctx context.Context, p *RetentionPolicy) error {
	p.EnabledAt = t.Now()
	_, err := exec(ctx, t.db, `
		INSERT INTO retention_policies (app_id, policy, max_age_hours, enabled_at) VALUES ($1, $2, $3, $4)
		ON CONFLICT (app_id, policy) DO UPDATE SET max_age_hours = excluded.max_age_hours, enabled_at = excluded.enabled_at`,
		t.ID, p.Policy, p.MaxAgeHours, p.EnabledAt)
	return err
}

// DeleteRetentionPolicy ends a policy and tells whether there was one.
func (t *Tx) DeleteRetentionPolicy(ctx context.Context, policy string) (bool, error) {
	n, err := exec(ctx, t.db, `DELETE FROM retention_policies WHERE app_id = $1 AND policy = $2`, t.ID, policy)
	return n > 0, err
}

// NoteRetention adds to what a policy has removed today.
func (t *Tx) NoteRetention(ctx context.Context, policy string, messages, channels int) error {
	_, err := exec(ctx, t.db, `
		INSERT INTO retention_runs AS r (app_id, policy, date, messages_deleted, channels_deleted) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (app_id, date, policy) DO UPDATE SET messages_deleted = r.messages_deleted + excluded.messages_deleted,
			channels_deleted = r.channels_deleted + excluded.channels_deleted`,
		t.ID, policy, t.Now().Truncate(24*time.Hour), messages, channels)
	return err
}

// ChannelsWithOld lists channels of a type that have messages from before a time, by
// cid, at most so many, behind the channel after.
func (a *App) ChannelsWithOld(ctx context.Context, typ string, before time.Time, after chat.CID, most int) ([]chat.CID, error) {
	return scalars[chat.CID](ctx, a.db, `
		SELECT c.cid FROM channels c WHERE c.app_id = $1 AND c.type = $2 AND c.cid > $4 AND (
			EXISTS (SELECT FROM messages m WHERE m.app_id = $1 AND m.cid = c.cid AND m.in_channel AND m.created_at < $3)
			OR EXISTS (SELECT FROM messages m WHERE m.app_id = $1 AND m.cid = c.cid AND NOT m.in_channel AND m.created_at < $3))
		ORDER BY c.cid LIMIT $5`, a.ID, typ, before, after, most)
}

// InactiveChannels lists channels in which nothing has happened since a time, by cid,
// at most so many, behind the channel after.
func (a *App) InactiveChannels(ctx context.Context, since time.Time, after chat.CID, most int) ([]chat.CID, error) {
	return scalars[chat.CID](ctx, a.db, `
		SELECT c.cid FROM channels c JOIN channel_counters n ON n.app_id = c.app_id AND n.cid = c.cid
		WHERE c.app_id = $1 AND c.cid > $3 AND c.deleted_at IS NULL AND greatest(c.created_at, c.updated_at, n.last_message_at) < $2
		ORDER BY c.cid LIMIT $4`, a.ID, since, after, most)
}

// Inactive tells whether nothing has happened in a locked channel since a time.
func Inactive(ch *chat.Channel, since time.Time) bool {
	return ch.DeletedAt == nil && ch.CreatedAt.Before(since) && ch.UpdatedAt.Before(since) && (ch.LastMessageAt == nil || ch.LastMessageAt.Before(since))
}

// RemoveOld removes for good the oldest messages of a channel from before a time,
// with what belongs to them, as RemoveMessage does: a thread goes with its parent. It
// removes at most some times most, and returns how many; 0 when none is left. Nobody
// is told of each, nor does /sync know of them.
func (t *Tx) RemoveOld(ctx context.Context, cid chat.CID, before time.Time, most int) (int, error) {
	if _, err := t.LockCounters(ctx, cid); err != nil {
		return 0, err
	}
	gone, err := t.oldest(ctx, cid, before, most)
	if err != nil || len(gone) == 0 {
		return 0, err
	}
	// What happened in the channel stays known, or it would look inactive.
	t.Emit(ChannelStale(cid))
	if _, err := exec(ctx, t.db, `
		UPDATE channels c SET updated_at = greatest(c.updated_at, n.last_message_at) FROM channel_counters n
		WHERE c.app_id = $1 AND c.cid = $2 AND n.app_id = $1 AND n.cid = $2 AND n.last_message_at < $3`, t.ID, cid, before); err != nil {
		return 0, err
	}
	if err := t.removeRows(ctx, cid, column(gone, idOf)); err != nil {
		return 0, err
	}
	if err := t.uncountThreads(ctx, cid, gone); err != nil {
		return 0, err
	}
	if err := t.uncountMany(ctx, cid, gone); err != nil {
		return 0, err
	}
	cut, typ, err := t.lastRules(ctx, cid)
	if err != nil {
		return 0, err
	}
	if _, err := exec(ctx, t.db, `
		UPDATE channel_counters n SET last_message_at = `+newestAfter+` WHERE n.app_id = $1 AND n.cid = $2 AND n.last_message_at < $5`,
		t.ID, cid, cut, !typ.Config.SkipLastMsgUpdateForSystemMsg, before); err != nil {
		return 0, err
	}
	return len(gone), nil
}

func idOf(m *chat.Message) string { return m.ID }

// oldest are messages of a channel from before a time, with their replies, locked.
// Where there are too many replies, it is only some of these.
func (t *Tx) oldest(ctx context.Context, cid chat.CID, before time.Time, most int) ([]*chat.Message, error) {
	old, err := t.messages(ctx, `
		SELECT `+messageColumns+` FROM messages m WHERE m.app_id = $1 AND m.id IN (
			(SELECT b.id FROM messages b WHERE b.app_id = $1 AND b.cid = $2 AND b.in_channel AND b.created_at < $3 ORDER BY b.created_at, b.id LIMIT $4)
			UNION ALL
			(SELECT b.id FROM messages b WHERE b.app_id = $1 AND b.cid = $2 AND NOT b.in_channel AND b.created_at < $3 ORDER BY b.created_at LIMIT $4))
		FOR UPDATE`, t.ID, cid, before, most)
	if err != nil {
		return nil, err
	}
	ids := column(old, idOf)
	replies, err := t.messages(ctx, `
		SELECT `+messageColumns+` FROM messages m
		WHERE m.app_id = $1 AND m.parent_id = ANY ($2) AND m.parent_id <> '' AND m.id <> ALL ($2) LIMIT $3 FOR UPDATE`, t.ID, ids, most)
	if err != nil || len(replies) == most {
		return replies, err
	}
	return append(old, replies...), nil
}

// uncountThreads takes replies that were removed out of the threads that stay.
func (t *Tx) uncountThreads(ctx context.Context, cid chat.CID, gone []*chat.Message) error {
	ids := column(gone, idOf)
	live, deleted := make(map[string]int), make(map[string]int)
	var parents []string
	var counted []*chat.Message
	for _, r := range gone {
		if r.ParentID == "" || slices.Contains(ids, r.ParentID) {
			continue
		}
		if !slices.Contains(parents, r.ParentID) {
			parents = append(parents, r.ParentID)
		}
		if r.DeletedAt != nil {
			deleted[r.ParentID]++
		} else {
			live[r.ParentID]++
		}
		if len(r.RestrictedVisibility) > 0 { // few are
			if err := t.recountReply(ctx, r, 1); err != nil {
				return err
			}
		} else if r.CountsInThread() {
			counted = append(counted, r)
		}
	}
	if len(parents) == 0 {
		return nil
	}
	number := func(of map[string]int) []int { return column(parents, func(id string) int { return of[id] }) }
	if _, err := exec(ctx, t.db, `
		UPDATE messages p SET reply_count = greatest(p.reply_count - v.live, 0), deleted_reply_count = greatest(p.deleted_reply_count - v.deleted, 0),
			updated_at = `+risen("$5", "p")+`
		FROM unnest($2::text[], $3::int[], $4::int[]) AS v (id, live, deleted) WHERE p.app_id = $1 AND p.id = v.id`,
		t.ID, parents, number(live), number(deleted), t.Now()); err != nil {
		return err
	}
	if _, err := exec(ctx, t.db, `
		UPDATE threads t SET last_message_at = coalesce((SELECT max(b.created_at) FROM messages b
			WHERE b.app_id = $1 AND b.parent_id = t.parent_id AND b.parent_id <> '' AND b.deleted_at IS NULL AND NOT b.shadowed), t.last_message_at)
		WHERE t.app_id = $1 AND t.cid = $2 AND t.parent_id = ANY ($3)`, t.ID, cid, parents); err != nil {
		return err
	}
	_, err := exec(ctx, t.db, `
		UPDATE thread_reads r SET unread_base = least(t.unread_seq, r.unread_base + (
			SELECT count(*) FROM unnest($4::text[], $5::timestamptz[], $6::text[]) AS v (parent, at, author)
			WHERE v.parent = r.parent_id AND v.author <> r.user_id AND v.at > r.last_read))
		FROM threads t
		WHERE t.app_id = $1 AND t.cid = $2 AND t.parent_id = ANY ($3) AND r.app_id = $1 AND r.cid = $2 AND r.parent_id = t.parent_id
			AND r.unread_base < t.unread_seq AND r.joined_at IS NOT NULL`,
		t.ID, cid, parents, column(counted, func(r *chat.Message) string { return r.ParentID }),
		column(counted, func(r *chat.Message) time.Time { return r.CreatedAt }), column(counted, func(r *chat.Message) string { return r.UserID }))
	return err
}
