-- Tasks: what a client may ask about work that goes on after its request
-- (GET /tasks/{id}).

-- +goose Up
CREATE TABLE tasks (
    app_id     bigint      NOT NULL,
    id         text        NOT NULL,
    status     text        NOT NULL,
    result     jsonb       NOT NULL DEFAULT '{}',
    error      text        NOT NULL DEFAULT '',
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (app_id, id)
);

-- +goose Down
DROP TABLE tasks;
