-- Searches read the replies of a channel in the order of all messages, of which the
-- index lacked the id.

-- +goose Up
DROP INDEX messages_replies;
CREATE INDEX messages_replies ON messages (app_id, cid, created_at, id) WHERE NOT in_channel;

-- +goose Down
DROP INDEX messages_replies;
CREATE INDEX messages_replies ON messages (app_id, cid, created_at) WHERE NOT in_channel;
