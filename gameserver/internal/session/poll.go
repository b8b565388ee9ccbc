package session

import (
	"bytes"
	"net"
	"time"

	"github.com/ringside-go/ringside/internal/network"
	"github.com/ringside-go/ringside/proto"
)

const (
	// pollBuffer is what Poll has to read into: whatever an honest client sends in a tick, and more than maxFrame.
	pollBuffer = 16 << 10
	// pollReads is how often a Poll fills its buffer at most. A client that sends more loses the time to others' ticks; what
	// the kernel holds for it beyond is read at the next tick.
	pollReads = 4
	// quietPolls is how often Poll finds nothing before the room's poller watches the socket. A client that sends in most
	// ticks, for which watching costs more than looking, is never watched.
	quietPolls = 8
)

// startPolling gives the socket to Poll, so that the connection needs no goroutine and no input wakes one. It reports
// whether it did; not while drainRest is sending, and then it may be tried again.
func (c *Conn) startPolling() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.pollable || c.closing || c.gone || c.draining {
		return false
	}
	socket, err := newDescriptor(c.conn)
	if err != nil {
		c.pollable = false
		c.server.config.Logger.Warn("session: a socket cannot be polled; a goroutine reads it", "room", c.room, "error", err)
		return false
	}
	c.in = keep(c.in)
	_ = c.conn.Close() // takes the socket out of Go's poller, and leaves it open: socket is another descriptor of it
	c.socket, c.polled, c.conn, c.writer = socket, true, nil, nil
	return true
}

// stopPollingLocked gives a polled connection a goroutine again. Whoever ends the connection calls it first: closing takes
// time, and there may be no tick any more.
func (c *Conn) stopPollingLocked() {
	if !c.polled {
		return
	}
	c.polled = false
	c.watch.Stop()
	conn, err := c.socket.conn()
	if err == nil {
		c.writer, err = newWriter(conn, &c.server.buffers)
	}
	if err != nil { // of file descriptors there are none left, perhaps
		c.server.config.Logger.Warn("session: a client could not be told why it is closed", "room", c.room, "error", err)
		if conn == nil {
			conn, _ = net.Pipe()
		}
		_ = conn.Close()
		c.gone = true
		c.out.clear()
	}
	c.conn = conn
	go c.run()
}

// Poll reads what the client has sent, without waiting, and acts on it. A room calls it at the beginning of each tick for
// the clients inside, whose occupants are called meanwhile. While the connection has a goroutine, it does nothing. p watches the
// socket while the client is quiet; the caller has just called its Wait.
func (c *Conn) Poll(p *network.Poller) {
	if !c.reading.TryLock() {
		return
	}
	defer c.reading.Unlock()
	if c.watch.Asleep() && !c.silent(time.Now()) {
		return
	}
	defer c.survive()
	b := c.server.incoming.Get().(*incoming)
	defer c.server.incoming.Put(b)
	for range pollReads {
		if !c.poll(p, b) {
			return
		}
	}
}

// poll reads once, and reports whether there may be more.
func (c *Conn) poll(p *network.Poller, b *incoming) (more bool) {
	had := copy(b.bytes[:], c.in)
	n := c.receiveNow(p, b, had)
	if n == 0 {
		return false
	}
	rest, err := c.take(b.bytes[:had+n])
	if err != nil {
		c.refuseWith(err)
		return false
	}
	c.in = keep(rest)
	return had+n == len(b.bytes)
}

// keep copies the bytes of an unfinished frame.
func keep(b []byte) []byte {
	if len(b) == 0 {
		return nil
	}
	return bytes.Clone(b)
}

// receiveNow reads into b behind its first had bytes. Nothing, when nothing has come or the connection is over.
func (c *Conn) receiveNow(p *network.Poller, b *incoming, had int) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.polled {
		return 0
	}
	n, waited, err := c.socket.receive(b, had)
	now := time.Now()
	switch {
	case err != nil:
		c.readErr = err
		c.stopPollingLocked()
	case n > 0:
		c.lastRead, c.quiet = now.Add(-waited), 0
	case c.silent(now):
		c.closeLocked(&proto.Refusal{Code: proto.CloseSilent})
	case c.quiet < quietPolls:
		c.quiet++
	case !p.Sleep(&c.watch, int(c.socket)):
		c.quiet = 0
	}
	return n
}

// silent reports whether the client has sent nothing for too long.
func (c *Conn) silent(now time.Time) bool { return now.Sub(c.lastRead) >= proto.SilenceTimeout }

// flushPolledLocked sends what goes now. A client that takes nothing for proto.SlowClientTimeout is given up.
func (c *Conn) flushPolledLocked() {
	n, err := c.socket.send(c.out.next())
	c.sentLocked(n)
	if err != nil {
		c.breakLocked()
		return
	}
	if c.out.drained() {
		c.takeBy = time.Time{}
		return
	}
	switch now := time.Now(); {
	case n > 0 || c.takeBy.IsZero():
		c.takeBy = now.Add(proto.SlowClientTimeout)
	case !now.Before(c.takeBy):
		c.countLocked(proto.CloseSlow)
		c.breakLocked()
	}
}
