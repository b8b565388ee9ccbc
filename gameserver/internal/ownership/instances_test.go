package ownership

import (
	"testing"

	"github.com/ringside-go/ringside/proto"
)

// These tests are about two instances of a room. A network may deliver a leader's stream seconds after its process has ended, to a server
// that has said meanwhile that it has nothing; then another instance has been created.

// other is the epoch in which server leads another instance.
func other(server string) proto.Epoch {
	e := epoch(1, server)
	e.Instance++
	return e
}

func TestReplicaIsNotLedFromWhereAnotherInstanceIsLed(t *testing.T) {
	for _, suspended := range []bool{false, true} {
		r := newRig(t, 1).following().step(StreamLost{1})
		r.replies(gone(peers[0]), says(peers[1], Answer{Holding: Moved, Epoch: epoch(1, peers[0]), Leader: peers[0]}),
			says(peers[2], Answer{Holding: Leading, Epoch: other(peers[2]), Leader: peers[2], Suspended: suspended}))
		if suspended { // that one gives way when it asks
			r.want(Promoting, "Prepare")
			continue
		}
		r.want(Absent, "Send", "Drop")
		if s := must[Send](r); s.Server != peers[2] || !s.All {
			t.Errorf("its clients are sent to %+v", s)
		}
		if a, _ := r.m.Query(peers[1], Query{Instance: life}, r.now); a.Holding != Gone {
			t.Errorf("who has a replica too hears %+v", a)
		}
	}
}

// A replica of an instance whose leader lives is kept, whatever else is led.
func TestReplicaOfALeaderThatLivesIsKept(t *testing.T) {
	newRig(t, 1).following().step(StreamLost{1}).replies(
		says(peers[0], Answer{Holding: Leading, Epoch: epoch(1, peers[0]), Leader: peers[0], Counted: true}),
		says(peers[2], Answer{Holding: Leading, Epoch: other(peers[2]), Leader: peers[2]})).want(Following, "Send")
}

// TestOneOfTwoInstancesEnds: two servers lead, against all rules. The one that goes after the other ends its room as soon as it hears of
// the other, in an answer to any question.
func TestOneOfTwoInstancesEnds(t *testing.T) {
	for _, it := range []struct {
		as        string // the server under test
		suspended bool   // the other one
		role      Role
	}{{self, false, Leads}, {peers[2], false, Absent}, {peers[2], true, Leads}} {
		r := newRig(t, 1).leading()
		r.m.config.Self.Server = it.as
		r.m.lead.asks = true
		r.step(Due{}).replies(says(peers[0], Answer{Holding: Leading, Epoch: other(peers[0]), Leader: peers[0], Suspended: it.suspended}))
		if r.m.Role() != it.role {
			t.Errorf("%+v: %v", it, r)
		}
		if it.role == Absent && must[End](r).Code != proto.CloseOver {
			t.Errorf("its clients hear %v", r)
		}
	}
}

// A leader asks when a stream is rejected because of another instance: by its leader, or by one that has a replica of it.
func TestRejectionBecauseOfAnotherInstanceMakesALeaderAsk(t *testing.T) {
	s := newRig(t, 1).following()
	s.step(Offered{Stream: 9, From: Process{peers[2], 1}, Epoch: other(peers[2])})
	replica := must[Reject](s).Rejection
	s = newRig(t, 1).leading()
	s.step(Offered{Stream: 9, From: Process{peers[2], 1}, Epoch: other(peers[2])})
	leader := must[Reject](s).Rejection
	for _, rejection := range []Rejection{replica, leader} {
		r := newRig(t, 1).leading()
		r.m.SetInstance(life + 7)
		r.step(StandbyRejected{r.id(peers[0]), rejection})
		must[Ask](r)
	}
	r := newRig(t, 1).leading()
	r.step(StandbyRejected{r.id(peers[0]), Rejection{Code: RejectOther}})
	mustNot[Ask](r)
}

// TestOldStreamOfAnotherInstanceEndsNothing: the network delivers it seconds after its leader has ended.
func TestOldStreamOfAnotherInstanceEndsNothing(t *testing.T) {
	for name, c := range map[string]struct {
		make    func(*rig) *rig
		accepts bool
	}{
		"a leader":                       {(*rig).leading, false},
		"a suspended leader":             {func(r *rig) *rig { return r.leading().quorum(false) }, false},
		"a replica":                      {(*rig).following, false},
		"a replica whose stream is lost": {func(r *rig) *rig { return r.following().step(StreamLost{1}) }, false},
		"a replica whose lease is over":  {func(r *rig) *rig { return r.following().step(StreamLost{1}).pass(LeaseTime + 1) }, true},
	} {
		for _, from := range []string{self, peers[2]} { // one goes before this server, the other after it
			r := c.make(newRig(t, 1))
			r.m.config.Self.Server = map[string]string{self: peers[2], peers[2]: self}[from]
			role, e := r.m.Role(), other(from)
			e.Counter = 9
			if r.step(Offered{Stream: 9, From: Process{from, 1}, Epoch: e}); r.m.Epoch().Instance == life == c.accepts || !c.accepts && r.m.Role() != role {
				t.Errorf("%s: %v", name, r)
			}
		}
	}
}

// TestOldStreamWipesNoMemory: of who leads the room, or is about to.
func TestOldStreamWipesNoMemory(t *testing.T) {
	old := Offered{Stream: 9, From: Process{peers[1], 1}, Epoch: epoch(1, peers[1])}
	r := newRig(t, 1).following().step(Updated{Stream: 1, Epoch: epoch(7, peers[0])}, StreamStopped{1}, old, StreamStopped{9})
	if a, _ := r.m.Query(peers[2], Query{}, r.now); a.Holding != Moved || a.Epoch != epoch(7, peers[0]) {
		t.Errorf("it answers %+v", a)
	}
	r = newRig(t, 1)
	r.m.Query(peers[0], Query{Claim: true}, r.now)
	r.step(old, StreamStopped{9})
	if a, _ := r.m.Query(peers[2], Query{Claim: true}, r.now); a.Holding != Creating || a.Leader != peers[0] {
		t.Errorf("another one that claims the room hears %+v", a)
	}
}
