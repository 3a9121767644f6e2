package store

import (
	"math"
	"slices"
	"strings"
	"time"

	"chatd/internal/chat"
	"chatd/internal/filter"
	"chatd/internal/wire"
)

// searchFields are what an app's messages m can be searched by, at a time.
func searchFields(app chat.AppID, now time.Time) filter.Fields {
	return filter.Fields{
		Named: map[string]filter.Field{
			"id":                 filter.Text("m.id", filter.Range),
			"cid":                filter.Text("m.cid", filter.Range),
			"type":               filter.Text("m.type", filter.Range),
			"parent_id":          filter.Text("m.parent_id", filter.Range),
			"user.id":            filter.Text("m.user_id", filter.Range),
			"user_id":            filter.Text("m.user_id", filter.Range),
			"reply_count":        filter.Number("m.reply_count", filter.Range),
			"created_at":         filter.Time("m.created_at", filter.Range),
			"updated_at":         filter.Time("m.updated_at", filter.Range),
			"text":               searchText(app),
			"attachments":        filter.Rendered(filter.Ops{filter.Exists}, hasAttachments),
			"attachments.type":   filter.Rendered(filter.OneOf, attachmentType),
			"mentioned_users.id": mentions,
			"pinned": filter.Rendered(filter.Equal, func(b *filter.Builder, c filter.Cmp) (string, error) {
				is := `m.pinned AND (m.pin_expires IS NULL OR m.pin_expires > ` + b.Arg(now) + `::timestamptz)`
				on, err := c.Bool()
				if !on {
					is = `NOT (` + is + `)`
				}
				return is, err
			}),
		},
		Custom: customField,
	}
}

var searchKeys = filter.Keys{
	Named: map[string]filter.Key{
		"id":          {Expr: "m.id", Type: "text"},
		"cid":         {Expr: "m.cid", Type: "text"},
		"type":        {Expr: "m.type", Type: "text"},
		"text":        {Expr: "m.text", Type: "text"},
		"parent_id":   {Expr: "m.parent_id", Type: "text"},
		"user.id":     {Expr: "m.user_id", Type: "text"},
		"user_id":     {Expr: "m.user_id", Type: "text"},
		"reply_count": {Expr: "m.reply_count", Type: "int"},
		"created_at":  {Expr: "m.created_at", Type: "timestamptz"},
		"updated_at":  {Expr: "m.updated_at", Type: "timestamptz"},
		"pinned":      {Expr: "m.pinned", Type: "boolean"},
	},
	Custom: filter.JSON{Column: "m.custom"}.Key,
}

// searchText is the field of the text. Equality, which clients write where they mean a
// search, asks for the words too.
func searchText(app chat.AppID) filter.Field {
	ask := askedOf(app)
	return filter.Rendered(filter.Range.With(filter.Query, filter.Autocomplete, filter.Any), func(b *filter.Builder, c filter.Cmp) (string, error) {
		var text string
		var err error
		switch c.Op {
		case filter.Eq:
			text, err = c.Text()
		case filter.Query, filter.Autocomplete, filter.Any:
			text, err = c.Words()
		default:
			return filter.Text("m.text", filter.Range)(b, c)
		}
		if q := ask.text(c); q != "" {
			return foundBy + ` @@ ` + b.Arg(q) + `::text::tsquery`, err
		}
		return `m.text = ` + b.Arg(text) + `::text`, err
	})
}

// customField is a field of messages' custom data. An index tells what data contain, of
// messages that have any, which it needs to be told.
func customField(path string) (filter.Field, error) {
	field, err := filter.JSON{Column: "m.custom", Ops: filter.Range, Entity: "messages"}.Field(path)
	return func(b *filter.Builder, c filter.Cmp) (string, error) {
		is, err := field(b, c)
		if contained(c) {
			is = `m.custom <> '{}' AND ` + is
		}
		return is, err
	}, err
}

func contained(c filter.Cmp) bool { return slices.Contains(filter.OneOf, c.Op) && !c.HasNull() }

// customOf are the comparisons that hold for all that a filter keeps and that the index
// of custom data answers.
func customOf(fields filter.Fields, n filter.Node) filter.And {
	var out filter.And
	for _, c := range all(n) {
		if _, named := fields.Named[c.Field]; !named && contained(c) {
			out = append(out, c)
		}
	}
	return out
}

func hasAttachments(_ *filter.Builder, c filter.Cmp) (string, error) {
	on, err := c.Bool()
	if on {
		return `m.attachments::text <> '[]'`, err
	}
	return `m.attachments::text = '[]'`, err
}

func attachmentType(b *filter.Builder, c filter.Cmp) (string, error) {
	var types []string
	var err error
	if c.Op == filter.In {
		types, err = c.Texts()
	} else {
		types = []string{""}
		types[0], err = c.Text()
	}
	return `EXISTS (SELECT FROM json_array_elements(m.attachments) x WHERE x ->> 'type' = ANY (` + b.Arg(types) + `::text[]))`, err
}

// mentions has error texts of its own.
func mentions(b *filter.Builder, c filter.Cmp) (string, error) {
	if c.Op != filter.Contains {
		return "", chat.Errorf(chat.Invalid, "mentioned_users.id only supports $contains operator")
	}
	id, err := c.Text()
	return `m.mentioned_users @> ARRAY[` + b.Arg(id) + `::text]`, err
}

// words are the comparisons by which a search's messages have to have words in their
// text.
type words []filter.Cmp

// wordsOf returns those of a filter.
func wordsOf(n filter.Node) words {
	var out words
	for _, c := range all(n) {
		if c.Field != "text" || !slices.Contains(filter.Ops{filter.Eq, filter.Query, filter.Autocomplete}, c.Op) {
			continue
		}
		if text, err := c.Text(); err == nil && len(pieces(text)) > 0 {
			out = append(out, c)
		}
	}
	return out
}

// all returns the words.
func (w words) all() []string {
	var out []string
	for _, c := range w {
		text, _ := c.Text() // wordsOf took only those that have one
		out = append(out, pieces(text)...)
	}
	return out
}

// mostTold bounds how many of the words told looks for.
const mostTold = 4

// told returns a condition that is true of all messages that have the words and, of rows
// that came without, cheaper to tell than the words: what to look for, and where not
// beside other letters.
func (w words) told(b *filter.Builder) string {
	const edge = `[^0-9A-Za-z]` // letters beyond ASCII may stand beside marks that are no letters
	contains, alone, n := "", "", 0
	for _, c := range w {
		text, _ := c.Text() // as in all
		list := pieces(text)
		for i, word := range list {
			if n++; n > mostTold {
				break
			}
			end := `(` + edge + `|$)`
			if c.Op == filter.Autocomplete && i == len(list)-1 {
				end = ``
			}
			if isASCII(word) { // the database may know no other cases
				contains += `strpos(lower(m.text), ` + b.Arg(strings.ToLower(word)) + `::text) > 0 AND `
			}
			alone += `m.text ~* ` + b.Arg(`(^|`+edge+`)`+word+end) + `::text AND ` // letters and digits: nothing to escape
		}
	}
	return `(m.words IS NOT NULL OR ` + contains + alone + `TRUE) AND `
}

// rank puts the most relevant messages first: those in which the words are said more
// often, in less text. Equally relevant ones are in the order of their ids.
func (w words) rank(hits []*hit) {
	said, score := w.all(), make(map[string]float64, len(hits))
	for _, h := range hits {
		text, n := strings.ToLower(h.Text), 0
		for _, word := range said {
			n += strings.Count(text, strings.ToLower(word))
		}
		score[h.ID] = float64(n) / math.Log2(float64(len(text)+2))
	}
	slices.SortFunc(hits, func(a, b *hit) int {
		switch x, y := score[a.ID], score[b.ID]; {
		case x > y:
			return -1
		case x < y:
			return 1
		}
		return strings.Compare(a.ID, b.ID)
	})
}

// searchCursor are cursors of which a client sends one only, whichever way it leads.
type searchCursor struct{ cursors }

// time is that of the position of a cursor in an order that begins with a time; zero
// without one.
func (c searchCursor) time(cursor string) (time.Time, error) {
	if cursor == "" {
		return time.Time{}, nil
	}
	doc, err := filter.Open(c.key, c.scope, cursor)
	if err != nil {
		return time.Time{}, err
	}
	var position []any
	if err := wire.Unmarshal(doc, &position); err != nil {
		return time.Time{}, err
	}
	at, _ := position[0].(string)
	return time.Parse(time.RFC3339Nano, at)
}

// join says which way a cursor leads.
func (c searchCursor) join(way, cursor string) string {
	if cursor == "" {
		return ""
	}
	return way + "." + cursor
}

// split tells the way of a cursor.
func (c searchCursor) split(cursor string) (next, prev string, err error) {
	way, rest, ok := strings.Cut(cursor, ".")
	switch {
	case cursor == "":
		return "", "", nil
	case ok && way == "n":
		return rest, "", nil
	case ok && way == "p":
		return "", rest, nil
	}
	return "", "", chat.Errorf(chat.Invalid, "next or prev is not a valid cursor")
}
