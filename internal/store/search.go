package store

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"chatd/internal/chat"
	"chatd/internal/filter"
	"chatd/internal/wire"
)

// Search asks for messages in channels. Deleted and system messages are not found.
type Search struct {
	Viewer Viewer
	Views  []View // of the channels
	Filter filter.Node
	// Sort is by the fields of messages. None is by relevance.
	Sort          []filter.Sort
	Limit, Offset int // Offset is for searches by relevance
	Next          string
}

// Found are messages that a search found, hydrated, and the cursors around them.
type Found struct {
	Messages       []*chat.Message
	Next, Previous string
}

// SearchMessages finds messages. Errors of the filter, the sort and the cursor are
// Invalid.
func (a *App) SearchMessages(ctx context.Context, q Search) (*Found, error) {
	s, err := a.searching(ctx, q)
	if err != nil {
		return nil, err
	}
	f := &Found{}
	var ids []string
	if len(q.Sort) == 0 {
		ids, err = s.relevant(ctx, f)
	} else {
		ids, err = s.sorted(ctx, f)
	}
	if err != nil {
		return nil, err
	}
	stored, err := a.StoredMessages(ctx, ids...)
	if err != nil {
		return nil, err
	}
	for _, id := range ids {
		if m := stored[id]; m != nil {
			f.Messages = append(f.Messages, m)
		}
	}
	return f, a.Hydrate(ctx, q.Viewer, f.Messages...)
}

// searching is one search.
type searching struct {
	*App
	Search

	key    []byte // of cursors
	fields filter.Fields
	args   []any // of where
	where  string
	words  words
	asked  string // the query of what messages are found by; "" if nothing is asked of it
	lead   string // that part of it which is no condition in where
}

// hit is a message that a search found.
type hit struct {
	ID       string         `db:"id"`
	At       time.Time      `db:"created_at"`
	Text     string         `db:"text"`
	Position jsontext.Value `db:"position"` // in the order of the search; null without one
}

func (a *App) searching(ctx context.Context, q Search) (*searching, error) {
	key, err := a.cursorKey(ctx)
	if err != nil {
		return nil, err
	}
	b := &filter.Builder{Args: append(q.Viewer.args(a.ID, column(q.Views, func(v View) string { return string(v.CID) })),
		column(q.Views, func(v View) *time.Time { return v.Since }))}
	fields := searchFields(a.ID, a.Now())
	where, err := fields.SQL(b, q.Filter)
	if err != nil {
		return nil, err
	}
	ask := askedOf(a.ID)
	s := &searching{App: a, Search: q, key: key, fields: fields, args: b.Args, words: wordsOf(q.Filter), asked: ask.of(q.Filter), lead: ask.of(ask.besides(q.Filter))}
	// In this order, as walks have it: most messages have not what is asked.
	s.where = where + ` AND m.app_id = $1 AND m.deleted_at IS NULL AND m.type IN ('regular', 'reply') AND (v.since IS NULL OR m.created_at > v.since)
		AND ` + visible + `
		AND NOT EXISTS (SELECT FROM message_deletions x WHERE x.app_id = $1 AND x.cid = m.cid AND x.user_id = $3 AND x.message_id = m.id)`
	return s, nil
}

// builder returns one for a further statement with the search's parameters.
func (s *searching) builder() *filter.Builder { return &filter.Builder{Args: slices.Clone(s.args)} }

func (s *searching) scope(order string) string {
	return "search " + strconv.Itoa(int(s.ID)) + " " + s.Viewer.UserID + " " + order
}

// mark is a place in a search by relevance: a window, by its newest message and its
// size, and how many of its messages come before. The messages behind a window follow in
// others of their own. So what a word costs does not grow with how often it was ever said.
type mark struct {
	At   time.Time `json:"at"`
	ID   string    `json:"id"`
	Size int       `json:"size"`
	Skip int       `json:"skip"`
}

func (s *searching) seal(m mark) string {
	return filter.Seal(s.key, s.scope("relevance"), wire.MustMarshal(m))
}

// relevant returns a page of ids by relevance.
func (s *searching) relevant(ctx context.Context, f *Found) ([]string, error) {
	odds, err := s.odds(ctx, "created_at")
	if err != nil {
		return nil, err
	}
	at := mark{Size: max(odds.window(), s.Offset+s.Limit), Skip: s.Offset}
	if s.Next != "" {
		doc, err := filter.Open(s.key, s.scope("relevance"), s.Next)
		if err != nil {
			return nil, err
		}
		if err := wire.Unmarshal(doc, &at); err != nil {
			return nil, err
		}
	}
	b := s.builder()
	cond, until := "TRUE", time.Time{}
	if at.ID != "" {
		cond, until = "(m.created_at, m.id) <= ("+b.Arg(at.At)+"::timestamptz, "+b.Arg(at.ID)+"::text)", at.At
	}
	newest := &spans{searching: s, odds: odds, b: b, key: "created_at", cond: cond, position: "NULL::jsonb", order: "m.created_at DESC, m.id DESC", desc: true, n: at.Size + 1}
	hits, err := s.byTime(ctx, newest, until)
	if err != nil || len(hits) == 0 {
		return nil, err
	}
	at.At, at.ID = hits[0].At, hits[0].ID
	behind := hits[min(len(hits), at.Size):]
	hits = hits[:len(hits)-len(behind)]
	s.words.rank(hits)
	skip, end := at.Skip, min(len(hits), at.Skip+s.Limit)
	switch next := at; {
	case end < len(hits):
		next.Skip = end
		f.Next = s.seal(next)
	case len(behind) > 0 && s.Limit > 0:
		f.Next = s.seal(mark{At: behind[0].At, ID: behind[0].ID, Size: max(odds.window(), s.Limit)})
	}
	if at.Skip > 0 && s.Next != "" {
		at.Skip = max(at.Skip-s.Limit, 0)
		f.Previous = s.seal(at)
	}
	return column(hits[min(skip, end):end], func(h *hit) string { return h.ID }), nil
}

// sorted returns a page of ids in the order of the sort.
func (s *searching) sorted(ctx context.Context, f *Found) ([]string, error) {
	b := s.builder()
	sorts := append(slices.Clip(s.Sort), filter.Sort{Field: "id", Desc: s.Sort[len(s.Sort)-1].Desc})
	order, err := searchKeys.Order(b, sorts)
	if err != nil {
		return nil, err
	}
	cur := searchCursor{cursors{key: s.key, scope: s.scope(order.SQL())}}
	next, prev, err := cur.split(s.Next)
	if err != nil {
		return nil, err
	}
	cond, way, err := cur.from(b, order, next, prev)
	if err != nil {
		return nil, err
	}
	first := s.Sort[0]
	p := &spans{
		searching: s, b: b, key: first.Field, cond: cond, position: order.Position(), order: way.SQL(),
		desc: first.Desc == (prev == ""), n: s.Limit + 1,
	}
	var start time.Time
	var hits []*hit
	switch first.Field {
	case "created_at", "updated_at":
		if p.odds, err = s.odds(ctx, p.key); err != nil {
			return nil, err
		}
		if start, err = cur.time(cmp.Or(next, prev)); err != nil {
			return nil, err
		}
		if len(s.Sort) > 1 {
			hits, err = s.byTimeFirst(ctx, p, start)
		} else {
			hits, err = s.byTime(ctx, p, start)
		}
	default:
		hits, err = p.all(ctx)
	}
	if err != nil || len(hits) == 0 {
		return nil, err
	}
	more := len(hits) > s.Limit
	hits = hits[:min(len(hits), s.Limit)]
	if prev != "" {
		slices.Reverse(hits)
	}
	if len(hits) > 0 {
		f.Next, f.Previous = cur.ends(hits[0].Position, hits[len(hits)-1].Position, next != "", prev != "", more)
		f.Next, f.Previous = cur.join("n", f.Next), cur.join("p", f.Previous)
	}
	return column(hits, func(h *hit) string { return h.ID }), nil
}

// list runs the search as one statement.
func (s *searching) list(ctx context.Context, b *filter.Builder, cond, position, order string, n int) ([]*hit, error) {
	limit := b.Arg(n)
	if s.lead != "" {
		cond += ` AND ` + foundBy + ` @@ ` + b.Arg(s.lead) + `::text::tsquery`
	}
	return many[hit](ctx, s.db, `
		SELECT m.id, m.created_at, m.text, `+position+` AS position
		FROM unnest($2::text[], $6::timestamptz[]) AS v (cid, since) JOIN messages m ON m.cid = v.cid
		WHERE `+s.where+` AND `+cond+` ORDER BY `+order+` LIMIT `+limit, append([]any{planned}, b.Args...)...)
}
