package room

import (
	"encoding/json"
	"time"

	"github.com/ringside-go/ringside/gameserver/game"
	"github.com/ringside-go/ringside/proto"
)

// Occupant is a client in a room: where its session puts what it reads. Its methods do not block and may be called from
// any goroutine; what they queue is looked at in the next tick, and if Client.Poll calls them in the one that polls.
type Occupant struct {
	room      *Room
	client    Client
	player    proto.PlayerID
	name      string
	spectator bool
	resume    []byte // token given; empty: none
	seen      proto.Epoch
	waits     bool // as in Join, as are seen and expired
	expired   bool
	proven    uint32
	party     game.Party
	claims    json.RawMessage

	// Guarded by room.inbox.mu.
	gone        bool // leave or lost was queued
	turn        uint64
	queued      int
	queuedBytes int

	// The room's loop only.
	state       occupantState
	seat        proto.Seat    // proto.NoSeat for a spectator
	acked       proto.Tick    // the highest Ack that its inputs had
	trip        time.Duration // by which the Acks of its seat are bounded, if bounded
	bounded     bool
	played      bool // its seat has sent an input or a custom message, or was held: it is held when the connection ends
	flags       proto.WelcomeFlags
	renews      bool          // nothing shows yet that it has read its welcome, whose resume token is new
	arrived     time.Duration // of the newest input since the last tick; noInput when none came
	kept        int           // custom messages kept while the room is suspended
	reconnect   *proto.Moved  // the reconnect request that it got; nil: none
	replacement *Occupant     // the connection that took its place
}

// occupantState is how far a client is in. It only moves forward, except that synced and lagging alternate.
type occupantState uint8

const (
	joining occupantState = iota // its join waits in the inbox
	entered                      // it has its place; welcome and keyframe come next
	synced                       // it has the state of the last tick: a delta comes next
	lagging                      // it missed a delta: a keyframe comes next
	outside                      // it was closed, or its connection is gone
)

const noInput time.Duration = -1

// QueueInput copies in to the room; it arrived at the time given, from which the wait for the tick counts, over a connection with
// the measured round trip given. The error is a *proto.Refusal for a spectator, else ErrFull or ErrStopped.
func (o *Occupant) QueueInput(in proto.Input, arrived time.Time, roundTrip time.Duration) error {
	if o.spectator {
		return proto.Refuse(proto.CloseMalformed, "a spectator sent an input; only players do")
	}
	at := max(0, arrived.Sub(o.room.pool.started))
	return o.queue(&item{kind: itemInput, occ: o, first: in.First, ack: in.Ack, count: uint8(in.Count), at: at, trip: roundTrip}, in.Samples)
}

// QueueCustom copies a message to the game. The errors are as QueueInput's.
func (o *Occupant) QueueCustom(payload []byte) error {
	if o.spectator {
		return proto.Refuse(proto.CloseMalformed, "a spectator sent a custom message; only players do")
	}
	return o.queue(&item{kind: itemCustom, occ: o}, payload)
}

func (o *Occupant) queue(it *item, payload []byte) error {
	err := o.room.inbox.queueMessage(it, payload)
	if err == ErrFull {
		o.room.metrics.InboxFull.Inc()
	}
	return err
}

// QueueLeave gives the seat up; the room closes the client with CloseLeft.
func (o *Occupant) QueueLeave() { o.room.inbox.queueGone(o, itemLeave) }

// QueueLost says that the connection is gone; the seat is kept for proto.SeatHold if the player has played. After the client was replaced, left or
// closed by the room it does nothing.
func (o *Occupant) QueueLost() { o.room.inbox.queueGone(o, itemLost) }
