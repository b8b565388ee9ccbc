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

func TestOneCrash(t *testing.T) {
	run(t, 1, plain, func(f *fleet) {
		f.crash(f.leader("room-1"))
		time.Sleep(5 * time.Second)
	})
}

func TestOneDrain(t *testing.T) {
	run(t, 1, plain, func(f *fleet) {
		f.drain(f.leader("room-1"))
		time.Sleep(5 * time.Second)
	})
}
