package room

import (
	"math/bits"
	"slices"
	"time"
)

// cadence is when a room ticks: at offset, offset+period, offset+2*period and so on, on the pool's clock. Due times are
// computed from the count and not summed up, so a rate that does not divide a second (30, 60) does not drift.
type cadence struct {
	rate   int           // ticks a second
	offset time.Duration // the room's phase, or its first due time
	n      int64         // periods since offset until the next tick
}

// newCadence begins at the first due time that is not before now. phase counts the rooms of one rate.
func newCadence(rate, phase int, now time.Duration) cadence {
	c := cadence{rate: rate, offset: phaseOffset(rate, phase)}
	if since := now - c.offset; since > 0 {
		c.n = ceil(int64(since)*int64(rate), int64(time.Second))
	}
	return c
}

// cadenceFrom begins at first and has no phase: it continues the grid that the room had on another server.
func cadenceFrom(rate int, first time.Duration) cadence { return cadence{rate: rate, offset: first} }

// due is when the next tick should begin. Its product reaches 2^63 after 4.8 years at 60 ticks a second.
func (c *cadence) due() time.Duration {
	return c.offset + time.Duration(ceil(c.n*int64(time.Second), int64(c.rate)))
}

func ceil(a, b int64) int64 { return (a + b - 1) / b }

// advance moves on to the tick after the one that began at now. If that was more than a period late, it reports true and
// skips the ticks that are already due: lost time is not made up for, and the room keeps its phase.
func (c *cadence) advance(now time.Duration) (late bool) {
	c.n++
	if now <= c.due() {
		return false
	}
	c.n = int64(now-c.offset)*int64(c.rate)/int64(time.Second) + 1
	return true
}

// skipTo moves on to the first due time that is not before t.
func (c *cadence) skipTo(t time.Duration) {
	if t > c.due() {
		c.n = ceil(int64(t-c.offset)*int64(c.rate), int64(time.Second))
	}
}

// phaseOffset spreads rooms over the period: 0, 1/2, 1/4, 3/4, 1/8, ... of it (the van der Corput sequence), so that any
// number of rooms is spread evenly without moving those that run.
func phaseOffset(rate, phase int) time.Duration {
	period := uint64(time.Second) / uint64(rate)
	return time.Duration(period * uint64(bits.Reverse32(uint32(phase))) >> 32)
}

// phases hands out the phases of one rate on one worker; the lowest free one first.
type phases struct{ taken []bool }

func (p *phases) take() int {
	i := slices.Index(p.taken, false)
	if i < 0 {
		i = len(p.taken)
		p.taken = append(p.taken, false)
	}
	p.taken[i] = true
	return i
}

func (p *phases) release(i int) { p.taken[i] = false }
