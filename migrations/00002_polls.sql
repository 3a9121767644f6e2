-- Polls and their votes. A poll's row is the lock under which its votes and its
-- counts change together.

-- +goose Up
CREATE TABLE polls (
    app_id                       bigint      NOT NULL,
    id                           text        NOT NULL,
    name                         text        NOT NULL,
    description                  text        NOT NULL DEFAULT '',
    voting_visibility            text        NOT NULL,
    enforce_unique_vote          boolean     NOT NULL DEFAULT false,
    max_votes_allowed            int,
    allow_user_suggested_options boolean     NOT NULL DEFAULT false,
    allow_answers                boolean     NOT NULL DEFAULT false,
    is_closed                    boolean     NOT NULL DEFAULT false,
    options                      jsonb       NOT NULL DEFAULT '[]', -- at most a hundred, in their order
    vote_count                   int         NOT NULL DEFAULT 0,
    vote_counts                  jsonb       NOT NULL DEFAULT '{}', -- by option, those that have votes
    answers_count                int         NOT NULL DEFAULT 0,
    created_by_id                text        NOT NULL DEFAULT '',
    custom                       jsonb       NOT NULL DEFAULT '{}',
    created_at                   timestamptz NOT NULL,
    updated_at                   timestamptz NOT NULL,
    PRIMARY KEY (app_id, id)
) WITH (fillfactor = 80);
CREATE INDEX polls_created ON polls (app_id, created_at DESC, id);
CREATE INDEX polls_creator ON polls (app_id, created_by_id, created_at DESC);
CREATE INDEX polls_custom ON polls USING gin (custom jsonb_path_ops);

-- A vote for an option, or (option_id '') an answer: everybody votes for an option
-- once and has one answer.
CREATE TABLE poll_votes (
    app_id      bigint      NOT NULL,
    poll_id     text        NOT NULL,
    id          text        NOT NULL,
    user_id     text        NOT NULL,
    option_id   text        NOT NULL DEFAULT '',
    answer_text text        NOT NULL DEFAULT '',
    anonymous   boolean     NOT NULL DEFAULT false, -- the poll was, when the vote was cast
    created_at  timestamptz NOT NULL,
    updated_at  timestamptz NOT NULL,
    PRIMARY KEY (app_id, poll_id, id)
);
CREATE UNIQUE INDEX poll_votes_once ON poll_votes (app_id, poll_id, user_id, option_id);
CREATE INDEX poll_votes_option ON poll_votes (app_id, poll_id, option_id, created_at DESC, id DESC);
CREATE INDEX poll_votes_created ON poll_votes (app_id, poll_id, created_at DESC, id DESC);

-- Which messages carry a poll.
CREATE INDEX messages_poll ON messages (app_id, poll_id) WHERE poll_id <> '';

-- +goose Down
DROP INDEX messages_poll;
DROP TABLE poll_votes, polls;
