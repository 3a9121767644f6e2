-- Messages are searched for by the custom data that they have; most have none.
--
-- +goose NO TRANSACTION
-- +goose Up
DROP INDEX CONCURRENTLY IF EXISTS messages_custom; -- begun and not ended
CREATE INDEX CONCURRENTLY messages_custom ON messages USING gin (custom jsonb_path_ops) WITH (gin_pending_list_limit = 1024) WHERE custom <> '{}';

-- +goose Down
DROP INDEX CONCURRENTLY messages_custom;
