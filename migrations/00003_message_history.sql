-- What messages were before they were changed, which the server side can read;
-- what a deleted message was, so that it can be brought back; and which messages
-- were removed for good, of which /sync has to tell.

-- +goose Up
ALTER TABLE messages ADD COLUMN deleted_type text NOT NULL DEFAULT ''; -- its type before it was deleted

-- Written by changes and deletions, in their transaction, never by sends.
CREATE TABLE message_history (
    app_id                bigint      NOT NULL,
    id                    text        NOT NULL,
    cid                   text        NOT NULL,
    message_id            text        NOT NULL,
    text                  text        NOT NULL,
    attachments           json        NOT NULL,
    custom                jsonb       NOT NULL,
    is_deleted            boolean     NOT NULL,
    message_updated_by_id text        NOT NULL DEFAULT '',
    message_updated_at    timestamptz NOT NULL,
    PRIMARY KEY (app_id, message_id, message_updated_at, id)
);
CREATE INDEX message_history_updated ON message_history (app_id, message_updated_at, id);
CREATE INDEX message_history_updater ON message_history (app_id, message_updated_by_id, message_updated_at, id);
CREATE INDEX message_history_channel ON message_history (app_id, cid);
CREATE INDEX message_history_custom ON message_history USING gin (custom jsonb_path_ops);

-- Kept as long as /sync looks back, without what the messages said.
CREATE TABLE message_removals (
    app_id                bigint      NOT NULL,
    cid                   text        NOT NULL,
    message_id            text        NOT NULL,
    user_id               text        NOT NULL,
    parent_id             text        NOT NULL DEFAULT '',
    shadowed              boolean     NOT NULL DEFAULT false,
    restricted_visibility text[]      NOT NULL DEFAULT '{}',
    created_at            timestamptz NOT NULL,
    deleted_at            timestamptz NOT NULL,
    PRIMARY KEY (app_id, cid, deleted_at, message_id)
);

-- +goose Down
DROP TABLE message_removals, message_history;
ALTER TABLE messages DROP COLUMN deleted_type;
