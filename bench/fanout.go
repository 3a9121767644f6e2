package main

import (
	"context"
	"fmt"
	"net/url"
	"syscall"
	"time"

	"chatd/internal/wire"
)

// crowds are the channels whose fan-out is measured: how many watch, and a modest
// rate of messages a second, which makes 20,000 deliveries of it.
var crowds = []struct{ watchers, rate int }{{100, 200}, {1000, 20}, {5000, 4}}

// floodSenders is how many senders send at full speed.
const floodSenders = 16

// settling is how long a crowd is left alone after the last has joined: servers may
// put off what they tell a crowd, and give memory back late.
const settling = 6 * time.Second

// fanout measures what a message costs that many watch, beside a server that does
// nothing but broadcast.
func fanout(ctx context.Context, b *bench) error {
	for _, c := range crowds {
		if c.watchers > b.sockets {
			continue
		}
		if most := maxSockets(); c.watchers > most {
			progress("only %d files may be open: %d watchers are left out", most, c.watchers)
			continue
		}
		// From fresh servers: what memory a connection takes is only seen so.
		if err := b.restart(ctx); err != nil {
			return err
		}
		chatd, err := b.chatdAudience(ctx, c.watchers)
		if err != nil {
			return err
		}
		ours, err := b.perform(ctx, chatd, c.watchers, c.rate)
		chatd.close()
		if err != nil {
			return fmt.Errorf("%d watchers: %w", c.watchers, err)
		}
		bare := b.bareAudience(ours.modest.size)
		limit, err := b.perform(ctx, bare, c.watchers, c.rate)
		bare.close()
		if err != nil {
			return fmt.Errorf("%d sockets of the bare server: %w", c.watchers, err)
		}
		b.compare(c.watchers, c.rate, ours, limit)
	}
	return nil
}

// maxSockets is how many sockets this process and each server may open, with some
// files to spare. The Go runtime has raised the limit as far as it may.
func maxSockets() int {
	var l syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &l); err != nil {
		return 0
	}
	const spare = 200
	return max(int(min(l.Cur, 1<<30))-spare, 0)
}

// audience is how a crowd joins and is addressed on one of the servers.
type audience struct {
	server  *server
	open    func(ctx context.Context, i int) (*socket, error)
	address func(c *conn, i int) (sender, error) // the i-th sender, on his connection
	idle    chan *conn                           // for requests of those who join
}

func (a *audience) close() {
	for range len(a.idle) {
		(<-a.idle).close()
	}
}

// performance is what was seen of an audience.
type performance struct {
	memory  float64 // of the server, in kB for each idle watcher
	dropped int64
	modest  *burst
	flood   *burst
}

// perform has a crowd join and sends to it, first at a rate, then at full speed.
func (b *bench) perform(ctx context.Context, a *audience, watchers, rate int) (*performance, error) {
	before := resident(a.server.pid)
	c, err := join(ctx, watchers, a.open)
	if err != nil {
		return nil, err
	}
	defer c.close()
	if err := wait(ctx, time.After(settling)); err != nil {
		return nil, err
	}
	p := &performance{memory: float64(resident(a.server.pid)-before) / 1024 / float64(watchers)}
	l := load{duration: b.duration / warmUp, rate: rate}
	for i := range floodSenders {
		conn, err := dial(ctx, a.server.addr, "")
		if err != nil {
			return nil, err
		}
		defer conn.close()
		send, err := a.address(conn, i)
		if err != nil {
			return nil, err
		}
		l.senders = append(l.senders, send)
	}
	if _, err := c.burst(ctx, l, a.server.pid); err != nil { // to warm up
		return nil, err
	}
	l.duration = b.duration
	if p.modest, err = c.burst(ctx, l, a.server.pid); err != nil {
		return nil, err
	}
	l.rate = 0
	if p.flood, err = c.burst(ctx, l, a.server.pid); err != nil {
		return nil, err
	}
	p.dropped = c.dropped.Load()
	return p, nil
}

// compare reports what was seen.
func (b *bench) compare(watchers, rate int, ours, bare *performance) {
	at := fmt.Sprintf("%d watchers, %d messages/s", watchers, rate)
	b.pair(at+": CPU of a delivery", "µs", ours.modest.cpu, bare.modest.cpu)
	b.pair(at+": send to receipt, p50", "ms", ours.modest.p50, bare.modest.p50)
	b.pair(at+": send to receipt, p99", "ms", ours.modest.p99, bare.modest.p99)
	at = fmt.Sprintf("%d watchers, %d senders at full speed", watchers, floodSenders)
	b.pair(at, "deliveries/s", ours.flood.rate, bare.flood.rate)
	b.pair(at+": CPU of a delivery", "µs", ours.flood.cpu, bare.flood.cpu)
	at = fmt.Sprintf("%d watchers", watchers)
	b.pair(at+": lost deliveries", "", float64(ours.modest.lost+ours.flood.lost), float64(bare.modest.lost+bare.flood.lost))
	b.pair(at+": dropped connections", "", float64(ours.dropped), float64(bare.dropped))
	const enough = 1000 // for a few kB each to be more than the servers' own ups and downs
	if watchers >= enough && ours.memory > 0 {
		b.pair(at+", idle: memory of each", "kB", ours.memory, bare.memory)
	}
}

// chatdAudience makes a channel with as many members as will watch and send.
func (b *bench) chatdAudience(ctx context.Context, watchers int) (*audience, error) {
	paths, users, err := b.channels(ctx, 1, watchers+floodSenders)
	if err != nil {
		return nil, err
	}
	a := &audience{server: b.chatd, idle: make(chan *conn, joiners)}
	for range joiners {
		c, err := dial(ctx, b.chatd.addr, "")
		if err != nil {
			a.close()
			return nil, err
		}
		a.idle <- c
	}
	a.open = func(ctx context.Context, i int) (*socket, error) {
		c := <-a.idle
		defer func() { a.idle <- c }()
		return watch(ctx, c, b.chatd.addr, users[i], paths[0])
	}
	a.address = func(c *conn, i int) (sender, error) {
		var body []byte
		return func(text []byte) error {
			body = append(body[:0], `{"message":{"text":"`...)
			body = append(append(body, text...), `"}}`...)
			_, err := c.do("POST", paths[0]+"/message", body)
			return err
		}, c.as(users[watchers+i])
	}
	return a, nil
}

// watch connects a user and has his connection watch a channel, as SDKs do; c is
// for the request.
func watch(ctx context.Context, c *conn, addr, user, path string) (*socket, error) {
	if err := c.as(user); err != nil {
		return nil, err
	}
	q := url.Values{
		"json":    {`{"user_id":"` + user + `","user_details":{"id":"` + user + `"}}`},
		"api_key": {appKey}, "authorization": {c.token}, "stream-auth-type": {"jwt"},
	}
	s, err := upgrade(ctx, addr, "/connect?"+q.Encode())
	if err != nil {
		return nil, err
	}
	hello, err := s.next()
	if err != nil {
		s.close()
		return nil, err
	}
	var h struct {
		ConnectionID string `json:"connection_id"`
	}
	if err := wire.Unmarshal(hello, &h); err != nil || h.ConnectionID == "" {
		s.close()
		return nil, fmt.Errorf("the first frame has no connection_id: %.300s", hello)
	}
	const one = `{"limit":1}`
	_, err = c.do("POST", path+"/query?connection_id="+url.QueryEscape(h.ConnectionID),
		[]byte(`{"watch":true,"state":true,"messages":`+one+`,"members":`+one+`,"watchers":`+one+`}`))
	if err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

// bareAudience is everybody on the bare server, whose events are made to have the
// size of chatd's.
func (b *bench) bareAudience(size int) *audience {
	path := fmt.Sprintf("/send?size=%d", size)
	return &audience{
		server: b.bare,
		open:   func(ctx context.Context, _ int) (*socket, error) { return upgrade(ctx, b.bare.addr, "/ws") },
		address: func(c *conn, _ int) (sender, error) {
			return func(text []byte) error {
				_, err := c.do("POST", path, text)
				return err
			}, nil
		},
	}
}
