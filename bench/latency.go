package main

import (
	"math/bits"
	"sync/atomic"
	"time"
)

// latencies count how long operations took, in buckets that grow with the time:
// percentiles are exact to 1.6 %, and the memory does not depend on how many there
// were. Any number of goroutines may add.
type latencies struct {
	n       atomic.Int64
	buckets [(64 - bucketBits + 1) << bucketBits]atomic.Int64
}

// bucketBits is how many leading bits of a time tell its bucket.
const bucketBits = 6

func (l *latencies) add(d time.Duration) {
	l.n.Add(1)
	l.buckets[bucketOf(uint64(max(d, 0)))].Add(1)
}

// at returns the time within which the part p (0 to 1) of the operations was done,
// in milliseconds; 0 without any.
func (l *latencies) at(p float64) float64 {
	rank := int64(p * float64(l.n.Load()))
	for i := range l.buckets {
		n := l.buckets[i].Load()
		if rank < n {
			return float64(bucketStart(i)) / float64(time.Millisecond)
		}
		rank -= n
	}
	return 0
}

// bucketOf numbers the buckets: one for each value as long as bucketBits hold it,
// then 1<<bucketBits for each power of two.
func bucketOf(v uint64) int {
	shift := max(bits.Len64(v)-bucketBits-1, 0)
	return shift<<bucketBits + int(v>>shift) //nolint:gosec // G115: below 1<<(bucketBits+1)
}

// bucketStart is the least value of a bucket.
func bucketStart(i int) uint64 {
	if i < 1<<(bucketBits+1) {
		return uint64(i) //nolint:gosec // G115: an index
	}
	shift := i>>bucketBits - 1
	return uint64(i-shift<<bucketBits) << shift //nolint:gosec // G115: an index
}
