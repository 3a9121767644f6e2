package store

import (
	"cmp"
	"context"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"chatd/internal/filter"
)

// walk reads the messages of a search's channels in the order of a time until no
// unread one can be among the first n that match: a merge of sorted lists. All are read
// as far as it takes by what is known of them, of a busy channel much and of a quiet one
// little; then further, by what was seen.
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
	cid     string
	since   time.Time
	kind    int
	size    int       // of what is read next
	near    time.Time // where its unread messages begin, nearly
	density float64   // messages in a microsecond, nearly
	seen    int
	first   time.Time // of what was seen
	at      time.Time // and id: how far it is read
	id      string
	done    bool // it is read to its end
}

// part is what was read of a strand: how many messages, and those among them that match.
// Its times are those of the order.
type part struct {
	Strand    int              `db:"strand"` // counted from 1
	Size      int              `db:"size"`
	First     time.Time        `db:"first"`
	Last      time.Time        `db:"last"`
	LastID    string           `db:"last_id"`
	IDs       []string         `db:"ids"`
	Times     []time.Time      `db:"times"`
	Texts     []string         `db:"texts"`
	Positions []jsontext.Value `db:"positions"`
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
	spare     = 1.3    // how many times as much as is usual the number that is found may fall short
	belief    = .125   // in what was expected
	aside     = .1     // how many there are in the other kinds of strands, beside the channel's own
)

// forEver is later than any message.
var forEver = time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)

// begin makes the strands of channels.
func (w *walk) begin(channels []*extent, start time.Time) {
	from, to := span(w.Filter)
	switch {
	case !w.desc && from.After(start):
		start = from
	case w.desc && w.key == "created_at" && !to.IsZero() && (start.IsZero() || to.Before(start)):
		start = to
	}
	switch {
	case start.IsZero() && w.desc:
		start = forEver
	case w.desc:
		start = start.Add(time.Microsecond) // the condition of the cursor tells messages of one time apart
	}
	hidden := make(map[string]*time.Time, len(w.Views))
	for _, v := range w.Views {
		hidden[string(v.CID)] = v.Since
	}
	for _, c := range channels {
		since := from
		if v := hidden[c.CID]; v != nil && v.After(from) {
			since = *v
		}
		var kinds []int
		for kind, has := range []bool{inChannel: c.Own, inThreads: c.Replies, afterwards: c.Changed} {
			if has {
				kinds = append(kinds, kind)
			}
		}
		density := max(c.Count, 1) / max(float64(c.Newest.Sub(c.Oldest).Microseconds()), 1)
		for _, kind := range kinds {
			s := &strand{cid: c.CID, since: since, kind: kind, near: start, density: density, at: start}
			if kind != inChannel {
				s.density *= aside
			}
			if begins := c.first(w.desc); w.compare(begins, "", start, "") > 0 {
				s.near = begins
			}
			w.strands = append(w.strands, s)
		}
	}
}

// first is where a channel's messages begin.
func (e *extent) first(desc bool) time.Time {
	if desc {
		return e.Newest
	}
	return e.Oldest
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
	if len(open) == 0 {
		return nil
	}
	slices.SortFunc(open, func(a, b *strand) int { return w.compare(a.near, a.id, b.near, b.id) })
	goal, total := w.goal(open), 0
	if len(w.found) == w.n {
		goal = min(goal, w.place(w.found[w.n-1].At))
	}
	for i, s := range open {
		way := goal - w.place(s.near)
		if way < 0 && s.seen > 0 {
			return open[:max(i, 1)]
		}
		s.size = int(min(max(way, 0)*s.density+leastPart, mostPart))
		if total += s.size; total > mostRead {
			return open[:max(i, 1)]
		}
	}
	return open
}

// goal is the place up to which the strands, in order, should hold as many messages as
// it takes to find what is missing, with some to spare: to read on costs a statement.
func (w *walk) goal(open []*strand) float64 {
	sure := 0 // what was found before the first unread message
	for sure < len(w.found) && w.compare(w.found[sure].At, w.found[sure].ID, open[0].near, open[0].id) <= 0 {
		sure++
	}
	n := float64(w.n - sure)
	messages := w.missing(w.n-sure) * (1 + spare/math.Sqrt(max(n, 1)))
	density, at := 0.0, w.place(open[0].near)
	for _, s := range open {
		x := w.place(s.near)
		if messages <= density*(x-at) {
			break
		}
		messages -= density * (x - at)
		density, at = density+s.density, x
	}
	return at + messages/density
}

// step reads on in strands.
func (w *walk) step(ctx context.Context, strands []*strand) error {
	parts, err := w.parts(ctx, strands)
	if err != nil {
		return err
	}
	for _, s := range strands {
		s.done = true // unless as much was there as was asked for
	}
	for _, p := range parts {
		s := strands[p.Strand-1]
		w.read += float64(p.Size)
		w.matched += float64(len(p.IDs))
		for i, id := range p.IDs {
			w.found = append(w.found, &hit{ID: id, At: p.Times[i], Text: p.Texts[i], Position: p.Positions[i]})
		}
		if p.Size < s.size {
			continue
		}
		s.done = false
		if s.seen == 0 {
			s.first = p.First
		}
		s.seen += p.Size
		s.at, s.near, s.id = p.Last, p.Last, p.LastID
		s.density = float64(max(s.seen-1, 1)) / max(float64(s.at.Sub(s.first).Abs().Microseconds()), 1)
	}
	slices.SortFunc(w.found, func(a, b *hit) int { return w.compare(a.At, a.ID, b.At, b.ID) })
	w.found = w.found[:min(len(w.found), w.n)]
	return nil
}

// parts reads the next part of each of strands, in one statement. What matches is told
// where a message is read: most do not, and are not carried on.
func (w *walk) parts(ctx context.Context, strands []*strand) ([]*part, error) {
	b := &filter.Builder{Args: slices.Clone(w.b.Args)}
	b.Args[1] = column(strands, func(s *strand) string { return s.cid })
	b.Args[5] = column(strands, func(s *strand) time.Time { return s.since })
	strandsOf := `unnest($2::text[], $6::timestamptz[], ` + b.Arg(column(strands, func(s *strand) time.Time { return s.at })) + `::timestamptz[], ` +
		b.Arg(column(strands, func(s *strand) string { return s.id })) + `::text[], ` +
		b.Arg(column(strands, func(s *strand) int { return s.kind })) + `::int[], ` +
		b.Arg(column(strands, func(s *strand) int { return s.size })) + `::int[])`
	first, last, beyond, way := `min`, `max`, `>`, ``
	if w.desc {
		first, last, beyond, way = `max`, `min`, `<`, ` DESC`
	}
	list := func(kind int, which, key string) string {
		return `(SELECT m.id, m.text, m.created_at, m.updated_at, m.` + key + ` AS at, coalesce(` + w.cond + ` AND ` + w.where + `, FALSE) AS found
			FROM messages m WHERE m.app_id = $1 AND m.cid = v.cid AND ` + which + ` AND v.kind = ` + strconv.Itoa(kind) + ` AND m.created_at > v.since
				AND (m.` + key + `, m.id) ` + beyond + ` (v.at, v.id) ORDER BY m.` + key + way + `, m.id` + way + ` LIMIT v.size)`
	}
	lists, unchanged := []string{list(inChannel, `m.in_channel`, `created_at`), list(inThreads, `NOT m.in_channel`, `created_at`)}, ``
	if w.key == "updated_at" {
		lists = append(lists, list(afterwards, `m.updated_at > m.created_at`, `updated_at`))
		unchanged = ` AND (v.kind = ` + strconv.Itoa(afterwards) + ` OR m.updated_at <= m.created_at)`
	}
	hits := func(value string) string { return `array_agg(` + value + `) FILTER (WHERE m.found` + unchanged + `)` }
	return many[part](ctx, w.db, `
		SELECT v.strand, x.*
		FROM `+strandsOf+` WITH ORDINALITY AS v (cid, since, at, id, kind, size, strand) CROSS JOIN LATERAL (
			SELECT count(*) AS size, `+first+`(m.at) AS first, `+last+`(m.at) AS last, (array_agg(m.id))[count(*)] AS last_id,
				`+hits(`m.id`)+` AS ids, `+hits(`m.at`)+` AS times, `+hits(`m.text`)+` AS texts, `+hits(w.position)+` AS positions
			FROM (`+strings.Join(lists, ` UNION ALL `)+`) m) x
		WHERE x.size > 0`, b.Args...)
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
