package arena

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/ringside-go/ringside/gameserver/game"
	"github.com/ringside-go/ringside/gameserver/game/gametest"
	"github.com/ringside-go/ringside/proto"
	"pgregory.net/rapid"
)

// TestHostileInputs: clients that send whatever they like, as much as they like, with any number and any ack, gain
// nothing. Over every stretch of n ticks a fighter goes at most n steps and those that it had saved, fires at most once
// per rest of its gun, and is never in a wall.
func TestHostileInputs(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		rate := rapid.SampledFrom([]int{10, 30, 60}).Draw(rt, "rate")
		name := rapid.SampledFrom([]string{"crossfire", "yard"}).Draw(rt, "map")
		h := newHall(t, fmt.Sprintf(`{"tick_rate": %d, "seats": 4, "map": %q, "frag_limit": 2}`, rate, name), 4)
		rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(rt, "seed"), 0))
		var ledgers [4]ledger
		for range rapid.IntRange(1, 80).Draw(rt, "ticks") {
			for seat := range game.Seat(4) {
				for range rng.IntN(3) {
					samples := make([]Input, 1+rng.IntN(20))
					for i := range samples {
						samples[i] = hostile(rng)
					}
					first := h.sim.Processed(seat) + 1 + proto.Seq(rng.IntN(12)) - 4
					ack := proto.Tick(rng.Uint32() >> rng.IntN(32))
					_ = h.sim.Queue(seat, gametest.Encode(t, first, ack, samples...)) // many are refused, as they should be
				}
			}
			h.step()
			for seat := range game.Seat(4) {
				if err := ledgers[seat].enter(h, seat); err != nil {
					rt.Fatalf("tick %d, seat %d: %v", h.sim.Tick(), seat, err)
				}
			}
		}
	})
}

func hostile(rng *rand.Rand) Input {
	moves := [...]int8{127, -127, -128, 0, 90}
	return Input{
		MoveX: moves[rng.IntN(5)], MoveY: moves[rng.IntN(5)],
		Aim: math.Float32frombits(rng.Uint32()), Fire: true, Reload: rng.IntN(10) == 0,
	}
}

// ledger adds up what one fighter did in one life.
type ledger struct {
	was      Body
	alive    bool
	ticks    int32 // of this life since it was first seen
	budget   int32 // steps that it had then
	distance int32 // gone since, rounded down
	fired    game.Tick
}

func (l *ledger) enter(h *hall, seat game.Seat) error {
	f, now := h.fighter(seat), h.sim.Tick()
	b := f.body()
	if w := inside(b, h.a.level.boxes); w >= 0 {
		return fmt.Errorf("it is in wall %d: %+v", w, b)
	}
	fired := slices.ContainsFunc(h.shots(), func(s Shot) bool { return s.Shooter == seat })
	// A life begins with a shield that has its whole time before it.
	if born := f.ShieldUntil == uint32(now)+h.a.ticks.shield; born || !f.Alive || !l.alive {
		*l = ledger{was: b, alive: f.Alive, budget: int32(f.Budget), ticks: -1} // the tick itself counts below
	} else if fired && l.fired != 0 && now-l.fired < game.Tick(h.a.ticks.cooldown) {
		return fmt.Errorf("it fired in %d and %d", l.fired, now)
	}
	if fired {
		l.fired = now
	}
	dx, dy := b.X-l.was.X, b.Y-l.was.Y
	l.was = b
	l.distance += root(dx*dx + dy*dy)
	l.ticks++
	if step, most := root(dx*dx+dy*dy), proto.MaxSamplesPerTick*h.a.pace.Max; step > most {
		return fmt.Errorf("it went %d in one tick, at most %d", step, most)
	}
	if most := (l.ticks + l.budget) * h.a.pace.Max; l.distance > most {
		return fmt.Errorf("it went %d in %d ticks with %d steps saved, at most %d", l.distance, l.ticks, l.budget, most)
	}
	return nil
}

// TestSendingMoreIsNotFaster: one who sends four samples a tick gets as far in three seconds as one who sends one, but
// for the steps that a fighter may save.
func TestSendingMoreIsNotFaster(t *testing.T) {
	run := func(samples int) float32 {
		h := newHall(t, open, 1)
		f := h.put(0, 64, 320)
		f.Budget = 0
		right := make([]Input, samples)
		for i := range right {
			right[i].MoveX = 127
		}
		for range 90 {
			h.queue(0, 0, right...)
			h.step()
		}
		return f.X - 64
	}
	one, four := run(1), run(4)
	if one != four || one < 800 {
		t.Errorf("%v units with one sample a tick, %v with four", one, four)
	}
}

// TestLateSamplesAreMadeUp: after a stall of ten ticks, whose samples then come at once, the fighter is soon where it
// would have been.
func TestLateSamplesAreMadeUp(t *testing.T) {
	run := func(stall int) float32 {
		h := newHall(t, open, 1)
		f := h.put(0, 64, 320)
		h.steps(20)
		for tick := 1; tick <= 60; tick++ {
			if tick > stall {
				missed := int(h.sim.Processed(0))
				h.queue(0, 0, slices.Repeat([]Input{{MoveX: 127}}, tick-missed)...)
			}
			h.step()
		}
		return f.X
	}
	if on, late := run(0), run(10); on != late || on < 500 {
		t.Errorf("x is %v on time and %v late", on, late)
	}
}

// TestNoSamplesNoMove: a fighter whose player sends nothing stands still.
func TestNoSamplesNoMove(t *testing.T) {
	h := newHall(t, open, 1)
	f := h.put(0, 64, 320)
	for range 5 {
		h.queue(0, 0, Input{MoveX: 127})
		h.step()
	}
	x := f.X
	h.steps(10)
	if f.X != x || x <= 64 {
		t.Errorf("from %v to %v", x, f.X)
	}
}
