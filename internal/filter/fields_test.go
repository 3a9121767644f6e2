package filter_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"chatd/internal/chat"
	"chatd/internal/filter"
)

const rows = `INSERT INTO r (id, name, kind, at, n, price, ok, tags, custom) VALUES
	('ann', 'Ann Lee',    'a',  '2026-01-01T00:00:00.5Z', 1, 1.50, true, '{x,y}',
		'{"age": 30, "color": "red", "tags": ["a", "b"], "o": {"k": {"d": 5}, "s": "in"}, "on": true, "rank": "b", "list": [[1], {"p": 1, "q": 2}]}'),
	('bob', 'bob-50%_x',  'b',  '2026-01-02T00:00:00Z', 2, 1e30, false, '{x}',
		'{"age": "30", "color": "Red wine", "tags": ["a"], "o": {"k": 5}, "on": false, "rank": "a", "big": 12345678901234567890}'),
	('cat', '',           NULL, '2026-01-03T00:00:00Z', 3, -2, NULL, '{}',
		'{"age": 9, "color": null, "tags": "a", "rank": null, "o": [{"k": 5}], "big": 12345678901234567891, "0": ["z"]}'),
	('dan', NULL,         NULL, NULL, NULL, NULL, NULL, NULL, '{}')`

func TestSQL(t *testing.T) {
	t.Parallel()
	db := connect(t)
	exec(t, db, rows)
	for _, tt := range []struct{ filter, want string }{
		{`{}`, "ann bob cat dan"},
		{``, "ann bob cat dan"},
		{`null`, "ann bob cat dan"},

		// Text.
		{`{"id": "ann"}`, "ann"},
		{`{"id": {"$eq": "ann"}}`, "ann"},
		{`{"id": {"$ne": "ann"}}`, "bob cat dan"},
		{`{"id": {"$in": ["ann", "dan", "eve"]}}`, "ann dan"},
		{`{"id": {"$in": []}}`, ""},
		{`{"id": {"$nin": []}}`, "ann bob cat dan"},
		{`{"id": {"$gt": "ann", "$lte": "cat"}}`, "bob cat"},
		{`{"id": {"$gte": "ann", "$lt": "cat"}}`, "ann bob"},
		{`{"name": null}`, "cat dan"},
		{`{"name": {"$ne": null}}`, "ann bob"},
		{`{"name": ""}`, "cat"},
		{`{"name": {"$ne": "Ann Lee"}}`, "bob cat dan"},
		{`{"name": {"$nin": ["Ann Lee"]}}`, "bob cat dan"},
		{`{"name": {"$exists": true}}`, "ann bob"},
		{`{"name": {"$exists": false}}`, "cat dan"},
		{`{"name": {"$autocomplete": "aNN"}}`, "ann"},
		{`{"name": {"$autocomplete": "le"}}`, "ann"},
		{`{"name": {"$autocomplete": "ann l"}}`, "ann"},
		{`{"name": {"$autocomplete": "nn"}}`, ""},
		{`{"name": {"$autocomplete": "50"}}`, "bob"},
		{`{"name": {"$autocomplete": "50%_"}}`, "bob"},
		{`{"name": {"$autocomplete": "5_%"}}`, ""},
		{`{"name": {"$autocomplete": "5\\"}}`, ""},
		{`{"name": {"$autocomplete": "x"}}`, "bob"},
		{`{"name": {"$q": "lee ANN"}}`, "ann"},
		{`{"name": {"$q": "le"}}`, ""},
		{`{"name": {"$q": "lee & ' | !"}}`, "ann"},

		// Enum.
		{`{"kind": "a"}`, "ann"},
		{`{"kind": {"$in": ["a", "b"]}}`, "ann bob"},
		{`{"kind": null}`, "cat dan"},
		{`{"kind": {"$ne": "a"}}`, "bob cat dan"},
		{`{"kind": {"$exists": true}}`, "ann bob"},

		// Time.
		{`{"at": "2026-01-01T00:00:00.5Z"}`, "ann"},
		{`{"at": "2026-01-01T01:00:00.500+01:00"}`, "ann"},
		{`{"at": "2026-01-02"}`, "bob"},
		{`{"at": {"$in": ["2026-01-02T00:00:00", "2026-01-03T00:00:00Z"]}}`, "bob cat"},
		{`{"at": {"$gt": "2026-01-02T00:00:00Z"}}`, "cat"},
		{`{"at": {"$gte": "2026-01-02T00:00:00Z"}}`, "bob cat"},
		{`{"at": {"$lt": "2026-01-02T00:00:00Z"}}`, "ann"},
		{`{"at": {"$lte": "2026-01-02T00:00:00Z"}}`, "ann bob"},
		{`{"at": {"$lte": "0000-01-01T00:00:00+23:59"}}`, ""},
		{`{"at": {"$lte": "9999-12-31T23:59:59.999999999-23:59"}}`, "ann bob cat"},
		{`{"at": {"$ne": "2026-01-02"}}`, "ann cat dan"},
		{`{"at": {"$nin": ["2026-01-02"]}}`, "ann cat dan"},
		{`{"at": null}`, "dan"},
		{`{"at": {"$exists": true}}`, "ann bob cat"},
		{`{"at": {"$exists": false}}`, "dan"},

		// Number.
		{`{"n": 2}`, "bob"},
		{`{"n": 2.0}`, "bob"},
		{`{"n": 20e-1}`, "bob"},
		{`{"n": 2.5}`, ""},
		{`{"n": {"$gt": 1.5}}`, "bob cat"},
		{`{"n": {"$gte": 2, "$lt": 3}}`, "bob"},
		{`{"n": {"$lte": -0}}`, ""},
		{`{"n": {"$in": [1, 3]}}`, "ann cat"},
		{`{"n": {"$in": [1, 2.5]}}`, "ann"},
		{`{"n": {"$in": []}}`, ""},
		{`{"n": {"$nin": [1]}}`, "bob cat dan"},
		{`{"n": {"$ne": 1}}`, "bob cat dan"},
		{`{"n": null}`, "dan"},
		{`{"n": {"$exists": false}}`, "dan"},
		{`{"n": {"$lt": 9223372036854775807}}`, "ann bob cat"},
		{`{"price": 1.5}`, "ann"},
		{`{"price": {"$gt": 1e-300}}`, "ann bob"},
		{`{"price": {"$gt": 9223372036854775807}}`, "bob"},

		// Bool.
		{`{"ok": true}`, "ann"},
		{`{"ok": false}`, "bob"},
		{`{"ok": {"$ne": true}}`, "bob cat dan"},
		{`{"ok": null}`, "cat dan"},
		{`{"ok": {"$exists": true}}`, "ann bob"},

		// Arrays of text.
		{`{"tags": {"$contains": "x"}}`, "ann bob"},
		{`{"tags": "y"}`, "ann"},
		{`{"tags": ["y", "x", "y"]}`, "ann"},
		{`{"tags": {"$eq": ["x"]}}`, "bob"},
		{`{"tags": {"$ne": ["x"]}}`, "ann cat dan"},
		{`{"tags": {"$in": ["y", "z"]}}`, "ann"},
		{`{"tags": {"$nin": ["y"]}}`, "bob cat dan"},
		{`{"tags": {"$in": []}}`, ""},
		{`{"tags": null}`, "cat dan"},
		{`{"tags": []}`, "cat dan"},
		{`{"tags": {"$ne": null}}`, "ann bob"},
		{`{"tags": {"$exists": true}}`, "ann bob"},
		{`{"tags": {"$exists": false}}`, "cat dan"},

		// Custom.
		{`{"age": 30}`, "ann"},
		{`{"age": 30.0}`, "ann"},
		{`{"custom.age": 30}`, "ann"},
		{`{"age": "30"}`, "bob"},
		{`{"age": {"$ne": 30}}`, "bob cat dan"},
		{`{"age": {"$gt": 8, "$lt": 31}}`, "ann cat"},
		{`{"age": {"$gte": 9, "$lte": 30}}`, "ann cat"},
		{`{"age": {"$gt": "2"}}`, "bob"},
		{`{"age": {"$in": [9, "30"]}}`, "bob cat"},
		{`{"age": {"$nin": [9, "30"]}}`, "ann dan"},
		{`{"age": {"$in": []}}`, ""},
		{`{"on": true}`, "ann"},
		{`{"on": {"$lt": true}}`, "bob"},
		{`{"color": null}`, "cat dan"},
		{`{"color": {"$ne": null}}`, "ann bob"},
		{`{"color": {"$in": [null, "red"]}}`, "ann cat dan"},
		{`{"color": {"$nin": [null, "red"]}}`, "bob"},
		{`{"color": {"$exists": true}}`, "ann bob cat"},
		{`{"color": {"$exists": false}}`, "dan"},
		{`{"color": {"$gte": "R", "$lt": "S"}}`, "bob"},
		{`{"color": {"$autocomplete": "re"}}`, "ann bob"},
		{`{"color": {"$autocomplete": "WI"}}`, "bob"},
		{`{"color": {"$q": "wine"}}`, "bob"},
		{`{"age": {"$autocomplete": "3"}}`, "bob"},
		{`{"tags": {"$contains": "a"}, "id": {"$exists": true}}`, ""},
		{`{"custom.tags": {"$contains": "a"}}`, "ann bob"},
		{`{"custom.tags": {"$contains": ["b", "a"]}}`, "ann"},
		{`{"custom.tags": ["a"]}`, "bob"},
		{`{"custom.tags": ["b", "a"]}`, ""},
		{`{"custom.tags": []}`, ""},
		{`{"custom.tags": "a"}`, "cat"},
		{`{"custom.tags": {"$in": ["a"]}}`, "cat"},
		{`{"custom.tags": {"$in": [["a"], "a", ["a", "b", "c"]]}}`, "bob cat"},
		{`{"list": {"$contains": {"p": 1}}}`, "ann"},
		{`{"o.k": 5}`, "bob"},
		{`{"o.k.d": 5}`, "ann"},
		{`{"o.k": {"d": 5}}`, "ann"},
		{`{"o": {"k": {"d": 5}}}`, ""},
		{`{"o": {"s": "in", "k": {"d": 5.0}}}`, "ann"},
		{`{"o": {}}`, ""},
		{`{"o.k": {"$gt": 4}}`, "bob"},
		{`{"o.k": {"$exists": true}}`, "ann bob"},
		{`{"o.0.k": {"$exists": true}}`, ""},
		{`{"0.0": "z"}`, ""},
		{`{"o.s": {"$autocomplete": "i"}}`, "ann"},
		{`{"big": 12345678901234567890}`, "bob"},
		{`{"big": {"$gt": 12345678901234567890}}`, "cat"},
		{`{"nowhere": {"$ne": 1}}`, "ann bob cat dan"},
		{`{"a'; drop table r; --": {"$gt": "'; drop table r; --"}}`, ""},

		// A relation.
		{`{"hidden": true}`, "ann"},
		{`{"hidden": {"$ne": true}}`, "bob cat dan"},

		// Logic.
		{`{"$or": [{"id": "ann"}, {"age": {"$lt": 10}}]}`, "ann cat"},
		{`{"$and": [{"n": {"$gt": 1}}, {"n": {"$lt": 3}}]}`, "bob"},
		{`{"$nor": [{"id": "ann"}, {"n": {"$gt": 2}}]}`, "bob dan"},
		{`{"$nor": [{"$nor": [{"id": "ann"}]}]}`, "ann"},
		{`{"$or": [{}]}`, "ann bob cat dan"},
		{`{"$nor": [{}]}`, ""},
		{`{"n": {"$gt": 1}, "$or": [{"id": "ann"}, {"$and": [{"id": "bob"}, {"ok": false}]}]}`, "bob"},
	} {
		got, sql := query(t, db, fields, tt.filter)
		if got != tt.want {
			t.Errorf("%s = %q, want %q\n%s", tt.filter, got, tt.want, sql)
		}
	}
}

// query returns the ids of the rows that a filter matches, and its SQL.
func query(tb testing.TB, db *pgx.Conn, fields filter.Fields, doc string) (ids, sql string) {
	tb.Helper()
	b := filter.Builder{Args: []any{true}}
	n, err := filter.Parse([]byte(doc), filter.Limits{})
	if err != nil {
		tb.Fatalf("%s: %v", doc, err)
	}
	where, err := fields.SQL(&b, n)
	if err != nil {
		tb.Fatalf("%s: %v", doc, err)
	}
	found, err := selectIDs(tb, db, "$1::boolean AND "+where+" ORDER BY id", b.Args)
	if err != nil {
		tb.Fatalf("%s: %v\n%s\n%v", doc, err, where, b.Args)
	}
	return strings.Join(found, " "), where
}

func selectIDs(tb testing.TB, db *pgx.Conn, where string, args []any) ([]string, error) {
	tb.Helper()
	found, err := db.Query(tb.Context(), "SELECT id FROM r WHERE "+where, args...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(found, pgx.RowTo[string])
}

// TestModes runs the parameters of every kind through pgx's modes for poolers, in
// which it does not ask the server for their types.
func TestModes(t *testing.T) {
	t.Parallel()
	for _, mode := range []pgx.QueryExecMode{pgx.QueryExecModeExec, pgx.QueryExecModeSimpleProtocol, pgx.QueryExecModeDescribeExec} {
		t.Run(mode.String(), func(t *testing.T) {
			t.Parallel()
			db := connect(t)
			exec(t, db, rows)
			for _, doc := range []string{
				`{"id": "ann", "name": {"$autocomplete": "le"}, "kind": {"$in": ["a"]}}`,
				`{"at": {"$gt": "2020-01-01T00:00:00.123456Z", "$in": ["2026-01-01T00:00:00.5Z"]}}`,
				`{"n": 1, "price": {"$in": [1.5, 2e-5]}, "ok": true, "tags": {"$in": ["x"], "$contains": "y"}}`,
				`{"n": {"$in": [1, 5]}, "name": {"$q": "lee"}}`,
				`{"age": 30, "color": {"$gte": "r"}, "o.k.d": {"$gt": 4.5}, "custom.tags": {"$in": [["a", "b"], "\"'\\{}"]}}`,
			} {
				n, err := filter.Parse([]byte(doc), filter.Limits{})
				if err != nil {
					t.Fatal(err)
				}
				var b filter.Builder
				where, err := fields.SQL(&b, n)
				if err != nil {
					t.Fatal(err)
				}
				ids, err := selectIDs(t, db, where, append([]any{mode}, b.Args...))
				if got := fmt.Sprint(ids); err != nil || got != "[ann]" {
					t.Errorf("%s = %s, %v\n%s", doc, got, err, where)
				}
			}
		})
	}
}

// TestIndex proves that equality, $in and $contains on custom fields can be answered
// by the index that stores are told to make.
func TestIndex(t *testing.T) {
	t.Parallel()
	db := connect(t)
	exec(t, db, "CREATE INDEX r_custom ON r USING gin (custom jsonb_path_ops)")
	exec(t, db, `INSERT INTO r (id, custom) SELECT i, jsonb_build_object('color', 'c' || i % 500, 'tags', jsonb_build_array('t' || i % 500))
		FROM generate_series(1, 10000) i`)
	exec(t, db, "ANALYZE r")
	exec(t, db, "SET enable_seqscan = off") // the table is too small to be worth an index
	for _, doc := range []string{
		`{"color": "c7"}`, `{"color": {"$in": ["c1", "c2"]}}`, `{"tags": {"$contains": "t5"}}`, `{"tags": ["t5"]}`,
		`{"tags": {"$in": [["t5"], ["t6"]]}}`,
	} {
		n, err := filter.Parse([]byte(doc), filter.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		var b filter.Builder
		where, err := filter.Fields{Custom: filter.JSON{Column: "r.custom", Ops: every}.Field}.SQL(&b, n)
		if err != nil {
			t.Fatal(err)
		}
		found, err := db.Query(t.Context(), "EXPLAIN SELECT id FROM r WHERE "+where, b.Args...)
		if err != nil {
			t.Fatal(err)
		}
		plan, err := pgx.CollectRows(found, pgx.RowTo[string])
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(strings.Join(plan, "\n"), "Bitmap Index Scan on r_custom") {
			t.Errorf("%s does not use the index:\n%s", doc, strings.Join(plan, "\n"))
		}
	}
}

func TestSQLErrors(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("é", 100)
	deep := filter.Fields{Custom: filter.JSON{Column: "c", Ops: filter.Range, Entity: "users"}.Field}
	named := filter.Fields{Named: fields.Named}
	for _, tt := range []struct {
		fields       filter.Fields
		filter, want string
	}{
		{named, `{"invalid": 1}`, `unrecognized field "invalid"`},
		{named, `{"exact": {"$q": "a"}}`, `operator "$q" is not allowed for field "exact"`},
		{named, `{"exact": {"$in": ["a"]}}`, `operator "$in" is not allowed for field "exact"`},
		{named, `{"exact": {"$nin": ["a"]}}`, `operator "$nin" is not allowed for field "exact"`},
		{named, `{"hidden": {"$exists": true}}`, `operator "$exists" is not allowed for field "hidden"`},
		{named, `{"id": {"$contains": "a"}}`, `operator "$contains" is not allowed for field "id"`},
		{named, `{"id": {"$any": "a"}}`, `operator "$any" is not allowed for field "id"`},
		{named, `{"at": {"$q": "a"}}`, `expected date for field "at" but got "a"`},
		{named, `{"id": 7}`, "field `id` contains type number. expecting string"},
		{named, `{"id": true}`, "field `id` contains type bool. expecting string"},
		{named, `{"id": ["a"]}`, "field `id` contains type array. expecting string"},
		{named, `{"id": {"a": 1}}`, "field `id` contains type object. expecting string"},
		{named, `{"id": {}}`, "field `id` contains type object. expecting string"},
		{named, `{"id": {"$gt": null}}`, "field `id` contains type null. expecting string"},
		{named, `{"id": {"$in": "a"}}`, "field `id` contains type string. expecting array"},
		{named, `{"id": {"$in": ["a", 7]}}`, "field `id` contains type number. expecting string"},
		{named, `{"id": {"$in": [null]}}`, "field `id` contains type null. expecting string"},
		{named, `{"id": {"$exists": "yes"}}`, "$exists operator only support boolean values"},
		{named, `{"id": {"$exists": null}}`, "$exists operator only support boolean values"},
		{
			named, `{"id": {"$autocomplete": ""}}`,
			"$autocomplete field is empty or contains invalid characters. Please provide a valid string to autocomplete",
		},
		{
			named, `{"id": {"$autocomplete": "%%"}}`,
			"$autocomplete field is empty or contains invalid characters. Please provide a valid string to autocomplete",
		},
		{
			named, `{"id": {"$autocomplete": "a\nb"}}`,
			"$autocomplete field is empty or contains invalid characters. Please provide a valid string to autocomplete",
		},
		{named, `{"id": {"$autocomplete": 5}}`, "field `id` contains type number. expecting string"},
		{named, `{"id": {"$q": " "}}`, "$q field is empty or contains invalid characters. Please provide a valid string to search"},
		{named, `{"id": {"$q": "` + strings.Repeat("a ", 513) + `"}}`, "id must be 1024 characters or less"},
		{named, `{"kind": "c"}`, "kind must be one of [a b]"},
		{named, `{"kind": {"$in": ["a", "c"]}}`, "kind must be one of [a b]"},
		{named, `{"kind": 5}`, "field `kind` contains type number. expecting string"},
		{named, `{"at": "invalid"}`, `expected date for field "at" but got "invalid"`},
		{named, `{"at": 5}`, `expected date for field "at" but got "5"`},
		{named, `{"at": "2026-02-30T00:00:00Z"}`, `expected date for field "at" but got "2026-02-30T00:00:00Z"`},
		{named, `{"at": {"$in": ["x"]}}`, `expected date for field "at" but got "x"`},
		{named, `{"at": "` + long + `"}`, `expected date for field "at" but got "` + long[:64] + `…"`},
		{named, `{"n": "1"}`, "field `n` contains type string. expecting number"},
		{named, `{"n": {"$in": [1, "1"]}}`, "field `n` contains type string. expecting number"},
		{named, `{"n": 9223372036854775808}`, "field `n` contains a number out of range"},
		{named, `{"n": {"$in": [1e30]}}`, "field `n` contains a number out of range"},
		{named, `{"ok": "true"}`, "field `ok` contains type string. expecting bool"},
		{named, `{"tags": {"$contains": ["x"]}}`, "field `tags` contains type array. expecting string"},
		{named, `{"tags": ""}`, "field tags expect non-empty string values"},
		{named, `{"tags": {"$in": [5]}}`, "field `tags` contains type number. expecting string"},
		{named, `{"tags": {"$in": "x"}}`, "field `tags` contains type string. expecting array"},
		{deep, `{"x": {"$q": "a"}}`, "search is not enabled for field users.x."},
		{deep, `{"x": {"$autocomplete": "a"}}`, "search is not enabled for field users.x."},
		{deep, `{"x": {"$contains": "a"}}`, `operator "$contains" is not allowed for field "x"`},
		{deep, `{"x": {"$gt": [1]}}`, "cannot match array value on field `x`."},
		{deep, `{"x": {"$gt": null}}`, "cannot match null value on field `x`."},
		{deep, `{"x": {"$in": 5}}`, "field `x` contains type number. expecting array"},
		{deep, `{"x": {"$exists": 1}}`, "$exists operator only support boolean values"},
		{deep, `{"a..b": 1}`, `unrecognized field "a..b"`},
		{deep, `{".a": 1}`, `unrecognized field ".a"`},
		{deep, `{"a.$b": 1}`, `unrecognized field "a.$b"`},
		{deep, `{"": 1}`, `unrecognized field ""`},
		{deep, `{"a.b.c.d.e.f.g.h.i": 1}`, `field "a.b.c.d.e.f.g.h.i" is nested too deeply`},
	} {
		n, err := filter.Parse([]byte(tt.filter), filter.Limits{})
		if err != nil {
			t.Errorf("%s: %v", tt.filter, err)
			continue
		}
		var b filter.Builder
		_, err = tt.fields.SQL(&b, n)
		if chat.KindOf(err) != chat.Invalid || err.Error() != "invalid: "+tt.want {
			t.Errorf("%s: %v, want %s", tt.filter, err, tt.want)
		}
	}
}
