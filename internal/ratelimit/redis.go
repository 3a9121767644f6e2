package ratelimit

import (
	"context"
	"errors"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
)

const (
	// redisTimeout is how long a request waits for Redis before it is let through.
	redisTimeout = 20 * time.Millisecond
	// redisFailures in a row are no single slow answer any more: for redisPause
	// Redis is not asked, so that its absence does not slow every request down.
	redisFailures = 3
	redisPause    = time.Second
	// redisSlack keeps a window's key somewhat longer than the window, for nodes
	// whose clocks differ from Redis'. The key names its minute.
	redisSlack = 10 * time.Second
)

// count adds one to KEYS[1] and lets it expire at ARGV[1] (milliseconds).
var count = redis.NewScript(`local n = redis.call('INCR', KEYS[1]) if n == 1 then redis.call('PEXPIREAT', KEYS[1], ARGV[1]) end return n`)

// Redis is the Limiter of several nodes. While Redis is away or slow, each node
// counts for itself.
type Redis struct {
	client   redis.UniversalClient
	local    *Memory
	timeout  time.Duration
	failures atomic.Int32 // in a row
	retryAt  atomic.Int64 // unix nanoseconds before which Redis is not asked; 0 while it answers
}

// NewRedis returns a Limiter on a client that stays the caller's. The client must
// have ContextTimeoutEnabled, else a silent Redis would hold requests for the
// client's own timeouts; without it NewRedis fails.
func NewRedis(c redis.UniversalClient) (*Redis, error) {
	var bounded bool
	switch c := c.(type) {
	case *redis.Client:
		bounded = c.Options().ContextTimeoutEnabled
	case *redis.ClusterClient:
		bounded = c.Options().ContextTimeoutEnabled
	case *redis.Ring:
		bounded = c.Options().ContextTimeoutEnabled
	}
	if !bounded {
		return nil, errors.New("ratelimit: the Redis client needs ContextTimeoutEnabled")
	}
	return &Redis{client: c, local: NewMemory(), timeout: redisTimeout}, nil
}

// Take implements Limiter.
func (r *Redis) Take(ctx context.Context, k Key, limit int, now time.Time) Decision {
	w := window(now)
	var n int
	ok := r.ask(ctx, func(ctx context.Context) (err error) {
		expiry := end(w).Add(redisSlack).UnixMilli()
		n, err = count.Run(ctx, r.client, []string{redisKey(k, w)}, expiry).Int()
		return err
	})
	if !ok {
		return r.local.Take(ctx, k, limit, now)
	}
	return decide(n, limit, w)
}

// Peek implements Limiter. It asks Redis once.
func (r *Redis) Peek(ctx context.Context, asked []Asked, now time.Time) []Decision {
	w := window(now)
	out := make([]Decision, len(asked))
	ok := r.ask(ctx, func(ctx context.Context) error {
		answers, err := r.client.Pipelined(ctx, func(p redis.Pipeliner) error {
			for _, a := range asked {
				p.Get(ctx, redisKey(a.Key, w))
			}
			return nil
		})
		if err != nil && !errors.Is(err, redis.Nil) { // the first of the answers' errors
			return err
		}
		for i, cmd := range answers {
			get, _ := cmd.(*redis.StringCmd)
			n, err := get.Int()
			if err != nil && !errors.Is(err, redis.Nil) {
				return err
			}
			out[i] = decide(n, asked[i].Limit, w)
		}
		return nil
	})
	if !ok {
		return r.local.Peek(ctx, asked, now)
	}
	return out
}

// ask calls Redis, bounded in time; ok is false if it did not answer now or lately.
func (r *Redis) ask(ctx context.Context, do func(context.Context) error) (ok bool) {
	if retry := r.retryAt.Load(); retry != 0 && time.Now().UnixNano() < retry {
		return false
	}
	if ctx.Err() != nil {
		return false // the caller is gone, which says nothing about Redis
	}
	bounded, cancel := context.WithTimeout(ctx, r.timeout)
	defer cancel()
	err := do(bounded)
	switch {
	case err == nil:
		r.failures.Store(0)
		r.retryAt.Store(0)
	case ctx.Err() == nil && r.failures.Add(1) >= redisFailures:
		r.retryAt.Store(time.Now().Add(redisPause).UnixNano())
	}
	return err == nil
}

// redisKey names a key's window: "rl:<app>:<operation>:<platform>:<minute>:<user>".
// The user comes last, as the only part that others choose.
func redisKey(k Key, window int64) string {
	b := make([]byte, 0, 96)
	b = append(b, "rl:"...)
	b = strconv.AppendInt(b, int64(k.App), 10)
	b = append(b, ':')
	b = append(b, k.Operation...)
	b = append(b, ':')
	b = append(b, k.Platform...)
	b = append(b, ':')
	b = strconv.AppendInt(b, window, 10)
	b = append(b, ':')
	return string(append(b, k.User...))
}
