package store

import (
	"context"
	"math"
	"time"

	"github.com/jackc/pgx/v5"

	"chatd/internal/filter"
	"chatd/internal/wire"
)

// planned has a statement planned anew each time: the best plan of a search depends
// on its words.
const planned = pgx.QueryExecModeCacheDescribe

// byTime returns the first n messages in the order of their time that the search
// finds and cond keeps; start, if not zero, is that of the first.
//
// There are two ways to them. The index of words names all messages that have the
// words, in all channels, and they must be read to see which are wanted: right for
// words that are in few. For words that are in many, reading the channels themselves
// soon finds enough. Whichever reads less is taken; and if a word is said often, but
// not in these channels, the index is asked in the end.
func (s *searching) byTime(ctx context.Context, b *filter.Builder, cond, position string, desc bool, start time.Time, n int) ([]*hit, error) {
	list := func() ([]*hit, error) {
		order := `m.created_at, m.id`
		if desc {
			order = `m.created_at DESC, m.id DESC`
		}
		return s.list(ctx, b, cond, position, order, n)
	}
	if pointed(s.Filter) {
		return list()
	}
	said, one, err := s.odds(ctx)
	if err != nil {
		return nil, err
	}
	expect := float64(n) * one
	if said <= expect {
		return list()
	}
	cond = s.words.told(b) + cond
	from, to := span(s.Filter)
	if desc && !to.IsZero() && (start.IsZero() || to.Before(start)) {
		start = to
	}
	if !desc && from.After(start) {
		start = from
	}
	w := &walk{searching: s, b: b, cond: cond, position: position, desc: desc, n: n, expect: expect, most: max(said, 2*expect)}
	if err := w.begin(ctx, start, from); err != nil {
		return nil, err
	}
	if end, err := w.run(ctx); err != nil || end {
		return w.found, err
	}
	return list()
}

// unknownOdds is one in how many messages a search without words is taken to find.
const unknownOdds = 4

// odds returns how many messages the index of words would name for the search, and
// one in how many of all that is: the planner knows how often words are said.
func (s *searching) odds(ctx context.Context) (said, one float64, err error) {
	if len(s.words) == 0 {
		return math.Inf(1), unknownOdds, nil
	}
	b := &filter.Builder{}
	where, err := filter.Fields{Named: map[string]filter.Field{"text": searchText}}.SQL(b, s.words.filter())
	if err != nil {
		return 0, 0, err
	}
	rows, _ := s.db.Query(ctx, `EXPLAIN (FORMAT JSON) SELECT FROM messages m WHERE `+where, append([]any{planned}, b.Args...)...) // CollectOneRow returns the error
	plan, err := pgx.CollectOneRow(rows, pgx.RowTo[[]byte])
	if err != nil {
		return 0, 0, translate(err)
	}
	var doc []struct {
		Plan struct {
			Rows float64 `json:"Plan Rows"`
		} `json:"Plan"`
	}
	if err := wire.Unmarshal(plan, &doc); err != nil {
		return 0, 0, err
	}
	all, err := scalars[float64](ctx, s.db, `SELECT reltuples::float8 FROM pg_class WHERE oid = 'messages'::regclass`)
	if err != nil || len(doc) == 0 || len(all) == 0 {
		return 0, 0, err
	}
	said = max(doc[0].Plan.Rows, 1)
	return said, max(all[0]/said, 1), nil
}
