package main

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// TestHistogram compares quantiles with those of the sorted durations: they may be above by one bucket, 3.2 %, and 1 µs.
func TestHistogram(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	var all []time.Duration
	var parts [2]histogram
	for i := range 20_000 {
		d := time.Duration(rnd.ExpFloat64() * float64(30*time.Millisecond))
		all = append(all, d)
		parts[i%2].add(d)
	}
	h := &parts[0]
	h.merge(&parts[1])
	slices.Sort(all)
	for _, q := range []float64{0, .01, .5, .9, .99, .999, 1} {
		want := all[int(q*float64(len(all)-1))]
		got := h.quantile(q)
		if got < want-time.Microsecond || float64(got) > float64(want)*1.033+float64(time.Microsecond) {
			t.Errorf("quantile %v: got %v, want %v or up to 3.2 %% more", q, got, want)
		}
	}
	if h.max != all[len(all)-1] || h.count != uint64(len(all)) {
		t.Errorf("max %v count %d, want %v %d", h.max, h.count, all[len(all)-1], len(all))
	}
}

func TestHistogramEdges(t *testing.T) {
	for _, d := range []time.Duration{-1, 0, time.Nanosecond, 31 * time.Microsecond, 32 * time.Microsecond, 63 * time.Microsecond, 64 * time.Microsecond, time.Second, time.Hour} {
		i := bucketOf(d)
		if edge := upperEdge(i); edge < d {
			t.Errorf("%v is in bucket %d, which ends at %v", d, i, edge)
		}
		if i > 0 && upperEdge(i-1) > max(d, 0) {
			t.Errorf("%v is in bucket %d, but the bucket before ends at %v", d, i, upperEdge(i-1))
		}
	}
	var empty histogram
	if q := empty.quantile(.5); q != 0 {
		t.Errorf("quantile of nothing: %v", q)
	}
}
