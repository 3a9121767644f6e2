package main

import (
	"context"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
)

// op is what a client does over and over; k counts how often it has.
type op func(k int) error

// trial is what came of clients doing what they do for a while.
type trial struct {
	n        int64
	rate     float64   // a second
	cpu      float64   // of the processes charged, in microseconds each
	cpus     []float64 // of every one of them
	p50, p95 float64   // in milliseconds
	p99      float64
}

// warmUp is the part of the measured time that clients have before it.
const warmUp = 8

// try has every client do its op as fast as it is done, first for a while that is
// not measured. pids are the processes whose CPU time is charged.
func (b *bench) try(ctx context.Context, clients []op, pids ...int) (*trial, error) {
	places := make([]int, len(clients))
	if _, _, err := repeat(ctx, clients, places, b.duration/warmUp); err != nil {
		return nil, err
	}
	before, started := cpus(pids), time.Now()
	n, lat, err := repeat(ctx, clients, places, b.duration)
	if err != nil {
		return nil, err
	}
	t := &trial{n: n, rate: float64(n) / time.Since(started).Seconds(), p50: lat.at(.5), p95: lat.at(.95), p99: lat.at(.99)}
	for i, after := range cpus(pids) {
		used := float64((after - before[i]).Nanoseconds()) / 1000 / float64(max(n, 1))
		t.cpus = append(t.cpus, used)
		t.cpu += used
	}
	return t, nil
}

func cpus(pids []int) []time.Duration {
	out := make([]time.Duration, len(pids))
	for i, pid := range pids {
		out[i] = cpu(pid)
	}
	return out
}

// repeat runs the clients side by side until the time is over. places are where
// they are, and are moved on.
func repeat(ctx context.Context, clients []op, places []int, d time.Duration) (int64, *latencies, error) {
	var n atomic.Int64
	lat := &latencies{}
	g, ctx := errgroup.WithContext(ctx)
	end := time.Now().Add(d)
	for i, do := range clients {
		g.Go(func() error {
			for now := time.Now(); now.Before(end); {
				if ctx.Err() != nil {
					return ctx.Err()
				}
				if err := do(places[i]); err != nil {
					return err
				}
				places[i]++
				done := time.Now()
				lat.add(done.Sub(now))
				n.Add(1)
				now = done
			}
			return nil
		})
	}
	err := g.Wait()
	return n.Load(), lat, err
}

// dialAs connects to chatd as each of the users. close closes all connections.
func (b *bench) dialAs(ctx context.Context, users []string) (conns []*conn, closeAll func(), err error) {
	closeAll = func() {
		for _, c := range conns {
			c.close()
		}
	}
	for _, u := range users {
		c, err := dial(ctx, b.chatd.addr, u)
		if err != nil {
			closeAll()
			return nil, nil, err
		}
		conns = append(conns, c)
	}
	return conns, closeAll, nil
}
