package wire

import (
	"reflect"
	"strings"
	"sync"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"chatd/internal/chat"
)

// Shaped is implemented by types with JSON that their fields' Go types do not tell. It
// names such fields, each with a value of a type that does tell; "" is all of it.
type Shaped interface{ Shapes() map[string]any }

// attachments are raw everywhere: they are kept as they were sent.
const attachments = "attachments"

// shape is a type's JSON, as far as the dialects differ in it; nil is JSON in which
// they do not.
type shape struct {
	time   bool
	elem   *shape            // of a list or map
	fields map[string]*shape // of a struct, by name
	custom bool              // there may be custom fields beside these
}

// shapes has the *shape of each reflect.Type that was asked for.
var shapes sync.Map

// shapeOf returns the shape of a value's type.
func shapeOf(v any) *shape {
	t := reflect.TypeOf(v)
	if s, ok := shapes.Load(t); ok {
		return s.(*shape) //nolint:forcetypeassert // nothing else is stored
	}
	s := shaper{}.of(t)
	shapes.Store(t, s)
	return s
}

// shaper makes shapes; it knows those of the structs on its way, which may contain
// themselves.
type shaper map[reflect.Type]*shape

func (sh shaper) of(t reflect.Type) *shape {
	switch t.Kind() {
	case reflect.Pointer:
		return sh.of(t.Elem())
	case reflect.Slice, reflect.Array, reflect.Map:
		if elem := sh.of(t.Elem()); elem != nil {
			return &shape{elem: elem}
		}
	case reflect.Struct:
		if t == reflect.TypeFor[time.Time]() {
			return &shape{time: true}
		}
		if s, ok := sh[t]; ok {
			return s
		}
		if whole := told(t)[""]; whole != nil {
			return sh.of(reflect.TypeOf(whole))
		}
		s := &shape{fields: map[string]*shape{}}
		sh[t] = s
		sh.add(s, t, told(t))
		return s
	default: // numbers, texts and raw JSON
	}
	return nil
}

// told returns what a struct itself tells of its fields, not what one inside it tells.
func told(t reflect.Type) map[string]any {
	shaped := reflect.TypeFor[Shaped]()
	for f := range t.Fields() {
		if f.Anonymous && f.Type.Implements(shaped) {
			return nil
		}
	}
	if v, ok := reflect.TypeAssert[Shaped](reflect.Zero(t)); ok {
		return v.Shapes()
	}
	return nil
}

// add adds the fields of a struct to a shape, of which known tells some. Those of
// structs inside come after, and do not replace others.
func (sh shaper) add(s *shape, t reflect.Type, known map[string]any) {
	var inside []reflect.Type
	for f := range t.Fields() {
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		_, taken := s.fields[name]
		switch {
		case options == "embed" && f.Type == reflect.TypeFor[jsontext.Value]():
			s.custom = s.custom || f.Name == "Custom"
		case f.Anonymous && name == "":
			inside = append(inside, f.Type)
		case !f.IsExported() || name == "" || name == "-" || taken:
		case name == attachments && f.Type == reflect.TypeFor[jsontext.Value]():
			s.fields[name] = sh.of(reflect.TypeFor[[]chat.Attachment]())
		case known[name] != nil:
			s.fields[name] = sh.of(reflect.TypeOf(known[name]))
		default:
			s.fields[name] = sh.of(f.Type)
		}
	}
	for _, t := range inside {
		if t.Kind() == reflect.Pointer {
			t = t.Elem()
		}
		inner := known
		if inner == nil {
			inner = told(t)
		}
		sh.add(s, t, inner)
	}
}
