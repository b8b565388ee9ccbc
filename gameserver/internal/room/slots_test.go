package room

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/ringside-go/ringside/proto"
)

// Rooms that cost 0.12 ms a tick share slots, up to about a millisecond of work each, and sixteen slots at most.
func TestSlotsGatherRooms(t *testing.T) {
	const weight = int64(20 * 120 * time.Microsecond)
	for _, c := range []struct{ rooms, open, most int }{{1, 1, 1}, {8, 1, 8}, {16, 2, 8}, {30, 4, 8}, {128, 16, 8}, {320, 16, 20}} {
		s := newSlots(20)
		var in [slotCount]int
		for range c.rooms {
			in[s.enter(weight)]++
		}
		for i := range 3 * c.rooms { // those that came when fewer were open change over
			slot := slices.Index(in[:], slices.Max(in[:]))
			in[slot]--
			in[s.review(slot, weight, weight)]++
			_ = i
		}
		if most := slices.Max(in[:]); s.open != c.open || most > c.most {
			t.Errorf("%d rooms: %d slots with up to %d rooms; want %d with up to %d", c.rooms, s.open, most, c.open, c.most)
		}
	}
}

// Whatever rooms cost, come and go: the loads add up, and nobody changes to and fro when nothing changes.
func TestSlotsSettle(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		type room struct {
			slot   int
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
				r.slot = s.review(r.slot, r.weight, w)
				r.weight = w
			default:
				i := rapid.IntRange(0, len(rooms)-1).Draw(t, "room")
				s.leave(rooms[i].slot, rooms[i].weight)
				rooms = slices.Delete(rooms, i, i+1)
			}
		}
		for moved, round := true, 0; moved; round++ {
			if round > 2*len(rooms) {
				t.Fatalf("rooms still change their slots after %d reviews of each", round)
			}
			moved = false
			for _, r := range rooms {
				was := r.slot
				r.slot = s.review(r.slot, r.weight, r.weight)
				moved = moved || r.slot != was
			}
		}
		var sum [slotCount]int64
		for _, r := range rooms {
			sum[r.slot] += r.weight
			if r.slot >= s.open {
				t.Fatalf("a room is in slot %d; %d are open", r.slot, s.open)
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
