package room

import (
	"testing"
	"time"

	"github.com/ringside-go/ringside/internal/outcome"
	"github.com/ringside-go/ringside/proto"
)

// A lost leader that is silent holds up no outcome once the store has the takeover; other standbys do, and without a store it does too.
func TestSilentLeaderHoldsUpNothingInTheStore(t *testing.T) {
	withResults(t, false, func(h *harness, q *testResults) {
		spec := h.spec(newTestGame(t, 20, 4))
		spec.Resumed, spec.Standbys, spec.Fenced = true, []int{1, 2, 3}, []int{1, 3}
		r, err := h.Start(spec)
		if err != nil {
			t.Fatal(err)
		}
		ann, _ := h.join(r, Join{Player: "ann"})
		finish := func() {
			ann.QueueCustom([]byte("finish"))
			h.pass(time.Second)
		}
		last, other := attach(t, r, 1), attach(t, r, 2)
		last.silent = true
		finish()
		q.wantQueued(t, "before the store has the takeover")
		r.QueueTakeover()
		h.pass(time.Second)
		q.wantQueued(t, "when it has", 1)
		last = attach(t, r, 1) // its stream is opened again
		last.silent, other.silent = true, true
		finish()
		q.wantQueued(t, "while another standby is silent", 1)
		r.Acked(2, 1000)
		h.pass(time.Second)
		q.wantQueued(t, "when that one has the tick", 1, 2)
		r.Acked(1, 1) // the last leader is a standby now
		r.Acked(2, 1000)
		finish()
		q.wantQueued(t, "while the last leader, which follows, does not have the tick", 1, 2)
		r.Acked(1, 1000)
		h.pass(time.Second)
		q.wantQueued(t, "when it has", 1, 2, 3)
	})
	withPool(t, testConfig(), func(h *harness) {
		spec := h.spec(newTestGame(t, 20, 4))
		spec.Resumed, spec.Standbys, spec.Fenced = true, []int{1}, []int{1}
		r, err := h.Start(spec)
		if err != nil {
			t.Fatal(err)
		}
		r.QueueTakeover()
		ann, f := h.join(r, Join{Player: "ann"})
		ann.QueueCustom([]byte("finish"))
		h.pass(time.Second)
		f.wantMatches(t, "without a store")
	})
}

// A player has left before the leader is lost: the outcome of the next leader names them, by identity for the store and by alias for
// players.
func TestResultOfALeaverAfterAFailover(t *testing.T) {
	withResults(t, false, func(h *harness, q *testResults) {
		r := h.start(20, 4)
		s := attach(t, r, 1)
		_, f := h.join(r, Join{Player: "ann"})
		bob, fb := h.join(r, Join{Player: "bob", Name: "Bob"})
		alias := fb.welcomes[0].Alias
		bob.QueueLeave()
		h.join(r, Join{Player: "eve"}) // on bob's seat
		r.QueueDepose(proto.Moved{URL: "ws://next", Server: "next"})
		h.pass(time.Second)
		spec := h.spec(s.check(t).sim)
		spec.Resumed, spec.Epoch = true, proto.Epoch{Counter: 4, Server: "server-2"}
		r, err := h.Start(spec)
		if err != nil {
			t.Fatal(err)
		}
		ann, f2 := h.join(r, Join{Resume: f.welcomes[0].Resume})
		ann.QueueCustom([]byte("finish all"))
		h.pass(time.Second)
		o, err := outcome.Parse([]byte(q.bodies[outcome.ID{Instance: r.instance, Match: 1}][0]))
		if err != nil {
			t.Fatal(err)
		}
		if want := (outcome.Result{Seat: uint8(proto.NoSeat), Player: "bob", Alias: string(alias), Name: "Bob", Place: 2, Score: 3}); len(o.Results) != 2 || o.Results[1] != want {
			t.Errorf("the store gets %+v, want %+v second", o.Results, want)
		}
		h.answer(q, r, 1, stored)
		heard := f2.check(t).outcomes
		if want := (proto.Result{Seat: proto.NoSeat, Alias: alias, Place: 2, Score: 3}); len(heard) != 1 || heard[0].Results[1] != want {
			t.Errorf("the player heard %+v, want %+v second", heard, want)
		}
	})
}
