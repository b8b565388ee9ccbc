package room

import (
	"testing"
	"time"

	"github.com/ringside-go/ringside/proto"
	"github.com/ringside-go/ringside/proto/state"
)

func TestMaxBehind(t *testing.T) {
	for _, c := range []struct {
		trip time.Duration
		rate int
		want proto.Tick
	}{{0, 60, 5}, {0, 20, 3}, {100 * time.Millisecond, 20, 5}, {101 * time.Millisecond, 20, 6}, {250 * time.Millisecond, 60, 20}, {0, 1, 3}} {
		if got := maxBehind(c.trip, c.rate); got != c.want {
			t.Errorf("%v at %d ticks a second: %d ticks, want %d", c.trip, c.rate, got, c.want)
		}
	}
}

// What a client says that it saw is believed as far as its round trip explains it, and never goes back.
func TestAckIsBoundedByTheRoundTrip(t *testing.T) {
	withPool(t, testConfig(), func(h *harness) {
		r := h.start(20, 2)
		o, f := h.join(r, Join{Player: "eve"})
		seq := proto.Seq(0)
		// saw is how many ticks behind the tick that took it the game was told of a sample that claims to have seen claim ticks before
		// the newest; 255: it does not claim anything.
		saw := func(claim int, trip time.Duration) int {
			t.Helper()
			seq++
			in := testInputs(seq, 1)
			if claim != 255 {
				in.Ack = f.check(t).ticks[len(f.ticks)-1] - proto.Tick(claim)
			}
			if err := o.QueueInput(in, time.Now(), trip); err != nil {
				t.Fatal(err)
			}
			h.pass(50 * time.Millisecond)
			return behindBy(t, f)
		}
		h.pass(5 * time.Second)
		const trip = 100 * time.Millisecond // 2 ticks, and 3 of tolerance
		for _, c := range []struct {
			what  string
			claim int
			trip  time.Duration
			want  int
		}{
			{"a slow client, as it is", 3, trip, 4},
			{"a slow client that wants more", 40, trip, 5},
			{"a fast one that wants as much", 40, 0, 3},
			{"one that has seen the newest", 0, 0, 1},
			{"then older ones", 4, trip, 2}, // the newest then is one tick behind by now
			{"one that does not say", 255, trip, 1},
			{"a tick that is not there yet", -5, 0, 1},
		} {
			if got := saw(c.claim, c.trip); got != c.want {
				t.Errorf("%s: %d ticks behind, want %d", c.what, got, c.want)
			}
		}
		f.check(t).wantCloses(t)
	})
}

// Samples that are sent ahead of time and wait for their ticks gain nothing by that.
func TestWaitingSamplesGainNothing(t *testing.T) {
	withPool(t, testConfig(), func(h *harness) {
		r := h.start(20, 2)
		o, f := h.join(r, Join{Player: "eve"})
		h.pass(5 * time.Second)
		in := testInputs(1, make([]int8, 40)...)
		in.Ack = f.check(t).ticks[len(f.ticks)-1]
		if err := o.QueueInput(in, time.Now(), 0); err != nil {
			t.Fatal(err)
		}
		for tick := range 40 / proto.MaxSamplesPerTick {
			h.pass(50 * time.Millisecond)
			if got, want := behindBy(t, f), min(tick+1, 3); got != want {
				t.Errorf("tick %d: %d ticks behind, want %d", tick, got, want)
			}
		}
	})
}

func behindBy(t *testing.T, f *testClient) int {
	t.Helper()
	rows, err := state.RowsOf[testLast](f.check(t).store, "last")
	if err != nil {
		t.Fatal(err)
	}
	last, _ := rows.Get(0)
	return int(last.Behind)
}
