package room

import (
	"testing"
	"time"

	"github.com/ringside-go/ringside/proto"
)

// handedRoom plays a room until its final tick and gives the standby that has it, with two players and inputs of ann that
// no tick has taken. token is ann's.
func handedRoom(t *testing.T, h *harness) (s *testStandby, token []byte) {
	r := h.start(20, 4)
	s = attach(t, r, 1)
	ann, f := h.join(r, Join{Player: "ann"})
	h.join(r, Join{Player: "bob"})
	ann.QueueInput(testInputs(1, 1, 2, 3, 4, 5, 6), time.Now(), 0)
	got := handOff(t, r, 0)
	h.pass(50 * time.Millisecond)
	got.want(t, r.Info().Tick)
	return s.check(t), f.welcomes[0].Resume
}

func (h *harness) resume(t *testing.T, s *testStandby, enter func(r *Room)) *Room {
	t.Helper()
	spec := h.spec(s.sim)
	spec.Epoch, spec.Resumed, spec.Pending, spec.Due, spec.Enter = s.final.Epoch, true, s.final.Pending, time.Millisecond, enter
	r, err := h.Start(spec)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// The first tick of a resumed room takes the inputs that the last leader's final tick left over, and welcomes with it
// the clients that waited.
func TestResumedRoomTakesPendingInputs(t *testing.T) {
	for _, waits := range []bool{true, false} {
		withPool(t, testConfig(), func(h *harness) {
			s, token := handedRoom(t, h)
			if x := s.sim.Processed(0); x != 4 {
				t.Fatalf("%d samples processed before", x)
			}
			last, f := s.sim.Tick(), &testClient{}
			r := h.resume(t, s, func(r *Room) {
				if waits {
					r.QueueJoin(Join{Client: f, Resume: token})
				}
			})
			h.pass(time.Millisecond)
			if r.Info().Tick != last+1 || r.sim.Processed(0) != 6 {
				t.Errorf("tick %d after %d, %d samples processed", r.Info().Tick, last, r.sim.Processed(0))
			}
			if !waits {
				return
			}
			w := f.check(t).welcomes
			if len(w) != 1 || w[0].Tick != last+1 || w[0].Processed != 6 || w[0].Epoch != offered || w[0].Server != "next" || w[0].Flags&proto.WelcomeResumed == 0 {
				t.Errorf("welcomes %+v", w)
			}
			if f.x(t, 0).X != 21 {
				t.Errorf("x is %d", f.x(t, 0).X)
			}
		})
	}
}

// The clients of a resumed room have returnTime before the game hears that they are not connected; then their seats are
// held as ever.
func TestResumedRoomWaitsForItsClients(t *testing.T) {
	withPool(t, testConfig(), func(h *harness) {
		s, token := handedRoom(t, h)
		r := h.resume(t, s, nil)
		connected := func() (list [2]bool) {
			for seat := range list {
				p, ok := r.sim.Player(proto.Seat(seat))
				list[seat] = ok && p.Connected
			}
			return list
		}
		h.pass(returnTime - time.Second)
		if got := connected(); got != [2]bool{true, true} {
			t.Errorf("connected before the time is over: %v", got)
		}
		h.join(r, Join{Resume: token})
		h.pass(time.Second)
		if got := connected(); got != [2]bool{true, false} {
			t.Errorf("connected after it: %v", got)
		}
		if i := r.Info(); i.Players != 2 || i.Connected != 1 {
			t.Errorf("info %+v", i)
		}
		h.pass(proto.SeatHold - 100*time.Millisecond)
		if n := r.Info().Players; n != 2 {
			t.Errorf("%d seats taken before the hold is over", n)
		}
		h.pass(200 * time.Millisecond)
		if n := r.Info().Players; n != 1 {
			t.Errorf("%d seats taken after it", n)
		}
	})
}

// A busy worker refuses new rooms, but not one that others have played before.
func TestResumedRoomIsNeverRefused(t *testing.T) {
	withPool(t, testConfig(), func(h *harness) {
		s, _ := handedRoom(t, h)
		busy := h.start(20, 2)
		o, _ := h.join(busy, Join{Player: "a"})
		o.QueueCustom([]byte("nap 49"))
		h.pass(5 * time.Second)
		if _, err := h.Start(h.spec(newTestGame(t, 20, 2))); err == nil {
			t.Error("a new room was taken")
		}
		h.resume(t, s, nil)
	})
}

// The clients that were queued for a room that cannot start are closed, and it has not ended, for it never was.
func TestEnterOfARoomThatCannotStart(t *testing.T) {
	withPool(t, testConfig(), func(h *harness) {
		h.stop()
		f := &testClient{}
		spec := h.spec(newTestGame(t, 20, 2))
		spec.Resumed = true
		spec.Enter = func(r *Room) {
			if _, err := r.QueueJoin(Join{Player: "ann", Client: f}); err != nil {
				t.Error(err)
			}
		}
		if _, err := h.Start(spec); err == nil {
			t.Error("it started")
		}
		f.check(t).wantCloses(t, proto.CloseStopping)
		h.wantEnded(0)
	})
}
