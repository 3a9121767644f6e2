package filter

import (
	"math/big"

	"github.com/go-json-experiment/json/jsontext"

	"chatd/internal/chat"
)

// comparisons are the SQL operators of the ordered comparisons.
var comparisons = map[Op]string{Eq: " = ", Gt: " > ", Gte: " >= ", Lt: " < ", Lte: " <= "}

// Text is a text column or expression. An empty string counts as no value for null
// and $exists, as the API leaves empty strings out of its answers. Order is that of
// the expression's collation. Autocomplete and Query search its words.
func Text(expr string, ops Ops) Field {
	return Rendered(ops, func(b *Builder, c Cmp) (string, error) {
		switch {
		case c.Op == Eq && c.IsNull():
			return expr + " IS NULL OR " + expr + " = ''", nil
		case c.Op == Exists:
			return textExists(expr, c)
		case c.Op == Autocomplete:
			return autocomplete(b, expr, c)
		case c.Op == Query:
			return search(b, expr, c)
		case c.Op == In:
			list, err := c.Texts()
			return expr + " = ANY(" + b.Arg(list) + "::text[])", err
		default:
			s, err := c.Text()
			return compare(expr, c, b.Arg(s)+"::text", err)
		}
	})
}

func textExists(expr string, c Cmp) (string, error) {
	present, err := c.Bool()
	if !present {
		return expr + " IS NULL OR " + expr + " = ''", err
	}
	return expr + " <> ''", err
}

// Enum is a text column that holds one of a few words; another word is refused.
func Enum(expr string, ops Ops, words ...string) Field {
	field := Text(expr, ops)
	return Rendered(ops, func(b *Builder, c Cmp) (string, error) {
		check := func(v jsontext.Value) (string, error) {
			return Cmp{Field: c.Field, Op: c.Op, Value: v}.OneOf(words...)
		}
		var err error
		switch {
		case c.Op == In:
			_, err = list(c, check)
		case c.Op != Exists && !c.IsNull():
			_, err = check(c.Value)
		}
		if err != nil {
			return "", err
		}
		return field(b, c)
	})
}

// Time is a timestamptz column. Values are as Cmp.Time takes them.
func Time(expr string, ops Ops) Field {
	return scalar(expr, ops, func(b *Builder, c Cmp) (string, error) {
		if c.Op == In {
			list, err := c.Times()
			return b.Arg(list) + "::timestamptz[]", err
		}
		t, err := c.Time()
		return b.Arg(t) + "::timestamptz", err
	})
}

// Number is a column of any numeric type. Values are exact; a whole number beyond
// bigint is refused.
func Number(expr string, ops Ops) Field {
	return scalar(expr, ops, func(b *Builder, c Cmp) (string, error) {
		if c.Op != In {
			n, err := c.number(c.Value)
			if i, ok := whole(n); ok {
				return b.Arg(i) + "::bigint", err
			}
			return b.Arg(n) + "::numeric", err
		}
		numbers, err := list(c, c.number)
		integers := make([]int64, len(numbers))
		for i, n := range numbers {
			var ok bool
			if integers[i], ok = whole(n); !ok {
				return b.Arg(numbers) + "::numeric[]", err
			}
		}
		return b.Arg(integers) + "::bigint[]", err
	})
}

func (c Cmp) number(v jsontext.Value) (string, error) {
	if v.Kind() != '0' {
		return "", c.wrongType(v, "number")
	}
	if !fitsNumber(string(v)) {
		return "", chat.Errorf(chat.Invalid, "field `%s` contains a number out of range", c.Field)
	}
	return string(v), nil
}

// Bool is a boolean column; $in is not for it.
func Bool(expr string, ops Ops) Field {
	return scalar(expr, ops, func(b *Builder, c Cmp) (string, error) {
		v, err := c.Bool()
		return b.Arg(v) + "::boolean", err
	})
}

// scalar is a column whose null and $exists are SQL's; value adds the parameter, for
// $in an array, and returns it with its cast.
func scalar(expr string, ops Ops, value func(b *Builder, c Cmp) (string, error)) Field {
	return Rendered(ops, func(b *Builder, c Cmp) (string, error) {
		switch {
		case c.Op == Eq && c.IsNull():
			return expr + " IS NULL", nil
		case c.Op == Exists:
			present, err := c.Bool()
			if !present {
				return expr + " IS NULL", err
			}
			return expr + " IS NOT NULL", err
		case c.Op == In:
			v, err := value(b, c)
			return expr + " = ANY(" + v + ")", err
		default:
			v, err := value(b, c)
			return compare(expr, c, v, err)
		}
	})
}

func compare(expr string, c Cmp, value string, err error) (string, error) {
	if err != nil {
		return "", err
	}
	op, ok := comparisons[c.Op]
	if !ok {
		return "", c.notAllowed()
	}
	return expr + op + value, nil
}

// TextArray is a text[] column. $contains and a single string match where it has the
// string, an array matches the same set in any order, $in matches where it has one of
// the strings, null where it is empty. The empty string is refused.
func TextArray(expr string, ops Ops) Field {
	return Rendered(ops, func(b *Builder, c Cmp) (string, error) {
		switch {
		case c.Op == Exists:
			present, err := c.Bool()
			if !present {
				return "coalesce(cardinality(" + expr + "), 0) = 0", err
			}
			return "cardinality(" + expr + ") > 0", err
		case c.Op == Eq && c.IsNull():
			return "coalesce(cardinality(" + expr + "), 0) = 0", nil
		case c.Op == In:
			list, err := c.tags()
			return expr + " && " + b.Arg(list) + "::text[]", err
		case c.Op == Eq && c.IsList():
			list, err := c.tags()
			if len(list) == 0 {
				return "coalesce(cardinality(" + expr + "), 0) = 0", err
			}
			set := b.Arg(list) + "::text[]"
			return expr + " @> " + set + " AND " + expr + " <@ " + set, err
		case c.Op == Eq || c.Op == Contains:
			s, err := c.tag(c.Value)
			return expr + " @> " + b.Arg([]string{s}) + "::text[]", err
		default:
			return "", c.notAllowed()
		}
	})
}

func (c Cmp) tags() ([]string, error) { return list(c, c.tag) }

func (c Cmp) tag(v jsontext.Value) (string, error) {
	s, err := c.text(v)
	if err == nil && s == "" {
		return "", chat.Errorf(chat.Invalid, "field %s expect non-empty string values", c.Field)
	}
	return s, err
}

// fitsNumber tells whether a JSON number is a bigint or has a fraction.
func fitsNumber(number string) bool {
	r, ok := new(big.Rat).SetString(number)
	return ok && (!r.IsInt() || r.Num().IsInt64())
}
