package arena

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/ringside-go/ringside/gameserver/game"
	"github.com/ringside-go/ringside/gameserver/game/gametest"
	"github.com/ringside-go/ringside/proto"
)

// fight is a full room in which everybody runs and shoots, with the inputs made beforehand.
type fight struct {
	*hall
	inputs [][]proto.Input // by tick and seat
	tick   int
	buf    []byte
}

func newFight(t testing.TB, rate, players, ticks int) *fight {
	h := newHall(t, fmt.Sprintf(`{"tick_rate": %d, "seats": %d, "round_seconds": 900, "frag_limit": 100}`, rate, players), players)
	f := &fight{hall: h}
	rng := rand.New(rand.NewPCG(1, 1))
	for range ticks {
		var all []proto.Input
		for seat := range game.Seat(players) {
			in := gametest.Encode(t, h.sim.Processed(seat)+1, h.sim.Tick(), brawl(rng, h.sim, seat))
			if err := h.sim.Queue(seat, in); err != nil {
				t.Fatal(err)
			}
			all = append(all, in)
		}
		h.step()
		f.inputs = append(f.inputs, all)
	}
	return f
}

// step makes a tick with all its frames, and gives the bytes of the public delta and of all own deltas.
func (f *fight) step() (public, own int) {
	for seat := range game.Seat(len(f.inputs[0])) {
		in := f.inputs[f.tick%len(f.inputs)][seat]
		in.First, in.Ack = f.sim.Processed(seat)+1, f.sim.Tick()
		if err := f.sim.Queue(seat, in); err != nil {
			f.t.Fatal(err)
		}
	}
	f.tick++
	if err := f.sim.Step(); err != nil {
		f.t.Fatal(err)
	}
	s := f.sim.Store()
	f.buf = s.AppendDelta(f.buf[:0])
	public = len(f.buf)
	for seat := range game.Seat(len(f.inputs[0])) {
		f.buf = s.AppendOwnDelta(f.buf, seat)
	}
	return public, len(f.buf) - public
}

// TestTickDoesNotAllocate, whatever happens in it, frames included. The end of a round may.
func TestTickDoesNotAllocate(t *testing.T) {
	f := newFight(t, 30, 16, 120)
	if n := testing.AllocsPerRun(300, func() { f.step() }); n != 0 {
		t.Errorf("%v allocations a tick, want 0", n)
	}
}

// TestBytes holds the price on the wire: what each of 8 players gets of a tick at 20 ticks a second, while all of them
// run, aim and shoot without a pause.
func TestBytes(t *testing.T) {
	f := newFight(t, 20, 8, 600)
	public, own := 0, 0
	for range 600 {
		p, o := f.step()
		public, own = public+p, own+o
	}
	if perTick := float64(public)/600 + float64(own)/600/8; perTick > 45 {
		t.Errorf("%.1f bytes per player and tick (%.1f public, %.1f own), at most 45", perTick, float64(public)/600, float64(own)/600/8)
	}
}

// BenchmarkStep is a tick with queueing, rules, commit and all deltas.
func BenchmarkStep(b *testing.B) {
	for _, players := range []int{8, 16} {
		b.Run(fmt.Sprint(players), func(b *testing.B) {
			f := newFight(b, 20, players, 600)
			public, own, ticks := 0, 0, 0
			b.ReportAllocs()
			for b.Loop() {
				p, o := f.step()
				public, own, ticks = public+p, own+o, ticks+1
			}
			b.ReportMetric(float64(public)/float64(ticks), "public-B/tick")
			b.ReportMetric(float64(own)/float64(ticks*players), "own-B/tick")
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(ticks*players), "ns/player-tick")
		})
	}
}
