package sim

import (
	"fmt"
	"time"

	"github.com/ringside-go/ringside/proto"
)

// instances is what the history knows of the instances of rooms: which process ticked each last, who was told that it is
// lost, and which processes have ended. History.mu guards it.
type instances struct {
	newest map[proto.RoomID]uint32 // the instance that began last
	all    map[instance]*life
	ended  map[process]time.Duration // when
}

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

// toldLost notes that a player was told that an instance is lost. copies is how many servers a room was on. A room is lost if the
// process that ticked it last has ended; or if, since that was cut off or paused, as many others have ended as have replicas of a
// room: they may have gone on with it, and what they told its players is gone with them.
func (h *History) toldLost(room proto.RoomID, born uint32, player proto.PlayerID, copies int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	i := &h.instances
	l := i.life(instance{room, born})
	if len(l.told) == 0 {
		l.toldAt = time.Since(h.began)
		switch {
		case l.lastBy != process{} && !i.hasEnded(l.lastBy) && i.endedSince(l.lastAt) < copies-1:
			h.violate("%s is told that %s is lost, but %s still has it", player, room, l.lastBy)
		case len(i.ended) < copies:
			h.violate("%s is told that %s is lost, but of the %d servers that had it at most %d have ended", player, room, copies, len(i.ended))
		}
	}
	if l.told[player]++; l.told[player] > 1 {
		h.violate("%s is told %d times that %s is lost", player, l.told[player], room)
	}
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
