package store

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"chatd/internal/filter"
)

// walk reads the messages of a search's channels in the order of a time until no
// unread one can be among the first n that match: a merge of sorted lists. A few
// messages of each tell how busy it is; from then on all are read as far as it takes,
// of a busy channel much and of a quiet one little.
type walk struct {
	*searching

	b              *filter.Builder // has the parameters of cond
	key            string          // the time: created_at or updated_at
	cond, position string
	desc           bool // the newest come first
	n              int
	expect         float64 // messages to be read until n match
	here           float64 // messages there are
	most           float64 // messages that it may still have to read; with more it gives up
	strands        []*strand
	read, matched  float64
	found          []*hit // the first n of what matched
}

// strand is one of the lists: a channel's own messages, or the replies that only its
// threads have. In the order of updated_at these are without those that were changed
// since they were written, which are a list of their own.
type strand struct {
	cid   string
	since time.Time
	kind  int
	size  int       // of what is read next
	first time.Time // of its messages
	seen  int
	at    time.Time // and id: how far it is read
	id    string
	done  bool // it is read to its end
}

// density is how many messages it has in a microsecond.
func (s *strand) density() float64 {
	return float64(max(s.seen-1, 1)) / max(float64(s.at.Sub(s.first).Abs().Microseconds()), 1)
}

// step is a message that a walk has read: one that matches, or the first or the last
// of a strand's part. Its time is that of the order.
type step struct {
	hit

	Strand int  `db:"strand"` // counted from 1
	Place  int  `db:"place"`  // in the part, from 1
	Found  bool `db:"found"`
}

// The kinds of strands.
const (
	inChannel = iota
	inThreads
	afterwards
)

const (
	leastPart = 4      // messages of a strand that are read at once, at least
	mostPart  = 4096   // and at most
	mostRead  = 20_000 // messages that one statement reads
	spare     = 1.1    // what is read more than should do
	belief    = .125   // in what was expected
)

// forEver is later than any message.
var forEver = time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)

// begin makes the strands.
func (w *walk) begin(ctx context.Context, start time.Time) error {
	from, to := span(w.Filter)
	switch {
	case !w.desc && from.After(start):
		start = from
	case w.desc && w.key == "created_at" && !to.IsZero() && (start.IsZero() || to.Before(start)):
		start = to
	}
	size := leastPart
	if len(w.Views) == 1 {
		size = int(min(max(w.expect, leastPart), mostPart))
	}
	more, err := w.more(ctx)
	if err != nil {
		return err
	}
	switch {
	case start.IsZero() && w.desc:
		start = forEver
	case w.desc:
		start = start.Add(time.Microsecond) // the condition of the cursor tells messages of one time apart
	}
	for _, v := range w.Views {
		since := from
		if v.Since != nil && v.Since.After(from) {
			since = *v.Since
		}
		for _, kind := range append(more[string(v.CID)], inChannel) {
			w.strands = append(w.strands, &strand{cid: string(v.CID), since: since, kind: kind, size: size, at: start})
		}
	}
	return nil
}

// more returns which strands channels have beside that of their own messages.
func (w *walk) more(ctx context.Context) (map[string][]int, error) {
	type has struct {
		CID     string `db:"cid"`
		Replies bool   `db:"replies"`
		Changed bool   `db:"changed"`
	}
	list, err := many[has](ctx, w.db, `
		SELECT v.cid, EXISTS (SELECT FROM messages m WHERE m.app_id = $1 AND m.cid = v.cid AND NOT m.in_channel) AS replies,
			$3 AND EXISTS (SELECT FROM messages m WHERE m.app_id = $1 AND m.cid = v.cid AND m.updated_at > m.created_at) AS changed
		FROM unnest($2::text[]) AS v (cid)`,
		w.ID, column(w.Views, func(v View) string { return string(v.CID) }), w.key == "updated_at")
	out := make(map[string][]int, len(list))
	for _, h := range list {
		if h.Replies {
			out[h.CID] = append(out[h.CID], inThreads)
		}
		if h.Changed {
			out[h.CID] = append(out[h.CID], afterwards)
		}
	}
	return out, err
}

// run walks, and tells whether it came to the end of its way.
func (w *walk) run(ctx context.Context) (bool, error) {
	for {
		next := w.next()
		if len(next) == 0 {
			return true, nil
		}
		if w.read > 0 && min(w.missing(w.n-len(w.found)), max(w.here-w.read, 0)) > w.most {
			return false, nil
		}
		if err := w.step(ctx, next); err != nil {
			return false, err
		}
	}
}

// missing is how many messages have to be read to find n more, by what was expected and,
// which counts for more, what was found until now.
func (w *walk) missing(n int) float64 {
	return float64(n) * (w.expect*belief + w.read) / (float64(w.n)*belief + w.matched)
}

// compare orders places as the walk meets them.
func (w *walk) compare(at time.Time, id string, bt time.Time, bid string) int {
	c := cmp.Or(at.Compare(bt), cmp.Compare(id, bid))
	if w.desc {
		return -c
	}
	return c
}

// place is a time as a number that grows along the walk.
func (w *walk) place(at time.Time) float64 {
	if w.desc {
		return -float64(at.UnixMicro())
	}
	return float64(at.UnixMicro())
}

// next returns the strands to read on, with how much: those that may hold one of the
// first n, as far as it should take to find them.
func (w *walk) next() []*strand {
	var open []*strand
	for _, s := range w.strands {
		if !s.done && (len(w.found) < w.n || w.compare(s.at, s.id, w.found[w.n-1].At, w.found[w.n-1].ID) < 0) {
			open = append(open, s)
		}
	}
	if w.read == 0 || len(open) == 0 {
		return open
	}
	slices.SortFunc(open, func(a, b *strand) int { return w.compare(a.at, a.id, b.at, b.id) })
	goal, total := w.goal(open), 0
	if len(w.found) == w.n {
		goal = min(goal, w.place(w.found[w.n-1].At))
	}
	for i, s := range open {
		way := goal - w.place(s.at)
		if way < 0 {
			return open[:max(i, 1)]
		}
		s.size = int(min(way*s.density()*spare+leastPart, mostPart))
		if total += s.size; total > mostRead {
			return open[:max(i, 1)]
		}
	}
	return open
}

// goal is the place up to which the strands, in order, should hold as many messages as
// it takes to find what is missing.
func (w *walk) goal(open []*strand) float64 {
	sure := 0 // what was found before the first unread message
	for sure < len(w.found) && w.compare(w.found[sure].At, w.found[sure].ID, open[0].at, open[0].id) <= 0 {
		sure++
	}
	messages := w.missing(w.n - sure)
	density, at := 0.0, w.place(open[0].at)
	for _, s := range open {
		x := w.place(s.at)
		if messages <= density*(x-at) {
			break
		}
		messages -= density * (x - at)
		density, at = density+s.density(), x
	}
	return at + messages/density
}

// step reads on in strands.
func (w *walk) step(ctx context.Context, strands []*strand) error {
	b := &filter.Builder{Args: slices.Clone(w.b.Args)}
	b.Args[1] = column(strands, func(s *strand) string { return s.cid })
	b.Args[5] = column(strands, func(s *strand) time.Time { return s.since })
	strandsOf := `unnest($2::text[], $6::timestamptz[], ` + b.Arg(column(strands, func(s *strand) time.Time { return s.at })) + `::timestamptz[], ` +
		b.Arg(column(strands, func(s *strand) string { return s.id })) + `::text[], ` +
		b.Arg(column(strands, func(s *strand) int { return s.kind })) + `::int[], ` +
		b.Arg(column(strands, func(s *strand) int { return s.size })) + `::int[])`
	part := func(kind int, which, key string) string {
		beyond, order := `(m.`+key+`, m.id) > (v.at, v.id)`, `m.`+key+`, m.id`
		if w.desc {
			beyond, order = `(m.`+key+`, m.id) < (v.at, v.id)`, `m.`+key+` DESC, m.id DESC`
		}
		return `(SELECT m.*, m.` + key + ` AS at FROM messages m WHERE m.app_id = $1 AND m.cid = v.cid AND ` + which + ` AND v.kind = ` + strconv.Itoa(kind) +
			` AND m.created_at > v.since AND ` + beyond + ` ORDER BY ` + order + ` LIMIT v.size)`
	}
	parts, which := []string{part(inChannel, `m.in_channel`, `created_at`), part(inThreads, `NOT m.in_channel`, `created_at`)}, ``
	if w.key == "updated_at" {
		parts = append(parts, part(afterwards, `m.updated_at > m.created_at`, `updated_at`))
		which = `(v.kind = ` + strconv.Itoa(afterwards) + ` OR m.updated_at <= m.created_at) AND `
	}
	rows, err := many[step](ctx, w.db, `
		SELECT v.strand, x.id, x.created_at, x.text, x.position, x.found, x.place
		FROM `+strandsOf+` WITH ORDINALITY AS v (cid, since, at, id, kind, size, strand) CROSS JOIN LATERAL (
			SELECT m.id, m.at AS created_at, m.text, `+w.position+` AS position, coalesce(`+which+w.cond+` AND `+w.where+`, FALSE) AS found, row_number() OVER () AS place
			FROM (`+strings.Join(parts, ` UNION ALL `)+`) m) x
		WHERE x.found OR x.place = 1 OR x.place = v.size`, append([]any{planned}, b.Args...)...)
	if err != nil {
		return err
	}
	for _, s := range strands {
		s.done = true // unless its last message comes
	}
	for _, r := range rows {
		if r.Found {
			w.matched++
			w.found = append(w.found, &r.hit)
		}
		s := strands[r.Strand-1]
		if r.Place == 1 && s.seen == 0 {
			s.first = r.At
		}
		if r.Place == s.size {
			s.done, s.at, s.id = false, r.At, r.ID
			s.seen += s.size
		}
	}
	for _, s := range strands {
		w.read += float64(s.size)
	}
	slices.SortFunc(w.found, func(a, b *hit) int { return w.compare(a.At, a.ID, b.At, b.ID) })
	w.found = w.found[:min(len(w.found), w.n)]
	return nil
}

// all returns the comparisons that hold for everything a filter keeps.
func all(n filter.Node) []filter.Cmp {
	switch n := n.(type) {
	case filter.And:
		var out []filter.Cmp
		for _, child := range n {
			out = append(out, all(child)...)
		}
		return out
	case filter.Cmp:
		return []filter.Cmp{n}
	}
	return nil
}

// span is between which times, both exclusive, a filter keeps messages. Zero is no
// bound.
func span(n filter.Node) (from, to time.Time) {
	for _, c := range all(n) {
		if c.Field != "created_at" || !slices.Contains(filter.Compare, c.Op) {
			continue
		}
		at, err := c.Time()
		if err != nil {
			continue // the filter was refused before
		}
		if lower := at.Add(-time.Microsecond); c.Op != filter.Lt && c.Op != filter.Lte && lower.After(from) {
			from = lower
		}
		if upper := at.Add(time.Microsecond); c.Op != filter.Gt && c.Op != filter.Gte && (to.IsZero() || upper.Before(to)) {
			to = upper
		}
	}
	return from, to
}

// pointed tells whether a filter names messages, a thread of them, or the pinned ones:
// other indexes lead to those.
func pointed(n filter.Node) bool {
	return slices.ContainsFunc(all(n), func(c filter.Cmp) bool {
		if c.Field == "pinned" {
			on, err := c.Bool()
			return err == nil && on == (c.Op == filter.Eq)
		}
		return (c.Field == "id" || c.Field == "parent_id") && slices.Contains(filter.OneOf, c.Op) && !c.IsNull()
	})
}
