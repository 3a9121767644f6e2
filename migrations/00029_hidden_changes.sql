-- When a member hid the channel, or it was shown to him again, the last time: clients
-- that were away are told.

-- +goose Up
ALTER TABLE members ADD COLUMN hidden_changed_at timestamptz;

-- +goose Down
ALTER TABLE members DROP COLUMN hidden_changed_at;
