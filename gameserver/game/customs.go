package game

import (
	"fmt"
	"slices"

	"github.com/ringside-go/ringside/proto"
)

// CustomOut is a custom message that the game sent.
type CustomOut struct {
	Seat    Seat // NoSeat: to everyone
	Payload []byte
}

// customs is a list of custom messages in one buffer that is used again. On the way in the room's inbox bounds it, on the way
// out outgoing.
type customs struct {
	list []CustomOut
	buf  []byte
}

// outgoing is the custom messages of a tick. Size: MaxCustomTick bytes to each seat, and as much to everyone. Full: Send
// answers ErrCustoms. Metric: customs_refused_total.
type outgoing struct {
	customs
	used    [proto.MaxSeats + 1]int // bytes by seat; the last one is of those to everyone
	refused int
}

// customCost is what a message takes besides its payload, in bytes: the headers of its record and its frame.
const customCost = 8

// send adds a message to s, if there is room for it.
func (o *outgoing) send(s Seat, payload []byte) error {
	to := min(int(s), proto.MaxSeats)
	size := len(payload) + customCost
	switch {
	case len(payload) > proto.MaxCustom:
		o.refused++
		return fmt.Errorf("%w: %d bytes, at most %d are allowed", ErrCustoms, len(payload), proto.MaxCustom)
	case o.used[to]+size > MaxCustomTick:
		o.refused++
		return fmt.Errorf("%w: %d bytes in this tick, at most %d are allowed; send the rest in later ticks", ErrCustoms, o.used[to]+size, MaxCustomTick)
	}
	o.used[to] += size
	o.add(s, payload)
	return nil
}

// begin starts a tick.
func (o *outgoing) begin() {
	o.clear()
	clear(o.used[:])
	o.refused = 0
}

// add copies payload. An earlier message stays readable when buf grows, since it keeps the array that it was put in.
func (c *customs) add(s Seat, payload []byte) {
	at := len(c.buf)
	c.buf = append(c.buf, payload...)
	c.list = append(c.list, CustomOut{s, c.buf[at:len(c.buf):len(c.buf)]})
}

func (c *customs) clear() {
	clear(c.list)
	c.list, c.buf = c.list[:0], c.buf[:0]
}

// drop takes the messages of seat out.
func (c *customs) drop(seat Seat) {
	c.list = slices.DeleteFunc(c.list, func(m CustomOut) bool { return m.Seat == seat })
}
