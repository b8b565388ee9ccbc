package registry

import "time"

// clock tells the time since it was made. It advances while the computer is suspended, which time.Since does not: leases are
// counted with it.
type clock struct {
	start  time.Time
	slept  func() time.Duration // how long the machine has been suspended; sleptTime but in tests
	before time.Duration        // slept at start
}

func newClock(slept func() time.Duration) clock { return clock{time.Now(), slept, slept()} }

func (c clock) now() time.Duration {
	slept := c.slept() - c.before
	if slept < minSuspension { // the two clocks are read one after the other
		slept = 0
	}
	return time.Since(c.start) + slept
}

// minSuspension is the shortest suspension of the machine that counts.
const minSuspension = 100 * time.Millisecond

// at is the time of t, as now counts it. What happened before the machine was last suspended seems newer than it is.
func (c clock) at(t time.Time) time.Duration { return c.now() - time.Since(t) }
