package registry

import (
	"cmp"
	"slices"
	"time"

	"github.com/ringside-go/ringside/gameserver/internal/room"
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
			i := Info{Info: e.leading.room.Info(), Leads: true, Leader: r.self}
			for _, f := range e.leading.feeds {
				if f.caught.Load() && !f.lost {
					i.Followers = append(i.Followers, f.server)
				}
			}
			all = append(all, i)
		case following:
			f := e.following
			all = append(all, Info{Info: room.Info{ID: id, Game: e.game, Epoch: f.epoch, Tick: f.tick()}, Leader: f.leader})
		}
	}
	slices.SortFunc(all, func(a, b Info) int { return cmp.Compare(a.ID, b.ID) })
	return all
}

// Load counts the rooms led here and their connected players.
func (r *Registry) Load() (rooms, players int) {
	led := r.led()
	for _, l := range led {
		players += l.Info().Connected
	}
	return len(led), players
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
