package filter_test

import (
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"

	"chatd/internal/chat"
	"chatd/internal/filter"
)

func TestCursor(t *testing.T) {
	t.Parallel()
	key, position := []byte("key"), jsontext.Value(`["2026-01-01T00:00:00Z", null, {"a": 1}]`)
	cursor := filter.Seal(key, "app 1 threads", position)
	if strings.ContainsAny(cursor, "+/=") {
		t.Errorf("%s is not safe in a URL", cursor)
	}
	got, err := filter.Open(key, "app 1 threads", cursor)
	if err != nil || string(got) != string(position) {
		t.Fatalf("Open = %s, %v", got, err)
	}
	for _, tt := range []struct{ why, key, scope, cursor string }{
		{"another key", "other", "app 1 threads", cursor},
		{"another scope", "key", "app 2 threads", cursor},
		{"changed at the front", "key", "app 1 threads", "A" + cursor},
		{"changed at the end", "key", "app 1 threads", cursor[:len(cursor)-1] + "_"},
		{"cut", "key", "app 1 threads", cursor[:20]},
		{"empty", "key", "app 1 threads", ""},
		{"no base64", "key", "app 1 threads", "%%%"},
		{"too long", "key", "app 1 threads", strings.Repeat("A", 100_000)},
	} {
		if _, err := filter.Open([]byte(tt.key), tt.scope, tt.cursor); chat.KindOf(err) != chat.Invalid {
			t.Errorf("%s: %v, want Invalid", tt.why, err)
		}
	}
}

func FuzzOpen(f *testing.F) {
	f.Add("")
	f.Add(filter.Seal([]byte("other"), "", jsontext.Value(`[1]`)))
	f.Fuzz(func(t *testing.T, cursor string) {
		if _, err := filter.Open([]byte("key"), "", cursor); chat.KindOf(err) != chat.Invalid {
			t.Errorf("%q: %v, want Invalid", cursor, err)
		}
	})
}
