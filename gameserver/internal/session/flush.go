package session

import (
	"errors"
	"os"
	"time"

	"github.com/ringside-go/ringside/proto"
)

// flushLocked sends what goes now and leaves the rest to drainRest, or when polled to the next Flush. It does nothing while
// drainRest runs.
func (c *Conn) flushLocked() {
	if c.socket != nil {
		if !c.out.drained() || c.socket.unsent() > 0 {
			c.flushPolledLocked()
		}
		return
	}
	if c.draining || c.gone || c.out.drained() {
		return
	}
	n, err := c.writer.sendNow(c.out.next())
	c.sentLocked(n)
	switch {
	case err != nil:
		c.breakLocked()
	case !c.out.drained():
		c.draining = true
		c.server.wait.Go(c.drainRest)
	case c.closing:
		c.closeWrite()
	}
}

// sentLocked notes that n more bytes went out.
func (c *Conn) sentLocked(n int) {
	if n > 0 {
		c.out.advance(n)
		c.server.config.Metrics.SentBytes.Add(float64(n))
	}
}

// drainRest runs on a goroutine of its own while the outbox has what the client did not take at once. It waits for the
// socket, and gives the client up when that takes nothing for proto.SlowClientTimeout, or at closeBy.
func (c *Conn) drainRest() {
	c.mu.Lock()
	c.allowWriteLocked()
	for {
		c.mu.Unlock()
		err := c.writer.sendRest(c.step)
		c.mu.Lock()
		if err != nil {
			if errors.Is(err, os.ErrDeadlineExceeded) && !c.closing {
				c.countLocked(proto.CloseSlow)
			}
			c.breakLocked()
		}
		if c.out.drained() {
			break
		}
	}
	c.draining = false
	_ = c.conn.SetWriteDeadline(time.Time{})
	closing := c.closing && !c.gone
	if c.handOver && !c.closing && !c.gone {
		_ = c.conn.SetReadDeadline(time.Unix(1, 0))
	}
	c.mu.Unlock()
	if closing {
		c.closeWrite()
	}
}

// step gives what is pending to take, and reports whether nothing is left.
func (c *Conn) step(take takeFunc) (done bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.out.drained() {
		return true
	}
	n, err := take(c.out.next())
	c.sentLocked(n)
	if err != nil {
		c.breakLocked()
		return true
	}
	if n > 0 {
		c.allowWriteLocked()
	}
	return c.out.drained()
}

// allowWriteLocked says until when the client must have taken something.
func (c *Conn) allowWriteLocked() {
	by := c.closeBy
	if !c.closing {
		by = time.Now().Add(proto.SlowClientTimeout)
	}
	_ = c.conn.SetWriteDeadline(by)
}

// breakLocked gives sending up and wakes the connection's goroutine, which closes the socket.
func (c *Conn) breakLocked() {
	c.gone, c.broken = true, true
	c.out.clear()
	c.wakeLocked()
}

// closeWrite tells the client that nothing follows. Its own goroutine, or a TCP socket, calls it: it does not wait.
func (c *Conn) closeWrite() {
	if half, ok := c.conn.(interface{ CloseWrite() error }); ok {
		_ = half.CloseWrite()
	}
}
