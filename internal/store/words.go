package store

import (
	"iter"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"chatd/internal/chat"
	"chatd/internal/wire"
)

// foundBy is what the message m is found by, as the index has it: what was written
// with it, or, with rows of nodes that did not know of it, what the database makes of
// them.
const foundBy = `coalesce(m.words, message_words(m.app_id, m.text, m.user_id, m.attachments, m.mentioned_users))`

// What messages are found by are lexemes of PostgreSQL's text search: the app's number,
// one of these, and a word, an id or a type. So apps do not share lists in the index.
const (
	wordKind       = ':'
	userKind       = '@'
	attachmentKind = '+' // alone, or with a type
	mentionKind    = '>'
)

// lexemes writes lexemes as PostgreSQL reads them.
type lexemes struct {
	app string
	buf []byte
}

// Of words and ids, as many bytes and characters are told apart.
const (
	mostWord = 1024 // PostgreSQL takes 2046
	mostID   = 64   // as message_words does
)

func (l *lexemes) add(kind byte, s string) {
	if len(s) > mostWord {
		s = strings.ToValidUTF8(s[:mostWord], "")
	}
	l.buf = append(append(append(append(l.buf, ' ', '\''), l.app...), kind), s...)
	l.buf = append(l.buf, '\'')
}

func (l *lexemes) addID(kind byte, id string) { l.add(kind, quoted.Replace(clipped(id))) }

// clipped is the beginning of an id or a type.
func clipped(s string) string {
	n := 0
	for i := range s {
		if n++; n > mostID {
			return s[:i]
		}
	}
	return s
}

// quoted has what ends or escapes a lexeme twice.
var quoted = strings.NewReplacer(`'`, `''`, `\`, `\\`)

// repeats is how many words of a text are looked at for whether they come again.
// What comes again behind them is for PostgreSQL to see.
const repeats = 32

// messageWords is what a message is found by, as a tsvector is written.
func messageWords(app chat.AppID, m *chat.Message) string {
	l := lexemes{app: strconv.FormatInt(int64(app), 10), buf: make([]byte, 0, 256)}
	l.addID(userKind, m.UserID)
	var known [repeats]string
	n := 0
	for word := range textWords(m.Text) {
		if slices.Contains(known[:n], word) {
			continue
		}
		if n < repeats {
			known[n] = word
			n++
		}
		l.add(wordKind, word)
	}
	if array(m.Attachments) != "[]" {
		l.add(attachmentKind, "")
		for _, t := range attachmentTypes(m.Attachments) {
			l.addID(attachmentKind, t)
		}
	}
	for _, id := range m.MentionedUserIDs {
		l.addID(mentionKind, id)
	}
	return string(l.buf)
}

// attachmentTypes are those that PostgreSQL's ->> finds.
func attachmentTypes(doc jsontext.Value) []string {
	var list []struct {
		Type jsontext.Value `json:"type"`
	}
	if err := wire.Unmarshal(doc, &list); err != nil {
		return nil // it is what was checked before, or nothing
	}
	var out []string
	for _, a := range list {
		t := string(a.Type)
		if a.Type.Kind() == '"' {
			b, _ := jsontext.AppendUnquote(nil, a.Type) // it was decoded
			t = string(b)
		}
		if t != "" && a.Type.Kind() != 'n' {
			out = append(out, t)
		}
	}
	return out
}

// textWords yields the words of a text: runs of letters, digits and marks on letters,
// in lower case. Of scripts that put no spaces between words, every two characters that
// stand side by side are one, and so is the last.
func textWords(text string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for run, ascii := range runs(text) {
			run = strings.ToLower(run)
			if ascii {
				if !yield(run) {
					return
				}
				continue
			}
			for part := range parts(run) {
				if !yield(part) {
					return
				}
			}
		}
	}
}

// runs yields the runs of letters, digits and marks in a text, and whether they are
// ASCII.
func runs(text string) iter.Seq2[string, bool] {
	return func(yield func(string, bool) bool) {
		start, ascii := -1, true
		for i, r := range text {
			switch {
			case r <= unicode.MaxASCII && ('a' <= r|0x20 && r|0x20 <= 'z' || '0' <= r && r <= '9'):
			case r > unicode.MaxASCII && (unicode.IsLetter(r) || unicode.IsNumber(r) || unicode.IsMark(r)):
				ascii = false
			default:
				if start >= 0 && !yield(text[start:i], ascii) {
					return
				}
				start, ascii = -1, true
				continue
			}
			if start < 0 {
				start = i
			}
		}
		if start >= 0 {
			yield(text[start:], ascii)
		}
	}
}

// pieces are the runs in a text.
func pieces(text string) []string {
	var out []string
	for run := range runs(text) {
		out = append(out, run)
	}
	return out
}

// unspaced are the scripts that put no spaces between words.
var unspaced = []*unicode.RangeTable{unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar}

func isUnspaced(r rune) bool { return r >= 0x0E00 && (unicode.In(r, unspaced...) || r == longVowel) }

// longVowel is a mark in Katakana that other scripts have, too.
const longVowel = 'ー'

// parts yields the words in a run of letters.
func parts(run string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for run != "" {
			r, size := utf8.DecodeRuneInString(run)
			if !isUnspaced(r) {
				end := strings.IndexFunc(run, isUnspaced)
				if end < 0 {
					end = len(run)
				}
				if !yield(run[:end]) {
					return
				}
				run = run[end:]
				continue
			}
			next, more := utf8.DecodeRuneInString(run[size:])
			if !isUnspaced(next) {
				more = 0
			}
			if !yield(run[:size+more]) {
				return
			}
			run = run[size:]
		}
	}
}

func isASCII(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r > unicode.MaxASCII })
}
