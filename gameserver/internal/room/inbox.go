package room

import (
	"sync"
	"time"

	"github.com/ringside-go/ringside/proto"
)

// Bounds of an inbox between two ticks. They are per occupant, so that no client can take another's space. What exceeds
// them is refused with ErrFull and counted as InboxFull; the caller closes that client.
const (
	// maxQueued messages of one occupant: twice what the fastest honest client (one message a tick at 60) has on its way
	// after a stall of one second.
	maxQueued = 128
	// maxQueuedBytes of one occupant: maxQueued inputs of usual size, or 16 custom messages of proto.MaxCustom.
	maxQueuedBytes = 16 << 10
	// maxJoins in one room: twice as many as it can take in, seats and spectators together.
	maxJoins = 2 * (proto.MaxSeats + proto.MaxSpectators)
)

type itemKind uint8

const (
	itemInput itemKind = iota
	itemCustom
	itemJoin
	itemLeave
	itemLost
	itemAcked   // first is the standby's id, ack the tick
	itemControl // do, from the registry
)

// item is one message to a room. Inputs and custom messages have bytes in the batch's arena. Items about a client have occ.
type item struct {
	kind       itemKind
	count      uint8 // samples of an input
	first      proto.Seq
	ack        proto.Tick
	start, end uint32        // in batch.bytes
	at         time.Duration // arrival of an input, on the pool's clock
	trip       time.Duration // round trip of an input's connection
	occ        *Occupant
	do         func()
}

// batch is what arrived between two ticks, in order. Its slices keep their capacity from tick to tick, until they have been too
// large for shrinkAfter ticks: a room that was late once has had seconds of messages in them.
type batch struct {
	items []item
	bytes []byte
	roomy int // ticks in a row in which less than a quarter was used
}

const (
	shrinkAfter = 1024
	leastItems  = 16 // capacity that is kept always
)

func (b *batch) payload(it *item) []byte { return b.bytes[it.start:it.end] }

// reset empties b and lets go of the occupants in it.
func (b *batch) reset() {
	clear(b.items)
	if b.roomy++; len(b.items) >= cap(b.items)/4 || cap(b.items) <= leastItems {
		b.roomy = 0
	}
	if b.roomy == shrinkAfter {
		*b = batch{items: make([]item, 0, cap(b.items)/2)}
	}
	b.items, b.bytes = b.items[:0], b.bytes[:0]
}

// stopRequest ends a room.
type stopRequest struct {
	code proto.CloseCode
	text string
}

// inbox is what crosses into a room. The queue methods are for any goroutine and hold the mutex for a copy of a few
// hundred bytes; the rest is for the room's loop. Leaves and losses of a client that was let in are never refused, nor is
// what the registry says, which is bounded by what it does: a room has few standbys and seldom moves.
type inbox struct {
	mu      sync.Mutex
	stopped bool
	stop    *stopRequest // the first one
	joins   int          // in filling
	turn    uint64       // counts take; an occupant's counts hold for one turn
	filling batch
}

// queueJoin refuses beyond maxJoins.
func (b *inbox) queueJoin(o *Occupant) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.stopped {
		return ErrStopped
	}
	if b.joins == maxJoins {
		return ErrFull
	}
	b.joins++
	b.filling.items = append(b.filling.items, item{kind: itemJoin, occ: o})
	return nil
}

// queueMessage copies payload and adds it as an item that otherwise looks like it.
func (b *inbox) queueMessage(it item, payload []byte) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	o := it.occ
	if b.stopped || o.gone {
		return ErrStopped
	}
	if o.turn != b.turn {
		o.turn, o.queued, o.queuedBytes = b.turn, 0, 0
	}
	if o.queued == maxQueued || o.queuedBytes+len(payload) > maxQueuedBytes {
		return ErrFull
	}
	o.queued++
	o.queuedBytes += len(payload)
	it.start = uint32(len(b.filling.bytes))
	b.filling.bytes = append(b.filling.bytes, payload...)
	it.end = uint32(len(b.filling.bytes))
	b.filling.items = append(b.filling.items, it)
	return nil
}

// queueGone adds the end of an occupant, as itemLeave or itemLost. Only its first one counts.
func (b *inbox) queueGone(o *Occupant, kind itemKind) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.stopped || o.gone {
		return
	}
	o.gone = true
	b.filling.items = append(b.filling.items, item{kind: kind, occ: o})
}

// queueControl adds what the registry says. It comes in its order among the clients' items.
func (b *inbox) queueControl(it item) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.stopped {
		return ErrStopped
	}
	b.filling.items = append(b.filling.items, it)
	return nil
}

// queueStop keeps the first request.
func (b *inbox) queueStop(s stopRequest) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.stopped {
		return ErrStopped
	}
	if b.stop == nil {
		b.stop = &s
	}
	return nil
}

// take swaps what arrived into taken, whose own content is thrown away.
func (b *inbox) take(taken *batch) *stopRequest {
	taken.reset()
	b.mu.Lock()
	defer b.mu.Unlock()
	*taken, b.filling = b.filling, *taken
	b.joins = 0
	b.turn++
	return b.stop
}

// close makes every later queue call answer ErrStopped and returns what was not taken. If unlessJoins is set and somebody
// wants to join, it does nothing and reports false.
func (b *inbox) close(unlessJoins bool) (rest batch, ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if unlessJoins && b.joins > 0 {
		return batch{}, false
	}
	b.stopped = true
	rest, b.filling = b.filling, batch{}
	return rest, true
}
