package registry

import (
	"testing"
	"time"
)

// Rooms that are all due move as evenly as the rate says, however the waits and the looks in between fall.
func TestLimiter(t *testing.T) {
	for name, c := range map[string]struct {
		rate     moveRate
		rooms    int
		min, max time.Duration // until the last has begun
		together int           // that begin at one moment, at most
	}{
		"one room does not wait":        {drainRate(1), 1, 0, 0, 1},
		"few rooms are spread":          {drainRate(7), 7, drainSpread * 6 / 7, drainSpread, 1},
		"many rooms go within 1.5 s":    {drainRate(100), 100, time.Second, 1500 * time.Millisecond, 2},
		"no more than the greatest":     {drainRate(800), 800, 9 * time.Second, 11 * time.Second, 2},
		"rooms go home ten in a second": {rebalancing, 30, 2900 * time.Millisecond, 3 * time.Second, 1},
	} {
		t.Run(name, func(t *testing.T) {
			start := time.Now()
			var l limiter
			now := start
			for begun, together := 0, 0; ; {
				wait, ok := l.take(now, c.rate)
				if ok {
					begun++
					together++
					if together > c.together {
						t.Fatalf("%d rooms begin at one moment; want %d at most", together, c.together)
					}
					if begun == c.rooms {
						break
					}
					continue
				}
				if wait < rateStep {
					t.Fatalf("the next look is after %v; want %v at least", wait, rateStep)
				}
				now, together = now.Add(wait), 0
			}
			if took := now.Sub(start); took < c.min || took > c.max {
				t.Errorf("%d rooms begin within %v; want %v to %v", c.rooms, took, c.min, c.max)
			}
		})
	}
}
