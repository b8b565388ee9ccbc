package room

import (
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ringside-go/ringside/internal/network"
)

// sleeper is a client that stops the worker outside of the game: a pause of the process looks the same.
type sleeper struct {
	testClient
	sleep atomic.Int64
}

func (s *sleeper) Poll(*network.Poller) { time.Sleep(time.Duration(s.sleep.Swap(0))) }

// A worker that did not run for a second suspends all its rooms before one of them ticks, and reports the pause.
func TestStalledWorkerSuspendsItsRooms(t *testing.T) {
	for _, test := range []struct {
		nap       time.Duration
		suspended bool
	}{{999 * time.Millisecond, false}, {time.Second, true}} {
		var gaps []time.Duration
		c := testConfig()
		c.Stalled = func(gap time.Duration) { gaps = append(gaps, gap) }
		withPool(t, c, func(h *harness) {
			r, other := h.start(20, 4), h.start(20, 4)
			f := &sleeper{}
			if _, err := r.QueueJoin(Join{Player: "ann", Client: f}); err != nil {
				t.Fatal(err)
			}
			h.pass(time.Second)
			f.sleep.Store(int64(test.nap))
			h.pass(50 * time.Millisecond)
			other.QueueResume(ReasonPaused, time.Now()) // too early: the stall is not over
			before := other.Info().Tick
			if !test.suspended {
				h.pass(5 * time.Second)
				if len(gaps) != 0 || r.Info().State != Ticking {
					t.Errorf("%v: stalls %v, info %+v", test.nap, gaps, r.Info())
				}
				return
			}
			h.pass(5 * time.Second)
			if len(gaps) != 1 || gaps[0] < time.Second || gaps[0] > 1050*time.Millisecond {
				t.Errorf("stalls %v", gaps)
			}
			if i := other.Info(); i.State != Suspended || i.Reasons != "paused" || i.Tick != before {
				t.Errorf("the other room after the stall: %+v, tick %d before", i, before)
			}
			other.QueueResume(ReasonPaused, time.Now())
			h.pass(time.Second)
			if n := other.Info().Tick - before; n != 20 {
				t.Errorf("the other room ticked %d times in the second after", n)
			}
			if r.Info().State != Suspended {
				t.Errorf("info %+v", r.Info())
			}
		})
	}
}

// In a virtual machine that was paused only the wall clock has gone on. One that is set back tells nothing.
func TestWallClockTellsOfAPause(t *testing.T) {
	var ahead atomic.Int64
	var gaps []time.Duration
	c := testConfig()
	c.WallClock = func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
	c.Stalled = func(gap time.Duration) { gaps = append(gaps, gap) }
	withPool(t, c, func(h *harness) {
		r := h.start(20, 4)
		h.pass(time.Second)
		ahead.Store(int64(-time.Hour))
		h.pass(time.Second)
		if len(gaps) > 0 || r.Info().State != Ticking {
			t.Errorf("set back: stalls %v, info %+v", gaps, r.Info())
		}
		ahead.Add(int64(10 * time.Second))
		h.pass(time.Second)
		if len(gaps) != 1 || gaps[0] < 10*time.Second || gaps[0] > 10050*time.Millisecond || r.Info().State != Suspended {
			t.Errorf("ten seconds on: stalls %v, info %+v", gaps, r.Info())
		}
	})
}

// What ticks queue for standbys is sent at the end of the worker's pass, and within maxUnflushed when there is no end.
func TestWorkerFlushes(t *testing.T) {
	var mu sync.Mutex
	var flushed []time.Duration
	var pool *Pool
	c := testConfig()
	c.Flush = func() {
		mu.Lock()
		defer mu.Unlock()
		flushed = append(flushed, pool.now())
	}
	taken := func() []time.Duration {
		mu.Lock()
		defer mu.Unlock()
		list := flushed
		flushed = nil
		return list
	}
	withPool(t, c, func(h *harness) {
		pool = h.Pool
		specs := [3]Spec{}
		for i := range specs { // three rooms that are due at the same instant, once a second
			specs[i] = h.spec(newTestGame(t, 1, 2))
			specs[i].Due = time.Second
			if _, err := h.Start(specs[i]); err != nil {
				t.Fatal(err)
			}
		}
		h.pass(3500 * time.Millisecond)
		want := []time.Duration{time.Second, 2 * time.Second, 3 * time.Second}
		if got := taken(); !slices.Equal(got, want) {
			t.Errorf("flushed at %v, want %v", got, want)
		}
	})
	withPool(t, c, func(h *harness) {
		pool = h.Pool
		r := h.start(20, 4)
		h.start(20, 4)
		o, _ := h.join(r, Join{Player: "ann"})
		o.QueueCustom([]byte("nap 60")) // it is always due
		h.pass(time.Second)
		taken()
		h.pass(10 * time.Second)
		if n := len(taken()); n < 100 {
			t.Errorf("%d flushes in ten seconds without a rest", n)
		}
	})
}

// A room with a due time begins then, and keeps its rate.
func TestDueRoomKeepsItsRhythm(t *testing.T) {
	withPool(t, testConfig(), func(h *harness) {
		for _, due := range []time.Duration{7 * time.Millisecond, 1500 * time.Millisecond, -time.Millisecond} {
			spec := h.spec(newTestGame(t, 20, 2))
			spec.Due = due
			r, err := h.Start(spec)
			if err != nil {
				t.Fatal(err)
			}
			if due > 0 {
				h.pass(due - 1)
				if r.Info().Tick != 0 {
					t.Errorf("due %v: it ticked before", due)
				}
				h.pass(1)
			}
			h.pass(0)
			if r.Info().Tick != 1 {
				t.Errorf("due %v: tick %d", due, r.Info().Tick)
			}
			h.pass(10 * time.Second)
			if n := r.Info().Tick; n < 200 || n > 201 {
				t.Errorf("due %v: %d ticks in ten seconds", due, n-1)
			}
		}
	})
}
