package replication

import (
	"sync"
	"sync/atomic"

	"github.com/ringside-go/ringside/proto"
)

// outbox holds what waits to be written on a link, in two queues: records that go with the next write, and the bulk of
// each stream, which begins with an opening or a keyframe and of which each write takes a piece. So a large keyframe delays
// its own room's ticks and no other's. The order within a stream is kept: while it has a bulk, all of its records go there.
//
// Size: maxOutbox bytes for both; keyframes take at most half of it. When it is full, a query fails with ErrBusy (the
// asker's error), a stream answers false and its room queues a keyframe later (the room's standby lag), and an ack or answer
// closes the link (the log). Openings, stops, updates, probations and handed records are always taken: they are few and
// small, and a link that takes nothing is closed after writeTimeout. The writer may hold one more batch of that size.
type outbox struct {
	wake   chan struct{} // one token: write now, or the first stream has come or the last has gone
	ticks  chan struct{} // one token: Flush was called; the write may wait for tickGap
	closed chan struct{}
	busy   atomic.Bool // the link carries streams
	marked atomic.Bool // it is in flushes.list

	mu     sync.Mutex
	err    error     // why it closed; set before closed is closed
	next   []byte    // whole records
	behind []*Stream // streams whose bulk is not empty, in the order of service
	size   int       // bytes in next and in all bulks
	count  int       // of streams
}

func newOutbox() *outbox {
	return &outbox{wake: make(chan struct{}, 1), ticks: make(chan struct{}, 1), closed: make(chan struct{})}
}

// send queues records, copying them, and wakes the writer. It does not block and may be called from any goroutine.
func (o *outbox) send(records []byte) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.err != nil {
		return o.err
	}
	if o.size+len(records) > maxOutbox {
		return ErrBusy
	}
	o.next = append(o.next, records...)
	o.size += len(records)
	o.awake()
	return nil
}

// awake makes the writer write at once.
func (o *outbox) awake() { put(o.wake) }

// put leaves a token in c, unless there is one.
func put(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// shut closes the outbox for err and reports whether this call did it.
func (o *outbox) shut(err error) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.err != nil {
		return false
	}
	o.err = err
	close(o.closed)
	return true
}

// over reports whether the outbox is closed.
func (o *outbox) over() bool {
	select {
	case <-o.closed:
		return true
	default:
		return false
	}
}

// carry adds n to the number of streams. It wakes the writer for the first and the last: pings and timeouts change.
func (o *outbox) carry(n int) {
	o.count += n
	if busy := o.count > 0; o.busy.Swap(busy) != busy {
		o.awake()
	}
}

// take returns what is to be written next, and whether there is more. spare is the buffer of the previous write.
func (o *outbox) take(spare []byte) (out []byte, more bool) {
	if cap(spare) > keepBuffer {
		spare = nil
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	out, o.next = o.next, spare[:0]
	for room := bulkPiece; room > 0 && len(o.behind) > 0; {
		s := o.behind[0]
		n := whole(s.bulk, room)
		out = append(out, s.bulk[:n]...)
		s.bulk = s.bulk[n:]
		s.begun = true
		room -= n
		if len(s.bulk) == 0 {
			s.bulk = nil
			o.behind = append(o.behind[:0], o.behind[1:]...)
		}
	}
	o.size -= len(out)
	return out, len(o.behind) > 0
}

// whole returns the length of the records at the beginning of b that reach room bytes: at least one record.
func whole(b []byte, room int) int {
	n := 0
	for n < room && n < len(b) {
		_, _, rest, err := proto.NextRecord(b[n:])
		if err != nil {
			return len(b) // cannot happen: streams queue whole records
		}
		n = len(b) - len(rest)
	}
	return n
}

// flushes is the list of outboxes in which ticks wait for Flush.
type flushes struct {
	mu   sync.Mutex
	list []*outbox
}

func (l *flushes) mark(o *outbox) {
	if o.marked.Swap(true) {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.list = append(l.list, o)
}

// Flush starts writing what streams have queued, on each link within tickGap. A tick worker calls it at the end of a
// pass over its rooms, so that the ticks of the pass share a write. It does not block or allocate and may be called from
// any goroutine.
func (l *Links) Flush() {
	l.flushes.mu.Lock()
	defer l.flushes.mu.Unlock()
	for i, o := range l.flushes.list {
		o.marked.Store(false)
		put(o.ticks)
		l.flushes.list[i] = nil
	}
	l.flushes.list = l.flushes.list[:0]
}
