package sim

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

// toldLimit is how long after the death of its servers the last player hears at the latest that its room is lost: 0.5 s until the death
// is seen and a player asks the room's home, 10 s in which the servers may come back, 4 s that a player waits between two questions, and two
// rounds of questions.
const toldLimit = 15 * time.Second

// Players of a room whose servers are gone for good are told so, whichever other server restarts again and again.
func TestG6LostWhileAnotherServerCrashLoops(t *testing.T) {
	for which := range 3 {
		t.Run(fmt.Sprint(which), func(t *testing.T) {
			run(t, 1, options{servers: 5, rooms: 1, players: 3}, func(f *fleet) { f.loseBeside(which) })
		})
	}
}

// loseBeside kills all servers of room-1 while the one of the others that which says crash-loops.
func (f *fleet) loseBeside(which int) {
	leads, stands := f.leader("room-1"), f.standby("room-1")
	looping := f.others(leads, stands)[which]
	f.crash(stands)
	f.crash(leads)
	died := time.Now()
	told := func() bool {
		return !slices.ContainsFunc(f.of("room-1"), func(p *player) bool { return !p.gone.Load() })
	}
	if !f.crashLoop(looping, 1200*time.Millisecond, 40*time.Second, told) {
		f.history.violation("the players of room-1 were not told within 40 s that it is lost")
	} else if took := time.Since(died); took > toldLimit {
		f.history.violation("the last player was told after %v that room-1 is lost; at most %v is allowed", took, toldLimit)
	}
}

// A room's players, its newcomers and all other rooms play on beside a server that crash-loops, whether it stood by for rooms or
// not.
func TestCrashLoopHarmsNobody(t *testing.T) {
	run(t, 1, options{servers: 4, rooms: 4, players: 2, strict: true}, func(f *fleet) {
		looping := f.standby("room-1")
		f.forget()
		f.crashLoop(looping, 1200*time.Millisecond, 30*time.Second, func() bool { return false })
		f.noneQuiet(time.Second)
	})
}
