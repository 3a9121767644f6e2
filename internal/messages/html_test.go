package messages

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestRender(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ text, want string }{
		{"", ""},
		{"hello", "<p>hello</p>\n"},
		{`it's "fine"`, "<p>it&#39;s &#34;fine&#34;</p>\n"},
		{"**bold** and *it* and ~~no~~", "<p><strong>bold</strong> and <em>it</em> and <del>no</del></p>\n"},
		{"see https://example.com/a?b=c", "<p>see <a href=\"https://example.com/a?b=c\" rel=\"nofollow\">https://example.com/a?b=c</a></p>\n"},
		{"http://127.0.0.1:80/a, http://localhost", "<p><a href=\"http://127.0.0.1:80/a\" rel=\"nofollow\">http://127.0.0.1:80/a</a>, <a href=\"http://localhost\" rel=\"nofollow\">http://localhost</a></p>\n"},
		{"http:// http://[ javascript://x", "<p>http:// http://[ javascript://x</p>\n"},
		{"see www.example.com", "<p>see <a href=\"http://www.example.com\" rel=\"nofollow\">www.example.com</a></p>\n"},
		{"mail a@example.com", "<p>mail <a href=\"mailto:a@example.com\" rel=\"nofollow\">a@example.com</a></p>\n"},
		{"1. one", "<ol>\n<li>one</li>\n</ol>\n"},
		{"a\n\nb", "<p>a</p>\n<p>b</p>\n"},
		{"<script>alert(1)</script>", ""},
		{"x <img src=x onerror=alert(1)>", "<p>x </p>\n"},
		{"[a](javascript:alert(1))", "<p>a</p>\n"},
		{"[a](data:text/html;base64,xx)", "<p>a</p>\n"},
	} {
		if got := render(tt.text); got != tt.want {
			t.Errorf("render(%q) = %q, want %q", tt.text, got, tt.want)
		}
	}
}

// pieces make texts near the border between plain words and markdown.
var pieces = []string{
	"a", "Z", "word", " ", "  ", "0", "12", ".", "..", ",", "!", "?", ":", "://", "http", "https://", "ftp://", "www", "WWW", "www.", ".com", "@",
	"-", "--", "---", "+", "=", "===", "#", "|", "(", ")", "[", "]", "{", "}", "/", "\\", "*", "_", "`", "~", "<", ">", "&", "&amp;", "'", "\"",
	";", "$", "%", "^", "\n", "\t", "\r", "\x00", "\x7f", "é", "\u00a0", "\u2028", "\ufeff", "\ufffd", "😀", "\u200b", "\xff", "\xc3",
}

func TestPlainIsMarkdown(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text := strings.Join(rapid.SliceOfN(rapid.SampledFrom(pieces), 1, 12).Draw(t, "pieces"), "")
		if plain(text) && render(text) != renderMarkdown(text) {
			t.Fatalf("render(%q) = %q, markdown says %q", text, render(text), renderMarkdown(text))
		}
	})
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringN(1, 30, -1).Draw(t, "text")
		if plain(text) && render(text) != renderMarkdown(text) {
			t.Fatalf("render(%q) = %q, markdown says %q", text, render(text), renderMarkdown(text))
		}
	})
}

func TestPlainTakesCommonTexts(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"hello", "Hello, how are you?", "it's 5:30 - see you there!", "2024 was (almost) fine; 50% more...", "héllo 😀", "a - b + c = d",
		"~5 minutes", "my_name is 3 * 3 > 8", "salt & pepper",
	} {
		if !plain(text) {
			t.Errorf("%q takes the long way", text)
		}
	}
}

func FuzzPlain(f *testing.F) {
	for _, s := range pieces {
		f.Add("a" + s + "b")
	}
	f.Fuzz(func(t *testing.T, text string) {
		if text != "" && plain(text) && render(text) != renderMarkdown(text) {
			t.Fatalf("render(%q) = %q, markdown says %q", text, render(text), renderMarkdown(text))
		}
	})
}

func BenchmarkRender(b *testing.B) {
	for _, bb := range []struct{ name, text string }{
		{"plain", "Hello there, it's a message of ordinary words and a middling length."},
		{"markdown", "Hello **there**, see https://example.com/page for more."},
	} {
		b.Run(bb.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				render(bb.text)
			}
		})
	}
}
