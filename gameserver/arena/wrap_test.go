package arena

import (
	"math"
	"testing"

	"github.com/ringside-go/ringside/gameserver/game"
)

// late makes the room's next tick the one after tick.
func (h *hall) late(tick game.Tick) {
	h.sim.Store().Begin()
	h.sim.Store().Commit(tick)
}

// A round lasts as long as any other when ticks begin again at 0, and so do shields and the wait for the next life.
func TestRoundOverTheWrap(t *testing.T) {
	h := newHall(t, `{"tick_rate": 10, "round_seconds": 5, "frag_limit": 3}`, 1)
	h.late(math.MaxUint32 - 30)
	h.join(1)
	h.step()
	h.phase(Playing, 20)
	h.fighter(1).Alive, h.fighter(1).NextLife = false, 5
	for h.sim.Tick() != 5 {
		if h.fighter(1).Alive {
			t.Fatalf("alive again at tick %d", h.sim.Tick())
		}
		h.outcomes()
		h.step()
	}
	if !h.fighter(1).Alive || !h.fighter(1).Shielded || h.fighter(0).Shielded {
		t.Errorf("fighters %+v, %+v", h.fighter(0), h.fighter(1))
	}
	h.steps(14)
	h.phase(Playing, 20)
	h.outcomes()
	h.step()
	h.phase(Break, 70)
}

// A shot hits what its player saw before the wrap, as far as time is turned back.
func TestShotOverTheWrap(t *testing.T) {
	for ack, hit := range map[game.Tick]game.Seat{math.MaxUint32: 1, math.MaxUint32 - 2: 1, 2: game.NoSeat} {
		h := newHall(t, open, 2)
		h.late(math.MaxUint32 - 40)
		h.put(0, 200, 320)
		target := h.put(1, 400, 320)
		for h.sim.Tick() != math.MaxUint32 {
			h.step()
		}
		target.Y += 40 * Unit
		h.steps(3)
		if got := h.shoot(ack); len(got) != 1 || got[0].Hit != hit {
			t.Errorf("the player saw tick %d: shots %+v, want a hit of %d", ack, got, hit)
		}
	}
}
