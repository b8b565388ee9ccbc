package sim

import (
	"time"

	"github.com/ringside-go/ringside/proto"
)

const (
	// settleTime is how long a fleet without faults has until everybody plays on.
	settleTime = 30 * time.Second
	// quietTime is how long it then plays without a fault.
	quietTime = 5 * time.Second
	// maxOverlap bounds the time in which two servers tick one room at once: a server that is cut off suspends its rooms
	// when it misses the others, and the other part takes them over at about the same time.
	maxOverlap = 5 * time.Second
)

// check lets the fleet play on without faults, and reports what the history says against the guarantees.
func (f *fleet) check(o options) {
	f.t.Helper()
	f.history.note("no more faults")
	f.net.Heal()
	f.net.ResetLinks()
	time.Sleep(settleTime)
	living := map[proto.RoomID]bool{} // rooms in which somebody plays
	var before []int64
	for _, p := range f.players {
		before = append(before, p.frames.Load())
		if led := len(f.leaders(p.room)) > 0; !p.gone.Load() && (led || o.strict) {
			living[p.room] = true
		}
	}
	matches := map[proto.RoomID]int{}
	for room := range living {
		matches[room] = f.history.matches(room)
	}
	time.Sleep(quietTime)
	for i, p := range f.players {
		if o.strict && p.losses.Load() > 0 {
			f.history.violation("%s was lost, %s was told", p.room, p.id)
		}
		if !p.gone.Load() && living[p.room] { // else its servers may come back: until they are given up nobody is told that it is lost
			p.checkPlays(p.frames.Load() - before[i])
		}
	}
	for room, before := range matches {
		if room != arenaName && f.history.matches(room) == before {
			f.history.violation("no match of %s has ended within %v at the end", room, quietTime)
		}
	}
	for room := range living {
		if n := len(f.leaders(room)); n != 1 {
			f.history.violation("%d servers lead %s at the end", n, room)
		}
	}
	if d, where := f.history.overlap(); d > maxOverlap {
		f.history.violation("two servers have ticked %s, for %v", where, d)
	}
	if f.results != nil {
		f.results.check()
	}
	for _, v := range f.history.broken() {
		f.t.Error(v)
	}
}

// checkPlays checks that a player has got frames within quietTime, and that its inputs are booked.
func (p *player) checkPlays(frames int64) {
	rate := workloadRate
	if p.room != arenaName {
		rate = tickRate(p.room)
	}
	if want := int64(quietTime.Seconds() * float64(rate)); frames < want-2 {
		p.violate("has got %d frames within %v at the end, not %d", frames, quietTime, want)
	}
	if k, ok := p.script.(*accountBot); ok && k.behind.Load() > 4 {
		p.violate("%d inputs are not booked at the end", k.behind.Load())
	}
}
