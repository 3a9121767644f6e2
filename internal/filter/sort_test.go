package filter_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"pgregory.net/rapid"

	"chatd/internal/chat"
	"chatd/internal/filter"
)

var keys = filter.Keys{
	Named: map[string]filter.Key{
		"id":   {Expr: "r.id", Type: "text"},
		"name": {Expr: "r.name", Type: "text", Nullable: true},
		"at":   {Expr: "r.at", Type: "timestamptz", Nullable: true},
		"n":    {Expr: "r.n", Type: "bigint", Nullable: true},
		"ok":   {Expr: "coalesce(r.ok, FALSE)", Type: "boolean"},
	},
	Custom: filter.JSON{Column: "r.custom"}.Key,
}

func TestParseSort(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		doc  string
		want []filter.Sort
		err  string
	}{
		{doc: ``},
		{doc: `null`},
		{doc: `[]`},
		{doc: `[{"field": "a", "direction": -1}]`, want: []filter.Sort{{Field: "a", Desc: true}}},
		{
			doc:  `[{"field": "a", "direction": 1.0, "type": "number"}, {"field": "b", "type": "string"}]`,
			want: []filter.Sort{{Field: "a", Type: "number"}, {Field: "b"}},
		},
		{doc: `[{"field": "a"}, {"field": "b"}, {"field": "c"}]`, err: "sort must contain at maximum 2 items"},
		{doc: `[{"direction": 1}]`, err: "sort.field is a required field"},
		{doc: `[{"field": "a", "direction": 2}]`, err: "sort.direction must be one of [-1 1]"},
		{doc: `[{"field": "a", "type": "date"}]`, err: "sort.type must be one of [string number boolean]"},
		{doc: `[{"field": 5}]`, err: `field "0.field" expects string but got number`},
		{doc: `{"a": 1}`, err: `field "" expects array but got object`},
		{doc: `["` + strings.Repeat("x", 20_000) + `"]`, err: "sort must be 16384 bytes or less"},
	} {
		got, err := filter.ParseSort([]byte(tt.doc), 2)
		if tt.err != "" {
			if chat.KindOf(err) != chat.Invalid || err.Error() != "invalid: "+tt.err {
				t.Errorf("%.80s: %v, want %s", tt.doc, err, tt.err)
			}
			continue
		}
		if diff := cmp.Diff(tt.want, got); err != nil || diff != "" {
			t.Errorf("%s: %v\n%s", tt.doc, err, diff)
		}
	}
	if _, err := filter.ParseSort([]byte(`[{"field": "a"}, {"field": "b"}]`), 1); err == nil ||
		err.Error() != "invalid: sort must contain at maximum 1 item" {
		t.Errorf("two sorts where one is allowed: %v", err)
	}
}

func TestOrder(t *testing.T) {
	t.Parallel()
	db := connect(t)
	exec(t, db, rows)
	for _, tt := range []struct{ sort, sql, want string }{
		{`[]`, "", ""},
		{`[{"field": "id", "direction": -1}]`, "r.id DESC", "dan cat bob ann"},
		{`[{"field": "at"}]`, "r.at", "ann bob cat dan"},
		{`[{"field": "at", "direction": -1}]`, "r.at DESC NULLS LAST", "cat bob ann dan"},
		{`[{"field": "ok", "direction": -1}, {"field": "id"}]`, "coalesce(r.ok, FALSE) DESC, r.id", "ann bob cat dan"},
		{`[{"field": "rank"}, {"field": "id"}]`, "", "bob ann cat dan"},
		{`[{"field": "age"}]`, "", "bob cat ann dan"}, // strings before numbers
		{`[{"field": "custom.age", "type": "number"}, {"field": "id"}]`, "", "cat ann bob dan"},
		{`[{"field": "age", "direction": -1, "type": "number"}, {"field": "id"}]`, "", "ann cat bob dan"},
		{`[{"field": "on", "direction": -1, "type": "boolean"}, {"field": "id"}]`, "", "ann bob cat dan"},
		{`[{"field": "o.k"}, {"field": "id", "direction": -1}]`, "", "bob ann dan cat"},
	} {
		sorts, err := filter.ParseSort([]byte(tt.sort), 5)
		if err != nil {
			t.Errorf("%s: %v", tt.sort, err)
			continue
		}
		var b filter.Builder
		o, err := keys.Order(&b, sorts)
		if err != nil {
			t.Errorf("%s: %v", tt.sort, err)
			continue
		}
		if tt.sql != "" && o.SQL() != tt.sql {
			t.Errorf("%s = %s, want %s", tt.sort, o.SQL(), tt.sql)
		}
		if o.SQL() == "" {
			continue
		}
		got, err := selectIDs(t, db, "TRUE ORDER BY "+o.SQL(), b.Args)
		if err != nil || strings.Join(got, " ") != tt.want {
			t.Errorf("%s = %v %v, want %s\n%s", tt.sort, got, err, tt.want, o.SQL())
		}
	}
}

func TestOrderErrors(t *testing.T) {
	t.Parallel()
	var b filter.Builder
	for _, tt := range []struct {
		keys        filter.Keys
		field, want string
	}{
		{filter.Keys{Named: keys.Named}, "x", `unrecognized field "x"`},
		{keys, "a..b", `unrecognized field "a..b"`},
		{keys, "a\x00b", "unrecognized field \"a\x00b\""},
		{keys, "a\xff", "unrecognized field \"a\xff\""},
	} {
		_, err := tt.keys.Order(&b, []filter.Sort{{Field: tt.field}})
		if chat.KindOf(err) != chat.Invalid || err.Error() != "invalid: "+tt.want {
			t.Errorf("%s: %v, want %s", tt.field, err, tt.want)
		}
	}
	o, err := keys.Order(&b, []filter.Sort{{Field: "at"}, {Field: "id"}})
	if err != nil {
		t.Fatal(err)
	}
	for _, position := range []string{``, `{`, `{}`, `[]`, `["a"]`, `["2026-01-01T00:00:00Z", null]`, `[1, 2, 3]`} {
		if _, err := o.After(&b, jsontext.Value(position)); chat.KindOf(err) != chat.Invalid {
			t.Errorf("After(%s): %v, want Invalid", position, err)
		}
	}
}

// TestPages walks random rows in random orders page by page, to the end and back.
func TestPages(t *testing.T) {
	t.Parallel()
	db := connect(t)
	key := []byte("key")
	rapid.Check(t, func(rt *rapid.T) {
		rows := make([]row, rapid.IntRange(1, 8).Draw(rt, "rows"))
		for i := range rows {
			rows[i] = genRow(rt, i)
		}
		insert(t, db, rows)
		sorts := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) filter.Sort {
			return filter.Sort{
				Field: rapid.SampledFrom([]string{"name", "at", "n", "ok", "k", "k.l"}).Draw(t, "field"),
				Desc:  rapid.Bool().Draw(t, "desc"),
				Type:  rapid.SampledFrom([]string{"", "number", "boolean"}).Draw(t, "type"),
			}
		}), 0, 2).Draw(rt, "sorts")
		sorts = append(sorts, filter.Sort{Field: "id", Desc: rapid.Bool().Draw(rt, "id desc")})

		all, last := page(t, db, sorts, false, nil, 100)
		if len(all) != len(rows) {
			rt.Fatalf("%d rows, want %d", len(all), len(rows))
		}
		var forward []string
		for position := jsontext.Value(nil); ; {
			ids, next := page(t, db, sorts, false, position, 3)
			if len(ids) == 0 {
				break
			}
			opened, err := filter.Open(key, "r", filter.Seal(key, "r", next))
			if err != nil {
				rt.Fatal(err)
			}
			forward, position = append(forward, ids...), opened
		}
		if diff := cmp.Diff(all, forward); diff != "" {
			rt.Fatalf("forward by %+v\n%s", sorts, diff)
		}
		back, _ := page(t, db, sorts, true, last, 100)
		slices.Reverse(back)
		if diff := cmp.Diff(all[:len(all)-1], back); len(all) > 1 && diff != "" {
			rt.Fatalf("back by %+v\n%s", sorts, diff)
		}
	})
}

// page returns the ids of the rows after a position, and the position of the last.
func page(tb testing.TB, db *pgx.Conn, sorts []filter.Sort, reverse bool, position jsontext.Value, limit int) ([]string, jsontext.Value) {
	tb.Helper()
	var b filter.Builder
	o, err := keys.Order(&b, sorts)
	if err != nil {
		tb.Fatal(err)
	}
	if reverse {
		o = o.Reverse()
	}
	where := "TRUE"
	if position != nil {
		if where, err = o.After(&b, position); err != nil {
			tb.Fatal(err)
		}
	}
	sql := "SELECT id, " + o.Position() + " FROM r WHERE " + where + " ORDER BY " + o.SQL() + " LIMIT " + b.Arg(limit) + "::int"
	found, err := db.Query(tb.Context(), sql, b.Args...)
	if err != nil {
		tb.Fatalf("%s: %v", sql, err)
	}
	var ids []string
	var last string
	_, err = pgx.CollectRows(found, func(r pgx.CollectableRow) (struct{}, error) {
		var id string
		err := r.Scan(&id, &last)
		ids = append(ids, id)
		return struct{}{}, err
	})
	if err != nil {
		tb.Fatalf("%s %s: %v", sql, position, err)
	}
	return ids, jsontext.Value(last)
}

// TestPageIndex proves that a page by keys without NULLs is read from an index.
func TestPageIndex(t *testing.T) {
	t.Parallel()
	db := connect(t)
	exec(t, db, "ALTER TABLE r ALTER at SET NOT NULL")
	exec(t, db, "CREATE INDEX r_at ON r (at, id)")
	exec(t, db, "INSERT INTO r (id, at) SELECT i, timestamptz '2026-01-01Z' + i * interval '1 second' FROM generate_series(1, 5000) i")
	exec(t, db, "ANALYZE r")
	var b filter.Builder
	plain := filter.Keys{Named: map[string]filter.Key{"id": {Expr: "r.id", Type: "text"}, "at": {Expr: "r.at", Type: "timestamptz"}}}
	o, err := plain.Order(&b, []filter.Sort{{Field: "at", Desc: true}, {Field: "id", Desc: true}})
	if err != nil {
		t.Fatal(err)
	}
	where, err := o.After(&b, jsontext.Value(`["2026-01-01T00:30:00.5+00:00", "x"]`))
	if err != nil {
		t.Fatal(err)
	}
	found, err := db.Query(t.Context(), "EXPLAIN SELECT id FROM r WHERE "+where+" ORDER BY "+o.SQL()+" LIMIT 10", b.Args...)
	if err != nil {
		t.Fatal(err)
	}
	lines, err := pgx.CollectRows(found, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	plan := strings.Join(lines, "\n")
	if !strings.Contains(plan, "Backward using r_at") || !strings.Contains(plan, "Index Cond: (ROW(") || strings.Contains(plan, "Sort") {
		t.Errorf("the page is not read from the index:\n%s", plan)
	}
}
