package session

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/lxzan/gws"

	"github.com/ringside-go/ringside/proto"
)

// run is the connection's goroutine: it reads until there is no more to read, and closes the socket. Entering a room
// needs a deep stack, which a goroutine keeps; so once in, another goroutine goes on with a small one, and takes over
// all that was this one's.
func (c *Conn) run(ws *gws.Conn) {
	if c.serve(ws) {
		go c.run(ws)
		return
	}
	defer c.end()
	c.linger()
}

// serve reads messages and acts on them until the client has entered, which it reports, or the connection is closed from
// either side. A panic of what a message calls costs this connection only.
func (c *Conn) serve(ws *gws.Conn) (entered bool) {
	defer func() {
		if v := recover(); v != nil {
			c.server.config.Logger.Error("session: a connection's goroutine panicked", "room", c.room, "panic", v,
				"stack", string(debug.Stack()))
			c.Close(proto.CloseInternal, "")
		}
	}()
	defer func() {
		if !entered {
			c.lost()
		}
	}()
	for outside := c.occupant == nil; ; {
		msg, err := c.next(ws)
		if err != nil {
			c.ended(err)
			return false
		}
		err = c.message(msg.Opcode, msg.Bytes())
		_ = msg.Close()
		if err != nil {
			c.refuseWith(err)
			return false
		}
		if outside && c.occupant != nil {
			return true
		}
	}
}

// errLibrary is a panic of the WebSocket library.
var errLibrary = errors.New("the frame's header is impossible")

// next reads a message. A frame that claims to be longer than 2^63 bytes makes the library panic.
func (c *Conn) next(ws *gws.Conn) (msg *gws.Message, err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("%w: %v", errLibrary, v)
		}
	}()
	return ws.ReadMessage()
}

// ended finds out why there is no next message, and says so to a client that is still there.
func (c *Conn) ended(err error) {
	switch {
	case errors.Is(err, errLibrary):
		c.server.config.Logger.Warn("session: hostile frame", "room", c.room, "remote", c.RemoteAddr(), "error", err)
		c.Close(proto.CloseMalformed, errLibrary.Error())
	case c.readErr != nil: // the socket ended, or we did
	case c.wsClose == 1009:
		c.refuse(proto.Refuse(proto.CloseTooLarge, "a message was over %d bytes; send less at once", proto.MaxClientMessage))
	case c.wsClose == 1002 || c.wsClose == 1007 || c.wsClose == 1011:
		c.refuse(proto.Refuse(proto.CloseMalformed, "a frame is not as RFC 6455 says; update the client"))
	default:
		c.answerClose()
	}
}

// message acts on one message. The error closes the connection.
func (c *Conn) message(op gws.Opcode, b []byte) error {
	c.server.config.Metrics.RecvBytes.Add(float64(len(b)))
	if op != gws.OpcodeBinary {
		return proto.Refuse(proto.CloseMalformed, "a message was text; send binary messages only")
	}
	if !c.rate.take(c.lastRead) {
		return &proto.Refusal{Code: proto.CloseRate}
	}
	for len(b) > 0 {
		kind, body, rest, err := proto.NextRecord(b)
		if err != nil {
			return malformed(err)
		}
		if err := c.record(kind, body); err != nil {
			return err
		}
		b = rest
	}
	if c.occupant == nil {
		return &proto.Refusal{Code: proto.CloseNoHello}
	}
	return nil
}

func (c *Conn) record(kind proto.Kind, body []byte) error {
	switch kind {
	case proto.KindHello:
		return c.hello(body)
	case proto.KindInput, proto.KindPing, proto.KindLeave, proto.KindCustom:
	default:
		c.skipped++
		return nil
	}
	if c.occupant == nil {
		return proto.Refuse(proto.CloseNoHello, "record %#x came before hello; say hello first", uint8(kind))
	}
	switch kind {
	case proto.KindInput:
		return c.input(body)
	case proto.KindPing:
		return c.ping(body)
	case proto.KindCustom:
		return c.custom(body)
	}
	return c.leave(body)
}

// hello lets the client in. What Door.Enter keeps of the hello must not alias the message's buffer, which is used again.
func (c *Conn) hello(body []byte) error {
	if c.greeted {
		return proto.Refuse(proto.CloseMalformed, "a second hello came; open another connection instead")
	}
	hello, err := proto.ParseHello(body)
	if err != nil {
		return malformed(err)
	}
	if hello.Version != proto.Version {
		return proto.Refuse(proto.CloseVersion, "the client speaks version %d, this server %d; update the older one",
			hello.Version, proto.Version)
	}
	hello.Resume = bytes.Clone(hello.Resume)
	c.greeted = true
	c.server.greeted()
	return c.enter(hello)
}

func (c *Conn) enter(hello proto.Hello) error {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	c.mu.Lock()
	c.cancel = cancel
	if c.closing || c.gone {
		cancel()
	}
	c.mu.Unlock()

	occupant, err := c.server.door.Enter(ctx, c.room, hello, c)

	c.mu.Lock()
	defer c.mu.Unlock()
	c.cancel = nil
	if err != nil {
		return err
	}
	c.occupant = occupant
	c.lastRead = time.Now() // nothing was read meanwhile
	if !c.closing && !c.gone {
		_ = c.conn.SetReadDeadline(c.lastRead.Add(proto.SilenceTimeout))
	}
	return nil
}

func (c *Conn) input(body []byte) error {
	in, err := proto.ParseInput(body)
	if err != nil {
		return malformed(err)
	}
	return tooMany(c.occupant.QueueInput(in))
}

func (c *Conn) custom(body []byte) error {
	m, err := proto.ParseCustom(body)
	if err != nil {
		return malformed(err)
	}
	return tooMany(c.occupant.QueueCustom(m.Payload))
}

// ping is answered at once, not at the next tick, for the client measures its round trip and clock by it.
func (c *Conn) ping(body []byte) error {
	m, err := proto.ParsePing(body)
	if err != nil {
		return malformed(err)
	}
	pong := proto.Pong{Micros: m.Micros, Server: uint64(time.Now().UnixMicro())}
	var b [32]byte
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.eventLocked(pong.Append(b[:0])) {
		c.flushLocked()
	}
	return nil
}

func (c *Conn) leave(body []byte) error {
	if _, err := proto.ParseLeave(body); err != nil {
		return malformed(err)
	}
	o := c.occupant
	c.occupant = nil
	o.QueueLeave()
	return &proto.Refusal{Code: proto.CloseLeft}
}

// lost tells the room that this client will send nothing more.
func (c *Conn) lost() {
	if o := c.occupant; o != nil {
		c.occupant = nil
		o.QueueLost()
	}
	if c.skipped > 0 {
		c.server.config.Logger.Debug("session: skipped records of unknown kind", "room", c.room, "records", c.skipped)
	}
}

// refuseWith closes the connection for err.
func (c *Conn) refuseWith(err error) {
	var refusal *proto.Refusal
	if !errors.As(err, &refusal) {
		if !errors.Is(err, context.Canceled) {
			c.server.config.Logger.Error("session: a client could not enter", "room", c.room, "error", err)
		}
		refusal = &proto.Refusal{Code: proto.CloseInternal}
	}
	c.refuse(refusal)
}

func malformed(err error) error {
	return proto.Refuse(proto.CloseMalformed, "%v; update the client", err)
}

// tooMany makes err, with which a room refused a record, a refusal.
func tooMany(err error) error {
	if err == nil {
		return nil
	}
	var refusal *proto.Refusal
	if errors.As(err, &refusal) {
		return err
	}
	return &proto.Refusal{Code: proto.CloseRate, Text: err.Error()}
}
