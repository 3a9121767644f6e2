-- An entry of a message's history tells who wrote the version that it holds, and
-- when. Who replaced it, and when, is told by the next entry: it is kept beside.

-- +goose Up
ALTER TABLE message_history ADD COLUMN replaced_by_id text NOT NULL DEFAULT '', ADD COLUMN replaced_at timestamptz;
UPDATE message_history SET replaced_by_id = message_updated_by_id, replaced_at = message_updated_at;
UPDATE message_history h SET message_updated_by_id = v.by_id, message_updated_at = v.at
FROM (
    SELECT h.app_id, h.message_id, h.id,
        coalesce(lag(h.replaced_by_id) OVER w, m.user_id) AS by_id, coalesce(lag(h.replaced_at) OVER w, m.created_at) AS at
    FROM message_history h JOIN messages m ON m.app_id = h.app_id AND m.id = h.message_id
    WINDOW w AS (PARTITION BY h.app_id, h.message_id ORDER BY h.replaced_at, h.id)
) v
WHERE v.app_id = h.app_id AND v.message_id = h.message_id AND v.id = h.id;

-- +goose Down
UPDATE message_history SET message_updated_by_id = replaced_by_id, message_updated_at = coalesce(replaced_at, message_updated_at);
ALTER TABLE message_history DROP COLUMN replaced_by_id, DROP COLUMN replaced_at;
