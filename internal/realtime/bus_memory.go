package realtime

import (
	"context"
	"sync"
)

// memoryQueue is how many messages may wait for a subscriber of a MemoryBus before
// publishers wait for it.
const memoryQueue = 1024

// MemoryBus is a Bus between hubs of one process. It loses nothing.
type MemoryBus struct {
	mu   sync.RWMutex
	subs map[*memorySub]struct{}
}

// memorySub is one subscription.
type memorySub struct {
	in   chan []byte
	done <-chan struct{}
}

// NewMemoryBus returns a bus without subscribers.
func NewMemoryBus() *MemoryBus { return &MemoryBus{subs: map[*memorySub]struct{}{}} }

// Publish implements Bus.
func (b *MemoryBus) Publish(ctx context.Context, msgs []Message) error {
	b.mu.RLock()
	defer b.mu.RUnlock()
	for _, m := range msgs {
		for s := range b.subs {
			select {
			case s.in <- m.Data:
			case <-s.done:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
	}
	return nil
}

// Subscribe implements Bus.
func (b *MemoryBus) Subscribe(ctx context.Context, handle func(data []byte), up func()) error {
	s := &memorySub{in: make(chan []byte, memoryQueue), done: ctx.Done()}
	b.mu.Lock()
	b.subs[s] = struct{}{}
	b.mu.Unlock()
	defer func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		delete(b.subs, s)
	}()
	up()
	for {
		select {
		case data := <-s.in:
			handle(data)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
