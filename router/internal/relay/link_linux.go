package relay

import (
	"context"
	"net"
	"time"

	"golang.org/x/sys/unix"

	"github.com/ringside-go/ringside/internal/multiplex"
	"github.com/ringside-go/ringside/internal/network"
)

const (
	// linkChunk is how much of a link's bytes is sent at once, and made one TLS record.
	linkChunk = 16 << 10
	// maxSpare is the size of the greatest buffer that a link keeps.
	maxSpare = 64 << 10
	// endTimeout is how long the other side of a link that was closed has to end too.
	endTimeout = 2 * time.Second
)

// link is a link whose socket a loop polls. Its methods are called by the loop.
type link struct {
	loop   *loop
	slot   int32
	link   *multiplex.Link
	end    *end
	done   chan struct{}
	queued bool // in loop.dirty; guarded by loop.mu

	buffer, out []byte // what was taken of the link, and what of it is not sent
	last        bool   // nothing comes behind it
	over        bool
	deadline    time.Time // by which it is closed, having ended
}

// Carry reads and writes for carried over conn, from which pending was read already, until carried is over. It closes conn. If a loop can
// poll conn, it relays the link's tunnels too.
func (l *Loops) Carry(conn net.Conn, carried *multiplex.Link, pending []byte) {
	c := l.take(conn, carried, pending)
	if c == nil {
		carried.Run(context.Background(), conn, pending)
		return
	}
	<-c.done
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.links, carried)
}

// take has a loop poll conn; nil: none can.
func (l *Loops) take(conn net.Conn, carried *multiplex.Link, pending []byte) *link {
	if !canPoll(conn) {
		return nil
	}
	one := l.pick()
	if one.open() != nil {
		return nil
	}
	socket, err := network.Duplicate(network.TCP(conn))
	if err != nil {
		return nil
	}
	c := &link{loop: one, slot: one.reserve(), link: carried, end: newEnd(conn, socket), done: make(chan struct{})}
	err = carried.Deliver(pending, time.Now())
	if err == nil {
		err = one.watch(socket, c.slot)
	}
	if err != nil {
		c.close(err)
		return c
	}
	l.mu.Lock()
	l.links[carried] = one
	l.mu.Unlock()
	one.put(c.slot, c)
	carried.Signal(func() { one.queue(c) }) // which reads what has come meanwhile
	return c
}

// handle acts on events of the socket, and writes what there is.
func (c *link) handle(events uint32, s *scratch, now time.Time) {
	c.end.note(events)
	for c.end.ready && !c.over {
		b, err := c.end.read(s)
		if len(b) > 0 {
			if failed := c.link.Deliver(b, now); failed != nil {
				err = failed
			}
		}
		if err != nil {
			c.close(err)
		}
	}
	if c.over {
		return
	}
	if err := c.flush(); err != nil {
		c.close(err)
		return
	}
	if c.last && len(c.out) == 0 && !c.end.blocked() && !c.end.shut {
		c.end.shutdown() // and read on: unread bytes would make a reset of the end
		c.deadline = now.Add(endTimeout)
	}
}

// flush sends what goes.
func (c *link) flush() error {
	err := c.end.flush()
	for err == nil && !c.end.blocked() {
		if len(c.out) == 0 {
			if c.last {
				break
			}
			if cap(c.buffer) > maxSpare {
				c.buffer = nil
			}
			c.buffer, c.last = c.link.Take(c.buffer)
			if c.out = c.buffer; len(c.out) == 0 {
				break
			}
		}
		n := min(len(c.out), linkChunk)
		err = c.end.write(c.out[:n])
		c.out = c.out[n:]
	}
	return err
}

// check closes a link whose other side is silent.
func (c *link) check(now time.Time) {
	if c.over {
		return
	}
	err := c.link.Check(now)
	if err == nil && !c.deadline.IsZero() && now.After(c.deadline) {
		err = net.ErrClosed
	}
	if err != nil {
		c.close(err)
	}
}

func (c *link) close(err error) {
	c.over = true
	c.link.Fail(err)
	_ = unix.Close(int(c.end.socket))
	c.loop.forget(c.slot)
	close(c.done)
}
