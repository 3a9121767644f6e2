-- Messages that users have not sent yet: one for each channel and user, and one for
-- each thread. A user's row counts his, so that who has none costs no look for them.

-- +goose Up
CREATE TABLE drafts (
    app_id          bigint      NOT NULL,
    cid             text        NOT NULL,
    user_id         text        NOT NULL,
    parent_id       text        NOT NULL DEFAULT '', -- '' of the channel's own
    message         json        NOT NULL, -- json, not jsonb: kept as sent
    mentioned_users text[]      NOT NULL DEFAULT '{}',
    created_at      timestamptz NOT NULL,
    PRIMARY KEY (app_id, cid, user_id, parent_id)
);
CREATE INDEX drafts_user ON drafts (app_id, user_id, created_at DESC);

ALTER TABLE users ADD COLUMN draft_count int NOT NULL DEFAULT 0;

-- +goose Down
ALTER TABLE users DROP COLUMN draft_count;
DROP TABLE drafts;
