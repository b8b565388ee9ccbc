package room

import (
	"slices"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"pgregory.net/rapid"

	"github.com/ringside-go/ringside/internal/obs"
	"github.com/ringside-go/ringside/proto"
)

// Rooms that cost 0.12 ms a tick share slots, up to about a millisecond of work each, and sixteen slots at most.
func TestSlotsGatherRooms(t *testing.T) {
	const weight = int64(20 * 120 * time.Microsecond)
	for _, c := range []struct{ rooms, open, most int }{{1, 1, 1}, {8, 1, 8}, {16, 2, 8}, {30, 4, 8}, {128, 16, 8}, {320, 16, 20}} {
		s := newSlots(20)
		var rooms []place
		for range c.rooms {
			rooms = append(rooms, s.enter(weight))
		}
		for range 3 { // those that came when fewer were open change over
			for i := range rooms {
				rooms[i] = s.review(rooms[i], weight, weight)
			}
		}
		for i, at := range rooms {
			tick := time.Duration(at.behind) * 120 * time.Microsecond
			if at.behind >= s.rooms[at.slot] || slices.Contains(rooms[:i], at) || s.due(at) != s.offset[at.slot]+tick {
				t.Errorf("%d rooms: one is at %+v, which is due at %v", c.rooms, at, s.due(at))
			}
		}
		if most := slices.Max(s.rooms[:]); s.open != c.open || most > c.most {
			t.Errorf("%d rooms: %d slots with up to %d rooms; want %d with up to %d", c.rooms, s.open, most, c.open, c.most)
		}
	}
}

// Whatever rooms cost, come and go: the loads add up, and nobody changes to and fro when nothing changes.
func TestSlotsSettle(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		type room struct {
			at     place
			weight int64
		}
		s := newSlots(30)
		var rooms []*room
		draw := func() int64 { return s.weigh(30 * rapid.Int64Range(0, int64(4*time.Millisecond)).Draw(t, "tick")) }
		for range rapid.IntRange(1, 100).Draw(t, "steps") {
			switch step := rapid.IntRange(0, 2).Draw(t, "step"); {
			case step == 0 || len(rooms) == 0:
				w := draw()
				rooms = append(rooms, &room{s.enter(w), w})
			case step == 1:
				r, w := rooms[rapid.IntRange(0, len(rooms)-1).Draw(t, "room")], draw()
				r.at = s.review(r.at, r.weight, w)
				r.weight = w
			default:
				i := rapid.IntRange(0, len(rooms)-1).Draw(t, "room")
				s.leave(rooms[i].at, rooms[i].weight)
				rooms = slices.Delete(rooms, i, i+1)
			}
		}
		for moved, round := true, 0; moved; round++ {
			if round > 2*len(rooms) {
				t.Fatalf("rooms still change their slots after %d reviews of each", round)
			}
			moved = false
			for _, r := range rooms {
				was := r.at
				r.at = s.review(r.at, r.weight, r.weight)
				moved = moved || r.at != was
			}
		}
		var sum [slotCount]int64
		for _, r := range rooms {
			sum[r.at.slot] += r.weight
			if r.at.slot >= s.open {
				t.Fatalf("a room is in slot %d; %d are open", r.at.slot, s.open)
			}
		}
		if sum != s.loads {
			t.Fatalf("loads are %v, want %v", s.loads, sum)
		}
	})
}

// Any number of open slots is spread evenly over the period.
func TestSlotsAreSpread(t *testing.T) {
	for _, rate := range []int{1, 7, 20, 60} {
		for open := 1; open <= slotCount; open *= 2 {
			at := slices.Sorted(slices.Values(newSlots(rate).offset[:open]))
			for i := range at {
				if want := time.Second * time.Duration(i) / time.Duration(rate*open); at[i] != want {
					t.Errorf("rate %d, slot %d of %d at %v, want %v", rate, i, open, at[i], want)
				}
			}
		}
	}
}

// A room that has had its grid elsewhere comes to its slot in at most half a period of shorter or longer ticks, and loses none.
func TestRoomSlidesToItsSlot(t *testing.T) {
	withPool(t, testConfig(), func(h *harness) {
		for _, due := range []time.Duration{7 * time.Millisecond, 49 * time.Millisecond, 1526 * time.Millisecond} {
			spec := h.spec(newTestGame(t, 20, 2))
			spec.Due = due
			r, err := h.Start(spec)
			if err != nil {
				t.Fatal(err)
			}
			h.pass(due)
			last, longest, shortest := r.due, time.Duration(0), time.Second
			for range 100 {
				h.pass(r.due - h.now())
				gap := r.due - last
				last, longest, shortest = r.due, max(longest, gap), min(shortest, gap)
			}
			const most = 50*time.Millisecond/slideShare + 1
			if longest > 50*time.Millisecond+most || shortest < 50*time.Millisecond-most {
				t.Errorf("due %v: ticks of %v to %v", due, shortest, longest)
			}
			if r.due%(50*time.Millisecond) != 0 {
				t.Errorf("due %v: after 100 ticks it is due at %v", due, r.due)
			}
			if n := r.Info(); n.Late != 0 || n.Tick != 101 {
				t.Errorf("due %v: %d ticks, %d late", due, n.Tick, n.Late)
			}
			r.QueueStop(proto.CloseEnded, "")
			h.pass(50 * time.Millisecond)
		}
	})
}

// Rooms that were cheap when they came and are not any more are spread.
func TestRoomsThatBecomeExpensiveAreSpread(t *testing.T) {
	withPool(t, testConfig(), func(h *harness) {
		var rooms []*Room
		for range 8 {
			rooms = append(rooms, h.start(20, 2))
		}
		h.pass(time.Second)
		if open := h.workers[0].slots[20].open; open != 1 {
			t.Fatalf("%d slots are open for 8 cheap rooms", open)
		}
		for _, r := range rooms {
			o, _ := h.join(r, Join{Player: "ann"})
			o.QueueCustom([]byte("nap 4"))
		}
		h.pass(10 * time.Second)
		at := make(map[time.Duration]int)
		for _, r := range rooms {
			at[r.due%(50*time.Millisecond)]++
			if late := r.Info().Late; late > 0 {
				t.Errorf("%d ticks late", late)
			}
		}
		if len(at) != 8 {
			t.Errorf("rooms of 4 ms a tick are due at %v", at)
		}
	})
}

// Rooms of one slot are due one after another, so that none is late by what the others take, and the worker does not sleep between
// them.
func TestRoomsOfASlotAreOnTime(t *testing.T) {
	c, registry := testConfig(), prometheus.NewRegistry()
	c.Metrics = obs.NewServerMetrics(registry)
	withPool(t, c, func(h *harness) {
		for range 40 { // in sixteen slots, 3 ms apart
			o, _ := h.join(h.start(20, 2), Join{Player: "ann"})
			o.QueueCustom([]byte("nap 1"))
		}
		h.pass(20 * time.Second)
		lateness := func() (onTime, ticks uint64) {
			families, err := registry.Gather()
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range families {
				if f.GetName() == "ringside_tick_lateness_seconds" {
					h := f.Metric[0].Histogram
					for _, b := range h.Bucket {
						if b.GetUpperBound() == 0.00025 {
							return b.GetCumulativeCount(), h.GetSampleCount()
						}
					}
				}
			}
			t.Fatal("there is no metric of the lateness")
			return 0, 0
		}
		onTime, ticks := lateness()
		h.pass(10 * time.Second)
		on, all := lateness()
		onTime, ticks = on-onTime, all-ticks
		if onTime*100 < ticks*99 {
			t.Errorf("of %d ticks %d were at most 0.25 ms late", ticks, onTime)
		}
		if ticks < 7900 {
			t.Errorf("%d ticks of 40 rooms in ten seconds", ticks)
		}
	})
}
