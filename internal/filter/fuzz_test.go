package filter_test

import (
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"chatd/internal/chat"
	"chatd/internal/filter"
)

// seeds are documents with something of everything, good and bad.
var seeds = []string{
	``, `null`, `{}`, `[]`, `{"a": 1}`, `{"id": "x", "name": {"$autocomplete": "50%_\\ '"}}`,
	`{"$or": [{"id": {"$in": ["a", "b"]}}, {"$nor": [{"n": {"$gt": 1.5, "$nin": [1, 2]}}]}]}`,
	`{"at": {"$gte": "2026-01-01T00:00:00.123456789Z"}, "tags": ["x", "y"], "ok": {"$ne": true}}`,
	`{"tags": {"$contains": "x"}, "kind": {"$exists": false}, "price": {"$lt": 1e30}, "name": {"$q": "a & b | !c:*"}}`,
	`{"a.b.c": {"$in": [null, 1, "x", [1], {"y": 2}]}, "o": {"p": {"q": []}}, "k": {"$contains": {"a": [1]}}}`,
	`{"a'); DROP TABLE r; --": {"$gt": "'; DROP TABLE r; --"}, "\"": {"$q": "'\\"}, "$$": 1}`,
	`{"x": 1e308, "y": 1e-320, "z": -0, "n": 9223372036854775807, "u": "\ud83d\ude00 \u202e"}`,
	`{"at": "0000-01-01T00:00:00+23:59", "custom.custom.x": {"$autocomplete": "é\u0301"}}`,
	`{"$and": [{"$and": [{"$and": [{"$and": [{"$and": [{"$and": [{"$and": [{"$and": [{}]}]}]}]}]}]}]}]}`,
	`{"a": "\u0000"}`, "{\"a\": \"\xff\"}", `{"a": 1e999999999}`, `{"id": {"$exists": 1}}`,
}

func FuzzParse(f *testing.F) {
	for _, s := range seeds {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, doc []byte) {
		n, err := filter.Parse(doc, filter.Limits{})
		if (err == nil) == (n == nil) {
			t.Fatalf("Parse = %v, %v", n, err)
		}
		if err != nil && chat.KindOf(err) != chat.Invalid {
			t.Errorf("%v, want Invalid", err)
		}
		if _, err := filter.ParseSort(doc, 5); err != nil && chat.KindOf(err) != chat.Invalid {
			t.Errorf("ParseSort: %v, want Invalid", err)
		}
	})
}

var (
	placeholder = regexp.MustCompile(`\$(\d+)`)
	// literals are all texts in quotes that the package and the test's fields write.
	literals = strings.NewReplacer(`'null'`, "", `'{}'`, "", `'string'`, "", `'simple'`, "", `''`, "", `"C"`, "")
	// vocabulary is all else.
	vocabulary = regexp.MustCompile(`^(?:[ ,=<>()@&|:#\[\]-]|` +
		`\b(?:AND|OR|IS|NOT|NULL|TRUE|FALSE|ANY|ILIKE|COLLATE|EXISTS|SELECT|FROM|WHERE|CASE|WHEN|THEN|END|DESC|NULLS|LAST|` +
		`text|timestamptz|bigint|numeric|boolean|jsonb|coalesce|nullif|cardinality|jsonb_typeof|to_tsvector|plainto_tsquery|` +
		`r\.(?:id|name|kind|at|n|price|ok|tags|custom)|r h|h\.(?:id|ok)|\d)\b)*$`)
)

// FuzzSQL proves that whatever a client sends, the SQL is made of this package's own
// words, its placeholders have their parameters, and PostgreSQL takes it all.
func FuzzSQL(f *testing.F) {
	for _, s := range seeds {
		f.Add([]byte(s), "a")
	}
	f.Add([]byte(`{}`), "id")
	f.Add([]byte(`{}`), `a'"; --.b`)
	var db *pgx.Conn
	if os.Getenv("CHATD_TEST_DATABASE_URL") != "" {
		db = connect(f)
		exec(f, db, rows)
	}
	f.Fuzz(func(t *testing.T, doc []byte, sortField string) {
		var b filter.Builder
		n, err := filter.Parse(doc, filter.Limits{})
		if err != nil {
			return
		}
		where, err := fields.SQL(&b, n)
		if err != nil {
			if chat.KindOf(err) != chat.Invalid {
				t.Fatalf("%v, want Invalid", err)
			}
			return
		}
		order := ""
		sort := []byte(`[{"field": ` + strconv.Quote(sortField) + `, "direction": -1, "type": "number"}]`)
		if sorts, err := filter.ParseSort(sort, 5); err == nil {
			if o, err := keys.Order(&b, sorts); err == nil {
				order = " ORDER BY " + o.SQL()
			}
		}
		checkSQL(t, where+strings.TrimPrefix(order, " ORDER BY"), len(b.Args))
		if db == nil {
			return
		}
		if _, err := selectIDs(t, db, where+order, b.Args); err != nil {
			t.Errorf("PostgreSQL refused %s\n%v", err, b.Args)
		}
	})
}

func checkSQL(t *testing.T, sql string, args int) {
	t.Helper()
	used := map[int]bool{}
	for _, m := range placeholder.FindAllStringSubmatch(sql, -1) {
		n, err := strconv.Atoi(m[1])
		if err != nil || n < 1 || n > args {
			t.Fatalf("placeholder %s of %d parameters: %s", m[0], args, sql)
		}
		used[n] = true
	}
	if len(used) != args {
		t.Fatalf("%d of %d parameters are used: %s", len(used), args, sql)
	}
	if rest := literals.Replace(placeholder.ReplaceAllString(sql, "")); !vocabulary.MatchString(rest) {
		t.Fatalf("SQL has foreign text: %s", sql)
	}
}
