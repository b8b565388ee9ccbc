package room

import (
	"math/bits"
	"time"
)

const (
	// tickTimeSlots and tickTimeSlot say how long the past counts in a worker's tick times: four seconds, in which even a
	// single room of 30 ticks a second has a hundredth.
	tickTimeSlots = 4
	tickTimeSlot  = time.Second
	// Buckets are a quarter of an octave wide, so a time is told up to a quarter too long: from 2^10 ns to 2^34 ns, 17 s,
	// which what is shorter or longer counts as.
	tickTimeLow     = 10
	tickTimeHigh    = 34
	tickTimeBuckets = 4 * (tickTimeHigh - tickTimeLow)
)

// tickTimes counts how long a worker's ticks of the last seconds took. It belongs to the worker's goroutine; nothing
// here allocates.
type tickTimes struct {
	slots [tickTimeSlots][tickTimeBuckets]uint32
	now   int           // the slot that is being filled
	until time.Duration // when it is full
}

func (t *tickTimes) add(took time.Duration) { t.slots[t.now][tickTimeBucket(took)]++ }

// turn begins new slots, which forget the oldest ones, until now is in one of them.
func (t *tickTimes) turn(now time.Duration) {
	for range tickTimeSlots {
		if now < t.until {
			return
		}
		t.now = (t.now + 1) % tickTimeSlots
		t.slots[t.now] = [tickTimeBuckets]uint32{}
		t.until += tickTimeSlot
	}
	t.until = max(t.until, now+tickTimeSlot)
}

// p99 is what 99 of 100 ticks did not take longer than; 0 without ticks.
func (t *tickTimes) p99() time.Duration {
	var counts [tickTimeBuckets]uint32
	total := uint32(0)
	for s := range t.slots {
		for i, n := range t.slots[s] {
			counts[i] += n
			total += n
		}
	}
	above := total / 100 // ticks that may take longer
	for i := tickTimeBuckets - 1; i >= 0; i-- {
		if counts[i] > above {
			return tickTimeLimit(i)
		}
		above -= counts[i]
	}
	return 0
}

func tickTimeBucket(took time.Duration) int {
	ns := min(max(uint64(max(took, 0)), 1<<tickTimeLow), 1<<tickTimeHigh-1)
	octave := bits.Len64(ns) - 1
	quarter := ns >> (octave - 2) & 3
	return 4*(octave-tickTimeLow) + int(quarter)
}

// tickTimeLimit is the end of bucket i.
func tickTimeLimit(i int) time.Duration {
	octave, quarter := tickTimeLow+i/4, i%4
	return time.Duration(5+quarter) << (octave - 2)
}
