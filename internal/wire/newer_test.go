package wire_test

import (
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"

	"chatd/internal/chat"
	"chatd/internal/wire"
)

// body is a type with what the dialects differ in.
type body struct {
	Message *chat.Message         `json:"message"`
	Users   map[string]*chat.User `json:"users"`
	List    []*chat.Reaction      `json:"list"`
	Plain   struct {
		N int `json:"n"`
	} `json:"plain"`
}

func TestNewer(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ older, newer string }{
		{`{"plain":{"n":1,"more":"2026-01-02T03:04:05Z"}}`, `{"plain":{"n":1,"more":"2026-01-02T03:04:05Z"}}`},
		{
			`{"users":{"ann":{"id":"ann","color":"red","n":12345678901234567890,"name":"Ann"}}}`,
			`{"users":{"ann":{"id":"ann","name":"Ann","custom":{"color":"red","n":12345678901234567890}}}}`,
		},
		{`{"list":[{"type":"like","custom":{"id":1}},null,7]}`, `{"list":[{"type":"like","custom":{"custom":{"id":1}}},null,7]}`},
		{
			`{"message":{"created_at":"2026-01-02T03:04:05.123456Z","deleted_at":null,"user":{"created_at":"1960-01-01T00:00:00Z"}}}`,
			`{"message":{"created_at":1767323045123456000,"deleted_at":null,"user":{"created_at":-315619200000000000,"custom":{}},"custom":{}}}`,
		},
		{
			`{"message":{"attachments":[{"type":"image","size":7,"actions":[{"name":"a","x":1}]}],"x":"2026-01-02T03:04:05Z"}}`,
			`{"message":{"attachments":[{"type":"image","actions":[{"name":"a","x":1}],"custom":{"size":7}}],"custom":{"x":"2026-01-02T03:04:05Z"}}}`,
		},
		{
			`{"message":{"quoted_message":{"text":"q","mood":"good"},"reaction_groups":{"like":{"count":1,"first_reaction_at":"1970-01-01T00:00:01Z"}}}}`,
			`{"message":{"quoted_message":{"text":"q","custom":{"mood":"good"}},"reaction_groups":{"like":{"count":1,"first_reaction_at":1000000000}},"custom":{}}}`,
		},
		{`{"message":null,"list":[],"users":{}}`, `{"message":null,"list":[],"users":{}}`},
	} {
		got, err := wire.Newer([]byte(tt.older), &body{})
		if err != nil || string(got) != tt.newer {
			t.Errorf("%s\nbecame %s (%v)\nwant   %s", tt.older, got, err, tt.newer)
		}
	}
}

func TestOlder(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ newer, older, refusal string }{
		{newer: `{"message":{"text":"hi","custom":{"mood":"good","deep":{"custom":1}},"unknown":1}}`, older: `{"message":{"text":"hi","mood":"good","deep":{"custom":1}}}`},
		{newer: `{"message":{"custom":{},"text":"hi"}}`, older: `{"message":{"text":"hi"}}`},
		{newer: `{"message":{"custom":null}}`, older: `{"message":{}}`},
		{newer: `{"message":{"Custom":{"a":1}}}`, older: `{"message":{"a":1}}`},
		{
			newer: `{"message":{"pin_expires":1767323045123456789,"deleted_at":"2026-01-02T03:04:05Z"}}`,
			older: `{"message":{"pin_expires":"2026-01-02T03:04:05.123456789Z","deleted_at":"2026-01-02T03:04:05Z"}}`,
		},
		{newer: `{"message":{"attachments":[{"type":"image","custom":{"size":7}}]}}`, older: `{"message":{"attachments":[{"type":"image","size":7}]}}`},
		{newer: `{"plain":{"custom":{"x":1}},"other":1}`, older: `{"plain":{"custom":{"x":1}},"other":1}`},
		{newer: `{"message":{"custom":{"\u0000":1,"a\"b":2}}}`, older: `{"message":{"\u0000":1,"a\"b":2}}`},
		{newer: `{"message":{"custom":{"id":"x"}}}`, refusal: "message.custom.id is a reserved field"},
		{newer: `{"message":{"custom":[1]}}`, refusal: "message.custom must be an object"},
		{newer: `{"message":{"custom":{"a":`, refusal: "invalid JSON"},
		{newer: `{"message":{}`, refusal: "invalid JSON"},
		{newer: `{} {}`, refusal: "invalid JSON"},
		{newer: `{}}`, refusal: "invalid JSON"},
		{newer: ``, refusal: "invalid JSON"},
	} {
		got, err := wire.Older([]byte(tt.newer), &body{})
		if tt.refusal == "" && (err != nil || string(got) != tt.older) {
			t.Errorf("%s\nbecame %s (%v)\nwant   %s", tt.newer, got, err, tt.older)
		}
		if tt.refusal != "" && (chat.KindOf(err) != chat.Invalid || !strings.Contains(err.Error(), tt.refusal)) {
			t.Errorf("%s: %v, want Invalid with %q", tt.newer, err, tt.refusal)
		}
	}
}

// FuzzOlder looks for documents that make it panic, or that come out broken.
func FuzzOlder(f *testing.F) {
	f.Add(`{"message":{"custom":{"a":[1,{"b":null}]},"attachments":[{}]},"users":{"x":{}}}`)
	f.Add(`[{"message":1}]`)
	f.Fuzz(func(t *testing.T, doc string) {
		out, err := wire.Older([]byte(doc), &body{})
		if err != nil {
			return
		}
		if !jsontext.Value(out).IsValid(jsontext.AllowInvalidUTF8(true), jsontext.AllowDuplicateNames(true)) {
			t.Errorf("%q became %q", doc, out)
		}
	})
}
