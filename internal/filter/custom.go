package filter

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"chatd/internal/chat"
)

const (
	maxPathDepth = 8
	// customPrefix names custom fields in the newer dialect.
	customPrefix = "custom."
)

// JSON are the fields that clients invent, kept in a jsonb column.
type JSON struct {
	Column string // a column or expression that is never NULL
	Ops    Ops
	// Entity is in the error when the fields cannot be searched: "users".
	Entity string
}

// Field returns the field at a path: names joined by dots, with or without "custom."
// before them. It is what Fields.Custom wants.
func (j JSON) Field(path string) (Field, error) {
	names, err := splitPath(path)
	if err != nil {
		return nil, err
	}
	at := jsonAt{column: j.Column, names: names}
	field := Rendered(j.Ops, at.render)
	return func(b *Builder, c Cmp) (string, error) {
		if j.Entity != "" && (c.Op == Autocomplete || c.Op == Query) && !slices.Contains(j.Ops, c.Op) {
			return "", chat.Errorf(chat.Invalid, "search is not enabled for field %s.%s.", j.Entity, c.Field)
		}
		return field(b, c)
	}, nil
}

func splitPath(path string) ([]string, error) {
	if len(path) > maxPath {
		return nil, chat.Errorf(chat.Invalid, "field names must be %d bytes or less", maxPath)
	}
	names := strings.Split(strings.TrimPrefix(path, customPrefix), ".")
	if len(names) > maxPathDepth {
		return nil, chat.Errorf(chat.Invalid, "field \"%s\" is nested too deeply", path)
	}
	for _, name := range names {
		if name == "" || name[0] == '$' || strings.ContainsRune(name, 0) || !utf8.ValidString(name) {
			return nil, unrecognized(path)
		}
	}
	return names, nil
}

// jsonAt is one place in a jsonb column.
type jsonAt struct {
	column string
	names  []string
}

// value is the jsonb at the place, NULL when there is none. Text operands of -> never
// index an array, just as containment does not.
func (j jsonAt) value(b *Builder) string {
	var s strings.Builder
	s.WriteString("(" + j.column)
	for _, name := range j.names {
		s.WriteString(" -> " + b.Arg(name) + "::text")
	}
	return s.String() + ")"
}

// doc is the smallest document that has v at the place.
func (j jsonAt) doc(v jsontext.Value) string {
	doc := []byte(v)
	for _, name := range slices.Backward(j.names) {
		outer := append([]byte{'{'}, quote(name)...)
		doc = append(append(append(outer, ':'), doc...), '}')
	}
	return string(doc)
}

func (j jsonAt) render(b *Builder, c Cmp) (string, error) {
	switch c.Op {
	case Eq:
		return j.equal(b, c.Value), nil
	case In:
		return j.in(b, c)
	case Exists:
		present, err := c.Bool()
		if !present {
			return j.value(b) + " IS NULL", err
		}
		return j.value(b) + " IS NOT NULL", err
	case Contains:
		v := c.Value
		if !c.IsList() {
			v = jsontext.Value("[" + string(v) + "]")
		}
		return j.column + " @> " + b.Arg(j.doc(v)) + "::jsonb", nil
	case Autocomplete:
		return j.words(b, c, autocomplete)
	case Query:
		return j.words(b, c, search)
	case Gt, Gte, Lt, Lte:
		return j.ordered(b, c)
	default:
		return "", c.notAllowed()
	}
}

// equal asks for containment, which an index answers, and for arrays and objects,
// which may contain more than they are asked for, also for equality.
func (j jsonAt) equal(b *Builder, v jsontext.Value) string {
	switch v.Kind() {
	case 'n':
		x := j.value(b)
		return x + " IS NULL OR " + x + " = 'null'::jsonb"
	case '[', '{':
		return j.column + " @> " + b.Arg(j.doc(v)) + "::jsonb AND " + j.value(b) + " = " + b.Arg(string(v)) + "::jsonb"
	default:
		return j.column + " @> " + b.Arg(j.doc(v)) + "::jsonb"
	}
}

func (j jsonAt) in(b *Builder, c Cmp) (string, error) {
	values, err := list(c, func(v jsontext.Value) (jsontext.Value, error) { return v, nil })
	if err != nil {
		return "", err
	}
	docs, whole := []string{}, []string{}
	null, nested := false, false
	for _, v := range values {
		if v.Kind() == 'n' {
			null = true
			continue
		}
		nested = nested || v.Kind() == '[' || v.Kind() == '{'
		docs, whole = append(docs, j.doc(v)), append(whole, string(v))
	}
	s := j.column + " @> ANY(" + b.Arg(docs) + "::jsonb[])"
	if nested {
		s = "(" + s + " AND " + j.value(b) + " = ANY(" + b.Arg(whole) + "::jsonb[]))"
	}
	if null {
		s += " OR " + j.equal(b, jsontext.Value("null"))
	}
	return s, nil
}

// ordered compares values of one type with each other: strings by code point,
// numbers exactly, false before true.
func (j jsonAt) ordered(b *Builder, c Cmp) (string, error) {
	op := comparisons[c.Op]
	switch c.Value.Kind() {
	case '"':
		x := j.value(b)
		return "jsonb_typeof(" + x + ") = 'string' AND (" + x + " #>> '{}') COLLATE \"C\"" + op + b.Arg(unquote(c.Value)) + "::text", nil
	case '0', 't', 'f':
		x, v := j.value(b), b.Arg(string(c.Value))+"::jsonb"
		return "jsonb_typeof(" + x + ") = jsonb_typeof(" + v + ") AND " + x + op + v, nil
	default:
		return "", chat.Errorf(chat.Invalid, "cannot match %s value on field `%s`.", kindOf(c.Value), c.Field)
	}
}

// words searches the text of strings.
func (j jsonAt) words(b *Builder, c Cmp, match func(*Builder, string, Cmp) (string, error)) (string, error) {
	x := j.value(b)
	s, err := match(b, "("+x+" #>> '{}')", c)
	return "jsonb_typeof(" + x + ") = 'string' AND " + s, err
}

func quote(s string) []byte {
	b, err := jsontext.AppendQuote(nil, s)
	if err != nil {
		panic("filter: name was not checked: " + err.Error())
	}
	return b
}
