package replication

import (
	"fmt"
	"slices"

	"github.com/ringside-go/ringside/proto"
)

// Feed is a leader's sending end of one room's stream to one standby. The Queue methods copy what they get and never
// block; they and Stop may be called from any goroutine, and what they queue is written in the order of the calls.
type Feed struct {
	links  *Links
	link   *link
	open   Open
	events FeedEvents
	stream uint32

	// Guarded by link.mu.
	over  bool       // one of the last events was told, or Stop called
	final bool       // the handoff is queued
	fed   bool       // a keyframe was queued, and every tick since
	begun bool       // something of it was written
	last  proto.Tick // the newest queued
	bulk  []byte     // whole records behind an opening or a keyframe
}

// Follow asks server, at host:port addr, to stand by for a room. It does not block; it dials if there is no link. What
// comes of it is told to events, never during this call. A feed survives nothing: one that was lost or refused is made
// anew. Once the links have stopped, the feed takes nothing and no event comes.
func (l *Links) Follow(server, addr string, o Open, events FeedEvents) *Feed {
	f := &Feed{links: l, open: o, events: events}
	for {
		k, err := l.link(target{server, addr})
		if err != nil {
			f.link, f.over = newLink(), true
			return f
		}
		if k.feed(f) {
			return f
		}
		// The link has ended since, and the next one is new.
	}
}

// QueueKeyframe queues the room's state after tick; the next QueueTick is of the tick after it. The standby may be behind a
// slow dial: queue it at once. false: there is no room now, or the feed is over; try at a later tick. A state of more
// than MaxKeyframe bytes ends the feed with RefuseSize.
func (f *Feed) QueueKeyframe(tick proto.Tick, public, secret []byte) bool {
	n := len(public) + len(secret)
	if n > MaxKeyframe {
		r := Refusal{Code: RefuseSize, Text: fmt.Sprintf(
			"room %s has a keyframe of %d bytes; at most %d can be followed", f.open.Room, n, MaxKeyframe)}
		if f.finish(r.Text) {
			f.links.start(func() { f.events.Refused(r) })
		}
		return false
	}
	n += (n/maxPart + 3) * tickSize
	if !f.rewind(n) {
		return false
	}
	records := appendKeyframe(make([]byte, 0, n), f.stream, tick, public, secret)
	k := f.link
	k.mu.Lock()
	defer k.mu.Unlock()
	if f.over || f.final {
		return false
	}
	f.put(records)
	f.fed, f.last = true, tick
	f.links.flushes.mark(k.outbox)
	return true
}

// rewind drops what waits of an older keyframe and reports whether n bytes of a new one fit.
func (f *Feed) rewind(n int) bool {
	k := f.link
	k.mu.Lock()
	defer k.mu.Unlock()
	f.fed = false
	if f.over || f.final || k.err != nil {
		return false
	}
	if f.begun && len(f.bulk) > 0 {
		f.clear()
	} else if len(f.bulk) > 0 {
		first := whole(f.bulk, 1)
		k.size -= len(f.bulk) - first
		f.bulk = f.bulk[:first]
	}
	return k.size+n <= maxOutbox/2
}

// QueueTick queues one tick's delta. It goes with the first write after Links.Flush. false: the standby misses this tick
// and needs a keyframe, since the outbox is full, the tick is not the one after the last, or none was queued yet.
func (f *Feed) QueueTick(tick proto.Tick, public, secret []byte) bool {
	k := f.link
	n := tickSize + len(public) + len(secret)
	k.mu.Lock()
	defer k.mu.Unlock()
	if !f.takes(tick, n) {
		return false
	}
	if len(f.bulk) > 0 {
		had := len(f.bulk)
		f.bulk = appendTick(f.bulk, f.stream, tick, public, secret)
		k.size += len(f.bulk) - had
	} else {
		had := len(k.next)
		k.next = appendTick(k.next, f.stream, tick, public, secret)
		k.size += len(k.next) - had
	}
	f.last = tick
	f.links.flushes.mark(k.outbox)
	return true
}

// takes reports whether a record of at most n bytes for tick can be queued; if not, the next is to be a keyframe.
func (f *Feed) takes(tick proto.Tick, n int) bool {
	k := f.link
	f.fed = f.fed && k.err == nil && tick == f.last+1 && n <= MaxRecord && k.size+n <= maxOutbox
	return f.fed
}

// QueueFinal queues the handoff, in place of its tick's delta, and starts writing it. After it nothing can be queued: the
// feed ends with Took, or is stopped by the leader who goes on. false: as QueueTick.
func (f *Feed) QueueFinal(last FinalTick) bool {
	k := f.link
	record := appendFinal(nil, f.stream, &last)
	k.mu.Lock()
	defer k.mu.Unlock()
	if !f.takes(last.Tick, len(record)) {
		return false
	}
	if len(f.bulk) > 0 {
		f.put(record)
	} else {
		k.next = append(k.next, record...)
		k.size += len(record)
	}
	f.fed, f.final = false, true
	k.awake()
	return true
}

// Stop ends the stream: the standby is not wanted any more, or the room has ended.
func (f *Feed) Stop(reason string) { f.finish(reason) }

// Dismiss is Stop for a standby whose word is awaited that it has no copy any more: Refused with RefuseStopped comes then,
// or another of the last events. Nothing can be queued from here on.
func (f *Feed) Dismiss(reason string) {
	k := f.link
	k.mu.Lock()
	defer k.mu.Unlock()
	if f.over || f.final || k.err != nil {
		return // the last event comes by itself
	}
	f.fed, f.final = false, true
	f.clear()
	if !f.begun { // the opening goes first, for there is no answer to a stop of what was never opened
		f.put(appendStop(appendFollow(nil, f.stream, &f.open), f.stream, reason))
	} else {
		had := len(k.next)
		k.next = appendStop(k.next, f.stream, reason)
		k.size += len(k.next) - had
	}
	k.awake()
}

// finish ends the stream from this side and reports whether it was not over.
func (f *Feed) finish(reason string) bool {
	k := f.link
	k.mu.Lock()
	defer k.mu.Unlock()
	if f.over {
		return false
	}
	k.remove(f)
	if f.begun && k.err == nil {
		had := len(k.next)
		k.next = appendStop(k.next, f.stream, reason)
		k.size += len(k.next) - had
		k.awake()
	}
	return true
}

// put appends whole records to f's bulk.
func (f *Feed) put(records []byte) {
	k := f.link
	if len(f.bulk) == 0 {
		k.behind = append(k.behind, f)
		f.bulk = records
	} else {
		f.bulk = append(f.bulk, records...)
	}
	k.size += len(records)
}

// clear drops f's bulk.
func (f *Feed) clear() {
	k := f.link
	if len(f.bulk) > 0 {
		k.behind = slices.DeleteFunc(k.behind, func(o *Feed) bool { return o == f })
	}
	k.size -= len(f.bulk)
	f.bulk = nil
}
