package game

import "slices"

// CustomOut is a custom message that the game sent.
type CustomOut struct {
	Seat    Seat // NoSeat: to everyone
	Payload []byte
}

// customs is a list of custom messages in one buffer that is used again. It has no bound of its own: on the way in the
// room's inbox bounds it, on the way out the clients' outboxes do.
type customs struct {
	list []CustomOut
	buf  []byte
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
