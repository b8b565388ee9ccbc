package sim

import (
	"testing"
	"time"
)

// Leader and standby of a room die and are back at once, without memory. A newcomer comes first, and the old players after it:
// they are told, once, that their room is lost, and none is put into the new one in silence. To enter that is their decision.
func TestG6OldPlayersComeAfterANewcomer(t *testing.T) {
	for _, c := range copies {
		t.Run(c.name, func(t *testing.T) {
			run(t, 1, options{servers: 4, rooms: 1, players: 3, returns: 3 * time.Second, configure: c.configure}, func(f *fleet) {
				old := f.of("room-1")
				servers := append(f.routerIPs(), addresses(f.servers...)...)
				had := f.order("room-1")[:f.standbys+1]
				f.net.Partition(playerIPs(old), servers)
				for _, s := range had {
					f.crash(s)
				}
				time.Sleep(300 * time.Millisecond)
				for _, s := range had {
					f.start(s)
				}
				first := f.newcomer("room-1")
				f.await("the newcomer to be let in", 40*time.Second, func() bool { return first.frames.Load() > 0 })
				f.net.Heal()
				time.Sleep(20 * time.Second)
				for _, p := range old {
					if n := p.losses.Load(); n != 1 {
						f.history.violation("%s was told %d times that room-1 is lost, not once", p.id, n)
					}
					if p.gone.Load() {
						f.history.violation("%s has not entered the new instance, though it wanted to", p.id)
					}
				}
			})
		})
	}
}

// The same without a newcomer: the old players are told, and the first who comes back makes a new instance.
func TestG6AllServersOfARoomRestart(t *testing.T) {
	run(t, 1, options{servers: 4, rooms: 1, players: 3, returns: 3 * time.Second}, func(f *fleet) {
		leads, stands := f.leader("room-1"), f.standby("room-1")
		f.crash(leads)
		f.crash(stands)
		time.Sleep(300 * time.Millisecond)
		f.start(leads)
		f.start(stands)
		time.Sleep(30 * time.Second)
		for _, p := range f.of("room-1") {
			if n := p.losses.Load(); n != 1 {
				f.history.violation("%s was told %d times that room-1 is lost, not once", p.id, n)
			}
			if p.gone.Load() {
				f.history.violation("%s has not entered the new instance, though it wanted to", p.id)
			}
		}
	})
}
