package sim

import (
	"time"

	"github.com/ringside-go/ringside/proto"
)

const (
	// settleTime is how long a fleet without faults has until everyone plays on.
	settleTime = 30 * time.Second
	// quietTime is how long it then plays without a fault.
	quietTime = 5 * time.Second
	// maxOverlap bounds the time in which two servers tick one room at once: one that is cut off freezes its rooms when
	// gossip has lost the others, and their part of the fleet goes on at about the same time.
	maxOverlap = 5 * time.Second
)

// check lets the fleet play on without faults, and reports what the history says against the guarantees.
func (f *fleet) check(o options) {
	f.t.Helper()
	f.history.note("no more faults")
	f.net.Heal()
	f.net.ResetLinks()
	time.Sleep(settleTime)
	rooms := map[proto.RoomID]bool{} // that live, in which somebody plays
	ledgers := false                 // and whether one of them is a ledger
	var before []int64
	for _, p := range f.players {
		before = append(before, p.frames.Load())
		if led := len(f.leaders(p.room)) > 0; !p.gone.Load() && (led || o.strict) {
			rooms[p.room] = true
			ledgers = ledgers || p.room != battleName
		}
	}
	matches := f.history.matches()
	time.Sleep(quietTime)
	for i, p := range f.players {
		if p.gone.Load() {
			if o.strict {
				f.history.violation("%s was lost, %s says", p.room, p.id)
			}
			continue
		}
		if !rooms[p.room] {
			continue // its servers may come back: until they are given up nobody is told that it is lost
		}
		if got, want := p.frames.Load()-before[i], int64(quietTime.Seconds()*float64(ledgerRate)); got < want-2 {
			f.history.violation("%s in %s has got %d frames within %v at the end, not %d", p.id, p.room, got, quietTime, want)
		}
		if k, ok := p.script.(*clerk); ok && k.behind.Load() > 4 {
			n := k.behind.Load()
			f.history.violation("%s in %s: %d inputs are not booked at the end", p.id, p.room, n)
		}
	}
	if ledgers && f.history.matches() == matches {
		f.history.violation("no match has ended within %v at the end", quietTime)
	}
	for room := range rooms {
		if n := len(f.leaders(room)); n != 1 {
			f.history.violation("%d servers lead %s at the end", n, room)
		}
	}
	if d, where := f.history.overlap(); d > maxOverlap {
		f.history.violation("two servers have ticked %s, for %v", where, d)
	}
	for _, v := range f.history.broken() {
		f.t.Error(v)
	}
}
