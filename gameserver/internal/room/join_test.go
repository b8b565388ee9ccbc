package room

import (
	"bytes"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/ringside-go/ringside/proto"
)

func TestJoinIsWelcomed(t *testing.T) {
	c := testConfig()
	c.Checks = true
	withPool(t, c, func(h *harness) {
		r := h.start(20, 8)
		h.pass(10 * time.Second)
		_, f := h.join(r, Join{Player: "ann", Name: "Ann"})
		f.check(t)
		if len(f.welcomes) != 1 {
			t.Fatalf("%d welcomes, want 1", len(f.welcomes))
		}
		w := f.welcomes[0]
		if w.Version != proto.Version || w.Flags != proto.WelcomeChecks || w.Room != "room-1" || w.Game != "test" ||
			len(w.Alias) != 10 || w.Seat != 0 || w.TickRate != 20 || w.Tick != r.Info().Tick || w.Processed != 0 ||
			w.Epoch != (proto.Epoch{Counter: 3, Server: "server-1"}) || w.Server != "server-1" || len(w.Resume) != 21 ||
			!slices.Equal(w.Fallbacks, []string{"ws://a", "ws://b", "ws://c", "ws://d"}) {
			t.Errorf("welcome %+v", w)
		}
		if !slices.Equal(f.ticks, []proto.Tick{w.Tick}) || !slices.Equal(f.keyframes, f.ticks) {
			t.Errorf("ticks %v, keyframes %v, want the welcome's %d", f.ticks, f.keyframes, w.Tick)
		}
		h.pass(10 * time.Second)
		f.check(t)
		if len(f.ticks) != 201 || len(f.keyframes) != 1 || f.checks != 10 || f.flushes != 201 {
			t.Errorf("%d ticks, %d keyframes, %d checks, %d flushes in 10 s", len(f.ticks), len(f.keyframes), f.checks, f.flushes)
		}
		if n := testutil.ToFloat64(h.config.Metrics.PlayerTicks); n != 201 {
			t.Errorf("%v player-ticks, want 201", n)
		}
	})
}

func TestSpectatorsGetTheSharedPartOnly(t *testing.T) {
	withPool(t, testConfig(), func(h *harness) {
		r := h.start(20, 2)
		ann, _ := h.join(r, Join{Player: "ann"})
		o, f := h.join(r, Join{Player: "eve", Spectator: true})
		ann.QueueInput(testInputs(1, 5), time.Now(), 0)
		h.pass(time.Second)
		f.check(t)
		w := f.welcomes[0]
		if w.Flags != proto.WelcomeSpectator || w.Seat != proto.NoSeat || w.Alias != "" || len(w.Resume) != 0 {
			t.Errorf("welcome %+v", w)
		}
		if row := f.x(t, 0); row.X != 5 || row.Secret != 0 || len(f.ticks) != 21 {
			t.Errorf("sees %+v after %d ticks", row, len(f.ticks))
		}
		if i := r.Info(); i.Spectators != 1 || i.Players != 1 || i.Connected != 1 {
			t.Errorf("info %+v", i)
		}
		for what, err := range map[string]error{"input": o.QueueInput(testInputs(1, 5), time.Now(), 0), "message": o.QueueCustom([]byte("panic"))} {
			if refusal, ok := err.(*proto.Refusal); !ok || refusal.Code != proto.CloseMalformed {
				t.Errorf("a spectator's %s: %v", what, err)
			}
		}
		o.QueueLeave()
		h.pass(50 * time.Millisecond)
		f.wantCloses(t, proto.CloseLeft)
		if i := r.Info(); i.Spectators != 0 || testutil.ToFloat64(h.config.Metrics.Spectators) != 0 {
			t.Errorf("info %+v after the spectator has left", i)
		}
	})
}

func TestRoomIsFull(t *testing.T) {
	withPool(t, testConfig(), func(h *harness) {
		r := h.start(20, 2)
		h.join(r, Join{Player: "a"})
		h.join(r, Join{Player: "b"})
		_, f := h.join(r, Join{Player: "c"})
		f.check(t).wantCloses(t, proto.CloseFull)
		if len(f.welcomes) != 0 || f.text == "" {
			t.Errorf("%d welcomes, text %q", len(f.welcomes), f.text)
		}
		for range proto.MaxSpectators {
			if _, err := r.QueueJoin(Join{Spectator: true, Client: &testClient{}}); err != nil {
				t.Fatal(err)
			}
		}
		_, f = h.join(r, Join{Spectator: true})
		f.check(t).wantCloses(t, proto.CloseFull)
		if i := r.Info(); i.Players != 2 || i.Spectators != proto.MaxSpectators {
			t.Errorf("info %+v", i)
		}
	})
}

func TestLostSeatIsResumed(t *testing.T) {
	withPool(t, testConfig(), func(h *harness) {
		r := h.start(20, 2)
		first, f := h.join(r, Join{Player: "ann"})
		first.QueueInput(testInputs(1, 1, 2, 3), time.Now(), 0)
		h.pass(time.Second)
		first.QueueLost()
		h.pass(proto.SeatHold - time.Second)
		if i := r.Info(); i.Players != 1 || i.Connected != 0 {
			t.Errorf("info while the seat is held: %+v", i)
		}
		token := f.check(t).welcomes[0].Resume
		_, f2 := h.join(r, Join{Resume: token})
		f2.check(t)
		if w := f2.welcomes[0]; w.Flags != proto.WelcomeResumed || w.Seat != 0 || w.Alias != f.welcomes[0].Alias || w.Processed != 3 ||
			bytes.Equal(w.Resume, token) {
			t.Errorf("welcome %+v", w)
		}
		if row := f2.x(t, 0); row != (testRow{X: 6, Secret: -6}) {
			t.Errorf("row %+v", row)
		}
		f.wantCloses(t)
		h.pass(2 * proto.SeatHold)
		f2.check(t).wantCloses(t)
		if i := r.Info(); i.Players != 1 || i.Connected != 1 {
			t.Errorf("info after the seat was taken up: %+v", i)
		}
	})
}

func TestLostSeatIsGivenUpInTheEnd(t *testing.T) {
	withPool(t, testConfig(), func(h *harness) {
		r := h.start(20, 2)
		o, f := h.join(r, Join{Player: "ann"})
		o.QueueInput(testInputs(1, 1), time.Now(), 0)
		o.QueueLost()
		h.pass(proto.SeatHold - time.Second)
		if i := r.Info(); i.Players != 1 {
			t.Errorf("info while the seat is held: %+v", i)
		}
		h.pass(2 * time.Second)
		if i := r.Info(); i.Players != 0 {
			t.Errorf("info %+v", i)
		}
		token := f.check(t).welcomes[0].Resume
		_, f2 := h.join(r, Join{Resume: token})
		f2.check(t).wantCloses(t, proto.CloseSeat)
		_, f3 := h.join(r, Join{Resume: token, Player: "ann"}) // a ticket was shown too
		f3.check(t).wantCloses(t)
		if w := f3.welcomes[0]; w.Flags != 0 || w.Seat != 0 {
			t.Errorf("welcome %+v", w)
		}
	})
}

// One client cannot fill a room by joining under many names and hanging up: a seat that was never used is free at once.
func TestUnusedSeatIsNotHeld(t *testing.T) {
	withPool(t, testConfig(), func(h *harness) {
		r := h.start(20, 2)
		for i := range 6 {
			o, f := h.join(r, Join{Player: proto.PlayerID(fmt.Sprint("eve", i))})
			f.check(t).wantCloses(t)
			o.QueueLost()
		}
		h.pass(100 * time.Millisecond)
		if i := r.Info(); i.Players != 0 {
			t.Errorf("info %+v; want no seat held", i)
		}
		// It is used from its first input or message on, whichever connection of the player sent it.
		ann, _ := h.join(r, Join{Player: "ann"})
		ann.QueueInput(testInputs(1, 1), time.Now(), 0)
		again, _ := h.join(r, Join{Player: "ann", Proven: 1})
		bob, _ := h.join(r, Join{Player: "bob"})
		bob.QueueCustom([]byte("hello"))
		again.QueueLost()
		bob.QueueLost()
		h.pass(time.Second)
		if i := r.Info(); i.Players != 2 || i.Connected != 0 {
			t.Errorf("info %+v; want both seats held", i)
		}
		back, _ := h.join(r, Join{Player: "ann"})
		back.QueueLost() // it was held, so it is held again
		h.pass(time.Second)
		if i := r.Info(); i.Players != 2 {
			t.Errorf("info %+v after coming back for a moment; want both seats held", i)
		}
	})
}

// One identity has one place to watch, as it has one seat, and may have both.
func TestOneIdentityTakesOnePlaceToWatch(t *testing.T) {
	withPool(t, testConfig(), func(h *harness) {
		r := h.start(20, 2)
		_, seat := h.join(r, Join{Player: "eve"})
		_, f := h.join(r, Join{Player: "eve", Spectator: true})
		for range 2 * proto.MaxSpectators {
			_, next := h.join(r, Join{Player: "eve", Spectator: true})
			f.check(t).wantCloses(t, proto.CloseReplaced)
			f = next
		}
		f.check(t).wantCloses(t)
		seat.check(t).wantCloses(t)
		if i := r.Info(); i.Spectators != 1 || i.Players != 1 || testutil.ToFloat64(h.config.Metrics.Spectators) != 1 {
			t.Errorf("info %+v; want one spectator and one player", i)
		}
	})
}

func TestWrongTokenGivesNoSeat(t *testing.T) {
	withPool(t, testConfig(), func(h *harness) {
		r := h.start(20, 2)
		h.join(r, Join{Player: "ann"})
		for _, token := range [][]byte{make([]byte, 16), {1}, bytes.Repeat([]byte{0xff}, 64)} {
			_, f := h.join(r, Join{Resume: token})
			f.check(t).wantCloses(t, proto.CloseSeat)
		}
		if i := r.Info(); i.Players != 1 || i.Connected != 1 {
			t.Errorf("info %+v", i)
		}
	})
}

// The same player again, by ticket or by token, takes the seat over; the late loss of the old connection changes nothing.
func TestSamePlayerTakesOver(t *testing.T) {
	for _, by := range []string{"ticket", "token"} {
		withPool(t, testConfig(), func(h *harness) {
			r := h.start(20, 2)
			old, f := h.join(r, Join{Player: "ann"})
			j := Join{Player: "ann", Proven: 1}
			if by == "token" {
				j = Join{Resume: f.check(t).welcomes[0].Resume}
			}
			next, f2 := h.join(r, j)
			f.check(t).wantCloses(t, proto.CloseReplaced)
			if w := f2.check(t).welcomes[0]; w.Seat != 0 || w.Flags != proto.WelcomeResumed {
				t.Errorf("by %s: welcome %+v", by, w)
			}
			old.QueueInput(testInputs(1, 100), time.Now(), 0)
			old.QueueLost()
			next.QueueInput(testInputs(1, 7), time.Now(), 0)
			h.pass(2 * proto.SeatHold)
			f2.check(t).wantCloses(t)
			f.wantCloses(t, proto.CloseReplaced)
			if row := f2.x(t, 0); row.X != 7 {
				t.Errorf("by %s: row %+v, want the new client's 7", by, row)
			}
			if i := r.Info(); i.Players != 1 || i.Connected != 1 {
				t.Errorf("by %s: info %+v", by, i)
			}
			if n := testutil.ToFloat64(h.config.Metrics.Players); n != 1 {
				t.Errorf("by %s: metrics show %v players", by, n)
			}
		})
	}
}

// Who knows a player's id, or has a copy of the ticket that the player came with, cannot take the seat from its connection,
// nor while it is held for the player to come back.
func TestConnectedSeatIsNotTaken(t *testing.T) {
	withPool(t, testConfig(), func(h *harness) {
		r := h.start(20, 2)
		ann, f := h.join(r, Join{Player: "ann", Proven: 100})
		for _, proven := range []uint32{0, 99, 100} {
			_, thief := h.join(r, Join{Player: "ann", Proven: proven})
			thief.check(t).wantCloses(t, proto.CloseSeat)
			if len(thief.welcomes) != 0 {
				t.Errorf("proven at %d: welcome %+v", proven, thief.welcomes[0])
			}
		}
		f.check(t).wantCloses(t)
		ann.QueueInput(testInputs(1, 7), time.Now(), 0)
		h.pass(50 * time.Millisecond)
		if row := f.check(t).x(t, 0); row.X != 7 {
			t.Errorf("row %+v", row)
		}
		ann.QueueLost()
		h.pass(50 * time.Millisecond)
		_, thief := h.join(r, Join{Player: "ann", Proven: 100})
		thief.check(t).wantCloses(t, proto.CloseSeat)
		_, again := h.join(r, Join{Player: "ann", Proven: 101})
		again.check(t).wantCloses(t)
		if w := again.welcomes[0]; w.Flags != proto.WelcomeResumed || w.Processed != 1 {
			t.Errorf("welcome to the held seat %+v", w)
		}
	})
}

// The token of a welcome replaces the one before when its client answers: before that the connection may have ended with the
// welcome unread, and then the client comes with the token that it has.
func TestTokenIsRenewed(t *testing.T) {
	for _, answer := range []func(o *Occupant){
		func(o *Occupant) { o.QueueInput(testInputs(1, 1), time.Now(), 0) },
		func(o *Occupant) { o.QueueCustom([]byte("hello")) },
	} {
		withPool(t, testConfig(), func(h *harness) {
			r := h.start(20, 2)
			first, f := h.join(r, Join{Player: "ann"})
			first.QueueCustom([]byte("a seat that is not used is not held"))
			one := f.check(t).welcomes[0].Resume
			lost, f := h.join(r, Join{Resume: one})
			two := f.check(t).welcomes[0].Resume
			lost.QueueLost()
			o, f := h.join(r, Join{Resume: one})
			if w := f.check(t).welcomes[0]; !bytes.Equal(w.Resume, two) || bytes.Equal(one, two) {
				t.Errorf("tokens %x, %x, %x", one, two, w.Resume)
			}
			answer(o)
			h.pass(50 * time.Millisecond)
			_, stale := h.join(r, Join{Resume: one})
			stale.check(t).wantCloses(t, proto.CloseSeat)
			f.check(t).wantCloses(t)
			_, f2 := h.join(r, Join{Resume: two})
			f.check(t).wantCloses(t, proto.CloseReplaced)
			f2.check(t).wantCloses(t)
			_, stale = h.join(r, Join{Resume: one})
			stale.check(t).wantCloses(t, proto.CloseSeat)
		})
	}
}

// What a client sends before its welcome does not show that it has read it.
func TestTokenIsNotRenewedBeforeTheWelcome(t *testing.T) {
	withPool(t, testConfig(), func(h *harness) {
		r := h.start(20, 2)
		_, f := h.join(r, Join{Player: "ann"})
		one := f.check(t).welcomes[0].Resume
		f2 := &testClient{}
		o, err := r.QueueJoin(Join{Resume: one, Client: f2})
		if err != nil {
			t.Fatal(err)
		}
		o.QueueInput(testInputs(1, 1), time.Now(), 0)
		h.pass(50 * time.Millisecond)
		_, f3 := h.join(r, Join{Resume: one})
		f3.check(t).wantCloses(t)
	})
}

func TestTwoJoinsOfOnePlayerInOneTick(t *testing.T) {
	withPool(t, testConfig(), func(h *harness) {
		r := h.start(20, 2)
		f := &testClient{}
		r.QueueJoin(Join{Player: "ann", Client: f})
		_, f2 := h.join(r, Join{Player: "ann", Proven: 1})
		f.check(t).wantCloses(t, proto.CloseReplaced)
		f2.check(t).wantCloses(t)
		if len(f.welcomes) != 0 || len(f2.welcomes) != 1 {
			t.Errorf("%d and %d welcomes, want 0 and 1", len(f.welcomes), len(f2.welcomes))
		}
	})
}

func TestLeaveGivesTheSeatUp(t *testing.T) {
	withPool(t, testConfig(), func(h *harness) {
		r := h.start(20, 1)
		o, f := h.join(r, Join{Player: "ann"})
		o.QueueLeave()
		o.QueueLost()
		if err := o.QueueInput(testInputs(1, 1), time.Now(), 0); err != ErrStopped {
			t.Errorf("input after leaving: %v, want ErrStopped", err)
		}
		h.pass(50 * time.Millisecond)
		f.check(t).wantCloses(t, proto.CloseLeft)
		if i := r.Info(); i.Players != 0 || i.Connected != 0 {
			t.Errorf("info %+v", i)
		}
		_, f2 := h.join(r, Join{Player: "bob"})
		f2.check(t).wantCloses(t)
	})
}

// A player who leaves and comes back within one tick ends up with a seat that works, or is told to try again.
func TestLeaveAndJoinInOneTick(t *testing.T) {
	withPool(t, testConfig(), func(h *harness) {
		r := h.start(20, 1)
		o, f := h.join(r, Join{Player: "ann"})
		o.QueueLeave()
		o2, f2 := h.join(r, Join{Player: "ann"})
		f.check(t).wantCloses(t, proto.CloseLeft)
		o2.QueueInput(testInputs(1, 4), time.Now(), 0)
		h.pass(time.Second)
		f2.check(t).wantCloses(t)
		if row := f2.x(t, 0); row.X != 4 {
			t.Errorf("row %+v", row)
		}
	})
}

// The welcome waits for a drained outbox and then tells the tick at which it is sent.
func TestWelcomeWaitsForTheOutbox(t *testing.T) {
	withPool(t, testConfig(), func(h *harness) {
		r := h.start(20, 2)
		f := &testClient{stuck: true}
		if _, err := r.QueueJoin(Join{Player: "ann", Client: f}); err != nil {
			t.Fatal(err)
		}
		h.pass(time.Second)
		bob, _ := h.join(r, Join{Player: "bob"})
		bob.QueueCustom([]byte("finish"))
		h.pass(time.Second)
		if f.check(t); len(f.welcomes) != 0 || len(f.outcomes) != 0 {
			t.Fatalf("%d welcomes and %d outcomes into a full outbox", len(f.welcomes), len(f.outcomes))
		}
		f.stick(false)
		h.pass(time.Second)
		f.check(t)
		if len(f.welcomes) != 1 || f.welcomes[0].Tick != f.ticks[0] || len(f.ticks) != 20 {
			t.Errorf("%d welcomes, %d ticks from %d on", len(f.welcomes), len(f.ticks), f.ticks[0])
		}
	})
}

func TestJoinNeedsAnAim(t *testing.T) {
	withPool(t, testConfig(), func(h *harness) {
		if _, err := h.start(20, 2).QueueJoin(Join{Client: &testClient{}}); err == nil {
			t.Error("a join without player, token and wish to watch was queued")
		}
	})
}

func TestTooManyJoinsAtOnce(t *testing.T) {
	withPool(t, testConfig(), func(h *harness) {
		r := h.start(20, 4)
		h.pass(time.Millisecond)
		var clients []*testClient
		for i := range maxJoins {
			f := &testClient{}
			clients = append(clients, f)
			if _, err := r.QueueJoin(Join{Player: proto.PlayerID(fmt.Sprint("p", i)), Client: f}); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := r.QueueJoin(Join{Player: "more", Client: &testClient{}}); err != ErrFull {
			t.Errorf("one more: %v, want ErrFull", err)
		}
		if n := testutil.ToFloat64(h.config.Metrics.InboxFull); n != 1 {
			t.Errorf("inbox full %v times, want 1", n)
		}
		h.pass(50 * time.Millisecond)
		for i, f := range clients {
			if want := i < 4; (len(f.check(t).welcomes) == 1) != want || (len(f.closes) == 0) != want {
				t.Errorf("client %d: %d welcomes, closes %v", i, len(f.welcomes), f.closes)
			}
		}
	})
}
