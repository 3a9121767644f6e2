-- What users have messages kept or be reminded of for: one reminder for each message
-- and user. A user's row counts his, which bounds them, and who has none costs no
-- look for them.

-- +goose Up
CREATE TABLE reminders (
    app_id     bigint      NOT NULL,
    cid        text        NOT NULL,
    user_id    text        NOT NULL,
    message_id text        NOT NULL,
    remind_at  timestamptz, -- NULL: the message is only kept
    reminded   boolean     NOT NULL DEFAULT false, -- of remind_at
    job_id     bigint      NOT NULL DEFAULT 0, -- which reminds him; 0 if there is none
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (app_id, user_id, message_id)
);
CREATE INDEX reminders_channel ON reminders (app_id, cid, message_id);

ALTER TABLE users ADD COLUMN reminder_count int NOT NULL DEFAULT 0;

-- A message that shares where its author is. live_until is set while he goes on
-- sharing it: until when.
ALTER TABLE messages
    ADD COLUMN shared_location jsonb,
    ADD COLUMN live_until      timestamptz;
CREATE INDEX messages_live ON messages (app_id, cid, live_until) WHERE live_until IS NOT NULL;
CREATE INDEX messages_live_user ON messages (app_id, user_id, live_until) WHERE live_until IS NOT NULL;

-- +goose Down
DROP INDEX messages_live, messages_live_user;
ALTER TABLE messages DROP COLUMN shared_location, DROP COLUMN live_until;
ALTER TABLE users DROP COLUMN reminder_count;
DROP TABLE reminders;
