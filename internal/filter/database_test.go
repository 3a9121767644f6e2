package filter_test

import (
	"context"
	"os"
	"testing"

	"github.com/jackc/pgx/v5"

	"chatd/internal/filter"
)

// table has a column of every kind.
const table = `CREATE TEMP TABLE r (
	id text COLLATE "C" PRIMARY KEY, name text COLLATE "C", kind text, at timestamptz, n bigint, price numeric,
	ok boolean, tags text[], custom jsonb NOT NULL DEFAULT '{}')`

var every = filter.Range.With(filter.Autocomplete, filter.Query, filter.Contains)

// fields are those of table, with all operators that a kind can have.
var fields = filter.Fields{
	Named: map[string]filter.Field{
		"id":    filter.Text("r.id", every),
		"name":  filter.Text("r.name", every),
		"kind":  filter.Enum("r.kind", every, "a", "b"),
		"at":    filter.Time("r.at", every),
		"n":     filter.Number("r.n", every),
		"price": filter.Number("r.price", every),
		"ok":    filter.Bool("r.ok", filter.Equal.With(filter.Exists)),
		"tags":  filter.TextArray("r.tags", filter.OneOf.With(filter.Exists, filter.Contains)),
		"exact": filter.Text("r.id", filter.Equal),
		"hidden": filter.Rendered(filter.Equal, func(b *filter.Builder, c filter.Cmp) (string, error) {
			hidden, err := c.Bool()
			return "EXISTS (SELECT 1 FROM r h WHERE h.id = r.id AND h.ok) = " + b.Arg(hidden) + "::boolean", err
		}),
	},
	Custom: filter.JSON{Column: "r.custom", Ops: every}.Field,
}

// connect returns a connection of the test's own, in which the temporary table r is.
func connect(tb testing.TB) *pgx.Conn {
	tb.Helper()
	url := os.Getenv("CHATD_TEST_DATABASE_URL")
	if url == "" {
		tb.Skip("CHATD_TEST_DATABASE_URL is not set: the tests that ask PostgreSQL need it")
	}
	db, err := pgx.Connect(tb.Context(), url)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := db.Close(context.WithoutCancel(tb.Context())); err != nil {
			tb.Error(err)
		}
	})
	exec(tb, db, "SET timezone = 'Canada/Newfoundland'")
	exec(tb, db, table)
	return db
}

func exec(tb testing.TB, db *pgx.Conn, sql string) {
	tb.Helper()
	if _, err := db.Exec(tb.Context(), sql); err != nil {
		tb.Fatalf("%s: %v", sql, err)
	}
}
