package room

import (
	"fmt"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/ringside-go/ringside/proto"
)

// A standby that comes at any time gets one keyframe and then every tick, and equals the leader after each.
func TestStandbyEqualsItsLeader(t *testing.T) {
	withPool(t, testConfig(), func(h *harness) {
		r := h.start(20, 4)
		ann, _ := h.join(r, Join{Player: "ann"})
		ann.QueueInput(testInputs(1, 5, -2, 7), time.Now(), 0)
		h.pass(time.Second)
		s := attach(t, r, 7)
		h.join(r, Join{Player: "bob"})
		ann.QueueInput(testInputs(4, 1, 1, 1), time.Now(), 0)
		ann.QueueCustom([]byte("tell 255 hello")) // goes before the delta in the clients' bytes
		ann.QueueCustom([]byte("finish"))
		h.pass(time.Second)
		bob, _ := h.join(r, Join{Player: "bob"})
		bob.QueueLost()
		ann.QueueLeave()
		h.pass(time.Second)
		s.check(t)
		if s.frames != 1 || s.ticks != 41 || s.sim.Tick() != r.Info().Tick {
			t.Errorf("%d keyframes, %d ticks up to %d, the room is at %d", s.frames, s.ticks, s.sim.Tick(), r.Info().Tick)
		}
		if i := r.Info(); i.Standbys != 1 {
			t.Errorf("info %+v", i)
		}
		if n := testutil.ToFloat64(h.config.Metrics.StandbyBytes); n < 100 {
			t.Errorf("%v bytes were queued", n)
		}
		if n := testutil.CollectAndCount(h.config.Metrics.StandbyLag); n != 1 {
			t.Errorf("%d lag series", n)
		}
	})
}

// A delta of 128 bytes and more moves in its record, for its length needs a second byte.
func TestStandbyGetsLongDeltas(t *testing.T) {
	withPool(t, testConfig(), func(h *harness) {
		r := h.start(20, 64)
		s := attach(t, r, 1)
		for i := range 60 {
			if _, err := r.QueueJoin(Join{Player: proto.PlayerID(fmt.Sprint("a player of the name ", i)[2:4] + fmt.Sprint(i)), Client: &testClient{}}); err != nil {
				t.Fatal(err)
			}
		}
		h.pass(time.Second)
		if s.check(t).ticks < 19 || len(r.frames.shared) == 0 {
			t.Errorf("%d ticks", s.ticks)
		}
	})
}

// One that takes nothing costs the room a keyframe four times a second, and gets one when it takes it.
func TestFullStandbyGetsAKeyframe(t *testing.T) {
	withPool(t, testConfig(), func(h *harness) {
		r := h.start(20, 4)
		s, other := attach(t, r, 1), attach(t, r, 2)
		ann, _ := h.join(r, Join{Player: "ann"})
		s.fill(true)
		ann.QueueInput(testInputs(1, 5), time.Now(), 0)
		h.pass(5 * time.Second)
		if s.check(t).tries != 1+20 || r.Info().Standbys != 1 {
			t.Errorf("%d keyframes tried in 5 s, info %+v", s.tries, r.Info())
		}
		s.fill(false)
		h.pass(time.Second)
		if s.check(t).frames != 2 || s.ticks < 15 || r.Info().Standbys != 2 {
			t.Errorf("%d keyframes, %d ticks, info %+v", s.frames, s.ticks, r.Info())
		}
		if other.check(t).frames != 1 || other.ticks != 120 {
			t.Errorf("the other: %d keyframes, %d ticks", other.frames, other.ticks)
		}
	})
}

func TestStandbyIsReplacedAndDetached(t *testing.T) {
	withPool(t, testConfig(), func(h *harness) {
		r := h.start(20, 4)
		first := attach(t, r, 1)
		h.pass(time.Second)
		second := attach(t, r, 1)
		h.pass(time.Second)
		if first.check(t).ticks != 19 || second.check(t).frames != 1 || second.ticks != 19 {
			t.Errorf("%d ticks to the first, %d to the second", first.ticks, second.ticks)
		}
		if err := r.QueueRemoveStandby(1); err != nil {
			t.Error(err)
		}
		r.QueueRemoveStandby(9) // nobody
		r.Acked(9, 1)
		r.Ready(9, 1)
		h.pass(time.Second)
		if second.check(t).ticks != 19 || r.Info().Standbys != 0 {
			t.Errorf("%d ticks after it was detached, info %+v", second.ticks, r.Info())
		}
	})
}

// What others say to a room that has ended is answered, or does nothing.
func TestEndedRoomTakesNoControl(t *testing.T) {
	withPool(t, testConfig(), func(h *harness) {
		r := h.start(20, 4)
		r.QueueStop(proto.CloseEnded, "")
		h.pass(time.Second)
		for name, err := range map[string]error{
			"standby":  r.QueueStandby(1, &testStandby{}, 0, false),
			"remove":   r.QueueRemoveStandby(1),
			"suspend":  r.QueueSuspend(ReasonQuorum, ""),
			"resume":   r.QueueResume(ReasonQuorum, time.Now()),
			"step":     r.QueueStep(nil),
			"handoff":  r.QueueHandoff(Handoff{}),
			"call off": r.QueueCallOff(),
			"depose":   r.QueueDepose(proto.Moved{}),
		} {
			if err != ErrStopped {
				t.Errorf("%s: %v, want ErrStopped", name, err)
			}
		}
		r.Acked(1, 1)
		r.Ready(1, 1)
		r.NeedKeyframe(1)
	})
}

// A room that nobody is in ends, though its standby acknowledges every tick.
func TestIdleRoomWithAStandbyEnds(t *testing.T) {
	c := testConfig()
	withPool(t, c, func(h *harness) {
		r := h.start(20, 4)
		s := attach(t, r, 1)
		s.delay = time.Millisecond
		h.pass(c.IdleTimeout + time.Second)
		h.wantEnded(1)
	})
}

// handedOver hands a room over and returns the next leader, started but without a tick yet, and what the old one gave away.
func handedOver(t *testing.T, h *harness) (next *Room, out HandedOver) {
	t.Helper()
	r := h.start(20, 4)
	s := attach(t, r, 1)
	ann, _ := h.join(r, Join{Player: "ann"})
	ann.QueueInput(testInputs(1, 1, 2, 3, 4, 5, 6), time.Now(), 0)
	ann.QueueCustom([]byte("finish"))
	got := handOff(t, r, 0)
	h.pass(50 * time.Millisecond)
	got.want(t, r.Info().Tick)
	spec := h.spec(s.check(t).sim)
	spec.Epoch, spec.Resumed, spec.Pending, spec.Due, spec.Standbys = s.final.Epoch, true, s.final.Pending, 10*time.Millisecond, []int{1}
	next, err := h.Start(spec)
	if err != nil {
		t.Fatal(err)
	}
	return next, got.out
}

// The old leader stands by for the new one from what it has: it gets no keyframe, equals the leader after every tick, and
// counts as having the final tick once it has acknowledged that, so that outcomes up to it are told.
func TestOldLeaderStandsByWithoutAKeyframe(t *testing.T) {
	withPool(t, testConfig(), func(h *harness) {
		r, out := handedOver(t, h)
		s := attachCopy(t, r, 1, out)
		s.silent = true
		h.pass(50 * time.Millisecond)
		_, f := h.join(r, Join{Spectator: true})
		h.pass(time.Second)
		if s.check(t).frames != 0 || proto.Tick(s.ticks) != r.Info().Tick-out.Tick || r.Info().Standbys != 1 {
			t.Errorf("%d keyframes, %d ticks, info %+v", s.frames, s.ticks, r.Info())
		}
		f.wantMatches(t, "before an acknowledgement")
		r.Acked(1, out.Tick)
		h.pass(100 * time.Millisecond)
		f.wantMatches(t, "decided in the final tick", 1)
	})
}

// A standby whose base is not the room's tick gets a keyframe, and has nothing until it acknowledges that.
func TestStandbyWithAnotherBaseGetsAKeyframe(t *testing.T) {
	for name, test := range map[string]struct {
		base    proto.Tick
		hasBase bool
	}{"earlier": {1, true}, "later": {100, true}, "none": {3, false}} {
		t.Run(name, func(t *testing.T) {
			withPool(t, testConfig(), func(h *harness) {
				r := h.start(20, 4)
				ann, f := h.join(r, Join{Player: "ann"})
				h.pass(50 * time.Millisecond)
				if r.Info().Tick != 3 {
					t.Fatalf("tick %d, the test is about 3", r.Info().Tick)
				}
				s := &testStandby{room: r, id: 1, options: testOptions(20, 4), silent: true}
				r.QueueStandby(1, s, test.base, test.hasBase)
				ann.QueueCustom([]byte("finish"))
				h.pass(time.Second)
				if s.check(t).frames != 1 || s.ticks != 19 {
					t.Errorf("%d keyframes, %d ticks", s.frames, s.ticks)
				}
				f.wantMatches(t, "before an acknowledgement")
			})
		})
	}
}

// A standby that asks for a keyframe gets one instead of the next delta, at most four times a second, and outcomes wait
// until it acknowledges that.
func TestStandbyNeedsAKeyframe(t *testing.T) {
	withPool(t, testConfig(), func(h *harness) {
		r := h.start(20, 4)
		s := attach(t, r, 1)
		ann, f := h.join(r, Join{Player: "ann"})
		h.pass(time.Second)
		s.mu.Lock()
		s.silent = true
		s.mu.Unlock()
		ticks := s.check(t).ticks
		r.NeedKeyframe(1)
		ann.QueueCustom([]byte("finish"))
		h.pass(50 * time.Millisecond)
		if s.check(t).frames != 2 || s.ticks != ticks {
			t.Errorf("%d keyframes, %d ticks after %d", s.frames, s.ticks, ticks)
		}
		if r.standbys[0].any {
			t.Errorf("it counts as having tick %d", r.standbys[0].acked)
		}
		h.pass(time.Second)
		f.wantMatches(t, "before the keyframe is acknowledged")
		r.Acked(1, r.Info().Tick)
		h.pass(time.Second)
		f.wantMatches(t, "after it", 1)
		before := s.check(t).frames
		for range 20 {
			r.NeedKeyframe(1)
			h.pass(50 * time.Millisecond)
		}
		if n := s.check(t).frames - before; n != 4 {
			t.Errorf("%d keyframes in a second, want 4", n)
		}
	})
}

// A standby that did not take the final tick is told of the next leader too; one that is not attached is not.
func TestLaggingStandbyHearsOfTheHandoff(t *testing.T) {
	withPool(t, testConfig(), func(h *harness) {
		spec := h.spec(newTestGame(t, 20, 4))
		spec.Standbys = []int{3}
		r, err := h.Start(spec)
		if err != nil {
			t.Fatal(err)
		}
		attach(t, r, 1)
		s := attach(t, r, 2)
		h.pass(time.Second)
		had := s.check(t).sim.Tick()
		s.fill(true)
		got := handOff(t, r, 0)
		h.pass(time.Second)
		got.want(t, had+1)
		if want := (handed{"next", offered, had}); len(s.check(t).handed) != 1 || s.handed[0] != want {
			t.Errorf("told %+v, want %+v", s.handed, want)
		}
	})
}
