package filter

import (
	"slices"
	"strconv"
	"strings"

	"chatd/internal/chat"
)

// Builder collects the parameters of one statement. Args may hold parameters that
// the statement's own text uses before fields add theirs.
type Builder struct{ Args []any }

// Arg adds a parameter and returns its placeholder, "$n". Cast it to its type where
// it is used.
func (b *Builder) Arg(v any) string {
	b.Args = append(b.Args, v)
	return "$" + strconv.Itoa(len(b.Args))
}

// Field renders one comparison as an SQL condition. A condition that is NULL counts
// as one that does not hold. Errors are Invalid, in the API's words.
type Field func(b *Builder, c Cmp) (string, error)

// Fields are what an entity can be filtered on.
type Fields struct {
	Named map[string]Field
	// Custom returns the field behind any other name; nil refuses them.
	Custom func(path string) (Field, error)
}

// Rendered is a field for which render writes the SQL: of a relation, or of the
// asking user. Only the operators in ops reach it; $ne and $nin reach it as $eq and
// $in and are negated around it. What render returns needs no parentheses.
func Rendered(ops Ops, render func(b *Builder, c Cmp) (string, error)) Field {
	return func(b *Builder, c Cmp) (string, error) {
		base, negated := c.Op.positive()
		if !slices.Contains(ops, base) {
			return "", c.notAllowed()
		}
		if base == Exists {
			if _, err := c.Bool(); err != nil {
				return "", err
			}
		}
		c.Op = base
		s, err := render(b, c)
		if err != nil || !negated {
			return s, err
		}
		return "(" + s + ") IS NOT TRUE", nil
	}
}

// SQL renders n as a condition that can stand between ANDs and adds its parameters
// to b. Errors are Invalid.
func (f Fields) SQL(b *Builder, n Node) (string, error) {
	switch n := n.(type) {
	case And:
		return f.join(b, n, " AND ", "TRUE")
	case Or:
		return f.join(b, n, " OR ", "FALSE")
	case Nor:
		s, err := f.join(b, n, " OR ", "FALSE")
		return "(" + s + " IS NOT TRUE)", err
	case Cmp:
		field, err := f.field(n.Field)
		if err != nil {
			return "", err
		}
		s, err := field(b, n)
		return "(" + s + ")", err
	}
	return "TRUE", nil // a nil Node is no filter
}

func (f Fields) field(name string) (Field, error) {
	if field, ok := f.Named[name]; ok {
		return field, nil
	}
	if f.Custom == nil {
		return nil, unrecognized(name)
	}
	return f.Custom(name)
}

func (f Fields) join(b *Builder, nodes []Node, sep, empty string) (string, error) {
	if len(nodes) == 0 {
		return empty, nil
	}
	parts := make([]string, len(nodes))
	for i, n := range nodes {
		s, err := f.SQL(b, n)
		if err != nil {
			return "", err
		}
		parts[i] = s
	}
	if len(parts) == 1 {
		return parts[0], nil
	}
	return "(" + strings.Join(parts, sep) + ")", nil
}

func unrecognized(field string) error {
	return chat.Errorf(chat.Invalid, "unrecognized field \"%s\"", clip(field))
}
