package store

import (
	"context"
	"slices"
	"time"

	"chatd/internal/filter"
)

// spans reads what a search finds one span of time after the other, so that little more
// is read than what is wanted, however much there is. Each is as long as it takes by what
// was found in the one before. The channels' oldest message ends them.
type spans struct {
	*searching
	odds

	b                     *filter.Builder // has the parameters of cond
	key                   string          // the time that comes first in the order
	cond, position, order string
	desc                  bool
	n                     int
}

const (
	shortest = time.Minute
	// The first is shorter than it should take: more is said now than ever, and the next
	// one is known better. It is longer, by how much it should take.
	firstPart, ample = .1, 1.5
	// How much longer than the one before a span is: bounds, and what it is when that one
	// had nothing.
	leastGrowth, mostGrowth, emptyGrowth = .5, 16, 8
)

// all reads at once.
func (p *spans) all(ctx context.Context) ([]*hit, error) {
	return p.list(ctx, p.clone(), p.cond, p.position, p.order, p.n)
}

func (p *spans) clone() *filter.Builder { return &filter.Builder{Args: slices.Clone(p.b.Args)} }

// bounds are between which times the search finds anything.
func (p *spans) bounds() (oldest, newest time.Time) {
	from, to := span(p.Filter)
	oldest, newest = p.oldest, p.Now()
	if from.After(oldest) {
		oldest = from
	}
	if p.key == "created_at" && !to.IsZero() && to.Before(newest) {
		newest = to
	}
	if newest.Before(oldest) {
		newest = oldest
	}
	return oldest, newest
}

// run reads from start on; zero is no start.
func (p *spans) run(ctx context.Context, start time.Time) ([]*hit, error) {
	oldest, newest := p.bounds()
	length := time.Duration(float64(newest.Sub(oldest)) * min(firstPart*float64(p.n)*p.share()*p.one()/p.every, 1))
	at, end, way := oldest, newest, 1
	if p.desc {
		at, end, way = newest, oldest, -1
	}
	if !start.IsZero() {
		at = start
	}
	var found []*hit
	for first := start.IsZero(); ; first = false {
		length = max(length, shortest)
		to := at.Add(length)
		if p.desc {
			to = at.Add(-length)
		}
		last := way*to.Compare(end) >= 0
		hits, err := p.read(ctx, at, to, first, last, p.n-len(found))
		if err != nil {
			return nil, err
		}
		found = append(found, hits...)
		if last || len(found) >= p.n {
			return found, nil
		}
		at = to
		growth := float64(emptyGrowth)
		if len(hits) > 0 {
			growth = min(max(ample*float64(p.n-len(found))/float64(len(hits)), leastGrowth), mostGrowth)
		}
		length = time.Duration(float64(length) * growth)
	}
}

// read reads a span: that from at, which belongs to it, to to, which does not when the
// oldest come first, and does when the newest do. The first and the last one have no
// bound on their outer side.
func (p *spans) read(ctx context.Context, at, to time.Time, first, last bool, n int) ([]*hit, error) {
	b, cond := p.clone(), p.cond
	from, until := ` >= `, ` < `
	if p.desc {
		from, until = ` <= `, ` > `
	}
	if !first {
		cond += ` AND m.` + p.key + from + b.Arg(at) + `::timestamptz`
	}
	if !last {
		cond += ` AND m.` + p.key + until + b.Arg(to) + `::timestamptz`
	}
	return p.list(ctx, b, cond, p.position, p.order, n)
}
