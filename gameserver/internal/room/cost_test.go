package room

import (
	"slices"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/ringside-go/ringside/proto"
)

// A room whose ticks take 50 ms at 60 Hz is slowed. The 20 other rooms of its worker keep their rate, but for the first second, and
// the room is named with its share.
func TestRoomOverItsShareIsSlowedAlone(t *testing.T) {
	withPool(t, testConfig(), func(h *harness) {
		var others []*Room
		for range 20 {
			others = append(others, h.start(60, 2))
		}
		heavy := h.start(60, 2)
		o, _ := h.join(heavy, Join{Player: "ann"})
		h.pass(time.Second)
		o.QueueCustom([]byte("nap 50"))
		h.pass(time.Second)
		before := heavy.Info().Tick
		var ticks []proto.Tick
		for _, r := range others {
			ticks = append(ticks, r.Info().Tick)
		}
		h.pass(10 * time.Second)
		for i, r := range others {
			if n := r.Info().Tick - ticks[i]; n < 599 || n > 601 {
				t.Errorf("room %d: %d ticks in ten seconds", i, n)
			}
		}
		if i := heavy.Info(); i.Tick-before < 100 || i.Tick-before > 180 || i.Share < 0.5 || i.Share > 0.95 {
			t.Errorf("the heavy room made %d ticks; its share is %v", i.Tick-before, i.Share)
		}
		if n := testutil.ToFloat64(h.config.Metrics.TickSeconds.WithLabelValues("test")); n < 6 || n > 12 {
			t.Errorf("the game's ticks took %v s", n)
		}
		o.QueueCustom([]byte("nap 1"))
		h.pass(5 * time.Second)
		if n := len(h.lane.schedule); n != 0 {
			t.Errorf("%d rooms are in the slow lane; it has become cheap", n)
		}
		before = heavy.Info().Tick
		h.pass(10 * time.Second)
		if n := heavy.Info().Tick - before; n < 599 || n > 601 {
			t.Errorf("%d ticks in ten seconds when it was cheap again", n)
		}
	})
}

// Rooms that have become expensive on one worker are spread over all.
func TestRoomsAreSpreadAgainByCost(t *testing.T) {
	c := testConfig()
	c.Workers = 2
	withPool(t, c, func(h *harness) {
		var rooms []*Room
		for range 8 {
			rooms = append(rooms, h.start(20, 2))
		}
		on := h.workers[0]
		h.pass(time.Second)
		busy := slices.Clone(on.schedule)
		if len(busy) != 4 {
			t.Fatalf("%d rooms on the first worker", len(busy))
		}
		for _, r := range busy {
			o, _ := h.join(r, Join{Player: "ann"})
			o.QueueCustom([]byte("nap 10")) // a fifth of the worker each
		}
		h.pass(10 * time.Second)
		for i, w := range h.workers {
			if s := w.share(); s < 0.35 || s > 0.45 {
				t.Errorf("worker %d is %v busy", i, s)
			}
		}
		var ticks []proto.Tick
		for _, r := range rooms {
			ticks = append(ticks, r.Info().Tick)
		}
		h.pass(10 * time.Second)
		for i, r := range rooms {
			if n := r.Info().Tick - ticks[i]; n < 199 || n > 201 {
				t.Errorf("room %d: %d ticks in ten seconds", i, n)
			}
		}
	})
}
