package room

import (
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/ringside-go/ringside/gameserver/internal/replication"
	"github.com/ringside-go/ringside/proto"
)

// result is what a Handoff said in the end.
type result struct {
	calls   int
	offered proto.Epoch
	err     error
}

func (r *result) take(offered proto.Epoch, err error) {
	r.calls++
	r.offered, r.err = offered, err
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

func (r *result) want(t *testing.T, offered proto.Epoch) {
	t.Helper()
	if r.calls != 1 || r.err != nil || r.offered != offered {
		t.Errorf("handoff: %d results, offered %v, error %v; want %v", r.calls, r.offered, r.err, offered)
	}
}

func (r *result) wantError(t *testing.T, text string) {
	t.Helper()
	if r.calls != 1 || !errors.Is(r.err, ErrHandoff) || !strings.Contains(r.err.Error(), text) {
		t.Errorf("handoff: %d results, error %v; want one about %q", r.calls, r.err, text)
	}
}

func (h *hall) wantMoves(result string, want float64) {
	h.t.Helper()
	if n := testutil.ToFloat64(h.config.Metrics.Moves.WithLabelValues("handoff", result)); n != want {
		h.t.Errorf("%v handoffs %s, want %v", n, result, want)
	}
}

var offered = proto.Epoch{Counter: 4, Server: "next"}

// The whole way: prepare, the final tick, moved, took.
func TestHandoff(t *testing.T) {
	open(t, testConfig(), func(h *hall) {
		r := h.start(20, 4)
		s := follow(t, r, 1)
		o, f := h.join(r, Join{Player: "ann"})
		_, watching := h.join(r, Join{Spectator: true})
		got := handOff(t, r, 10*time.Second)
		h.pass(50 * time.Millisecond)
		prepare := proto.Moved{URL: "ws://next", Server: "next", WithinMs: 10000}
		for _, f := range []*follower{f, watching} {
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
		o.QueueInput(drillInputs(1, 1, 2, 3, 4, 5, 6), time.Now()) // two more than a tick takes
		r.Ready(1, 3)
		h.pass(50 * time.Millisecond)
		got.want(t, offered)
		last := r.Info()
		f6 := s.check(t).final
		if f6 == nil || f6.Tick != last.Tick || f6.Epoch != offered || f6.Due != 50*time.Millisecond {
			t.Fatalf("final %+v at tick %d", f6, last.Tick)
		}
		want := []replication.SeatInput{{Seat: 0, Input: drillInputs(5, 5, 6)}}
		if !reflect.DeepEqual(f6.Pending, want) {
			t.Errorf("pending %+v, want %+v", f6.Pending, want)
		}
		h.pass(time.Second)
		moved := proto.Moved{URL: "ws://next", Server: "next", Epoch: offered}
		for _, f := range []*follower{f, watching, late} {
			if m := f.check(t).moves; len(m) != 1 || m[0] != moved || f.ticks[len(f.ticks)-1] != last.Tick {
				t.Errorf("moves %+v, last tick %v of %d", m, f.ticks[len(f.ticks)-1], last.Tick)
			}
			f.wantCloses(t)
		}
		if i := r.Info(); i.Tick != last.Tick || i.State != Handed || i.Standbys != 1 {
			t.Errorf("info %+v", i)
		}
		_, tooLate := h.join(r, Join{Player: "eve"})
		if m := tooLate.check(t).moves; len(m) != 1 || m[0] != moved {
			t.Errorf("one who came too late: moves %+v", m)
		}
		tooLate.wantCloses(t, proto.CloseMoved)
		r.QueueTook(proto.Epoch{Counter: 3, Server: "next"}) // of long ago
		h.pass(time.Second)
		h.wantEnded(0)
		behind := &follower{}
		r.QueueTook(offered)
		r.QueueJoin(Join{Player: "zoe", Client: behind})
		h.pass(time.Second)
		h.wantEnded(1)
		for _, f := range []*follower{f, watching, late, behind} {
			if f.check(t).wantCloses(t, proto.CloseMoved); len(f.moves) != 1 {
				t.Errorf("moves %+v", f.moves)
			}
		}
		h.wantMoves("done", 1)
		if n := testutil.ToFloat64(h.config.Metrics.Moved); n != 5 {
			t.Errorf("%v clients were sent on, want 5", n)
		}
	})
}

// Clients that do not come to the next server are waited for until the time is over, to the tick.
func TestHandoffAfterItsDeadline(t *testing.T) {
	open(t, testConfig(), func(h *hall) {
		r := h.start(20, 4)
		s := follow(t, r, 1)
		h.join(r, Join{Player: "ann"})
		begun := r.Info().Tick + 1
		got := handOff(t, r, 500*time.Millisecond)
		h.pass(time.Second)
		got.want(t, offered)
		if s.check(t).final.Tick != begun+10 {
			t.Errorf("the final tick is %d, begun at %d", s.final.Tick, begun)
		}
	})
}

// A room without clients waits for nobody.
func TestHandoffOfAnEmptyRoom(t *testing.T) {
	open(t, testConfig(), func(h *hall) {
		r := h.start(20, 4)
		follow(t, r, 1)
		h.pass(100 * time.Millisecond)
		got := handOff(t, r, 10*time.Second)
		h.pass(50 * time.Millisecond)
		got.want(t, offered)
	})
}

// A standby that is behind is waited for beyond the deadline, for a bounded time.
func TestHandoffWaitsForTheStandby(t *testing.T) {
	for name, catches := range map[string]bool{"in time": true, "too late": false} {
		t.Run(name, func(t *testing.T) {
			open(t, testConfig(), func(h *hall) {
				r := h.start(20, 4)
				s := follow(t, r, 1)
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
					got.want(t, offered)
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
	for text, act := range map[string]func(r *Room, s *replica){
		"the standby is lost":                     func(r *Room, _ *replica) { r.QueueUnfollow(1) },
		"it was called off":                       func(r *Room, _ *replica) { r.QueueCallOff() },
		"it was held":                             func(r *Room, _ *replica) { r.QueueHold(); r.QueueRelease(time.Now()) },
		"it was frozen":                           func(r *Room, _ *replica) { r.QueueFreeze(true, ""); r.QueueFreeze(false, "") },
		"the standby did not take the final tick": func(r *Room, s *replica) { s.fill(true); r.Ready(1, 1) },
	} {
		t.Run(text, func(t *testing.T) {
			open(t, testConfig(), func(h *hall) {
				r := h.start(20, 4)
				s := follow(t, r, 1)
				_, f := h.join(r, Join{Player: "ann"})
				got := handOff(t, r, time.Minute)
				h.pass(time.Second)
				r.QueueTook(offered) // without a final tick
				r.QueueHandoffFailed(proto.Epoch{Counter: 9, Server: "server-1"})
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
		"no standby has id 1": func(*testing.T, *Room) {},
		"is under way":        func(t *testing.T, r *Room) { follow(t, r, 1); handOff(t, r, time.Minute) },
		"it is held":          func(t *testing.T, r *Room) { follow(t, r, 1); r.QueueHold() },
		"it is frozen":        func(t *testing.T, r *Room) { follow(t, r, 1); r.QueueFreeze(true, "") },
		"a handoff to next":   func(t *testing.T, r *Room) { follow(t, r, 1); handOff(t, r, 0) },
	} {
		t.Run(text, func(t *testing.T) {
			open(t, testConfig(), func(h *hall) {
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

// A standby that did not take the room: it goes on here, in a new epoch, from the final tick, with who is still here and
// all that they sent meanwhile.
func TestHandoffFails(t *testing.T) {
	open(t, testConfig(), func(h *hall) {
		r := h.start(20, 4)
		s := follow(t, r, 1)
		other := follow(t, r, 2)
		ann, f := h.join(r, Join{Player: "ann"})
		bob, _ := h.join(r, Join{Player: "bob"})
		got := handOff(t, r, 0)
		h.pass(time.Second)
		got.want(t, offered)
		last := r.Info().Tick
		ann.QueueInput(drillInputs(1, 1), time.Now())
		bob.QueueLost()
		h.pass(time.Second)
		ann.QueueInput(drillInputs(2, 2), time.Now())
		failed := proto.Epoch{Counter: 5, Server: "server-1"}
		r.QueueHandoffFailed(failed)
		h.pass(50 * time.Millisecond)
		if i := r.Info(); i.Tick != last+1 || i.Epoch != failed || i.State != Ticking {
			t.Errorf("info %+v after tick %d", i, last)
		}
		if f.check(t).x(t, 0).X != 3 || f.ticks[len(f.ticks)-1] != last+1 {
			t.Errorf("x is %d at tick %d", f.x(t, 0).X, f.ticks[len(f.ticks)-1])
		}
		_, back := h.join(r, Join{Resume: f.welcomes[0].Resume})
		if w := back.check(t).welcomes[0]; w.Epoch != failed || w.Server != "server-1" || w.Processed != 2 {
			t.Errorf("welcome %+v", w)
		}
		if s.check(t).frames != 2 || s.sim.Tick() != r.Info().Tick {
			t.Errorf("the standby that failed: %d keyframes, tick %d", s.frames, s.sim.Tick())
		}
		if other.check(t).frames != 1 || other.sim.Tick() != r.Info().Tick {
			t.Errorf("the other standby: %d keyframes, tick %d", other.frames, other.sim.Tick())
		}
		h.wantMoves("failed", 1)

		follow(t, r, 1)
		h.pass(time.Second)
		again := handOff(t, r, 0)
		h.pass(time.Second)
		again.want(t, proto.Epoch{Counter: 6, Server: "next"})
		if m := back.check(t).moves; len(m) != 1 || m[0].Epoch.Counter != 6 {
			t.Errorf("moves %+v", m)
		}
	})
}

// A room that stands still after its final tick can still be stopped and deposed, and loses a standby without a word.
func TestHandedRoomEnds(t *testing.T) {
	for name, test := range map[string]struct {
		act   func(h *hall, r *Room)
		code  proto.CloseCode
		moves int
	}{
		"stop":   {func(_ *hall, r *Room) { r.QueueStop(proto.CloseEnded, "") }, proto.CloseEnded, 1},
		"depose": {func(_ *hall, r *Room) { r.QueueDepose(proto.Moved{URL: "ws://third", Server: "third"}) }, proto.CloseMoved, 2},
		"pool":   {func(h *hall, _ *Room) { h.stop() }, proto.CloseStopping, 1},
	} {
		t.Run(name, func(t *testing.T) {
			open(t, testConfig(), func(h *hall) {
				r := h.start(20, 4)
				follow(t, r, 1)
				_, f := h.join(r, Join{Player: "ann"})
				got := handOff(t, r, 0)
				h.pass(time.Second)
				r.QueueUnfollow(1)
				r.QueueCallOff()
				h.pass(time.Second)
				if f.check(t).wantCloses(t); r.Info().State != Handed {
					t.Errorf("info %+v", r.Info())
				}
				test.act(h, r)
				h.pass(time.Second)
				got.want(t, offered)
				h.wantEnded(1)
				if f.check(t).wantCloses(t, test.code); len(f.moves) != test.moves {
					t.Errorf("moves %+v", f.moves)
				}
			})
		})
	}
}
