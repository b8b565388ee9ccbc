package session

import (
	"context"
	"net"
	"sync"
	"time"

	"github.com/ringside-go/ringside/internal/edge"
	"github.com/ringside-go/ringside/internal/network"
	"github.com/ringside-go/ringside/proto"
)

// Conn is one client's connection; its Queue methods, Poll, Flush and Close are room.Client. They may be called from any
// goroutine, and none of them waits for the client.
type Conn struct {
	server *Server
	room   proto.RoomID
	place  *edge.Place
	remote string // host:port of the client, as trusted proxies say
	router string // that tunnels the connection, as it says; empty: none

	// reading is held by who reads: the connection's goroutine for as long as there is one, or Poll. It is locked before mu.
	reading  sync.Mutex
	in       []byte // read, and not yet a whole frame
	inbound  inbound
	lastRead time.Time // when the newest bytes arrived
	readErr  error     // with which reading ended
	rate     rate
	trips    trips
	skipped  uint32 // records of unknown kind
	greeted  bool   // hello was said
	occupant Occupant

	// mu is held for one system call of reading or writing at most, or for handing the socket over, and never while
	// anything waits.
	mu       sync.Mutex
	conn     net.Conn      // nil while polled; read by the connection's goroutine, which alone closes it
	writer   writer        // writes to conn
	canPoll  bool          // conn may be handed over to Poll
	socket   pollable      // it was: there is no goroutine; nil: it was not
	watch    network.Watch // of socket
	quiet    uint8         // how often in a row Poll found nothing
	takeBy   time.Time     // when polled and something is pending: then the client must have taken some of it
	out      outbox
	draining bool               // drainRest runs, and it alone sends
	closing  bool               // a close frame is the last in the outbox, or was
	handOver bool               // the goroutine is to try startPolling again when drainRest has ended
	gone     bool               // nothing can be sent any more
	broken   bool               // the client did not take what it was sent
	closeBy  time.Time          // when closing: then the socket is closed, whatever the client has read
	cancel   context.CancelFunc // ends Admission.Enter, while it runs
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
	if !c.out.event(opBinary, records) {
		c.closeLocked(&proto.Refusal{Code: proto.CloseSlow})
		return false
	}
	return true
}

// Flush tries to send all that is queued with one system call and without waiting. What the client does not take now is
// sent when it does, or when polled at the next Flush.
func (c *Conn) Flush() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.flushLocked()
}

// Router is the name of the router that tunnels the connection, as the upgrade says; empty: none. It is a hint: any
// client can say that it came through one.
func (c *Conn) Router() string { return c.router }
