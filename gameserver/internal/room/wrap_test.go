package room

import (
	"math"
	"testing"
	"time"

	"github.com/ringside-go/ringside/gameserver/game"
	"github.com/ringside-go/ringside/proto"
)

// atTick is a room of the test game that has made so many ticks.
func (h *harness) atTick(tick proto.Tick) *Room {
	h.t.Helper()
	fresh := newTestGame(h.t, 20, 4).Store()
	sim, err := game.Rebuild(&testDefinition, testOptions(20, 4), tick, fresh.AppendKeyframe(nil), fresh.AppendSecretKeyframe(nil))
	if err != nil {
		h.t.Fatal(err)
	}
	r, err := h.Start(h.spec(sim))
	if err != nil {
		h.t.Fatal(err)
	}
	h.pass(0)
	return r
}

// Ticks begin again at 0: clients and standbys get every tick, outcomes wait for their standby and no longer, and the room is handed
// over. Late in the life of a room, ticks are further than 2^31 from 0, which stands for none in some places.
func TestRoomOverTheWrapOfTicks(t *testing.T) {
	for _, from := range []proto.Tick{math.MaxUint32 - 30, math.MaxUint32 - 2, 1<<31 + 7} {
		withPool(t, testConfig(), func(h *harness) {
			r := h.atTick(from)
			s := attach(t, r, 1)
			ann, f := h.join(r, Join{Player: "ann"})
			_, watcher := h.join(r, Join{Player: "eve", Spectator: true})
			for i := range 60 {
				in := testInputs(proto.Seq(i+1), 1)
				in.Ack = r.Info().Tick - 1
				if err := ann.QueueInput(in, time.Now(), 0); err != nil {
					t.Fatal(err)
				}
				h.pass(50 * time.Millisecond)
			}
			if s.check(t); s.frames != 1 || s.sim.Tick() != r.Info().Tick || r.Info().Tick.Since(from) < 60 {
				t.Errorf("the standby had %d keyframes and has tick %d of %d", s.frames, s.sim.Tick(), r.Info().Tick)
			}
			if x := f.check(t).x(t, 0).X; x != 60 {
				t.Errorf("60 samples moved ann to %d", x)
			}
			if n := len(watcher.check(t).ticks); n < 59 {
				t.Errorf("the spectator had %d ticks", n)
			}
			ann.QueueCustom([]byte("finish"))
			h.pass(time.Second)
			f.check(t).wantMatches(t, "acknowledged at once", 1)
			s.mu.Lock()
			s.silent = true
			s.mu.Unlock()
			ann.QueueCustom([]byte("finish"))
			h.pass(time.Second)
			f.check(t).wantMatches(t, "not acknowledged", 1)
			s.mu.Lock()
			s.silent = false
			s.mu.Unlock()
			h.pass(time.Second)
			f.check(t).wantMatches(t, "acknowledged", 1, 2)
			got := handOff(t, r, 0)
			h.pass(100 * time.Millisecond)
			got.want(t, r.Info().Tick)
			s.check(t)
		})
	}
}

// A standby that has acknowledged nothing has nothing, whatever the tick.
func TestNothingIsHandedToAnEmptyStandby(t *testing.T) {
	for _, tick := range []proto.Tick{0, 5, 1<<31 - 1, 1<<31 + 1, math.MaxUint32} {
		if (&standby{}).has(tick) {
			t.Errorf("it has tick %d", tick)
		}
	}
}
