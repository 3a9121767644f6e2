package store

import (
	"slices"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"

	"chatd/internal/chat"
	"chatd/internal/filter"
)

func TestTextWords(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ text, want string }{
		{"", ""},
		{"Hello, World! hello", "hello world hello"},
		{"don't e-mail ann@example.com http://x.y/z?a=1", "don t e mail ann example com http x y z a 1"},
		{"ÜBER Straße ПРИВЕТ", "über straße привет"},
		{"हिन्दी शब्द", "हिन्दी शब्द"},
		{"日本語、東京", "日本 本語 語 東京 京"},
		{"go言語v2", "go 言語 語 v2"},
		{"ラーメン", "ラー ーメ メン ン"},
		{"字", "字"},
		{"👍 ok ☕", "ok"},
	} {
		if got := strings.Join(slices.Collect(textWords(tt.text)), " "); got != tt.want {
			t.Errorf("%q: %q, want %q", tt.text, got, tt.want)
		}
	}
}

func TestMessageWords(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		m    chat.Message
		want string
	}{
		{chat.Message{UserID: "ann", Text: "a fox, a Fox"}, ` '7@ann' '7:a' '7:fox'`},
		{chat.Message{UserID: `o'n\e`}, ` '7@o''n\\e'`},
		{chat.Message{UserID: strings.Repeat("é", 70)}, ` '7@` + strings.Repeat("é", 64) + `'`},
		{chat.Message{UserID: "a", MentionedUserIDs: []string{"b", "c"}}, ` '7@a' '7>b' '7>c'`},
		{
			chat.Message{UserID: "a", Attachments: jsontext.Value(`[{"type":"image"},{"type":null},{},{"type":1},{"type":""},{"type":"it's"}]`)},
			` '7@a' '7+' '7+image' '7+1' '7+it''s'`,
		},
		{chat.Message{UserID: "a", Text: strings.Repeat("x", 3000)}, ` '7@a' '7:` + strings.Repeat("x", 1024) + `'`},
	} {
		if got := messageWords(7, &tt.m); got != tt.want {
			t.Errorf("%+v: %s, want %s", tt.m, got, tt.want)
		}
	}
}

func TestAsked(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ filter, want string }{
		{`{}`, ""},
		{`{"text":{"$q":"Red fox"}}`, `( '7:red' &  '7:fox')`},
		{`{"text":"fox"}`, ` '7:fox'`},
		{`{"text":"!"}`, ""},
		{`{"text":{"$gt":"fox"}}`, ""},
		{`{"text":{"$autocomplete":"red fo"}}`, `( '7:red' &  '7:fo':*)`},
		{`{"text":{"$any":"red fox"}}`, `( '7:red' |  '7:fox')`},
		{`{"text":{"$q":"Über"}}`, `( '7:über' |  '7:Über')`},
		{`{"text":{"$q":"字"}}`, ` '7:字':*`},
		{`{"text":{"$q":"日本語"}}`, `(( '7:日本' &  '7:本語') |  '7:日本語')`},
		{`{"user_id":"ann"}`, ` '7@ann'`},
		{`{"user.id":{"$in":["ann","bob"]},"text":{"$q":"fox"}}`, `(( '7@ann' |  '7@bob') &  '7:fox')`},
		{`{"user_id":{"$ne":"ann"}}`, ""},
		{`{"user_id":{"$in":[]}}`, ""},
		{`{"user_id":null}`, ""},
		{`{"attachments":{"$exists":true}}`, ` '7+'`},
		{`{"attachments":{"$exists":false}}`, ""},
		{`{"attachments.type":{"$in":["image","it's"]}}`, `( '7+image' |  '7+it''s')`},
		{`{"mentioned_users.id":{"$contains":"bob"}}`, ` '7>bob'`},
		{`{"$or":[{"user_id":"ann"},{"text":{"$q":"fox"}}]}`, `( '7@ann' |  '7:fox')`},
		{`{"$or":[{"user_id":"ann"},{"pinned":true}]}`, ""},
		{`{"$nor":[{"user_id":"ann"}]}`, ""},
		{`{"color":"red","user_id":"ann"}`, ` '7@ann'`},
	} {
		n, err := filter.Parse([]byte(tt.filter), filter.Limits{})
		if err != nil {
			t.Fatal(tt.filter, err)
		}
		if got := askedOf(7).of(n); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.filter, got, tt.want)
		}
	}
}

func BenchmarkMessageWords(b *testing.B) {
	m := &chat.Message{UserID: "b1-user-0", Text: strings.Repeat("the quick brown fox jumps over the lazy dog; ", 4)}
	for b.Loop() {
		_ = messageWords(1, m)
	}
}
