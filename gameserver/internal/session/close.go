package session

import (
	"crypto/tls"
	"encoding/binary"
	"errors"
	"os"
	"time"
	"unicode/utf8"

	"github.com/ringside-go/ringside/internal/multiplex"
	"github.com/ringside-go/ringside/internal/network"
	"github.com/ringside-go/ringside/proto"
)

// lingerTimeout is how long a client has to read why it is closed. A round trip and a retransmission fit.
const lingerTimeout = time.Second

// Close tells the client why, as an error record and a close frame behind all that is queued, and closes the connection
// once the client has read that, or after lingerTimeout. An empty text means that of proto.CloseCodes. Only the first
// call counts. It does not wait.
func (c *Conn) Close(code proto.CloseCode, text string) {
	c.refuse(&proto.Refusal{Code: code, Text: text})
}

func (c *Conn) refuse(r *proto.Refusal) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closeLocked(r)
}

func (c *Conn) closeLocked(r *proto.Refusal) {
	if c.closing || c.gone {
		return
	}
	c.countLocked(r.Code)
	text := clip(r.Error(), proto.MaxText)
	switch {
	case r.Moved != nil:
		c.out.add(event, opBinary, r.Moved.Append(nil), nil)
	case r.Code == proto.CloseMoved, r.Code == proto.CloseLeft:
		// The moved record is queued already; who left knows why.
	default:
		c.out.add(event, opBinary, proto.Error{Code: r.Code, Text: text}.Append(nil), nil)
	}
	c.closeFrameLocked(uint16(r.Code), text)
	c.wakeLocked()
}

// closeFrameLocked queues the last frame. A code of 0 stands for none.
func (c *Conn) closeFrameLocked(code uint16, text string) {
	c.stopPollingLocked()
	c.closing, c.closeBy = true, time.Now().Add(lingerTimeout)
	var payload []byte
	if code != 0 {
		payload = append(binary.BigEndian.AppendUint16(nil, code), text...)
	}
	c.out.add(event, opClose, payload, nil)
	if c.draining {
		c.allowWriteLocked()
	}
	c.flushLocked()
}

// answerClose answers the client's own close frame.
func (c *Conn) answerClose(code clientClosed) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.closing && !c.gone {
		c.closeFrameLocked(uint16(code), "")
	}
}

// otherCode counts close codes without a name.
const otherCode = "other"

func (c *Conn) countLocked(code proto.CloseCode) {
	name := proto.CloseCodes[code].Name
	if name == "" {
		name = otherCode
	}
	c.server.config.Metrics.Closed.WithLabelValues(name).Inc()
}

// wakeLocked makes the connection's goroutine leave Read, or Admission.Enter, to see what has changed. If there is none, one
// is started.
func (c *Conn) wakeLocked() {
	c.stopPollingLocked()
	_ = c.conn.SetReadDeadline(time.Unix(1, 0))
	if c.cancel != nil {
		c.cancel()
	}
}

// lingerClose reads on, for nothing, until the client has closed its side, or closeBy. Closing a socket that has unread bytes
// would reset it, and the client might never see why it was closed.
func (c *Conn) lingerClose() {
	c.mu.Lock()
	wait := c.closing && !c.gone && (c.readErr == nil || errors.Is(c.readErr, os.ErrDeadlineExceeded))
	if wait {
		_ = c.conn.SetReadDeadline(c.closeBy)
	}
	c.mu.Unlock()
	if !wait {
		return
	}
	buf := c.server.buffers.Get().(*buffer)
	defer c.server.buffers.Put(buf)
	for {
		if _, err := c.conn.Read(buf.bytes[:cap(buf.bytes)]); err != nil {
			return
		}
	}
}

// end closes the socket. What a client has not taken is not left to the kernel to try on.
func (c *Conn) end() {
	c.mu.Lock()
	socket, abort := c.conn, c.broken || !c.out.drained()
	if tcp := network.TCP(socket); tcp != nil && abort {
		_ = tcp.SetLinger(0)
	} else if s, ok := socket.(*multiplex.Stream); ok && abort {
		_ = s.SetLinger(0)
	}
	if t, ok := socket.(*tls.Conn); ok && (abort || c.closing) {
		socket = t.NetConn() // closeWrite has said that it ends; Close would say so too, and wait until the client takes that
	}
	c.gone = true
	c.out.clear()
	c.mu.Unlock()
	_ = socket.Close()
	c.server.release(c)
}

// clip shortens s to at most n bytes at the border of a character.
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}
