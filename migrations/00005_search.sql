-- Full-text search in messages. The words are those of PostgreSQL's simple
-- configuration, which also serves beginnings of words. A search reads the list of
-- entries that are not sorted in yet from end to end, and a send that fills it sorts
-- them in: it is kept short for both.

-- +goose Up
CREATE INDEX messages_words ON messages USING gin (to_tsvector('simple', text))
    WITH (gin_pending_list_limit = 1024); -- not partial: the planner learns from whole ones only how often words are said

-- +goose Down
DROP INDEX messages_words;
