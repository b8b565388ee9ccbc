package main

import (
	"math/bits"
	"time"
)

// histogram counts durations in buckets of about 3 % width, from 1 µs to over an hour, in the log-linear form of
// HdrHistogram: 32 equal steps in each power of two. One owner; merge gathers those of many.
type histogram struct {
	count  uint64
	max    time.Duration
	bucket [32 * 32]uint32
}

const subBits = 5

func (h *histogram) add(d time.Duration) {
	h.count++
	h.max = max(h.max, d)
	h.bucket[bucketOf(d)]++
}

func (h *histogram) merge(o *histogram) {
	h.count += o.count
	h.max = max(h.max, o.max)
	for i, n := range o.bucket {
		h.bucket[i] += n
	}
}

// quantile gives the upper edge of the bucket in which the share q (0 to 1) of all durations is reached; 0 when empty.
func (h *histogram) quantile(q float64) time.Duration {
	if h.count == 0 {
		return 0
	}
	rank, seen := uint64(q*float64(h.count-1))+1, uint64(0)
	for i, n := range h.bucket {
		if seen += uint64(n); seen >= rank {
			return min(upperEdge(i), h.max)
		}
	}
	return h.max
}

func bucketOf(d time.Duration) int {
	us := uint64(max(d, 0) / time.Microsecond)
	if us < 1<<subBits {
		return int(us)
	}
	shift := bits.Len64(us) - 1 - subBits
	return min((shift+1)<<subBits+int(us>>shift)-1<<subBits, 32*32-1)
}

func upperEdge(i int) time.Duration {
	if i < 1<<subBits {
		return time.Duration(i+1) * time.Microsecond
	}
	shift := i>>subBits - 1
	return time.Duration(uint64(i&(1<<subBits-1)+1+1<<subBits)<<shift) * time.Microsecond
}
