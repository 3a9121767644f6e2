package store

import (
	"context"
	"slices"

	"github.com/go-json-experiment/json/jsontext"

	"chatd/internal/filter"
)

// Query is what a client asks of a list that is read page by page.
type Query struct {
	Filter     jsontext.Value
	Sort       jsontext.Value
	Limit      int
	Next, Prev string // at most one: a cursor of an earlier answer
}

// maxSort bounds the items of a sort.
const maxSort = 5

// pages is a list of which clients filter, sort and read pages.
type pages[T any] struct {
	name          string // for cursors: which list
	fields        filter.Fields
	keys          filter.Keys
	first         filter.Sort // the order without a sort
	unique        []string    // the keys that make any order total
	columns, from string      // from ends with a condition
	args          []any       // the parameters of from
	position      func(*T) jsontext.Value
}

// read reads a page, and the cursors of the pages after and before; "" where there
// is none. What the query gets wrong is Invalid.
func (l pages[T]) read(ctx context.Context, a *App, q Query) (rows []*T, next, prev string, err error) {
	b := &filter.Builder{Args: l.args}
	node, err := filter.Parse(q.Filter, filter.Limits{})
	if err != nil {
		return nil, "", "", err
	}
	where, err := l.fields.SQL(b, node)
	if err != nil {
		return nil, "", "", err
	}
	sorts, err := filter.ParseSort(q.Sort, maxSort)
	if err != nil {
		return nil, "", "", err
	}
	order, scope, err := totalOrder(b, l.keys, sorts, l.first, l.unique...)
	if err != nil {
		return nil, "", "", err
	}
	c := cursors{scope: l.name + " " + scope}
	if c.key, err = a.cursorKey(ctx); err != nil {
		return nil, "", "", err
	}
	cond, order, err := c.from(b, order, q.Next, q.Prev)
	if err != nil {
		return nil, "", "", err
	}
	rows, err = many[T](ctx, a.db, `SELECT `+l.columns+`, `+order.Position()+` AS position FROM `+l.from+` AND `+where+` AND `+cond+
		` ORDER BY `+order.SQL()+` LIMIT `+b.Arg(q.Limit+1), b.Args...)
	if err != nil {
		return nil, "", "", err
	}
	more := len(rows) > q.Limit
	rows = rows[:min(len(rows), q.Limit)]
	if q.Prev != "" {
		slices.Reverse(rows)
	}
	if len(rows) > 0 {
		next, prev = c.ends(l.position(rows[0]), l.position(rows[len(rows)-1]), q.Next != "", q.Prev != "", more)
	}
	return rows, next, prev, nil
}
