package realtime

import (
	"context"
	"sync"
	"sync/atomic"
)

// background are goroutines that come and go until somebody waits for their end.
type background struct {
	mu     sync.Mutex
	closed bool
	wg     sync.WaitGroup
}

// run starts fn, unless the end has come.
func (b *background) run(fn func()) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.closed {
		b.wg.Go(fn)
	}
}

// wait lets nothing more start and waits for the rest.
func (b *background) wait() {
	b.mu.Lock()
	b.closed = true
	b.mu.Unlock()
	b.wg.Wait()
}

// gauge counts something whose end can be waited for.
type gauge struct {
	n       atomic.Int64
	changed chan struct{}
}

func (g *gauge) add() { g.n.Add(1) }

func (g *gauge) remove() {
	if g.n.Add(-1) == 0 {
		g.signal()
	}
}

func (g *gauge) signal() {
	select {
	case g.changed <- struct{}{}:
	default:
	}
}

// wait returns when the count is 0, or with ctx.
func (g *gauge) wait(ctx context.Context) {
	defer g.signal() // others may wait
	for g.n.Load() > 0 {
		select {
		case <-g.changed:
		case <-ctx.Done():
			return
		}
	}
}
