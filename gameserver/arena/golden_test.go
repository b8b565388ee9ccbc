package arena

import (
	"fmt"
	"testing"

	"github.com/ringside-go/ringside/gameserver/game"
	"github.com/ringside-go/ringside/proto"
)

// march is inputs by rule, from whole numbers: everybody turns, walks and shoots at a pace of their own.
func march(seat game.Seat, tick int) Input {
	s := int(seat)
	walk := [...]int8{127, 0, -127, 90, -90}
	return Input{
		MoveX: walk[(tick/(17+s)+s)%5], MoveY: walk[(tick/(23-s)+2*s)%5],
		Aim: float32((tick*(5+s)+s*131)%1024) / 163, Fire: tick/(8+s)%3 != 0, Reload: tick%211 == s,
	}
}

// TestGolden: one seed and one list of inputs have one result, on every machine and in every build from now on. A
// change of the rules changes it, and then so be it: write the new one down. When nothing of the rules was changed,
// something is broken.
func TestGolden(t *testing.T) {
	for _, c := range []struct {
		options string
		ticks   int
		want    string
	}{
		{`{"frag_limit": 2, "round_seconds": 8}`, 900, "de96550e 2"},
		{`{"tick_rate": 60, "map": "yard", "seats": 16, "round_seconds": 5}`, 900, "66219235 1"},
	} {
		h := newHall(t, c.options, 8)
		matches := 0
		for tick := 1; tick < c.ticks; tick++ {
			for seat := range game.Seat(8) {
				if (tick+int(seat))%19 == 0 {
					continue // late; it comes with the next
				}
				var samples []Input
				for n := int(h.sim.Processed(seat)) + 1; n <= tick; n++ {
					samples = append(samples, march(seat, n))
				}
				h.queue(seat, h.sim.Tick()-min(h.sim.Tick(), proto.Tick(seat)), samples...)
			}
			h.step()
			matches += len(h.sim.Outcomes())
		}
		if got := fmt.Sprintf("%08x %d", h.sim.Store().SecretHash(), matches); got != c.want {
			t.Errorf("%s: after %d ticks the hash and the matches are %q, want %q", c.options, c.ticks, got, c.want)
		}
	}
}
