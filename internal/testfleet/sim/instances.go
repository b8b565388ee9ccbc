package sim

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/ringside-go/ringside/proto"
)

// instances is what the history knows of the instances of rooms: which process ticked each last, who was told that it is
// lost, and which processes have ended. History.mu guards it.
type instances struct {
	newest   map[proto.RoomID]uint32 // the instance that began last
	all      map[instance]*life
	ended    map[process]time.Duration // when
	faults   []span                    // of pauses of servers, and of faults of the network between servers and routers
	refusals []span                    // of those in which one part of the fleet refuses another
}

// span is the time of a fault; to is 0 while it lasts.
type span struct{ from, to time.Duration }

// instance is one life of a room. born is the number that its game drew.
type instance struct {
	room proto.RoomID
	born uint32
}

// life is what happened to an instance.
type life struct {
	lastBy   process
	lastAt   time.Duration
	told     map[proto.PlayerID]int // how often each player was told that it is lost
	toldAt   time.Duration          // the first time
	reported bool                   // a violation of this instance's ticks was reported
}

func newInstances() instances {
	return instances{newest: make(map[proto.RoomID]uint32), all: make(map[instance]*life), ended: make(map[process]time.Duration)}
}

func (i *instances) hasEnded(p process) bool {
	_, ended := i.ended[p]
	return ended
}

// endedSince counts the processes that have ended after a time: killed, lost with their machine, or drained.
func (i *instances) endedSince(at time.Duration) (n int) {
	for _, ended := range i.ended {
		if ended > at {
			n++
		}
	}
	return n
}

// life finds that of an instance, or begins it.
func (i *instances) life(at instance) *life {
	l := i.all[at]
	if l == nil {
		l = &life{told: make(map[proto.PlayerID]int)}
		i.all[at] = l
	}
	return l
}

// ticked checks that a room has one instance at a time, and that one that was called lost is not ticked.
func (i *instances) ticked(h *History, t tickOf) {
	at := instance{t.room, t.born}
	_, known := i.all[at]
	l := i.life(at)
	before := i.newest[t.room]
	now := t.at.Sub(h.began)
	switch {
	case !known:
		i.newest[t.room] = t.born
		h.write(fmt.Sprintf("%s: instance %08x begins at %s", t.room, t.born, t.process))
	case l.reported:
	case before != t.born:
		l.reported = true
		h.violate("%s has two instances: %08x is ticked by %s after %08x has begun", t.room, t.born, t.process, before)
	case len(l.told) > 0:
		l.reported = true
		h.violate("%s is ticked by %s at %v, but its players were told at %v that it is lost", t.room, t.process, now, l.toldAt)
	}
	l.lastBy, l.lastAt = t.process, now
}

// beginFault notes that a pause or a fault of the network begins; the function that it gives notes the end.
func (h *History) beginFault() (end func()) { return h.begin(&h.instances.faults) }

// beginRefusal notes that a part of the fleet refuses another from now on, besides that a fault of the network begins.
func (h *History) beginRefusal() (end func()) { return h.begin(&h.instances.refusals) }

func (h *History) begin(spans *[]span) (end func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	n := len(*spans)
	*spans = append(*spans, span{from: time.Since(h.began)})
	return func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		(*spans)[n].to = time.Since(h.began)
	}
}

// clockJumped notes that a server's wall clock was set forward by d: that looks like a pause that has just ended.
func (h *History) clockJumped(d time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	now := time.Since(h.began)
	h.instances.faults = append(h.instances.faults, span{from: now - d, to: now})
}

// faultOf reports whether at some time between from and to faults lasted that took least without a break.
func (i *instances) faultOf(least, from, to time.Duration) bool {
	return lasted(i.faults, least, from, to)
}

func lasted(spans []span, least, from, to time.Duration) bool {
	all := slices.SortedFunc(slices.Values(spans), func(a, b span) int { return cmp.Compare(a.from, b.from) })
	var whole span
	for n, s := range all {
		if s.to == 0 { // it lasts; another may have begun before the history
			s.to = math.MaxInt64 / 2
		}
		if n == 0 || s.from > whole.to {
			whole = s
		}
		whole.to = max(whole.to, s.to)
		if whole.from <= to && whole.to >= from && whole.to-whole.from >= least {
			return true
		}
	}
	return false
}

// Times of the game servers' ownership package.
const (
	leaseTime  = 5 * time.Second // a replica may be led from, and a suspended leader resumes by itself
	detachTime = 8 * time.Second // a leader waits for the word of a standby that is silent
	// reopenTime is how long after the end of a fault a replica may be without its stream, less the time until that is noticed.
	reopenTime = 2 * time.Second
	// replaceTime is how long a leader that is not cut off may be without a standby that has ended, while the fleet is in turmoil.
	replaceTime = 30 * time.Second
	// lostTime is how long the part with the quorum waits for servers that refuse it.
	lostTime = 10 * time.Second
)

// seatMayBeLost reports whether a seat that was taken at a time may be lost where faults overlap: a leader that is cut off gives
// seats until it suspends its rooms, and the part that takes over does not know of them.
func (h *History) seatMayBeLost(taken time.Duration) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.instances.faultOf(0, taken-reopenTime, taken+time.Second)
}

// toldLost notes that a player was told that an instance is lost. copies is how many servers a room was on. A room is lost in
// these cases only:
//   - All processes that had it have ended.
//   - The process that ticked it last was suspended for longer than leaseTime, and as many others have ended as have replicas:
//     since then, or so shortly before that it still waited for them. They may have gone on with the room, and what they told its
//     players is gone with them.
//   - The process that ticked it last was suspended for longer than leaseTime, and a part of the fleet refused another for lostTime
//     meanwhile. Servers that were killed refuse, too, and their players hear of it within 15 s: the part with the quorum ends the
//     rooms of those that refuse it. One that lives, behind a firewall that refuses, resumes none of them.
//   - The process that ticked it last has ended, and around its end faults of the fleet kept a replica from it for longer than
//     leaseTime: it may have gone on without that one. The faults of a schedule that overlap count as one, whichever servers
//     they keep apart: which ones have replicas is not known here.
func (h *History) toldLost(room proto.RoomID, born uint32, player proto.PlayerID, copies int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	i := &h.instances
	l := i.life(instance{room, born})
	if len(l.told) == 0 {
		l.toldAt = time.Since(h.began)
		switch {
		case l.lastBy == process{}:
			h.violate("%s is told that %s is lost, which nobody has ticked", player, room)
		case !i.hasEnded(l.lastBy) && (!i.away(l) || i.endedSince(l.lastAt-detachTime) < copies-1 && !i.refused(l)):
			h.violate("%s is told that %s is lost, but %s still has it", player, room, l.lastBy)
		case i.hasEnded(l.lastBy) && i.endedSince(l.lastAt-replaceTime) < copies && !i.faultOf(leaseTime-reopenTime, l.lastAt-leaseTime, i.ended[l.lastBy]+leaseTime):
			h.violate("%s is told that %s is lost, but of the %d servers that had it at most %d have ended", player, room, copies, i.endedSince(l.lastAt-replaceTime))
		}
	}
	if l.told[player]++; l.told[player] > 1 {
		h.violate("%s is told %d times that %s is lost", player, l.told[player], room)
	}
}

// away reports whether the process that ticked an instance last may have been suspended for longer than leaseTime.
func (i *instances) away(l *life) bool {
	return l.toldAt-l.lastAt >= leaseTime || i.faultOf(leaseTime, l.lastAt, l.toldAt)
}

// refused reports whether the part with the quorum may have been refused by the servers of an instance for as long as it waits for them.
func (i *instances) refused(l *life) bool {
	spans := slices.Clone(i.refusals)
	for n := range spans {
		if spans[n].to == 0 { // it lasts
			spans[n].to = l.toldAt
		}
	}
	return lasted(spans, lostTime, l.lastAt, l.toldAt)
}

// end notes that a process has ended, at now.
func (i *instances) end(p process, now time.Duration) {
	if _, ended := i.ended[p]; !ended {
		i.ended[p] = now
	}
}

// end notes that a process has ended.
func (h *History) end(p process) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.instances.end(p, time.Since(h.began))
}
