package peer

import (
	"bufio"
	"net"
	"sync"
	"time"

	"github.com/ringside-go/ringside/proto"
)

// conn is one established connection: a reader, which run is, and a writer that sends what is queued.
type conn struct {
	nc   net.Conn
	r    *bufio.Reader
	peer hello // the other side's, proved
	ping time.Duration

	closed chan struct{}
	wake   chan struct{} // one token: queued is not empty

	mu     sync.Mutex
	err    error // why it closed; set before closed is closed
	queued []byte
}

// newConn wraps nc, whose handshake is done. A ping above 0 makes this side send a ping so often.
func newConn(nc net.Conn, r *bufio.Reader, peer hello, ping time.Duration) *conn {
	return &conn{nc: nc, r: r, peer: peer, ping: ping, closed: make(chan struct{}), wake: make(chan struct{}, 1)}
}

// send queues records, copying them, and does not block. It may be called from any goroutine.
//
// The outbox holds at most maxOutbox bytes. What does not fit is refused with ErrBusy: a request fails with it, which
// its asker counts (ringside_claims_total), and an answer that finds no place closes the link, whose asker reads nothing.
func (c *conn) send(records []byte) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err != nil {
		return c.err
	}
	if len(c.queued)+len(records) > maxOutbox {
		return ErrBusy
	}
	c.queued = append(c.queued, records...)
	select {
	case c.wake <- struct{}{}:
	default:
	}
	return nil
}

// close closes the connection for err. Only the first call counts.
func (c *conn) close(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err == nil {
		c.err = err
		close(c.closed)
		c.nc.Close()
	}
}

// run reads records and gives them to handle until the connection closes; the body is valid during the call. An error
// of handle closes the connection. run returns when the writer is gone too, with the reason.
func (c *conn) run(handle func(k proto.Kind, body []byte) error) error {
	written := make(chan struct{})
	go func() {
		defer close(written)
		c.close(c.write())
	}()
	c.close(c.read(handle))
	<-written
	return c.err
}

func (c *conn) read(handle func(k proto.Kind, body []byte) error) error {
	var buf []byte
	for {
		if err := c.nc.SetReadDeadline(time.Now().Add(SilenceTimeout)); err != nil {
			return err
		}
		k, body, err := readRecord(c.r, buf, MaxRecord)
		if err != nil {
			return err
		}
		buf = body[:0]
		if err := handle(k, body); err != nil {
			return err
		}
	}
}

func (c *conn) write() error {
	var tick <-chan time.Time
	if c.ping > 0 {
		t := time.NewTicker(c.ping)
		defer t.Stop()
		tick = t.C
	}
	ping := proto.AppendRecord(nil, kindPing, nil)
	var out []byte
	for {
		select {
		case <-c.closed:
			return nil
		case <-tick:
			if err := c.send(ping); err != nil {
				return err
			}
			continue
		case <-c.wake:
		}
		c.mu.Lock()
		out, c.queued = c.queued, out[:0]
		c.mu.Unlock()
		if err := c.nc.SetWriteDeadline(time.Now().Add(writeTimeout)); err != nil {
			return err
		}
		if _, err := c.nc.Write(out); err != nil {
			return err
		}
	}
}
