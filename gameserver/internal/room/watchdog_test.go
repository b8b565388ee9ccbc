package room

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/ringside-go/ringside/proto"
)

// A room that hangs in its game ends as crashed within a second. The other rooms of its worker continue, none of them suspended.
func TestHungRoomEndsAlone(t *testing.T) {
	var hangs []Hang
	stalls := 0
	c := testConfig()
	c.Hung = func(h Hang) { hangs = append(hangs, h) }
	c.Stalled = func(time.Duration) { stalls++ }
	withPool(t, c, func(h *harness) {
		bad := h.start(20, 4)
		o, victim := h.join(bad, Join{Player: "ann"})
		var others []*Room
		var clients []*testClient
		for i := range 3 {
			others = append(others, h.start(20, 4))
			_, f := h.join(others[i], Join{Player: proto.PlayerID(fmt.Sprint("p", i))})
			clients = append(clients, f)
		}
		h.pass(time.Second)
		o.QueueCustom([]byte("nap 60000"))
		h.pass(time.Second)
		victim.wantCloses(t, proto.CloseCrashed)
		h.wantEnded(1)
		if len(hangs) != 1 || hangs[0].Room != "room-1" || !strings.Contains(hangs[0].Stack, "(*testGame).Tick") {
			t.Errorf("hangs %+v", hangs)
		}
		if i := bad.Info(); i.Failure == "" || i.Players != 0 {
			t.Errorf("info %+v", i)
		}
		if _, err := bad.QueueJoin(Join{Player: "late", Client: &testClient{}}); err != ErrStopped {
			t.Errorf("join: %v", err)
		}
		var before []proto.Tick
		for _, r := range others {
			before = append(before, r.Info().Tick)
		}
		h.pass(10 * time.Second)
		for i, r := range others {
			if n := r.Info().Tick - before[i]; n < 199 || n > 201 || r.Info().State != Ticking {
				t.Errorf("room %d: %d ticks in the 10 s after, %+v", i, n, r.Info())
			}
		}
		if stalls != 0 || h.Check() != nil || testutil.ToFloat64(h.config.Metrics.RoomsHung) != 1 {
			t.Errorf("%d stalls, %v", stalls, h.Check())
		}
		if n := h.workers[0].load.Load() / int64(tickLoad); n != 60 {
			t.Errorf("the worker has %d ticks a second, want those of three rooms", n)
		}
		h.pass(time.Minute) // the tick returns at last
		for i, f := range clients {
			if n := len(f.closes); n != 0 {
				t.Errorf("client %d was closed", i)
			}
		}
	})
}

// Many rooms may hang one after another, at each worker and in the slow lane, and the pool still stops.
func TestHungRoomsDoNotKeepThePool(t *testing.T) {
	c := testConfig()
	c.Workers = 2
	withPool(t, c, func(h *harness) {
		for i := range 6 {
			r := h.start(20, 4)
			o, f := h.join(r, Join{Player: "ann"})
			o.QueueCustom([]byte("nap 60000"))
			h.pass(time.Second)
			f.wantCloses(t, proto.CloseCrashed)
			h.wantEnded(int32(i + 1))
		}
		good := h.start(20, 4)
		h.pass(time.Second)
		if n := good.Info().Tick; n < 19 {
			t.Errorf("%d ticks", n)
		}
		r := h.start(20, 4)
		o, _ := h.join(r, Join{Player: "ann"})
		o.QueueCustom([]byte("nap 60000"))
		h.pass(60 * time.Millisecond)
		h.stop() // while it hangs and the watchdog has not noticed
		h.wantEnded(8)
		time.Sleep(2 * time.Hour) // a bubble ends with its goroutines
	})
}

// A worker that does not run, though no game keeps it, shows.
func TestStuckWorkerShows(t *testing.T) {
	withPool(t, testConfig(), func(h *harness) {
		r := h.start(20, 4)
		f := &sleeper{}
		if _, err := r.QueueJoin(Join{Player: "ann", Client: f}); err != nil {
			t.Fatal(err)
		}
		h.pass(10 * time.Second)
		if err := h.Check(); err != nil {
			t.Fatal(err)
		}
		f.sleep.Store(int64(5 * time.Second))
		h.pass(3 * time.Second)
		if err := h.Check(); err == nil || !strings.Contains(err.Error(), "has not run") {
			t.Errorf("%v", err)
		}
		h.pass(3 * time.Second)
		if err := h.Check(); err != nil {
			t.Errorf("after it runs again: %v", err)
		}
	})
}
