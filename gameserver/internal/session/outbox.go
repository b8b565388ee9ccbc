package session

import (
	"sync"
	"time"

	"github.com/ringside-go/ringside/internal/edge"
)

const (
	// eventLimit bounds an outbox's pending events in bytes; beyond it the client is closed with CloseSlow. It holds the
	// largest outcome (about 8 KB) and twenty custom messages.
	eventLimit = 32 << 10
	// pooledBuffer is the largest buffer that goes back to the pool when an outbox has drained; keyframes and slow
	// clients make larger ones, which are left to the collector.
	pooledBuffer = 16 << 10
	// staleAge is how old the oldest pending frame may be when a delta is queued: a client that takes few bytes a second would read
	// ticks of half a minute ago before limit is reached. Behind a keyframe that took longer to go out, deltas may be twice as old as
	// that, up to mostAge: they would else be dropped for another keyframe, again and again.
	staleAge = time.Second
	mostAge  = 4 * time.Second
)

// outbox is the queue of frames that a client has yet to be sent. It knows no socket and no lock.
//
// Size: limit bytes of frames, a pending keyframe not counted; eventLimit of them events. Over limit: every delta that
// has not begun to go out is dropped and the outbox is stale; so it is when the oldest frame is older than staleAge. That means that it takes no delta until it has drained
// and a keyframe was queued; metric OutboxDrops. Over eventLimit: the client is closed; metric Closed.
type outbox struct {
	pool    *sync.Pool // *buffer
	pending *buffer    // nil when drained: an idle client holds no buffer
	sent    int        // leading bytes of pending that are gone, all of the first frame
	partly  bool       // part of the first frame is gone: it must be finished
	stale   bool
	limit   int
	keyed   time.Time     // when the last keyframe was queued
	age     time.Duration // most age of deltas behind that keyframe; 0: staleAge
}

// buffer is frames one behind the other, and where each ends.
type buffer struct {
	bytes []byte
	marks []mark
}

type mark struct {
	end  int
	kind frameKind
	at   time.Time // when it was queued, or seen waiting first; zero: it was queued into a drained outbox
}

// frameKind is what may happen to a pending frame.
type frameKind uint8

const (
	delta    frameKind = iota // may be dropped
	keyframe                  // is kept, and first in its outbox
	event                     // is kept
)

func newBuffer() any { return &buffer{bytes: make([]byte, 0, 1<<10), marks: make([]mark, 0, 8)} }

// delta queues own and shared as one message. false: it is stale now; dropped: by this call.
func (o *outbox) delta(own, shared []byte) (ok, dropped bool) {
	if o.stale {
		return false, false
	}
	if o.load()+maxHeader+len(own)+len(shared) > o.limit || o.old() {
		o.dropDeltas()
		o.stale = true
		return false, true
	}
	o.add(delta, opBinary, own, shared)
	return true, false
}

// old reports whether the client is behind by too much time. It looks at a clock only where something is pending, which for a client
// that keeps up never is when a delta comes.
func (o *outbox) old() bool {
	if o.drained() {
		return false
	}
	now, oldest := time.Now(), &o.pending.marks[0]
	switch {
	case oldest.at.IsZero():
		oldest.at = now
	case oldest.kind == keyframe:
	case now.Sub(oldest.at) > max(staleAge, o.age):
		return true
	}
	return false
}

// keyframe queues own and shared as one message if the outbox has drained.
func (o *outbox) keyframe(own, shared []byte) bool {
	if !o.drained() {
		return false
	}
	o.stale, o.keyed, o.age = false, time.Now(), 0
	o.add(keyframe, opBinary, own, shared)
	return true
}

// event queues a frame that is kept; false when there are too many events.
func (o *outbox) event(op byte, payload []byte) bool {
	if o.events()+len(payload) > eventLimit {
		return false
	}
	o.add(event, op, payload, nil)
	return true
}

// raw queues b, which is no frame, as an event.
func (o *outbox) raw(b []byte) {
	o.reserve(len(b))
	o.pending.bytes = append(o.pending.bytes, b...)
	o.pending.marks = append(o.pending.marks, mark{end: len(o.pending.bytes), kind: event})
}

// add queues a frame without a look at any bound.
func (o *outbox) add(kind frameKind, op byte, own, shared []byte) {
	var at time.Time
	if !o.drained() {
		at = time.Now()
	}
	o.reserve(maxHeader + len(own) + len(shared))
	p := o.pending
	p.bytes = edge.AppendHeader(p.bytes, op, len(own)+len(shared))
	p.bytes = append(append(p.bytes, own...), shared...)
	p.marks = append(p.marks, mark{len(p.bytes), kind, at})
}

// reserve makes sure of a buffer, and moves its bytes to the front rather than have it grow for n more.
func (o *outbox) reserve(n int) {
	if o.pending == nil {
		o.pending = o.pool.Get().(*buffer)
	}
	p := o.pending
	if o.sent > 0 && len(p.bytes)+n > cap(p.bytes) {
		p.bytes = p.bytes[:copy(p.bytes, p.bytes[o.sent:])]
		for i := range p.marks {
			p.marks[i].end -= o.sent
		}
		o.sent = 0
	}
}

func (o *outbox) drained() bool { return o.pending == nil }

// next is what is to be sent, valid until the outbox is changed; nil when it has drained.
func (o *outbox) next() []byte {
	if o.pending == nil {
		return nil
	}
	return o.pending.bytes[o.sent:]
}

// advance takes the first n bytes of next off.
func (o *outbox) advance(n int) {
	if n == 0 {
		return
	}
	o.sent += n
	p := o.pending
	if o.sent == len(p.bytes) {
		o.clear()
		return
	}
	gone := 0
	for p.marks[gone].end <= o.sent {
		gone++
	}
	if gone > 0 && p.marks[0].kind == keyframe {
		o.age = min(2*time.Since(o.keyed), mostAge)
	}
	o.partly = gone == 0 || p.marks[gone-1].end < o.sent
	p.marks = p.marks[:copy(p.marks, p.marks[gone:])]
}

// clear drops everything and gives the buffer back.
func (o *outbox) clear() {
	if p := o.pending; p != nil && cap(p.bytes) <= pooledBuffer {
		p.bytes, p.marks = p.bytes[:0], p.marks[:0]
		o.pool.Put(p)
	}
	o.pending, o.sent, o.partly = nil, 0, false
}

// dropDeltas drops all deltas but one that has partly gone out.
func (o *outbox) dropDeltas() {
	p := o.pending
	if p == nil {
		return
	}
	start, bytes, marks := o.sent, p.bytes[:0], p.marks[:0]
	for i, m := range p.marks {
		if m.kind != delta || i == 0 && o.partly {
			bytes = append(bytes, p.bytes[start:m.end]...)
			marks = append(marks, mark{len(bytes), m.kind, m.at})
		}
		start = m.end
	}
	p.bytes, p.marks, o.sent = bytes, marks, 0
	if len(bytes) == 0 {
		o.clear()
	}
}

// load is how many pending bytes count against limit.
func (o *outbox) load() int {
	if o.pending == nil {
		return 0
	}
	p := o.pending
	if p.marks[0].kind == keyframe {
		return len(p.bytes) - p.marks[0].end
	}
	return len(p.bytes) - o.sent
}

// events is how many pending bytes are events.
func (o *outbox) events() (n int) {
	if o.pending == nil {
		return 0
	}
	start := o.sent
	for _, m := range o.pending.marks {
		if m.kind == event {
			n += m.end - start
		}
		start = m.end
	}
	return n
}
