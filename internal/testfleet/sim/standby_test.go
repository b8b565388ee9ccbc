package sim

import (
	"testing"
	"time"
)

// A leader that loses the link to its standby takes another one within a second, so that it can be killed after that.
func TestG2StandbyIsReplaced(t *testing.T) {
	for _, later := range []time.Duration{1500 * time.Millisecond, 3 * time.Second, 5 * time.Second, 8 * time.Second} {
		t.Run(later.String(), func(t *testing.T) {
			f := run(t, 1, plain, func(f *fleet) {
				leads, stands := f.leader("room-1"), f.standby("room-1")
				f.net.Partition(addresses(leads), addresses(stands))
				time.Sleep(later)
				f.crash(leads)
				time.Sleep(10 * time.Second)
			})
			f.replayedAtMost(t, 2)
		})
	}
}

// The same where the link is refused instead of silent.
func TestG2StandbyIsReplacedAfterARefusal(t *testing.T) {
	for _, later := range []time.Duration{1500 * time.Millisecond, 3 * time.Second, 8 * time.Second} {
		t.Run(later.String(), func(t *testing.T) {
			f := run(t, 1, plain, func(f *fleet) {
				leads, stands := f.leader("room-1"), f.standby("room-1")
				f.refuse(addresses(leads), addresses(stands))
				time.Sleep(later)
				f.crash(leads)
				time.Sleep(10 * time.Second)
			})
			f.replayedAtMost(t, 2)
		})
	}
}

// replayedAtMost checks that no player has seen more than so many ticks again.
func (f *fleet) replayedAtMost(t *testing.T, ticks int64) {
	t.Helper()
	for _, p := range f.players {
		if n := p.replayed.Load(); n > ticks {
			t.Errorf("%s has seen %d ticks again, at most %d are allowed", p.id, n, ticks)
		}
	}
}
