package messages

import (
	"reflect"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"

	"chatd/internal/chat"
)

// fields are the names of a struct's fields on the wire.
func fields(t reflect.Type) map[string]bool {
	out := map[string]bool{}
	for f := range t.Fields() {
		if f.Anonymous {
			for name := range fields(f.Type) {
				out[name] = true
			}
			continue
		}
		if name, _, _ := strings.Cut(f.Tag.Get("json"), ","); name != "" && name != "-" {
			out[name] = true
		}
	}
	return out
}

func TestCustomFieldsCannotShadow(t *testing.T) {
	t.Parallel()
	sent := fields(reflect.TypeFor[chat.MessageRequest]())
	for name := range fields(reflect.TypeFor[chat.Message]()) {
		if !sent[name] && !reserved[name] && !computed[name] {
			t.Errorf("a client's custom field %q would stand beside the message's own", name)
		}
	}
	react := fields(reflect.TypeFor[ReactionRequest]())
	for name := range fields(reflect.TypeFor[chat.Reaction]()) {
		if !react[name] && !givenBack[name] {
			t.Errorf("a client's custom field %q would stand beside the reaction's own", name)
		}
	}
}

func TestCustomOf(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		sent, want string
		kind       chat.Kind
	}{
		{"", "", ""},
		{"{}", "", ""},
		{`{"a":1}`, `{"a":1}`, ""},
		{`{"a":1,"cid":"x","own_reactions":[]}`, `{"a":1}`, ""},
		{`{"cid":"x"}`, "", ""},
		{`{"created_at":1}`, "", chat.Invalid},
		{`{"a":"\u0000"}`, "", chat.Invalid},
		{`{"a":"\\u0000"}`, `{"a":"\\u0000"}`, ""},
		{`{"a":{"b":1,"b":2}}`, "", chat.Invalid},
		{`{"a":"` + strings.Repeat("x", chat.MaxCustom) + `"}`, "", chat.PayloadTooBig},
		{`{"own_reactions":"` + strings.Repeat("x", chat.MaxCustom) + `"}`, "", ""},
	} {
		got, err := customOf(jsontext.Value(tt.sent))
		if chat.KindOf(err) != tt.kind || err == nil && string(got) != tt.want {
			t.Errorf("customOf(%.60s) = %s, %v; want %s, %q", tt.sent, got, err, tt.want, tt.kind)
		}
	}
}

func TestEqual(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		a, b string
		want bool
	}{
		{"", "", true},
		{"", "[]", true},
		{"null", "[ ]", true},
		{`[{"a": 1, "b": 2}]`, `[{"b":2,"a":1}]`, true},
		{`[1]`, `[2]`, false},
		{`[1]`, ``, false},
		{`{"a":1}`, `{"a":1,"b":1}`, false},
	} {
		if got := equal(jsontext.Value(tt.a), jsontext.Value(tt.b)); got != tt.want {
			t.Errorf("equal(%s, %s) = %v, want %v", tt.a, tt.b, got, tt.want)
		}
	}
}
