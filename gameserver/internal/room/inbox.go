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

// batch is what arrived between two ticks, in order.
type batch struct {
	items []item
	bytes []byte
}

// Batches with more capacity are left to the collector: a room that was late once has had seconds of messages in its batch. A full
// room needs less in each tick.
const (
	pooledItems = 512
	pooledBytes = 32 << 10
)

// newBatches is a pool of empty batches for many inboxes. A room has one only while something waits for it: as clients are polled in
// the tick, all rooms of a worker use the same one in turn.
func newBatches() *sync.Pool {
	return &sync.Pool{New: func() any { return &batch{items: make([]item, 0, 16), bytes: make([]byte, 0, 256)} }}
}

func (b *batch) payload(it *item) []byte { return b.bytes[it.start:it.end] }

// stopRequest ends a room.
type stopRequest struct {
	code proto.CloseCode
	text string
}

// inbox is what crosses into a room. The queue methods are for any goroutine and hold the mutex for a copy of a few
// hundred bytes; the rest is for the room's loop. Leaves and losses of a client that was let in are never refused, nor is
// what the registry says, which is bounded by what it does: a room has few standbys and seldom moves.
type inbox struct {
	batches *sync.Pool // see newBatches
	mu      sync.Mutex
	stopped bool
	stop    *stopRequest // the first one
	joins   int          // in filling
	turn    uint64       // counts take; an occupant's counts hold for one turn
	filling *batch       // nil: nothing has come
}

// addLocked makes sure of a batch and adds an item with its payload.
func (b *inbox) addLocked(it *item, payload []byte) {
	if b.filling == nil {
		b.filling = b.batches.Get().(*batch)
	}
	f := b.filling
	it.start = uint32(len(f.bytes))
	f.bytes = append(f.bytes, payload...)
	it.end = uint32(len(f.bytes))
	f.items = append(f.items, *it)
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
	b.addLocked(&item{kind: itemJoin, occ: o}, nil)
	return nil
}

// queueMessage copies payload and it, whose start and end it sets.
func (b *inbox) queueMessage(it *item, payload []byte) error {
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
	b.addLocked(it, payload)
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
	b.addLocked(&item{kind: kind, occ: o}, nil)
}

// queueControl adds what the registry says. It comes in its order among the clients' items.
func (b *inbox) queueControl(it item) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.stopped {
		return ErrStopped
	}
	b.addLocked(&it, nil)
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

// take gives what has arrived, nil for nothing. It belongs to the caller until giveBack.
func (b *inbox) take() (*batch, *stopRequest) {
	b.mu.Lock()
	defer b.mu.Unlock()
	taken := b.filling
	b.filling = nil
	b.joins = 0
	b.turn++
	return taken, b.stop
}

// giveBack takes back what take gave, and lets go of the occupants in it.
func (b *inbox) giveBack(taken *batch) {
	if cap(taken.items) > pooledItems || cap(taken.bytes) > pooledBytes {
		return
	}
	clear(taken.items)
	taken.items, taken.bytes = taken.items[:0], taken.bytes[:0]
	b.batches.Put(taken)
}

// close makes every later queue call answer ErrStopped and returns what was not taken, nil for nothing. If unlessJoins is set and somebody
// wants to join, it does nothing and reports false.
func (b *inbox) close(unlessJoins bool) (rest *batch, ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if unlessJoins && b.joins > 0 {
		return nil, false
	}
	b.stopped = true
	rest, b.filling = b.filling, nil
	return rest, true
}
