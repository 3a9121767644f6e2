package chat

import (
	"bytes"
	"iter"
	"slices"

	"github.com/go-json-experiment/json/jsontext"
)

// Keys yields the names and raw values of a JSON object, in order; nothing when
// obj is not an object. Values are valid only until the next step.
func Keys(obj jsontext.Value) iter.Seq2[string, jsontext.Value] {
	return func(yield func(string, jsontext.Value) bool) {
		d := jsontext.NewDecoder(bytes.NewReader(obj), jsontext.AllowDuplicateNames(true))
		if t, err := d.ReadToken(); err != nil || t.Kind() != '{' {
			return
		}
		for d.PeekKind() == '"' {
			t, err := d.ReadToken()
			if err != nil {
				return
			}
			name := t.String()
			v, err := d.ReadValue()
			if err != nil || !yield(name, v) {
				return
			}
		}
	}
}

// Without returns the JSON object obj without the named fields.
func Without(obj jsontext.Value, names ...string) jsontext.Value {
	return rebuild(obj, func(name string) bool { return !slices.Contains(names, name) }, nil)
}

// Merge returns the JSON object obj with the fields of set replaced or added.
func Merge(obj, set jsontext.Value) jsontext.Value {
	over := map[string]bool{}
	for name := range Keys(set) {
		over[name] = true
	}
	return rebuild(obj, func(name string) bool { return !over[name] }, set)
}

// rebuild writes the fields of obj that keep wants, then all of add; of names
// that stand twice in one object the last counts.
func rebuild(obj jsontext.Value, keep func(string) bool, add jsontext.Value) jsontext.Value {
	var names []string
	values := map[string]jsontext.Value{}
	take := func(name string, v jsontext.Value) {
		if _, ok := values[name]; !ok {
			names = append(names, name)
		}
		values[name] = v.Clone()
	}
	for name, v := range Keys(obj) {
		if keep(name) {
			take(name, v)
		}
	}
	for name, v := range Keys(add) {
		take(name, v)
	}
	out := []byte{'{'}
	for i, name := range names {
		if i > 0 {
			out = append(out, ',')
		}
		out, _ = jsontext.AppendQuote(out, name) // invalid UTF-8 is replaced, which is what we want
		out = append(out, ':')
		out = append(out, values[name]...)
	}
	return append(out, '}')
}
