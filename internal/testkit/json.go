package testkit

import (
	"strconv"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"

	"chatd/internal/wire"
)

// at returns the value at a dotted path in a JSON document, nil when there is none.
func at(tb testing.TB, doc []byte, path string) any {
	tb.Helper()
	var v any
	if err := wire.Unmarshal(doc, &v); err != nil {
		tb.Fatalf("%v: %s", err, doc)
	}
	for name := range strings.SplitSeq(path, ".") {
		switch x := v.(type) {
		case map[string]any:
			v = x[name]
		case []any:
			i, err := strconv.Atoi(name)
			if name == "#" {
				v = float64(len(x))
				continue
			}
			if err != nil || i >= len(x) {
				return nil
			}
			v = x[i]
		default:
			return nil
		}
	}
	return v
}

// jsonOf is v as JSON, with the names of objects in alphabetical order.
func jsonOf(tb testing.TB, v any) string {
	tb.Helper()
	b, err := wire.Marshal(v)
	if err != nil {
		tb.Fatal(err)
	}
	doc := jsontext.Value(b)
	if err := doc.Canonicalize(); err != nil {
		tb.Fatal(err)
	}
	return doc.String()
}
