package store

import (
	"context"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"chatd/internal/chat"
	"chatd/internal/wire"
)

// messageColumns are what scanMessage reads, of the table messages as m.
const messageColumns = `m.id, m.cid, m.user_id, m.type, m.text, m.html, m.mml, m.command, m.args, m.attachments,
	m.mentioned_users, m.mentioned_channel, m.mentioned_here, m.mentioned_roles, m.mentioned_group_ids,
	m.parent_id, m.show_in_channel, m.reply_count, m.deleted_reply_count, m.thread_participants, m.reaction_groups,
	m.silent, m.shadowed, m.pinned, m.pinned_at, m.pinned_by_id, m.pin_expires, m.restricted_visibility,
	m.quoted_message_id, m.poll_id, m.i18n, m.custom, m.message_text_updated_at, m.created_at, m.updated_at, m.deleted_at,
	m.shared_location`

// emptyJSON is the length of {} and [].
const emptyJSON = 2

// scanMessage reads a row of messageColumns. It is written out because lists of
// hundreds of messages are read this way.
func scanMessage(row pgx.CollectableRow) (*chat.Message, error) {
	m := &chat.Message{}
	var groups, i18n, location []byte
	err := row.Scan(&m.ID, (*string)(&m.CID), &m.UserID, &m.Type, &m.Text, &m.HTML, &m.MML, &m.Command, &m.Args, (*[]byte)(&m.Attachments),
		&m.MentionedUserIDs, &m.MentionedChannel, &m.MentionedHere, &m.MentionedRoles, &m.MentionedGroupIDs,
		&m.ParentID, &m.ShowInChannel, &m.ReplyCount, &m.DeletedReplyCount, &m.ThreadParticipantIDs, &groups,
		&m.Silent, &m.Shadowed, &m.Pinned, &m.PinnedAt, &m.PinnedByID, &m.PinExpires, &m.RestrictedVisibility,
		&m.QuotedMessageID, &m.PollID, &i18n, (*[]byte)(&m.Custom), &m.MessageTextUpdatedAt, &m.CreatedAt, &m.UpdatedAt, &m.DeletedAt,
		&location)
	if err == nil && len(groups) > emptyJSON {
		err = wire.Unmarshal(groups, &m.ReactionGroups)
	}
	if err == nil && len(i18n) > emptyJSON {
		err = wire.Unmarshal(i18n, &m.I18n)
	}
	if err == nil && location != nil {
		err = wire.Unmarshal(location, &m.SharedLocation)
	}
	return m, err
}

// messages runs a query for messageColumns. The messages are not hydrated.
func (a *App) messages(ctx context.Context, sql string, args ...any) ([]*chat.Message, error) {
	rows, _ := a.db.Query(ctx, sql, args...) // CollectRows returns the error
	out, err := pgx.CollectRows(rows, scanMessage)
	return out, translate(err)
}

// Message returns a message as it is stored, deleted or not, not hydrated;
// NotFound when there is none.
func (a *App) Message(ctx context.Context, id string) (*chat.Message, error) {
	return a.message(ctx, id, "")
}

func (a *App) message(ctx context.Context, id, lock string) (*chat.Message, error) {
	list, err := a.messages(ctx, `SELECT `+messageColumns+` FROM messages m WHERE m.app_id = $1 AND m.id = $2 `+lock, a.ID, id)
	if err != nil {
		return nil, err
	}
	if len(list) == 0 {
		return nil, errNoMessage(id)
	}
	return list[0], nil
}

// Messages returns those of the messages ids that stand in the channel and that
// the viewer may see, hydrated, in the order of ids.
func (a *App) Messages(ctx context.Context, v Viewer, view View, ids []string) ([]*chat.Message, error) {
	list, err := a.messages(ctx, `
		SELECT `+messageColumns+` FROM messages m
		WHERE m.app_id = $1 AND m.id = ANY ($2) AND m.cid = $6 AND ($7::timestamptz IS NULL OR m.created_at > $7) AND `+visible,
		append(v.args(a.ID, ids), view.CID, view.Since)...)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(list, func(x, y *chat.Message) int { return slices.Index(ids, x.ID) - slices.Index(ids, y.ID) })
	return list, a.Hydrate(ctx, v, list...)
}

// shown returns those of the messages ids, which others name, that are within what the
// viewer can see of their channels, not hydrated.
func (a *App) shown(ctx context.Context, v Viewer, ids []string) ([]*chat.Message, error) {
	return a.messages(ctx, `
		SELECT `+messageColumns+` FROM messages m JOIN channels c ON c.app_id = m.app_id AND c.cid = m.cid
			LEFT JOIN members s ON s.app_id = m.app_id AND s.cid = m.cid AND s.user_id = $3
		WHERE m.app_id = $1 AND m.id = ANY ($2) AND m.created_at > coalesce(greatest(c.truncated_at, s.hide_messages_before), '-infinity')
			AND `+visible, v.args(a.ID, ids)...)
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

// SentSince tells whether the user sent a message to the channel, or a reply in one of
// its threads, after a time.
func (a *App) SentSince(ctx context.Context, cid chat.CID, userID string, since time.Time) (bool, error) {
	const sent = `EXISTS (SELECT FROM messages m WHERE m.app_id = $1 AND m.cid = $2 AND m.created_at > $4 AND m.user_id = $3 AND `
	found, err := scalars[bool](ctx, a.db, `SELECT `+sent+`m.in_channel) OR `+sent+`NOT m.in_channel)`, a.ID, cid, userID, since)
	return err == nil && found[0], err
}

// LockMessage returns a message as it is stored and keeps others from changing it
// until the transaction ends; NotFound when there is none.
func (t *Tx) LockMessage(ctx context.Context, id string) (*chat.Message, error) {
	return t.message(ctx, id, "FOR NO KEY UPDATE")
}

// risen is chat.Risen for a row that is not locked yet, at the time of a parameter.
func risen(at, row string) string {
	return "greatest(" + at + ", " + row + ".updated_at + interval '1 microsecond')"
}

// UpdateMessage writes what of a message can be edited: its content, its pin and its
// poll. UpdatedAt becomes what is stored: later, where the clock stands behind the last
// change.
func (t *Tx) UpdateMessage(ctx context.Context, m *chat.Message) error {
	i18n := m.I18n
	if i18n == nil {
		i18n = map[string]string{}
	}
	at, err := scalars[time.Time](ctx, t.db, `
		UPDATE messages m SET text = $3, html = $4, mml = $5, attachments = $6::json, mentioned_users = $7, mentioned_channel = $8,
			mentioned_here = $9, mentioned_roles = $10, mentioned_group_ids = $11, pinned = $12, pinned_at = $13, pinned_by_id = $14,
			pin_expires = $15, quoted_message_id = $16, i18n = $17::jsonb, custom = $18::jsonb, message_text_updated_at = $19, updated_at = `+risen("$20", "m")+`,
			poll_id = $21, words = $22::text::tsvector
		WHERE app_id = $1 AND id = $2 RETURNING updated_at`,
		t.ID, m.ID, m.Text, m.HTML, m.MML, array(m.Attachments), list(m.MentionedUserIDs), m.MentionedChannel,
		m.MentionedHere, list(m.MentionedRoles), list(m.MentionedGroupIDs), m.Pinned, m.PinnedAt, m.PinnedByID,
		m.PinExpires, m.QuotedMessageID, i18n, object(m.Custom), m.MessageTextUpdatedAt, m.UpdatedAt,
		m.PollID, messageWords(t.ID, m))
	if err == nil && len(at) > 0 {
		m.UpdatedAt = at[0]
	}
	return err
}

// CountFor makes a message that only some may see unread for those of users who
// are members: their numbers rise while the channel's own stays, because nobody
// else may count it.
func (t *Tx) CountFor(ctx context.Context, cid chat.CID, users ...string) error {
	if _, err := t.LockCounters(ctx, cid); err != nil {
		return err
	}
	_, err := exec(ctx, t.db, `
		INSERT INTO reads AS r (app_id, cid, user_id, unread_base, last_read)
		SELECT m.app_id, m.cid, m.user_id, m.join_seq - 1, m.created_at FROM members m
		WHERE m.app_id = $1 AND m.cid = $2 AND m.user_id = ANY ($3) AND `+listening+` ORDER BY m.user_id
		ON CONFLICT (app_id, cid, user_id) DO UPDATE SET unread_base = r.unread_base - 1`, t.ID, cid, users)
	return err
}

// Reveal shows the channel again to the members who hid it, except those who muted
// it, and returns their ids. at is when it was shown. A non-nil only names those whom it
// may show it to.
func (t *Tx) Reveal(ctx context.Context, cid chat.CID, at time.Time, only []string) ([]string, error) {
	if _, err := t.LockCounters(ctx, cid); err != nil {
		return nil, err
	}
	users, err := scalars[string](ctx, t.db, `
		UPDATE members m SET hidden = false, hidden_changed_at = $3
		WHERE m.app_id = $1 AND m.cid = $2 AND m.hidden AND NOT `+mutedAt3+` AND ($4::text[] IS NULL OR m.user_id = ANY ($4))
		RETURNING m.user_id`, t.ID, cid, at, only)
	if err != nil || len(users) == 0 {
		return nil, err
	}
	if _, err := exec(ctx, t.db, `
		UPDATE channels SET hidden_count = greatest(hidden_count - $3, 0) WHERE app_id = $1 AND cid = $2`, t.ID, cid, len(users)); err != nil {
		return nil, err
	}
	t.Emit(ChannelStale(cid))
	for _, u := range users {
		t.Emit(MemberStale(cid, u))
	}
	return users, nil
}
