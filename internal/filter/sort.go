package filter

import (
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"chatd/internal/chat"
	"chatd/internal/wire"
)

// Sort is one item of a client's sort.
type Sort struct {
	Field string
	Desc  bool
	Type  string // of a custom field: "number", "boolean", or "" for any
}

// ParseSort reads a list of {"field", "direction", "type"} with at most most items.
// Direction is 1, which is also the default, or -1. No document and null are no
// sorts. The error is Invalid.
func ParseSort(doc jsontext.Value, most int) ([]Sort, error) {
	if len(doc) == 0 {
		return nil, nil
	}
	if len(doc) > maxSortBytes {
		return nil, chat.Errorf(chat.Invalid, "sort must be %d bytes or less", maxSortBytes)
	}
	var items []struct {
		Field     string `json:"field"`
		Direction int    `json:"direction"`
		Type      string `json:"type"`
	}
	if err := wire.Unmarshal(doc, &items); err != nil {
		return nil, err
	}
	if len(items) > most {
		noun := "items"
		if most == 1 {
			noun = "item"
		}
		return nil, chat.Errorf(chat.Invalid, "sort must contain at maximum %d %s", most, noun)
	}
	var sorts []Sort
	for _, i := range items {
		switch {
		case i.Field == "":
			return nil, chat.Errorf(chat.Invalid, "sort.field is a required field")
		case i.Direction < -1 || i.Direction > 1:
			return nil, chat.Errorf(chat.Invalid, "sort.direction must be one of [-1 1]")
		case i.Type != "" && i.Type != "string" && i.Type != "number" && i.Type != "boolean":
			return nil, chat.Errorf(chat.Invalid, "sort.type must be one of [string number boolean]")
		}
		sorts = append(sorts, Sort{Field: i.Field, Desc: i.Direction < 0, Type: strings.TrimPrefix(i.Type, "string")})
	}
	return sorts, nil
}

const maxSortBytes = 16 << 10

// Key is what rows are sorted by.
type Key struct {
	Expr string // SQL; placeholders in it must be of the statement's Builder
	Type string // the expression's SQL type: text, timestamptz, bigint, boolean, jsonb, …
	// Nullable tells that some rows have no value. A key that is not Nullable can be
	// read from a plain index in both directions.
	Nullable bool
	// Coarse is an expression, or "", that is never in another order than Expr, of
	// which it keeps less: an index on it finds the rows to sort by Expr.
	Coarse string
}

// Keys are what an entity can be sorted by.
type Keys struct {
	Named map[string]Key
	// Custom returns the key behind any other name; nil refuses them.
	Custom func(b *Builder, s Sort) (Key, error)
}

// Key sorts by the values at a path: numbers before booleans and after strings, null
// as no value. With a type, values of other types count as none. It is what
// Keys.Custom wants.
func (j JSON) Key(b *Builder, s Sort) (Key, error) {
	names, err := splitPath(s.Field)
	if err != nil {
		return Key{}, err
	}
	x := jsonAt{column: j.Column, names: names}.value(b)
	expr := "nullif(" + x + ", 'null'::jsonb)"
	if s.Type != "" {
		expr = "(CASE WHEN jsonb_typeof(" + x + ") = " + b.Arg(s.Type) + "::text THEN " + x + " END)"
	}
	return Key{Expr: expr, Type: "jsonb", Nullable: true}, nil
}

// Order renders sorts. The error is Invalid. For keyset pages the last of sorts must
// be one by which no two rows are equal; the caller adds it.
func (k Keys) Order(b *Builder, sorts []Sort) (Order, error) {
	var o Order
	for _, s := range sorts {
		key, ok := k.Named[s.Field]
		if !ok {
			if k.Custom == nil {
				return Order{}, unrecognized(s.Field)
			}
			var err error
			if key, err = k.Custom(b, s); err != nil {
				return Order{}, err
			}
		}
		o.terms = append(o.terms, term{Key: key, desc: s.Desc})
	}
	return o, nil
}

// Order is a sort ready for one statement.
type Order struct{ terms []term }

type term struct {
	Key

	desc       bool
	nullsFirst bool
}

// Reverse returns the order from the end, for the page before a position; the caller
// turns its rows around.
func (o Order) Reverse() Order {
	terms := make([]term, len(o.terms))
	for i, t := range o.terms {
		terms[i] = term{Key: t.Key, desc: !t.desc, nullsFirst: !t.nullsFirst}
	}
	return Order{terms: terms}
}

// SQL returns what follows ORDER BY, or "" when there are no sorts.
func (o Order) SQL() string {
	parts := make([]string, len(o.terms))
	for i, t := range o.terms {
		parts[i] = t.sql()
	}
	return strings.Join(parts, ", ")
}

func (t term) sql() string {
	s := t.direct(t.Expr)
	if t.Coarse != "" {
		s = t.direct(t.Coarse) + ", " + s
	}
	return s
}

func (t term) direct(s string) string {
	if t.desc {
		s += " DESC"
	}
	// PostgreSQL takes NULL for the greatest value, so only these two orders have to
	// say where it goes.
	switch {
	case t.Nullable && t.desc && !t.nullsFirst:
		return s + " NULLS LAST"
	case t.Nullable && !t.desc && t.nullsFirst:
		return s + " NULLS FIRST"
	default:
		return s
	}
}

// Position returns an expression for the SELECT list: the row's position in the
// order, a jsonb array, for Seal and After.
func (o Order) Position() string {
	parts := make([]string, len(o.terms))
	for i, t := range o.terms {
		parts[i] = t.Expr
	}
	return "jsonb_build_array(" + strings.Join(parts, ", ") + ")"
}

// After returns the condition for rows that come after a position that an Order of
// the same sorts made; Invalid when it is another's.
func (o Order) After(b *Builder, position jsontext.Value) (string, error) {
	values, err := o.split(position)
	if err != nil {
		return "", err
	}
	if o.uniform() {
		return o.rowAfter(b, values), nil
	}
	s := "FALSE"
	for i, t := range slices.Backward(o.terms) {
		after, equal := t.after(b, values[i])
		if i == len(values)-1 {
			s = after
			continue
		}
		s = "(" + after + " OR " + equal + " AND " + s + ")"
	}
	return s, nil
}

func (o Order) split(position jsontext.Value) ([]jsontext.Value, error) {
	var values []jsontext.Value
	if position.IsValid() {
		for v := range elements(position) {
			values = append(values, v)
		}
	}
	if len(values) == 0 || len(values) != len(o.terms) {
		return nil, errCursor()
	}
	for i, v := range values {
		if v.Kind() == 'n' && !o.terms[i].Nullable {
			return nil, errCursor()
		}
	}
	return values, nil
}

// uniform tells whether a comparison of rows, which an index serves best, says it all.
func (o Order) uniform() bool {
	for _, t := range o.terms {
		if t.Nullable || t.desc != o.terms[0].desc {
			return false
		}
	}
	return true
}

func (o Order) rowAfter(b *Builder, values []jsontext.Value) string {
	exprs, args := make([]string, len(values)), make([]string, len(values))
	for i, t := range o.terms {
		exprs[i], args[i] = t.Expr, t.arg(b, values[i])
	}
	op := ") > ("
	if o.terms[0].desc {
		op = ") < ("
	}
	return "(" + strings.Join(exprs, ", ") + op + strings.Join(args, ", ") + ")"
}

// after returns the conditions for coming after a value and for being equal to it.
func (t term) after(b *Builder, value jsontext.Value) (after, equal string) {
	if value.Kind() == 'n' {
		after = "FALSE"
		if t.nullsFirst {
			after = t.Expr + " IS NOT NULL"
		}
		return after, t.Expr + " IS NULL"
	}
	v, op := t.arg(b, value), " > "
	if t.desc {
		op = " < "
	}
	after = t.Expr + op + v
	if t.Nullable && !t.nullsFirst {
		after = "(" + after + " OR " + t.Expr + " IS NULL)"
	}
	return after, t.Expr + " = " + v
}

// arg adds a value that came out of Position.
func (t term) arg(b *Builder, value jsontext.Value) string {
	s := string(value)
	if value.Kind() == '"' && t.Type != "jsonb" {
		s = unquote(value)
	}
	return b.Arg(s) + "::text::" + t.Type
}
