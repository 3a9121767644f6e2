package messages

import (
	"bytes"
	"html"
	"regexp"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/microcosm-cc/bluemonday"
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"
)

// urls are what is made a link where it stands in a text. The host may be any, a
// name on a local network or an address too.
var urls = regexp.MustCompile(`^(?:http|https|ftp)://(?:\[[0-9a-fA-F:.]+\]|[-a-zA-Z0-9@:%._\+~#=]{1,256})(?::\d+)?(?:[/#?][-a-zA-Z0-9@:%_\+.~#$!?&/=\(\);,'">\^{}\[\]` + "`]*)?")

var (
	markdown = goldmark.New(goldmark.WithExtensions(extension.NewLinkify(extension.WithLinkifyURLRegexp(urls)), extension.Strikethrough))
	policy   = sync.OnceValue(bluemonday.UGCPolicy)
)

// render is a message's text as safe HTML: markdown, with links made of what looks
// like one. Most messages are plain words and take a short cut to the same result.
func render(text string) string {
	if text == "" {
		return ""
	}
	if plain(text) {
		return "<p>" + html.EscapeString(text) + "</p>\n"
	}
	return renderMarkdown(text)
}

func renderMarkdown(text string) string {
	var b bytes.Buffer
	if err := markdown.Convert([]byte(text), &b); err != nil {
		return sanitize("<p>" + html.EscapeString(text) + "</p>\n")
	}
	out := policy().SanitizeReader(&b).String()
	if strings.TrimSpace(out) == "" {
		return "" // nothing of it was safe
	}
	return out
}

// sanitize makes HTML safe.
func sanitize(s string) string { return policy().Sanitize(s) }

// plain tells whether text is one paragraph in which nothing means anything to
// markdown: one line of words, without the characters that mark up or make links.
// It errs on the side of no.
func plain(text string) bool {
	if !startsPlain(text) || text[len(text)-1] == ' ' || !utf8.ValidString(text) {
		return false
	}
	for i := range len(text) {
		switch c := text[i]; {
		case markup[c]:
			return false
		case pairs[c] && strings.IndexByte(text[i+1:], c) >= 0:
			return false
		case c == '&' && !strings.HasPrefix(text[i+1:], " "):
			return false
		case c == '.' && i >= 3 && strings.EqualFold(text[i-3:i], "www"):
			return false
		case c == ':' && strings.HasPrefix(text[i:], "://"):
			return false
		}
	}
	return true
}

// startsPlain tells whether the text's beginning starts no list, heading or other
// block.
func startsPlain(text string) bool {
	c := text[0]
	switch {
	case c >= utf8.RuneSelf, 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', c == '\'', c == '"', c == '.', c == ',', c == '!', c == '?', c == '/', c == '@',
		c == '~', c == '_':
		return true
	case '0' <= c && c <= '9':
		rest := strings.TrimLeft(text, "0123456789")
		return rest == "" || rest[0] != '.' && rest[0] != ')'
	}
	return false
}

// pairs are the bytes that mean something only when they come again.
var pairs = [256]bool{'*': true, '_': true, '~': true, '`': true}

// markup are the bytes that may mean something to markdown or to the finding of
// links, or that HTML treats in its own ways.
var markup = func() (m [256]bool) {
	for c := range ' ' {
		m[c] = true
	}
	for _, c := range "\\[]<@\x7f" {
		m[c] = true
	}
	return m
}()
