package goclient

import (
	"time"

	"github.com/ringside-go/ringside/proto"
)

const (
	// pingInterval is the time between pings; proto.SilenceTimeout asks for one every 5 s.
	pingInterval = time.Second
	// tendInterval is how often the deadline for the server's next word is set anew.
	tendInterval = 250 * time.Millisecond
	// serverSilence is how long a server may say nothing, and silentTicks how many ticks at least: it sends a frame every
	// tick. A host that is lost without a word is noticed after this time; one that was only slow sends the client back
	// to its seat. suspendedSilence is for a suspended room, where only pings are answered.
	serverSilence    = 2 * time.Second
	silentTicks      = 3
	suspendedSilence = 5 * time.Second
	// offsetPongs is how many pongs the clock offset is chosen from.
	offsetPongs = 8
)

// silence is how long the server may say nothing now.
func (c *Client) silence() time.Duration {
	if c.suspension != nil {
		return suspendedSilence
	}
	return max(serverSilence, silentTicks*time.Second/time.Duration(c.welcome.TickRate))
}

// onPong measures the round trip and the server's clock.
func (c *Client) onPong(p proto.Pong) {
	sent := time.Duration(p.Micros) * time.Microsecond
	now := c.now()
	if sent > now || sent < c.enteredAt.Truncate(time.Microsecond) {
		return // no ping of this client, or one that waited for the server to let the client in
	}
	rtt := now - sent
	// In the middle of the round trip the server's clock was p.Server.
	middle := c.born.Add(sent + rtt/2)
	c.offsets.add(rtt, time.UnixMicro(int64(p.Server)).Sub(middle))
	c.stats.roundTrip.Store(int64(rtt))
	c.stats.offset.Store(int64(c.offsets.best()))
}

// offsetFilter keeps the last measurements of the clock offset; the one with the smallest round trip is the least wrong,
// by at most half of it.
type offsetFilter struct {
	rtt, offset [offsetPongs]time.Duration
	n           int
}

func (f *offsetFilter) add(rtt, offset time.Duration) {
	f.rtt[f.n%offsetPongs], f.offset[f.n%offsetPongs] = rtt, offset
	f.n++
}

func (f *offsetFilter) best() time.Duration {
	best := 0
	for i := range min(f.n, offsetPongs) {
		if f.rtt[i] < f.rtt[best] {
			best = i
		}
	}
	return f.offset[best]
}
