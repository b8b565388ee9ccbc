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
		ann.QueueInput(testInputs(1, 5, -2, 7), time.Now())
		h.pass(time.Second)
		s := attach(t, r, 7)
		h.join(r, Join{Player: "bob"})
		ann.QueueInput(testInputs(4, 1, 1, 1), time.Now())
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
		if n := testutil.ToFloat64(h.config.Metrics.FeedBytes); n < 100 {
			t.Errorf("%v bytes were fed", n)
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
		ann.QueueInput(testInputs(1, 5), time.Now())
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
			"follow":   r.QueueStandby(1, &testStandby{}, 0, false),
			"unfollow": r.QueueRemoveStandby(1),
			"handoff":  r.QueueHandoff(Handoff{}),
			"call off": r.QueueCallOff(),
			"took":     r.QueueTook(proto.Epoch{}),
			"failed":   r.QueueHandoffFailed(proto.Epoch{}),
			"freeze":   r.QueueSuspend(ReasonQuorum, ""),
			"hold":     r.QueueSuspend(ReasonPaused, ""),
			"release":  r.QueueResume(ReasonPaused, time.Now()),
			"depose":   r.QueueDepose(proto.Moved{}),
		} {
			if err != ErrStopped {
				t.Errorf("%s: %v, want ErrStopped", name, err)
			}
		}
		r.Acked(1, 1)
		r.Ready(1, 1)
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
