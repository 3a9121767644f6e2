package store

import (
	"context"
	"math"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"chatd/internal/filter"
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
	if p.said <= fewHits {
		return p.all(ctx)
	}
	cost, expect := p.bySpans(p.n), float64(p.n)*p.one()
	most := cost
	if strings.Contains(s.asked, goesOn) { // of which the planner does not know how many there are
		expect, most = expect/doubt, cost*doubt
	}
	if cost < min(expect, p.here) {
		return p.run(ctx, start)
	}
	b := p.clone()
	w := &walk{
		searching: s, b: b, key: p.key, cond: s.words.told(b) + p.cond, position: p.position, desc: p.desc, n: p.n,
		expect: expect, here: p.here, most: most,
	}
	w.begin(p.channels, start)
	if end, err := w.run(ctx); err != nil || end {
		return w.found, err
	}
	return p.run(ctx, start)
}

// byTimeFirst does so in an order that begins with a time and goes on. In channels of
// few messages, and of what is said seldom, all are read.
func (s *searching) byTimeFirst(ctx context.Context, p *spans, start time.Time) ([]*hit, error) {
	if p.said <= fewHits || p.here <= hitCost*fewHits {
		return p.all(ctx)
	}
	return p.run(ctx, start)
}

// odds is what is known before a search of what it will cost.
type odds struct {
	channels []*extent // those that have messages
	said     float64   // messages that the index names, of all apps; no end without a query for it
	every    float64   // messages of all apps
	here     float64   // of the channels
	oldest   time.Time // of them
}

// extent is what a channel has, nearly.
type extent struct {
	CID     string    `db:"cid"`
	Count   float64   `db:"count"`
	Oldest  time.Time `db:"oldest"` // of those that are not in threads alone
	Newest  time.Time `db:"newest"`
	Own     bool      `db:"own"`     // there are such
	Replies bool      `db:"replies"` // there are others
	Changed bool      `db:"changed"` // some were changed after they were written; asked only for that order
	Every   float64   `db:"every"`   // messages of all apps
}

const (
	// unknownOdds is one in how many messages a search that the index does not serve is
	// taken to find.
	unknownOdds = 4
	// hitCost is what a message that the index names costs, each on a page of its own,
	// beside one that is read in the order of a channel.
	hitCost = 25
	// elsewhere is how many times as much as on average may be said in other channels in
	// the time that is read.
	elsewhere = 8
	// namedCost is what it costs to name it.
	namedCost = .1
	// fewHits are read at once.
	fewHits = 500
	// mostWindow bounds a window, and effort how many messages should be read for it.
	mostWindow = 100
	effort     = 5000
	// doubt is how many times as many words with a beginning there may be.
	doubt = 3
)

// one tells one in how many messages the search finds.
func (o odds) one() float64 {
	if math.IsInf(o.said, 1) {
		return unknownOdds
	}
	return max(o.every/o.said, 1)
}

// window is among how many messages, the newest that match, a search by relevance puts the
// most relevant first: as many as are found with little effort.
func (o odds) window() int {
	if o.said <= fewHits || o.here <= effort {
		return mostWindow
	}
	return int(min(effort/o.one(), mostWindow))
}

// share tells one in how many messages is of the channels.
func (o odds) share() float64 { return max(o.every/max(o.here, 1), 1) }

// bySpans is what it costs to have the index name n.
func (o odds) bySpans(n int) float64 {
	return hitCost*min(o.said, elsewhere*float64(n)*o.share()) + namedCost*o.said
}

// howOften tells how many messages the indexes name, of all apps: none if the filter leads
// past them, and no end if it asks nothing of them. The planner knows how often words are
// said, and nearly how often data are given.
func (s *searching) howOften(ctx context.Context) (float64, error) {
	if pointed(s.Filter) {
		return 0, nil
	}
	b, asked := &filter.Builder{}, []string{}
	if s.asked != "" {
		asked = append(asked, foundBy+` @@ `+b.Arg(s.asked)+`::text::tsquery`)
	}
	if custom := customOf(s.fields, s.Filter); len(custom) > 0 {
		is, err := s.fields.SQL(b, custom)
		if err != nil {
			return 0, err
		}
		asked = append(asked, is)
	}
	if len(asked) == 0 {
		return math.Inf(1), nil
	}
	rows, _ := s.db.Query(ctx, `EXPLAIN (FORMAT JSON) SELECT FROM messages m WHERE `+strings.Join(asked, ` AND `), append([]any{planned}, b.Args...)...) // CollectOneRow returns the error
	plan, err := pgx.CollectOneRow(rows, pgx.RowTo[[]byte])
	if err != nil {
		return 0, translate(err)
	}
	var doc []struct {
		Plan struct {
			Rows float64 `json:"Plan Rows"`
		} `json:"Plan"`
	}
	if err := wire.Unmarshal(plan, &doc); err != nil || len(doc) == 0 {
		return 0, err
	}
	return max(doc[0].Plan.Rows, 1), nil
}

// odds estimates what a search in the order of a time will cost: of what is said seldom
// no more than how often.
func (s *searching) odds(ctx context.Context, key string) (odds, error) {
	said, err := s.howOften(ctx)
	if err != nil || said <= fewHits {
		return odds{said: said}, err
	}
	o := odds{said: said, every: 1, oldest: s.Now()}
	list, err := many[extent](ctx, s.db, `
		SELECT v.cid, n.message_count::float8 AS count, coalesce(o.created_at, 'epoch') AS oldest, coalesce(n.last_message_at, o.created_at, 'epoch') AS newest,
			o.created_at IS NOT NULL AS own, EXISTS (SELECT FROM messages m WHERE m.app_id = $1 AND m.cid = v.cid AND NOT m.in_channel) AS replies,
			$3 AND EXISTS (SELECT FROM messages m WHERE m.app_id = $1 AND m.cid = v.cid AND m.updated_at > m.created_at) AS changed,
			(SELECT greatest(reltuples, 1)::float8 FROM pg_class WHERE oid = 'messages'::regclass) AS every
		FROM unnest($2::text[]) AS v (cid) JOIN channel_counters n ON n.app_id = $1 AND n.cid = v.cid LEFT JOIN LATERAL (
			SELECT m.created_at FROM messages m WHERE m.app_id = $1 AND m.cid = v.cid AND m.in_channel ORDER BY m.created_at, m.id LIMIT 1) o ON TRUE`,
		s.ID, s.args[1], key == "updated_at")
	for _, e := range list {
		if !e.Own && !e.Replies {
			continue
		}
		o.channels, o.here, o.every = append(o.channels, e), o.here+e.Count, e.Every
		if e.Oldest.Before(o.oldest) {
			o.oldest = e.Oldest
		}
	}
	return o, err
}
