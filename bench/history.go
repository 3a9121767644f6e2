package main

import (
	"bytes"
	"context"
	"fmt"
)

// historyPage is how many messages a page has.
const historyPage = 25

// history measures paging back through a long channel, beside a short one.
func history(ctx context.Context, b *bench) error {
	g, err := b.grow(ctx)
	if err != nil {
		return err
	}
	long, err := b.pages(ctx, g.long)
	if err != nil {
		return fmt.Errorf("%d messages: %w", g.long.messages, err)
	}
	short, err := b.pages(ctx, g.short)
	if err != nil {
		return fmt.Errorf("%d messages: %w", g.short.messages, err)
	}
	what := fmt.Sprintf("%d messages (beside %d)", g.long.messages, g.short.messages)
	b.pair(what, "pages/s", long.rate, short.rate)
	b.pair(what+": read after, p50", "ms", long.p50, short.p50)
	b.pair(what+": read after, p99", "ms", long.p99, short.p99)
	b.pair(what+": CPU with PostgreSQL's", "µs", long.cpu, short.cpu)
	b.add(what+": CPU without it", "µs", long.cpus[0])
	return nil
}

// pages has readers go back through a channel, each from a place of his own, and
// from the end again when they come to its beginning.
func (b *bench) pages(ctx context.Context, ch *story) (*trial, error) {
	users := make([]string, readers)
	for i := range users {
		users[i] = ch.reader
	}
	conns, closeAll, err := b.dialAs(ctx, users)
	if err != nil {
		return nil, err
	}
	defer closeAll()
	all := ch.messages / historyPage
	clients := make([]op, len(conns))
	for i, c := range conns {
		from := all - i*all/readers // pages before the reader's place
		clients[i] = func(k int) error {
			page := ((from-1-k)%all + all) % all
			return ch.read(c, page)
		}
	}
	return b.try(ctx, clients, b.chatd.pid, b.postgres)
}

// read reads a page and checks that it is that one. Page 0 is the oldest.
func (ch *story) read(c *conn, page int) error {
	// The message behind the page is the mark; the last page has none behind it.
	mark := ""
	if next := (page + 1) * historyPage; next < ch.messages {
		mark = `,"id_lt":"` + ch.id(next) + `"`
	}
	const one = `{"limit":1}`
	p, err := c.do("POST", ch.path+"/query",
		fmt.Appendf(nil, `{"messages":{"limit":%d%s},"state":true,"watch":false,"members":%s,"watchers":%s}`, historyPage, mark, one, one))
	if err != nil {
		return err
	}
	for _, i := range []int{0, historyPage - 1} {
		if id := ch.id(page*historyPage + i); !bytes.Contains(p, []byte(`"id":"`+id+`"`)) {
			return fmt.Errorf("page %d has no message %s: %.300s", page, id, p)
		}
	}
	return nil
}
