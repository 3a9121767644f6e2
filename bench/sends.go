package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5/pgxpool"
)

// sends measures durable sends: acknowledged messages a second and the time of
// one, beside single-row inserts by as many connections.
func sends(ctx context.Context, b *bench) error {
	for _, load := range []struct{ senders, channels int }{{1, 1}, {16, 1}, {64, 1}, {16, 200}, {64, 200}} {
		limit, err := b.inserts(ctx, load.senders, load.channels)
		if err != nil {
			return fmt.Errorf("inserts: %w", err)
		}
		paths, users, err := b.channels(ctx, load.channels, load.senders)
		if err != nil {
			return err
		}
		t, err := b.send(ctx, users, paths)
		if err != nil {
			return err
		}
		what := fmt.Sprintf("%s, %s", count(load.senders, "sender"), count(load.channels, "channel"))
		b.pair(what, "messages/s", t.rate, limit.rate)
		b.pair(what+": acknowledged after, p50", "ms", t.p50, limit.p50)
		b.pair(what+": acknowledged after, p99", "ms", t.p99, limit.p99)
		b.pair(what+": CPU with PostgreSQL's", "µs", t.cpu, limit.cpu)
		b.add(what+": CPU without it", "µs", t.cpus[0])
	}
	return nil
}

func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// send has each user send as fast as he is acknowledged, over the channels in
// turn.
func (b *bench) send(ctx context.Context, users, paths []string) (*trial, error) {
	conns, closeAll, err := b.dialAs(ctx, users)
	if err != nil {
		return nil, err
	}
	defer closeAll()
	clients := make([]op, len(conns))
	for i, c := range conns {
		clients[i] = func(k int) error { return sendTo(c, paths[(i+k)%len(paths)]) }
	}
	return b.try(ctx, clients, b.chatd.pid, b.postgres)
}

// inserts is the limit that sends are set beside: connections that each insert a
// row of a message's size and update its channel's row, a transaction each.
func (b *bench) inserts(ctx context.Context, conns, channels int) (*trial, error) {
	pool, err := b.pool(ctx, conns)
	if err != nil {
		return nil, err
	}
	defer pool.Close()
	if _, err := pool.Exec(ctx, `
		CREATE TABLE IF NOT EXISTS bench_channels (id bigint PRIMARY KEY, last timestamptz, n bigint NOT NULL DEFAULT 0) WITH (fillfactor = 50);
		CREATE TABLE IF NOT EXISTS bench_messages (id uuid PRIMARY KEY, channel bigint, at timestamptz, body text);
		CREATE INDEX IF NOT EXISTS bench_messages_channel ON bench_messages (channel, at);
		INSERT INTO bench_channels (id) SELECT generate_series(1, 1000) ON CONFLICT DO NOTHING`); err != nil {
		return nil, err
	}
	body := strings.Repeat(text, 3)
	clients := make([]op, conns)
	for i := range clients {
		clients[i] = func(k int) error {
			_, err := pool.Exec(ctx, `WITH m AS (INSERT INTO bench_messages VALUES (gen_random_uuid(), $1, clock_timestamp(), $2))
				UPDATE bench_channels SET last = clock_timestamp(), n = n + 1 WHERE id = $1`, (i+k)%channels+1, body)
			return err
		}
	}
	return b.try(ctx, clients, b.postgres)
}

// pool opens connections to PostgreSQL, for what chatd is set beside.
func (b *bench) pool(ctx context.Context, conns int) (*pgxpool.Pool, error) {
	cfg := b.db.Config()
	cfg.MaxConns = int32(conns) //nolint:gosec // G115: at most 64
	return pgxpool.NewWithConfig(ctx, cfg)
}
