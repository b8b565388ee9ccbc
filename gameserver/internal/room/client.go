package room

import (
	"github.com/ringside-go/ringside/internal/network"
	"github.com/ringside-go/ringside/proto"
)

// Client is the sending side of one client's connection, as a room uses it; session.Conn has these methods. Only the
// room's loop calls them, and they must not block. The slices belong to the room and are overwritten after the call. Each
// Queue call makes one WebSocket message of its arguments, in order.
type Client interface {
	// Poll reads what the client has sent, without waiting, and calls its Occupant with it, if nobody else does. p is the
	// room's: a client that sends seldom is watched by it, and read only when p says that something has come.
	Poll(p *network.Poller)
	// QueueFrame queues a tick's frame. false: the outbox is over its bound and dropped the frame together with what was
	// pending of state, so the client needs a keyframe next.
	QueueFrame(own, shared []byte) bool
	// QueueKeyframe queues a message with a keyframe, but only into a drained outbox. false: not yet, try at the next tick.
	QueueKeyframe(own, shared []byte) bool
	// QueueEvent queues records that must arrive (outcome, moved, custom). false: it is closed or closing.
	QueueEvent(records []byte) bool
	// Flush tries to write all that is queued with one system call and without waiting.
	Flush()
	// Close sends all that is queued, then code and text, and closes. "" stands for the code's own text.
	Close(code proto.CloseCode, text string)
}
