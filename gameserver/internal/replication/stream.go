package replication

import (
	"fmt"
	"slices"

	"github.com/ringside-go/ringside/gameserver/internal/ownership"
	"github.com/ringside-go/ringside/proto"
)

// Stream is the leader's end of one room's stream to one standby. The Queue methods copy what they get and never block;
// all methods may be called from any goroutine, and what they queue is written in the order of the calls.
type Stream struct {
	links  *Links
	link   *link
	open   Open
	events StreamEvents
	number uint32

	// Guarded by link.mu.
	over    bool       // the last event was told, or Stop or QueueHanded called
	final   bool       // the handoff or a dismissal is queued
	current bool       // every tick since Base or the last keyframe was queued
	begun   bool       // something of it was written
	last    proto.Tick // the newest queued
	bulk    []byte     // whole records behind an opening or a keyframe
}

// Open asks server, at host:port addr, to stand by for a room. It does not block; it dials if there is no link. events hears
// the result, never during this call. A stream that is lost or rejected does not recover: open a new one. Once the links
// have stopped, the stream takes nothing and no event comes.
func (l *Links) Open(server, addr string, o Open, events StreamEvents) *Stream {
	s := &Stream{links: l, open: o, events: events, current: o.HasBase, last: o.Base}
	for {
		k, err := l.link(target{server, addr})
		if err != nil {
			s.link, s.over = newLink(), true
			return s
		}
		if k.add(s) {
			return s
		}
		// The link has ended since; the next one is new.
	}
}

// Process is the standby's process; 0 before the link's handshake, when nothing of the stream was sent.
func (s *Stream) Process() uint64 { return s.link.process.Load() }

// QueueKeyframe queues the room's state after tick; the next QueueTick is the tick after it. It can be called at once, while
// the link is still being dialled. false: there is no room now, or the stream has ended; try at a later tick. A state of
// more than MaxKeyframe bytes ends the stream with RejectSize.
func (s *Stream) QueueKeyframe(tick proto.Tick, public, secret []byte) bool {
	n := len(public) + len(secret)
	if n > MaxKeyframe {
		r := ownership.Rejection{Code: ownership.RejectSize, Text: fmt.Sprintf(
			"room %s has a keyframe of %d bytes; at most %d can be replicated", s.open.Room, n, MaxKeyframe)}
		if s.end(r.Text) {
			s.links.start(func() { s.events.Rejected(r) })
		}
		return false
	}
	n += (n/maxPart + 3) * tickSize
	if !s.rewind(n) {
		return false
	}
	records := appendKeyframe(make([]byte, 0, n), s.number, tick, public, secret)
	k := s.link
	k.mu.Lock()
	defer k.mu.Unlock()
	if s.over || s.final {
		return false
	}
	s.put(records)
	s.current, s.last = true, tick
	s.links.flushes.mark(k.outbox)
	return true
}

// rewind drops the state that waits to be written, which a new keyframe of n bytes replaces, and reports whether that fits.
func (s *Stream) rewind(n int) bool {
	k := s.link
	k.mu.Lock()
	defer k.mu.Unlock()
	s.current = false
	if s.over || s.final || k.err != nil {
		return false
	}
	had := len(s.bulk)
	if kept := withoutState(s.bulk); len(kept) > 0 {
		s.bulk = kept
		k.size -= had - len(kept)
	} else {
		s.clear()
	}
	return k.size+n <= maxOutbox/2
}

// QueueTick queues one tick's delta. It goes with the first write after Links.Flush. false: the standby misses this tick
// and needs a keyframe, because the outbox is full, the tick is not the one after the last, there is no keyframe yet, or the
// standby has asked for one.
func (s *Stream) QueueTick(tick proto.Tick, public, secret []byte) bool {
	k := s.link
	n := tickSize + len(public) + len(secret)
	k.mu.Lock()
	defer k.mu.Unlock()
	if !s.takes(tick, n) {
		return false
	}
	to := s.tail()
	had := len(*to)
	*to = appendTick(*to, s.number, tick, public, secret)
	k.size += len(*to) - had
	s.last = tick
	s.links.flushes.mark(k.outbox)
	return true
}

// takes reports whether a record of at most n bytes for tick can be queued; if not, a keyframe must come next.
func (s *Stream) takes(tick proto.Tick, n int) bool {
	k := s.link
	s.current = s.current && k.err == nil && tick == s.last+1 && n <= MaxRecord && k.size+n <= maxOutbox
	return s.current
}

// QueueFinal queues the handoff, in place of its tick's delta, and starts writing it. After it nothing can be queued: the
// stream ends with Took, or the leader continues and stops it. false: as QueueTick.
func (s *Stream) QueueFinal(last FinalTick) bool {
	k := s.link
	record := encode(kindFinal, &final{s.number, last})
	k.mu.Lock()
	defer k.mu.Unlock()
	if !s.takes(last.Tick, len(record)) {
		return false
	}
	s.add(record)
	s.current, s.final = false, true
	return true
}

// QueueHanded ends the stream after all that is queued: the leader handed the room to another server, which leads it in
// epoch from the last tick on. The standby keeps its replica for the new leader's stream. Nothing confirms it: a standby
// whose link breaks first hears Lost instead, and keeps its replica as well.
func (s *Stream) QueueHanded(leader string, epoch proto.Epoch) {
	s.control(encode(kindHanded, &handed{s.number, leader, epoch}), true)
}

// QueueUpdate tells the standby the room's epoch, whether the leader has heard from it on this stream, and the other servers that may
// have a replica, where one of them has changed.
func (s *Stream) QueueUpdate(epoch proto.Epoch, counted bool, others []string) {
	s.control(encode(kindUpdate, &update{s.number, epoch, counted, others}), false)
}

// QueueProbation announces that the leader is about to run the first tick after a takeover. StreamEvents.Probation answers.
func (s *Stream) QueueProbation() { s.control(encode(kindProbation, &signal{s.number}), false) }

// control queues a record that carries no state and starts writing it.
func (s *Stream) control(record []byte, last bool) {
	k := s.link
	k.mu.Lock()
	defer k.mu.Unlock()
	if s.over || s.final || k.err != nil {
		return
	}
	s.add(record)
	if last {
		k.remove(s)
	}
}

// Stop ends the stream: the standby is not wanted any more, or the room has ended.
func (s *Stream) Stop(reason string) { s.end(reason) }

// Dismiss is Stop for a leader that needs to know that the standby has no replica any more: Rejected with RejectStopped comes
// then, or another of the last events. Nothing can be queued from here on.
func (s *Stream) Dismiss(reason string) {
	k := s.link
	k.mu.Lock()
	defer k.mu.Unlock()
	if s.over || s.final || k.err != nil {
		return // the last event comes by itself
	}
	s.clear()
	if !s.begun { // the opening goes first: nobody answers a stop of a stream that was never opened
		s.put(encode(kindOpen, &opening{s.number, s.open}))
	}
	s.add(encode(kindStop, &stop{s.number, reason}))
	s.current, s.final = false, true
}

// end ends the stream from this side, in place of all that is queued, and reports whether it was open.
func (s *Stream) end(reason string) bool {
	k := s.link
	k.mu.Lock()
	defer k.mu.Unlock()
	if s.over {
		return false
	}
	s.clear()
	k.remove(s)
	if s.begun && k.err == nil {
		s.add(encode(kindStop, &stop{s.number, reason}))
	}
	return true
}

// tail is where the stream's next record goes.
func (s *Stream) tail() *[]byte {
	if len(s.bulk) > 0 {
		return &s.bulk
	}
	return &s.link.next
}

// add queues a record behind the stream's others and starts writing.
func (s *Stream) add(record []byte) {
	to := s.tail()
	*to = append(*to, record...)
	s.link.size += len(record)
	s.link.awake()
}

// put queues whole records in the stream's bulk.
func (s *Stream) put(records []byte) {
	k := s.link
	if len(s.bulk) == 0 {
		k.behind = append(k.behind, s)
		s.bulk = records
	} else {
		s.bulk = append(s.bulk, records...)
	}
	k.size += len(records)
}

// clear drops the stream's bulk.
func (s *Stream) clear() {
	k := s.link
	if len(s.bulk) > 0 {
		k.behind = slices.DeleteFunc(k.behind, func(o *Stream) bool { return o == s })
	}
	k.size -= len(s.bulk)
	s.bulk = nil
}

// withoutState drops keyframes, their parts and ticks from whole records, in place.
func withoutState(records []byte) []byte {
	kept := records[:0]
	for rest := records; len(rest) > 0; {
		kind, _, more, err := proto.NextRecord(rest)
		if err != nil {
			return nil // cannot happen: streams queue whole records
		}
		if kind != kindKeyframe && kind != kindPart && kind != kindTick {
			kept = append(kept, rest[:len(rest)-len(more)]...)
		}
		rest = more
	}
	return kept
}
