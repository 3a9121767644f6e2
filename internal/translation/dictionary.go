package translation

import (
	"context"
	_ "embed" // the phrases
	"slices"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"
)

// phrases is a table: a line for each phrase, with the languages of the first line
// between tabs.
//
//go:embed phrases.txt
var phrases string

// Dictionary knows a few phrases in a few languages, for tests and demonstrations.
// What it does not know stays as it is.
type Dictionary struct{}

// dictionary is the table, by language and phrase in small letters.
type dictionary struct {
	languages []string
	lines     [][]string
	known     []map[string]int // by language: which line a phrase is in
	longest   int              // words of a phrase
}

var readPhrases = sync.OnceValue(func() *dictionary {
	d := &dictionary{}
	for line := range strings.Lines(phrases) {
		fields := strings.Split(strings.TrimSpace(line), "\t")
		if d.languages == nil {
			d.languages = fields
			d.known = make([]map[string]int, len(fields))
			for i := range d.known {
				d.known[i] = make(map[string]int)
			}
			continue
		}
		for i, phrase := range fields {
			d.longest = max(d.longest, len(strings.Fields(phrase)))
			if _, ok := d.known[i][strings.ToLower(phrase)]; !ok {
				d.known[i][strings.ToLower(phrase)] = len(d.lines)
			}
		}
		d.lines = append(d.lines, fields)
	}
	return d
})

// Translate replaces the phrases that it knows.
func (Dictionary) Translate(_ context.Context, text, from, to string) (translated, source string, err error) {
	d := readPhrases()
	if from == "" {
		from = d.detect(text)
	}
	i, j := d.column(from), d.column(to)
	if i < 0 || j < 0 || i == j {
		return text, from, nil
	}
	var b strings.Builder
	for rest := text; rest != ""; {
		word := rest[:wordEnd(rest)]
		if word == "" { // spaces and punctuation
			_, size := utf8.DecodeRuneInString(rest)
			b.WriteString(rest[:size])
			rest = rest[size:]
			continue
		}
		phrase, line := d.match(i, rest)
		if phrase == "" {
			b.WriteString(word)
			rest = rest[len(word):]
			continue
		}
		b.WriteString(likeCase(phrase, d.lines[line][j]))
		rest = rest[len(phrase):]
	}
	return b.String(), from, nil
}

// column is where a language stands, as a variant of it may; -1 for one that it does
// not know.
func (d *dictionary) column(language string) int {
	base, _, _ := strings.Cut(language, "-")
	return slices.Index(d.languages, base)
}

// detect is the language that most phrases of a text are known in, the first if none
// are.
func (d *dictionary) detect(text string) string {
	best, most := 0, 0
	for i := range d.languages {
		found := 0
		for rest := text; rest != ""; {
			if phrase, _ := d.match(i, rest); phrase != "" {
				found += len(phrase)
				rest = rest[len(phrase):]
				continue
			}
			_, size := utf8.DecodeRuneInString(rest)
			rest = rest[max(size, wordEnd(rest)):]
		}
		if found > most {
			best, most = i, found
		}
	}
	return d.languages[best]
}

// match finds the longest phrase of a language that text begins with, and its line.
func (d *dictionary) match(i int, text string) (phrase string, line int) {
	end := wordEnd(text)
	for range d.longest {
		if end == 0 {
			break
		}
		if n, ok := d.known[i][strings.ToLower(text[:end])]; ok {
			phrase, line = text[:end], n
		}
		space := len(text[end:]) - len(strings.TrimLeft(text[end:], " "))
		next := wordEnd(text[end+space:])
		if space != 1 || next == 0 {
			break
		}
		end += space + next
	}
	return phrase, line
}

// wordEnd is how long the word is that text begins with; 0 when it begins with none.
func wordEnd(text string) int {
	end := strings.IndexFunc(text, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r) && r != '\''
	})
	if end < 0 {
		return len(text)
	}
	return end
}

// likeCase begins a phrase with a capital when the one that it stands for does.
func likeCase(like, phrase string) string {
	first, _ := utf8.DecodeRuneInString(like)
	r, size := utf8.DecodeRuneInString(phrase)
	if !unicode.IsUpper(first) {
		return phrase
	}
	return string(unicode.ToUpper(r)) + phrase[size:]
}
