-- Messages that nobody but their author has: what a command answered him, until he
-- makes up his mind about it (kind ephemeral), and what waits to be committed
-- (pending). They are in no list and no search; whoever sends one takes its row away.

-- +goose Up
CREATE TABLE held_messages (
    app_id       bigint      NOT NULL,
    id           text        NOT NULL,
    cid          text        NOT NULL,
    user_id      text        NOT NULL,
    kind         text        NOT NULL,
    message      json        NOT NULL, -- as it would be sent
    metadata     jsonb       NOT NULL DEFAULT '{}', -- pending_message_metadata
    request_info jsonb       NOT NULL DEFAULT '{}', -- of the request that sent it
    turn         int         NOT NULL DEFAULT 0, -- how often its command was run again
    created_at   timestamptz NOT NULL,
    expires_at   timestamptz NOT NULL,
    PRIMARY KEY (app_id, id)
);
CREATE INDEX held_messages_channel ON held_messages (app_id, cid, user_id, created_at DESC);
CREATE INDEX held_messages_user ON held_messages (app_id, user_id, created_at DESC) WHERE kind = 'ephemeral';
CREATE INDEX held_messages_expired ON held_messages (app_id, expires_at) WHERE kind = 'ephemeral';

-- Whether messages of the channel were ever pending: only then are they looked for.
ALTER TABLE channels ADD COLUMN holds_pending boolean NOT NULL DEFAULT false;

-- +goose Down
ALTER TABLE channels DROP COLUMN holds_pending;
DROP TABLE held_messages;
