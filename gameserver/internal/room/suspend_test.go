package room

import (
	"slices"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/ringside-go/ringside/proto"
)

// wantNotices fails t unless f got notices with exactly these codes.
func (f *testClient) wantNotices(t *testing.T, when string, want ...proto.NoticeCode) {
	t.Helper()
	var got []proto.NoticeCode
	for _, n := range f.check(t).notices {
		got = append(got, n.Code)
	}
	if !slices.Equal(got, want) {
		t.Errorf("%s: notices %v, want %v", when, got, want)
	}
}

// wantSuspended fails t unless the room is suspended for reasons, at tick.
func (h *harness) wantSuspended(r *Room, reasons string, tick proto.Tick) {
	h.t.Helper()
	if i := r.Info(); i.State != Suspended || i.Reasons != reasons || i.Tick != tick {
		h.t.Errorf("info %+v, want suspended for %q at tick %d", i, reasons, tick)
	}
	if n := testutil.ToFloat64(h.config.Metrics.RoomsSuspended); n != 1 {
		h.t.Errorf("%v rooms are suspended, want 1", n)
	}
}

// wantTicking fails t unless the room is not suspended and at tick.
func (h *harness) wantTicking(r *Room, tick proto.Tick) {
	h.t.Helper()
	if i := r.Info(); i.State != Ticking || i.Reasons != "" || i.Tick != tick {
		h.t.Errorf("info %+v, want ticking at tick %d", i, tick)
	}
	if n := testutil.ToFloat64(h.config.Metrics.RoomsSuspended); n != 0 {
		h.t.Errorf("%v rooms are suspended, want 0", n)
	}
}

// A room without a quorum says so, does not tick, loses nothing that is sent to it, and continues where it was.
func TestSuspendAndResume(t *testing.T) {
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
		told := proto.Notice{Code: proto.NoticeSuspended, Text: "too few servers"}
		for _, f := range []*testClient{f, watching} {
			if n := f.check(t).notices; len(n) != 1 || n[0] != told {
				t.Errorf("notices %+v", n)
			}
		}
		if f.flushes != flushes+21 {
			t.Errorf("%d flushes, want one for the notice and one for what each of 20 polls may have answered", f.flushes-flushes)
		}
		for seq := range proto.Seq(proto.InputWindow) { // a second of it and more
			if err := o.QueueInput(testInputs(seq+1, 1), time.Now(), 0); err != nil {
				t.Fatal(err)
			}
			h.pass(20 * time.Millisecond)
		}
		_, late := h.join(r, Join{Player: "eve"})
		gone.QueueLost()
		h.pass(time.Minute)
		h.wantSuspended(r, "quorum", before.Tick)
		if i := r.Info(); i.Epoch != before.Epoch || i.Connected != 2 {
			t.Errorf("info %+v, before %+v", i, before)
		}
		if late.check(t).wantCloses(t); len(late.welcomes)+len(late.notices) != 0 {
			t.Errorf("a client that came meanwhile heard something: %+v", late.notices)
		}
		r.QueueResume(ReasonQuorum, time.Time{})
		h.pass(3 * time.Second)
		f.wantNotices(t, "resumed", proto.NoticeSuspended, proto.NoticeResumed)
		f.wantCloses(t)
		h.wantTicking(r, before.Tick+60)
		if len(late.check(t).welcomes) != 1 || late.ticks[0] != before.Tick+1 {
			t.Errorf("a client that came meanwhile: ticks %v", late.ticks)
		}
		if f.x(t, 0).X != proto.InputWindow {
			t.Errorf("x is %d after %d steps", f.x(t, 0).X, proto.InputWindow)
		}
		if s.check(t).frames != 1 {
			t.Errorf("%d keyframes to the standby", s.frames)
		}
	})
}

// What a client can put into a suspended room is bounded.
func TestSuspendedRoomKeepsFewMessages(t *testing.T) {
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
			t.Errorf("%v messages were refused in the next suspension, want 5", n)
		}
	})
}

// A suspended room that ends is not counted as suspended any more.
func TestSuspendedRoomEnds(t *testing.T) {
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
			t.Errorf("%v rooms are suspended", n)
		}
	})
}

// After a pause the room resumes only by an answer that was asked for after the last pause.
func TestResumeAskedBeforeTheLastPause(t *testing.T) {
	withPool(t, testConfig(), func(h *harness) {
		r := h.start(20, 4)
		_, f := h.join(r, Join{Player: "ann"})
		before := r.Info().Tick
		r.QueueSuspend(ReasonPaused, "")
		h.pass(100 * time.Millisecond)
		asked := time.Now()
		h.pass(100 * time.Millisecond)
		r.QueueSuspend(ReasonPaused, "")
		h.pass(100 * time.Millisecond)
		r.QueueResume(ReasonPaused, asked)
		r.QueueResume(ReasonPaused, time.Time{})
		h.pass(300 * time.Millisecond)
		h.wantSuspended(r, "paused", before)
		r.QueueResume(ReasonPaused, time.Now())
		h.pass(time.Second)
		h.wantTicking(r, before+20)
		f.wantNotices(t, "after less than a second")
	})
}

// Clients hear of a pause, and of its end, if it lasts for a second.
func TestLongPauseIsTold(t *testing.T) {
	for _, reason := range []Reason{ReasonPaused, ReasonProbation} {
		withPool(t, testConfig(), func(h *harness) {
			r := h.start(20, 4)
			_, f := h.join(r, Join{Player: "ann"})
			r.QueueSuspend(reason, "a reason")
			h.pass(500 * time.Millisecond)
			r.QueueSuspend(reason, "again") // does not begin the second anew
			h.pass(450 * time.Millisecond)
			f.wantNotices(t, "before a second")
			h.pass(100 * time.Millisecond)
			f.wantNotices(t, "after a second", proto.NoticeSuspended)
			if f.notices[0].Text != "a reason" {
				t.Errorf("notices %+v", f.notices)
			}
			r.QueueSuspend(ReasonQuorum, "another")
			h.pass(time.Minute)
			f.wantNotices(t, "with another reason", proto.NoticeSuspended)
			r.QueueResume(reason, time.Now())
			h.pass(time.Second)
			f.wantNotices(t, "with one reason left", proto.NoticeSuspended)
			r.QueueResume(ReasonQuorum, time.Time{})
			h.pass(time.Second)
			f.wantNotices(t, "resumed", proto.NoticeSuspended, proto.NoticeResumed)
			r.QueueSuspend(ReasonQuorum, "once more")
			h.pass(time.Second)
			f.wantNotices(t, "again", proto.NoticeSuspended, proto.NoticeResumed, proto.NoticeSuspended)
		})
	}
}

// The room ticks when no reason is left, whatever order they come and go in.
func TestReasonsAreASet(t *testing.T) {
	withPool(t, testConfig(), func(h *harness) {
		r := h.start(20, 4)
		before := r.Info().Tick
		r.QueueSuspend(ReasonPaused, "")
		r.QueueSuspend(ReasonQuorum, "")
		h.pass(time.Second)
		h.wantSuspended(r, "quorum,paused", before)
		r.QueueResume(ReasonPaused, time.Now())
		h.pass(time.Second)
		h.wantSuspended(r, "quorum", before)
		r.QueueSuspend(ReasonPaused|ReasonProbation, "")
		r.QueueResume(ReasonQuorum, time.Time{})
		r.QueueResume(ReasonQuorum, time.Time{})
		h.pass(time.Second)
		h.wantSuspended(r, "paused,probation", before)
		r.QueueResume(ReasonPaused|ReasonProbation, time.Now())
		h.pass(time.Second)
		h.wantTicking(r, before+20)
		r.QueueResume(ReasonQuorum, time.Now())
		h.pass(time.Second)
		h.wantTicking(r, before+40)
	})
}

// A room that starts suspended takes clients in and does not tick until the reason is gone.
func TestRoomStartsSuspended(t *testing.T) {
	withPool(t, testConfig(), func(h *harness) {
		spec := h.spec(newTestGame(t, 20, 4))
		spec.Suspended = ReasonQuorum | ReasonProbation
		r, err := h.Start(spec)
		if err != nil {
			t.Fatal(err)
		}
		_, f := h.join(r, Join{Player: "ann"})
		h.pass(2 * time.Minute) // longer than an idle room lives
		h.wantSuspended(r, "quorum,probation", 0)
		if f.wantCloses(t); len(f.check(t).welcomes) != 0 || r.Info().Connected != 1 {
			t.Errorf("%d welcomes, info %+v", len(f.welcomes), r.Info())
		}
		r.QueueResume(spec.Suspended, time.Time{})
		h.pass(time.Second)
		h.wantTicking(r, 20)
		f.wantNotices(t, "one who was welcomed after it")
	})
}

// A room on probation runs one tick for each step, in which it welcomes and replicates as ever.
func TestStep(t *testing.T) {
	withPool(t, testConfig(), func(h *harness) {
		spec := h.spec(newTestGame(t, 20, 4))
		spec.Suspended = ReasonProbation
		r, err := h.Start(spec)
		if err != nil {
			t.Fatal(err)
		}
		s := attach(t, r, 1)
		_, f := h.join(r, Join{Player: "ann"})
		h.pass(500 * time.Millisecond)
		var done []proto.Tick
		step := func() { done = append(done, r.sim.Tick()) }
		r.QueueStep(step)
		h.pass(50 * time.Millisecond)
		h.wantSuspended(r, "probation", 1)
		if !slices.Equal(done, []proto.Tick{1}) || len(f.check(t).welcomes) != 1 || s.check(t).frames != 1 {
			t.Errorf("done %v, %d welcomes, %d keyframes", done, len(f.welcomes), s.frames)
		}
		r.QueueStep(step)
		r.QueueStep(step)
		h.pass(2 * time.Minute)
		h.wantSuspended(r, "probation", 3)

		r.QueueSuspend(ReasonPaused, "")
		r.QueueStep(step)
		h.pass(time.Second)
		h.wantSuspended(r, "paused,probation", 3)
		r.QueueResume(ReasonPaused|ReasonProbation, time.Now())
		h.pass(time.Second)
		h.wantTicking(r, 23)
		r.QueueStep(step)
		h.pass(time.Second)
		h.wantTicking(r, 43)
		if want := []proto.Tick{1, 2, 3, 3, 24}; !slices.Equal(done, want) {
			t.Errorf("done after ticks %v, want %v", done, want)
		}
	})
}

// A room that fails in its step ends, and the step is never done.
func TestStepOfAFailingRoom(t *testing.T) {
	withPool(t, testConfig(), func(h *harness) {
		r := h.start(20, 4)
		o, _ := h.join(r, Join{Player: "ann"})
		r.QueueSuspend(ReasonProbation, "")
		o.QueueCustom([]byte("panic"))
		r.QueueStep(func() { t.Error("the step is done") })
		h.pass(time.Second)
		h.wantEnded(1)
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
