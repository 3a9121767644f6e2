package config

import (
	"encoding"
	"fmt"
	"log/slog"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
)

// prefix is what the names of all settings begin with. A variable with it that is
// no setting is a mistake, except those of the tests.
const (
	prefix     = "CHATD_"
	testPrefix = "CHATD_TEST_"
)

// Setting is one setting as it is shown.
type Setting struct {
	Name    string
	Value   string // what it is now, secrets masked
	Default string
	Help    string // its meaning, with the values it may have
}

// Settings lists all settings of c in the order of the struct.
func (c *Config) Settings() []Setting {
	var out []Setting
	for _, f := range c.fields() {
		s := Setting{Name: f.name, Default: f.tag.Get("default"), Help: f.tag.Get("help"), Value: f.String()}
		if values := f.tag.Get("oneof"); values != "" {
			s.Help += " One of " + strings.ReplaceAll(values, ",", ", ") + "."
		}
		if f.tag.Get("secret") != "" {
			s.Value = mask(s.Value)
		}
		out = append(out, s)
	}
	return out
}

// mask hides the passwords in a URL, and all of what is no URL.
func mask(s string) string {
	if s == "" {
		return ""
	}
	u, err := url.Parse(s)
	if err != nil || u.Scheme == "" {
		return "…"
	}
	if q := u.Query(); q.Has("password") {
		q.Set("password", "xxxxx")
		u.RawQuery = q.Encode()
	}
	return u.Redacted()
}

// field is a field of a Config with its tags.
type field struct {
	name  string
	tag   reflect.StructTag
	value reflect.Value
}

func (c *Config) fields() []field {
	v := reflect.ValueOf(c).Elem()
	var out []field
	for i := range v.NumField() {
		tag := v.Type().Field(i).Tag
		out = append(out, field{tag.Get("env"), tag, v.Field(i)})
	}
	return out
}

// read sets all fields from the environment or their defaults and returns what is
// wrong with the variables.
func (c *Config) read(environ []string) []string {
	vars := map[string]string{}
	for _, v := range environ {
		if name, value, ok := strings.Cut(v, "="); ok && strings.HasPrefix(name, prefix) && !strings.HasPrefix(name, testPrefix) {
			vars[name] = strings.TrimSpace(value)
		}
	}
	var problems, names []string
	for _, f := range c.fields() {
		names = append(names, f.name)
		value, initial := vars[f.name], f.tag.Get("default")
		delete(vars, f.name)
		if value == "" {
			value = initial
		}
		if err := f.set(value); err != nil {
			problems = append(problems, fmt.Sprintf("%s: %v", f.name, err))
			_ = f.set(initial) // the defaults are right, or nothing would start
		}
	}
	for name := range vars {
		problems = append(problems, fmt.Sprintf("%s: no such setting%s", name, suggest(name, names)))
	}
	return problems
}

// set parses value into the field.
func (f field) set(value string) error {
	if values := f.tag.Get("oneof"); values != "" && !slices.Contains(strings.Split(values, ","), value) {
		return fmt.Errorf("%q is not one of %s", value, strings.ReplaceAll(values, ",", ", "))
	}
	switch p := f.value.Addr().Interface().(type) {
	case *string:
		*p = value
	case *int:
		n, err := strconv.Atoi(value)
		if err != nil {
			return fmt.Errorf("%q is not a whole number", value)
		}
		*p = n
	case *time.Duration:
		d, err := time.ParseDuration(value)
		if err != nil {
			return fmt.Errorf("%q is not a duration like 20s or 1m30s", value)
		}
		*p = d
	case *slog.Level:
		if err := p.UnmarshalText([]byte(value)); err != nil {
			return fmt.Errorf("%q is not one of DEBUG, INFO, WARN, ERROR", value)
		}
	case encoding.TextUnmarshaler:
		return p.UnmarshalText([]byte(value))
	default:
		return f.setList(value)
	}
	return nil
}

// setList parses values between commas into a slice of a type that parses text.
func (f field) setList(value string) error {
	list := reflect.Zero(f.value.Type())
	for part := range strings.SplitSeq(value, ",") {
		if part = strings.TrimSpace(part); part == "" {
			continue
		}
		item := reflect.New(f.value.Type().Elem())
		u, ok := reflect.TypeAssert[encoding.TextUnmarshaler](item)
		if !ok {
			panic("config: " + f.name + " has a type without a text form")
		}
		if err := u.UnmarshalText([]byte(part)); err != nil {
			return fmt.Errorf("%q: %w", part, err)
		}
		list = reflect.Append(list, item.Elem())
	}
	f.value.Set(list)
	return nil
}

// String returns the field's value in the form it is set.
func (f field) String() string {
	if f.value.Kind() != reflect.Slice {
		return fmt.Sprint(f.value.Interface())
	}
	var parts []string
	for i := range f.value.Len() {
		parts = append(parts, fmt.Sprint(f.value.Index(i).Interface()))
	}
	return strings.Join(parts, ",")
}

// suggest returns a question for the known name that is most like name, if one is.
func suggest(name string, known []string) string {
	best, least := "", len(name)/3+1
	for _, k := range known {
		if d := distance(name[len(prefix):], k[len(prefix):]); d < least {
			best, least = k, d
		}
	}
	if best == "" {
		return ""
	}
	return ", did you mean " + best + "?"
}

// distance is how many letters have to be changed, added or taken away to make b
// of a (Levenshtein).
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, diagonal+1, row[j]+1)
		}
	}
	return row[len(b)]
}
