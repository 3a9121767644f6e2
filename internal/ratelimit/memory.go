package ratelimit

import (
	"context"
	"hash/maphash"
	"sync"
	"time"
)

const (
	shards = 64
	// maxKeys bounds what is counted in a minute. Keys beyond are allowed without
	// being counted: a million callers a minute are not one abuser.
	maxKeys = 1 << 20
)

// Memory is the Limiter of a single node. Counts live for their minute: the first
// request of the next one empties the shard that it falls into.
type Memory struct {
	seed    maphash.Seed
	maxKeys int // of one shard
	shards  [shards]shard
}

type shard struct {
	mu     sync.Mutex
	window int64
	counts map[Key]*int

	_ [64]byte // keeps neighbours' locks out of one cache line
}

// NewMemory returns an empty Memory.
func NewMemory() *Memory {
	m := &Memory{seed: maphash.MakeSeed(), maxKeys: maxKeys / shards}
	for i := range m.shards {
		m.shards[i].counts = map[Key]*int{}
	}
	return m
}

// Take implements Limiter. It takes well under a microsecond and allocates nothing
// but for the first request of a key in a minute.
func (m *Memory) Take(_ context.Context, k Key, limit int, now time.Time) Decision {
	s := m.shard(k)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.turn(window(now))
	n := s.counts[k]
	if n == nil {
		n = new(int)
		if len(s.counts) < m.maxKeys {
			s.counts[k] = n
		}
	}
	*n++
	return decide(*n, limit, s.window)
}

// Peek implements Limiter.
func (m *Memory) Peek(_ context.Context, asked []Asked, now time.Time) []Decision {
	out := make([]Decision, len(asked))
	for i, a := range asked {
		out[i] = m.peek(a, now)
	}
	return out
}

func (m *Memory) peek(a Asked, now time.Time) Decision {
	s := m.shard(a.Key)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.turn(window(now))
	if n := s.counts[a.Key]; n != nil {
		return decide(*n, a.Limit, s.window)
	}
	return decide(0, a.Limit, s.window)
}

// shard returns where a key is counted: a user's by his name, an app's by the
// operation's.
func (m *Memory) shard(k Key) *shard {
	name := k.User
	if name == "" {
		name = k.Operation
	}
	return &m.shards[(maphash.String(m.seed, name)+uint64(k.App))%shards] //nolint:gosec // an app's number only spreads
}

// turn forgets the counts of windows before this one. A time that is late by a
// lock's wait counts in the window that runs.
func (s *shard) turn(now int64) {
	if now <= s.window {
		return
	}
	// A new map, made for half as many keys as lately, lets memory follow use.
	s.window, s.counts = now, make(map[Key]*int, len(s.counts)/2)
}
