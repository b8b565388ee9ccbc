package session

import (
	"encoding/binary"
	"errors"
	"net"
	"os"
	"time"

	"github.com/lxzan/gws"

	"github.com/ringside-go/ringside/proto"
)

// duplex is a Conn as the WebSocket library sees it: a net.Conn of which it reads the client's bytes, and into whose
// outbox its pongs go as whole frames. Only the connection's own goroutine uses it.
type duplex Conn

// controlFrames answers pings with their payload, as RFC 6455 asks. Control frames count as messages of the client.
type controlFrames struct{ gws.BuiltinEventHandler }

func (controlFrames) OnPing(ws *gws.Conn, payload []byte) {
	if control(ws) {
		_ = ws.WritePong(payload)
	}
}

func (controlFrames) OnPong(ws *gws.Conn, _ []byte) { control(ws) }

func control(ws *gws.Conn) bool {
	c := (*Conn)(ws.NetConn().(*duplex))
	if !c.rate.take(c.lastRead) {
		c.Close(proto.CloseRate, "")
		return false
	}
	return true
}

// Read reads from the socket, at first what came behind the upgrade request. The read deadline is that of the hello
// before it and moves on from there: it is set anew only when it has passed, and only then is it known whether the
// client really was silent for so long, so that reading a message sets no timer.
func (d *duplex) Read(b []byte) (int, error) {
	c := (*Conn)(d)
	if len(c.early) > 0 {
		n := copy(b, c.early)
		if c.early = c.early[n:]; len(c.early) == 0 {
			c.early = nil
		}
		return n, nil
	}
	for {
		n, err := c.conn.Read(b)
		if n > 0 || err == nil {
			c.lastRead = time.Now()
			return n, nil
		}
		if !errors.Is(err, os.ErrDeadlineExceeded) || !c.waitOn() {
			c.readErr = err
			return 0, err
		}
	}
}

// waitOn decides, when the read deadline has passed, whether to go on waiting. If not, the connection is closing.
func (c *Conn) waitOn() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closing || c.gone {
		return false
	}
	if c.occupant == nil {
		c.closeLocked(&proto.Refusal{Code: proto.CloseNoHello})
		return false
	}
	silent := c.lastRead.Add(proto.SilenceTimeout)
	if !time.Now().Before(silent) {
		c.closeLocked(&proto.Refusal{Code: proto.CloseSilent})
		return false
	}
	return c.conn.SetReadDeadline(silent) == nil
}

// Write takes the library's whole frames: the answer to the handshake and pongs go to the outbox, and of a close frame
// only its code is noted, since who has closed and why is decided in ended.
func (d *duplex) Write(b []byte) (int, error) {
	c := (*Conn)(d)
	if b[0] == finBit|opClose {
		if len(b) >= 4 {
			c.wsClose = binary.BigEndian.Uint16(b[2:])
		}
		return len(b), nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closing || c.gone {
		return len(b), nil
	}
	if !c.out.raw(b) {
		c.closeLocked(&proto.Refusal{Code: proto.CloseSlow})
		return len(b), nil
	}
	c.flushLocked()
	return len(b), nil
}

// Close does nothing: the connection's goroutine closes the socket when the client has had time to read why.
func (d *duplex) Close() error { return nil }

// LocalAddr is the socket's.
func (d *duplex) LocalAddr() net.Addr { return d.conn.LocalAddr() }

// RemoteAddr is the socket's.
func (d *duplex) RemoteAddr() net.Addr { return d.conn.RemoteAddr() }

// The library's deadline is that of the handshake's write, which does not wait.
func (d *duplex) SetDeadline(time.Time) error      { return nil }
func (d *duplex) SetReadDeadline(time.Time) error  { return nil }
func (d *duplex) SetWriteDeadline(time.Time) error { return nil }
