-- What a message is found by, in one column: the words of its text, who wrote it, whom
-- it mentions, the types of its attachments. chatd writes it with the message, which
-- costs less than having PostgreSQL take the text apart, and one index serves all. Of
-- rows that have none, of older nodes and from before, the index asks message_words:
-- they need not be rewritten. Searches read the matches of one span of time at once;
-- messages_time leads them to the pages of it.
--
-- +goose NO TRANSACTION
-- +goose Up
ALTER TABLE messages ADD COLUMN IF NOT EXISTS words tsvector;

-- +goose StatementBegin
CREATE OR REPLACE FUNCTION message_words(app_id bigint, text text, user_id text, attachments json, mentioned_users text[]) RETURNS tsvector
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$ -- a function in SQL is read anew by each send, to see whether it can be put in
BEGIN RETURN array_to_tsvector(
    ARRAY(SELECT app_id || ':' || lexeme FROM unnest(to_tsvector('simple', regexp_replace(text, '[!-/:-@\[-`{-~]+', ' ', 'g'))))
    || (app_id || '@' || left(user_id, 64))
    || CASE WHEN attachments::text = '[]' THEN '{}' ELSE
        (app_id || '+') || ARRAY(SELECT app_id || '+' || left(x ->> 'type', 64) FROM json_array_elements(attachments) x WHERE x ->> 'type' <> '') END
    || ARRAY(SELECT app_id || '>' || left(id, 64) FROM unnest(mentioned_users) id WHERE id <> ''));
END $$;
-- +goose StatementEnd

-- Concurrently, as the table may be big; what was begun and not ended is begun anew.
DROP INDEX CONCURRENTLY IF EXISTS messages_found;
CREATE INDEX CONCURRENTLY messages_found ON messages
    USING gin (coalesce(words, message_words(app_id, text, user_id, attachments, mentioned_users)))
    WITH (gin_pending_list_limit = 1024); -- kept short: a search reads it from end to end, and a send that fills it sorts it in
DROP INDEX CONCURRENTLY IF EXISTS messages_time;
CREATE INDEX CONCURRENTLY messages_time ON messages USING brin (created_at, updated_at) WITH (autosummarize = on);
DROP INDEX CONCURRENTLY IF EXISTS messages_words;

-- +goose Down
CREATE INDEX CONCURRENTLY messages_words ON messages USING gin (to_tsvector('simple', text)) WITH (gin_pending_list_limit = 1024);
DROP INDEX CONCURRENTLY messages_time;
DROP INDEX CONCURRENTLY messages_found;
DROP FUNCTION message_words;
ALTER TABLE messages DROP COLUMN words;
