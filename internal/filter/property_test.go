package filter_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"pgregory.net/rapid"

	"chatd/internal/filter"
)

// row is a row of the table as the evaluator of this test sees it: absent columns
// are nil.
type row struct {
	id     string
	name   *string
	at     *time.Time
	n      *int64
	ok     *bool
	tags   []string
	custom map[string]any
}

var (
	epoch   = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	texts   = []string{"", "a", "b", "ab", "B", "a b", "b-a", "50%", "a_b", `\`, "Ab ba", "'"}
	words   = []string{"a", "b", "ab", "A", "b a", "ba", "50", "50%", "a_", "a b"}
	numbers = []string{"0", "1", "2", "2.5", "-1", "1.0", "10", "2e0"}
	tagList = []string{"x", "y", "z"}
	paths   = []string{"k", "l", "k.k", "k.l", "k.k.k", "custom.k"}
)

func genTime() *rapid.Generator[time.Time] {
	return rapid.Map(rapid.IntRange(0, 3), func(day int) time.Time { return epoch.AddDate(0, 0, day) })
}

// genJSON generates JSON values from a small world, so that they often meet.
func genJSON(depth int) *rapid.Generator[any] {
	leaves := []*rapid.Generator[any]{
		rapid.Map(rapid.SampledFrom(texts), func(s string) any { return s }),
		rapid.Map(rapid.SampledFrom(numbers), func(s string) any { return json.Number(s) }),
		rapid.Map(rapid.Bool(), func(b bool) any { return b }),
		rapid.Just[any](nil),
	}
	if depth > 0 {
		leaves = append(leaves,
			rapid.Map(rapid.SliceOfN(genJSON(depth-1), 0, 3), func(l []any) any { return l }),
			rapid.Map(genObject(depth-1), func(m map[string]any) any { return m }))
	}
	return rapid.OneOf(leaves...)
}

func genObject(depth int) *rapid.Generator[map[string]any] {
	return rapid.MapOfN(rapid.SampledFrom([]string{"k", "l"}), genJSON(depth), 0, 2)
}

func optional[T any](t *rapid.T, g *rapid.Generator[T], name string) *T {
	if rapid.IntRange(0, 3).Draw(t, name+" absent") == 0 {
		return nil
	}
	return new(g.Draw(t, name))
}

func genRow(t *rapid.T, i int) row {
	r := row{
		id:     fmt.Sprintf("%c%d", 'a'+i%3, i),
		name:   optional(t, rapid.SampledFrom(texts), "name"),
		at:     optional(t, genTime(), "at"),
		n:      optional(t, rapid.Int64Range(-1, 3), "n"),
		ok:     optional(t, rapid.Bool(), "ok"),
		custom: genObject(2).Draw(t, "custom"),
	}
	if tags := optional(t, rapid.SliceOfN(rapid.SampledFrom(tagList), 0, 3), "tags"); tags != nil {
		r.tags = *tags
	}
	return r
}

// genFilter generates a filter document as a JSON value.
func genFilter(depth int) *rapid.Generator[map[string]any] {
	return rapid.Custom(func(t *rapid.T) map[string]any {
		doc := map[string]any{}
		for range rapid.IntRange(0, 2).Draw(t, "fields") {
			name, value := genCondition(t)
			doc[name] = value
		}
		if depth > 0 && rapid.Bool().Draw(t, "logical") {
			op := rapid.SampledFrom([]string{"$and", "$or", "$nor"}).Draw(t, "op")
			doc[op] = rapid.SliceOfN(genFilter(depth-1), 1, 3).Draw(t, op)
		}
		return doc
	})
}

var ordered = []filter.Op{filter.Gt, filter.Gte, filter.Lt, filter.Lte}

func genCondition(t *rapid.T) (name string, value any) {
	field := rapid.SampledFrom([]string{"id", "name", "at", "n", "ok", "tags", "custom", "custom", "custom"}).Draw(t, "field")
	var scalar *rapid.Generator[any]
	ops := append([]filter.Op{filter.Eq, filter.Ne, filter.In, filter.Nin, filter.Exists}, ordered...)
	switch field {
	case "id", "name":
		scalar = rapid.Map(rapid.SampledFrom(texts), func(s string) any { return s })
		ops = append(ops, filter.Autocomplete, filter.Query)
	case "at":
		scalar = rapid.Map(genTime(), func(at time.Time) any { return at.Format(time.RFC3339) })
	case "n":
		scalar = rapid.Map(rapid.SampledFrom(numbers), func(s string) any { return json.Number(s) })
	case "ok":
		scalar = rapid.Map(rapid.Bool(), func(b bool) any { return b })
		ops = []filter.Op{filter.Eq, filter.Ne, filter.Exists}
	case "tags":
		scalar = rapid.Map(rapid.SampledFrom(tagList), func(s string) any { return s })
		ops = []filter.Op{filter.Eq, filter.Ne, filter.In, filter.Nin, filter.Exists, filter.Contains}
	default:
		field = rapid.SampledFrom(paths).Draw(t, "path")
		scalar = genJSON(1)
		ops = append(ops, filter.Autocomplete, filter.Query, filter.Contains)
	}
	op := rapid.SampledFrom(ops).Draw(t, "op")
	return field, map[string]any{string(op): genValue(t, field, op, scalar)}
}

func genValue(t *rapid.T, field string, op filter.Op, scalar *rapid.Generator[any]) any {
	custom := slices.Contains(paths, field)
	switch op {
	case filter.Exists:
		return rapid.Bool().Draw(t, "exists")
	case filter.Autocomplete, filter.Query:
		return rapid.SampledFrom(words).Draw(t, "words")
	case filter.In, filter.Nin:
		return rapid.SliceOfN(scalar, 0, 3).Draw(t, "list")
	case filter.Gt, filter.Gte, filter.Lt, filter.Lte:
		if custom {
			return scalar.Filter(func(v any) bool {
				switch v.(type) {
				case string, json.Number, bool:
					return true
				}
				return false
			}).Draw(t, "value")
		}
	case filter.Eq, filter.Ne:
		if rapid.IntRange(0, 5).Draw(t, "null") == 0 {
			return nil
		}
		if field == "tags" && rapid.Bool().Draw(t, "set") {
			return rapid.SliceOfN(scalar, 0, 3).Draw(t, "value")
		}
	default:
	}
	return scalar.Draw(t, "value")
}

// TestAgainstEvaluator compares PostgreSQL's answer with that of the evaluator in
// this package's tests.
func TestAgainstEvaluator(t *testing.T) {
	t.Parallel()
	db := connect(t)
	rapid.Check(t, func(rt *rapid.T) {
		rows := make([]row, rapid.IntRange(1, 8).Draw(rt, "rows"))
		for i := range rows {
			rows[i] = genRow(rt, i)
		}
		insert(t, db, rows)
		for range 5 {
			doc, err := json.Marshal(genFilter(2).Draw(rt, "filter"))
			if err != nil {
				rt.Fatal(err)
			}
			n, err := filter.Parse(doc, filter.Limits{})
			if err != nil {
				rt.Fatalf("%s: %v", doc, err)
			}
			var want []string
			for _, r := range rows {
				if r.matches(n) {
					want = append(want, r.id)
				}
			}
			slices.Sort(want)
			got, sql := query(t, db, fields, string(doc))
			if got != strings.Join(want, " ") {
				rt.Fatalf("%s\n%s\n= %q, want %q", doc, sql, got, want)
			}
		}
	})
}

func insert(tb testing.TB, db *pgx.Conn, rows []row) {
	tb.Helper()
	var batch pgx.Batch
	batch.Queue("TRUNCATE r")
	for _, r := range rows {
		custom, err := json.Marshal(r.custom)
		if err != nil {
			tb.Fatal(err)
		}
		batch.Queue("INSERT INTO r (id, name, at, n, ok, tags, custom) VALUES ($1, $2, $3, $4, $5, $6, $7)",
			r.id, r.name, r.at, r.n, r.ok, r.tags, string(custom))
	}
	if err := db.SendBatch(tb.Context(), &batch).Close(); err != nil {
		tb.Fatal(err)
	}
}

// TestPostgreSQLTakesAll sends values of any type and text to every kind of field: a
// comparison that is rendered is one that PostgreSQL can answer.
func TestPostgreSQLTakesAll(t *testing.T) {
	t.Parallel()
	db := connect(t)
	exec(t, db, rows)
	text := rapid.OneOf(rapid.String(), rapid.SampledFrom(append(texts, "2026-01-01T00:00:00Z", `%\_`, "{", `"`, "a:*", strings.Repeat("a", 1024))))
	digits := rapid.StringMatching(`-?(0|[1-9][0-9]{0,40})(\.[0-9]{1,10})?([eE][+-]?[0-9]{1,4})?`)
	scalar := rapid.OneOf(genJSON(2), rapid.Map(text, func(s string) any { return s }), rapid.Map(digits, func(s string) any { return json.Number(s) }))
	value := rapid.OneOf(scalar, rapid.Map(rapid.SliceOfN(scalar, 0, 4), func(l []any) any { return l }))
	names := append([]string{"id", "name", "kind", "at", "n", "price", "ok", "tags", "hidden"}, paths...)
	ops := append(slices.Clone(every), filter.Ne, filter.Nin)
	rendered := 0
	rapid.Check(t, func(rt *rapid.T) {
		name := rapid.OneOf(rapid.SampledFrom(names), text).Draw(rt, "field")
		op := rapid.SampledFrom(ops).Draw(rt, "op")
		doc, err := json.Marshal(map[string]any{name: map[string]any{string(op): value.Draw(rt, "value")}})
		if err != nil {
			rt.Fatal(err)
		}
		var b filter.Builder
		n, err := filter.Parse(doc, filter.Limits{})
		if err != nil {
			return
		}
		where, err := fields.SQL(&b, n)
		if err != nil {
			return
		}
		rendered++
		if _, err := selectIDs(t, db, where, b.Args); err != nil {
			rt.Fatalf("%s: %v\n%s", doc, err, where)
		}
	})
	if rendered == 0 {
		t.Error("nothing was rendered")
	}
}
