package filter_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"chatd/internal/chat"
	"chatd/internal/filter"
)

// TestValues takes values out of comparisons as Rendered fields do.
func TestValues(t *testing.T) {
	t.Parallel()
	text := func(c filter.Cmp) (any, error) { return c.Text() }
	list := func(c filter.Cmp) (any, error) { return c.Texts() }
	word := func(c filter.Cmp) (any, error) { return c.OneOf("only", "excluded") }
	integer := func(c filter.Cmp) (any, error) { return c.Int() }
	boolean := func(c filter.Cmp) (any, error) { return c.Bool() }
	at := func(c filter.Cmp) (any, error) {
		at, err := c.Time()
		return at.Format(time.RFC3339Nano), err
	}
	times := func(c filter.Cmp) (any, error) { return c.Times() }
	for _, tt := range []struct {
		take        func(filter.Cmp) (any, error)
		value, want string
	}{
		{text, `"a\"b"`, `a"b`},
		{text, `null`, "invalid: field `x` contains type null. expecting string"},
		{list, `["a", "b"]`, "[a b]"},
		{list, `[]`, "[]"},
		{list, `{}`, "invalid: field `x` contains type object. expecting array"},
		{word, `"only"`, "only"},
		{word, `"all"`, "invalid: x must be one of [only excluded]"},
		{word, `true`, "invalid: field `x` contains type bool. expecting string"},
		{integer, `3.0e1`, "30"},
		{integer, `3.5`, "invalid: field `x` expects a whole number but got 3.5"},
		{integer, `9223372036854775808`, "invalid: field `x` expects a whole number but got 9223372036854775808"},
		{integer, `"3"`, "invalid: field `x` contains type string. expecting number"},
		{boolean, `true`, "true"},
		{boolean, `false`, "false"},
		{boolean, `"true"`, "invalid: field `x` contains type string. expecting bool"},
		{at, `"2026-01-02T03:04:05.123456789+01:00"`, "2026-01-02T02:04:05.123456Z"},
		{at, `"2026-01-02T03:04:05.5"`, "2026-01-02T03:04:05.5Z"},
		{at, `"2026-01-02"`, "2026-01-02T00:00:00Z"},
		{at, `"2026-13-02T00:00:00Z"`, `invalid: expected date for field "x" but got "2026-13-02T00:00:00Z"`},
		{at, `null`, `invalid: expected date for field "x" but got "null"`},
		{times, `["2026-01-02"]`, "[2026-01-02 00:00:00 +0000 UTC]"},
		{times, `[1]`, `invalid: expected date for field "x" but got "1"`},
	} {
		got, err := tt.take(filter.Cmp{Field: "x", Op: filter.Eq, Value: jsontext.Value(tt.value)})
		if err != nil {
			got = err
			if chat.KindOf(err) != chat.Invalid {
				t.Errorf("%s: kind %s, want Invalid", tt.value, chat.KindOf(err))
			}
		}
		if fmt.Sprint(got) != tt.want {
			t.Errorf("%s = %v, want %s", tt.value, got, tt.want)
		}
	}
}
