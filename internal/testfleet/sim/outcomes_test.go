package sim

import (
	"testing"
	"time"
)

// A player who comes back to its seat hears every outcome of the time in which it was away, even where the leader has changed
// meanwhile.
func TestG4OutcomesOfAnAbsence(t *testing.T) {
	for _, c := range []struct {
		name  string
		away  time.Duration
		fault func(f *fleet)
	}{
		{"12 s", 12 * time.Second, nil},
		{"14 s", 14 * time.Second, nil},
		{"12 s, the leader dies", 12 * time.Second, func(f *fleet) { f.crash(f.leader("room-1")) }},
		{"12 s, the room is moved", 12 * time.Second, func(f *fleet) { f.move("room-1", f.standby("room-1")) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			missed := 0
			f := run(t, 1, plain, func(f *fleet) {
				away := f.of("room-1")[0]
				before := f.history.matches("")
				f.partition([]string{away.ip}, append(f.routerIPs(), addresses(f.servers...)...))
				time.Sleep(c.away / 2)
				if c.fault != nil {
					go c.fault(f) // a move waits for its players, the one that is away too
				}
				time.Sleep(c.away / 2)
				f.net.Heal()
				missed = f.history.matches("") - before
				time.Sleep(5 * time.Second)
				f.noneQuiet(c.away + time.Second)
			})
			if missed < 10 {
				t.Errorf("%d matches have ended while a player was away: this test has shown nothing", missed)
			}
			if len(f.history.broken()) == 0 && f.of("room-1")[0].client.Stats().Reconnects == 0 {
				t.Error("the player has not lost its connection: this test has shown nothing")
			}
		})
	}
}
