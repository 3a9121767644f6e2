package store

import (
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"chatd/internal/chat"
	"chatd/internal/filter"
)

// asked makes text search queries of what a search asks of an app's messages. A query
// is "" where it would ask for nothing.
type asked struct{ app string }

func askedOf(app chat.AppID) asked { return asked{strconv.FormatInt(int64(app), 10)} }

// lexeme is one that messages have; more that it may go on.
func (a asked) lexeme(kind byte, s string, more bool) string {
	l := lexemes{app: a.app}
	l.add(kind, s)
	if more {
		return string(l.buf) + goesOn
	}
	return string(l.buf)
}

// goesOn stands behind the beginning of a word.
const goesOn = ":*"

// ids are messages that have one of ids.
func (a asked) ids(kind byte, ids ...string) string {
	var out []string
	for _, id := range ids {
		out = append(out, a.lexeme(kind, quoted.Replace(clipped(id)), false))
	}
	return join(out, " | ")
}

// words are messages that have all words of a text; more that the last may go on.
func (a asked) words(text string, more bool) string {
	list := pieces(text)
	var out []string
	for i, piece := range list {
		out = append(out, a.word(piece, more && i == len(list)-1))
	}
	return join(out, " & ")
}

// anyWord are messages that have one of the words of a text.
func (a asked) anyWord(text string) string {
	var out []string
	for _, piece := range pieces(text) {
		out = append(out, a.word(piece, false))
	}
	return join(out, " | ")
}

// word are messages that have a run of letters.
func (a asked) word(piece string, more bool) string {
	lower := strings.ToLower(piece)
	if isASCII(piece) {
		return a.lexeme(wordKind, lower, more)
	}
	var out []string
	list := slices.Collect(parts(lower))
	for i, part := range list {
		last := i == len(list)-1
		switch r, size := utf8.DecodeRuneInString(part); {
		case size < len(part) || !isUnspaced(r):
			out = append(out, a.lexeme(wordKind, part, more && last))
		case i == 0 || !pairs(list[i-1], r): // a letter alone, which others may stand behind
			out = append(out, a.lexeme(wordKind, part, true))
		}
	}
	// Rows without words have the run as it is, in which the database may not know the
	// cases of letters.
	forms := []string{join(out, " & ")}
	for _, form := range slices.Compact([]string{lower, strings.Map(lowerASCII, piece)}) {
		if len(list) > 1 || form != lower {
			forms = append(forms, a.lexeme(wordKind, form, more))
		}
	}
	return join(forms, " | ")
}

// pairs tells whether two letters of an unspaced script end in r.
func pairs(part string, r rune) bool {
	first, size := utf8.DecodeRuneInString(part)
	return isUnspaced(first) && part[size:] == string(r)
}

func lowerASCII(r rune) rune {
	if r <= unicode.MaxASCII {
		return unicode.ToLower(r)
	}
	return r
}

// join joins queries, of which none is "".
func join(list []string, op string) string {
	if len(list) > 1 {
		return "(" + strings.Join(list, op) + ")"
	}
	return strings.Join(list, "")
}

// mostIDs bounds how many users or types a query names; with more of them it is left
// to reading.
const mostIDs = 100

// of is a query that all messages answer which a filter keeps. It may keep fewer.
func (a asked) of(n filter.Node) string {
	switch n := n.(type) {
	case filter.And:
		var out []string
		for _, child := range n {
			if q := a.of(child); q != "" {
				out = append(out, q)
			}
		}
		return join(out, " & ")
	case filter.Or:
		var out []string
		for _, child := range n {
			q := a.of(child)
			if q == "" {
				return ""
			}
			out = append(out, q)
		}
		return join(out, " | ")
	case filter.Cmp:
		return a.comparison(n)
	}
	return ""
}

// besides is a filter without those of its conditions that are queries themselves.
func (a asked) besides(n filter.Node) filter.Node {
	switch n := n.(type) {
	case filter.And:
		out := make(filter.And, len(n))
		for i, child := range n {
			out[i] = a.besides(child)
		}
		return out
	case filter.Cmp:
		if n.Field == "text" {
			return filter.And{}
		}
	}
	return n
}

func (a asked) comparison(c filter.Cmp) string {
	var kind byte
	switch c.Field {
	case "text":
		return a.text(c)
	case "user_id", "user.id":
		kind = userKind
	case "attachments.type":
		kind = attachmentKind
	case "attachments":
		if on, err := c.Bool(); c.Op == filter.Exists && err == nil && on {
			return a.lexeme(attachmentKind, "", false)
		}
		return ""
	case "mentioned_users.id":
		if id, err := c.Text(); c.Op == filter.Contains && err == nil && id != "" {
			return a.ids(mentionKind, id)
		}
		return ""
	default:
		return ""
	}
	var ids []string
	var err error
	switch c.Op {
	case filter.Eq:
		ids = make([]string, 1)
		ids[0], err = c.Text()
	case filter.In:
		ids, err = c.Texts()
	default:
		return ""
	}
	if err != nil || len(ids) > mostIDs || slices.Contains(ids, "") {
		return ""
	}
	return a.ids(kind, ids...)
}

// text is the query of a comparison with the text; "" of one that asks for no words.
func (a asked) text(c filter.Cmp) string {
	text, err := c.Text()
	if err != nil {
		return ""
	}
	switch c.Op {
	case filter.Eq, filter.Query:
		return a.words(text, false)
	case filter.Autocomplete:
		return a.words(text, true)
	case filter.Any:
		return a.anyWord(text)
	default:
		return ""
	}
}
