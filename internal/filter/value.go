package filter

import (
	"bytes"
	"iter"
	"math/big"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/go-json-experiment/json/jsontext"

	"chatd/internal/chat"
)

// IsNull tells whether the value is null.
func (c Cmp) IsNull() bool { return c.Value.Kind() == 'n' }

// HasNull tells whether the value is null or an array with null in it.
func (c Cmp) HasNull() bool {
	null := func(v jsontext.Value) bool { return v.Kind() == 'n' }
	return c.IsNull() || c.IsList() && slices.ContainsFunc(slices.Collect(elements(c.Value)), null)
}

// IsList tells whether the value is an array.
func (c Cmp) IsList() bool { return c.Value.Kind() == '[' }

// Text returns the value of a field that takes strings.
func (c Cmp) Text() (string, error) { return c.text(c.Value) }

// Texts returns the strings of a list.
func (c Cmp) Texts() ([]string, error) { return list(c, c.text) }

// OneOf returns the value of a field that takes one of a few words.
func (c Cmp) OneOf(words ...string) (string, error) {
	s, err := c.Text()
	if err != nil {
		return "", err
	}
	if !slices.Contains(words, s) {
		return "", chat.Errorf(chat.Invalid, "%s must be one of [%s]", c.Field, strings.Join(words, " "))
	}
	return s, nil
}

// Bool returns the value of a field that takes true and false, or that of $exists.
func (c Cmp) Bool() (bool, error) {
	switch {
	case c.Value.Kind() == 't':
		return true, nil
	case c.Value.Kind() == 'f':
		return false, nil
	case c.Op == Exists:
		return false, chat.Errorf(chat.Invalid, "$exists operator only support boolean values")
	default:
		return false, c.wrongType(c.Value, "bool")
	}
}

// Int returns the value of a field that takes whole numbers, in any notation.
func (c Cmp) Int() (int64, error) {
	if c.Value.Kind() != '0' {
		return 0, c.wrongType(c.Value, "number")
	}
	n, ok := whole(string(c.Value))
	if !ok {
		return 0, chat.Errorf(chat.Invalid, "field `%s` expects a whole number but got %s", c.Field, c.Value)
	}
	return n, nil
}

// Time returns the value of a field that takes dates: RFC 3339, also without a zone
// (UTC then) or without a time, in the database's microseconds.
func (c Cmp) Time() (time.Time, error) { return c.time(c.Value) }

// Times returns the dates of a list.
func (c Cmp) Times() ([]time.Time, error) { return list(c, c.time) }

// maxWords bounds what one search costs, in bytes.
const maxWords = 1024

// Words returns the text of $autocomplete or $q: it has a letter or a digit, no
// control characters, and at most 1024 bytes.
func (c Cmp) Words() (string, error) {
	s, err := c.Text()
	if err != nil {
		return "", err
	}
	if len(s) > maxWords {
		return "", chat.Errorf(chat.Invalid, "%s must be %d characters or less", c.Field, maxWords)
	}
	searchable := func(r rune) bool { return unicode.IsLetter(r) || unicode.IsNumber(r) }
	if !strings.ContainsFunc(s, searchable) || strings.ContainsFunc(s, unicode.IsControl) {
		if c.Op == Autocomplete {
			return "", chat.Errorf(chat.Invalid,
				"$autocomplete field is empty or contains invalid characters. Please provide a valid string to autocomplete")
		}
		return "", chat.Errorf(chat.Invalid,
			"%s field is empty or contains invalid characters. Please provide a valid string to search", c.Op)
	}
	return s, nil
}

func (c Cmp) text(v jsontext.Value) (string, error) {
	if v.Kind() != '"' {
		return "", c.wrongType(v, "string")
	}
	return unquote(v), nil
}

// dates are the layouts that clients write dates in.
var dates = []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999", time.DateOnly}

func (c Cmp) time(v jsontext.Value) (time.Time, error) {
	s := string(v)
	if v.Kind() == '"' {
		s = unquote(v)
		for _, layout := range dates {
			if t, err := time.Parse(layout, s); err == nil {
				return t.UTC().Truncate(time.Microsecond), nil
			}
		}
	}
	return time.Time{}, chat.Errorf(chat.Invalid, "expected date for field \"%s\" but got \"%s\"", c.Field, clip(s))
}

// clip bounds what of a client's text an error repeats.
func clip(s string) string {
	const most = 64
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "…"
}

// list takes the elements out of an array.
func list[T any](c Cmp, element func(jsontext.Value) (T, error)) ([]T, error) {
	if !c.IsList() {
		return nil, c.wrongType(c.Value, "array")
	}
	out := []T{}
	for e := range elements(c.Value) {
		v, err := element(e)
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, nil
}

func (c Cmp) notAllowed() error {
	return chat.Errorf(chat.Invalid, "operator \"%s\" is not allowed for field \"%s\"", c.Op, c.Field)
}

func (c Cmp) wrongType(v jsontext.Value, want string) error {
	return chat.Errorf(chat.Invalid, "field `%s` contains type %s. expecting %s", c.Field, kindOf(v), want)
}

// kindOf names the type of a JSON value as the API's errors do.
func kindOf(v jsontext.Value) string {
	switch v.Kind() {
	case 'n':
		return "null"
	case 't', 'f':
		return "bool"
	case '"':
		return "string"
	case '0':
		return "number"
	case '[':
		return "array"
	default:
		return "object"
	}
}

// whole returns a JSON number as an int64 if it is one: 3, 3.0 and 3e0 are the same.
func whole(number string) (int64, bool) {
	r, ok := new(big.Rat).SetString(number)
	if !ok || !r.IsInt() || !r.Num().IsInt64() {
		return 0, false
	}
	return r.Num().Int64(), true
}

func unquote(v jsontext.Value) string {
	b, err := jsontext.AppendUnquote(nil, v)
	if err != nil {
		panic("filter: value was not checked: " + err.Error())
	}
	return string(b)
}

// members yields the members of an object in a document that was checked.
func members(object jsontext.Value) iter.Seq2[string, jsontext.Value] {
	return func(yield func(string, jsontext.Value) bool) {
		d := jsontext.NewDecoder(bytes.NewReader(object))
		mustToken(d)
		for d.PeekKind() != '}' {
			name := mustToken(d).String()
			if !yield(name, mustValue(d)) {
				return
			}
		}
	}
}

// elements yields the elements of an array in a document that was checked, and none
// of another value.
func elements(array jsontext.Value) iter.Seq[jsontext.Value] {
	return func(yield func(jsontext.Value) bool) {
		if array.Kind() != '[' {
			return
		}
		d := jsontext.NewDecoder(bytes.NewReader(array))
		mustToken(d)
		for d.PeekKind() != ']' {
			if !yield(mustValue(d)) {
				return
			}
		}
	}
}

func mustToken(d *jsontext.Decoder) jsontext.Token {
	t, err := d.ReadToken()
	if err != nil {
		panic("filter: document was not checked: " + err.Error())
	}
	return t
}

func mustValue(d *jsontext.Decoder) jsontext.Value {
	v, err := d.ReadValue()
	if err != nil {
		panic("filter: document was not checked: " + err.Error())
	}
	return v.Clone()
}
