package registry

import (
	"cmp"
	"slices"
	"time"

	"github.com/ringside-go/ringside/gameserver/internal/ownership"
	"github.com/ringside-go/ringside/gameserver/internal/room"
	"github.com/ringside-go/ringside/proto"
)

// Info is a room that this server leads or stands by for.
type Info struct {
	room.Info          // of a replica: ID, Game, Epoch and Tick
	Leads     bool     // false: it stands by
	Leader    string   // server that leads the room
	Standbys  []string // servers that have the room, when it is led here
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

// All gives a snapshot of the rooms that are led or stood by for here, by id.
func (r *Registry) All() []Info {
	var all []Info
	for _, e := range r.all() {
		if i, ok := e.info(); ok {
			all = append(all, i)
		}
	}
	slices.SortFunc(all, func(a, b Info) int { return cmp.Compare(a.ID, b.ID) })
	return all
}

func (e *entry) info() (i Info, ok bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	switch {
	case e.led != nil:
		return Info{Info: e.led.Info(), Leads: true, Leader: e.r.self, Standbys: e.machine.Caught()}, true
	case e.machine.Role() == ownership.Following || e.machine.Role() == ownership.Promoting:
		i = Info{Info: room.Info{ID: e.id, Game: e.game, Epoch: e.machine.Epoch()}, Leader: e.machine.Leader()}
		if e.held != nil {
			i.Tick = proto.Tick(e.held.tick.Load())
		}
		return i, true
	}
	return Info{}, false
}

// Counts is how much a server has to do.
type Counts struct {
	Rooms    int         // led here
	Players  int         // connected to them
	Moving   int         // of the rooms, those that are being handed off
	Replicas int         // of rooms that others lead
	Heaviest []room.Info // the led rooms with the greatest Share, at most maxHeaviest, greatest first
}

const (
	maxHeaviest = 3
	// heavy is the least Share of a room that Heaviest names.
	heavy = 0.05
)

// Counts counts the rooms and replicas here.
func (r *Registry) Counts() (c Counts) {
	led := r.led()
	c.Rooms, c.Replicas = len(led), int(r.replicas.Load())
	for _, l := range led {
		i := l.Info()
		c.Players += i.Connected
		c.note(i)
		if i.State == room.HandingOver {
			c.Moving++
		}
	}
	return c
}

// note keeps i if it is one of the heaviest.
func (c *Counts) note(i room.Info) {
	if i.Share < heavy {
		return
	}
	at, _ := slices.BinarySearchFunc(c.Heaviest, i, func(a, b room.Info) int { return cmp.Compare(b.Share, a.Share) })
	c.Heaviest = slices.Insert(c.Heaviest, at, i)
	c.Heaviest = c.Heaviest[:min(len(c.Heaviest), maxHeaviest)]
}

// Page gives a snapshot of the first limit rooms led here that show wants and whose ids come after the given one, by id, and whether there are
// more. A nil show wants all.
func (r *Registry) Page(after proto.RoomID, limit int, show func(*Info) bool) (page []Info, more bool) {
	all := slices.DeleteFunc(r.all(), func(e *entry) bool { return e.id <= after })
	slices.SortFunc(all, func(a, b *entry) int { return cmp.Compare(a.id, b.id) })
	for _, e := range all {
		i, ok := e.info()
		if !ok || !i.Leads || show != nil && !show(&i) {
			continue
		}
		if len(page) == limit {
			return page, true
		}
		page = append(page, i)
	}
	return page, false
}

// Find gives a snapshot of a room that is led here.
func (r *Registry) Find(id proto.RoomID) (i Info, ok bool) {
	e := r.find(id)
	if e == nil {
		return Info{}, false
	}
	i, ok = e.info()
	return i, ok && i.Leads
}

// Room gives a room that is led here.
func (r *Registry) Room(id proto.RoomID) (led *room.Room, ok bool) {
	e := r.find(id)
	if e == nil {
		return nil, false
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.led, e.led != nil
}

func (r *Registry) led() (led []*room.Room) {
	for _, e := range r.all() {
		e.mu.Lock()
		if e.led != nil {
			led = append(led, e.led)
		}
		e.mu.Unlock()
	}
	return led
}

// Running counts the rooms that need this server: those that are led here, those that still send their clients on, and those
// that were handed over and that no other server but the new leader has yet.
func (r *Registry) Running() int { return int(r.running.Load() + r.guards.Load()) }

// Drain makes the registry take no new rooms, and hand off those it has as fast as it can, until Undrain. end is when the
// server stops, for the players of rooms that no other server can take; zero: it does not stop.
func (r *Registry) Drain(end time.Time) { r.setDraining(true, end) }

// Undrain takes a Drain back. What was moved comes home when the view has settled.
func (r *Registry) Undrain() { r.setDraining(false, time.Time{}) }

func (r *Registry) setDraining(draining bool, end time.Time) {
	r.mu.Lock()
	began := draining && !r.draining
	r.draining, r.drainEnd = draining, end
	r.mu.Unlock()
	if began {
		m := &r.mover
		m.mu.Lock()
		m.drainBegan, m.drainRate = time.Now(), drainRate(int(r.running.Load()))
		m.mu.Unlock()
	}
	select {
	case r.changed <- struct{}{}:
	default:
	}
}

// Suspended reports whether this server's rooms are suspended because it sees too little of the fleet.
func (r *Registry) Suspended() bool { return !r.current().Quorum }
