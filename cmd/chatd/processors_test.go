package main

import (
	"context"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// machine runs processors of a machine of n, and notes how many are used.
func machine(t *testing.T, n int) (used func() int, begin func(upgrade string) (end func())) {
	t.Helper()
	var mu sync.Mutex
	now := n
	p := &processors{all: n, wake: make(chan struct{}, 1), set: func(n int) { mu.Lock(); now = n; mu.Unlock() }}
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() { p.run(ctx) })
	t.Cleanup(func() { cancel(); wg.Wait() })
	used = func() int { synctest.Wait(); mu.Lock(); defer mu.Unlock(); return now }
	begin = func(upgrade string) func() {
		hold, done := make(chan struct{}), make(chan struct{})
		h := p.count(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-hold }))
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", http.NoBody)
		r.Header.Set("Upgrade", upgrade)
		go func() { h.ServeHTTP(httptest.NewRecorder(), r); close(done) }()
		synctest.Wait()
		return func() { close(hold); <-done }
	}
	return used, begin
}

func TestOneProcessorWhileThereIsLittleToDo(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		used, begin := machine(t, 2)
		want := func(when string, n int) {
			t.Helper()
			if got := used(); got != n {
				t.Errorf("%s: %d processors, want %d", when, got, n)
			}
		}
		want("at first", 2)
		pass(2 * quietTime)
		want("idle", 1)
		one := begin("")
		want("one request", 1)
		two := begin("")
		want("two requests at once", 2)
		one()
		two()
		pass(quietTime / 2)
		want("soon after", 2)
		pass(3 * quietTime)
		want("quiet again", 1)
		var sockets []func()
		for range fewSockets {
			sockets = append(sockets, begin("websocket"))
		}
		pass(2 * quietTime)
		want("few sockets", 1)
		sockets = append(sockets, begin("websocket"))
		want("many sockets", 2)
		pass(5 * quietTime)
		want("many sockets, for long", 2)
		for _, end := range sockets {
			end()
		}
	})
}

func TestManyProcessorsAreLeftAlone(t *testing.T) {
	t.Parallel()
	for _, n := range []int{1, fewProcessors + 1} {
		synctest.Test(t, func(t *testing.T) {
			used, begin := machine(t, n)
			begin("")()
			pass(3 * quietTime)
			if got := used(); got != n {
				t.Errorf("%d processors of %d", got, n)
			}
		})
	}
}

// pass lets time of the test's bubble pass.
func pass(d time.Duration) { <-time.After(d) }
