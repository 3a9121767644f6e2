package main

import (
	"bytes"
	"context"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
)

// crowd is sockets that all get the same messages, with a goroutine for each that
// only looks for the stamp in what arrives: nothing is decoded.
type crowd struct {
	sockets []*socket
	wg      sync.WaitGroup
	tally   atomic.Pointer[tally]
	dropped atomic.Int64 // sockets that the server closed
	closing atomic.Bool
}

// tally counts the deliveries of messages sent since a time.
type tally struct {
	since      int64 // Unix nanoseconds
	deliveries atomic.Int64
	bytes      atomic.Int64
	last       atomic.Int64 // when the latest one arrived, in Unix nanoseconds
	lat        latencies
}

// joiners is how many sockets are opened at a time.
const joiners = 8

// join opens n sockets and listens on them.
func join(ctx context.Context, n int, open func(ctx context.Context, i int) (*socket, error)) (*crowd, error) {
	c := &crowd{sockets: make([]*socket, n)}
	c.tally.Store(&tally{})
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(joiners)
	for i := range n {
		g.Go(func() error {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			s, err := open(ctx, i)
			if err != nil {
				return err
			}
			c.sockets[i] = s
			c.wg.Go(func() { c.listen(s) })
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		c.close()
		return nil, err
	}
	return c, nil
}

// close closes the sockets and waits until nobody listens any more.
func (c *crowd) close() {
	c.closing.Store(true)
	for _, s := range c.sockets {
		if s != nil {
			s.close()
		}
	}
	c.wg.Wait()
}

func (c *crowd) listen(s *socket) {
	for {
		p, err := s.next()
		if err != nil {
			if !c.closing.Load() {
				c.dropped.Add(1)
			}
			return
		}
		if sent, ok := stamped(p); ok {
			c.tally.Load().count(sent, len(p))
		}
	}
}

func (t *tally) count(sent int64, size int) {
	if sent < t.since {
		return // a straggler of an earlier burst, which has counted it as lost
	}
	now := time.Now().UnixNano()
	t.lat.add(time.Duration(now - sent))
	t.bytes.Add(int64(size))
	t.last.Store(now)
	t.deliveries.Add(1)
}

// stampMark begins the stamp in a message's text; stampDigits of Unix nanoseconds
// follow.
const (
	stampMark   = "sent-at-"
	stampDigits = 19
)

// stamp appends the text of a message that is sent at a time.
func stamp(buf []byte, at time.Time) []byte {
	buf = strconv.AppendInt(append(buf, stampMark...), at.UnixNano(), 10)
	return append(append(buf, ' '), text...)
}

// stamped finds the first stamp in a frame.
func stamped(p []byte) (sent int64, ok bool) {
	_, rest, ok := bytes.Cut(p, []byte(stampMark))
	if !ok || len(rest) < stampDigits {
		return 0, false
	}
	sent, err := strconv.ParseInt(string(rest[:stampDigits]), 10, 64)
	return sent, err == nil
}

// sender sends a message to a crowd and returns when that is acknowledged.
type sender func(text []byte) error

// load is what is sent to a crowd: by all senders as fast as they are
// acknowledged, or by the first alone at a rate.
type load struct {
	senders  []sender
	rate     int // messages a second; 0: as fast as acknowledged
	duration time.Duration
}

// burst is what came of a load.
type burst struct {
	deliveries int64
	lost       int64   // deliveries that never came
	size       int     // of a delivery, in bytes
	rate       float64 // deliveries a second
	cpu        float64 // of the server, in microseconds a delivery
	p50, p99   float64 // from send to receipt, in milliseconds
}

// burst sends a load and waits for its deliveries. pid is the server's.
func (c *crowd) burst(ctx context.Context, l load, pid int) (*burst, error) {
	before, started := cpu(pid), time.Now()
	t := &tally{since: started.UnixNano()}
	c.tally.Store(t)
	sent, err := l.send(ctx)
	if err != nil {
		return nil, err
	}
	want := sent * int64(len(c.sockets))
	if err := t.await(ctx, want); err != nil {
		return nil, err
	}
	n := t.deliveries.Load()
	b := &burst{deliveries: n, lost: want - n, p50: t.lat.at(.5), p99: t.lat.at(.99)}
	if n > 0 {
		b.size = int(t.bytes.Load() / n)
		b.rate = float64(n) / time.Unix(0, t.last.Load()).Sub(started).Seconds()
		b.cpu = float64((cpu(pid) - before).Nanoseconds()) / 1000 / float64(n)
	}
	return b, nil
}

// send returns how many messages were acknowledged.
func (l load) send(ctx context.Context) (int64, error) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	senders, next := l.senders, func() bool { return true }
	if l.rate > 0 {
		pace := time.NewTicker(time.Second / time.Duration(l.rate))
		defer pace.Stop()
		senders, next = l.senders[:1], func() bool { return wait(ctx, pace.C) == nil }
	}
	var n atomic.Int64
	g, ctx := errgroup.WithContext(ctx)
	end := time.Now().Add(l.duration)
	for _, send := range senders {
		g.Go(func() error {
			var buf []byte
			for next() && time.Now().Before(end) && ctx.Err() == nil {
				buf = stamp(buf[:0], time.Now())
				if err := send(buf); err != nil {
					return err
				}
				n.Add(1)
			}
			return ctx.Err()
		})
	}
	err := g.Wait()
	return n.Load(), err
}

// lostAfter is how long no delivery must come until the missing ones are lost.
const lostAfter = 5 * time.Second

// await waits until so many deliveries have come, or no more do.
func (t *tally) await(ctx context.Context, want int64) error {
	poll := time.NewTicker(10 * time.Millisecond)
	defer poll.Stop()
	quiet := time.Now()
	for seen := int64(0); seen < want && time.Since(quiet) < lostAfter; {
		if err := wait(ctx, poll.C); err != nil {
			return err
		}
		if n := t.deliveries.Load(); n > seen {
			seen, quiet = n, time.Now()
		}
	}
	return nil
}

// wait waits for a tick or for the end of ctx, which is an error.
func wait(ctx context.Context, tick <-chan time.Time) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-tick:
		return nil
	}
}
