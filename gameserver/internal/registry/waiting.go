package registry

import (
	"time"

	"github.com/ringside-go/ringside/gameserver/internal/room"
	"github.com/ringside-go/ringside/proto"
)

const (
	// maxWaiting bounds the clients that wait at one copy: everybody who can be in the room.
	maxWaiting = proto.MaxSeats + proto.MaxSpectators
	// waitTime bounds the wait. It is longer than a move or a failover takes, and no longer than a client waits for its
	// welcome.
	waitTime = 8 * time.Second
)

// waiter is a client who waits at a copy for this server to lead the room.
type waiter struct {
	join room.Join
	hold bool         // it still plays at the leader, and waits for the room to move here
	seen proto.Epoch  // the newest that it has seen of the room
	done chan outcome // holds one
}

// outcome is what came of waiting: an occupant or an error.
type outcome struct {
	occupant *room.Occupant
	err      error
}

// waiting is the clients at one copy, in the order in which they came. Guarded by Registry.mu.
type waiting []*waiter

// holding counts those who still play at the leader.
func (w waiting) holding() (n int) {
	for _, c := range w {
		if c.hold {
			n++
		}
	}
	return n
}

// above gives the first epoch of server above e and above those that clients have seen: a leader that is lost, and of which
// no server knows, may have led the room after e.
func (w waiting) above(e proto.Epoch, server string) proto.Epoch {
	for _, c := range w {
		if believed(e, c.seen) && e.Less(c.seen) {
			e = c.seen
		}
	}
	return e.Next(server)
}

// enter queues all into a room that is about to begin.
func (w waiting) enter(led *room.Room) {
	for _, c := range w {
		o, err := led.QueueJoin(c.join)
		c.done <- outcome{o, err}
	}
}

// end turns all away.
func (w waiting) end(err error) {
	for _, c := range w {
		c.done <- outcome{err: err}
	}
}

// sendOn turns away those who came because they had lost the leader, which lives, and gives the others.
func (w waiting) sendOn(err error) (rest waiting) {
	for _, c := range w {
		if c.hold {
			rest = append(rest, c)
		} else {
			c.done <- outcome{err: err}
		}
	}
	return rest
}

// without gives all but one.
func (w waiting) without(gone *waiter) (rest waiting) {
	for _, c := range w {
		if c != gone {
			rest = append(rest, c)
		}
	}
	return rest
}
