package store

import (
	"context"
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

// QueryRetentionRuns returns the runs that a filter selects, by default the newest
// first, and the cursors of the pages after and before; "" where there is none. What
// the query gets wrong is Invalid.
func (a *App) QueryRetentionRuns(ctx context.Context, q Query) (list []*RetentionRun, next, prev string, err error) {
	type row struct {
		RetentionRun

		Position jsontext.Value `db:"position"`
	}
	rows, next, prev, err := pages[row]{
		name: "retention runs", args: []any{a.ID}, fields: runFields, keys: runKeys,
		first: filter.Sort{Field: "date", Desc: true}, unique: []string{"date", "policy"},
		columns: `r.policy, r.date, r.messages_deleted, r.channels_deleted`, from: `retention_runs r WHERE r.app_id = $1`,
		position: func(r *row) jsontext.Value { return r.Position },
	}.read(ctx, a, q)
	return column(rows, func(r *row) *RetentionRun { return &r.RetentionRun }), next, prev, err
}
