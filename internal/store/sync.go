package store

import (
	"context"
	"time"

	"chatd/internal/chat"
)

// MessagesSince returns the messages of channels, and of their threads, that were
// sent, changed or deleted after a time, also those that the viewer deleted for
// himself: hydrated, in no order, at most the given number.
func (a *App) MessagesSince(ctx context.Context, v Viewer, views []View, since time.Time, most int) ([]*chat.Message, error) {
	if len(views) == 0 {
		return nil, nil
	}
	const in = `m.app_id = $1 AND m.cid = v.cid AND (v.since IS NULL OR m.created_at > v.since) AND ` + visible
	list, err := a.messages(ctx, `
		SELECT m.* FROM unnest($2::text[], $6::timestamptz[]) AS v (cid, since) CROSS JOIN LATERAL (
			(SELECT `+messageColumns+` FROM messages m WHERE `+in+` AND m.in_channel AND m.created_at > $8 LIMIT $7)
			UNION ALL
			(SELECT `+messageColumns+` FROM messages m WHERE `+in+` AND NOT m.in_channel AND m.created_at > $8 LIMIT $7)
			UNION ALL
			(SELECT `+messageColumns+` FROM messages m
				WHERE `+in+` AND m.updated_at > m.created_at AND m.updated_at > $8 AND m.created_at <= $8 LIMIT $7)
			UNION ALL
			(SELECT `+messageColumns+` FROM message_deletions d JOIN messages m ON m.app_id = d.app_id AND m.id = d.message_id
				WHERE d.app_id = $1 AND d.cid = v.cid AND d.user_id = $3 AND d.created_at > $8
					AND `+in+` AND m.created_at <= $8 AND m.updated_at <= $8 LIMIT $7)) m
		LIMIT $7`,
		append(v.args(a.ID, column(views, func(w View) string { return string(w.CID) })),
			column(views, func(w View) *time.Time { return w.Since }), most, since)...)
	if err != nil {
		return nil, err
	}
	return list, a.Hydrate(ctx, v, list...)
}

// MembersSince returns who joined channels after a time: of each the latest, at
// most perChannel. Their users are filled in.
func (a *App) MembersSince(ctx context.Context, channels []*chat.Channel, since time.Time, perChannel int) ([]*chat.Member, error) {
	rows, err := many[chat.Member](ctx, a.db, `
		SELECT `+memberColumns+` FROM unnest($2::text[]) AS v (of_cid) CROSS JOIN LATERAL (
			SELECT `+memberColumns+` FROM members WHERE app_id = $1 AND cid = of_cid AND created_at > $3
			ORDER BY created_at DESC, user_id LIMIT $4) m`,
		a.ID, column(channels, func(ch *chat.Channel) chat.CID { return ch.CID }), since, perChannel)
	if err != nil {
		return nil, err
	}
	return rows, a.FillMembers(ctx, channels, rows...)
}

// Departure is the end of a user's latest membership of a channel.
type Departure struct {
	CID    chat.CID  `db:"cid"`
	UserID string    `db:"user_id"`
	At     time.Time `db:"created_at"`
}

// DeparturesSince returns who left channels after a time: of each the latest, at
// most perChannel, and the user himself in any case.
func (a *App) DeparturesSince(ctx context.Context, cids []chat.CID, userID string, since time.Time, perChannel int) ([]*Departure, error) {
	return many[Departure](ctx, a.db, `
		SELECT d.* FROM unnest($2::text[]) AS v (cid) CROSS JOIN LATERAL (
			(SELECT cid, user_id, created_at FROM departures WHERE app_id = $1 AND cid = v.cid AND user_id = $3 AND created_at > $4)
			UNION
			(SELECT cid, user_id, created_at FROM departures WHERE app_id = $1 AND cid = v.cid AND created_at > $4
				ORDER BY created_at DESC LIMIT $5)) d`, a.ID, cids, userID, since, perChannel)
}
