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
