-- +goose Up
-- Lists of channels by time need an index, and one on last_message_at would be
-- written with every message. The day of it changes once a day, so updates stay
-- heap-only: the index finds the latest days, and only those are sorted.
ALTER TABLE channel_counters ADD COLUMN created_at timestamptz NOT NULL DEFAULT 'epoch'; -- of the channel
UPDATE channel_counters n SET created_at = c.created_at FROM channels c WHERE c.app_id = n.app_id AND c.cid = n.cid;
ALTER TABLE channel_counters
    ADD COLUMN message_day date GENERATED ALWAYS AS ((last_message_at AT TIME ZONE 'UTC')::date) STORED,
    ADD COLUMN active_day date NOT NULL GENERATED ALWAYS AS ((coalesce(last_message_at, created_at) AT TIME ZONE 'UTC')::date) STORED;
CREATE INDEX channel_counters_message_day ON channel_counters (app_id, message_day DESC NULLS LAST);
CREATE INDEX channel_counters_active_day ON channel_counters (app_id, active_day DESC);

CREATE INDEX channels_id ON channels (app_id, id);
CREATE INDEX channels_creator ON channels (app_id, created_by_id);
CREATE INDEX channels_team ON channels (app_id, team);
CREATE INDEX channels_updated ON channels (app_id, updated_at DESC, cid);
CREATE INDEX channels_tags ON channels USING gin (filter_tags);

-- +goose Down
DROP INDEX channels_tags, channels_updated, channels_team, channels_creator, channels_id;
ALTER TABLE channel_counters DROP COLUMN active_day, DROP COLUMN message_day, DROP COLUMN created_at;
