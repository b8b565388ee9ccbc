package room

import (
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/ringside-go/ringside/proto"
)

// A frozen room says so, stands still, loses nothing that is sent to it, and goes on where it was.
func TestFreezeAndThaw(t *testing.T) {
	withPool(t, testConfig(), func(h *harness) {
		r := h.start(20, 4)
		s := attach(t, r, 1)
		o, f := h.join(r, Join{Player: "ann"})
		_, watching := h.join(r, Join{Spectator: true})
		gone, _ := h.join(r, Join{Player: "bob"})
		before := r.Info()
		flushes := f.check(t).flushes
		r.QueueSuspend(ReasonQuorum, "too few servers")
		r.QueueSuspend(ReasonQuorum, "again")
		h.pass(time.Second)
		frozen := proto.Notice{Code: proto.NoticeSuspended, Text: "too few servers"}
		for _, f := range []*testClient{f, watching} {
			if n := f.check(t).notices; len(n) != 1 || n[0] != frozen {
				t.Errorf("notices %+v", n)
			}
		}
		if f.flushes != flushes+21 {
			t.Errorf("%d flushes in the freeze, want one for the notice and one for what each of 20 polls may have answered", f.flushes-flushes)
		}
		if n := testutil.ToFloat64(h.config.Metrics.RoomsSuspended); n != 1 {
			t.Errorf("%v rooms are frozen", n)
		}
		for seq := range proto.Seq(proto.InputWindow) { // a second of it and more
			if err := o.QueueInput(testInputs(seq+1, 1), time.Now()); err != nil {
				t.Fatal(err)
			}
			h.pass(20 * time.Millisecond)
		}
		_, late := h.join(r, Join{Player: "eve"})
		gone.QueueLost()
		h.pass(time.Minute)
		if i := r.Info(); i.Tick != before.Tick || i.State != Frozen || i.Epoch != before.Epoch || i.Connected != 2 {
			t.Errorf("info %+v, before %+v", i, before)
		}
		if late.check(t).wantCloses(t); len(late.welcomes)+len(late.notices) != 0 {
			t.Errorf("one who came meanwhile has heard something: %+v", late.notices)
		}
		r.QueueResume(ReasonQuorum, time.Time{})
		h.pass(3 * time.Second)
		if n := f.check(t).notices; len(n) != 2 || n[1] != (proto.Notice{Code: proto.NoticeResumed, Text: "enough"}) {
			t.Errorf("notices %+v", n)
		}
		f.wantCloses(t)
		if i := r.Info(); i.Tick != before.Tick+60 || i.State != Ticking {
			t.Errorf("info %+v, before %+v", i, before)
		}
		if len(late.check(t).welcomes) != 1 || late.ticks[0] != before.Tick+1 {
			t.Errorf("one who came meanwhile: ticks %v", late.ticks)
		}
		if f.x(t, 0).X != proto.InputWindow {
			t.Errorf("x is %d after %d steps", f.x(t, 0).X, proto.InputWindow)
		}
		if s.check(t).frames != 1 {
			t.Errorf("%d keyframes to the standby", s.frames)
		}
		if n := testutil.ToFloat64(h.config.Metrics.RoomsSuspended); n != 0 {
			t.Errorf("%v rooms are frozen", n)
		}
	})
}

// What a client can put into a room that stands still is bounded.
func TestFrozenRoomKeepsFewMessages(t *testing.T) {
	withPool(t, testConfig(), func(h *harness) {
		r := h.start(20, 4)
		o, _ := h.join(r, Join{Player: "ann"})
		_, other := h.join(r, Join{Player: "bob"})
		r.QueueSuspend(ReasonQuorum, "")
		h.pass(time.Second)
		for range maxQueued + 5 {
			if err := o.QueueCustom([]byte("tell 1 psst")); err != nil {
				t.Fatal(err)
			}
			h.pass(50 * time.Millisecond)
		}
		if n := testutil.ToFloat64(h.config.Metrics.InboxFull); n != 5 {
			t.Errorf("%v messages were refused, want 5", n)
		}
		r.QueueResume(ReasonQuorum, time.Time{})
		h.pass(time.Second)
		if n := len(other.check(t).customs); n != maxQueued {
			t.Errorf("%d messages came through, want %d", n, maxQueued)
		}
		o.QueueCustom([]byte("tell 1 psst"))
		r.QueueSuspend(ReasonQuorum, "")
		h.pass(time.Second)
		o.QueueCustom([]byte("tell 1 psst"))
		h.pass(time.Second)
		if n := testutil.ToFloat64(h.config.Metrics.InboxFull); n != 5 {
			t.Errorf("%v messages were refused after the next freeze, want 5", n)
		}
	})
}

// A frozen room that ends is not counted as frozen any more.
func TestFrozenRoomEnds(t *testing.T) {
	withPool(t, testConfig(), func(h *harness) {
		r := h.start(20, 4)
		_, f := h.join(r, Join{Player: "ann"})
		r.QueueSuspend(ReasonQuorum, "")
		h.pass(time.Second)
		r.QueueDepose(proto.Moved{URL: "ws://next", Server: "next"})
		h.pass(time.Second)
		h.wantEnded(1)
		f.check(t).wantCloses(t, proto.CloseMoved)
		if n := testutil.ToFloat64(h.config.Metrics.RoomsSuspended); n != 0 {
			t.Errorf("%v rooms are frozen", n)
		}
	})
}

func TestHoldAndRelease(t *testing.T) {
	withPool(t, testConfig(), func(h *harness) {
		r := h.start(20, 4)
		_, f := h.join(r, Join{Player: "ann"})
		before := r.Info()
		asked := time.Now()
		h.pass(time.Millisecond)
		r.QueueSuspend(ReasonPaused, "")
		h.pass(time.Second)
		r.QueueResume(ReasonPaused, asked) // that was before it was held
		h.pass(time.Second)
		if i := r.Info(); i.Tick != before.Tick || i.State != Held || len(f.check(t).notices) != 0 {
			t.Errorf("info %+v, notices %+v", i, f.notices)
		}
		r.QueueResume(ReasonPaused, time.Now())
		h.pass(time.Second)
		if i := r.Info(); i.Tick != before.Tick+20 || i.State != Ticking {
			t.Errorf("info %+v, before %+v", i, before)
		}
	})
}

// Hold and freeze are two things: the room ticks when neither is on.
func TestHeldAndFrozen(t *testing.T) {
	withPool(t, testConfig(), func(h *harness) {
		r := h.start(20, 4)
		before := r.Info().Tick
		r.QueueSuspend(ReasonPaused, "")
		r.QueueSuspend(ReasonQuorum, "")
		h.pass(time.Second)
		r.QueueResume(ReasonPaused, time.Now())
		h.pass(time.Second)
		if i := r.Info(); i.Tick != before || i.State != Frozen {
			t.Errorf("info %+v", i)
		}
		r.QueueSuspend(ReasonPaused, "")
		r.QueueResume(ReasonQuorum, time.Time{})
		h.pass(time.Second)
		if i := r.Info(); i.Tick != before || i.State != Held {
			t.Errorf("info %+v", i)
		}
	})
}

// A deposed room sends everybody to the later leader, or to the router, and tells no outcome.
func TestDepose(t *testing.T) {
	for _, test := range []struct {
		to    proto.Moved
		code  proto.CloseCode
		moves int
	}{
		{proto.Moved{URL: "ws://next", Server: "next", Epoch: offered}, proto.CloseMoved, 1},
		{proto.Moved{}, proto.CloseStopping, 0},
	} {
		withPool(t, testConfig(), func(h *harness) {
			r := h.start(20, 4)
			s := attach(t, r, 1)
			s.silent = true
			o, f := h.join(r, Join{Player: "ann"})
			_, watching := h.join(r, Join{Spectator: true})
			o.QueueCustom([]byte("finish"))
			h.pass(time.Second)
			at := &testClient{}
			r.QueueJoin(Join{Player: "bob", Client: at})
			r.Acked(1, 1000)
			r.QueueDepose(test.to)
			behind := &testClient{}
			r.QueueJoin(Join{Player: "eve", Client: behind})
			h.pass(time.Second)
			h.wantEnded(1)
			for _, f := range []*testClient{f, watching, at, behind} {
				f.check(t).wantCloses(t, test.code)
				if len(f.moves) != test.moves || test.moves == 1 && f.moves[0] != test.to || len(f.outcomes) != 0 {
					t.Errorf("moves %+v, outcomes %+v", f.moves, f.outcomes)
				}
			}
		})
	}
}

// A later epoch holds for those who enter from then on; an earlier one changes nothing.
func TestEpoch(t *testing.T) {
	withPool(t, testConfig(), func(h *harness) {
		r := h.start(20, 4)
		_, first := h.join(r, Join{Player: "ann"})
		h.pass(time.Second)
		before := r.Info().Epoch
		later := proto.Epoch{Counter: before.Counter + 2, Server: "b"}
		r.QueueEpoch(later)
		r.QueueEpoch(before)
		h.pass(time.Second)
		_, second := h.join(r, Join{Player: "bob"})
		h.pass(time.Second)
		if got := second.check(t).welcomes[0].Epoch; got != later || r.Info().Epoch != later {
			t.Errorf("epoch %v in the welcome, %v in the room, want %v", got, r.Info().Epoch, later)
		}
		first.check(t).wantCloses(t)
	})
}
