package sim

import (
	"testing"
	"time"
)

var plain = options{servers: 3, rooms: 2, players: 3, strict: true}

func TestNothingHappens(t *testing.T) {
	f := run(t, 1, plain, func(f *fleet) { time.Sleep(5 * time.Second) })
	for _, p := range f.players {
		if s := p.client.Stats(); s.Reconnects != 0 || s.Moves != 0 || s.MissedTicks != 0 {
			t.Errorf("%s: %+v", p.id, s)
		}
	}
}

// G2: at most 2 ticks are played again, and the gap is the standby's to notice, not gossip's.
func TestOneCrash(t *testing.T) {
	f := run(t, 1, plain, func(f *fleet) {
		f.crash(f.leader("room-1"))
		time.Sleep(5 * time.Second)
	})
	moved := 0
	for _, p := range f.players {
		if n := p.replayed.Load(); n > 2 {
			t.Errorf("%s has seen %d ticks again", p.id, n)
		}
		if gap := time.Duration(p.gap.Load()); gap > 150*time.Millisecond {
			t.Errorf("%s has seen nothing for %v", p.id, gap)
		} else if gap > 0 {
			moved++
		}
	}
	if moved < plain.players {
		t.Errorf("%d players have moved", moved)
	}
}

// G1: nobody misses a tick.
func TestOneDrain(t *testing.T) {
	f := run(t, 1, plain, func(f *fleet) {
		f.drain(f.leader("room-1"))
		time.Sleep(5 * time.Second)
	})
	moved := 0
	for _, p := range f.players {
		s := p.client.Stats()
		if s.MissedTicks != 0 || s.ReplayedTicks != 0 || s.ResentInputs != 0 || s.LostInputs != 0 {
			t.Errorf("%s: %+v", p.id, s)
		}
		if gap := time.Duration(p.gap.Load()); gap >= 2*time.Second/time.Duration(ledgerRate) {
			t.Errorf("%s has seen nothing for %v", p.id, gap)
		}
		moved += int(s.Moves)
	}
	if moved < plain.players {
		t.Errorf("%d players have moved", moved)
	}
}
