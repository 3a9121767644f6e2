package ratelimit_test

import (
	"math/rand/v2"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/redis/go-redis/v9"

	"chatd/internal/chat"
	"chatd/internal/ratelimit"
)

// newRedis returns a client of the Redis for tests.
func newRedis(tb testing.TB) *redis.Client {
	tb.Helper()
	url := os.Getenv("CHATD_TEST_REDIS_URL")
	if url == "" {
		tb.Skip("CHATD_TEST_REDIS_URL names no Redis")
	}
	o, err := redis.ParseURL(url)
	if err != nil {
		tb.Fatal(err)
	}
	o.ContextTimeoutEnabled = true
	c := redis.NewClient(o)
	tb.Cleanup(func() {
		if err := c.Close(); err != nil {
			tb.Error(err)
		}
	})
	return c
}

func newRedisLimiter(t *testing.T, c redis.UniversalClient) *ratelimit.Redis {
	t.Helper()
	l, err := ratelimit.NewRedis(c)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestMemory(t *testing.T) {
	t.Parallel()
	testLimiter(t, func(*testing.T) ratelimit.Limiter { return ratelimit.NewMemory() })
}

func TestRedis(t *testing.T) {
	t.Parallel()
	testLimiter(t, func(t *testing.T) ratelimit.Limiter {
		t.Helper()
		l := newRedisLimiter(t, newRedis(t))
		l.SetTimeout(time.Minute) // a busy machine is no absent Redis
		return l
	})
}

// newKey returns a key of an app that no other test counts.
func newKey() ratelimit.Key {
	return ratelimit.Key{App: chat.AppID(rand.Int64()), Operation: "SendMessage", Platform: "web"}
}

// thisMinute is when the running minute started: Redis keeps no keys of the past.
func thisMinute() time.Time { return time.Now().Truncate(time.Minute).UTC() }

// testLimiter is what every Limiter does.
func testLimiter(t *testing.T, newLimiter func(*testing.T) ratelimit.Limiter) {
	t.Helper()
	for name, test := range map[string]func(*testing.T, ratelimit.Limiter){
		"counts down to its limit":         countsDown,
		"starts anew with the minute":      startsAnew,
		"keeps keys apart":                 keepsKeysApart,
		"peeks without counting":           peeks,
		"a limit of nothing":               limitOfNothing,
		"counts exactly under concurrency": countsExactly,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, newLimiter(t))
		})
	}
}

func countsDown(t *testing.T, l ratelimit.Limiter) {
	t.Helper()
	k, start := newKey(), thisMinute()
	for i, want := range []ratelimit.Decision{
		{Limit: 2, Remaining: 1, Allowed: true},
		{Limit: 2, Remaining: 0, Allowed: true},
		{Limit: 2, Remaining: 0, Allowed: false},
		{Limit: 2, Remaining: 0, Allowed: false},
	} {
		want.Reset = start.Add(time.Minute)
		got := l.Take(t.Context(), k, 2, start.Add(time.Duration(i)*19*time.Second))
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("request %d (-want +got):\n%s", i+1, diff)
		}
	}
}

func startsAnew(t *testing.T, l ratelimit.Limiter) {
	t.Helper()
	k, start := newKey(), thisMinute()
	take := func(after time.Duration) ratelimit.Decision { return l.Take(t.Context(), k, 1, start.Add(after)) }
	take(59 * time.Second)
	if d := take(time.Minute - time.Nanosecond); d.Allowed {
		t.Errorf("at the end of the minute: %+v", d)
	}
	want := ratelimit.Decision{Limit: 1, Remaining: 0, Allowed: true, Reset: start.Add(2 * time.Minute)}
	if diff := cmp.Diff(want, take(time.Minute)); diff != "" {
		t.Errorf("in the next minute (-want +got):\n%s", diff)
	}
}

func keepsKeysApart(t *testing.T, l ratelimit.Limiter) {
	t.Helper()
	start := thisMinute()
	k := newKey()
	app, operation, platform, user := k, k, k, k
	app.App--
	operation.Operation = "MarkRead"
	platform.Platform = "ios"
	user.User = "ann"
	for i, k := range []ratelimit.Key{k, app, operation, platform, user} {
		if d := l.Take(t.Context(), k, 1, start); !d.Allowed {
			t.Errorf("key %d is another's: %+v", i, d)
		}
		if d := l.Take(t.Context(), k, 1, start); d.Allowed {
			t.Errorf("key %d does not count: %+v", i, d)
		}
	}
}

// peek asks for the state of one key.
func peek(t *testing.T, l ratelimit.Limiter, k ratelimit.Key, limit int, now time.Time) ratelimit.Decision {
	t.Helper()
	return l.Peek(t.Context(), []ratelimit.Asked{{Key: k, Limit: limit}}, now)[0]
}

func peeks(t *testing.T, l ratelimit.Limiter) {
	t.Helper()
	k, start := newKey(), thisMinute()
	for _, want := range []int{3, 2, 1, 0, 0} {
		for range 2 {
			if d := peek(t, l, k, 3, start); d.Remaining != want || d.Limit != 3 || !d.Reset.Equal(start.Add(time.Minute)) {
				t.Errorf("%+v, want %d", d, want)
			}
		}
		l.Take(t.Context(), k, 3, start)
	}
	fresh := newKey()
	l.Take(t.Context(), fresh, 9, start)
	many := l.Peek(t.Context(), []ratelimit.Asked{{Key: newKey(), Limit: 5}, {Key: k, Limit: 9}, {Key: fresh, Limit: 9}}, start)
	if len(many) != 3 || many[0].Remaining != 5 || many[1].Remaining != 4 || many[2].Remaining != 8 {
		t.Errorf("many: %+v", many)
	}
	if d := peek(t, l, k, 3, start.Add(time.Minute)); d.Remaining != 3 || !d.Allowed {
		t.Errorf("in the next minute: %+v", d)
	}
}

func limitOfNothing(t *testing.T, l ratelimit.Limiter) {
	t.Helper()
	k := newKey()
	if d := l.Take(t.Context(), k, 0, thisMinute()); d.Allowed || d.Remaining != 0 {
		t.Errorf("%+v", d)
	}
}

func countsExactly(t *testing.T, l ratelimit.Limiter) {
	t.Helper()
	const callers, calls, limit = 8, 50, 123
	k, start := newKey(), thisMinute()
	var allowed atomic.Int64
	var wg sync.WaitGroup
	for range callers {
		wg.Go(func() {
			for range calls {
				if l.Take(t.Context(), k, limit, start).Allowed {
					allowed.Add(1)
				}
			}
		})
	}
	wg.Wait()
	if n := allowed.Load(); n != limit {
		t.Errorf("%d of %d were allowed", n, limit)
	}
	if d := peek(t, l, k, callers*calls+1, start); d.Remaining != 1 {
		t.Errorf("not all were counted: %+v", d)
	}
}

func TestDecisionErr(t *testing.T) {
	t.Parallel()
	d := ratelimit.Decision{Allowed: true}
	if err := d.Err(); err != nil {
		t.Errorf("allowed: %v", err)
	}
	d = ratelimit.Decision{Reset: time.Date(2026, 3, 1, 12, 1, 0, 0, time.UTC)}
	if err := d.Err(); chat.KindOf(err) != chat.RateLimited {
		t.Errorf("refused: %v", err)
	}
}
