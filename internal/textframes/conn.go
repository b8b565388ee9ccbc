package textframes

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/ringside-go/ringside/internal/edge"
	"github.com/ringside-go/ringside/proto"
)

const (
	// readSize is how much is read at once; inputs are below it.
	readSize = 1 << 10
	// keptBuffer is the largest buffer that is kept between messages. A tick's text is below it; a keyframe's is made for once.
	keptBuffer = 16 << 10
	// lingerTimeout is how long a client has to read why it is refused.
	lingerTimeout = time.Second
)

// conn is a client's socket. Read gives frames of ringside.v1 for what the client sends, and Write takes such and sends the client text. One goroutine
// may read while another one writes.
type conn struct {
	net.Conn
	translator translator

	// Of Read.
	raw     []byte // from the client, and not yet a whole frame
	ready   []byte // translated, and not yet read
	parts   []byte // of a message in fragments
	partial bool

	writing sync.Mutex // held while a write to the client lasts

	upgraded bool
	pending  []byte // from the server, and not yet a whole frame
	out      []byte
	refused  bool // the client was told why the connection ends, and hears nothing more
}

func newConn(socket net.Conn, early []byte) *conn {
	return &conn{Conn: socket, raw: early}
}

// NetConn gives the socket beneath, as that of a tls.Conn does.
func (c *conn) NetConn() net.Conn { return c.Conn }

// CloseWrite says that nothing more is sent, where the socket can say so.
func (c *conn) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return nil
}

// Read gives what the client sends, as frames of ringside.v1. A message that cannot be translated ends the connection: the client is told why, and
// Read returns io.EOF.
func (c *conn) Read(p []byte) (int, error) {
	for len(c.ready) == 0 {
		ready, err := c.translate(c.ready[:0])
		if err != nil {
			c.refuse(err)
			return 0, io.EOF
		}
		if c.ready = ready; len(ready) > 0 {
			break
		}
		c.raw = append(c.raw, make([]byte, readSize)...)
		n, err := c.Conn.Read(c.raw[len(c.raw)-readSize:])
		c.raw = c.raw[:len(c.raw)-readSize+n]
		if n == 0 && err != nil {
			return 0, err
		}
	}
	n := copy(p, c.ready)
	if c.ready = c.ready[:copy(c.ready, c.ready[n:])]; cap(c.ready) > keptBuffer && len(c.ready) == 0 {
		c.ready = nil
	}
	return n, nil
}

// translate takes whole frames off raw and appends what the server is to read. Frames other than text are the server's to judge, and so is whatever is wrong
// with a frame.
func (c *conn) translate(b []byte) ([]byte, error) {
	for {
		f, ok, err := edge.ParseFrame(c.raw, proto.MaxClientMessage)
		if err != nil {
			return nil, tooLarge()
		}
		if !ok || f.End > len(c.raw) {
			return b, nil
		}
		head, frame := c.raw[0], c.raw[:f.End]
		control := f.Opcode&edge.OpControl != 0
		switch masked := frame[1]&edge.MaskBit != 0; {
		case f.Opcode == edge.OpBinary:
			return nil, proto.Refuse(proto.CloseMalformed, "a message was binary; send text with %s", proto.TextSubprotocol)
		case control || !masked || head&^edge.FinBit&^0x0f != 0 || (f.Opcode == edge.OpContinuation) != c.partial || f.Opcode > edge.OpText:
			b = append(b, frame...)
		default:
			if b, err = c.text(b, f, frame); err != nil {
				return nil, err
			}
		}
		c.raw = c.raw[:copy(c.raw, c.raw[f.End:])]
	}
}

// text takes a frame of a text message. A fragment is passed on as an empty one, so that it counts, and the last one with the message's translation.
func (c *conn) text(b []byte, f edge.Frame, frame []byte) ([]byte, error) {
	key, payload := frame[f.Start-4:f.Start], frame[f.Start:f.End]
	for i := range payload {
		payload[i] ^= key[i&3]
	}
	if len(c.parts)+len(payload) > proto.MaxClientMessage {
		return nil, tooLarge()
	}
	c.parts = append(c.parts, payload...)
	opcode := byte(edge.OpBinary)
	if c.partial {
		opcode = edge.OpContinuation
	}
	if c.partial = !f.Final; c.partial {
		return appendMasked(b, opcode, nil), nil
	}
	records, err := c.translator.toServer(c.parts)
	if err != nil {
		return nil, err
	}
	c.parts = c.parts[:0]
	return appendMasked(b, edge.FinBit|opcode, records), nil
}

func tooLarge() error {
	return proto.Refuse(proto.CloseTooLarge, "a message was over %d bytes; send less at once", proto.MaxClientMessage)
}

// appendMasked appends a frame of a client, whose mask is all zeros.
func appendMasked(b []byte, head byte, payload []byte) []byte {
	begin := len(b)
	b = edge.AppendHeader(b, 0, len(payload))
	b[begin] = head
	b[begin+1] |= edge.MaskBit
	return append(append(b, 0, 0, 0, 0), payload...)
}

// Write sends what the server says: the answer to the upgrade, and then frames. It sends whole frames only, so it may hold back the last part of p.
func (c *conn) Write(p []byte) (int, error) {
	c.writing.Lock()
	defer c.writing.Unlock()
	if c.refused {
		return len(p), nil
	}
	c.pending = append(c.pending, p...)
	c.out = c.out[:0]
	if err := c.translateBack(); err != nil {
		c.refuseLocked(err)
		return len(p), nil
	}
	if len(c.out) > 0 {
		if _, err := c.Conn.Write(c.out); err != nil {
			return 0, err
		}
	}
	if cap(c.out) > keptBuffer {
		c.out = nil
	}
	if cap(c.pending) > keptBuffer && len(c.pending) == 0 {
		c.pending = nil
	}
	return len(p), nil
}

// translateBack takes whole frames off pending and appends what the client is to hear to out.
func (c *conn) translateBack() error {
	if !c.upgraded {
		end := bytes.Index(c.pending, []byte("\r\n\r\n"))
		if end < 0 {
			return nil
		}
		end += 4
		c.out = append(c.out, bytes.Replace(c.pending[:end], []byte(proto.Subprotocol), []byte(proto.TextSubprotocol), 1)...)
		c.pending, c.upgraded = c.pending[:copy(c.pending, c.pending[end:])], true
	}
	taken := 0
	defer func() { c.pending = c.pending[:copy(c.pending, c.pending[taken:])] }()
	for {
		rest := c.pending[taken:]
		f, ok, err := edge.ParseFrame(rest, proto.MaxServerMessage)
		if err != nil {
			return err
		}
		if !ok || f.End > len(rest) {
			return nil
		}
		taken += f.End
		if f.Opcode != edge.OpBinary {
			c.out = append(c.out, rest[:f.End]...)
			continue
		}
		text, err := c.translator.toClient(rest[f.Start:f.End])
		if err != nil {
			return err
		}
		if len(text) > 0 {
			c.out = append(edge.AppendHeader(c.out, edge.OpText, len(text)), text...)
		}
	}
}

// refuse tells the client why the connection ends, and reads on until the client has heard it.
func (c *conn) refuse(err error) {
	c.writing.Lock()
	c.out = c.out[:0]
	c.refuseLocked(err)
	c.writing.Unlock()
	_ = c.Conn.SetReadDeadline(time.Now().Add(lingerTimeout))
	_, _ = io.Copy(io.Discard, c.Conn) // unread bytes would turn the close into a reset and lose the message
}

// refuseLocked sends what is in out, an error record and a close.
func (c *conn) refuseLocked(err error) {
	if c.refused {
		return
	}
	c.refused = true
	if !c.upgraded {
		return
	}
	refusal := &proto.Refusal{Code: proto.CloseInternal}
	errors.As(err, &refusal)
	text := refusal.Error()
	text = strings.ToValidUTF8(text[:min(len(text), proto.MaxText)], "")
	record := append(appendError([]byte{'['}, proto.Error{Code: refusal.Code, Text: text}), ']')
	c.out = append(edge.AppendHeader(c.out, edge.OpText, len(record)), record...)
	c.out = edge.AppendHeader(c.out, edge.OpClose, 2+len(text))
	c.out = append(binary.BigEndian.AppendUint16(c.out, uint16(refusal.Code)), text...)
	_ = c.Conn.SetWriteDeadline(time.Now().Add(lingerTimeout))
	_, _ = c.Conn.Write(c.out)
	_ = c.CloseWrite()
}
