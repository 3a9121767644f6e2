-- The slash commands that an app has beside the built-in ones. Channel types repeat
-- those that they allow in their configuration.

-- +goose Up
CREATE TABLE commands (
    app_id      bigint      NOT NULL,
    name        text        NOT NULL,
    description text        NOT NULL,
    args        text        NOT NULL DEFAULT '',
    command_set text        NOT NULL DEFAULT '',
    created_at  timestamptz NOT NULL,
    updated_at  timestamptz NOT NULL,
    PRIMARY KEY (app_id, name)
);

-- +goose Down
DROP TABLE commands;
