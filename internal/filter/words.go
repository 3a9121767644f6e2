package filter

import "strings"

// wordBreaks are the characters after which a word starts.
const wordBreaks = ` -_.@:/`

// likeEscapes takes the special meaning from text in a LIKE pattern.
var likeEscapes = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`)

// autocomplete matches text in which a word starts with the value. The patterns are
// plain ILIKE so that a trigram index can serve them.
func autocomplete(b *Builder, text string, c Cmp) (string, error) {
	prefix, err := c.Words()
	if err != nil {
		return "", err
	}
	prefix = likeEscapes.Replace(strings.TrimSpace(prefix)) + "%"
	patterns := []string{prefix}
	for _, br := range wordBreaks {
		patterns = append(patterns, "%"+likeEscapes.Replace(string(br))+prefix)
	}
	return text + " ILIKE ANY(" + b.Arg(patterns) + "::text[])", nil
}

// search matches text that has all words of the value, in any order. An index on
// to_tsvector('simple', text) can serve it.
func search(b *Builder, text string, c Cmp) (string, error) {
	words, err := c.Words()
	if err != nil {
		return "", err
	}
	return "to_tsvector('simple', " + text + ") @@ plainto_tsquery('simple', " + b.Arg(words) + "::text)", nil
}
