package sim

import (
	"testing"
	"time"
)

// In a fleet of 30 servers, rooms survive the death, the drain and the pause of those that lead them.
func TestThirtyServers(t *testing.T) {
	run(t, 1, options{servers: maxFleet, rooms: 6, players: 2, strict: true}, func(f *fleet) {
		f.crash(f.leader("room-1"))
		time.Sleep(recovery)
		f.drain(f.leader("room-2"))
		time.Sleep(recovery)
		paused := f.leader("room-3")
		f.pause(paused)
		time.Sleep(5 * time.Second)
		f.resume(paused)
		time.Sleep(recovery)
		f.move("room-4", f.order("room-4")[maxFleet/2])
		time.Sleep(recovery)
		f.noneLost()
	})
}
