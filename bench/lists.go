package main

import (
	"bytes"
	"context"
	"fmt"

	"golang.org/x/sync/errgroup"
)

// What an app shows when it is opened, and who opens it.
const (
	listChannels = 30
	listMessages = 25
	listMembers  = 8 // of each channel; the first readers of them read
	readers      = 4
)

// lists measures the opening of the channel list, beside one SQL query that reads
// the same rows.
func lists(ctx context.Context, b *bench) error {
	paths, users, err := b.channels(ctx, listChannels, listMembers)
	if err != nil {
		return err
	}
	if err := b.talk(ctx, users, paths, listMessages); err != nil {
		return err
	}
	limit, err := b.screens(ctx, users[:readers])
	if err != nil {
		return fmt.Errorf("SQL: %w", err)
	}
	conns, closeAll, err := b.dialAs(ctx, users[:readers])
	if err != nil {
		return err
	}
	defer closeAll()
	clients := make([]op, readers)
	for i, c := range conns {
		body := fmt.Appendf(nil, `{"filter_conditions":{"type":"messaging","members":{"$in":["%s"]}},`+
			`"sort":[{"field":"last_message_at","direction":-1}],"state":true,"watch":false,"presence":false,"limit":%d,"message_limit":%d}`,
			users[i], listChannels, listMessages)
		clients[i] = func(int) error { return open(c, body) }
	}
	t, err := b.try(ctx, clients, b.chatd.pid, b.postgres)
	if err != nil {
		return err
	}
	b.pair("opened", "screens/s", t.rate, limit.rate)
	b.pair("shown after, p50", "ms", t.p50, limit.p50)
	b.pair("shown after, p99", "ms", t.p99, limit.p99)
	b.pair("CPU with PostgreSQL's", "ms", t.cpu/1000, limit.cpu/1000)
	b.add("CPU without it", "ms", t.cpus[0]/1000)
	return nil
}

// open asks for the channel list and checks that all of it comes.
func open(c *conn, body []byte) error {
	list, err := c.do("POST", "/channels", body)
	if err != nil {
		return err
	}
	if n := bytes.Count(list, []byte(text[:len(text)-1])); n < listChannels*listMessages {
		return fmt.Errorf("a list of %d channels with %d messages each has %d messages: %.300s", listChannels, listMessages, n, list)
	}
	return nil
}

// talk fills channels with n messages each, by the users in turn.
func (b *bench) talk(ctx context.Context, users, paths []string, n int) error {
	conns, closeAll, err := b.dialAs(ctx, users)
	if err != nil {
		return err
	}
	defer closeAll()
	todo := make(chan string, n*len(paths))
	for range n {
		for _, path := range paths {
			todo <- path
		}
	}
	close(todo)
	g, ctx := errgroup.WithContext(ctx)
	for _, c := range conns {
		g.Go(func() error {
			for path := range todo {
				if ctx.Err() != nil {
					return ctx.Err()
				}
				if err := sendTo(c, path); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return g.Wait()
}

// screens is the limit that lists are set beside: the rows of a channel list in one
// query, which are received and not looked at.
func (b *bench) screens(ctx context.Context, users []string) (*trial, error) {
	app, err := b.app(ctx)
	if err != nil {
		return nil, err
	}
	pool, err := b.pool(ctx, len(users))
	if err != nil {
		return nil, err
	}
	defer pool.Close()
	clients := make([]op, len(users))
	for i, user := range users {
		clients[i] = func(int) error {
			rows, err := pool.Query(ctx, `
				SELECT c.cid, c.last_message_at, c.unread, m.* FROM (
					SELECT n.app_id, n.cid, n.last_message_at, n.unread_seq - me.join_seq AS unread
					FROM members me JOIN channel_counters n ON n.app_id = me.app_id AND n.cid = me.cid
					WHERE me.app_id = $1 AND me.user_id = $2 ORDER BY n.last_message_at DESC LIMIT $3) c
				CROSS JOIN LATERAL (
					SELECT id, user_id, text, html, attachments, created_at, updated_at, custom FROM messages m
					WHERE m.app_id = c.app_id AND m.cid = c.cid AND m.in_channel ORDER BY m.created_at DESC, m.id DESC LIMIT $4) m
				ORDER BY c.last_message_at DESC, c.cid, m.created_at`, app, user, listChannels, listMessages)
			if err != nil {
				return err
			}
			n := 0
			for rows.Next() {
				n++
			}
			if n < listChannels*listMessages && rows.Err() == nil {
				return fmt.Errorf("%d messages, want %d", n, listChannels*listMessages)
			}
			return rows.Err()
		}
	}
	return b.try(ctx, clients, b.postgres)
}
