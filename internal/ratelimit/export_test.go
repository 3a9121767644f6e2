package ratelimit

import "time"

// Retry lets Redis be asked at once after it failed.
func (r *Redis) Retry() { r.retryAt.Store(0) }

// SetTimeout is how long Redis is waited for.
func (r *Redis) SetTimeout(d time.Duration) { r.timeout = d }

// SetMaxKeys bounds what one shard counts.
func (m *Memory) SetMaxKeys(n int) { m.maxKeys = n }

// Len returns how many keys are held.
func (m *Memory) Len() int {
	n := 0
	for i := range m.shards {
		m.shards[i].mu.Lock()
		n += len(m.shards[i].counts)
		m.shards[i].mu.Unlock()
	}
	return n
}
