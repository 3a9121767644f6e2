// Package wire is JSON as the API speaks it. It is the only package that imports a
// JSON encoder: custom fields lie flat beside the typed ones (`json:",embed"` on a
// jsontext.Value), nil slices are [], times are RFC 3339 in UTC with as many
// digits as they have, and a custom field never shadows a typed one.
//
// All functions are safe for concurrent use.
package wire

import (
	"bytes"
	"errors"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"chatd/internal/chat"
)

// decoding reads what clients send: whole numbers may come as 1.0, and times in
// any zone or precision of RFC 3339.
var decoding = json.JoinOptions(
	jsontext.AllowInvalidUTF8(true),
	jsontext.AllowDuplicateNames(true),
	json.WithUnmarshalers(json.JoinUnmarshalers(
		json.UnmarshalFromFunc(unmarshalInt),
		json.UnmarshalFromFunc(unmarshalTime),
	)),
)

// encoding writes what clients get. Custom data was checked when it came in, so
// duplicates are not looked for again.
var encoding = json.JoinOptions(
	jsontext.AllowInvalidUTF8(true),
)

// Encoded is a value that may have been encoded already: AppendJSON appends that
// encoding, or returns nil when there is none.
type Encoded interface{ AppendJSON(dst []byte) []byte }

// Marshal encodes v.
func Marshal(v any) ([]byte, error) { return json.Marshal(v, encoding) }

// Write appends the encoding of v to b. v may be Encoded.
func Write(b *bytes.Buffer, v any) error {
	if e, ok := v.(Encoded); ok {
		if enc := e.AppendJSON(b.AvailableBuffer()); enc != nil {
			b.Write(enc)
			return nil
		}
	}
	return json.MarshalWrite(b, v, encoding)
}

// MarshalWith encodes obj, an object that is not empty, with one more field, and
// returns where the field's value lies in it.
func MarshalWith(obj any, name string, v any) (all, value jsontext.Value, err error) {
	b := Borrow()
	defer Return(b)
	if err := Write(b, obj); err != nil {
		return nil, nil, err
	}
	b.Truncate(b.Len() - len("}"))
	b.WriteString(`,"` + name + `":`)
	at := b.Len()
	if err := Write(b, v); err != nil {
		return nil, nil, err
	}
	end := b.Len()
	b.WriteByte('}')
	all = bytes.Clone(b.Bytes())
	return all, all[at:end:end], nil
}

// With appends to obj, which must be an encoded object, a field that it does not
// have, with a value that is encoded already.
func With(obj []byte, name string, value jsontext.Value) []byte {
	obj = obj[:len(obj)-1]
	if len(obj) > 1 {
		obj = append(obj, ',')
	}
	obj, _ = jsontext.AppendQuote(obj, name) // our own names are UTF-8
	obj = append(obj, ':')
	obj = append(obj, value...)
	return append(obj, '}')
}

// keptBuffer bounds the size of the buffers that wait to be used again, in bytes.
const keptBuffer = 2 << 20 // a list of channels with their messages

var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// Borrow returns an empty buffer, to be given back with Return when nothing of what
// was written to it is used any more.
func Borrow() *bytes.Buffer {
	b, _ := buffers.Get().(*bytes.Buffer)
	b.Reset()
	return b
}

// Return gives a buffer back.
func Return(b *bytes.Buffer) {
	if b.Cap() <= keptBuffer {
		buffers.Put(b)
	}
}

// MustMarshal encodes a value that cannot fail to encode: a struct of ours
// without custom data.
func MustMarshal(v any) jsontext.Value {
	b, err := Marshal(v)
	if err != nil {
		panic(err)
	}
	return b
}

// Unmarshal decodes b into v. What a client can do wrong is an Invalid error that
// names the field.
func Unmarshal(b []byte, v any) error { return explain(json.Unmarshal(b, v, decoding)) }

// Receive decodes a document that a client sent into v, as Unmarshal does, and
// refuses what the database could not keep of it.
func Receive(b []byte, v any) error {
	if err := storable(b); err != nil {
		return err
	}
	return Unmarshal(b, v)
}

// suspect tells whether a document may have a NUL character, or a number with an
// exponent of four digits. Only then is it looked at closely.
func suspect(b []byte) bool {
	if bytes.Contains(b, []byte(`\u0000`)) {
		return true
	}
	digit := func(i int) bool { return i < len(b) && '0' <= b[i] && b[i] <= '9' }
	for i := 1; i < len(b); i++ {
		if b[i]|' ' != 'e' || !digit(i-1) {
			continue
		}
		if i+1 < len(b) && (b[i+1] == '+' || b[i+1] == '-') {
			i++
		}
		if digit(i+1) && digit(i+2) && digit(i+3) && digit(i+4) {
			return true
		}
	}
	return false
}

// maxExponent bounds the exponents of numbers; more is beyond the database's.
const maxExponent = 1000

// storable refuses documents with NUL characters or numbers that cannot be stored.
// What is no document is left to the decoder.
func storable(b []byte) error {
	if !suspect(b) {
		return nil
	}
	d := jsontext.NewDecoder(bytes.NewReader(b), jsontext.AllowInvalidUTF8(true), jsontext.AllowDuplicateNames(true))
	for {
		t, err := d.ReadToken()
		if err != nil {
			return nil //nolint:nilerr // the decoder tells it, or it is the end
		}
		if t.Kind() == '"' && strings.Contains(t.String(), "\x00") {
			return chat.Errorf(chat.Invalid, "field %q contains the invalid character U+0000", Path(d.StackPointer()))
		}
		if t.Kind() == '0' && beyond(t.String()) {
			return chat.Errorf(chat.Invalid, "field %q contains a number that cannot be stored", Path(d.StackPointer()))
		}
	}
}

// beyond tells whether a number's exponent is out of bounds.
func beyond(number string) bool {
	_, exponent, ok := strings.Cut(strings.ToLower(number), "e")
	n, err := strconv.Atoi(exponent)
	return ok && (err != nil || n > maxExponent || n < -maxExponent)
}

// explain turns an error of the decoder into one for the client.
func explain(err error) error {
	if err == nil {
		return nil
	}
	if e, ok := errors.AsType[*chat.Error](err); ok {
		return e
	}
	if s, ok := errors.AsType[*json.SemanticError](err); ok {
		field := Path(s.JSONPointer)
		reason := "has the wrong type"
		if s.Err != nil {
			reason = s.Err.Error()
		} else if s.GoType != nil {
			reason = "expects " + kindName(s.GoType.Kind().String()) + " but got " + kindName(s.JSONKind.String())
		}
		return &chat.Error{
			Kind: chat.Invalid, Err: err, Message: "field \"" + field + "\" " + reason,
			Fields: map[string]string{field: reason},
		}
	}
	if s, ok := errors.AsType[*jsontext.SyntacticError](err); ok {
		return &chat.Error{Kind: chat.Invalid, Err: err, Message: "invalid JSON: " + s.Err.Error()}
	}
	return err
}

// Path writes a JSON pointer the way the API names fields: "message.user.id".
func Path(p jsontext.Pointer) string {
	var parts []string
	for t := range p.Tokens() {
		parts = append(parts, t)
	}
	return strings.Join(parts, ".")
}

func kindName(k string) string {
	switch k {
	case "int", "int64", "float64":
		return "number"
	case "slice", "[":
		return "array"
	case "struct", "map", "{":
		return "object"
	case "ptr":
		return "value"
	case "t", "f", "true", "false":
		return "bool"
	}
	return strings.Trim(k, `"`)
}

// unmarshalInt accepts whole numbers in any notation, as clients without an
// integer type send them.
func unmarshalInt(d *jsontext.Decoder, v *int) error {
	if d.PeekKind() != '0' {
		return errors.ErrUnsupported
	}
	t, err := d.ReadToken()
	if err != nil {
		return err
	}
	f, err := t.Float()
	if n := int(f); err == nil && float64(n) == f {
		*v = n
		return nil
	}
	return errors.New("expects a whole number")
}

// unmarshalTime accepts RFC 3339 and truncates to what the database keeps.
func unmarshalTime(d *jsontext.Decoder, v *time.Time) error {
	if d.PeekKind() != '"' {
		return errors.ErrUnsupported
	}
	t, err := d.ReadToken()
	if err != nil {
		return err
	}
	s := t.String()
	at, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		return errors.New("expects a date in RFC 3339 but got \"" + s + "\"")
	}
	*v = at.UTC().Truncate(time.Microsecond)
	return nil
}
