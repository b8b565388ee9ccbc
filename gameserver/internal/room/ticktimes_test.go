package room

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// Whatever the times are, the 99th percentile is told exactly or up to a quarter too long.
func TestTickTimesP99(t *testing.T) {
	for seed := range uint64(50) {
		rng := rand.New(rand.NewPCG(seed, 0))
		var times tickTimes
		var all []time.Duration
		for range 1 + rng.IntN(500) {
			took := time.Microsecond<<rng.IntN(20) + time.Duration(rng.IntN(1000))
			all = append(all, took)
			times.add(took)
		}
		slices.Sort(all)
		want := all[len(all)-1-len(all)/100]
		if got := times.p99(); got < want || got > want+want/4+1 {
			t.Errorf("seed %d: of %d ticks p99 is %v, want %v or up to a quarter more", seed, len(all), got, want)
		}
	}
}

func TestTickTimesAtTheEnds(t *testing.T) {
	for _, c := range []struct{ took, want time.Duration }{
		{-time.Second, 1280}, {0, 1280}, {1 << 10, 1280}, {1<<34 - 1, 1 << 34}, {time.Hour, 1 << 34},
	} {
		var times tickTimes
		times.add(c.took)
		if got := times.p99(); got != c.want {
			t.Errorf("a tick of %v counts as %d ns, want %d", c.took, got, c.want)
		}
	}
}

// A long tick counts for as long as its slot is among the last ones, and no longer.
func TestTickTimesForget(t *testing.T) {
	var times tickTimes
	times.turn(0)
	times.add(time.Second)
	for now := time.Duration(0); now < tickTimeSlots*tickTimeSlot; now += measureEvery {
		times.turn(now)
		if times.p99() < time.Second {
			t.Fatalf("forgotten after %v", now)
		}
	}
	times.turn(tickTimeSlots * tickTimeSlot)
	if got := times.p99(); got != 0 {
		t.Errorf("p99 is %v after all slots have passed", got)
	}
	times.add(time.Second)
	times.turn(time.Hour) // a worker that stood still for long
	if got := times.p99(); got != 0 {
		t.Errorf("p99 is %v after an hour", got)
	}
	if times.until != time.Hour+tickTimeSlot {
		t.Errorf("the slot ends at %v", times.until)
	}
}

func TestTickTimesDoNotAllocate(t *testing.T) {
	var times tickTimes
	now := time.Duration(0)
	if n := testing.AllocsPerRun(100, func() { now += measureEvery; times.turn(now); times.add(now); times.p99() }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// A pool tells of its slowest worker, and of all late ticks.
func TestPoolTellsOfTicks(t *testing.T) {
	c := testConfig()
	c.Workers = 2
	withPool(t, c, func(h *harness) {
		h.start(20, 2)
		slow := h.start(20, 2)
		o, _ := h.join(slow, Join{Player: "ann"})
		if h.Late() != 0 || h.TickTime() > 1280 {
			t.Errorf("at first %d ticks are late and they take %v", h.Late(), h.TickTime())
		}
		o.QueueCustom([]byte("nap 60"))
		h.pass(3 * time.Second)
		if got := h.TickTime(); got < 60*time.Millisecond || got > 75*time.Millisecond {
			t.Errorf("tick time is %v, want 60 ms or up to a quarter more", got)
		}
		late := slow.Info().Late
		if got := h.Late(); got == 0 || got < late || got > late+1 {
			t.Errorf("%d ticks were late, the room says %d", got, late)
		}
	})
}
