package ownership

import (
	"slices"
	"testing"
	"time"
)

// The tests of this file are guards, as those of guards_test.go: of the standbys that outcomes wait for.

func TestWitnessesAreWaitedFor(t *testing.T) {
	r := newRig(t, 1).following().step(StreamLost{1})
	r.see(peers[0], Refused) // not proven
	r.pass(askAgain).replies(r.standby(1, 90)).want(Promoting, "Prepare")
	l := must[Lead](r.step(Prepared{}))
	var opened []string
	for _, s := range r.m.lead.standbys {
		opened = append(opened, s.server)
		if !slices.Contains(l.Standbys, s.id) {
			t.Errorf("outcomes do not wait for %s", s.server)
		}
	}
	if want := []string{peers[0], peers[1]}; !slices.Equal(opened, want) {
		t.Fatalf("witnesses %v, want %v", opened, want)
	}
	r.step(Started{}, ProbationTurn{}, StandbyCaught{r.id(peers[1]), 1})
	// The leader that is missed is waited for until its lease is over, whatever the others say; then the epoch goes above its own.
	lost, before := r.now, r.m.Epoch()
	for r.step(StandbyLost{Evidence: RefusedFar}); r.now < lost+DetachTime-10*time.Millisecond; r.step(StandbyLost{Evidence: RefusedFar}) {
		mustNot[Remove](r.pass(10 * time.Millisecond))
	}
	if rm := must[Remove](r.pass(20 * time.Millisecond)); rm.ID != 0 {
		t.Errorf("removed %d", rm.ID)
	}
	if r.m.Epoch().Counter < before.Counter+fence {
		t.Errorf("the epoch is %v", r.m.Epoch())
	}
}

func TestProvenEndIsNotWaitedFor(t *testing.T) {
	r := newRig(t, 1).promoting()
	r.step(Prepared{})
	if must[Lead](r); r.m.lead.standby(peers[0]) != nil {
		t.Error("it waits for a process that has ended")
	}
}

func TestNothingIsAnnouncedBeforeAllHaveAnswered(t *testing.T) {
	r := newRig(t, 1).following().step(StreamLost{1}).replies(gone(peers[0]), r0standby(), mute(peers[2]))
	l := must[Lead](r.step(Prepared{}))
	hold := l.Standbys[len(l.Standbys)-1]
	for _, s := range r.m.lead.standbys {
		if s.id == hold {
			t.Fatal("nothing stands for the silent one")
		}
	}
	r.step(Started{})
	must[Ask](r)
	r.replies(mute(peers[2]))
	mustNot[Remove](r)
	r.pass(askStandbys).replies()
	if must[Remove](r).ID != hold {
		t.Error("outcomes wait though all have answered")
	}
}

func r0standby() Reply {
	return says(peers[1], Answer{Holding: Standby, Epoch: epoch(1, peers[0]), Leader: peers[0], Tick: 90})
}

func TestFirstTickIsAnnounced(t *testing.T) {
	r := newRig(t, 1).promoting() // its leader's process is gone, which the view does not know yet
	if l := must[Lead](r.step(Prepared{})); l.Suspended != OnProbation {
		t.Fatalf("it starts suspended for %d", l.Suspended)
	}
	r.now += time.Minute // until it is its turn
	r.step(Started{}, ProbationTurn{})
	mustNot[Step1](r)
	r.step(StandbyCaught{r.id(peers[1]), 1})
	must[Announce](r)
	mustNot[Step1](r)
	must[Step1](r.step(StandbyAnnounced{r.id(peers[1])}))
	must[Resume](r.step(Stepped{}))
}

// TestOutcomesWaitAfterAResume: a standby that is gone may have led meanwhile, and another server may have gone on from its replica.
func TestOutcomesWaitAfterAResume(t *testing.T) {
	away := func() *rig { return newRig(t, 1).leading().quorum(false).pass(time.Second) }
	r := away().see(peers[0], Exited).quorum(true).replies()
	must[Resume](r)
	hold := must[Wait](r).ID
	r.pass(askStandbys).replies()
	for _, a := range r.out {
		if a, ok := a.(Remove); ok && a.ID == hold {
			t.Fatal("they wait no longer, though the view has just changed")
		}
	}
	r.pass(settleTime + askStandbys).replies()
	if r.m.lead.hold != hold {
		t.Fatal("they wait no longer, though that one may have restarted behind a cut")
	}
	if r.pass(DetachTime); r.m.lead.hold >= 0 {
		t.Error("they wait for ever")
	}
	if r = away().see(peers[0], Exited).quorum(true).replies().see(peers[0], Present).pass(settleTime + askStandbys).replies(); r.m.lead.hold >= 0 {
		t.Error("they wait though all have answered")
	}
	// One that knows of the replica is heard of.
	r = away().see(peers[0], Exited).quorum(true).replies().pass(settleTime + askStandbys)
	r.replies(says(peers[2], Answer{Holding: Leading, Epoch: epoch(2, peers[2]), Leader: peers[2]}))
	if a, ok := did[Remove](r); ok && a.ID == r.m.lead.hold || r.m.lead.hold < 0 {
		t.Error("outcomes wait no longer, though another server leads")
	}
	// Where all standbys have answered nobody can have led.
	r = away().quorum(true).replies(says(peers[0], Answer{Holding: Standby, Epoch: epoch(1, self), Leader: self}))
	must[Resume](r)
	mustNot[Wait](r)
}

// TestStandbyThatWasNotHeardOfMayHaveLed: the first keyframe of a stream has come, and the answer has not. The standby may have taken the
// room over and announced outcomes, and then have restarted.
func TestStandbyThatWasNotHeardOfMayHaveLed(t *testing.T) {
	for reached, ended := range map[uint64]bool{0: false, 1: true} {
		r := newRig(t, 1).finding().replies().step(Prepared{})
		r.m.SetInstance(life)
		r.step(Started{}, StandbyLost{ID: 0, Evidence: Silent, Boot: reached}).quorum(false).pass(2 * LeaseTime).quorum(true)
		r.pass(settleTime).replies(Reply{Server: peers[0], Answer: Answer{Process: Process{peers[0], 2}}})
		if _, ok := did[End](r); ok != ended {
			t.Errorf("the stream has reached process %d: the room ended: %v", reached, ok)
		}
	}
}

// TestEndAfterASilenceProvesNothing: the standby may have led between the loss of its stream and its end, though another stream has
// reached it.
func TestEndAfterASilenceProvesNothing(t *testing.T) {
	r := newRig(t, 1).leading().see(peers[0], Unreachable).step(StandbyLost{Evidence: Silent}).pass(2 * endTime)
	if _, ok := did[Remove](r.step(StandbyLost{Evidence: GoneHere, Boot: 1})); ok {
		t.Error("outcomes wait no longer")
	}
}

// TestStreamThatReachedAStandbyCountsAnew: it was silent for long, and is lost again before it has answered.
func TestStreamThatReachedAStandbyCountsAnew(t *testing.T) {
	for reached, removed := range map[uint64]bool{0: true, 2: false} {
		r := newRig(t, 1).leading().see(peers[0], Unreachable).step(StandbyLost{Evidence: Silent})
		for end := r.now + DetachTime - time.Second; r.now < end; r.step(StandbyLost{Evidence: Silent}) {
			r.pass(100 * time.Millisecond)
		}
		lost := r.step(StandbyLost{Evidence: Silent, Boot: reached}).m.Standbys()
		if r.pass(2 * time.Second); slices.Contains(r.m.Standbys(), lost[0]) == removed {
			t.Errorf("a stream has reached process %d a moment ago: outcomes wait: %v", reached, removed)
		}
	}
}

// TestStandbyThatIsLostLateIsDetached: a stream was being opened when the standby's lease ended, and fails later. Nothing else happens: the
// machine must be due by itself, or outcomes wait for ever.
func TestStandbyThatIsLostLateIsDetached(t *testing.T) {
	r := newRig(t, 1).leading().see(peers[0], Unreachable).step(StandbyLost{Evidence: Silent})
	must[Open](r.pass(reopenTime))
	before := r.m.Epoch()
	mustNot[Remove](r.pass(DetachTime))
	r.step(StandbyLost{Evidence: Silent}).want(Leads, "Update", "SetEpoch", "Remove", "Update")
	if r.m.Epoch().Counter < before.Counter+fence {
		t.Errorf("the epoch is %v", r.m.Epoch())
	}
}

// Outcomes wait for a lost leader that is silent only until a results store fences it off. For others that did not answer they wait on.
func TestSilentLeaderIsFenced(t *testing.T) {
	for name, c := range map[string]struct {
		see    func(r *rig)
		fenced func(l *lead) []int
	}{
		"the leader alone is silent": {func(*rig) {}, func(l *lead) []int { return []int{l.standby(peers[0]).id, l.hold} }},
		"another server is, too": {func(r *rig) { r.see(peers[2], Unreachable) },
			func(l *lead) []int { return []int{l.standby(peers[0]).id} }},
	} {
		r := newRig(t, 1).following().step(StreamLost{1}).see(peers[0], Unreachable)
		c.see(r)
		r.pass(askAgain).replies(mute(peers[0]), r.standby(1, 90)).pass(askAgain).replies(mute(peers[0]), r.standby(1, 90))
		if r.m.Role() != Promoting {
			t.Fatalf("%s: the replica is not promoted: %v", name, r.actions())
		}
		a := must[Lead](r.step(Prepared{}))
		if want := c.fenced(r.m.lead); r.m.lead.hold < 0 || !slices.Equal(a.Fenced, want) {
			t.Errorf("%s: %v of %v are fenced, want %v", name, a.Fenced, a.Standbys, want)
		}
		// After a resume another server may have gone on.
		r.m.SetInstance(life)
		hold := r.m.lead.hold
		r.step(Started{}, StandbyCaught{r.id(peers[1]), 1}).quorum(false).pass(time.Second).quorum(true).replies()
		must[Resume](r)
		if r.m.lead.hold == hold {
			t.Errorf("%s: outcomes wait for what the store fences off, after a resume", name)
		}
	}
}
