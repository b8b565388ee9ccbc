package registry

import "time"

const (
	// maxDrainRate and drainSpread are how fast rooms leave a server that drains: 100 in less than two seconds, and fewer of
	// them no sooner, as nobody is in a hurry.
	maxDrainRate = 80 // started per second
	drainSpread  = 1200 * time.Millisecond
	// homeRate is how many rooms a second go home: in the background, and from all servers to one that is new.
	homeRate = 10
	// rateStep is the minimum interval between checks whether another move may start.
	rateStep = 25 * time.Millisecond
)

// moveRate bounds how fast rooms move: every move makes all the room's clients reconnect at once, which delays other rooms'
// ticks.
type moveRate struct {
	atOnce int     // each holds two copies and doubles the connections of its clients
	rate   float64 // started per second
}

// rebalancing is the rate of rooms that go home.
var rebalancing = moveRate{atOnce: 8, rate: homeRate}

// drainRate is the rate of rooms out of a server that begins to drain with so many.
func drainRate(rooms int) moveRate {
	return moveRate{atOnce: 32, rate: min(maxDrainRate, float64(max(1, rooms))/drainSpread.Seconds())}
}

// limiter is the move rate limiter: a token bucket.
type limiter struct {
	at     time.Time
	tokens float64
}

// take reports whether a move may start now; otherwise wait is the time until one may.
func (l *limiter) take(now time.Time, m moveRate) (wait time.Duration, ok bool) {
	l.tokens = min(max(1, m.rate*rateStep.Seconds()), l.tokens+m.rate*now.Sub(l.at).Seconds())
	l.at = now
	if l.tokens < 1 {
		return max(rateStep, time.Duration((1-l.tokens)/m.rate*float64(time.Second))), false
	}
	l.tokens--
	return 0, true
}
