package store

import (
	"context"
	"math"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"chatd/internal/wire"
)

// planned has a statement planned anew each time: the best plan of a search depends
// on its words.
const planned = pgx.QueryExecModeCacheDescribe

// byTime returns the first n messages in the order of p, of a time and nothing else,
// that the search finds; start, if not zero, is the time of the first.
//
// There are two ways to them. The index names the messages that have what is asked, in
// all channels, span by span of time: right for what is in few. For what is in many,
// reading the channels themselves soon finds enough. Whichever costs less is taken; and
// if something is said often, but not in these channels, the index is asked in the end.
func (s *searching) byTime(ctx context.Context, p *spans, start time.Time) ([]*hit, error) {
	var err error
	if p.odds, err = s.odds(ctx); err != nil {
		return nil, err
	}
	if p.said <= fewHits {
		return p.all(ctx)
	}
	cost, reading := p.bySpans(p.n), p.byReading(p.n)
	most := cost
	if strings.Contains(s.asked, goesOn) { // of which the planner does not know how many there are
		reading, most = reading/doubt, cost*doubt
	}
	if cost < reading {
		return p.run(ctx, start)
	}
	b := p.clone()
	w := &walk{
		searching: s, b: b, key: p.key, cond: s.words.told(b) + p.cond, position: p.position, desc: p.desc, n: p.n,
		expect: float64(p.n) * p.one(), here: p.Here, most: most,
	}
	if err := w.begin(ctx, start); err != nil {
		return nil, err
	}
	if end, err := w.run(ctx); err != nil || end {
		return w.found, err
	}
	return p.run(ctx, start)
}

// byTimeFirst does so in an order that begins with a time and goes on. In channels of
// few messages, and of what is said seldom, all are read.
func (s *searching) byTimeFirst(ctx context.Context, p *spans, start time.Time) ([]*hit, error) {
	var err error
	if p.odds, err = s.odds(ctx); err != nil {
		return nil, err
	}
	if p.said <= fewHits || p.Here <= hitCost*fewHits {
		return p.all(ctx)
	}
	return p.run(ctx, start)
}

// odds is what is known before a search of what it will cost.
type odds struct {
	said   float64   // messages that the index names, of all apps; no end without a query for it
	All    float64   `db:"every"`  // messages of all apps
	Here   float64   `db:"here"`   // of the channels
	Oldest time.Time `db:"oldest"` // of them
}

const (
	// unknownOdds is one in how many messages a search that the index does not serve is
	// taken to find.
	unknownOdds = 4
	// hitCost is what a message that the index names costs, each on a page of its own,
	// beside one that is read in the order of a channel.
	hitCost = 12
	// elsewhere is how many times as much as on average may be said in other channels in
	// the time that is read.
	elsewhere = 8
	// namedCost is what it costs to name it.
	namedCost = .1
	// fewHits are read at once.
	fewHits = 500
	// doubt is how many times as many words with a beginning there may be.
	doubt = 2
)

// one tells one in how many messages the search finds.
func (o odds) one() float64 {
	if math.IsInf(o.said, 1) {
		return unknownOdds
	}
	return max(o.All/o.said, 1)
}

// share tells one in how many messages is of the channels.
func (o odds) share() float64 { return max(o.All/max(o.Here, 1), 1) }

// byReading is what it costs to read the channels until n are found.
func (o odds) byReading(n int) float64 { return min(float64(n)*o.one(), max(o.Here, 1)) }

// bySpans is what it costs to have the index name n.
func (o odds) bySpans(n int) float64 {
	return hitCost*min(o.said, elsewhere*float64(n)*o.share()) + namedCost*o.said
}

// odds asks the planner, who knows how often words are said.
func (s *searching) odds(ctx context.Context) (odds, error) {
	o, err := maybe[odds](ctx, s.db, `
		SELECT (SELECT greatest(reltuples, 1)::float8 FROM pg_class WHERE oid = 'messages'::regclass) AS every,
			coalesce(sum(n.message_count), 0)::float8 AS here, coalesce(min(o.created_at), 'epoch') AS oldest
		FROM unnest($2::text[]) AS v (cid) JOIN channel_counters n ON n.app_id = $1 AND n.cid = v.cid LEFT JOIN LATERAL (
			SELECT m.created_at FROM messages m WHERE m.app_id = $1 AND m.cid = v.cid AND m.in_channel ORDER BY m.created_at, m.id LIMIT 1) o ON TRUE`,
		s.ID, s.args[1])
	if err != nil {
		return odds{}, err
	}
	switch {
	case pointed(s.Filter):
		return *o, nil
	case s.asked == "":
		o.said = math.Inf(1)
		return *o, nil
	}
	rows, _ := s.db.Query(ctx, `EXPLAIN (FORMAT JSON) SELECT FROM messages m WHERE `+foundBy+` @@ $1::text::tsquery`, planned, s.asked) // CollectOneRow returns the error
	plan, err := pgx.CollectOneRow(rows, pgx.RowTo[[]byte])
	if err != nil {
		return odds{}, translate(err)
	}
	var doc []struct {
		Plan struct {
			Rows float64 `json:"Plan Rows"`
		} `json:"Plan"`
	}
	if err := wire.Unmarshal(plan, &doc); err != nil || len(doc) == 0 {
		return odds{}, err
	}
	o.said = max(doc[0].Plan.Rows, 1)
	return *o, nil
}
