package session

import (
	"bytes"
	"context"
	"errors"
	"os"
	"runtime/debug"
	"time"

	"github.com/ringside-go/ringside/proto"
)

// run is the connection's goroutine: it reads until there is no more to read, and closes the socket. Once the client is in
// a room there may be none (startPolling); when the connection ends, there is one again.
func (c *Conn) run() {
	c.reading.Lock()
	defer c.reading.Unlock()
	if c.over() || c.serve() {
		c.quit()
	}
}

// over reports whether there is nothing more to read, or no use for it.
func (c *Conn) over() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.closing || c.gone || c.readErr != nil
}

// serve reads and acts on what it reads until the connection is over, which it reports, or others go on with it: Poll, or
// a goroutine with a small stack, since entering a room needs a deep one, which a goroutine keeps.
func (c *Conn) serve() (over bool) {
	over = true // after a panic
	defer c.survive()
	for outside := c.occupant == nil; ; { // at first c.in is what came behind the upgrade request
		rest, err := c.take(c.in)
		if err != nil {
			c.refuseWith(err)
			return true
		}
		c.in = c.in[:copy(c.in, rest)]
		if c.occupant != nil {
			if c.startPolling() {
				return false
			}
			if outside {
				go c.run()
				return false
			}
		}
		if !c.receive() {
			return true
		}
	}
}

// survive keeps a panic of anything that a message calls from costing more than this connection.
func (c *Conn) survive() {
	if v := recover(); v != nil {
		c.server.config.Logger.Error("session: a message made the server panic", "room", c.room, "panic", v,
			"stack", string(debug.Stack()))
		c.Close(proto.CloseInternal, "")
	}
}

// receive waits for more and adds it to in, or until startPolling is to be tried; false when there is no more, or no use for it. The read deadline is that of
// the hello before it and moves on from there: it is set anew only when it has passed, and only then is it known
// whether the client really was silent for so long, so that reading sets no timer.
func (c *Conn) receive() bool {
	switch {
	case cap(c.in) < readBuffer, len(c.in) == 0 && cap(c.in) > readBuffer:
		c.in = append(make([]byte, 0, max(readBuffer, len(c.in))), c.in...)
	case len(c.in) == cap(c.in): // of a longer frame, but no frame is longer than maxFrame
		c.in = append(make([]byte, 0, max(maxFrame, len(c.in)+readBuffer)), c.in...)
	}
	for {
		n, err := c.conn.Read(c.in[len(c.in):cap(c.in)])
		if n > 0 || err == nil {
			c.lastRead = time.Now()
			c.in = c.in[:len(c.in)+n]
			return true
		}
		if !errors.Is(err, os.ErrDeadlineExceeded) || !c.waitOn() {
			c.readErr = err
			return false
		}
		if c.toHandOver() {
			return true
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

// toHandOver reports, once, whether startPolling is to be tried again.
func (c *Conn) toHandOver() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	again := c.handOver && !c.draining
	c.handOver = c.handOver && !again
	return again
}

// take acts on all whole frames of b, which it changes, and returns the rest of it. The error closes the connection.
func (c *Conn) take(b []byte) (rest []byte, err error) {
	for {
		op, payload, size, err := c.inbound.next(b)
		if err != nil || size == 0 {
			return b, err
		}
		b = b[size:]
		if err := c.frame(op, payload); err != nil {
			return nil, err
		}
	}
}

// frame acts on a frame, as inbound.next returned it. Every frame counts as a message of the client.
func (c *Conn) frame(op byte, payload []byte) error {
	if !c.rate.take(c.lastRead) {
		return &proto.Refusal{Code: proto.CloseRate}
	}
	switch op {
	case opBinary:
		return c.message(payload)
	case opPing:
		return c.answer(opPong, payload)
	case opPong:
		c.trips.pong(payload, c.lastRead)
	case opClose:
		return parseClose(payload)
	}
	return nil
}

// message acts on one message. The error closes the connection. Pings behind the first count as messages of their own: each is
// answered, and 800 of them fit into a message.
func (c *Conn) message(b []byte) error {
	c.server.config.Metrics.RecvBytes.Add(float64(len(b)))
	for pings := 0; len(b) > 0; {
		kind, body, rest, err := proto.NextRecord(b)
		if err != nil {
			return malformed(err)
		}
		if kind == proto.KindPing {
			if pings++; pings > 1 && !c.rate.take(c.lastRead) {
				return &proto.Refusal{Code: proto.CloseRate}
			}
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

// hello lets the client in. What Admission.Enter keeps of the hello must not alias the message's buffer, which is used again.
func (c *Conn) hello(body []byte) error {
	if c.greeted {
		return proto.Refuse(proto.CloseMalformed, "a second hello came; open another connection instead")
	}
	hello, err := proto.ParseHello(body)
	if err != nil {
		return malformed(err)
	}
	if hello.Versions, err = agree(c.server.versions, hello.Versions); err != nil {
		return err
	}
	hello.Resume = bytes.Clone(hello.Resume)
	c.greeted = true
	if err := c.place.Enter(len(hello.Resume) > 0); err != nil {
		return proto.Refuse(proto.CloseOverloaded, "%v", err)
	}
	return c.enter(hello)
}

// agree gives the versions that both sides speak, or a refusal that says which of them is the older one.
func agree(server, client proto.Versions) (proto.Versions, error) {
	both, ok := server.Common(client)
	switch {
	case ok:
		return both, nil
	case client.Newest < server.Oldest:
		return both, proto.Refuse(proto.CloseVersion, "the client is too old: it speaks version %v, this server %v; update the client",
			client, server)
	}
	return both, proto.Refuse(proto.CloseVersion, "this server is too old: it speaks version %v, the client %v; come back when it is updated",
		server, client)
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

	occupant, err := c.server.admission.Enter(ctx, c.room, hello, c)
	if err == nil {
		c.lastRead = time.Now() // nothing was read meanwhile
		_ = c.probe()           // as a rule its answer is here before the first input, which comes after the welcome
	}

	c.mu.Lock()
	defer c.mu.Unlock()
	c.cancel = nil
	if err != nil {
		return err
	}
	c.occupant = occupant
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
	if err := c.probe(); err != nil {
		return err
	}
	return tooMany(c.occupant.QueueInput(in, c.lastRead, c.trips.longest))
}

func (c *Conn) custom(body []byte) error {
	m, err := proto.ParseCustom(body)
	if err != nil {
		return malformed(err)
	}
	return tooMany(c.occupant.QueueCustom(m.Payload))
}

// ping is answered by whoever reads. That a polled client's waited for the tick is taken off the time that it measures.
func (c *Conn) ping(body []byte) error {
	m, err := proto.ParsePing(body)
	if err != nil {
		return malformed(err)
	}
	now := time.Now()
	pong := proto.Pong{Micros: m.Micros, Server: uint64(now.UnixMicro())}
	if c.lastRead.Before(now) {
		pong.Micros += uint64(now.Sub(c.lastRead).Microseconds())
	}
	var b [32]byte
	return c.answer(opBinary, pong.Append(b[:0]))
}

// answer queues a frame that must arrive. It is sent at once, unless a tick that polls this client does so.
func (c *Conn) answer(op byte, payload []byte) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closing || c.gone {
		return nil
	}
	if !c.out.event(op, payload) {
		return &proto.Refusal{Code: proto.CloseSlow}
	}
	if c.socket == nil {
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

// quit ends a connection that is over.
func (c *Conn) quit() {
	defer c.end()
	c.lost()
	c.lingerClose()
}

// lost tells the room that this client will send nothing more.
func (c *Conn) lost() {
	defer c.survive()
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
	var closed clientClosed
	if errors.As(err, &closed) {
		c.answerClose(closed)
		return
	}
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
