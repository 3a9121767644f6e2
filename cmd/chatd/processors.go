package main

import (
	"context"
	"net/http"
	"runtime"
	"sync/atomic"
	"time"
)

// On few processors, which PostgreSQL often shares, a request that is alone is
// answered sooner by one of them: net/http starts a goroutine for each request, for
// which Go wakes a second thread that finds nothing to do.
const (
	fewProcessors = 4  // of a machine; on more, another thread is in nobody's way
	fewSockets    = 16 // that one processor serves
	quietTime     = time.Second
)

// processors has Go use one processor while there is little to do, and all as soon as
// two requests meet. The number is the whole process's: there is one of these.
type processors struct {
	all int
	set func(int) // has Go use so many

	requests, sockets atomic.Int64 // that are open
	crowded           atomic.Bool  // since the last tick
	alone             atomic.Bool  // one processor is used
	wake              chan struct{}
}

func newProcessors() *processors {
	return &processors{all: runtime.GOMAXPROCS(0), set: func(n int) { runtime.GOMAXPROCS(n) }, wake: make(chan struct{}, 1)}
}

// count has requests to h counted.
func (p *processors) count(h http.Handler) http.Handler {
	if p.all == 1 || p.all > fewProcessors {
		return h
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		open, few := &p.requests, int64(1)
		if r.Header.Get("Upgrade") != "" {
			open, few = &p.sockets, fewSockets
		}
		if open.Add(1) > few {
			p.crowd()
		}
		defer open.Add(-1)
		h.ServeHTTP(w, r)
	})
}

// crowd notes that there is more to do than one processor should.
func (p *processors) crowd() {
	p.crowded.Store(true)
	if p.alone.Load() {
		select {
		case p.wake <- struct{}{}:
		default:
		}
	}
}

// run fits the number of processors until ctx ends.
func (p *processors) run(ctx context.Context) {
	if p.all == 1 || p.all > fewProcessors {
		return
	}
	tick := time.NewTicker(quietTime)
	defer tick.Stop()
	defer p.use(p.all)
	for {
		select {
		case <-ctx.Done():
			return
		case <-p.wake:
			p.use(p.all)
		case <-tick.C:
			if p.crowded.Swap(false) || p.sockets.Load() > fewSockets {
				p.use(p.all)
			} else {
				p.use(1)
			}
		}
	}
}

func (p *processors) use(n int) {
	if one := n == 1; p.alone.Swap(one) != one {
		p.set(n)
	}
}
