package store

import (
	"context"
	"slices"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"chatd/internal/filter"
)

// RetentionRun is what a policy removed on a day.
type RetentionRun struct {
	Policy          string    `db:"policy"`
	Date            time.Time `db:"date"`
	MessagesDeleted int       `db:"messages_deleted"`
	ChannelsDeleted int       `db:"channels_deleted"`
}

// RetentionRunsQuery selects runs.
type RetentionRunsQuery struct {
	Filter     filter.Node
	Sort       jsontext.Value
	Limit      int
	Next, Prev string // at most one: a cursor of an earlier answer
}

// Of runs, what can be filtered and sorted by.
var (
	runFields = filter.Fields{Named: map[string]filter.Field{
		"policy": filter.Text("r.policy", filter.OneOf),
		"date":   filter.Time("r.date", filter.Range),
	}}
	runKeys = filter.Keys{Named: map[string]filter.Key{
		"date":   {Expr: "r.date", Type: "timestamptz"},
		"policy": {Expr: "r.policy", Type: "text"},
	}}
)

// maxRunSort bounds the items of a sort of runs.
const maxRunSort = 2

// QueryRetentionRuns returns the runs that a filter selects, by default the newest
// first, and the cursors of the pages after and before; "" where there is none. What
// the query gets wrong is Invalid.
func (a *App) QueryRetentionRuns(ctx context.Context, q RetentionRunsQuery) (list []*RetentionRun, next, prev string, err error) {
	b := &filter.Builder{Args: []any{a.ID, q.Limit + 1}}
	where, err := runFields.SQL(b, q.Filter)
	if err != nil {
		return nil, "", "", err
	}
	sorts, err := filter.ParseSort(q.Sort, maxRunSort)
	if err != nil {
		return nil, "", "", err
	}
	order, scope, err := totalOrder(b, runKeys, sorts, filter.Sort{Field: "date", Desc: true}, "date", "policy")
	if err != nil {
		return nil, "", "", err
	}
	c := cursors{scope: "retention runs " + scope}
	if c.key, err = a.cursorKey(ctx); err != nil {
		return nil, "", "", err
	}
	cond, order, err := c.from(b, order, q.Next, q.Prev)
	if err != nil {
		return nil, "", "", err
	}
	type row struct {
		RetentionRun

		Position jsontext.Value `db:"position"`
	}
	rows, err := many[row](ctx, a.db, `
		SELECT r.policy, r.date, r.messages_deleted, r.channels_deleted, `+order.Position()+` AS position FROM retention_runs r
		WHERE r.app_id = $1 AND `+where+` AND `+cond+`
		ORDER BY `+order.SQL()+` LIMIT $2`, b.Args...)
	if err != nil {
		return nil, "", "", err
	}
	more := len(rows) > q.Limit
	rows = rows[:min(len(rows), q.Limit)]
	if q.Prev != "" {
		slices.Reverse(rows)
	}
	if len(rows) > 0 {
		next, prev = c.ends(rows[0].Position, rows[len(rows)-1].Position, q.Next != "", q.Prev != "", more)
	}
	return column(rows, func(r *row) *RetentionRun { return &r.RetentionRun }), next, prev, nil
}
