-- Groups of users that messages can mention. They are the app's, not a channel's.

-- +goose Up
CREATE TABLE user_groups (
    app_id        bigint      NOT NULL,
    id            text        NOT NULL,
    name          text        NOT NULL,
    description   text        NOT NULL DEFAULT '',
    team          text        NOT NULL DEFAULT '',
    created_by_id text        NOT NULL DEFAULT '',
    created_at    timestamptz NOT NULL,
    updated_at    timestamptz NOT NULL,
    PRIMARY KEY (app_id, id)
);
CREATE INDEX user_groups_created ON user_groups (app_id, created_at, id COLLATE "C");
CREATE INDEX user_groups_name ON user_groups (app_id, lower(name) COLLATE "C", id COLLATE "C");

CREATE TABLE user_group_members (
    app_id     bigint      NOT NULL,
    group_id   text        NOT NULL,
    user_id    text        NOT NULL,
    is_admin   boolean     NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (app_id, group_id, user_id)
);
CREATE INDEX user_group_members_user ON user_group_members (app_id, user_id);

-- +goose Down
DROP TABLE user_group_members, user_groups;
