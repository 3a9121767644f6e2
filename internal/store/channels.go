package store

import (
	"context"
	"time"

	"chatd/internal/chat"
)

// FillChannels gives channels the users who created and truncated them, who do not
// tell who is shadow-banned. The channels must be the caller's own, not a cache's.
func (a *App) FillChannels(ctx context.Context, channels ...*chat.Channel) error {
	ids := make(map[string]bool, len(channels))
	for _, ch := range channels {
		ids[ch.CreatedByID], ids[ch.TruncatedByID] = true, true
	}
	users, err := a.named(ctx, ids)
	for _, ch := range channels {
		ch.CreatedBy, ch.TruncatedBy = users[ch.CreatedByID], users[ch.TruncatedByID]
	}
	return err
}

// filledChannels returns channels with the users who created and truncated them.
func (a *App) filledChannels(ctx context.Context, cids []chat.CID) (map[chat.CID]*chat.Channel, error) {
	list, err := a.Channels(ctx, cids...)
	if err != nil {
		return nil, err
	}
	out := make(map[chat.CID]*chat.Channel, len(list))
	for _, ch := range list {
		out[ch.CID] = ch
	}
	return out, a.FillChannels(ctx, list...)
}

// EventMembers is how many members the channels in events carry.
const EventMembers = 100

// EventChannel returns a channel as events carry it: with its configuration, its
// creator and its first members, deleted or not, read from the database. It does
// not tell who is shadow-banned. NotFound when there is none.
func (a *App) EventChannel(ctx context.Context, cid chat.CID) (*chat.Channel, error) {
	rows, err := a.Channels(ctx, cid)
	if err != nil {
		return nil, err
	}
	if len(rows) == 0 {
		return nil, errNoChannel(cid)
	}
	if err := a.FillChannels(ctx, rows...); err != nil {
		return nil, err
	}
	members, err := a.MembersOf(ctx, rows, EventMembers, 0)
	if err != nil {
		return nil, err
	}
	ch := rows[0]
	ch.Members = chat.PublicMembers(members[cid])
	return ch, nil
}

func errNoChannel(cid chat.CID) error {
	return chat.Errorf(chat.NotFound, "Can't find channel with id %s", cid)
}

// LockChannel locks a channel (LockCounters) and returns it as it is then;
// NotFound when there is none or it was deleted.
func (t *Tx) LockChannel(ctx context.Context, cid chat.CID) (*chat.Channel, error) {
	ch, err := t.LockAnyChannel(ctx, cid)
	if err == nil && ch.DeletedAt != nil {
		err = errNoChannel(cid)
	}
	return ch, err
}

// LockAnyChannel is LockChannel for a channel that may have been deleted softly.
func (t *Tx) LockAnyChannel(ctx context.Context, cid chat.CID) (*chat.Channel, error) {
	if _, err := t.LockCounters(ctx, cid); err != nil {
		return nil, err
	}
	rows, err := t.Channels(ctx, cid)
	if err != nil {
		return nil, err
	}
	if len(rows) == 0 {
		return nil, errNoChannel(cid)
	}
	return rows[0], t.FillChannels(ctx, rows...)
}

// InsertChannel creates a channel without members, and tells whether it did: not
// when there is one with this cid, deleted or not. CreatedAt and UpdatedAt are set
// in ch.
func (t *Tx) InsertChannel(ctx context.Context, ch *chat.Channel) (bool, error) {
	if err := t.keepType(ctx, ch.Type); err != nil {
		return false, err
	}
	ch.CreatedAt = t.Now()
	ch.UpdatedAt = ch.CreatedAt
	n, err := exec(ctx, t.db, `
		WITH c AS (
			INSERT INTO channels (app_id, cid, type, id, created_by_id, team, frozen, disabled, filter_tags, config_overrides, distinct_members,
				auto_translation_enabled, auto_translation_language, custom, created_at, updated_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10::jsonb, $11, $12, $13, $14::jsonb, $15, $15)
			ON CONFLICT (app_id, cid) DO NOTHING RETURNING cid)
		INSERT INTO channel_counters (app_id, cid, created_at) SELECT $1, cid, $15 FROM c`,
		t.ID, ch.CID, ch.Type, ch.ID, ch.CreatedByID, ch.Team, ch.Frozen, ch.Disabled, list(ch.FilterTags), object(ch.Overrides),
		list(ch.DistinctMembers), ch.AutoTranslation, ch.AutoTranslationLanguage, object(ch.Custom), ch.CreatedAt)
	t.Emit(ChannelStale(ch.CID))
	return n > 0, err
}

// ReviveChannel undoes the soft deletion of a locked channel (LockAnyChannel) and
// writes what ch holds. Its old messages stay out of reach and out of all counts.
func (t *Tx) ReviveChannel(ctx context.Context, ch *chat.Channel) error {
	if err := t.keepType(ctx, ch.Type); err != nil {
		return err
	}
	now := t.Now()
	ch.DeletedAt, ch.TruncatedAt, ch.TruncatedByID = nil, &now, ""
	ch.LastMessageAt, ch.Messages = nil, 0
	if err := t.SaveChannel(ctx, ch); err != nil {
		return err
	}
	if err := t.ResetUnread(ctx, ch.CID); err != nil {
		return err
	}
	t.Emit(MembersStale(ch.CID))
	_, err := exec(ctx, t.db, `
		WITH c AS (UPDATE channels SET deleted_at = NULL, truncated_at = $3, truncated_by_id = '', created_by_id = $4, created_at = $5
			WHERE app_id = $1 AND cid = $2)
		UPDATE channel_counters SET last_message_at = NULL, message_count = 0, created_at = $5 WHERE app_id = $1 AND cid = $2`,
		t.ID, ch.CID, now, ch.CreatedByID, ch.CreatedAt)
	return err
}

// SaveChannel writes what updates may change of a locked channel (LockChannel).
// UpdatedAt is set in ch.
func (t *Tx) SaveChannel(ctx context.Context, ch *chat.Channel) error {
	ch.UpdatedAt = chat.Risen(t.Now(), ch.UpdatedAt)
	t.Emit(ChannelStale(ch.CID))
	_, err := exec(ctx, t.db, `
		UPDATE channels SET team = $3, frozen = $4, disabled = $5, cooldown = $6, filter_tags = $7, config_overrides = $8::jsonb,
			auto_translation_enabled = $9, auto_translation_language = $10, custom = $11::jsonb, updated_at = $12
		WHERE app_id = $1 AND cid = $2`,
		t.ID, ch.CID, ch.Team, ch.Frozen, ch.Disabled, ch.Cooldown, list(ch.FilterTags), object(ch.Overrides),
		ch.AutoTranslation, ch.AutoTranslationLanguage, object(ch.Custom), ch.UpdatedAt)
	return err
}

// Truncate cuts off the messages of a locked channel (LockChannel) up to at, which
// are deleted if hard and hidden otherwise, and everybody's unread messages among
// them. What was cut off before stays so. What changes is set in ch; the change of
// unread numbers is emitted.
func (t *Tx) Truncate(ctx context.Context, ch *chat.Channel, at time.Time, byID string, hard bool) error {
	if ch.TruncatedAt != nil && at.Before(*ch.TruncatedAt) {
		at = *ch.TruncatedAt
	}
	if err := t.dropOwned(ctx, ch.CID, at); err != nil {
		return err
	}
	if hard {
		if err := t.deleteMessages(ctx, ch.CID, at); err != nil {
			return err
		}
	}
	type row struct {
		Messages int        `db:"messages"`
		Counted  int64      `db:"counted"`
		Last     *time.Time `db:"last"`
	}
	left, err := maybe[row](ctx, t.db, `
		WITH b AS (SELECT id, created_at, deleted_at, type, shadowed, silent, restricted_visibility FROM messages
			WHERE app_id = $1 AND cid = $2 AND in_channel AND created_at > $3)
		SELECT count(*) FILTER (WHERE b.deleted_at IS NULL) + (SELECT count(*) FROM b p
				JOIN messages r ON r.app_id = $1 AND r.parent_id = p.id AND r.parent_id <> '' AND NOT r.in_channel AND r.deleted_at IS NULL) AS messages,
			count(*) FILTER (WHERE `+counts+`) AS counted,
			max(b.created_at) FILTER (WHERE NOT b.shadowed AND (b.type <> 'system' OR $4)) AS last
		FROM b`, t.ID, ch.CID, at, !ch.Config.SkipLastMsgUpdateForSystemMsg)
	if err != nil {
		return err
	}
	ch.TruncatedAt, ch.TruncatedByID, ch.UpdatedAt = &at, byID, chat.Risen(t.Now(), ch.UpdatedAt)
	ch.LastMessageAt, ch.Messages = left.Last, left.Messages
	if _, err := exec(ctx, t.db, `
		WITH c AS (UPDATE channels SET truncated_at = $3, truncated_by_id = $4, updated_at = $5 WHERE app_id = $1 AND cid = $2)
		UPDATE channel_counters SET last_message_at = $6, message_count = $7 WHERE app_id = $1 AND cid = $2`,
		t.ID, ch.CID, at, byID, ch.UpdatedAt, left.Last, left.Messages); err != nil {
		return err
	}
	t.Emit(ChannelStale(ch.CID), MembersStale(ch.CID))
	return t.limitUnread(ctx, ch, left.Counted)
}

// counts: the message b raises unread numbers of all members but its author.
const counts = `NOT b.silent AND NOT b.shadowed AND b.deleted_at IS NULL AND b.type IN ('regular', 'reply', 'system')
	AND b.restricted_visibility = '{}'`

// limitUnread leaves nobody more than most unread messages in a locked channel.
func (t *Tx) limitUnread(ctx context.Context, ch *chat.Channel, most int64) error {
	if most == 0 {
		return t.ResetUnread(ctx, ch.CID)
	}
	base := ch.UnreadSeq - most
	if _, err := exec(ctx, t.db, `
		UPDATE reads SET unread_base = $3 WHERE app_id = $1 AND cid = $2 AND unread_base < $3`, t.ID, ch.CID, base); err != nil {
		return err
	}
	t.Emit(&chat.Change{Kind: chat.UnreadReload, CID: ch.CID})
	_, err := exec(ctx, t.db, `
		UPDATE members m SET join_seq = $3 WHERE m.app_id = $1 AND m.cid = $2 AND m.join_seq < $3
			AND NOT EXISTS (SELECT FROM reads r WHERE r.app_id = m.app_id AND r.cid = m.cid AND r.user_id = m.user_id)`, t.ID, ch.CID, base)
	return err
}

// deleteMessages removes the messages of a channel up to at with their threads.
// It finds them by the indexes of channels and threads.
func (t *Tx) deleteMessages(ctx context.Context, cid chat.CID, at time.Time) error {
	if _, err := exec(ctx, t.db, `DELETE FROM threads WHERE app_id = $1 AND cid = $2 AND parent_at <= $3`, t.ID, cid, at); err != nil {
		return err
	}
	_, err := exec(ctx, t.db, `
		WITH own AS (DELETE FROM messages WHERE app_id = $1 AND cid = $2 AND in_channel AND created_at <= $3 RETURNING id),
		replies AS (DELETE FROM messages r USING own WHERE r.app_id = $1 AND r.parent_id = own.id AND r.parent_id <> '' AND NOT r.in_channel RETURNING r.id),
		gone AS (SELECT id FROM own UNION ALL SELECT id FROM replies),
		history AS (DELETE FROM message_history h USING gone WHERE h.app_id = $1 AND h.message_id = gone.id)
		DELETE FROM reactions WHERE app_id = $1 AND message_id IN (SELECT id FROM gone)`, t.ID, cid, at)
	return err
}

// SoftDeleteChannel marks a locked channel deleted (LockChannel). Nothing of it is
// found any more, but ReviveChannel brings it back. DeletedAt is set in ch; the
// change is not emitted: after the last event about the channel, the caller does.
func (t *Tx) SoftDeleteChannel(ctx context.Context, ch *chat.Channel) error {
	now := chat.Risen(t.Now(), ch.UpdatedAt)
	ch.DeletedAt, ch.TruncatedAt, ch.UpdatedAt = &now, &now, now
	t.Emit(ChannelStale(ch.CID))
	if err := t.dropAllOwned(ctx, ch.CID); err != nil {
		return err
	}
	_, err := exec(ctx, t.db, `
		UPDATE channels SET deleted_at = $3, truncated_at = $3, updated_at = $3 WHERE app_id = $1 AND cid = $2`, t.ID, ch.CID, now)
	return err
}

// endOfTime is after every message.
var endOfTime = time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)

// ownTables are the tables whose rows are part of a channel, by app_id and cid, but
// for those that users' rows count (dropAllOwned).
var ownTables = []string{
	"message_deletions", "message_history", "message_removals", "held_messages", "channel_mutes", "thread_reads", "threads", "reads", "members", "bans", "channel_counters", "channels",
}

// HardDeleteChannel removes a locked channel (LockAnyChannel) and all that is in
// it. DeletedAt is set in ch; the change is not emitted, as by SoftDeleteChannel.
func (t *Tx) HardDeleteChannel(ctx context.Context, ch *chat.Channel) error {
	now := chat.Risen(t.Now(), ch.UpdatedAt)
	ch.DeletedAt, ch.TruncatedAt, ch.UpdatedAt = &now, &now, now
	t.Emit(ChannelStale(ch.CID), MembersStale(ch.CID))
	if _, err := exec(ctx, t.db, `
		INSERT INTO departures (app_id, user_id, cid, created_at) SELECT app_id, user_id, cid, $3 FROM members WHERE app_id = $1 AND cid = $2
		ON CONFLICT (app_id, user_id, cid) DO UPDATE SET created_at = excluded.created_at`, t.ID, ch.CID, now); err != nil {
		return err
	}
	if err := t.dropAllOwned(ctx, ch.CID); err != nil {
		return err
	}
	if err := t.deleteMessages(ctx, ch.CID, endOfTime); err != nil {
		return err
	}
	for _, table := range ownTables {
		if _, err := exec(ctx, t.db, `DELETE FROM `+table+` WHERE app_id = $1 AND cid = $2`, t.ID, ch.CID); err != nil {
			return err
		}
	}
	return nil
}
