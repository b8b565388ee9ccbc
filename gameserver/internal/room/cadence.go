package room

import "time"

// slideShare says by which part of a period a room's ticks become shorter or longer while it changes its slot.
const slideShare = 64

// cadence is when a room ticks: at offset, offset+period, offset+2*period and so on, on the pool's clock. Due times are
// computed from the count and not summed up, so a rate that does not divide a second (30, 60) does not drift.
type cadence struct {
	rate   int           // ticks a second
	offset time.Duration // the room's phase, or its first due time
	n      int64         // periods since offset until the next tick
}

// newCadence begins at the first due time that is not before now.
func newCadence(rate int, offset, now time.Duration) cadence {
	c := cadence{rate: rate, offset: offset}
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

// approach moves the due times towards offset, offset+period and so on, by slideShare of a period at most. So a room that was
// led or ticked elsewhere joins the others of its slot without a tick that its players notice.
func (c *cadence) approach(offset time.Duration) {
	due := c.due()
	nearest := cadence{rate: c.rate, offset: offset}
	nearest.n = (2*int64(due-offset)*int64(c.rate) + int64(time.Second)) / (2 * int64(time.Second))
	most := time.Second / time.Duration(c.rate*slideShare)
	c.offset += min(most, max(-most, nearest.due()-due))
}
