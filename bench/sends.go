package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/jackc/pgx/v5/pgxpool"
)

// text is what messages say: about as much as people write, at most.
var text = strings.Repeat("the quick brown fox jumps over the lazy dog; ", 4)

// sends measures durable sends: acknowledged messages a second and the time of
// one, beside single-row inserts by as many connections.
func sends(ctx context.Context, b *bench) error {
	for _, load := range []struct{ senders, channels int }{{1, 1}, {16, 1}, {64, 1}, {16, 200}, {64, 200}} {
		limit, err := b.inserts(ctx, load.senders, load.channels)
		if err != nil {
			return err
		}
		paths, users, err := b.channels(ctx, load.channels, load.senders)
		if err != nil {
			return err
		}
		before := cpu(b.pid["chatd"]) + cpu(b.pid["postgres"])
		n, lat, err := b.send(ctx, users, paths)
		if err != nil {
			return err
		}
		used := cpu(b.pid["chatd"]) + cpu(b.pid["postgres"]) - before
		rate := float64(n) / b.duration.Seconds()
		row := fmt.Sprintf("sends, %d senders, %d channels", load.senders, load.channels)
		b.report.add(row, "messages/s", rate)
		b.report.add(row+", p50", "ms", lat.at(.5))
		b.report.add(row+", p99", "ms", lat.at(.99))
		b.report.add(row+", CPU", "µs each", float64(used.Microseconds())/float64(max(n, 1)))
		b.report.ratio(row+" / single inserts", rate, limit)
	}
	return nil
}

// made numbers what a bench makes, so that rounds never share channels.
var made atomic.Int64

// channels makes n channels that users are members of.
func (b *bench) channels(ctx context.Context, n, users int) (paths, ids []string, err error) {
	tag := fmt.Sprintf("b%d", made.Add(1))
	for i := range users {
		ids = append(ids, fmt.Sprintf("%s-user-%d", tag, i))
	}
	c, err := dial(ctx, b.addr, "")
	if err != nil {
		return nil, nil, err
	}
	defer c.close()
	if err := makeUsers(c, ids); err != nil {
		return nil, nil, err
	}
	for i := range n {
		path := fmt.Sprintf("/channels/messaging/%s-%d", tag, i)
		if err := makeChannel(c, path, ids); err != nil {
			return nil, nil, err
		}
		paths = append(paths, path)
	}
	return paths, ids, nil
}

// perRequest is how many users or members a request may name.
const perRequest = 100

func makeUsers(c *conn, ids []string) error {
	for part := range slices.Chunk(ids, perRequest) {
		var body strings.Builder
		for i, id := range part {
			if i > 0 {
				body.WriteByte(',')
			}
			fmt.Fprintf(&body, `"%s":{"id":"%s","name":"%s"}`, id, id, id)
		}
		if _, err := c.do("POST", "/users", []byte(`{"users":{`+body.String()+`}}`)); err != nil {
			return err
		}
	}
	return nil
}

func makeChannel(c *conn, path string, members []string) error {
	first := members[:min(len(members), perRequest)]
	body := fmt.Sprintf(`{"data":{"created_by_id":"%s","members":["%s"]},"state":false}`, members[0], strings.Join(first, `","`))
	if _, err := c.do("POST", path+"/query", []byte(body)); err != nil {
		return err
	}
	for part := range slices.Chunk(members[len(first):], perRequest) {
		if _, err := c.do("POST", path, []byte(`{"add_members":["`+strings.Join(part, `","`)+`"]}`)); err != nil {
			return err
		}
	}
	return nil
}

// send has each user send as fast as he is acknowledged, over the channels in
// turn.
func (b *bench) send(ctx context.Context, users, paths []string) (int64, *latencies, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	var n atomic.Int64
	lat := &latencies{}
	g, ctx := errgroup.WithContext(ctx)
	end := time.Now().Add(b.duration)
	for i, u := range users {
		g.Go(func() error {
			c, err := dial(ctx, b.addr, u)
			if err != nil {
				return err
			}
			defer c.close()
			body := []byte(`{"message":{"text":"` + text + `"}}`)
			var took []time.Duration
			for k := i; time.Now().Before(end); k++ {
				started := time.Now()
				if _, err := c.do("POST", paths[k%len(paths)]+"/message", body); err != nil {
					return err
				}
				took = append(took, time.Since(started))
				n.Add(1)
			}
			lat.add(took)
			return nil
		})
	}
	err := g.Wait()
	return n.Load(), lat, err
}

// inserts is the limit that sends are set beside: connections that each insert a
// row of a message's size and update its channel's row, a transaction each.
func (b *bench) inserts(ctx context.Context, conns, channels int) (float64, error) {
	cfg := b.db.Config()
	cfg.MaxConns = int32(conns) //nolint:gosec // G115: at most 64
	pool, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		return 0, err
	}
	defer pool.Close()
	if _, err := pool.Exec(ctx, `
		CREATE TABLE IF NOT EXISTS bench_channels (id bigint PRIMARY KEY, last timestamptz, n bigint NOT NULL DEFAULT 0) WITH (fillfactor = 50);
		CREATE TABLE IF NOT EXISTS bench_messages (id uuid PRIMARY KEY, channel bigint, at timestamptz, body text);
		CREATE INDEX IF NOT EXISTS bench_messages_channel ON bench_messages (channel, at);
		INSERT INTO bench_channels (id) SELECT generate_series(1, 1000) ON CONFLICT DO NOTHING`); err != nil {
		return 0, err
	}
	var n atomic.Int64
	var wg sync.WaitGroup
	body := strings.Repeat(text, 3)
	end := time.Now().Add(b.duration)
	errs := make(chan error, conns)
	for i := range conns {
		wg.Go(func() {
			for k := i; time.Now().Before(end); k++ {
				_, err := pool.Exec(ctx, `WITH m AS (INSERT INTO bench_messages VALUES (gen_random_uuid(), $1, clock_timestamp(), $2))
					UPDATE bench_channels SET last = clock_timestamp(), n = n + 1 WHERE id = $1`, k%channels+1, body)
				if err != nil {
					errs <- err
					return
				}
				n.Add(1)
			}
		})
	}
	wg.Wait()
	close(errs)
	return float64(n.Load()) / b.duration.Seconds(), <-errs
}
