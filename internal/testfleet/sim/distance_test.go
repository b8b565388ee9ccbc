package sim

import (
	"testing"
	"time"

	"github.com/ringside-go/ringside/proto"
)

// far is a fleet whose servers and routers are a round trip apart.
func far(roundTrip time.Duration) options {
	return options{servers: 3, rooms: 1, players: 2, strict: true, apart: roundTrip / 2}
}

const (
	// fastRoom is a room of 60 ticks a second.
	fastRoom   proto.RoomID  = "fast-1"
	fastPeriod time.Duration = time.Second / time.Duration(fastRate)
	// maxRoundTrip is the longest between servers at which handoff and failover must work.
	maxRoundTrip = 100 * time.Millisecond
)

var roundTrips = []time.Duration{20 * time.Millisecond, 50 * time.Millisecond, 80 * time.Millisecond, maxRoundTrip}

// Rooms play on as if their servers were close. A planned move works: it costs no tick, and no more time than a round trip.
func TestG1MoveBetweenDistantServers(t *testing.T) {
	for _, trip := range roundTrips {
		t.Run(trip.String(), func(t *testing.T) {
			f := run(t, 1, far(trip), func(f *fleet) {
				f.join(fastRoom, true)
				f.join(fastRoom, true)
				f.forget()
				time.Sleep(5 * time.Second)
				f.noneQuiet(3 * period)
				f.drain(f.leader(fastRoom))
				time.Sleep(5 * time.Second)
				f.noneQuiet(trip + 3*period)
			})
			for _, p := range f.of(fastRoom) {
				if s := p.client.Stats(); s.Moves != 1 || s.MissedTicks != 0 || s.ReplayedTicks != 0 || s.LostInputs != 0 {
					t.Errorf("%s: %+v", p.id, s)
				}
			}
		})
	}
}

// A killed leader is replaced. What its standby had not received yet is played again.
func TestG2FailoverBetweenDistantServers(t *testing.T) {
	for _, trip := range roundTrips {
		t.Run(trip.String(), func(t *testing.T) {
			f := run(t, 1, far(trip), func(f *fleet) {
				f.join(fastRoom, true)
				f.join(fastRoom, true)
				time.Sleep(2 * time.Second)
				f.forget()
				f.crash(f.leader(fastRoom))
				time.Sleep(5 * time.Second)
				f.noneQuiet(time.Second)
			})
			f.replayedAtMost(t, 2+int64(trip/fastPeriod))
		})
	}
}

// Beyond that distance a server says at its start that it is too far from the others.
func TestDistanceIsWarnedOf(t *testing.T) {
	o := far(2 * maxRoundTrip)
	o.rooms, o.players = 0, 0
	run(t, 1, o, func(f *fleet) {
		if !f.history.logged("WARN", "round trip") {
			f.history.violation("no server has warned of a round trip of %v to the others", 2*maxRoundTrip)
		}
	})
}
