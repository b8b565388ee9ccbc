package room

import (
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/ringside-go/ringside/gameserver/internal/replication"
	"github.com/ringside-go/ringside/proto"
)

// result is what a Handoff's Result was told.
type result struct {
	calls int
	out   HandedOver
	err   error
}

func (r *result) take(out HandedOver, err error) {
	r.calls++
	r.out, r.err = out, err
}

// handOff asks for a handoff to standby 1.
func handOff(t *testing.T, r *Room, within time.Duration) *result {
	t.Helper()
	got := &result{}
	h := Handoff{ID: 1, To: proto.Moved{URL: "ws://next", Server: "next"}, Within: within, Result: got.take}
	if err := r.QueueHandoff(h); err != nil {
		t.Fatal(err)
	}
	return got
}

// want fails t unless the room was handed over after tick.
func (r *result) want(t *testing.T, tick proto.Tick) {
	t.Helper()
	if r.calls != 1 || r.err != nil || r.out.Epoch != offered || r.out.Tick != tick || r.out.Sim == nil || r.out.Sim.Tick() != tick {
		t.Errorf("handoff: %d results, %+v, error %v; want epoch %v after tick %d", r.calls, r.out, r.err, offered, tick)
	}
}

func (r *result) wantError(t *testing.T, text string) {
	t.Helper()
	if r.calls != 1 || !errors.Is(r.err, ErrHandoff) || !strings.Contains(r.err.Error(), text) {
		t.Errorf("handoff: %d results, error %v; want one about %q", r.calls, r.err, text)
	}
}

func (h *harness) wantMoves(result string, want float64) {
	h.t.Helper()
	if n := testutil.ToFloat64(h.config.Metrics.Moves.WithLabelValues("handoff", result)); n != want {
		h.t.Errorf("%v handoffs %s, want %v", n, result, want)
	}
}

var offered = proto.Epoch{Counter: 4, Server: "next"}

// The whole way: prepare, the final tick, moved, closed. The room ends by itself, and its state is given away.
func TestHandoff(t *testing.T) {
	withPool(t, testConfig(), func(h *harness) {
		r := h.start(20, 4)
		s, other := attach(t, r, 1), attach(t, r, 2)
		o, f := h.join(r, Join{Player: "ann"})
		_, watching := h.join(r, Join{Spectator: true})
		got := handOff(t, r, 10*time.Second)
		h.pass(50 * time.Millisecond)
		prepare := proto.Moved{URL: "ws://next", Server: "next", WithinMs: 10000}
		for _, f := range []*testClient{f, watching} {
			if p := f.check(t).prepares; len(p) != 1 || p[0] != prepare {
				t.Fatalf("prepares %+v", p)
			}
		}
		_, late := h.join(r, Join{Player: "bob"})
		if p := late.check(t).prepares; len(p) != 1 || p[0] != prepare || r.Info().State != HandingOver {
			t.Errorf("one who came later: prepares %+v, info %+v", p, r.Info())
		}
		r.Ready(1, 2)
		h.pass(time.Second)
		if s.check(t).final != nil || got.calls != 0 {
			t.Fatal("it was handed over before all three clients waited")
		}
		o.QueueInput(testInputs(1, 1, 2, 3, 4, 5, 6), time.Now(), 0) // two more than a tick takes
		r.Ready(1, 3)
		h.pass(50 * time.Millisecond)
		last := r.Info()
		got.want(t, last.Tick)
		final := s.check(t).final
		if final == nil || final.Tick != last.Tick || final.Epoch != offered || final.Due != 50*time.Millisecond {
			t.Fatalf("final %+v at tick %d", final, last.Tick)
		}
		want := []replication.SeatInput{{Seat: 0, Input: testInputs(5, 5, 6)}}
		want[0].Input.Ack = last.Tick - 1 // the newest when the message came
		if !reflect.DeepEqual(final.Pending, want) {
			t.Errorf("pending %+v, want %+v", final.Pending, want)
		}
		if a, b := got.out.Sim.Store().SecretHash(), s.sim.Store().SecretHash(); a != b {
			t.Errorf("the state given away has hash %#x, the target's %#x", a, b)
		}
		if want := (handed{"next", offered, last.Tick}); !slices.Equal(other.check(t).handed, []handed{want}) || s.handed != nil {
			t.Errorf("the other standby was told %+v, want %+v; the target %+v", other.handed, want, s.handed)
		}
		h.wantEnded(1)
		moved := proto.Moved{URL: "ws://next", Server: "next", Epoch: offered}
		for _, f := range []*testClient{f, watching, late} {
			if m := f.check(t).moves; len(m) != 1 || m[0] != moved || f.ticks[len(f.ticks)-1] != last.Tick {
				t.Errorf("moves %+v, last tick %v of %d", m, f.ticks[len(f.ticks)-1], last.Tick)
			}
			f.wantCloses(t, proto.CloseMoved)
		}
		if _, err := r.QueueJoin(Join{Player: "eve", Client: &testClient{}}); err != ErrStopped {
			t.Errorf("a join after the end: %v", err)
		}
		h.wantMoves("done", 1)
		m := h.config.Metrics
		for name, c := range map[string]struct {
			got  prometheus.Collector
			want float64
		}{"clients sent on": {m.Moved, 3}, "rooms": {m.Rooms, 0}, "players": {m.Players, 0}, "spectators": {m.Spectators, 0}} {
			if n := testutil.ToFloat64(c.got); n != c.want {
				t.Errorf("%v %s, want %v", n, name, c.want)
			}
		}
		h.pass(time.Second)
		if got.out.Sim.Tick() != last.Tick || r.Info().Tick != last.Tick {
			t.Errorf("the room still ticks: %+v", r.Info())
		}
	})
}

// Clients that join while the final tick runs are sent on too, welcomed or not.
func TestHandoffSendsOnWhoHasJustCome(t *testing.T) {
	withPool(t, testConfig(), func(h *harness) {
		r := h.start(20, 4)
		attach(t, r, 1)
		_, f := h.join(r, Join{Player: "ann"})
		h.pass(20 * time.Millisecond) // between two ticks
		got := handOff(t, r, 0)
		welcomed, late := &testClient{}, &testClient{}
		r.QueueJoin(Join{Player: "bob", Client: welcomed})
		f.mu.Lock()
		f.framed = func() { r.QueueJoin(Join{Player: "eve", Client: late}) } // the final tick has taken the inbox
		f.mu.Unlock()
		h.pass(time.Second)
		got.want(t, r.Info().Tick)
		for _, f := range []*testClient{f, welcomed, late} {
			if f.check(t).wantCloses(t, proto.CloseMoved); len(f.moves) != 1 || f.moves[0].Epoch != offered {
				t.Errorf("moves %+v", f.moves)
			}
		}
		if len(welcomed.welcomes) != 1 || len(late.welcomes) != 0 {
			t.Errorf("%d and %d welcomes, want 1 and 0", len(welcomed.welcomes), len(late.welcomes))
		}
	})
}

// The owner of the state has it alone when Result is called: the room does nothing with it after that, closes its clients and ends.
// Nobody waits for the clients, since the new leader may ask for the state at once.
func TestHandedOverStateBelongsToItsOwner(t *testing.T) {
	withPool(t, testConfig(), func(h *harness) {
		spec := h.spec(newTestGame(t, 20, 4))
		var order []string
		var f *testClient
		spec.Ended = func(r *Room) {
			order = append(order, "ended")
			f.wantCloses(t, proto.CloseMoved)
			if r.sim != nil || r.Info().Tick == 0 {
				t.Errorf("the ended room has a state, or lost its info: %+v", r.Info())
			}
		}
		r, err := h.Start(spec)
		if err != nil {
			t.Fatal(err)
		}
		attach(t, r, 1)
		_, f = h.join(r, Join{Player: "ann"})
		r.QueueHandoff(Handoff{ID: 1, To: proto.Moved{URL: "ws://next", Server: "next"}, Result: func(out HandedOver, err error) {
			order = append(order, "result")
			f.wantCloses(t)
		}})
		h.pass(time.Second)
		if want := []string{"result", "ended"}; !slices.Equal(order, want) {
			t.Errorf("calls %v, want %v", order, want)
		}
	})
}

// A room ends once, even if the owner's functions fail: it is not ended again as a crashed one.
func TestRoomWhoseOwnerFailsEndsOnce(t *testing.T) {
	for name, result := range map[string]bool{"result": true, "ended": false} {
		t.Run(name, func(t *testing.T) {
			withPool(t, testConfig(), func(h *harness) {
				calls := 0
				fail := func() {
					calls++
					panic("the owner fails")
				}
				spec := h.spec(newTestGame(t, 20, 4))
				if !result {
					spec.Ended = func(*Room) { fail() }
				}
				r, err := h.Start(spec)
				if err != nil {
					t.Fatal(err)
				}
				attach(t, r, 1)
				_, f := h.join(r, Join{Player: "ann"})
				r.QueueHandoff(Handoff{ID: 1, To: proto.Moved{URL: "ws://next", Server: "next"}, Result: func(HandedOver, error) {
					if result {
						fail()
					}
				}})
				h.pass(time.Second)
				if f.wantCloses(t, proto.CloseMoved); calls != 1 {
					t.Errorf("%d calls", calls)
				}
				if result {
					h.wantEnded(1)
				}
				if n := testutil.ToFloat64(h.config.Metrics.Rooms); n != 0 {
					t.Errorf("%v rooms are left", n)
				}
			})
		})
	}
}

// A client that makes the room fail after the final tick was queued changes nothing about the handoff.
func TestHandoffAfterAFailingClient(t *testing.T) {
	withPool(t, testConfig(), func(h *harness) {
		r := h.start(20, 4)
		attach(t, r, 1)
		_, f := h.join(r, Join{Player: "ann"})
		_, other := h.join(r, Join{Player: "bob"})
		got := handOff(t, r, time.Minute)
		h.pass(time.Second)
		f.mu.Lock()
		f.failing = true
		f.mu.Unlock()
		r.Ready(1, 2)
		h.pass(time.Second)
		got.want(t, r.Info().Tick)
		other.wantCloses(t, proto.CloseMoved)
		h.wantEnded(1)
	})
}

// Clients that do not come to the next server are waited for until the time is over, to the tick.
func TestHandoffAfterItsDeadline(t *testing.T) {
	withPool(t, testConfig(), func(h *harness) {
		r := h.start(20, 4)
		s := attach(t, r, 1)
		h.join(r, Join{Player: "ann"})
		begun := r.Info().Tick + 1
		got := handOff(t, r, 500*time.Millisecond)
		h.pass(time.Second)
		got.want(t, begun+10)
		s.check(t)
	})
}

// A room without clients waits for nobody.
func TestHandoffOfAnEmptyRoom(t *testing.T) {
	withPool(t, testConfig(), func(h *harness) {
		r := h.start(20, 4)
		attach(t, r, 1)
		h.pass(100 * time.Millisecond)
		got := handOff(t, r, 10*time.Second)
		h.pass(50 * time.Millisecond)
		got.want(t, r.Info().Tick)
	})
}

// A standby that is behind is waited for beyond the deadline, for a bounded time.
func TestHandoffWaitsForTheStandby(t *testing.T) {
	for name, catches := range map[string]bool{"in time": true, "too late": false} {
		t.Run(name, func(t *testing.T) {
			withPool(t, testConfig(), func(h *harness) {
				r := h.start(20, 4)
				s := attach(t, r, 1)
				s.silent = true
				h.join(r, Join{Player: "ann"})
				got := handOff(t, r, 500*time.Millisecond)
				h.pass(time.Second)
				if got.calls != 0 {
					t.Fatal("handed to a standby that has nothing")
				}
				if catches {
					r.Acked(1, r.Info().Tick-handoffLag+1)
				}
				h.pass(50 * time.Millisecond)
				if catches {
					got.want(t, r.Info().Tick)
					return
				}
				h.pass(500 * time.Millisecond)
				got.wantError(t, "the standby has tick 0 of")
				if r.Info().State != Ticking {
					t.Errorf("info %+v", r.Info())
				}
				h.wantMoves("called-off", 1)
			})
		})
	}
}

// Whatever comes between, before the final tick: the handoff ends with an error and the room goes on as it was.
func TestHandoffIsCalledOff(t *testing.T) {
	for text, act := range map[string]func(r *Room, s *testStandby){
		"the standby is lost": func(r *Room, _ *testStandby) { r.QueueRemoveStandby(1) },
		"it was called off":   func(r *Room, _ *testStandby) { r.QueueCallOff() },
		"it was suspended": func(r *Room, _ *testStandby) {
			r.QueueSuspend(ReasonPaused, "")
			r.QueueResume(ReasonPaused, time.Now())
		},
		"the standby did not take the final tick": func(r *Room, s *testStandby) { s.fill(true); r.Ready(1, 1) },
	} {
		t.Run(text, func(t *testing.T) {
			withPool(t, testConfig(), func(h *harness) {
				r := h.start(20, 4)
				s := attach(t, r, 1)
				_, f := h.join(r, Join{Player: "ann"})
				got := handOff(t, r, time.Minute)
				h.pass(time.Second)
				before := r.Info().Tick
				act(r, s)
				h.pass(time.Second)
				got.wantError(t, text)
				h.wantMoves("called-off", 1)
				if i := r.Info(); i.Tick != before+20 || i.State != Ticking || i.Epoch.Counter != 3 {
					t.Errorf("info %+v, tick %d a second before", i, before)
				}
				if f.check(t).wantCloses(t); len(f.moves) != 0 || len(f.ticks) < 40 {
					t.Errorf("%d ticks, moves %+v", len(f.ticks), f.moves)
				}
			})
		})
	}
}

func TestHandoffIsRefused(t *testing.T) {
	for text, arrange := range map[string]func(t *testing.T, r *Room){
		"no standby has id 1":     func(*testing.T, *Room) {},
		"is under way":            func(t *testing.T, r *Room) { attach(t, r, 1); handOff(t, r, time.Minute) },
		"it is suspended: paused": func(t *testing.T, r *Room) { attach(t, r, 1); r.QueueSuspend(ReasonPaused, "") },
		"it is suspended: quorum": func(t *testing.T, r *Room) { attach(t, r, 1); r.QueueSuspend(ReasonQuorum, "") },
	} {
		t.Run(text, func(t *testing.T) {
			withPool(t, testConfig(), func(h *harness) {
				r := h.start(20, 4)
				h.join(r, Join{Player: "ann"})
				arrange(t, r)
				h.pass(time.Second)
				got := handOff(t, r, time.Minute)
				h.pass(time.Second)
				got.wantError(t, text)
				h.wantMoves("called-off", 0)
			})
		})
	}
}

// At 60 ticks a second and a round trip of 100 ms six ticks are always on their way. The target counts as caught up with
// them, but not with more ticks than that.
func TestHandoffOverADistance(t *testing.T) {
	const roundTrip = 100 * time.Millisecond
	for name, test := range map[string]struct {
		told, real time.Duration
		ok         bool
	}{
		"as measured":     {roundTrip, roundTrip, true},
		"not measured":    {0, roundTrip, false},
		"further behind":  {roundTrip, 2 * roundTrip, false},
		"one server room": {0, 0, true},
	} {
		t.Run(name, func(t *testing.T) {
			withPool(t, testConfig(), func(h *harness) {
				r := h.start(60, 4)
				s := attach(t, r, 1)
				s.delay = test.real
				_, f := h.join(r, Join{Player: "ann"})
				h.pass(time.Second)
				got := &result{}
				r.QueueHandoff(Handoff{ID: 1, To: proto.Moved{URL: "ws://next", Server: "next"}, Within: time.Second,
					RoundTrip: test.told, Result: got.take})
				h.pass(20 * time.Millisecond)
				r.Ready(1, 1)
				h.pass(20 * time.Millisecond)
				if test.ok {
					got.want(t, r.Info().Tick)
					f.wantCloses(t, proto.CloseMoved)
					return
				}
				h.pass(time.Second + catchUpTime)
				got.wantError(t, "the standby has tick")
				f.wantCloses(t)
			})
		})
	}
}
