package store

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"chatd/internal/filter"
	"chatd/internal/wire"
)

// Words that are in few messages are looked up in the index of words. Those that are
// in many would have it name far more messages than are wanted, so the newest
// messages of the channels are read until enough of them match.
const (
	fewMatches = 3000        // that the index of words is worth to be asked for
	firstReach = time.Second // back into many channels at first
	reachGrows = 8           // times, at most
)

// newest returns the newest n messages that the search finds and cond keeps, not sent
// after until if that is given.
func (s *searching) newest(ctx context.Context, b *filter.Builder, cond, position string, until time.Time, n int) ([]*hit, error) {
	rare, err := s.rare(ctx)
	if err != nil {
		return nil, err
	}
	if rare {
		return s.list(ctx, b, cond, position, `m.created_at DESC, m.id DESC`, n)
	}
	what := `m.id, m.created_at, m.text, ` + position + ` AS position`
	for _, p := range s.words.patterns() {
		cond += ` AND m.text ILIKE ` + b.Arg(p) + `::text`
	}
	// OFFSET 0 has the rows come in their order before they are looked at: the planner
	// knows nothing of how many match here, and would fetch and sort all of them. For
	// the same reason it must not see the words that the index has.
	const rows = `(SELECT m.* FROM messages m WHERE m.app_id = $1 AND m.cid = v.cid`
	part := ` ORDER BY m.created_at DESC, m.id DESC OFFSET 0) m
		WHERE ` + strings.ReplaceAll(s.where+` AND `+cond, textWords, `to_tsvector('simple', m.text || '')`)
	if until.IsZero() {
		until = s.Now().Add(time.Minute) // what other nodes' clocks call now
	}
	reach := firstReach
	if len(s.Views) == 1 {
		reach = forEver
	}
	var out []*hit
	for {
		from := until.Add(-reach)
		if reach >= forEver {
			from = time.Time{}
		}
		w := filter.Builder{Args: slices.Clone(b.Args)}
		limit := ` LIMIT ` + w.Arg(n-len(out))
		rest := ` AND m.created_at > ` + w.Arg(from) + `::timestamptz AND m.created_at <= ` + w.Arg(until) + `::timestamptz` + part + limit
		sql := `SELECT h.* FROM unnest($2::text[], $6::timestamptz[]) AS v (cid, since) CROSS JOIN LATERAL (
				(SELECT ` + what + ` FROM ` + rows + ` AND m.in_channel` + rest + `) UNION ALL (SELECT ` + what + ` FROM ` + rows + ` AND NOT m.in_channel` + rest + `)) h
			ORDER BY h.created_at DESC, h.id DESC` + limit
		hits, err := s.hits(ctx, sql, w.Args)
		if err != nil {
			return nil, err
		}
		out = append(out, hits...)
		if len(out) >= n || reach >= forEver {
			return out, nil
		}
		until, reach = from, further(reach, len(hits), n-len(out))
	}
}

// forEver is longer ago than any message.
const forEver = 100 * 365 * 24 * time.Hour

// further is how far to reach back next for want messages, when reach brought found.
func further(reach time.Duration, found, want int) time.Duration {
	grow := reachGrows
	if found > 0 {
		grow = min(max(2*want/found, 1), reachGrows)
	}
	return reach * time.Duration(grow)
}

// rare tells whether the index of words is the way to the search's messages: the
// planner, which knows how often words are said, expects few of them.
func (s *searching) rare(ctx context.Context) (bool, error) {
	if len(s.words) == 0 {
		return false, nil
	}
	rows, _ := s.db.Query(ctx, `EXPLAIN (FORMAT JSON) SELECT FROM messages m
		WHERE `+textWords+` @@ plainto_tsquery('simple', $1::text)`,
		pgx.QueryExecModeCacheDescribe, s.words.text()) // CollectOneRow returns the error
	plan, err := pgx.CollectOneRow(rows, pgx.RowTo[[]byte])
	if err != nil {
		return false, translate(err)
	}
	var doc []struct {
		Plan struct {
			Rows float64 `json:"Plan Rows"`
		} `json:"Plan"`
	}
	if err := wire.Unmarshal(plan, &doc); err != nil {
		return false, err
	}
	return len(doc) > 0 && doc[0].Plan.Rows <= fewMatches, nil
}

// hits runs a statement. It is planned anew each time: the best plan depends on the
// words.
func (s *searching) hits(ctx context.Context, sql string, args []any) ([]*hit, error) {
	return many[hit](ctx, s.db, sql, append([]any{pgx.QueryExecModeCacheDescribe}, args...)...)
}
