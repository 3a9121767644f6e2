package store

import (
	"context"
	"time"

	"chatd/internal/chat"
)

// SaveLocation writes the location that a message shares. UpdatedAt says when that
// changed.
func (t *Tx) SaveLocation(ctx context.Context, m *chat.Message) error {
	_, err := exec(ctx, t.db, `
		UPDATE messages SET shared_location = $3::jsonb, live_until = $4, updated_at = greatest(updated_at, $5) WHERE app_id = $1 AND id = $2`,
		t.ID, m.ID, m.SharedLocation, m.SharedLocation.EndAt, m.UpdatedAt)
	return err
}

// mostLive bounds how many live locations of a channel, or of a user, are shown.
const mostLive = 100

type liveRow struct {
	Location chat.SharedLocation `db:"shared_location"`
}

// LiveLocations returns what is shared live in channels, of each the oldest first, at
// most mostLive.
func (a *App) LiveLocations(ctx context.Context, v Viewer, views []View) (map[chat.CID][]*chat.SharedLocation, error) {
	out := make(map[chat.CID][]*chat.SharedLocation, len(views))
	if len(views) == 0 {
		return out, nil
	}
	rows, err := many[liveRow](ctx, a.db, `
		SELECT l.shared_location FROM unnest($2::text[], $6::timestamptz[]) AS v (cid, since) CROSS JOIN LATERAL (
			SELECT m.shared_location, m.created_at, m.id FROM messages m
			WHERE m.app_id = $1 AND m.cid = v.cid AND m.live_until > $7 AND m.deleted_at IS NULL
				AND (v.since IS NULL OR m.created_at > v.since) AND `+visible+`
			ORDER BY m.created_at, m.id LIMIT $8) l
		ORDER BY l.created_at, l.id`,
		append(v.args(a.ID, column(views, func(w View) string { return string(w.CID) })),
			column(views, func(w View) *time.Time { return w.Since }), a.Now(), mostLive)...)
	for _, r := range rows {
		out[r.Location.CID] = append(out[r.Location.CID], &r.Location)
	}
	return out, err
}

// LiveLocationsOf returns what a user shares live, the oldest first, at most mostLive.
func (a *App) LiveLocationsOf(ctx context.Context, userID string) ([]*chat.SharedLocation, error) {
	rows, err := many[liveRow](ctx, a.db, `
		SELECT m.shared_location FROM messages m JOIN channels c ON c.app_id = m.app_id AND c.cid = m.cid AND c.deleted_at IS NULL
		WHERE m.app_id = $1 AND m.user_id = $2 AND m.live_until > $3 AND m.deleted_at IS NULL AND m.created_at > coalesce(c.truncated_at, '-infinity')
		ORDER BY m.created_at, m.id LIMIT $4`, a.ID, userID, a.Now(), mostLive)
	return column(rows, func(r *liveRow) *chat.SharedLocation { return &r.Location }), err
}

// FillLocations gives locations their channels and messages, as the viewer sees them.
func (a *App) FillLocations(ctx context.Context, v Viewer, list ...*chat.SharedLocation) error {
	if len(list) == 0 {
		return nil
	}
	channels, err := a.filledChannels(ctx, column(list, func(l *chat.SharedLocation) chat.CID { return l.CID }))
	if err != nil {
		return err
	}
	stored, err := a.StoredMessages(ctx, column(list, func(l *chat.SharedLocation) string { return l.MessageID })...)
	if err != nil {
		return err
	}
	var msgs []*chat.Message
	for _, l := range list {
		l.Channel = channels[l.CID]
		if l.Message = stored[l.MessageID]; l.Message != nil {
			msgs = append(msgs, l.Message)
		}
	}
	return a.Hydrate(ctx, v, msgs...)
}
