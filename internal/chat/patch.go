package chat

import (
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// The limits of a path in a partial update.
const (
	maxPatchDepth = 8   // names in a path
	maxPatchPath  = 512 // bytes
)

// ApplyPatch returns the JSON object obj after a partial update: the fields of the
// object set are put in, then those that unset names are taken out. Names are paths:
// "address.city" is the field city of the object address, which is made if it is not
// there or not an object. Taking out the last field leaves an empty object; taking
// out what is not there changes nothing. Values are kept as they are written.
//
// Empty obj and set count as {}. The errors are Invalid: a set that is no object, and
// a path that is empty, too long, has an empty name in it ("a..b") or a space.
func ApplyPatch(obj, set jsontext.Value, unset []string) (jsontext.Value, error) {
	if len(set) > 0 && set.Kind() != '{' && set.Kind() != 'n' {
		return nil, Errorf(Invalid, "set must be an object")
	}
	root := &patched{raw: obj}
	for path, value := range Keys(set) {
		names, err := patchPath(path)
		if err != nil {
			return nil, err
		}
		root.set(names, value.Clone())
	}
	for _, path := range unset {
		names, err := patchPath(path)
		if err != nil {
			return nil, err
		}
		root.unset(names)
	}
	root.open()
	return root.append(nil), nil
}

// patchPath splits a path into names.
func patchPath(path string) ([]string, error) {
	names := strings.Split(path, ".")
	valid := len(path) <= maxPatchPath && len(names) <= maxPatchDepth && !strings.ContainsAny(path, " \t\r\n\x00")
	for _, name := range names {
		valid = valid && name != ""
	}
	if !valid {
		return nil, Errorf(Invalid, "%q is not a valid field name", path[:min(len(path), maxPatchPath)])
	}
	return names, nil
}

// patched is a JSON value under change: raw until something inside it changes, from
// then on the fields of an object in their order.
type patched struct {
	raw    jsontext.Value
	names  []string            // each once; those that were taken out too
	fields map[string]*patched // nil for a field that was taken out
}

// open takes the value apart. What is not an object becomes an empty one.
func (p *patched) open() {
	if p.fields != nil {
		return
	}
	p.fields = map[string]*patched{}
	for name, v := range Keys(p.raw) {
		p.put(name, &patched{raw: v.Clone()})
	}
	p.raw = nil
}

func (p *patched) put(name string, v *patched) {
	if _, known := p.fields[name]; !known {
		p.names = append(p.names, name)
	}
	p.fields[name] = v
}

func (p *patched) set(names []string, value jsontext.Value) {
	for _, name := range names[:len(names)-1] {
		p.open()
		if p.fields[name] == nil {
			p.put(name, &patched{raw: jsontext.Value("{}")})
		}
		p = p.fields[name]
	}
	p.open()
	p.put(names[len(names)-1], &patched{raw: value})
}

func (p *patched) unset(names []string) {
	for i, name := range names {
		if p.fields == nil && p.raw.Kind() != '{' {
			return
		}
		p.open()
		child := p.fields[name]
		if child == nil {
			return
		}
		if i == len(names)-1 {
			p.fields[name] = nil
			return
		}
		p = child
	}
}

// append writes the value behind dst.
func (p *patched) append(dst []byte) []byte {
	if p.fields == nil {
		return append(dst, p.raw...)
	}
	dst = append(dst, '{')
	first := true
	for _, name := range p.names {
		v := p.fields[name]
		if v == nil {
			continue
		}
		if !first {
			dst = append(dst, ',')
		}
		first = false
		dst, _ = jsontext.AppendQuote(dst, name) // invalid UTF-8 is replaced, which is what we want
		dst = append(dst, ':')
		dst = v.append(dst)
	}
	return append(dst, '}')
}
