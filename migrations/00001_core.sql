-- The core of chat. Every key starts with app_id, channel-owned tables carry the
-- cid, there are no foreign keys, triggers or sequences, and no SQL asks the
-- database for the time: so the schema can be distributed (docs/adr).
--
-- What a message sent changes (channel_counters, reads) lies in narrow tables of
-- its own, without further indexes, so that those updates stay in their page.

-- +goose Up
CREATE EXTENSION IF NOT EXISTS pg_trgm;

CREATE TABLE apps (
    id         bigint      PRIMARY KEY,
    name       text        NOT NULL,
    settings   jsonb       NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);

CREATE TABLE app_keys (
    key        text        PRIMARY KEY,
    app_id     bigint      NOT NULL,
    secret     text        NOT NULL,
    created_at timestamptz NOT NULL
);
CREATE INDEX app_keys_app ON app_keys (app_id);

CREATE TABLE channel_types (
    app_id     bigint      NOT NULL,
    name       text        NOT NULL,
    config     jsonb       NOT NULL,
    grants     jsonb       NOT NULL,
    policies   jsonb       NOT NULL DEFAULT '[]',
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (app_id, name)
);

CREATE TABLE users (
    app_id           bigint      NOT NULL,
    id               text        NOT NULL,
    name             text        NOT NULL DEFAULT '',
    image            text        NOT NULL DEFAULT '',
    language         text        NOT NULL DEFAULT '',
    role             text        NOT NULL,
    teams            text[]      NOT NULL DEFAULT '{}',
    teams_role       jsonb       NOT NULL DEFAULT '{}',
    invisible        boolean     NOT NULL DEFAULT false,
    privacy_settings jsonb,
    banned           boolean     NOT NULL DEFAULT false,
    ban_expires      timestamptz,
    shadow_banned    boolean     NOT NULL DEFAULT false,
    last_active      timestamptz,
    deactivated_at   timestamptz,
    deleted_at       timestamptz,
    revoke_tokens_issued_before timestamptz,
    unique_name      text        NOT NULL DEFAULT '', -- the name in the form in which names are compared; '' without a name
    custom           jsonb       NOT NULL DEFAULT '{}',
    created_at       timestamptz NOT NULL,
    updated_at       timestamptz NOT NULL,
    PRIMARY KEY (app_id, id)
) WITH (fillfactor = 80);
CREATE INDEX users_created ON users (app_id, created_at DESC, id);
CREATE INDEX users_name ON users (app_id, name, id);
CREATE INDEX users_words ON users USING gin (name gin_trgm_ops); -- $autocomplete
CREATE INDEX users_unique_name ON users (app_id, unique_name) WHERE unique_name <> '';
CREATE INDEX users_teams ON users USING gin (teams);
CREATE INDEX users_custom ON users USING gin (custom jsonb_path_ops);

CREATE TABLE channels (
    app_id           bigint      NOT NULL,
    cid              text        NOT NULL,
    type             text        NOT NULL,
    id               text        NOT NULL,
    created_by_id    text        NOT NULL DEFAULT '',
    team             text        NOT NULL DEFAULT '',
    frozen           boolean     NOT NULL DEFAULT false,
    disabled         boolean     NOT NULL DEFAULT false,
    cooldown         int         NOT NULL DEFAULT 0,
    filter_tags      text[]      NOT NULL DEFAULT '{}',
    member_count     int         NOT NULL DEFAULT 0,
    hidden_count     int         NOT NULL DEFAULT 0, -- members who hid it: a send looks for them only when there are any
    config_overrides jsonb       NOT NULL DEFAULT '{}',
    distinct_members text[]      NOT NULL DEFAULT '{}',
    auto_translation_enabled  boolean NOT NULL DEFAULT false,
    auto_translation_language text    NOT NULL DEFAULT '',
    truncated_at     timestamptz,
    truncated_by_id  text        NOT NULL DEFAULT '',
    deleted_at       timestamptz,
    custom           jsonb       NOT NULL DEFAULT '{}',
    created_at       timestamptz NOT NULL,
    updated_at       timestamptz NOT NULL,
    PRIMARY KEY (app_id, cid)
) WITH (fillfactor = 80);
CREATE INDEX channels_type ON channels (app_id, type, created_at DESC);
CREATE INDEX channels_created ON channels (app_id, created_at DESC, cid);
CREATE INDEX channels_custom ON channels USING gin (custom jsonb_path_ops);
CREATE INDEX channels_words ON channels USING gin ((custom ->> 'name') gin_trgm_ops); -- $autocomplete

-- unread_seq counts the messages that raise unread numbers. message_count counts
-- those that stand in the channel or its threads and are not deleted.
CREATE TABLE channel_counters (
    app_id          bigint NOT NULL,
    cid             text   NOT NULL,
    last_message_at timestamptz,
    message_count   bigint NOT NULL DEFAULT 0,
    unread_seq      bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (app_id, cid)
) WITH (fillfactor = 50);

CREATE TABLE members (
    app_id             bigint      NOT NULL,
    cid                text        NOT NULL,
    user_id            text        NOT NULL,
    status             text        NOT NULL,
    channel_role       text        NOT NULL,
    banned             boolean     NOT NULL DEFAULT false,
    ban_expires        timestamptz,
    shadow_banned      boolean     NOT NULL DEFAULT false,
    invited            boolean     NOT NULL DEFAULT false,
    invite_accepted_at timestamptz,
    invite_rejected_at timestamptz,
    notifications_muted boolean    NOT NULL DEFAULT false,
    pinned_at          timestamptz,
    archived_at        timestamptz,
    hidden             boolean     NOT NULL DEFAULT false,
    hide_messages_before timestamptz,
    join_seq           bigint      NOT NULL,
    custom             jsonb       NOT NULL DEFAULT '{}',
    created_at         timestamptz NOT NULL,
    updated_at         timestamptz NOT NULL,
    PRIMARY KEY (app_id, cid, user_id)
) WITH (fillfactor = 80);
CREATE INDEX members_user ON members (app_id, user_id, cid);
CREATE INDEX members_hidden ON members (app_id, cid) WHERE hidden;
CREATE INDEX members_created ON members (app_id, cid, created_at, user_id);

-- How far a member has read. A member without a row has read nothing since he
-- joined: his base is members.join_seq.
CREATE TABLE reads (
    app_id                    bigint      NOT NULL,
    cid                       text        NOT NULL,
    user_id                   text        NOT NULL,
    unread_base               bigint      NOT NULL,
    last_read                 timestamptz NOT NULL,
    last_read_message_id      text        NOT NULL DEFAULT '',
    last_delivered_at         timestamptz,
    last_delivered_message_id text        NOT NULL DEFAULT '',
    PRIMARY KEY (app_id, cid, user_id)
) WITH (fillfactor = 60);

-- How far a user has read a thread.
CREATE TABLE thread_reads (
    app_id               bigint      NOT NULL,
    cid                  text        NOT NULL,
    parent_id            text        NOT NULL,
    user_id              text        NOT NULL,
    last_read            timestamptz NOT NULL,
    last_read_message_id text        NOT NULL DEFAULT '',
    PRIMARY KEY (app_id, cid, parent_id, user_id)
);

CREATE TABLE channel_mutes (
    app_id     bigint      NOT NULL,
    user_id    text        NOT NULL,
    cid        text        NOT NULL,
    expires    timestamptz,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (app_id, user_id, cid)
);

CREATE TABLE messages (
    app_id               bigint      NOT NULL,
    id                   text        NOT NULL,
    cid                  text        NOT NULL,
    user_id              text        NOT NULL,
    type                 text        NOT NULL,
    text                 text        NOT NULL,
    html                 text        NOT NULL,
    mml                  text        NOT NULL DEFAULT '',
    command              text        NOT NULL DEFAULT '',
    args                 text        NOT NULL DEFAULT '',
    attachments          json        NOT NULL DEFAULT '[]', -- json, not jsonb: kept as sent, never searched into
    mentioned_users      text[]      NOT NULL DEFAULT '{}',
    mentioned_channel    boolean     NOT NULL DEFAULT false,
    mentioned_here       boolean     NOT NULL DEFAULT false,
    mentioned_roles      text[]      NOT NULL DEFAULT '{}',
    mentioned_group_ids  text[]      NOT NULL DEFAULT '{}',
    parent_id            text        NOT NULL DEFAULT '',
    show_in_channel      boolean     NOT NULL DEFAULT false,
    in_channel           boolean     NOT NULL, -- stands in the channel's own list
    reply_count          int         NOT NULL DEFAULT 0,
    deleted_reply_count  int         NOT NULL DEFAULT 0,
    thread_participants  text[]      NOT NULL DEFAULT '{}',
    reaction_groups      jsonb       NOT NULL DEFAULT '{}',
    silent               boolean     NOT NULL DEFAULT false,
    shadowed             boolean     NOT NULL DEFAULT false,
    pinned               boolean     NOT NULL DEFAULT false,
    pinned_at            timestamptz,
    pinned_by_id         text        NOT NULL DEFAULT '',
    pin_expires          timestamptz,
    restricted_visibility text[]     NOT NULL DEFAULT '{}',
    quoted_message_id    text        NOT NULL DEFAULT '',
    poll_id              text        NOT NULL DEFAULT '',
    i18n                 jsonb       NOT NULL DEFAULT '{}',
    custom               jsonb       NOT NULL DEFAULT '{}',
    message_text_updated_at timestamptz,
    created_at           timestamptz NOT NULL,
    updated_at           timestamptz NOT NULL,
    deleted_at           timestamptz,
    PRIMARY KEY (app_id, id)
) WITH (fillfactor = 90);
CREATE INDEX messages_channel ON messages (app_id, cid, created_at, id) WHERE in_channel;
CREATE INDEX messages_thread ON messages (app_id, parent_id, created_at, id) WHERE parent_id <> '';
CREATE INDEX messages_pinned ON messages (app_id, cid, pinned_at) WHERE pinned;
-- What changed after it was written, and replies that only their threads have, for
-- /sync.
CREATE INDEX messages_updated ON messages (app_id, cid, updated_at) WHERE updated_at > created_at;
CREATE INDEX messages_replies ON messages (app_id, cid, created_at) WHERE NOT in_channel;

-- Messages that a user deleted for himself.
CREATE TABLE message_deletions (
    app_id     bigint      NOT NULL,
    cid        text        NOT NULL,
    user_id    text        NOT NULL,
    message_id text        NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (app_id, cid, user_id, message_id)
);

CREATE TABLE reactions (
    app_id     bigint      NOT NULL,
    message_id text        NOT NULL,
    user_id    text        NOT NULL,
    type       text        NOT NULL,
    score      int         NOT NULL,
    custom     jsonb       NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (app_id, message_id, user_id, type)
);
CREATE INDEX reactions_created ON reactions (app_id, message_id, created_at DESC);

-- What happened to memberships and channels that state alone does not show, for
-- /sync: who was removed, which channel was deleted.
CREATE TABLE departures (
    app_id     bigint      NOT NULL,
    user_id    text        NOT NULL,
    cid        text        NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (app_id, user_id, cid)
);
CREATE INDEX departures_channel ON departures (app_id, cid, created_at);

-- Who is banned, from a channel or (cid '') from the whole app. members and users
-- repeat it; this is what outlives a membership.
CREATE TABLE bans (
    app_id       bigint      NOT NULL,
    user_id      text        NOT NULL,
    cid          text        NOT NULL DEFAULT '',
    banned_by_id text        NOT NULL DEFAULT '',
    reason       text        NOT NULL DEFAULT '',
    shadow       boolean     NOT NULL DEFAULT false,
    expires      timestamptz,
    created_at   timestamptz NOT NULL,
    PRIMARY KEY (app_id, user_id, cid)
);
CREATE INDEX bans_channel ON bans (app_id, cid, created_at);

-- Whom a user blocked.
CREATE TABLE user_blocks (
    app_id          bigint      NOT NULL,
    user_id         text        NOT NULL,
    blocked_user_id text        NOT NULL,
    created_at      timestamptz NOT NULL,
    PRIMARY KEY (app_id, user_id, blocked_user_id)
);

-- +goose Down
DROP TABLE user_blocks, bans, departures, reactions, message_deletions, messages, channel_mutes, thread_reads, reads, members, channel_counters, channels, users, channel_types, app_keys, apps;
