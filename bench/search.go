package main

import (
	"bytes"
	"context"
	"fmt"
	"net/url"
	"strings"

	"golang.org/x/sync/errgroup"
)

// foundPage is how many messages a search asks for.
const foundPage = 30

// found is something that users search for, of which there are at least so many.
type found struct {
	what, asked string
	least       int
}

// What users search for. The words of the text are in all messages; "w" and a number
// in the fewer, the greater the number is (see write).
func wanted(g *grown) []found {
	q := func(op, words string) string {
		return `"message_filter_conditions":{"text":{"` + op + `":"` + words + `"}}`
	}
	member := `"` + g.long.tag + `-member-1"`
	edited := `,"sort":[{"field":"updated_at","direction":-1}]`
	return []found{
		{"a word that all messages have", `"query":"fox"`, foundPage},
		{"a word that 1 in 30 has", `"query":"w3"`, foundPage},
		{"a word that 1 in 200 has", `"query":"w20"`, foundPage},
		{"a word that 1 in 1000 has", `"query":"w100"`, foundPage},
		{"a rare word", `"query":"needle"`, 1},
		{"three words, one of which 1 in 30 has", `"query":"lazy w3 dog"`, foundPage},
		{"the beginning of words that 1 in 50 has", q("$autocomplete", "fox w19"), foundPage},
		{"one of two words", q("$any", "w20 w30"), foundPage},
		{"by a user who wrote 1 in 2000", `"message_filter_conditions":{"user_id":` + member + `}`, foundPage},
		{"a word that all have, by him", `"message_filter_conditions":{"user_id":` + member + `,"text":{"$q":"fox"}}`, foundPage},
		{"with a picture, which 1 in 3000 has", `"message_filter_conditions":{"attachments.type":"image"}`, foundPage},
		{"with custom data, which 1 in 2000 has", `"message_filter_conditions":{"kind":"ticket"}`, foundPage},
		{"the newest with a word that 1 in 30 has", `"query":"w3","sort":[{"field":"created_at","direction":-1}]`, foundPage},
		{"the last edited with a word that all have", `"query":"fox"` + edited, foundPage},
		{"the last edited with a word that 1 in 30 has", `"query":"w3"` + edited, foundPage},
		{"the last edited with a word that 1 in 1000 has", `"query":"w100"` + edited, foundPage},
	}
}

// search measures searches of 4 readers in a long channel, and of one user in all of
// his channels, that one among them.
func search(ctx context.Context, b *bench) error {
	g, err := b.grow(ctx)
	if err != nil {
		return err
	}
	for _, in := range []struct{ what, channels string }{
		{"in one channel", `{"cid":"messaging:` + g.long.tag + `"}`},
		{"in all channels", `{"members":{"$in":["` + g.searcher + `"]}}`},
	} {
		asks := wanted(g)
		for _, f := range append(asks, found{"a next page of a word that 1 in 30 has", asks[1].asked + nextPage, foundPage}) {
			t, err := b.searches(ctx, g.searcher, in.channels, f)
			if err != nil {
				return fmt.Errorf("%s, %s: %w", f.what, in.what, err)
			}
			what := f.what + ", " + in.what
			b.add(what, "searches/s", t.rate)
			b.add(what+": found after, p50", "ms", t.p50)
			b.add(what+": found after, p95", "ms", t.p95)
			b.add(what+": found after, p99", "ms", t.p99)
		}
	}
	return nil
}

// nextPage stands for the cursor of the first page.
const nextPage = `,"next":`

// searches has readers search as one user.
func (b *bench) searches(ctx context.Context, user, channels string, f found) (*trial, error) {
	conns, closeAll, err := b.dialAs(ctx, []string{user, user, user, user})
	if err != nil {
		return nil, err
	}
	defer closeAll()
	path := func(asked string) string {
		return "/search?payload=" + url.QueryEscape(fmt.Sprintf(`{"filter_conditions":%s,"limit":%d,%s}`, channels, foundPage, asked))
	}
	asked := f.asked
	if first, ok := strings.CutSuffix(asked, nextPage); ok {
		page, err := conns[0].do("GET", path(first), nil)
		if err != nil {
			return nil, err
		}
		_, cursor, _ := bytes.Cut(page, []byte(`"next":"`))
		cursor, _, _ = bytes.Cut(cursor, []byte(`"`))
		asked += `"` + string(cursor) + `"`
	}
	clients := make([]op, len(conns))
	for i, c := range conns {
		clients[i] = func(int) error {
			page, err := c.do("GET", path(asked), nil)
			if err == nil && bytes.Count(page, []byte(`{"message":`)) < f.least {
				return fmt.Errorf("fewer than %d results: %.300s", f.least, page)
			}
			return err
		}
	}
	return b.try(ctx, clients, b.chatd.pid, b.postgres)
}

// The threads of the users whose lists of them are opened.
const (
	manyThreads = 1000
	fewThreads  = 25 // a page
)

// threads measures the opening of a list of threads by a user who takes part in many,
// beside one who takes part in few.
func threads(ctx context.Context, b *bench) error {
	many, err := b.threadLists(ctx, manyThreads)
	if err != nil {
		return err
	}
	few, err := b.threadLists(ctx, fewThreads)
	if err != nil {
		return err
	}
	what := fmt.Sprintf("%d threads (beside %d)", manyThreads, fewThreads)
	b.pair(what, "lists/s", many.rate, few.rate)
	b.pair(what+": shown after, p50", "ms", many.p50, few.p50)
	b.pair(what+": shown after, p99", "ms", many.p99, few.p99)
	b.pair(what+": CPU with PostgreSQL's", "ms", many.cpu/1000, few.cpu/1000)
	return nil
}

// threadLists makes n threads and has readers open the list of them.
func (b *bench) threadLists(ctx context.Context, n int) (*trial, error) {
	paths, users, err := b.channels(ctx, 1, readers)
	if err != nil {
		return nil, err
	}
	conns, closeAll, err := b.dialAs(ctx, users)
	if err != nil {
		return nil, err
	}
	defer closeAll()
	var g errgroup.Group
	for i, c := range conns {
		g.Go(func() error {
			for k := i; k < n; k += len(conns) {
				id := fmt.Sprintf("%s-%d", users[0], k)
				for _, m := range []string{`"id":"` + id + `"`, `"parent_id":"` + id + `","mentioned_users":["` + users[0] + `"]`} {
					if _, err := c.do("POST", paths[0]+"/message", []byte(`{"message":{"text":"`+text+`",`+m+`}}`)); err != nil {
						return err
					}
				}
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	clients := make([]op, len(conns))
	for i, c := range conns {
		if err := c.as(users[0]); err != nil {
			return nil, err
		}
		clients[i] = func(int) error {
			list, err := c.do("POST", "/threads", fmt.Appendf(nil, `{"limit":%d,"watch":false}`, fewThreads))
			if got := bytes.Count(list, []byte(`"parent_message_id"`)); err == nil && got < fewThreads {
				return fmt.Errorf("%d threads, want %d: %.300s", got, fewThreads, list)
			}
			return err
		}
	}
	return b.try(ctx, clients, b.chatd.pid, b.postgres)
}
