package store

import (
	"context"
	"time"

	"chatd/internal/chat"
)

// A member's unread number in a channel is never stored: it is the channel's
// unread_seq minus the value at which nothing was unread, which his reads row or,
// before he has one, his membership holds. So a message raises the number of all
// members by one write.
const (
	unreadCount = `greatest(n.unread_seq - coalesce(r.unread_base, m.join_seq), 0)`

	// memberTables are a member m with his channel c, its counters n and how far
	// he has read r.
	memberTables = `members m
		JOIN channels c ON c.app_id = m.app_id AND c.cid = m.cid AND c.deleted_at IS NULL
		JOIN channel_counters n ON n.app_id = m.app_id AND n.cid = m.cid
		LEFT JOIN reads r ON r.app_id = m.app_id AND r.cid = m.cid AND r.user_id = m.user_id`

	// listening: no invite that is unanswered or was refused (chat.Member.Listens).
	listening = `m.status NOT IN ('pending', 'rejected')`

	// mutedAt3: the member has muted the channel at the time $3.
	mutedAt3 = `EXISTS (SELECT FROM channel_mutes x WHERE x.app_id = m.app_id AND x.user_id = m.user_id AND x.cid = m.cid
		AND (x.expires IS NULL OR x.expires > $3))`
)

// counting: the message b raises unread numbers of the user $2 (chat.Message.Counts),
// who is neither its author nor excluded from it. overseer is an expression that tells
// whether he sees what is meant for others.
func counting(overseer string) string {
	return `NOT b.silent AND NOT b.shadowed AND b.deleted_at IS NULL AND b.type IN ('regular', 'reply', 'system')
		AND b.user_id <> $2 AND (b.restricted_visibility = '{}' OR ` + overseer + ` OR $2 = ANY (b.restricted_visibility))`
}

// Membership is a channel that a user listens to, as what follows his unread
// totals needs it.
type Membership struct {
	CID    chat.CID `db:"cid"`
	Unread int      `db:"unread"`
	Muted  bool     `db:"muted"` // Unread is not part of his totals
	Seq    int64    `db:"seq"`   // the channel's unread_seq at which Unread holds
}

// unreadOff returns the names of the channel types that keep no read state.
func (a *App) unreadOff(ctx context.Context) ([]string, error) {
	types, err := a.Types(ctx)
	off := []string{}
	for name, t := range types {
		if !t.Config.ReadEvents {
			off = append(off, name)
		}
	}
	return off, err
}

// Memberships returns all channels that the user listens to.
func (a *App) Memberships(ctx context.Context, userID string) ([]*Membership, error) {
	off, err := a.unreadOff(ctx)
	if err != nil {
		return nil, err
	}
	return many[Membership](ctx, a.db, `
		SELECT m.cid, CASE WHEN c.type = ANY ($4) THEN 0 ELSE `+unreadCount+` END::int AS unread, `+mutedAt3+` AS muted, n.unread_seq AS seq
		FROM `+memberTables+`
		WHERE m.app_id = $1 AND m.user_id = $2 AND `+listening, a.ID, userID, a.Now(), off)
}

// Totals returns a user's unread numbers over all his channels.
func (a *App) Totals(ctx context.Context, userID string) (chat.Unread, error) {
	off, err := a.unreadOff(ctx)
	if err != nil {
		return chat.Unread{}, err
	}
	type row struct {
		Messages int `db:"messages"`
		Channels int `db:"channels"`
	}
	t, err := maybe[row](ctx, a.db, `
		SELECT coalesce(sum(unread), 0)::int AS messages, count(*)::int AS channels
		FROM (SELECT `+unreadCount+` AS unread FROM `+memberTables+`
			WHERE m.app_id = $1 AND m.user_id = $2 AND c.type <> ALL ($4) AND `+listening+` AND NOT `+mutedAt3+`) u
		WHERE unread > 0`, a.ID, userID, a.Now(), off)
	if err != nil || t == nil {
		return chat.Unread{}, err
	}
	return chat.Unread{UnreadCount: t.Messages, TotalUnread: t.Messages, UnreadChannels: t.Channels}, nil
}

// UnreadOf returns the unread numbers in a channel of those of the users who
// listen to it, whether or not they muted it, and the channel's unread_seq at
// which they hold: 0 when none of them listens.
func (a *App) UnreadOf(ctx context.Context, cid chat.CID, users []string) (map[string]int, int64, error) {
	off, err := a.unreadOff(ctx)
	if err != nil {
		return nil, 0, err
	}
	type row struct {
		UserID string `db:"user_id"`
		Unread int    `db:"unread"`
		Seq    int64  `db:"seq"`
	}
	rows, err := many[row](ctx, a.db, `
		SELECT m.user_id, CASE WHEN c.type = ANY ($4) THEN 0 ELSE `+unreadCount+` END::int AS unread, n.unread_seq AS seq
		FROM `+memberTables+`
		WHERE m.app_id = $1 AND m.cid = $2 AND m.user_id = ANY ($3) AND `+listening, a.ID, cid, users, off)
	out, seq := make(map[string]int, len(rows)), int64(0)
	for _, r := range rows {
		out[r.UserID], seq = r.Unread, r.Seq
	}
	return out, seq, err
}

// UnreadChannel is a channel in which a user has unread messages.
type UnreadChannel struct {
	UserID   string    `db:"user_id"`
	CID      chat.CID  `db:"cid"`
	Unread   int       `db:"unread"`
	LastRead time.Time `db:"last_read"`
}

// UnreadSum adds up a user's unread channels of one type and team.
type UnreadSum struct {
	UserID   string `db:"user_id"`
	Type     string `db:"type"`
	Team     string `db:"team"`
	Channels int    `db:"channels"`
	Messages int    `db:"messages"`
}

// UnreadChannels returns the unread channels of users, at most perUser of each,
// the one with the newest message first, and the sums over all of them.
func (a *App) UnreadChannels(ctx context.Context, perUser int, users ...string) ([]*UnreadChannel, []*UnreadSum, error) {
	off, err := a.unreadOff(ctx)
	if err != nil {
		return nil, nil, err
	}
	const unread = `SELECT m.user_id, m.cid, c.type, c.team, ` + unreadCount + ` AS unread, coalesce(r.last_read, m.created_at) AS last_read, n.last_message_at
		FROM ` + memberTables + `
		WHERE m.app_id = $1 AND m.user_id = ANY ($2) AND c.type <> ALL ($4) AND ` + listening + ` AND NOT ` + mutedAt3
	now := a.Now()
	channels, err := many[UnreadChannel](ctx, a.db, `
		SELECT user_id, cid, unread::int, last_read FROM (
			SELECT *, row_number() OVER (PARTITION BY user_id ORDER BY last_message_at DESC NULLS LAST, cid) AS place
			FROM (`+unread+`) u WHERE unread > 0) p
		WHERE place <= $5 ORDER BY user_id, place`, a.ID, users, now, off, perUser)
	if err != nil {
		return nil, nil, err
	}
	sums, err := many[UnreadSum](ctx, a.db, `
		SELECT user_id, type, team, count(*)::int AS channels, sum(unread)::int AS messages
		FROM (`+unread+`) u WHERE unread > 0 GROUP BY user_id, type, team ORDER BY user_id, type, team`, a.ID, users, now, off)
	return channels, sums, err
}

// Counters are what a channel counts.
type Counters struct {
	LastMessageAt *time.Time `db:"last_message_at"`
	Messages      int        `db:"message_count"`
	UnreadSeq     int64      `db:"unread_seq"`
}

// LockCounters locks a channel against sends and whatever else changes unread
// numbers of its members until the transaction ends. It comes before any other
// row of the channel is locked. NotFound when there is no such channel.
func (t *Tx) LockCounters(ctx context.Context, cid chat.CID) (*Counters, error) {
	n, err := maybe[Counters](ctx, t.db, `
		SELECT last_message_at, message_count, unread_seq FROM channel_counters WHERE app_id = $1 AND cid = $2 FOR UPDATE`, t.ID, cid)
	if err == nil && n == nil {
		err = chat.Errorf(chat.NotFound, "Can't find channel with id %s", cid)
	}
	return n, err
}

// ResetUnread leaves nothing unread in a channel, for all members or only for
// users: its messages are gone for them. What they have read stays as it was. It
// emits the change.
func (t *Tx) ResetUnread(ctx context.Context, cid chat.CID, users ...string) error {
	n, err := t.LockCounters(ctx, cid)
	if err != nil {
		return err
	}
	all := len(users) == 0
	if _, err := exec(ctx, t.db, `
		UPDATE reads SET unread_base = $3 WHERE app_id = $1 AND cid = $2 AND unread_base < $3 AND ($4 OR user_id = ANY ($5))`,
		t.ID, cid, n.UnreadSeq, all, list(users)); err != nil {
		return err
	}
	if _, err := exec(ctx, t.db, `
		UPDATE members m SET join_seq = $3 WHERE m.app_id = $1 AND m.cid = $2 AND m.join_seq < $3 AND ($4 OR m.user_id = ANY ($5))
			AND NOT EXISTS (SELECT FROM reads r WHERE r.app_id = m.app_id AND r.cid = m.cid AND r.user_id = m.user_id)`,
		t.ID, cid, n.UnreadSeq, all, list(users)); err != nil {
		return err
	}
	if all {
		t.Emit(&chat.Change{Kind: chat.UnreadReload, CID: cid})
	}
	for _, u := range users {
		t.Emit(&chat.Change{Kind: chat.UnreadSet, CID: cid, User: u, Seq: n.UnreadSeq})
	}
	return nil
}

// DropReads forgets how far former members have read, so that they start anew if
// they come back.
func (t *Tx) DropReads(ctx context.Context, cid chat.CID, users ...string) error {
	_, err := exec(ctx, t.db, `DELETE FROM reads WHERE app_id = $1 AND cid = $2 AND user_id = ANY ($3)`, t.ID, cid, list(users))
	return err
}

// UncountMessage takes a message that was deleted out of its channel's counters
// and of the unread numbers of those who had not read it. m is the message as it
// was before; its row has been changed or removed since, in this transaction,
// which began with LockCounters. Nothing happens when m was not counted any more:
// deleted or truncated before. It emits the change.
func (t *Tx) UncountMessage(ctx context.Context, m *chat.Message) error {
	if m.DeletedAt != nil {
		return nil
	}
	n, err := t.LockCounters(ctx, m.CID)
	if err != nil {
		return err
	}
	typ, err := t.Type(ctx, m.CID.Type())
	if err != nil {
		return err
	}
	touched, err := exec(ctx, t.db, `
		UPDATE channel_counters n SET message_count = greatest(n.message_count - 1, 0), last_message_at = CASE
			WHEN n.last_message_at <> $3 THEN n.last_message_at
			ELSE (SELECT max(b.created_at) FROM messages b
				WHERE b.app_id = $1 AND b.cid = $2 AND b.in_channel AND NOT b.shadowed AND (b.type <> 'system' OR $4)
					AND b.created_at > coalesce(c.truncated_at, '-infinity')) END
		FROM channels c
		WHERE n.app_id = $1 AND n.cid = $2 AND c.app_id = $1 AND c.cid = $2 AND (c.truncated_at IS NULL OR c.truncated_at < $3)`,
		t.ID, m.CID, m.CreatedAt, !typ.Config.SkipLastMsgUpdateForSystemMsg)
	if err != nil || touched == 0 || !m.Counts() || !typ.Config.ReadEvents {
		return err
	}
	return t.uncountFor(ctx, m, n.UnreadSeq)
}

// uncountFor takes one message out of the unread numbers of those who had not read it.
// seq is the channel's unread_seq. It emits the change.
func (t *Tx) uncountFor(ctx context.Context, m *chat.Message, seq int64) error {
	seers, err := t.seers(ctx, m)
	if err != nil {
		return err
	}
	if _, err := exec(ctx, t.db, `
		UPDATE reads r SET unread_base = r.unread_base + 1 FROM members m
		WHERE r.app_id = $1 AND r.cid = $2 AND r.unread_base < $3 AND r.last_read < $4 AND `+hadUnread+`
			AND m.user_id = r.user_id AND m.app_id = $1 AND m.cid = $2`,
		t.ID, m.CID, seq, m.CreatedAt, m.UserID, seers); err != nil {
		return err
	}
	if _, err := exec(ctx, t.db, `
		UPDATE members m SET join_seq = m.join_seq + 1
		WHERE m.app_id = $1 AND m.cid = $2 AND m.join_seq < $3 AND m.created_at < $4 AND `+hadUnread+`
			AND NOT EXISTS (SELECT FROM reads r WHERE r.app_id = m.app_id AND r.cid = m.cid AND r.user_id = m.user_id)`,
		t.ID, m.CID, seq, m.CreatedAt, m.UserID, seers); err != nil {
		return err
	}
	t.Emit(&chat.Change{Kind: chat.UnreadReload, CID: m.CID})
	return nil
}

// hadUnread: a message of $4 by the user $5, for the users $6 or all, was among
// what the member m could have unread.
const hadUnread = `m.user_id <> $5 AND (cardinality($6::text[]) = 0 OR m.user_id = ANY ($6))
	AND (m.hide_messages_before IS NULL OR m.hide_messages_before < $4)`
