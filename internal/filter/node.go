package filter

import (
	"slices"

	"github.com/go-json-experiment/json/jsontext"
)

// Op is an operator of the filter language, as clients write it.
type Op string

// The operators that compare a field to a value.
const (
	Eq           Op = "$eq"
	Ne           Op = "$ne"
	Gt           Op = "$gt"
	Gte          Op = "$gte"
	Lt           Op = "$lt"
	Lte          Op = "$lte"
	In           Op = "$in"
	Nin          Op = "$nin"
	Exists       Op = "$exists"
	Contains     Op = "$contains"
	Autocomplete Op = "$autocomplete"
	Query        Op = "$q"
	Any          Op = "$any"
)

// operators are all that Parse knows.
var operators = Ops{Eq, Ne, Gt, Gte, Lt, Lte, In, Nin, Exists, Contains, Autocomplete, Query, Any}

// positive returns the operator that op negates, or op itself.
func (op Op) positive() (base Op, negated bool) {
	switch op {
	case Ne:
		return Eq, true
	case Nin:
		return In, true
	default:
		return op, false
	}
}

// Ops are the operators that a field allows. Allowing Eq allows Ne and allowing In
// allows Nin, so those two are never listed.
type Ops []Op

// The sets that the API's fields have in common.
var (
	Equal   = Ops{Eq}
	OneOf   = Ops{Eq, In}
	Compare = Ops{Eq, Gt, Gte, Lt, Lte}
	Range   = Ops{Eq, Gt, Gte, Lt, Lte, In, Exists}
)

// With returns the set with more operators.
func (o Ops) With(more ...Op) Ops { return slices.Concat(o, more) }

// Node is a condition: And, Or, Nor or Cmp.
type Node interface{ node() }

// And holds when all its conditions do; the empty And always holds and is what an
// absent filter parses to.
type And []Node

// Or holds when one of its conditions does. Parse never makes an empty one.
type Or []Node

// Nor holds when none of its conditions does. Parse never makes an empty one.
type Nor []Node

// Cmp compares a field to a value. The methods Text, Texts, Bool and so on take the
// value out of it.
type Cmp struct {
	Field string         // as the client wrote it
	Op    Op             // what a Rendered field gets is never Ne or Nin
	Value jsontext.Value // one valid value without NUL characters
}

func (And) node() {}
func (Or) node()  {}
func (Nor) node() {}
func (Cmp) node() {}

// Walk calls visit for every comparison of n, in the document's order, until it
// returns an error. Negated tells whether rows match where the comparison does not
// hold: below an odd number of $nor, or by $ne or $nin, or neither when both cancel.
func Walk(n Node, visit func(c Cmp, negated bool) error) error { return walk(n, false, visit) }

func walk(n Node, negated bool, visit func(Cmp, bool) error) error {
	var nodes []Node
	switch n := n.(type) {
	case And:
		nodes = n
	case Or:
		nodes = n
	case Nor:
		nodes, negated = n, !negated
	case Cmp:
		_, flipped := n.Op.positive()
		return visit(n, negated != flipped)
	}
	for _, child := range nodes {
		if err := walk(child, negated, visit); err != nil {
			return err
		}
	}
	return nil
}

// Mentions tells whether n compares the field anywhere.
func Mentions(n Node, field string) bool {
	found := false
	_ = Walk(n, func(c Cmp, _ bool) error { // visit never fails
		found = found || c.Field == field
		return nil
	})
	return found
}
