package ratelimit_test

import (
	"fmt"
	"strconv"
	"testing"
	"time"

	"chatd/internal/ratelimit"
)

// What was counted in past minutes is not kept.
func TestMemoryForgets(t *testing.T) {
	t.Parallel()
	m, k, start := ratelimit.NewMemory(), newKey(), thisMinute()
	const keys = 5000
	for minute := range 5 {
		for i := range keys {
			k.User = fmt.Sprint(minute, "-", i)
			m.Take(t.Context(), k, 1, start.Add(time.Duration(minute)*time.Minute))
		}
	}
	if n := m.Len(); n != keys {
		t.Errorf("%d keys are held", n)
	}
}

// A time from before the running minute counts in it, and brings nothing back.
func TestMemoryLateCaller(t *testing.T) {
	t.Parallel()
	m, k, start := ratelimit.NewMemory(), newKey(), thisMinute()
	m.Take(t.Context(), k, 2, start)
	d := m.Take(t.Context(), k, 2, start.Add(-time.Second))
	if d.Remaining != 0 || !d.Reset.Equal(start.Add(time.Minute)) {
		t.Errorf("%+v", d)
	}
}

// Beyond the bound, new keys are allowed and not held; known ones go on counting.
func TestMemoryIsBounded(t *testing.T) {
	t.Parallel()
	m, k, start := ratelimit.NewMemory(), newKey(), thisMinute()
	m.SetMaxKeys(2)
	m.Take(t.Context(), k, 1, start)
	for i := range 1000 {
		other := k
		other.User = strconv.Itoa(i)
		if d := m.Take(t.Context(), other, 1, start); !d.Allowed {
			t.Fatalf("key %d: %+v", i, d)
		}
	}
	if n := m.Len(); n > 2*64 {
		t.Errorf("%d keys are held", n)
	}
	if d := m.Take(t.Context(), k, 1, start); d.Allowed {
		t.Errorf("a known key: %+v", d)
	}
}

//nolint:paralleltest // AllocsPerRun counts the whole process's allocations
func TestMemoryDoesNotAllocate(t *testing.T) {
	p := ratelimit.Policy{Limiter: ratelimit.NewMemory(), Mode: ratelimit.Enforce}
	r := ratelimit.Request{App: 1, Operation: "SendMessage", Platform: "web", User: "ann"}
	ctx, now := t.Context(), time.Now()
	if allocs := testing.AllocsPerRun(100, func() { p.Check(ctx, r, now) }); allocs != 0 {
		t.Errorf("%v allocations", allocs)
	}
}

func BenchmarkMemoryTake(b *testing.B) {
	m, ctx, now := ratelimit.NewMemory(), b.Context(), time.Now()
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		k := newKey()
		k.User = "somebody-with-a-long-id"
		for pb.Next() {
			m.Take(ctx, k, 1000, now)
		}
	})
}

func BenchmarkPolicyCheck(b *testing.B) {
	p := ratelimit.Policy{Limiter: ratelimit.NewMemory(), Mode: ratelimit.Enforce}
	r := ratelimit.Request{App: 1, Operation: "SendMessage", Platform: "web", User: "somebody-with-a-long-id"}
	ctx, now := b.Context(), time.Now()
	b.ReportAllocs()
	for b.Loop() {
		p.Check(ctx, r, now)
	}
}
