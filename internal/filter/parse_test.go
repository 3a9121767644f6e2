package filter_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-cmp/cmp"

	"chatd/internal/chat"
	"chatd/internal/filter"
)

func TestParse(t *testing.T) {
	t.Parallel()
	eq := func(field, value string) filter.Cmp {
		return filter.Cmp{Field: field, Op: filter.Eq, Value: jsontext.Value(value)}
	}
	for _, tt := range []struct {
		doc  string
		want filter.Node
	}{
		{"", filter.And{}},
		{" null ", filter.And{}},
		{"{}", filter.And{}},
		{`{"b": 1, "a": "x"}`, filter.And{eq("b", "1"), eq("a", `"x"`)}},
		{`{"a": 12345678901234567890.10}`, filter.And{eq("a", "12345678901234567890.10")}},
		{`{"a": {"b": 1}}`, filter.And{eq("a", `{"b": 1}`)}},
		{`{"a": {}}`, filter.And{eq("a", `{}`)}},
		{`{"a": {"$gt": 1, "$lte": [2]}}`, filter.And{
			filter.Cmp{Field: "a", Op: filter.Gt, Value: jsontext.Value("1")},
			filter.Cmp{Field: "a", Op: filter.Lte, Value: jsontext.Value("[2]")},
		}},
		{`{"$or": [{"a": 1}, {"$nor": [{"b": 2, "c": 3}]}], "$and": [{"d": null}]}`, filter.And{
			filter.Or{filter.And{eq("a", "1")}, filter.And{filter.Nor{filter.And{eq("b", "2"), eq("c", "3")}}}},
			filter.And{filter.And{eq("d", "null")}},
		}},
	} {
		got, err := filter.Parse([]byte(tt.doc), filter.Limits{})
		if diff := cmp.Diff(tt.want, got); err != nil || diff != "" {
			t.Errorf("%s: %v\n%s", tt.doc, err, diff)
		}
	}
}

func TestParseErrors(t *testing.T) {
	t.Parallel()
	small := filter.Limits{Depth: 2, Conditions: 3, Values: 4, Bytes: 1000}
	for _, tt := range []struct {
		doc    string
		limits filter.Limits
		want   string // "" is no error
	}{
		{`[]`, small, "filter must be an object but is of type array"},
		{`"x"`, small, "filter must be an object but is of type string"},
		{`{"a": }`, small, "filter is not valid JSON"},
		{`{} {}`, small, "filter is not valid JSON"},
		{`{"a": 1, "a": 2}`, small, "filter is not valid JSON"},
		{"{\"a\": \"\xff\"}", small, "filter is not valid JSON"},
		{`{"a": "\ud800"}`, small, "filter is not valid JSON"},
		{`{"a": "x\u0000"}`, small, "filter contains an invalid character: U+0000"},
		{`{"a\u0000": 1}`, small, "filter contains an invalid character: U+0000"},
		{`{"a": {"b": ["\u0000"]}}`, small, "filter contains an invalid character: U+0000"},
		{`{"a": 1e309}`, small, "filter contains a number out of range"},
		{`{"a": -1e309}`, small, "filter contains a number out of range"},
		{`{"a": 1e-999999999}`, small, "filter contains a number out of range"},
		{`{"a": 0e-999}`, small, ""},
		{`{"a": 1` + strings.Repeat("0", 70) + `}`, small, "filter contains a number out of range"},
		{`{"a": "` + strings.Repeat("x", 1000) + `"}`, small, "filter must be 1000 bytes or less"},
		{`{"` + strings.Repeat("x", 513) + `": 1}`, small, "field names must be 512 bytes or less"},
		{`{"a": {"$in": [1, 2, 3, 4]}}`, small, ""},
		{`{"a": {"$in": [1, 2, 3, 4, 5]}}`, small, "filter has a list of more than 4 values"},
		{`{"$or": [{}, {}, {}, {}, {}]}`, small, "filter has a list of more than 4 values"},
		{`{"a": 1, "b": 2, "c": 3}`, small, ""},
		{`{"a": 1, "b": 2, "c": {"$gt": 1, "$lt": 2}}`, small, "filter must contain at maximum 3 conditions"},
		{`{"$or": [{"$or": [{"a": 1}]}]}`, small, ""},
		{`{"$or": [{"$or": [{"$or": [{"a": 1}]}]}]}`, small, "filter is nested too deeply"},
		{`{"a": ` + strings.Repeat("[", 20) + strings.Repeat("]", 20) + `}`, small, "filter is nested too deeply"},
		{`{"$or": []}`, small, `operator "$or" expects a non-empty list`},
		{`{"$or": {}}`, small, `operator "$or" expects a non-empty list`},
		{`{"$nor": [1]}`, small, `operator "$nor" expects a list of objects`},
		{`{"$eq": 1}`, small, `unrecognized operator "$eq"`},
		{`{"$where": 1}`, small, `unrecognized operator "$where"`},
		{`{"a": {"$foo": 1}}`, small, `operator "$foo" is not allowed for field "a"`},
		{`{"a": {"$and": []}}`, small, `operator "$and" is not allowed for field "a"`},
		{`{"a": {"$gt": 1, "b": 2}}`, small, `field "a" mixes operators with other names`},
		{`{"cid": {"$in": [` + strings.Repeat(`"messaging:0123456789012345678901234567890123456789012345678901234567890123",`, 999) + `"x"]}}`, filter.Limits{}, ""},
		{strings.Repeat(`{"$and":[`, 8) + `{"a":1}` + strings.Repeat(`]}`, 8), filter.Limits{}, ""},
		{strings.Repeat(`{"$and":[`, 9) + `{"a":1}` + strings.Repeat(`]}`, 9), filter.Limits{}, "filter is nested too deeply"},
	} {
		_, err := filter.Parse([]byte(tt.doc), tt.limits)
		if tt.want == "" {
			if err != nil {
				t.Errorf("%.80s: %v", tt.doc, err)
			}
			continue
		}
		if chat.KindOf(err) != chat.Invalid || err.Error() != "invalid: "+tt.want {
			t.Errorf("%.80s: %v, want %s", tt.doc, err, tt.want)
		}
	}
}

func TestWalk(t *testing.T) {
	t.Parallel()
	n, err := filter.Parse([]byte(`{"a": 1, "b": {"$ne": 1}, "$nor": [{"c": 1}, {"d": {"$nin": [1]}}, {"$nor": [{"e": 1}]}], "$or": [{"f": 1}]}`),
		filter.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	err = filter.Walk(n, func(c filter.Cmp, negated bool) error {
		if negated {
			c.Field = "not " + c.Field
		}
		got = append(got, c.Field)
		return nil
	})
	if diff := cmp.Diff([]string{"a", "not b", "not c", "d", "e", "f"}, got); err != nil || diff != "" {
		t.Errorf("%v\n%s", err, diff)
	}
	stop := errors.New("stop")
	if err := filter.Walk(n, func(filter.Cmp, bool) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("err = %v, want stop", err)
	}
	if !filter.Mentions(n, "e") || filter.Mentions(n, "z") {
		t.Error("Mentions is wrong about e or z")
	}
}
