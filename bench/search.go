package main

import (
	"bytes"
	"context"
	"fmt"
	"net/url"

	"golang.org/x/sync/errgroup"
)

// What users search for: words of the text that all messages have, a word that about
// one message in thirty has, and one that very few have.
const (
	commonWord = "fox"
	someWord   = "w3"
	rareWord   = "needle"
	foundPage  = 30
)

// search measures searches of 4 readers in a long channel, and of one user in all of
// his channels, that one among them.
func search(ctx context.Context, b *bench) error {
	g, err := b.grow(ctx)
	if err != nil {
		return err
	}
	one := `{"cid":"messaging:` + g.long.tag + `"}`
	all := `{"members":{"$in":["` + g.searcher + `"]}}`
	for _, s := range []struct{ what, channels, word, more string }{
		{"a word that all messages have, in one channel", one, commonWord, ""},
		{"a word that 1 in 30 has, in one channel", one, someWord, ""},
		{"a rare word, in one channel", one, rareWord, ""},
		{"a word that all messages have, in all channels", all, commonWord, ""},
		{"a word that 1 in 30 has, in all channels", all, someWord, ""},
		{"a rare word, in all channels", all, rareWord, ""},
		{"the newest with a word that 1 in 30 has, in all channels", all, someWord, `,"sort":[{"field":"created_at","direction":-1}]`},
		{"a next page, in all channels", all, someWord, "next"},
	} {
		t, err := b.searches(ctx, g.searcher, s.channels, s.word, s.more)
		if err != nil {
			return fmt.Errorf("%s: %w", s.what, err)
		}
		b.add(s.what, "searches/s", t.rate)
		b.add(s.what+": found after, p50", "ms", t.p50)
		b.add(s.what+": found after, p99", "ms", t.p99)
	}
	return nil
}

// searches has readers search as one user. more are further fields of the payload;
// "next" stands for the cursor of the first page.
func (b *bench) searches(ctx context.Context, user, channels, word, more string) (*trial, error) {
	conns, closeAll, err := b.dialAs(ctx, []string{user, user, user, user})
	if err != nil {
		return nil, err
	}
	defer closeAll()
	path := func(more string) string {
		return "/search?payload=" + url.QueryEscape(fmt.Sprintf(`{"filter_conditions":%s,"query":"%s","limit":%d%s}`, channels, word, foundPage, more))
	}
	if more == "next" {
		page, err := conns[0].do("GET", path(""), nil)
		if err != nil {
			return nil, err
		}
		_, cursor, _ := bytes.Cut(page, []byte(`"next":"`))
		cursor, _, _ = bytes.Cut(cursor, []byte(`"`))
		more = `,"next":"` + string(cursor) + `"`
	}
	want := foundPage
	if word == rareWord {
		want = 1
	}
	clients := make([]op, len(conns))
	for i, c := range conns {
		clients[i] = func(int) error {
			page, err := c.do("GET", path(more), nil)
			if err == nil && bytes.Count(page, []byte(`{"message":`)) < want {
				return fmt.Errorf("%s: fewer than %d results: %.300s", word, want, page)
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
