package registry

import (
	"cmp"
	"slices"
	"time"

	"github.com/ringside-go/ringside/gameserver/internal/room"
	"github.com/ringside-go/ringside/proto"
)

// Info is a room that this server leads or has a copy of.
type Info struct {
	room.Info          // of a copy: ID, Game, Epoch and Tick
	Leads     bool     // false: it has a copy
	Leader    string   // server that leads the room
	Followers []string // servers that have the room, when it is led here
}

// List gives a snapshot of the rooms led here, by id.
func (r *Registry) List() []room.Info {
	var list []room.Info
	for _, led := range r.led() {
		list = append(list, led.Info())
	}
	slices.SortFunc(list, func(a, b room.Info) int { return cmp.Compare(a.ID, b.ID) })
	return list
}

// All gives a snapshot of the rooms led and followed here, by id.
func (r *Registry) All() []Info {
	r.mu.Lock()
	defer r.mu.Unlock()
	all := make([]Info, 0, len(r.rooms))
	for id, e := range r.rooms {
		switch e.role() {
		case leading:
			all = append(all, r.describe(e))
		case following:
			f := e.following
			all = append(all, Info{Info: room.Info{ID: id, Game: e.game, Epoch: f.epoch, Tick: f.tick()}, Leader: f.leader})
		}
	}
	slices.SortFunc(all, func(a, b Info) int { return cmp.Compare(a.ID, b.ID) })
	return all
}

// Counts is how much a server has to do.
type Counts struct {
	Rooms    int // led here
	Players  int // connected to them
	Moving   int // of the rooms, those that are being handed off
	Replicas int // of rooms that others lead
}

// Counts counts the rooms and replicas here.
func (r *Registry) Counts() (c Counts) {
	led := r.led()
	c.Rooms = len(led)
	for _, l := range led {
		i := l.Info()
		c.Players += i.Connected
		if i.State == room.HandingOver || i.State == room.Handed {
			c.Moving++
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, e := range r.rooms {
		if e.role() == following {
			c.Replicas++
		}
	}
	return c
}

// Page gives a snapshot of the first limit rooms led here whose ids come after the given one, by id, and whether there are more.
func (r *Registry) Page(after proto.RoomID, limit int) (page []Info, more bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	var ids []proto.RoomID
	for id, e := range r.rooms {
		if id <= after || e.role() != leading {
			continue
		}
		if ids = append(ids, id); len(ids) > 2*limit { // forget those that are beyond the page for sure
			slices.Sort(ids)
			ids = ids[:limit+1]
		}
	}
	slices.Sort(ids)
	more = len(ids) > limit
	for _, id := range ids[:min(limit, len(ids))] {
		page = append(page, r.describe(r.rooms[id]))
	}
	return page, more
}

// Find gives a snapshot of a room that is led here.
func (r *Registry) Find(id proto.RoomID) (i Info, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	e := r.rooms[id]
	if e == nil || e.role() != leading {
		return Info{}, false
	}
	return r.describe(e), true
}

// describe gives a snapshot of a room that is led here. Called with mu held.
func (r *Registry) describe(e *entry) Info {
	i := Info{Info: e.leading.room.Info(), Leads: true, Leader: r.self}
	for _, f := range e.leading.feeds {
		if f.caught.Load() && !f.lost {
			i.Followers = append(i.Followers, f.server)
		}
	}
	return i
}

func (r *Registry) led() []*room.Room {
	r.mu.Lock()
	defer r.mu.Unlock()
	led := make([]*room.Room, 0, len(r.rooms))
	for _, e := range r.rooms {
		if e.role() == leading {
			led = append(led, e.leading.room)
		}
	}
	return led
}

// Running counts the rooms that end with this server: those led here, and those that moved away a moment ago and still
// send their clients on.
func (r *Registry) Running() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.running
}

// Drain makes the registry take no new rooms, and hand off those it has as fast as it can, until Undrain. end is when the
// server stops, for the players of rooms that no other server can take; zero: it does not stop.
func (r *Registry) Drain(end time.Time) { r.setDraining(true, end) }

// Undrain takes a Drain back. What was moved comes home when the view has settled.
func (r *Registry) Undrain() { r.setDraining(false, time.Time{}) }

func (r *Registry) setDraining(draining bool, end time.Time) {
	r.mu.Lock()
	if draining && !r.draining {
		r.drainBegin, r.drainFlow = time.Now(), drainFlow(r.running)
	}
	r.draining, r.drainEnd = draining, end
	r.mu.Unlock()
	r.wake()
}

// Frozen reports whether this server's rooms stand still because it sees too little of the fleet.
func (r *Registry) Frozen() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.frozen
}
