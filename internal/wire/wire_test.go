package wire_test

import (
	"strings"
	"testing"
	"time"

	"chatd/internal/chat"
	"chatd/internal/wire"
)

func TestCustomFieldsLieFlat(t *testing.T) {
	t.Parallel()
	u := chat.FullUser{User: chat.User{ID: "ann", Custom: []byte(`{"color":"red","n":12345678901234567890}`)}}
	b, err := wire.Marshal(&u)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"id":"ann"`, `"color":"red"`, `"n":12345678901234567890`, `"teams":[]`, `"unread_count":0`} {
		if !strings.Contains(string(b), want) {
			t.Errorf("%s lacks %s", b, want)
		}
	}
	var back chat.FullUser
	if err := wire.Unmarshal(b, &back); err != nil {
		t.Fatal(err)
	}
	if got := string(back.Custom); got != `{"color":"red","n":12345678901234567890}` {
		t.Errorf("custom = %s", got)
	}
}

func TestUnmarshal(t *testing.T) {
	t.Parallel()
	type doc struct {
		N     int        `json:"n"`
		P     *int       `json:"p"`
		At    *time.Time `json:"at"`
		Name  string     `json:"name"`
		Inner struct {
			IDs []string `json:"ids"`
		} `json:"inner"`
	}
	for _, tt := range []struct{ in, wantErr string }{
		{`{"n": 3.0, "p": 1e2, "at": "2026-01-02T03:04:05.123456789+01:00"}`, ""},
		{`{"n": null, "p": null, "at": null, "name": null, "inner": null}`, ""},
		{`{"n": 1.5}`, `field "n"`},
		{`{"n": "x"}`, `field "n"`},
		{`{"name": 7}`, `field "name" expects string but got number`},
		{`{"at": "yesterday"}`, `field "at"`},
		{`{"inner": {"ids": ["a", 3]}}`, `field "inner.ids.1"`},
		{`{"inner": []}`, `field "inner"`},
		{`{"n": `, "invalid JSON"},
		{`{} {}`, "invalid JSON"},
	} {
		var d doc
		err := wire.Unmarshal([]byte(tt.in), &d)
		if tt.wantErr == "" {
			if err != nil {
				t.Errorf("%s: %v", tt.in, err)
			}
			continue
		}
		if chat.KindOf(err) != chat.Invalid || !strings.Contains(err.Error(), tt.wantErr) {
			t.Errorf("%s: %v, want Invalid with %q", tt.in, err, tt.wantErr)
		}
	}
}

func TestReceive(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ doc, field string }{
		{`{"a":"\\u0000","b":"1e99999","n":1e300}`, ""}, // a backslash before u0000, a text
		{`{"a":["x","\u0000"]}`, "a.1"},
		{`{"a":{"\u0000":1}}`, "a."},
		{`{"a":1e1001}`, "a"},
		{`{"a":-1E-99999}`, "a"},
		{`{"a":1e999999999999999999999}`, "a"},
	} {
		var v any
		err := wire.Receive([]byte(tt.doc), &v)
		if tt.field == "" && err == nil {
			continue
		}
		if chat.KindOf(err) != chat.Invalid || !strings.Contains(err.Error(), `field "`+tt.field) {
			t.Errorf("%s: %v, want a refusal of %q", tt.doc, err, tt.field)
		}
	}
	var v any
	if err := wire.Receive([]byte(`{"a":"\u0000"`), &v); chat.KindOf(err) != chat.Invalid {
		t.Errorf("broken: %v", err)
	}
}
