package wire

import (
	"bytes"
	"errors"
	"io"
	"strconv"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"chatd/internal/chat"
)

// The API has two dialects (API: hosts, prefixes). In the older one, which everything
// here speaks, custom fields lie beside the typed ones and times are RFC 3339; in the
// newer one an object named custom holds the custom fields, and answers have times in
// nanoseconds since 1970. Newer and Older translate documents as a whole, by the Go type
// that they are of: much of an answer is encoded already when it is put together, and
// who speaks the older dialect pays nothing.

// Newer translates doc, an answer of v's type, into the newer dialect.
func Newer(doc []byte, v any) ([]byte, error) {
	return translate(doc, v, (*translator).nest, nanoseconds)
}

// Older translates doc, a request of v's type in the newer dialect, into the older
// one. Where custom fields may lie beside the typed ones, fields that are neither are
// dropped. What is no document is an Invalid error.
func Older(doc []byte, v any) ([]byte, error) {
	out, err := translate(doc, v, (*translator).flatten, rfc3339)
	if errors.Is(err, io.EOF) {
		return nil, &chat.Error{Kind: chat.Invalid, Err: err, Message: "invalid JSON: it ends too early"}
	}
	return out, explain(err)
}

// translator copies a document and changes what the dialects differ in.
type translator struct {
	in   *jsontext.Decoder
	out  []byte
	open func(*translator, *shape) error // copies an object that may have custom fields
	time func(jsontext.Value) jsontext.Value
}

func translate(doc []byte, v any, open func(*translator, *shape) error, at func(jsontext.Value) jsontext.Value) ([]byte, error) {
	t := &translator{
		in:  jsontext.NewDecoder(bytes.NewReader(doc), jsontext.AllowInvalidUTF8(true), jsontext.AllowDuplicateNames(true)),
		out: make([]byte, 0, len(doc)+len(doc)/8), open: open, time: at,
	}
	if err := t.value(shapeOf(v)); err != nil {
		return nil, err
	}
	switch _, err := t.in.ReadToken(); {
	case errors.Is(err, io.EOF):
		return t.out, nil
	case err != nil:
		return nil, err
	default:
		return nil, chat.Errorf(chat.Invalid, "invalid JSON: there is more after the document")
	}
}

// value copies the next value, which should have the shape. One that has not, or whose
// shape is nil, is copied as it is.
func (t *translator) value(s *shape) error {
	kind := t.in.PeekKind()
	switch {
	case s == nil:
	case kind == '{' && s.custom:
		return t.open(t, s)
	case kind == '{' && (s.fields != nil || s.elem != nil):
		return t.plain(s)
	case kind == '[' && s.elem != nil:
		return t.list(s.elem)
	case s.time:
		v, err := t.in.ReadValue()
		t.out = append(t.out, t.time(v)...)
		return err
	}
	v, err := t.in.ReadValue()
	t.out = append(t.out, v...)
	return err
}

// list copies a list.
func (t *translator) list(elem *shape) error {
	if _, err := t.in.ReadToken(); err != nil {
		return err
	}
	t.out = append(t.out, '[')
	for t.in.PeekKind() != ']' {
		t.comma()
		if err := t.value(elem); err != nil {
			return err
		}
	}
	t.out = append(t.out, ']')
	_, err := t.in.ReadToken()
	return err
}

// plain copies an object without custom fields, or a map.
func (t *translator) plain(s *shape) error {
	t.out = append(t.out, '{')
	err := t.each(func(name string) error {
		field := s.elem
		if field == nil {
			field = s.fields[name]
		}
		return t.field(name, field)
	})
	t.out = append(t.out, '}')
	return err
}

// nest copies an object of the older dialect: what it has beside the typed fields
// goes into custom, which is always there.
func (t *translator) nest(s *shape) error {
	custom := &translator{in: t.in, out: []byte{'{'}}
	t.out = append(t.out, '{')
	err := t.each(func(name string) error {
		if field, typed := s.fields[name]; typed {
			return t.field(name, field)
		}
		return custom.field(name, nil)
	})
	t.name("custom")
	t.out = append(append(t.out, custom.out...), "}}"...)
	return err
}

// flatten copies an object of the newer dialect: the fields in custom come to lie
// beside the typed ones, and none may have the name of one. In requests about polls it
// has a capital.
func (t *translator) flatten(s *shape) error {
	t.out = append(t.out, '{')
	err := t.each(func(name string) error {
		if field, typed := s.fields[name]; typed {
			return t.field(name, field)
		}
		if name != "custom" && name != "Custom" || t.in.PeekKind() == 'n' {
			return t.in.SkipValue()
		}
		if t.in.PeekKind() != '{' {
			return chat.Errorf(chat.Invalid, "%s must be an object", Path(t.in.StackPointer()))
		}
		return t.each(func(name string) error {
			if _, typed := s.fields[name]; typed {
				return chat.Errorf(chat.Invalid, "%s is a reserved field", Path(t.in.StackPointer()))
			}
			return t.field(name, nil)
		})
	})
	t.out = append(t.out, '}')
	return err
}

// each calls fn for the fields of the object that comes next, before their values.
func (t *translator) each(fn func(name string) error) error {
	if _, err := t.in.ReadToken(); err != nil {
		return err
	}
	for t.in.PeekKind() == '"' {
		name, err := t.in.ReadToken()
		if err != nil {
			return err
		}
		if err := fn(name.String()); err != nil {
			return err
		}
	}
	_, err := t.in.ReadToken()
	return err
}

// field copies a field whose name was read.
func (t *translator) field(name string, s *shape) error {
	t.name(name)
	return t.value(s)
}

func (t *translator) name(name string) {
	t.comma()
	t.out, _ = jsontext.AppendQuote(t.out, name) // invalid UTF-8 is replaced
	t.out = append(t.out, ':')
}

// comma separates the next value from the one before.
func (t *translator) comma() {
	if last := t.out[len(t.out)-1]; last != '{' && last != '[' {
		t.out = append(t.out, ',')
	}
}

// nanoseconds turns a time of an answer into the newer dialect's.
func nanoseconds(v jsontext.Value) jsontext.Value {
	at, err := time.Parse(`"`+time.RFC3339Nano+`"`, string(v))
	if err != nil {
		return v // null
	}
	return strconv.AppendInt(nil, at.UnixNano(), 10)
}

// rfc3339 turns a time of a request into the older dialect's. Most requests have it
// so already.
func rfc3339(v jsontext.Value) jsontext.Value {
	n, err := strconv.ParseInt(string(v), 10, 64)
	if err != nil {
		return v
	}
	return time.Unix(0, n).UTC().AppendFormat(nil, `"`+time.RFC3339Nano+`"`)
}
