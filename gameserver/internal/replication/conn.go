package replication

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"time"

	"github.com/ringside-go/ringside/proto"
)

// conn is one established connection: a reader, which is run, and a writer that sends what is in the outbox.
type conn struct {
	*outbox
	nc      net.Conn
	w       io.Writer
	r       *bufio.Reader
	process uint64 // of the other side
}

// newConn wraps nc, whose handshake is done. From now on silence closes it.
func newConn(nc *deadlineConn, s secured, o *outbox) *conn {
	nc.outbox = o
	return &conn{outbox: o, nc: nc, w: s.w, r: bufio.NewReaderSize(s.r, readBuffer), process: s.hello.Process}
}

// close closes the connection because of err. Only the first call counts.
func (c *conn) close(err error) {
	if c.shut(reason(err)) {
		c.nc.Close()
	}
}

// run reads records and passes them to handle until the connection closes; a body is valid during the call. batched is
// called after each batch of records that came together. An error of either closes the connection. run returns the reason
// once the writer has ended too.
func (c *conn) run(handle func(k proto.Kind, body []byte) error, batched func() error) error {
	written := make(chan struct{})
	go func() {
		defer close(written)
		c.close(c.write())
	}()
	c.close(c.read(handle, batched))
	<-written
	return c.err
}

func (c *conn) read(handle func(k proto.Kind, body []byte) error, batched func() error) error {
	var buf []byte
	for {
		// A batch ends when the buffer is empty, or after as many bytes as it holds: under load it is never empty.
		for n := 0; n < readBuffer && (n == 0 || c.r.Buffered() > 0); {
			k, body, err := readRecord(c.r, buf, MaxRecord)
			if err != nil {
				return err
			}
			if err := handle(k, body); err != nil {
				return err
			}
			n += len(body) + 1
			if buf = body[:0]; cap(buf) > readBuffer {
				buf = nil
			}
		}
		if err := batched(); err != nil {
			return err
		}
	}
}

// write sends what is queued, and a ping when nothing was sent for an interval.
func (c *conn) write() error {
	interval, said := idlePing, false
	t := time.NewTicker(interval)
	defer t.Stop()
	gap := time.NewTimer(tickGap)
	defer gap.Stop()
	ping := proto.AppendRecord(nil, kindPing, nil)
	var out []byte
	var last time.Time // of the last write
	for {
		select {
		case <-c.closed:
			return nil
		case <-t.C:
			if !said {
				c.send(ping) // a full outbox has enough else to send
			}
			said = false
			continue
		case <-c.ticks:
			if d := tickGap - time.Since(last); d > 0 {
				gap.Reset(d)
				select {
				case <-c.closed:
					return nil
				case <-c.wake:
				case <-gap.C:
				}
			}
		case <-c.wake:
		}
		last = time.Now()
		if i := c.interval(); i != interval {
			interval = i
			t.Reset(i)
			c.nc.SetReadDeadline(time.Now().Add(readTimeout(c.busy.Load())))
		}
		for more := true; more; {
			out, more = c.take(out)
			said = said || len(out) > len(ping)
			for rest := out; len(rest) > 0; {
				piece := rest[:min(len(rest), maxWrite)]
				rest = rest[len(piece):]
				if err := c.nc.SetWriteDeadline(time.Now().Add(writeTimeout)); err != nil {
					return err
				}
				if _, err := c.w.Write(piece); err != nil {
					return err
				}
			}
		}
	}
}

// interval is how often this side sends something.
func (o *outbox) interval() time.Duration {
	if o.busy.Load() {
		return PingInterval
	}
	return idlePing
}

// deadlineConn is a connection that gives each Read a deadline, once it has an outbox, which knows whether there are streams.
type deadlineConn struct {
	net.Conn
	outbox *outbox
}

// Read reads once more after its deadline: this process may be the one that was paused. Then what the other side has sent is
// there, or comes as soon as that side runs too.
func (d *deadlineConn) Read(p []byte) (int, error) {
	if d.outbox == nil {
		return d.Conn.Read(p)
	}
	for again := true; again; {
		busy := d.outbox.busy.Load()
		if err := d.SetReadDeadline(time.Now().Add(readTimeout(busy))); err != nil {
			return 0, err
		}
		again = d.outbox.busy.Load() != busy // the writer has set another deadline meanwhile
	}
	n, err := d.Conn.Read(p)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		if err := d.SetReadDeadline(time.Now().Add(gracePeriod)); err != nil {
			return 0, err
		}
		return d.Conn.Read(p)
	}
	return n, err
}

// readTimeout is how long this side waits for the other, without the grace period.
func readTimeout(busy bool) time.Duration {
	if busy {
		return SilenceTimeout - gracePeriod
	}
	return idleTimeout - gracePeriod
}

// reason sorts what ended a connection into this package's errors.
func reason(err error) error {
	var timeout interface{ Timeout() bool }
	switch {
	case errors.Is(err, ErrStopped):
		return err
	case errors.Is(err, net.ErrClosed), errors.Is(err, context.Canceled): // by Links.Close, and by nothing else
		return fmt.Errorf("%w: %w", ErrStopped, err)
	case errors.As(err, &timeout) && timeout.Timeout():
		return fmt.Errorf("%w: %w", ErrTimeout, err)
	}
	return fmt.Errorf("%w: %w", ErrBroken, err)
}
