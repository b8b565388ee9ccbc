package sim

import (
	"testing"
	"time"
)

// With certificates, moves and failovers keep what they promise, and take no longer.
func TestMovesWithCertificates(t *testing.T) {
	o := plain
	o.certificates = true
	run(t, 1, o, func(f *fleet) {
		quiet := func(after string, limit time.Duration) {
			t.Helper()
			for _, p := range f.players {
				if gap := time.Duration(p.gap.Load()); gap > limit {
					t.Errorf("%s: %s has seen nothing for %v", after, p.id, gap)
				}
				if n := p.replayed.Load(); n > 2 {
					t.Errorf("%s: %s has seen %d ticks again", after, p.id, n)
				}
			}
		}
		f.playersAway(25 * time.Millisecond)
		time.Sleep(time.Second)
		f.drain(f.leader("room-1"))
		time.Sleep(5 * time.Second)
		quiet("a planned move", 2*period)
		f.crash(f.leader("room-1"))
		time.Sleep(5 * time.Second)
		quiet("a killed process", 250*time.Millisecond)
	})
}
