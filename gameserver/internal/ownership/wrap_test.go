package ownership

import (
	"math"
	"testing"

	"github.com/ringside-go/ringside/proto"
)

// Ticks begin again at 0, and the replica with the newest one is still the newest. Rank 0, of a state of an earlier epoch, is the least
// also late in the life of a room.
func TestTheNewestReplicaOverTheWrap(t *testing.T) {
	for _, c := range []struct{ older, newer proto.Tick }{
		{1, 2}, {math.MaxUint32, 1}, {math.MaxUint32 - 7, math.MaxUint32}, {0, 1}, {0, 1<<31 + 5}, {0, math.MaxUint32},
	} {
		if !newer(c.newer, c.older) || newer(c.older, c.newer) || newer(c.older, c.older) {
			t.Errorf("%d is not newer than %d", c.newer, c.older)
		}
		a, b := Answer{Holding: Standby, Tick: c.older}, Answer{Holding: Standby, Tick: c.newer}
		if !less(a, b) || less(b, a) {
			t.Errorf("the answer of tick %d is worth more than that of %d", c.older, c.newer)
		}
	}
	p := &replica{announced: true, before: math.MaxUint32}
	for tick, want := range map[proto.Tick]bool{math.MaxUint32 - 1: true, math.MaxUint32: true, 0: false, 1: false} {
		if p.tick = tick; p.onProbation() != want {
			t.Errorf("on probation at tick %d: %v", tick, !want)
		}
	}
}
