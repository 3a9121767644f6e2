package filter_test

import (
	"cmp"
	"encoding/json"
	"math/big"
	"slices"
	"strings"
	"time"
	"unicode"

	"chatd/internal/filter"
)

// matches evaluates n in memory. It knows nothing of how the package renders SQL.
func (r row) matches(n filter.Node) bool {
	holds := func(n filter.Node) bool { return r.matches(n) }
	switch n := n.(type) {
	case filter.And:
		return !slices.ContainsFunc(n, func(n filter.Node) bool { return !r.matches(n) })
	case filter.Or:
		return slices.ContainsFunc(n, holds)
	case filter.Nor:
		return !slices.ContainsFunc(n, holds)
	case filter.Cmp:
		return r.compares(n)
	}
	panic("no such node")
}

func (r row) compares(c filter.Cmp) bool {
	d := json.NewDecoder(strings.NewReader(string(c.Value)))
	d.UseNumber()
	var want any
	if err := d.Decode(&want); err != nil {
		panic(err)
	}
	switch c.Op {
	case filter.Ne:
		return !r.holds(c.Field, filter.Eq, want)
	case filter.Nin:
		return !r.holds(c.Field, filter.In, want)
	default:
		return r.holds(c.Field, c.Op, want)
	}
}

func (r row) holds(field string, op filter.Op, want any) bool {
	if field == "tags" {
		return tagsHold(r.tags, op, want)
	}
	have, present := r.value(field)
	switch op {
	case filter.Exists:
		return present && (have != "" || r.isCustom(field)) == want.(bool) || !present && !want.(bool)
	case filter.In:
		return slices.ContainsFunc(want.([]any), func(w any) bool { return r.holds(field, filter.Eq, w) })
	case filter.Eq:
		if want == nil {
			return !present || have == nil || have == "" && !r.isCustom(field)
		}
		return present && same(have, want)
	case filter.Contains:
		list, ok := want.([]any)
		if !ok {
			list = []any{want}
		}
		_, isList := have.([]any)
		return isList && within(have, list)
	case filter.Autocomplete:
		s, ok := have.(string)
		return ok && startsWord(strings.ToLower(s), strings.ToLower(want.(string)))
	case filter.Query:
		s, ok := have.(string)
		return ok && hasWords(s, want.(string))
	default:
		if field == "at" && present {
			return inOrder(op, strings.Compare(have.(string), want.(string)))
		}
		order, ok := compare(have, want)
		return present && ok && inOrder(op, order)
	}
}

func (r row) isCustom(field string) bool { return slices.Contains(paths, field) }

// value returns a field's value as JSON, times in one format and zone.
func (r row) value(field string) (v any, present bool) {
	switch field {
	case "id":
		return r.id, true
	case "name":
		if r.name == nil {
			return nil, false
		}
		return *r.name, true
	case "at":
		if r.at == nil {
			return nil, false
		}
		return r.at.Format(time.RFC3339), true
	case "n":
		if r.n == nil {
			return nil, false
		}
		return json.Number(big.NewInt(*r.n).String()), true
	case "ok":
		if r.ok == nil {
			return nil, false
		}
		return *r.ok, true
	}
	v = r.custom
	for name := range strings.SplitSeq(strings.TrimPrefix(field, "custom."), ".") {
		object, ok := v.(map[string]any)
		if !ok {
			return nil, false
		}
		if v, ok = object[name]; !ok {
			return nil, false
		}
	}
	return v, true
}

func tagsHold(have []string, op filter.Op, want any) bool {
	in := func(w any) bool { return slices.Contains(have, w.(string)) }
	switch want := want.(type) {
	case nil:
		return len(have) == 0
	case bool:
		return (len(have) > 0) == want
	case string:
		return in(want)
	case []any:
		if op == filter.In {
			return slices.ContainsFunc(want, in)
		}
		return !slices.ContainsFunc(want, func(w any) bool { return !in(w) }) &&
			!slices.ContainsFunc(have, func(h string) bool { return !slices.Contains(want, any(h)) })
	}
	panic("no such tags")
}

func inOrder(op filter.Op, order int) bool {
	switch op {
	case filter.Gt:
		return order > 0
	case filter.Gte:
		return order >= 0
	case filter.Lt:
		return order < 0
	case filter.Lte:
		return order <= 0
	default:
		panic("no such order: " + op)
	}
}

func number(n json.Number) *big.Rat {
	r, ok := new(big.Rat).SetString(n.String())
	if !ok {
		panic("no such number: " + n)
	}
	return r
}

// compare orders two scalars of one type.
func compare(a, b any) (order int, ok bool) {
	switch a := a.(type) {
	case string:
		b, ok := b.(string)
		return cmp.Compare(a, b), ok
	case json.Number:
		b, ok := b.(json.Number)
		if !ok {
			return 0, false
		}
		return number(a).Cmp(number(b)), true
	case bool:
		rank := map[bool]int{true: 1}
		b, ok := b.(bool)
		return rank[a] - rank[b], ok
	}
	return 0, false
}

// same tells whether two JSON values are equal.
func same(a, b any) bool {
	switch a := a.(type) {
	case nil:
		return b == nil
	case []any:
		b, ok := b.([]any)
		return ok && slices.EqualFunc(a, b, same)
	case map[string]any:
		b, ok := b.(map[string]any)
		if !ok || len(a) != len(b) {
			return false
		}
		for k, v := range a {
			if w, ok := b[k]; !ok || !same(v, w) {
				return false
			}
		}
		return true
	}
	order, ok := compare(a, b)
	return ok && order == 0
}

// within tells whether a JSON value has all of another: elements in any order and
// any number, objects with more members.
func within(have, want any) bool {
	switch want := want.(type) {
	case []any:
		have, ok := have.([]any)
		return ok && !slices.ContainsFunc(want, func(w any) bool {
			return !slices.ContainsFunc(have, func(h any) bool { return within(h, w) })
		})
	case map[string]any:
		have, ok := have.(map[string]any)
		if !ok {
			return false
		}
		for k, w := range want {
			if h, ok := have[k]; !ok || !within(h, w) {
				return false
			}
		}
		return true
	}
	return same(have, want)
}

func startsWord(text, prefix string) bool {
	for i := range text {
		if (i == 0 || strings.ContainsAny(text[i-1:i], " -_.@:/")) && strings.HasPrefix(text[i:], prefix) {
			return true
		}
	}
	return false
}

func hasWords(text, words string) bool {
	split := func(s string) []string {
		return strings.FieldsFunc(strings.ToLower(s), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsNumber(r) })
	}
	have := split(text)
	return !slices.ContainsFunc(split(words), func(w string) bool { return !slices.Contains(have, w) })
}
