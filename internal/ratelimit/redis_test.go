package ratelimit_test

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"chatd/internal/ratelimit"
)

// Two nodes on one Redis share their counts.
func TestRedisNodesShare(t *testing.T) {
	t.Parallel()
	k, start := newKey(), thisMinute()
	a, b := newRedisLimiter(t, newRedis(t)), newRedisLimiter(t, newRedis(t))
	a.SetTimeout(time.Minute)
	b.SetTimeout(time.Minute)
	for i, l := range []ratelimit.Limiter{a, b, a, b} {
		if d := l.Take(t.Context(), k, 3, start); d.Remaining != max(2-i, 0) || d.Allowed != (i < 3) {
			t.Errorf("request %d: %+v", i+1, d)
		}
	}
}

// A window's key goes away soon after its minute.
func TestRedisKeysExpire(t *testing.T) {
	t.Parallel()
	c, k := newRedis(t), newKey()
	l := newRedisLimiter(t, c)
	l.SetTimeout(time.Minute)
	l.Take(t.Context(), k, 1, thisMinute())
	keys, err := c.Keys(t.Context(), fmt.Sprintf("rl:%d:*", k.App)).Result()
	if err != nil || len(keys) != 1 {
		t.Fatalf("keys: %v, %v", keys, err)
	}
	if ttl, err := c.PTTL(t.Context(), keys[0]).Result(); err != nil || ttl <= 0 || ttl > 71*time.Second {
		t.Errorf("%s lives for %v, %v", keys[0], ttl, err)
	}
}

// fault stands between a client and Redis.
type fault struct {
	mode  atomic.Value // "", "down" or "silent"
	asked atomic.Int64
}

func (f *fault) DialHook(next redis.DialHook) redis.DialHook { return next }

func (f *fault) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}

func (f *fault) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		f.asked.Add(1)
		switch f.mode.Load() {
		case "down":
			cmd.SetErr(errors.New("connection refused"))
			return cmd.Err()
		case "silent":
			<-ctx.Done()
			cmd.SetErr(ctx.Err())
			return cmd.Err()
		}
		return next(ctx, cmd)
	}
}

// While Redis is away each node counts for itself, without asking Redis each time,
// and goes back to it when it answers again.
func TestRedisAway(t *testing.T) {
	t.Parallel()
	for _, mode := range []string{"down", "silent"} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			f := &fault{}
			c := newRedis(t)
			c.AddHook(f)
			l, k, start := newRedisLimiter(t, c), newKey(), thisMinute()
			f.mode.Store(mode)
			for i := range 9 {
				if d := l.Take(t.Context(), k, 7, start); d.Allowed != (i < 7) {
					t.Errorf("request %d: %+v", i+1, d)
				}
			}
			if d := peek(t, l, k, 10, start); d.Remaining != 1 {
				t.Errorf("peek: %+v", d)
			}
			if n := f.asked.Load(); n != 3 {
				t.Errorf("Redis was asked %d times", n)
			}

			f.mode.Store("")
			l.SetTimeout(time.Minute)
			l.Retry()
			if d := l.Take(t.Context(), k, 3, start); d.Remaining != 2 {
				t.Errorf("after Redis came back: %+v", d)
			}
		})
	}
}

// A caller who goes away says nothing about Redis.
func TestRedisCallerAway(t *testing.T) {
	t.Parallel()
	f := &fault{}
	f.mode.Store("silent")
	c := newRedis(t)
	c.AddHook(f)
	l, k := newRedisLimiter(t, c), newKey()
	l.SetTimeout(time.Minute)
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if d := l.Take(gone, k, 1, thisMinute()); !d.Allowed || f.asked.Load() != 0 {
		t.Errorf("%+v, asked %d times", d, f.asked.Load())
	}
	f.mode.Store("")
	if d := l.Take(t.Context(), k, 1, thisMinute()); !d.Allowed || f.asked.Load() == 0 {
		t.Errorf("%+v, asked %d times", d, f.asked.Load())
	}
}

func TestNewRedisWantsBoundedClients(t *testing.T) {
	t.Parallel()
	for _, bounded := range []bool{false, true} {
		for name, c := range map[string]redis.UniversalClient{
			"one":     redis.NewClient(&redis.Options{ContextTimeoutEnabled: bounded}),
			"cluster": redis.NewClusterClient(&redis.ClusterOptions{ContextTimeoutEnabled: bounded, Addrs: []string{"127.0.0.1:1"}}),
			"ring":    redis.NewRing(&redis.RingOptions{ContextTimeoutEnabled: bounded}),
		} {
			if _, err := ratelimit.NewRedis(c); (err == nil) != bounded {
				t.Errorf("%s, bounded %t: %v", name, bounded, err)
			}
			if err := c.Close(); err != nil {
				t.Error(err)
			}
		}
	}
}

func BenchmarkRedisTake(b *testing.B) {
	l, err := ratelimit.NewRedis(newRedis(b))
	if err != nil {
		b.Fatal(err)
	}
	k, now := newKey(), time.Now()
	for b.Loop() {
		l.Take(b.Context(), k, 1000, now)
	}
}
