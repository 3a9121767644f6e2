-- How often a poll or its votes were changed: events that tell of them in the wrong
-- order are known by it.

-- +goose Up
ALTER TABLE polls ADD COLUMN version bigint NOT NULL DEFAULT 0;

-- +goose Down
ALTER TABLE polls DROP COLUMN version;
