-- Threads: what a reply changes beside its parent lies in a narrow table, and who
-- takes part in a thread is kept with how far he has read it. As in channels,
-- nobody's unread number is stored: it is the thread's unread_seq minus the value
-- at which nothing was unread for him.

-- +goose Up
CREATE TABLE threads (
    app_id            bigint      NOT NULL,
    cid               text        NOT NULL,
    parent_id         text        NOT NULL,
    parent_at         timestamptz NOT NULL, -- when the parent was sent: who cannot see it does not see the thread
    created_by_id     text        NOT NULL, -- the parent's author
    title             text        NOT NULL DEFAULT '',
    unread_seq        bigint      NOT NULL DEFAULT 0, -- counts the replies that raise unread numbers
    participant_count int         NOT NULL DEFAULT 0,
    last_message_at   timestamptz NOT NULL,
    custom            jsonb       NOT NULL DEFAULT '{}',
    created_at        timestamptz NOT NULL, -- when the first reply was sent
    updated_at        timestamptz NOT NULL,
    PRIMARY KEY (app_id, cid, parent_id)
) WITH (fillfactor = 60);

ALTER TABLE thread_reads
    ADD COLUMN joined_at     timestamptz, -- when he began to take part: replied, was mentioned, or wrote the parent; NULL for who only read
    ADD COLUMN unread_base   bigint NOT NULL DEFAULT 0,
    ADD COLUMN last_reply_at timestamptz;
ALTER TABLE thread_reads SET (fillfactor = 60);
CREATE INDEX thread_reads_user ON thread_reads (app_id, user_id, cid, parent_id) WHERE joined_at IS NOT NULL;

-- What there is already: everybody who took part has read it, but for who marked a
-- place.
INSERT INTO threads (app_id, cid, parent_id, parent_at, created_by_id, unread_seq, last_message_at, created_at, updated_at)
SELECT p.app_id, p.cid, p.id, p.created_at, p.user_id, r.counted, r.last, r.first, r.last
FROM (SELECT app_id, parent_id, min(created_at) AS first, max(created_at) AS last,
        count(*) FILTER (WHERE NOT silent AND deleted_at IS NULL AND restricted_visibility = '{}' AND type IN ('regular', 'reply', 'system')) AS counted
    FROM messages WHERE parent_id <> '' AND NOT shadowed GROUP BY app_id, parent_id) r
JOIN messages p ON p.app_id = r.app_id AND p.id = r.parent_id;

INSERT INTO thread_reads AS r (app_id, cid, parent_id, user_id, joined_at, unread_base, last_read, last_reply_at)
SELECT t.app_id, t.cid, t.parent_id, w.user_id, min(w.at), t.unread_seq, t.last_message_at, max(w.replied)
FROM threads t
JOIN LATERAL (
    SELECT t.created_by_id AS user_id, t.created_at AS at, NULL::timestamptz AS replied
    UNION ALL
    SELECT m.user_id, m.created_at, m.created_at FROM messages m
    WHERE m.app_id = t.app_id AND m.parent_id = t.parent_id AND m.parent_id <> '' AND NOT m.shadowed
    UNION ALL
    SELECT u.id, m.created_at, NULL FROM messages m CROSS JOIN unnest(m.mentioned_users) AS u (id)
    WHERE m.app_id = t.app_id AND m.parent_id = t.parent_id AND m.parent_id <> '' AND NOT m.shadowed AND m.restricted_visibility = '{}') w ON true
GROUP BY t.app_id, t.cid, t.parent_id, w.user_id
ON CONFLICT (app_id, cid, parent_id, user_id) DO UPDATE SET joined_at = excluded.joined_at, last_reply_at = excluded.last_reply_at,
    unread_base = excluded.unread_base - (SELECT count(*) FROM messages m
        WHERE m.app_id = r.app_id AND m.parent_id = r.parent_id AND m.parent_id <> '' AND m.created_at > r.last_read AND m.user_id <> r.user_id
            AND NOT m.silent AND NOT m.shadowed AND m.deleted_at IS NULL AND m.restricted_visibility = '{}' AND m.type IN ('regular', 'reply', 'system'));

UPDATE threads t SET participant_count = r.n
FROM (SELECT app_id, cid, parent_id, count(*) AS n FROM thread_reads WHERE joined_at IS NOT NULL GROUP BY app_id, cid, parent_id) r
WHERE r.app_id = t.app_id AND r.cid = t.cid AND r.parent_id = t.parent_id;

-- +goose Down
DROP INDEX thread_reads_user;
ALTER TABLE thread_reads DROP COLUMN joined_at, DROP COLUMN unread_base, DROP COLUMN last_reply_at;
DROP TABLE threads;
