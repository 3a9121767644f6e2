package store

import (
	"context"

	"chatd/internal/chat"
)

const deviceColumns = `id, user_id, push_provider, push_provider_name, voip, hardware_id, disabled, disabled_reason, created_at`

// Device returns a device, whosever it is; nil when there is none.
func (a *App) Device(ctx context.Context, id string) (*chat.Device, error) {
	return maybe[chat.Device](ctx, a.db, `SELECT `+deviceColumns+` FROM devices WHERE app_id = $1 AND id = $2`, a.ID, id)
}

// Devices returns the devices of users, the oldest first.
func (a *App) Devices(ctx context.Context, ids ...string) (map[string][]*chat.Device, error) {
	if len(ids) == 0 {
		return map[string][]*chat.Device{}, nil
	}
	rows, err := many[chat.Device](ctx, a.db, `
		SELECT `+deviceColumns+` FROM devices WHERE app_id = $1 AND user_id = ANY($2) ORDER BY user_id, created_at, id`, a.ID, ids)
	out := make(map[string][]*chat.Device, len(ids))
	for _, d := range rows {
		out[d.UserID] = append(out[d.UserID], d)
	}
	return out, err
}

// PutDevice registers a device for its user, whom the transaction has locked, in
// whosever hands it was. Of his others the oldest go while he has more than most.
func (t *Tx) PutDevice(ctx context.Context, d *chat.Device, most int) error {
	if _, err := exec(ctx, t.db, `
		INSERT INTO devices AS d (app_id, `+deviceColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
		ON CONFLICT (app_id, id) DO UPDATE SET user_id = excluded.user_id, push_provider = excluded.push_provider,
			push_provider_name = excluded.push_provider_name, voip = excluded.voip, hardware_id = excluded.hardware_id,
			disabled = excluded.disabled, disabled_reason = excluded.disabled_reason,
			created_at = CASE WHEN d.user_id = excluded.user_id THEN d.created_at ELSE excluded.created_at END`,
		t.ID, d.ID, d.UserID, d.PushProvider, d.PushProviderName, d.VoIP, d.HardwareID, d.Disabled, d.DisabledReason, d.CreatedAt); err != nil {
		return err
	}
	_, err := exec(ctx, t.db, `
		DELETE FROM devices WHERE app_id = $1 AND user_id = $2 AND id IN (
			SELECT id FROM devices WHERE app_id = $1 AND user_id = $2 AND id <> $3 ORDER BY created_at DESC, id DESC OFFSET $4)`,
		t.ID, d.UserID, d.ID, most-1)
	return err
}

// DeleteDevice removes a device of a user and tells whether he had it.
func (a *App) DeleteDevice(ctx context.Context, userID, id string) (bool, error) {
	n, err := exec(ctx, a.db, `DELETE FROM devices WHERE app_id = $1 AND user_id = $2 AND id = $3`, a.ID, userID, id)
	return n > 0, err
}
