package session

import (
	"context"
	"net"
	"sync"
	"time"

	"github.com/ringside-go/ringside/proto"
)

// Conn is one client's connection; its Queue methods, Flush and Close are room.Client. They may be called from any
// goroutine, and none of them waits for the client.
type Conn struct {
	server  *Server
	conn    net.Conn // read by the connection's goroutine, which alone closes it
	carrier carrier  // writes to conn
	room    proto.RoomID

	// Of the connection's goroutine.
	early    []byte    // what came behind the upgrade request, not yet read
	lastRead time.Time // when the newest bytes came
	readErr  error     // with which reading ended
	wsClose  uint16    // code with which the WebSocket library would have closed
	rate     rate
	skipped  uint32 // records of unknown kind
	greeted  bool   // hello was said
	occupant Occupant

	// mu is held for one write system call at most, and never while anything waits.
	mu        sync.Mutex
	out       outbox
	finishing bool               // finish runs, and alone sends
	closing   bool               // a close frame is the last in the outbox, or was
	gone      bool               // nothing can be sent any more
	broken    bool               // the client did not take what it was sent
	closeBy   time.Time          // when closing: then the socket is closed, whatever the client has read
	cancel    context.CancelFunc // ends Door.Enter, while it runs
}

// QueueFrame queues a tick's frame: one message of own and shared, which are copied. false: the outbox went over its
// bound and its pending frames were dropped, and frames will be refused until a keyframe was queued; or the connection
// is closing.
func (c *Conn) QueueFrame(own, shared []byte) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closing || c.gone {
		return false
	}
	ok, dropped := c.out.delta(own, shared)
	if dropped {
		c.server.config.Metrics.OutboxDrops.Inc()
	}
	return ok
}

// QueueKeyframe queues a message that the client can start from, but only into a drained outbox; false: not yet, try at
// the next tick; or the connection is closing. It may be longer than the outbox's bound. It is never dropped.
func (c *Conn) QueueKeyframe(own, shared []byte) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return !c.closing && !c.gone && c.out.keyframe(own, shared)
}

// QueueEvent queues a message of records that must arrive: it is kept when frames are dropped, and keeps its place among
// them. false: the connection is closing; with too many events pending it is closed with CloseSlow.
func (c *Conn) QueueEvent(records []byte) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.eventLocked(records)
}

func (c *Conn) eventLocked(records []byte) bool {
	if c.closing || c.gone {
		return false
	}
	if !c.out.event(records) {
		c.closeLocked(&proto.Refusal{Code: proto.CloseSlow})
		return false
	}
	return true
}

// Flush tries to send all that is queued with one system call and without waiting. What the client does not take now is
// sent when it does.
func (c *Conn) Flush() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.flushLocked()
}

// RemoteAddr is the client's address, as the socket has it.
func (c *Conn) RemoteAddr() net.Addr { return c.conn.RemoteAddr() }
