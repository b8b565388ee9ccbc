package room

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/ringside-go/ringside/gameserver/game"
	"github.com/ringside-go/ringside/internal/obs"
	"github.com/ringside-go/ringside/proto"
)

// harness is a running pool in a bubble, whose clock is at a whole second of the pool's.
type harness struct {
	*Pool
	t     *testing.T
	stop  func() // ends the pool and waits until its goroutines are gone
	ended atomic.Int32
}

func testConfig() Config {
	c := DefaultConfig()
	c.Workers = 1
	c.UnplayedTimeout = c.IdleTimeout // most tests run rooms in which nobody plays
	c.Logger = slog.New(slog.DiscardHandler)
	c.Metrics = obs.NewMetrics(nil)
	return c
}

// open runs f with a pool of config c, in a bubble.
func withPool(t *testing.T, c Config, f func(h *harness)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		h := newHarness(t, c)
		defer h.stop()
		f(h)
	})
}

// newHarness is for a bubble.
func newHarness(t *testing.T, c Config) *harness {
	t.Helper()
	p, err := NewPool(c)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- p.Run(ctx) }()
	stopped := false
	return &harness{Pool: p, t: t, stop: func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run: %v", err)
		}
	}}
}

func (h *harness) spec(sim *game.Simulation) Spec {
	return Spec{
		ID:        "room-1",
		Game:      "test",
		Sim:       sim,
		Epoch:     proto.Epoch{Counter: 3, Server: "server-1"},
		Fallbacks: func() []string { return []string{"ws://a", "ws://b", "ws://c", "ws://d", "ws://e"} },
		Ended:     func(*Room) { h.ended.Add(1) },
	}
}

// start adds a room. If its first tick is due at once, it was made when start returns.
func (h *harness) start(rate, seats int) *Room {
	h.t.Helper()
	r, err := h.Start(h.spec(newTestGame(h.t, rate, seats)))
	if err != nil {
		h.t.Fatal(err)
	}
	h.pass(0)
	return r
}

// pass lets d go by and then what happens at that very instant. The locks order what the test has read before what the
// workers do next.
func (h *harness) pass(d time.Duration) {
	for _, w := range h.all {
		w.mu.Lock()
		w.mu.Unlock() //lint:ignore SA2001 for its order alone
	}
	time.Sleep(d)
	synctest.Wait()
}

// join lets one more client in and waits for the tick that takes it (period 50 ms at most).
func (h *harness) join(r *Room, j Join) (*Occupant, *testClient) {
	h.t.Helper()
	f := &testClient{}
	j.Client = f
	o, err := r.QueueJoin(j)
	if err != nil {
		h.t.Fatal(err)
	}
	h.pass(50 * time.Millisecond)
	return o, f
}

func (h *harness) wantEnded(want int32) {
	h.t.Helper()
	if got := h.ended.Load(); got != want {
		h.t.Errorf("Ended was called %d times, want %d", got, want)
	}
}

func TestPoolTicksExactly(t *testing.T) {
	withPool(t, testConfig(), func(h *harness) {
		for _, rate := range []int{1, 20, 30, 60} {
			r := h.start(rate, 8)
			h.pass(time.Millisecond) // its first tick was at 0
			before := r.Info().Tick
			if before != 1 {
				t.Errorf("rate %d: %d ticks at the start, want 1", rate, before)
			}
			h.pass(10 * time.Second)
			if got := r.Info().Tick - before; got != proto.Tick(10*rate) {
				t.Errorf("rate %d: %d ticks in 10 s", rate, got)
			}
			r.QueueStop(proto.CloseEnded, "")
			h.pass(time.Second - time.Millisecond)
		}
		h.wantEnded(4)
		if n := testutil.ToFloat64(h.config.Metrics.TicksLate); n != 0 {
			t.Errorf("%v ticks were late", n)
		}
	})
}

// A worker wakes up once for rooms that together take about a millisecond, and its passes are spread over the period.
func TestPoolTicksRoomsTogether(t *testing.T) {
	withPool(t, testConfig(), func(h *harness) {
		var rooms []*Room
		for range 40 {
			rooms = append(rooms, h.start(20, 2))
		}
		h.pass(2 * time.Second)
		passes, before := 0, 0
		for range 50 {
			h.pass(time.Millisecond)
			ticked := 0
			for _, r := range rooms {
				ticked += int(r.Info().Tick)
			}
			if n := ticked - before; before > 0 && n > 0 {
				if passes++; n > 12 {
					t.Errorf("%d rooms are due together", n)
				}
			}
			before = ticked
		}
		if passes < 3 || passes > 8 {
			t.Errorf("%d passes in a period for 40 rooms", passes)
		}
	})
}

func TestPoolSpreadsRoomsOverWorkers(t *testing.T) {
	c := testConfig()
	c.Workers = 3
	withPool(t, c, func(h *harness) {
		for range 8 {
			h.start(20, 2)
		}
		h.start(60, 2)
		h.start(60, 2)
		var loads []int
		for _, w := range h.workers {
			loads = append(loads, int(w.load.Load()))
		}
		slices.Sort(loads)
		for i := range loads {
			loads[i] /= int(tickLoad)
		}
		if !slices.Equal(loads, []int{60, 100, 120}) {
			t.Errorf("ticks a second by worker: %v", loads)
		}
	})
}

func TestPoolUsesWhatARoomLeftBehind(t *testing.T) {
	withPool(t, testConfig(), func(h *harness) {
		first, second := h.start(20, 2), h.start(20, 2)
		first.QueueStop(proto.CloseEnded, "")
		h.pass(50 * time.Millisecond)
		if n := h.workers[0].load.Load() / int64(tickLoad); n != 20 {
			t.Errorf("%d ticks a second, want the 20 of the other room", n)
		}
		if load, want := h.workers[0].slots[20].loads[second.place.slot], second.weight; first.place != nowhere || load != want {
			t.Errorf("its slot counts %d, want the %d of the other room", load, want)
		}
	})
}

// A room whose ticks take 120 ms of 50 is late, counted, and loses only its own time.
func TestPoolGoesOnFromNowAfterALateTick(t *testing.T) {
	withPool(t, testConfig(), func(h *harness) {
		slow := h.start(20, 2)
		o, _ := h.join(slow, Join{Player: "a"})
		h.pass(time.Second)
		before := slow.Info()
		if before.Late != 0 {
			t.Errorf("%d ticks late before anything was slow", before.Late)
		}
		o.QueueCustom([]byte("nap 120"))
		h.pass(10 * time.Second)
		o.QueueCustom([]byte("nap 0"))
		h.pass(time.Second)
		after := slow.Info()
		if n := after.Tick - before.Tick; n < 85 || n > 105 {
			t.Errorf("%d ticks in 11 s, 10 of them at 120 ms a tick", n)
		}
		if after.Late < 60 || float64(after.Late) != testutil.ToFloat64(h.config.Metrics.TicksLate) {
			t.Errorf("%d ticks late", after.Late)
		}
		h.pass(time.Second)
		if n := slow.Info().Tick - after.Tick; n != 20 {
			t.Errorf("%d ticks in the second after, want 20: lost time is not made up for", n)
		}
	})
}

// A busy worker takes new rooms for as long as its ticks begin on time, and none when hardly any time is left.
func TestPoolRefusesRoomsWhenOverloaded(t *testing.T) {
	withPool(t, testConfig(), func(h *harness) {
		var rooms []*Room
		var players []*Occupant
		nap := func(ms int) {
			for _, o := range players {
				o.QueueCustom(fmt.Appendf(nil, "nap %d", ms))
			}
		}
		start := func(want error, when string) {
			t.Helper()
			r, err := h.Start(h.spec(newTestGame(t, 20, 2)))
			if !errors.Is(err, want) {
				t.Errorf("start of a room %s: %v, busy %v", when, err, h.Busy())
			}
			if r != nil {
				r.QueueStop(proto.CloseEnded, "")
			}
		}
		for i := range 4 {
			rooms = append(rooms, h.start(20, 2))
			o, _ := h.join(rooms[i], Join{Player: "a"})
			players = append(players, o)
		}
		nap(11)
		h.pass(3 * time.Second) // all are still due at once, so the fourth waits for 33 of 50 ms
		if b := h.Busy(); b < 0.81 || b > 0.89 {
			t.Errorf("busy %v with ticks of 44 ms in 50", b)
		}
		start(ErrOverloaded, "whose ticks would be late")
		if n := testutil.ToFloat64(h.config.Metrics.RoomsRefused); n != 1 {
			t.Errorf("%v rooms refused, want 1", n)
		}
		h.pass(10 * time.Second) // each has a slot of its own
		start(nil, "on a busy worker whose ticks begin on time")
		nap(12)
		h.pass(10 * time.Second)
		start(ErrOverloaded, "with ticks of 48 ms in 50")
		nap(1)
		h.pass(10 * time.Second)
		start(nil, "after the load has gone")
		for _, r := range rooms {
			r.QueueStop(proto.CloseEnded, "")
		}
		h.pass(10 * time.Second)
		if b := h.Busy(); b > 0.001 {
			t.Errorf("busy %v with nothing to do", b)
		}
	})
}

func TestPoolStops(t *testing.T) {
	withPool(t, testConfig(), func(h *harness) {
		var clients []*testClient
		var rooms []*Room
		for i := range 5 {
			r := h.start(20, 2)
			_, f := h.join(r, Join{Player: proto.PlayerID(fmt.Sprint("p", i))})
			clients, rooms = append(clients, f), append(rooms, r)
		}
		h.stop()
		for _, f := range clients {
			f.check(t).wantCloses(t, proto.CloseStopping)
		}
		h.wantEnded(5)
		if _, err := rooms[0].QueueJoin(Join{Player: "late", Client: &testClient{}}); err != ErrStopped {
			t.Errorf("join: %v, want ErrStopped", err)
		}
		if err := rooms[0].QueueStop(proto.CloseEnded, ""); err != ErrStopped {
			t.Errorf("stop: %v, want ErrStopped", err)
		}
		if _, err := h.Start(h.spec(newTestGame(t, 20, 2))); !errors.Is(err, ErrStopped) {
			t.Errorf("start: %v, want ErrStopped", err)
		}
		m := h.config.Metrics
		if a, b := testutil.ToFloat64(m.Rooms), testutil.ToFloat64(m.Players); a != 0 || b != 0 {
			t.Errorf("metrics show %v rooms and %v players", a, b)
		}
	})
}

func TestConfigIsChecked(t *testing.T) {
	for name, spoil := range map[string]func(c *Config){
		"Workers":         func(c *Config) { c.Workers = -1 },
		"MaxBusy":         func(c *Config) { c.MaxBusy = 1.5 },
		"IdleTimeout":     func(c *Config) { c.IdleTimeout = 0 },
		"UnplayedTimeout": func(c *Config) { c.UnplayedTimeout = 0 },
		"Logger":          func(c *Config) { c.Logger = nil },
		"Metrics":         func(c *Config) { c.Metrics = nil },
	} {
		c := DefaultConfig()
		spoil(&c)
		if _, err := NewPool(c); err == nil {
			t.Errorf("a bad %s was taken", name)
		}
	}
	p, err := NewPool(DefaultConfig())
	if err != nil || len(p.workers) == 0 {
		t.Errorf("the default config: %v", err)
	}
}
