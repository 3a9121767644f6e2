package store

import (
	"context"

	"chatd/internal/chat"
)

// Fill writes n messages by ann to a channel, one a second.
func (s *Store) Fill(ctx context.Context, app chat.AppID, cid chat.CID, n int) error {
	_, err := s.pool.Exec(ctx, `
		INSERT INTO messages (app_id, id, cid, user_id, type, text, html, in_channel, custom, created_at, updated_at)
		SELECT $1, $2 || '-' || i, $2, 'ann', 'regular', 'Hello there, a message of ordinary words', '<p>Hello there, a message of ordinary words</p>',
			true, '{"color": "red"}', '2026-01-01'::timestamptz + i * interval '1 second', '2026-01-01'::timestamptz + i * interval '1 second'
		FROM generate_series(1, $3::int) AS i`, app, cid, n)
	if err != nil {
		return err
	}
	_, err = s.pool.Exec(ctx, `ANALYZE messages`)
	return err
}
