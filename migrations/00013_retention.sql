-- How long an app keeps what it does not need any more, and what was removed for
-- that, by day. What a channel type says of its messages is in its configuration.

-- +goose Up
CREATE TABLE retention_policies (
    app_id        bigint      NOT NULL,
    policy        text        NOT NULL, -- old-messages, inactive-channels
    max_age_hours int         NOT NULL,
    enabled_at    timestamptz NOT NULL,
    PRIMARY KEY (app_id, policy)
);

CREATE TABLE retention_runs (
    app_id           bigint      NOT NULL,
    policy           text        NOT NULL,
    date             timestamptz NOT NULL, -- the day's beginning
    messages_deleted bigint      NOT NULL DEFAULT 0,
    channels_deleted bigint      NOT NULL DEFAULT 0,
    PRIMARY KEY (app_id, date, policy)
);

-- +goose Down
DROP TABLE retention_runs, retention_policies;
