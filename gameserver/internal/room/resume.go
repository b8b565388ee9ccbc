package room

import (
	"time"

	"github.com/ringside-go/ringside/proto"
)

// returnTime is how long the clients of a resumed room's seats have to come back before the game hears that they are not
// connected: longer than it takes to find the new leader, shorter than other players would wait.
const returnTime = 2 * time.Second

// takeUp does, before the first tick of a resumed room, what its last leader could not do. Clients with a prepared
// connection have entered before, since entering empties a seat's queue.
func (r *Room) takeUp(now time.Duration) {
	for _, p := range r.spec.Pending {
		if err := r.sim.Queue(p.Seat, p.Input); err != nil {
			r.log.Error("an input of the last leader is not taken", "seat", p.Seat, "error", err)
		}
	}
	r.sim.LoseJobs()
	r.expectOutcomes()
	r.returnBy = now + returnTime
}

// missReturners tells the simulation which seats nobody came back to. Their hold begins now.
func (r *Room) missReturners() {
	r.returnBy = 0
	for seat, o := range r.seats {
		if o == nil {
			r.sim.Disconnect(proto.Seat(seat))
		}
	}
}
