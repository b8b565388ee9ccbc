package room

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/ringside-go/ringside/proto"
)

func TestInputsAreProcessedAndAcknowledged(t *testing.T) {
	withPool(t, testConfig(), func(h *harness) {
		r := h.start(20, 2)
		o, f := h.join(r, Join{Player: "ann"}) // at 50 ms, its tick has been
		h.pass(30 * time.Millisecond)
		o.QueueInput(testInputs(1, 3), time.Now(), 0)
		h.pass(20 * time.Millisecond)
		f.check(t)
		if f.own.Processed != 1 || f.own.Slack != 20 || f.x(t, 0) != (testRow{X: 3, Secret: -3}) {
			t.Errorf("own %+v, row %+v", f.own, f.x(t, 0))
		}
		h.pass(50 * time.Millisecond)
		if f.check(t).own.Slack != proto.NoSlack {
			t.Errorf("slack %d in a tick without input", f.own.Slack)
		}
	})
}

// What a client is found to have sent at a tick's beginning counts in that tick, and as of when it arrived.
func TestPolledInputCountsInItsTick(t *testing.T) {
	withPool(t, testConfig(), func(h *harness) {
		r := h.start(20, 2)
		o, f := h.join(r, Join{Player: "ann"})
		h.pass(50 * time.Millisecond)
		before := f.polls
		f.polled = func() { o.QueueInput(testInputs(1, 3), time.Now().Add(-7*time.Millisecond), 0) }
		h.pass(50 * time.Millisecond)
		f.check(t)
		if f.polls != before+1 || f.flushes != f.polls+1 { // it was flushed already when it had just joined
			t.Errorf("%d polls, then %d in a tick; %d flushes", before, f.polls-before, f.flushes)
		}
		if f.own.Processed != 1 || f.own.Slack != 7 || f.x(t, 0) != (testRow{X: 3, Secret: -3}) {
			t.Errorf("own %+v, row %+v", f.own, f.x(t, 0))
		}
		f.polled = func() { o.QueueLost() }
		h.pass(50 * time.Millisecond)
		polls, flushes := f.polls, f.flushes
		h.pass(time.Second)
		if f.polls != polls || f.flushes != flushes || flushes != polls {
			t.Errorf("%d polls, %d flushes in the tick of the loss; %d and %d later", polls, flushes, f.polls, f.flushes)
		}
	})
}

func TestSlackIsBounded(t *testing.T) {
	withPool(t, testConfig(), func(h *harness) {
		r := h.start(1, 2)
		f := &testClient{}
		o, _ := r.QueueJoin(Join{Player: "ann", Client: f})
		h.pass(time.Second + time.Millisecond)
		o.QueueInput(testInputs(1, 1), time.Now(), 0)
		h.pass(time.Second)
		if f.check(t).own.Slack != maxSlack {
			t.Errorf("slack %d after waiting 999 ms, want %d", f.own.Slack, maxSlack)
		}
	})
}

// A client with a bad input is closed with the fitting code and its seat is held; nobody else notices.
func TestBadInputClosesItsClientOnly(t *testing.T) {
	bad := map[proto.CloseCode]proto.Input{
		proto.CloseMalformed: {First: 1, Count: 2, Samples: []byte{0xff}},
		proto.CloseRate:      testInputs(proto.InputWindow+2, 1),
	}
	for code, in := range bad {
		withPool(t, testConfig(), func(h *harness) {
			r := h.start(20, 2)
			o, f := h.join(r, Join{Player: "mallory"})
			_, other := h.join(r, Join{Player: "ann"})
			o.QueueCustom([]byte("hello"))
			if err := o.QueueInput(in, time.Now(), 0); err != nil {
				t.Fatal(err)
			}
			o.QueueInput(testInputs(1, 9), time.Now(), 0)
			h.pass(time.Second)
			f.check(t).wantCloses(t, code)
			other.check(t).wantCloses(t)
			if other.x(t, 0).X != 0 || len(other.ticks) != 21 {
				t.Errorf("%v: the other sees %+v after %d ticks", code, other.x(t, 0), len(other.ticks))
			}
			if i := r.Info(); i.Players != 2 || i.Connected != 1 {
				t.Errorf("%v: info %+v", code, i)
			}
		})
	}
}

func TestFloodIsRefused(t *testing.T) {
	withPool(t, testConfig(), func(h *harness) {
		r := h.start(1, 2)
		f := &testClient{}
		o, _ := r.QueueJoin(Join{Player: "mallory", Client: f})
		ann, _ := r.QueueJoin(Join{Player: "ann", Client: &testClient{}})
		h.pass(time.Second)
		for range maxQueued {
			if err := o.QueueCustom([]byte("noise")); err != nil {
				t.Fatal(err)
			}
		}
		if err := o.QueueCustom([]byte("noise")); !errors.Is(err, ErrFull) {
			t.Errorf("one more: %v, want ErrFull", err)
		}
		if n := testutil.ToFloat64(h.config.Metrics.InboxFull); n != 1 {
			t.Errorf("inbox full %v times, want 1", n)
		}
		if err := ann.QueueInput(testInputs(1, 1), time.Now(), 0); err != nil {
			t.Errorf("another's input: %v", err)
		}
	})
}

// A client whose outbox is full gets nothing until it drains, then one keyframe, then deltas; it costs the others nothing.
func TestSlowClientGetsAKeyframe(t *testing.T) {
	c := testConfig()
	c.Checks = true
	withPool(t, c, func(h *harness) {
		r := h.start(20, 2)
		o, slow := h.join(r, Join{Player: "slow"})
		_, other := h.join(r, Join{Player: "ann"})
		slow.stick(true)
		o.QueueInput(testInputs(1, 5), time.Now(), 0)
		h.pass(5 * time.Second)
		slow.stick(false)
		h.pass(5 * time.Second)
		slow.check(t)
		other.check(t)
		if len(slow.ticks) != 2+100 || len(slow.keyframes) != 2 || slow.keyframes[1] != slow.keyframes[0]+102 {
			t.Errorf("slow client: %d ticks, keyframes %v", len(slow.ticks), slow.keyframes)
		}
		if slow.x(t, 0) != (testRow{X: 5, Secret: -5}) || slow.own.Processed != 1 {
			t.Errorf("slow client sees %+v, own %+v", slow.x(t, 0), slow.own)
		}
		if len(other.ticks) != 201 || len(other.keyframes) != 1 {
			t.Errorf("the other: %d ticks, keyframes %v", len(other.ticks), other.keyframes)
		}
	})
}

func TestCustomMessagesReachTheirSeats(t *testing.T) {
	withPool(t, testConfig(), func(h *harness) {
		r := h.start(20, 4)
		ann, a := h.join(r, Join{Player: "ann"})
		_, b := h.join(r, Join{Player: "bob"})
		_, watching := h.join(r, Join{Spectator: true})
		ann.QueueCustom([]byte("tell 4 nobody")) // there is no such seat
		ann.QueueCustom([]byte("tell 1 psst"))
		ann.QueueCustom([]byte("tell 255 hear"))
		ann.QueueCustom([]byte("tell 3 nobody")) // an empty seat
		h.pass(100 * time.Millisecond)
		for name, test := range map[string]struct {
			f    *testClient
			want []string
		}{
			"ann": {a, []string{"hear"}}, "bob": {b, []string{"hear", "psst"}}, "spectator": {watching, []string{"hear"}},
		} {
			if got := test.f.check(t).customs; !slices.Equal(got, test.want) {
				t.Errorf("%s got %q, want %q", name, got, test.want)
			}
		}
	})
}

func TestOutcomesReachEverybody(t *testing.T) {
	withPool(t, testConfig(), func(h *harness) {
		r := h.start(20, 4)
		ann, a := h.join(r, Join{Player: "ann"})
		_, slow := h.join(r, Join{Player: "bob"})
		_, watching := h.join(r, Join{Spectator: true})
		slow.stick(true)
		h.pass(time.Second)
		if m := r.Info().Match; m != 1 {
			t.Errorf("match %d, want 1", m)
		}
		ann.QueueCustom([]byte("finish"))
		h.pass(time.Second)
		for name, f := range map[string]*testClient{"ann": a, "slow": slow, "spectator": watching} {
			f.check(t)
			if len(f.outcomes) != 1 || f.outcomes[0].Match != 1 || len(f.outcomes[0].Results) != 1 || f.outcomes[0].Results[0].Alias != a.welcomes[0].Alias {
				t.Errorf("%s: outcomes %+v", name, f.outcomes)
			}
		}
		if m := r.Info().Match; m != 2 {
			t.Errorf("match %d after the outcome, want 2", m)
		}
	})
}

func TestPanicEndsItsRoomOnly(t *testing.T) {
	withPool(t, testConfig(), func(h *harness) {
		bad, good := h.start(20, 2), h.start(20, 2)
		o, f := h.join(bad, Join{Player: "ann"})
		_, watching := h.join(bad, Join{Spectator: true})
		_, other := h.join(good, Join{Player: "bob"})
		before := good.Info().Tick
		o.QueueCustom([]byte("panic"))
		late := &testClient{}
		if _, err := bad.QueueJoin(Join{Player: "late", Client: late}); err != nil {
			t.Fatal(err)
		}
		h.pass(time.Second)
		for _, c := range []*testClient{f, watching, late} {
			c.check(t).wantCloses(t, proto.CloseCrashed)
		}
		other.check(t).wantCloses(t)
		h.wantEnded(1)
		if n := testutil.ToFloat64(h.config.Metrics.RoomsCrashed); n != 1 {
			t.Errorf("%v rooms crashed, want 1", n)
		}
		if n := good.Info().Tick - before; n < 19 || n > 20 { // it was due behind the other
			t.Errorf("the other room ticked %d times in a second", n)
		}
		if _, err := bad.QueueJoin(Join{Player: "x", Client: &testClient{}}); err != ErrStopped {
			t.Errorf("join: %v, want ErrStopped", err)
		}
		h.start(20, 2)
	})
}

// bomb panics in all that it is asked.
type bomb struct{ testClient }

func (b *bomb) QueueKeyframe(own, shared []byte) bool   { panic("keyframe") }
func (b *bomb) Close(code proto.CloseCode, text string) { panic("close") }

func TestPanicOfAClientEndsTheRoom(t *testing.T) {
	withPool(t, testConfig(), func(h *harness) {
		r := h.start(20, 4)
		_, f := h.join(r, Join{Player: "ann"})
		if _, err := r.QueueJoin(Join{Player: "bob", Client: &bomb{}}); err != nil {
			t.Fatal(err)
		}
		_, f2 := h.join(r, Join{Spectator: true})
		f.check(t).wantCloses(t, proto.CloseCrashed)
		f2.check(t).wantCloses(t, proto.CloseCrashed)
		h.wantEnded(1)
	})
}

func TestStopClosesEverybodyOnce(t *testing.T) {
	withPool(t, testConfig(), func(h *harness) {
		r := h.start(20, 2)
		_, a := h.join(r, Join{Player: "ann"})
		_, watching := h.join(r, Join{Spectator: true})
		at := &testClient{}
		r.QueueJoin(Join{Player: "bob", Client: at})
		if err := r.QueueStop(proto.CloseEnded, "over"); err != nil {
			t.Fatal(err)
		}
		r.QueueStop(proto.CloseCrashed, "not this")
		behind := &testClient{}
		r.QueueJoin(Join{Player: "eve", Client: behind})
		h.pass(time.Second)
		for _, f := range []*testClient{a, watching, at, behind} {
			f.check(t).wantCloses(t, proto.CloseEnded)
			if f.text != "over" {
				t.Errorf("text %q", f.text)
			}
		}
		h.wantEnded(1)
		if i := r.Info(); i.Players != 0 || i.Connected != 0 || i.Spectators != 0 {
			t.Errorf("info %+v", i)
		}
	})
}

func TestIdleRoomEnds(t *testing.T) {
	c := testConfig()
	c.UnplayedTimeout = DefaultConfig().UnplayedTimeout
	withPool(t, c, func(h *harness) {
		h.start(20, 2)
		h.pass(c.UnplayedTimeout - time.Millisecond)
		h.wantEnded(0)
		h.pass(time.Millisecond)
		h.wantEnded(1)

		r := h.start(20, 2)
		o, _ := h.join(r, Join{Player: "ann"})
		_, f := h.join(r, Join{Spectator: true})
		o.QueueInput(testInputs(1, 1), time.Now(), 0)
		h.pass(2 * c.IdleTimeout)
		o.QueueLost() // the spectator stays, so does the room
		h.pass(2 * c.IdleTimeout)
		f.check(t).wantCloses(t)
		h.wantEnded(1)
		_, f = h.join(r, Join{Player: "bob"})
		h.pass(2 * c.IdleTimeout)
		f.check(t).wantCloses(t)
		h.wantEnded(1)
	})
}

// The idle time begins when the last seat is free, after its hold.
func TestIdleTimeBeginsAfterTheLastSeat(t *testing.T) {
	c := testConfig()
	withPool(t, c, func(h *harness) {
		r := h.start(20, 2)
		o, _ := h.join(r, Join{Player: "ann"})
		o.QueueInput(testInputs(1, 1), time.Now(), 0)
		o.QueueLost()
		h.pass(proto.SeatHold + c.IdleTimeout - time.Second)
		h.wantEnded(0)
		h.pass(2 * time.Second)
		h.wantEnded(1)
		if _, err := r.QueueJoin(Join{Player: "ann", Client: &testClient{}}); err != ErrStopped {
			t.Errorf("join: %v, want ErrStopped", err)
		}
	})
}

// A room that somebody made and left, or only watched, is gone within seconds; one that was played in stays for whoever comes back.
// A client that follows a redirect to the room has 4 s.
func TestUnplayedRoomEndsSoon(t *testing.T) {
	c := testConfig()
	c.UnplayedTimeout = DefaultConfig().UnplayedTimeout
	withPool(t, c, func(h *harness) {
		r := h.start(20, 2)
		o, _ := h.join(r, Join{Player: "ann"})
		w, _ := h.join(r, Join{Player: "eve", Spectator: true})
		h.pass(time.Minute) // somebody is here
		h.wantEnded(0)
		o.QueueLost()
		w.QueueLost()
		h.pass(4 * time.Second)
		h.wantEnded(0)
		h.pass(2 * time.Second)
		h.wantEnded(1)
	})
	for what, play := range map[string]func(o *Occupant) error{
		"an input":  func(o *Occupant) error { return o.QueueInput(testInputs(1, 1), time.Now(), 0) },
		"a message": func(o *Occupant) error { return o.QueueCustom([]byte("hello")) },
	} {
		withPool(t, c, func(h *harness) {
			r := h.start(20, 2)
			o, _ := h.join(r, Join{Player: "ann"})
			if err := play(o); err != nil {
				t.Fatal(err)
			}
			o.QueueLeave()
			h.pass(c.IdleTimeout - time.Second)
			if h.wantEnded(0); t.Failed() {
				t.Error("a room in which", what, "was sent ended too soon")
			}
			h.pass(2 * time.Second)
			h.wantEnded(1)
		})
	}
}
