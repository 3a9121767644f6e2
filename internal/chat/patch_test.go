package chat_test

import (
	"strconv"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"

	"chatd/internal/chat"
)

func TestApplyPatch(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		obj, set string
		unset    []string
		want     string
	}{
		"nothing":                    {`{"a":1}`, ``, nil, `{"a":1}`},
		"no object yet":              {``, `{"a":1}`, nil, `{"a":1}`},
		"null is no set":             {`{"a":1}`, `null`, []string{"a"}, `{}`},
		"replaces and adds":          {`{"a":1,"b":2}`, `{"b":{"c":3},"d":[4]}`, nil, `{"a":1,"b":{"c":3},"d":[4]}`},
		"keeps a null":               {`{"a":1}`, `{"a":null}`, nil, `{"a":null}`},
		"takes out":                  {`{"a":1,"b":2}`, ``, []string{"a", "missing"}, `{"b":2}`},
		"sets before it takes out":   {`{}`, `{"a":1,"b":2}`, []string{"a"}, `{"b":2}`},
		"path into an object":        {`{"a":{"x":1,"y":2}}`, `{"a.y":3}`, nil, `{"a":{"x":1,"y":3}}`},
		"path makes objects":         {`{}`, `{"a.b.c":1}`, nil, `{"a":{"b":{"c":1}}}`},
		"path through a scalar":      {`{"a":5}`, `{"a.b":1}`, nil, `{"a":{"b":1}}`},
		"path through an array":      {`{"a":[1]}`, `{"a.0":1}`, nil, `{"a":{"0":1}}`},
		"path after its object":      {`{}`, `{"a":{"x":1},"a.y":2}`, nil, `{"a":{"x":1,"y":2}}`},
		"object after its path":      {`{}`, `{"a.y":2,"a":{"x":1}}`, nil, `{"a":{"x":1}}`},
		"the last field":             {`{"test":{"passed":true}}`, ``, []string{"test.passed"}, `{"test":{}}`},
		"takes out below a scalar":   {`{"a":5}`, ``, []string{"a.b"}, `{"a":5}`},
		"takes out below nothing":    {`{"a":{"b":null}}`, ``, []string{"a.b.c", "x.y"}, `{"a":{"b":null}}`},
		"takes out what was put in":  {`{}`, `{"a.b":1,"a.c":2}`, []string{"a.b"}, `{"a":{"c":2}}`},
		"numbers as they are":        {`{"a":12345678901234567890}`, `{"b":1.50}`, nil, `{"a":12345678901234567890,"b":1.50}`},
		"a name twice is its last":   {`{"a":1,"b":0,"a":2}`, `{"c":1,"c":2}`, nil, `{"a":2,"b":0,"c":2}`},
		"an array is no object":      {`[1]`, `{"a":1}`, nil, `{"a":1}`},
		"the deepest path":           {`{}`, `{"1.2.3.4.5.6.7.8":0}`, nil, `{"1":{"2":{"3":{"4":{"5":{"6":{"7":{"8":0}}}}}}}}`},
		"in place after being taken": {`{"a":{"x":1},"b":2}`, `{"a.x":3}`, []string{"b"}, `{"a":{"x":3}}`},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := chat.ApplyPatch(jsontext.Value(tc.obj), jsontext.Value(tc.set), tc.unset)
			if err != nil {
				t.Fatal(err)
			}
			if string(got) != tc.want {
				t.Errorf("got %s, want %s", got, tc.want)
			}
		})
	}
}

func TestApplyPatchRefuses(t *testing.T) {
	t.Parallel()
	paths := []string{"", ".", "a..b", ".a", "a.", "a b", " a", "a\tb", "a\x00b", "1.2.3.4.5.6.7.8.9", strings.Repeat("a", 513)}
	for _, path := range paths {
		name, err := jsontext.AppendQuote(nil, path)
		if err != nil {
			t.Fatal(err)
		}
		set := jsontext.Value(`{` + string(name) + `:1}`)
		if _, err := chat.ApplyPatch(nil, set, nil); chat.KindOf(err) != chat.Invalid {
			t.Errorf("set %q: %v", path, err)
		}
		if _, err := chat.ApplyPatch(nil, nil, []string{path}); chat.KindOf(err) != chat.Invalid {
			t.Errorf("unset %q: %v", path, err)
		}
	}
	for _, set := range []string{`[]`, `"a"`, `1`, `true`} {
		if _, err := chat.ApplyPatch(nil, jsontext.Value(set), nil); chat.KindOf(err) != chat.Invalid {
			t.Errorf("set of %s: %v", set, err)
		}
	}
}

// A set of many fields must not cost the square of their number.
func TestApplyPatchIsLinear(t *testing.T) {
	t.Parallel()
	set := []byte{'{'}
	for i := range 100_000 {
		if i > 0 {
			set = append(set, ',')
		}
		set = append(set, `"a.`...)
		set = append(set, strings.Repeat("x", i%7)...)
		set = strconv.AppendInt(set, int64(i), 10)
		set = append(set, `":1`...)
	}
	set = append(set, '}')
	got, err := chat.ApplyPatch(nil, set, nil)
	if err != nil || len(got) < 100_000 {
		t.Fatalf("%d bytes, %v", len(got), err)
	}
}

func FuzzApplyPatch(f *testing.F) {
	f.Add(`{"a":{"b":1}}`, `{"a.c":2}`, "a.b")
	f.Add(``, `null`, "a..b")
	f.Add(`[1]`, `{"":1,"a":{"a":1,"a":2}}`, "")
	f.Fuzz(func(t *testing.T, obj, set, unset string) {
		if !jsontext.Value(obj).IsValid() || !jsontext.Value(set).IsValid() {
			return
		}
		got, err := chat.ApplyPatch(jsontext.Value(obj), jsontext.Value(set), []string{unset})
		switch {
		case err == nil && (got.Kind() != '{' || !got.IsValid()):
			t.Errorf("%s with %s without %q is %s", obj, set, unset, got)
		case err != nil && chat.KindOf(err) != chat.Invalid:
			t.Error(err)
		}
	})
}
