package filter

import (
	"bytes"
	"cmp"
	"errors"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"chatd/internal/chat"
)

// Limits bound what a client's filter may cost. A zero field means its default.
type Limits struct {
	Depth      int // of $and, $or and $nor in each other; 8
	Conditions int // comparisons in the whole filter; 100
	Values     int // elements of any one list; 1000
	Bytes      int // of the document; 256 KiB
}

const (
	defaultDepth      = 8
	defaultConditions = 100
	defaultValues     = 1000
	defaultBytes      = 256 << 10
	// maxValueDepth bounds the nesting of a value that a custom field is compared to.
	maxValueDepth = 8
	maxPath       = 512 // bytes of a field's name
	// maxNumber bounds a number's text, so that jsonb and numeric take all of them.
	maxNumber = 64
)

func (l Limits) orDefaults() Limits {
	return Limits{
		Depth:      cmp.Or(l.Depth, defaultDepth),
		Conditions: cmp.Or(l.Conditions, defaultConditions),
		Values:     cmp.Or(l.Values, defaultValues),
		Bytes:      cmp.Or(l.Bytes, defaultBytes),
	}
}

// Parse reads a filter document. No document, null and {} are the empty And. The
// error is Invalid; whether fields exist and values fit them is found by Fields.SQL.
func Parse(doc jsontext.Value, limits Limits) (Node, error) {
	limits = limits.orDefaults()
	doc = bytes.TrimSpace(doc)
	if len(doc) == 0 || string(doc) == "null" {
		return And{}, nil
	}
	if err := check(doc, limits); err != nil {
		return nil, err
	}
	if doc.Kind() != '{' {
		return nil, chat.Errorf(chat.Invalid, "filter must be an object but is of type %s", kindOf(doc))
	}
	p := parser{limits: limits}
	all, err := p.object(doc, 0)
	if err != nil {
		return nil, err
	}
	return all, nil
}

// check refuses what cannot be handled whatever the fields are: text that is not
// JSON or UTF-8, and what PostgreSQL would not take as jsonb or text.
func check(doc jsontext.Value, limits Limits) error {
	if len(doc) > limits.Bytes {
		return chat.Errorf(chat.Invalid, "filter must be %d bytes or less", limits.Bytes)
	}
	if !doc.IsValid() {
		return chat.Errorf(chat.Invalid, "filter is not valid JSON")
	}
	d := jsontext.NewDecoder(bytes.NewReader(doc))
	for {
		t, err := d.ReadToken()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return chat.Errorf(chat.Invalid, "filter is not valid JSON: %w", err)
		}
		if d.StackDepth() > 2*limits.Depth+maxValueDepth {
			return chat.Errorf(chat.Invalid, "filter is nested too deeply")
		}
		if err := checkToken(t); err != nil {
			return err
		}
		switch kind, n := d.StackIndex(d.StackDepth()); {
		case kind == '[' && n > int64(limits.Values):
			return chat.Errorf(chat.Invalid, "filter has a list of more than %d values", limits.Values)
		case kind == '{' && n%2 == 1 && len(t.String()) > maxPath:
			return chat.Errorf(chat.Invalid, "field names must be %d bytes or less", maxPath)
		}
	}
}

func checkToken(t jsontext.Token) error {
	switch t.Kind() {
	case '"':
		if strings.ContainsRune(t.String(), 0) {
			return chat.Errorf(chat.Invalid, "filter contains an invalid character: U+0000")
		}
	case '0':
		if !validNumber(t.String()) {
			return chat.Errorf(chat.Invalid, "filter contains a number out of range")
		}
	default:
	}
	return nil
}

// validNumber tells whether a JSON number is of a size that a float64 can have.
func validNumber(s string) bool {
	if len(s) > maxNumber {
		return false
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || math.IsInf(f, 0) {
		return false
	}
	mantissa, _, _ := strings.Cut(strings.ToLower(s), "e")
	return f != 0 || !strings.ContainsAny(mantissa, "123456789")
}

type parser struct {
	limits     Limits
	conditions int
}

// object reads the conditions that hold together in one object.
func (p *parser) object(doc jsontext.Value, depth int) (And, error) {
	all := And{}
	for name, value := range members(doc) {
		if strings.HasPrefix(name, "$") {
			n, err := p.logical(name, value, depth)
			if err != nil {
				return nil, err
			}
			all = append(all, n)
			continue
		}
		var err error
		if all, err = p.field(all, name, value); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// logical reads $and, $or and $nor.
func (p *parser) logical(op string, value jsontext.Value, depth int) (Node, error) {
	if op != "$and" && op != "$or" && op != "$nor" {
		return nil, chat.Errorf(chat.Invalid, "unrecognized operator %q", op)
	}
	if depth >= p.limits.Depth {
		return nil, chat.Errorf(chat.Invalid, "filter is nested too deeply")
	}
	var nodes []Node
	for e := range elements(value) {
		if e.Kind() != '{' {
			return nil, chat.Errorf(chat.Invalid, "operator %q expects a list of objects", op)
		}
		n, err := p.object(e, depth+1)
		if err != nil {
			return nil, err
		}
		nodes = append(nodes, n)
	}
	if len(nodes) == 0 {
		return nil, chat.Errorf(chat.Invalid, "operator %q expects a non-empty list", op)
	}
	switch op {
	case "$and":
		return And(nodes), nil
	case "$or":
		return Or(nodes), nil
	default:
		return Nor(nodes), nil
	}
}

// field adds the comparisons of one field to all: one for each operator, or equality
// with a value that has none.
func (p *parser) field(all And, name string, value jsontext.Value) (And, error) {
	cmps := []Cmp{{Field: name, Op: Eq, Value: value}}
	if value.Kind() == '{' {
		ops, plain := p.operators(name, value)
		if len(ops) > 0 && plain {
			return nil, chat.Errorf(chat.Invalid, "field %q mixes operators with other names", name)
		}
		if len(ops) > 0 {
			cmps = ops
		}
	}
	for _, c := range cmps {
		if !slices.Contains(operators, c.Op) {
			return nil, c.notAllowed()
		}
		if p.conditions++; p.conditions > p.limits.Conditions {
			return nil, chat.Errorf(chat.Invalid, "filter must contain at maximum %d conditions", p.limits.Conditions)
		}
		all = append(all, c)
	}
	return all, nil
}

// operators reads an object's operators and tells whether it has other members.
func (*parser) operators(field string, value jsontext.Value) (ops []Cmp, plain bool) {
	for name, v := range members(value) {
		if !strings.HasPrefix(name, "$") {
			plain = true
			continue
		}
		ops = append(ops, Cmp{Field: field, Op: Op(name), Value: v})
	}
	return ops, plain
}
