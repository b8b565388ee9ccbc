package session

import (
	"bytes"
	"crypto/tls"
	"errors"
	"net"
	"time"

	"github.com/ringside-go/ringside/internal/multiplex"
	"github.com/ringside-go/ringside/internal/network"
	"github.com/ringside-go/ringside/proto"
)

// pollable is the socket of a polled connection. None of its methods waits.
type pollable interface {
	// receive reads what has come into p, which is not empty. 0 bytes and no error: nothing has come; io.EOF: the client has closed
	// its side. more: another call may give more. waited is how long the newest of the n bytes had been there. b is the Poll's.
	receive(b *incoming, p []byte) (n int, more bool, waited time.Duration, err error)
	// send takes n bytes of b, which may be empty, and sends what goes of them and of those that it took before.
	send(b []byte) (n int, err error)
	// unsent is how many bytes were taken and are not sent.
	unsent() int
	// number is that of the socket among the descriptors of the process; negative: it has none, and receive costs no system call.
	number() int
	// conn makes a connection of the socket, which Go's poller knows. The pollable is not to be used again, even after an error.
	conn() (net.Conn, error)
}

// canPoll reports whether newPollable can take conn over.
func canPoll(conn net.Conn) bool {
	if _, ok := conn.(*multiplex.Stream); ok {
		return true
	}
	t, secured := conn.(*tls.Conn)
	if secured {
		_, ok := t.NetConn().(*network.Underlying)
		return ok && descriptors && network.TCP(conn) != nil
	}
	_, ok := conn.(*net.TCPConn)
	return ok && descriptors
}

// newPollable takes conn over, unless there is an error.
func newPollable(conn net.Conn) (pollable, error) {
	if s, ok := conn.(*multiplex.Stream); ok {
		return streamed{s}, nil
	}
	socket := network.TCP(conn)
	if t, ok := conn.(*tls.Conn); ok {
		return newSecure(t, socket)
	}
	d, err := newDescriptor(socket)
	if err == nil {
		_ = socket.Close() // takes the socket out of Go's poller, and leaves it open: d is another descriptor of it
	}
	return d, err
}

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
// whether it did; not while drainRest is sending, which then has the goroutine try again.
func (c *Conn) startPolling() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.canPoll || c.closing || c.gone {
		return false
	}
	if c.draining {
		c.handOver = true
		return false
	}
	socket, err := newPollable(c.conn)
	if err != nil {
		c.canPoll = false
		c.server.config.Logger.Warn("session: a socket cannot be polled; a goroutine reads it", "room", c.room, "error", err)
		return false
	}
	c.in = keep(c.in)
	c.socket, c.conn, c.writer = socket, nil, nil
	return true
}

// stopPollingLocked gives a polled connection a goroutine again. Whoever ends the connection calls it first: closing takes
// time, and there may be no tick any more.
func (c *Conn) stopPollingLocked() {
	if c.socket == nil {
		return
	}
	c.watch.Stop()
	conn, err := c.socket.conn()
	c.socket = nil
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
	b := c.server.incoming.Get().(*incoming)
	defer c.server.incoming.Put(b)
	defer c.survive() // before b is another's: it may hold records that are yet to be read
	b.reads = pollReads
	for c.poll(p, b) {
	}
}

// poll reads once, and reports whether there may be more.
func (c *Conn) poll(p *network.Poller, b *incoming) (more bool) {
	had := copy(b.bytes[:], c.in)
	n, more := c.receiveNow(p, b, b.bytes[had:])
	if n == 0 {
		return more
	}
	rest, err := c.take(b.bytes[:had+n])
	if err != nil {
		c.refuseWith(err)
		return false
	}
	c.in = keep(rest)
	return more
}

// keep copies the bytes of an unfinished frame.
func keep(b []byte) []byte {
	if len(b) == 0 {
		return nil
	}
	return bytes.Clone(b)
}

// receiveNow reads into to. Nothing, when nothing has come or the connection is over.
func (c *Conn) receiveNow(p *network.Poller, b *incoming, to []byte) (n int, more bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.socket == nil {
		return 0, false
	}
	n, more, waited, err := c.socket.receive(b, to)
	now := time.Now()
	if n > 0 {
		c.lastRead = now.Add(-waited)
	}
	switch {
	case err != nil:
		c.refusedLocked(err)
	case n > 0 || more:
		c.quiet = 0
	case c.silent(now):
		c.closeLocked(&proto.Refusal{Code: proto.CloseSilent})
	case c.quiet < quietPolls:
		c.quiet++
	case c.socket.number() < 0:
	case !p.Sleep(&c.watch, c.socket.number()):
		c.quiet = 0
	}
	return n, more && err == nil
}

// refusedLocked ends a polled connection because of an error of receive.
func (c *Conn) refusedLocked(err error) {
	if refusal := (*proto.Refusal)(nil); errors.As(err, &refusal) {
		c.closeLocked(refusal)
		return
	}
	c.readErr = err
	c.stopPollingLocked()
}

// silent reports whether the client has sent nothing for too long.
func (c *Conn) silent(now time.Time) bool { return now.Sub(c.lastRead) >= proto.SilenceTimeout }

// flushPolledLocked sends what goes now. A client that takes nothing for proto.SlowClientTimeout is given up.
func (c *Conn) flushPolledLocked() {
	before := c.socket.unsent()
	n, err := c.socket.send(c.out.next())
	c.sentLocked(n)
	if err != nil {
		c.breakLocked()
		return
	}
	unsent := c.socket.unsent()
	if c.out.drained() && unsent == 0 {
		c.takeBy = time.Time{}
		return
	}
	switch now := time.Now(); {
	case n > 0 || unsent < before || c.takeBy.IsZero():
		c.takeBy = now.Add(proto.SlowClientTimeout)
	case !now.Before(c.takeBy):
		c.countLocked(proto.CloseSlow)
		c.breakLocked()
	}
}
