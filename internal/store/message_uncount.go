package store

import (
	"context"
	"slices"
	"time"

	"chatd/internal/chat"
)

// newestAfter is when the channel $2's newest message that counts as its last was
// sent, after the time $3 if there is one; $4 tells that system messages do.
const newestAfter = `(SELECT max(b.created_at) FROM messages b
	WHERE b.app_id = $1 AND b.cid = $2 AND b.in_channel AND NOT b.shadowed AND (b.type <> 'system' OR $4)
		AND ($3::timestamptz IS NULL OR b.created_at > $3))`

// recountMessage undoes what UncountMessage did for a message that is not deleted
// any more. It emits the change.
func (t *Tx) recountMessage(ctx context.Context, m *chat.Message) error {
	if _, err := exec(ctx, t.db, `
		UPDATE channel_counters SET message_count = message_count + 1 WHERE app_id = $1 AND cid = $2`, t.ID, m.CID); err != nil {
		return err
	}
	typ, err := t.Type(ctx, m.CID.Type())
	if err != nil || !m.Counts() || !typ.Config.ReadEvents {
		return err
	}
	seers, err := t.seers(ctx, m)
	if err != nil {
		return err
	}
	if _, err := exec(ctx, t.db, `
		UPDATE reads r SET unread_base = r.unread_base - 1 FROM members m
		WHERE r.app_id = $1 AND r.cid = $2 AND r.last_read < $4 AND `+hadUnread+`
			AND m.user_id = r.user_id AND m.app_id = $1 AND m.cid = $3`,
		t.ID, m.CID, m.CID, m.CreatedAt, m.UserID, seers); err != nil {
		return err
	}
	if _, err := exec(ctx, t.db, `
		UPDATE members m SET join_seq = m.join_seq - 1
		WHERE m.app_id = $1 AND m.cid = $2 AND m.created_at < $4 AND `+hadUnread+`
			AND NOT EXISTS (SELECT FROM reads r WHERE r.app_id = m.app_id AND r.cid = $3 AND r.user_id = m.user_id)`,
		t.ID, m.CID, m.CID, m.CreatedAt, m.UserID, seers); err != nil {
		return err
	}
	t.Emit(&chat.Change{Kind: chat.UnreadReload, CID: m.CID})
	return nil
}

// uncountRemoved takes a message that was removed out of its channel's counters. One
// that was deleted softly before is still the channel's last message.
func (t *Tx) uncountRemoved(ctx context.Context, m *chat.Message) error {
	if m.DeletedAt == nil {
		return t.UncountMessage(ctx, m)
	}
	cut, typ, err := t.lastRules(ctx, m.CID)
	if err != nil {
		return err
	}
	_, err = exec(ctx, t.db, `
		UPDATE channel_counters n SET last_message_at = `+newestAfter+` WHERE n.app_id = $1 AND n.cid = $2 AND n.last_message_at = $5`,
		t.ID, m.CID, cut, !typ.Config.SkipLastMsgUpdateForSystemMsg, m.CreatedAt)
	return err
}

// lastRules are what a channel's last message depends on: its truncation and type.
func (t *Tx) lastRules(ctx context.Context, cid chat.CID) (*time.Time, *Type, error) {
	cut, err := scalars[*time.Time](ctx, t.db, `SELECT truncated_at FROM channels WHERE app_id = $1 AND cid = $2`, t.ID, cid)
	if err != nil {
		return nil, nil, err
	}
	typ, err := t.Type(ctx, cid.Type())
	if err != nil || len(cut) == 0 {
		return nil, typ, err
	}
	return cut[0], typ, nil
}

// uncountMany does for messages of a channel, as the replies of a thread, which have
// been removed in this transaction, what UncountMessage does for one message, in a number of statements
// that does not depend on theirs.
func (t *Tx) uncountMany(ctx context.Context, cid chat.CID, replies []*chat.Message) error {
	if len(replies) == 0 {
		return nil
	}
	cut, typ, err := t.lastRules(ctx, cid)
	if err != nil {
		return err
	}
	live := slices.DeleteFunc(slices.Clone(replies), func(r *chat.Message) bool {
		return r.DeletedAt != nil || cut != nil && !r.CreatedAt.After(*cut)
	})
	if len(live) == 0 {
		return nil
	}
	at := func(r *chat.Message) time.Time { return r.CreatedAt }
	seqs, err := scalars[int64](ctx, t.db, `
		UPDATE channel_counters n SET message_count = greatest(n.message_count - cardinality($5::timestamptz[]), 0),
			last_message_at = CASE WHEN n.last_message_at = ANY ($5) THEN `+newestAfter+` ELSE n.last_message_at END
		WHERE n.app_id = $1 AND n.cid = $2 RETURNING n.unread_seq`,
		t.ID, cid, cut, !typ.Config.SkipLastMsgUpdateForSystemMsg, column(live, at))
	if err != nil || !typ.Config.ReadEvents {
		return err
	}
	if len(seqs) == 0 {
		return nil
	}
	for _, r := range live {
		if r.Counts() && len(r.RestrictedVisibility) > 0 { // few are
			if err := t.uncountFor(ctx, r, seqs[0]); err != nil {
				return err
			}
		}
	}
	counted := slices.DeleteFunc(live, func(r *chat.Message) bool { return !r.Counts() || len(r.RestrictedVisibility) > 0 })
	if len(counted) == 0 {
		return nil
	}
	return t.uncountUnread(ctx, cid, seqs[0], column(counted, at), column(counted, func(r *chat.Message) string { return r.UserID }))
}

// uncountUnread takes messages, of these times and authors, out of the unread
// numbers of the members who had not read them. It emits the change.
func (t *Tx) uncountUnread(ctx context.Context, cid chat.CID, seq int64, at []time.Time, authors []string) error {
	const had = `(SELECT count(*) FROM unnest($4::timestamptz[], $5::text[]) AS v (at, author)
		WHERE v.author <> m.user_id AND (m.hide_messages_before IS NULL OR m.hide_messages_before < v.at) AND v.at > `
	if _, err := exec(ctx, t.db, `
		UPDATE reads r SET unread_base = least(r.unread_base + `+had+`r.last_read), $3) FROM members m
		WHERE r.app_id = $1 AND r.cid = $2 AND r.unread_base < $3 AND r.last_read < $6
			AND m.app_id = $1 AND m.cid = $2 AND m.user_id = r.user_id`, t.ID, cid, seq, at, authors, slices.MaxFunc(at, time.Time.Compare)); err != nil {
		return err
	}
	if _, err := exec(ctx, t.db, `
		UPDATE members m SET join_seq = least(m.join_seq + `+had+`m.created_at), $3)
		WHERE m.app_id = $1 AND m.cid = $2 AND m.join_seq < $3 AND m.created_at < $6
			AND NOT EXISTS (SELECT FROM reads r WHERE r.app_id = m.app_id AND r.cid = m.cid AND r.user_id = m.user_id)`,
		t.ID, cid, seq, at, authors, slices.MaxFunc(at, time.Time.Compare)); err != nil {
		return err
	}
	t.Emit(&chat.Change{Kind: chat.UnreadReload, CID: cid})
	return nil
}
