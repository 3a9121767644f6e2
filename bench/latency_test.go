package main

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

func TestBuckets(t *testing.T) {
	t.Parallel()
	values := []uint64{0, 1, 63, 64, 127, 128, 129, 255, 256, 1000, 1 << 20, 1<<20 + 1<<14, math.MaxInt64, math.MaxUint64}
	rng := rand.New(rand.NewPCG(1, 2))
	for range 10_000 {
		values = append(values, rng.Uint64()>>rng.UintN(64))
	}
	for _, v := range values {
		i := bucketOf(v)
		if i < 0 || i >= len((&latencies{}).buckets) {
			t.Fatalf("%d is in bucket %d", v, i)
		}
		if low := bucketStart(i); low > v || v-low > v>>bucketBits {
			t.Errorf("%d is in bucket %d, which starts at %d", v, i, low)
		}
	}
}

func TestLatencies(t *testing.T) {
	t.Parallel()
	l := &latencies{}
	if got := l.at(.5); got != 0 {
		t.Errorf("without any: %v", got)
	}
	var all []time.Duration
	rng := rand.New(rand.NewPCG(3, 4))
	for range 5000 {
		d := time.Duration(rng.ExpFloat64() * float64(3*time.Millisecond))
		all = append(all, d)
		l.add(d)
	}
	slices.Sort(all)
	for _, p := range []float64{0, .5, .9, .99, .9999} {
		want := float64(all[int(p*5000)]) / float64(time.Millisecond)
		if got := l.at(p); math.Abs(got-want) > want/64+1e-6 {
			t.Errorf("at %v: %v ms, want %v", p, got, want)
		}
	}
}
