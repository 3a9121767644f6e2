-- The devices that users registered for push. A device is one user's: whoever
-- registers it next takes it over.

-- +goose Up
CREATE TABLE devices (
    app_id             bigint      NOT NULL,
    id                 text        NOT NULL, -- what its push provider knows it by
    user_id            text        NOT NULL,
    push_provider      text        NOT NULL,
    push_provider_name text        NOT NULL DEFAULT '', -- '': the app's only one of that kind
    voip               boolean     NOT NULL DEFAULT false,
    hardware_id        text        NOT NULL DEFAULT '',
    disabled           boolean     NOT NULL DEFAULT false,
    disabled_reason    text        NOT NULL DEFAULT '',
    created_at         timestamptz NOT NULL,
    PRIMARY KEY (app_id, id)
);
CREATE INDEX devices_user ON devices (app_id, user_id, created_at, id);

-- +goose Down
DROP TABLE devices;
