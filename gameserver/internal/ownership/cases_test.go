package ownership

import (
	"testing"
	"time"

	"github.com/ringside-go/ringside/proto"
)

// The tests of this file are cases that were lost before there was a machine.

// TestTargetDiesAfterAMove: no redirect names the target once it is known to be gone, and the old leader takes the room over.
func TestTargetDiesAfterAMove(t *testing.T) {
	r := newRig(t, 1).handed().step(StandbyTook{0, epoch(2, peers[0])})
	r.step(Offered{Stream: 5, From: Process{peers[0], 1}, Epoch: epoch(2, peers[0]), Base: 100, HasBase: true}, StreamLost{5})
	r.step(Wanted{Seen: epoch(2, peers[0])})
	r.see(peers[0], Exited)
	r.replies(gone(peers[0])).want(Promoting, "Prepare")
	must[Lead](r.step(Prepared{}))
}

// TestRefusalAcrossTheNetworkProvesNothing: only where no member reaches the leader it is taken over from, and it is waited for.
func TestRefusalAcrossTheNetworkProvesNothing(t *testing.T) {
	far := Reply{Server: peers[0], Evidence: RefusedFar}
	r := newRig(t, 1).following().step(StreamLost{1}).replies(far, r0standby()).want(Following)
	r.pass(20*time.Millisecond).replies(far, r0standby()).want(Following)
	r.see(peers[0], Refused).pass(20*time.Millisecond).replies(r0standby()).want(Promoting, "Prepare")
	if r.step(Prepared{}); r.m.lead.standby(peers[0]) == nil {
		t.Error("outcomes do not wait for a leader that may live")
	}
}

// TestOldPlayersAreToldOnceThatTheirRoomIsLost: leader and standby have restarted, and a newcomer comes first.
func TestOldPlayersAreToldOnceThatTheirRoomIsLost(t *testing.T) {
	r := newRig(t, 1).step(Wanted{Create: true}, Wanted{Seen: epoch(3, peers[0])}).replies()
	if q := must[Ask](r).Query; q.Lost != 0 {
		t.Fatalf("all others are asked with %+v", q) // a second time, before it is said that it is lost
	}
	r.replies()
	if q := must[Ask](r).Query; q.Lost != life {
		t.Fatalf("all others hear %+v", q)
	}
	told := must[Turn](r)
	if told.Code != proto.CloseLost || told.Instance != life {
		t.Errorf("told %+v", told)
	}
	if r.pass(askAgain).replies().m.Role() != Finding {
		t.Fatal("the newcomer is forgotten")
	}
	r.step(Prepared{})
	if l := must[Lead](r); l.Resumed || l.Epoch.Instance != 0 {
		t.Errorf("it leads %+v", l)
	}
}

// TestServerThatComesBackIsAskedBeforeItsRoomIsLost: it was cut off with the room while clients looked for that, and it is seen again
// while the others answer.
func TestServerThatComesBackIsAskedBeforeItsRoomIsLost(t *testing.T) {
	leads := says(peers[0], Answer{Holding: Leading, Epoch: epoch(1, peers[0]), Leader: peers[0], Suspended: true})
	lost := func(r *rig) bool { a, ok := did[Ask](r.replies(mute(peers[0]))); return ok && a.Query.Lost != 0 }
	r := newRig(t, 1).see(peers[0], Unreachable)
	for range lostTime/time.Second + 1 {
		r.step(Wanted{Seen: epoch(1, peers[0])}).replies().pass(time.Second)
	}
	r.step(Wanted{Seen: epoch(1, peers[0])})
	before := r.round
	given := Replies{Round: before, Replies: []Reply{says(peers[1], Answer{}), says(peers[2], Answer{})}}
	if r.see(peers[0], Present).step(given); lost(r) {
		t.Fatal("the home has it declared lost")
	}
	if r.pass(askAgain); r.round == before {
		t.Fatal("nobody is asked again")
	}
	must[Send](r.replies(leads))

	// So does the home where it has a replica that is too old.
	r = newRig(t, 1).following().see(peers[0], Unreachable).step(StreamLost{1}).replies(mute(peers[1]))
	for range lostTime/time.Second + LeaseTime/time.Second {
		r.step(Wanted{Seen: epoch(1, peers[0])}).pass(time.Second).replies(mute(peers[1]))
	}
	if r.see(peers[0], Present).pass(500 * time.Millisecond); lost(r) {
		t.Fatal("the replica's server has it declared lost")
	}
	if r.pass(500 * time.Millisecond); !lost(r) {
		t.Fatal("it is never declared lost")
	}
}

// TestRoomThatMovedIsNotCreatedAgain: a server that handed it over a moment ago sees the target, of which the asker knows only how its
// earlier process ended.
func TestRoomThatMovedIsNotCreatedAgain(t *testing.T) {
	target := peers[0]
	r := newRig(t, 1).following().step(StreamStopped{1}).want(Absent, "Reject", "Drop")
	claim := Query{Claim: true}
	a, _ := r.m.Query(peers[2], claim, r.now)
	if a.Holding != Creating || a.Leader != target {
		t.Errorf("it answers %+v", a)
	}
	r2 := newRig(t, 1).see(target, Exited).finding()
	r2.replies(says(peers[1], a)).want(Absent, "Turn")

	if a, _ = r.m.Query(target, claim, r.now); a.Holding != Moved {
		t.Errorf("it answers the target %+v", a)
	}
	r = newRig(t, 1).following().step(StreamStopped{1}).see(target, Exited)
	if a, _ = r.m.Query(peers[2], claim, r.now); a.Holding != Moved {
		t.Errorf("it answers %+v, though the target has ended", a)
	}
	r = newRig(t, 1).following().step(StreamStopped{1}).see(target, Unreachable).pass(returnTime)
	if a, _ = r.m.Query(peers[2], claim, r.now); a.Holding != Moved {
		t.Errorf("it answers %+v, though the target did not come back", a)
	}
}

// TestRoomOfAMemberThatRefusesIsNotLost: its firewall refuses all questions, and it leads the room. Another server comes and goes.
func TestRoomOfAMemberThatRefusesIsNotLost(t *testing.T) {
	r := newRig(t, 1)
	for range lostTime/time.Second + 5 {
		r.step(Wanted{Seen: epoch(1, peers[0])}).replies(Reply{Server: peers[0], Evidence: RefusedFar})
		if a, ok := did[Ask](r); ok && a.Query.Lost != 0 {
			t.Fatal("it is declared lost")
		}
		r.see(peers[2], Refused).pass(500*time.Millisecond).see(peers[2], Present).pass(500 * time.Millisecond)
	}
}

// TestLongPartition: a part without the quorum stays suspended, and creates and loses nothing.
func TestLongPartition(t *testing.T) {
	r := newRig(t, 1).leading().quorum(false).pass(keepTime - 5*time.Second)
	mustNot[Resume](r)
	mustNot[End](r)
	a, _ := r.m.Query(peers[2], Query{}, r.now)
	if r.m.Role() != Leads || !a.Suspended || a.Away < keepTime-6*time.Second {
		t.Errorf("%v answers %+v", r.m.Role(), a)
	}
	r.quorum(true).replies()
	mustNot[Resume](r) // not by a view that has just changed
	must[Resume](r.pass(settleTime + askAgain).replies())
}

func TestNothingIsConcludedWithoutAQuorum(t *testing.T) {
	for _, w := range []Wanted{{Create: true}, {Seen: epoch(3, peers[0])}} {
		r := newRig(t, 1).quorum(false).step(w).want(Absent, "Turn")
		if c := must[Turn](r).Code; c != proto.CloseOverloaded {
			t.Errorf("told %v", c)
		}
	}
	r := newRig(t, 1).following().quorum(false).step(StreamLost{1}).replies(gone(peers[0]), r0standby()).want(Following)
	r.pass(time.Minute).want(Following, r.actions()...)
}

func TestRoomOfASilentServerIsNotCreatedAgain(t *testing.T) {
	r := newRig(t, 1).finding().replies(mute(peers[1])).want(Absent, "Turn")
	r.see(peers[1], Unreachable).finding().replies().want(Absent, "Turn") // it went a moment ago
	r.pass(returnTime+time.Second).finding().replies().want(Finding, "Prepare")
	// One that is cut off from the home only is heard of through others.
	r = newRig(t, 1).finding().replies(mute(peers[0]), says(peers[1], Answer{Holding: Standby, Epoch: epoch(1, peers[0]), Leader: peers[0]}))
	if r.want(Absent, "Send"); must[Send](r).Server != peers[1] {
		t.Errorf("sent to %v", r)
	}
}

func TestSecondStandbyWithinASecond(t *testing.T) {
	r := newRig(t, 1).leading().step(StandbyLost{Evidence: Silent})
	var opened []string
	for range 10 {
		for _, a := range r.pass(100 * time.Millisecond).out {
			if o, ok := a.(Open); ok {
				opened = append(opened, o.Server)
			}
		}
	}
	if opened[len(opened)-1] != peers[1] {
		t.Errorf("opened %v", opened)
	}
}

// TestAllArePaused: whoever wakes up first waits for the others, and nothing is lost.
func TestAllArePaused(t *testing.T) {
	r := newRig(t, 1).leading()
	r.now += time.Minute
	r.step(Paused{r.now - time.Minute}, StandbyLost{Evidence: Silent}).replies(mute(peers[0]), mute(peers[1]), mute(peers[2])).want(Leads)
	mustNot[Resume](r)
	suspended := says(peers[0], Answer{Holding: Standby, Epoch: epoch(1, self), Leader: self, Tick: 90, Suspended: true})
	must[Resume](r.pass(wakeTime + askAgain).replies(suspended))

	r = newRig(t, 1).following().pass(time.Second)
	r.now += time.Minute
	r.step(Paused{r.now - time.Minute}, StreamLost{1}).replies(mute(peers[0]), mute(peers[1]), mute(peers[2])).pass(wakeTime).want(Following, r.actions()...)
	a, _ := r.m.Query(peers[1], Query{}, r.now)
	if a.Holding != Standby || !a.Suspended {
		t.Errorf("it answers %+v", a)
	}
	r.replies(says(peers[0], Answer{Holding: Leading, Epoch: epoch(1, peers[0]), Leader: peers[0], Counted: true, Suspended: true})).want(Following, "Send")
}

// TestAClientsWordTouchesNoStandby: it makes the leader ask the others, at most every sawTime. If nobody leads in the
// epoch that the client saw, the leader raises its own above it.
func TestAClientsWordTouchesNoStandby(t *testing.T) {
	r := newRig(t, 1).leading().step(ClientSaw{epoch(9, peers[2])}).want(Leads, "Ask").replies()
	if r.want(Leads, "Update", "SetEpoch"); !epoch(9, peers[2]).Less(r.m.Epoch()) {
		t.Errorf("it leads in %v", r.m.Epoch())
	}
	for range 40 {
		r.now += 25 * time.Millisecond
		r.step(ClientSaw{epoch(100, peers[2])}).want(Leads)
	}
}

// TestTwoLeadersOfOneInstance: the leader that ticks keeps the room, in an epoch above that of the suspended one.
func TestTwoLeadersOfOneInstance(t *testing.T) {
	r := newRig(t, 1).leading()
	a, acts := r.m.Query(peers[2], Query{Instance: life, Leads: epoch(2, peers[2])}, r.now)
	if !epoch(2, peers[2]).Less(a.Epoch) || len(acts) == 0 {
		t.Errorf("the one that ticks answers %+v", a)
	}
	r = newRig(t, 1).leading().quorum(false).quorum(true)
	if q := must[Ask](r).Query; q.Leads != epoch(1, self) {
		t.Errorf("the suspended one asks %+v", q)
	}
	r.replies(says(peers[2], a)).want(Absent, "End", "Remove")
	if e := must[End](r); e.Code != proto.CloseMoved || e.Server != peers[2] {
		t.Errorf("its clients hear %+v", e)
	}
}

// TestOneStandbyThatLeadsBehindACut: its stream cannot be opened, but others reach it.
func TestOneStandbyThatLeadsBehindACut(t *testing.T) {
	r := newRig(t, 1).leading().step(StandbyLost{Evidence: Silent}).pass(50 * time.Millisecond).step(StandbyLost{Evidence: Silent}).pass(time.Second)
	must[Ask](r)
	r.replies(says(peers[0], Answer{Holding: Leading, Epoch: epoch(2, peers[0]), Leader: peers[0], Counted: true}))
	if e := must[End](r); e.Server != peers[0] {
		t.Errorf("its clients hear %+v", e)
	}
}

// TestFencedLeaderIsNotOverruled: it may have announced outcomes without the one that ticks, which gives way.
func TestFencedLeaderIsNotOverruled(t *testing.T) {
	r := newRig(t, 1).leading()
	a, _ := r.m.Query(peers[2], Query{Instance: life, Leads: epoch(1+fence, peers[2])}, r.now)
	if a.Epoch != epoch(1, self) {
		t.Errorf("it leads in %v", a.Epoch)
	}
	r = newRig(t, 1).leading().quorum(false)
	r.m.lead.epoch.Counter += fence
	r.step(Offered{Stream: 5, From: Process{peers[2], 1}, Epoch: epoch(2, peers[2])})
	if c := must[Reject](r).Rejection.Code; c != RejectEpoch {
		t.Errorf("the one that ticks hears %d", c)
	}
}

// TestMemberThatNobodyReachesIsWaitedFor: it may lead behind a cut.
func TestMemberThatNobodyReachesIsWaitedFor(t *testing.T) {
	for _, answers := range []bool{false, true} {
		r := newRig(t, 1).leading()
		detached, first := false, r.id(peers[0])
		for end := r.now + DetachTime + 2*time.Second; r.now < end; {
			if s := r.m.lead.find(first); s != nil && !s.lost {
				r.step(StandbyLost{ID: first, Evidence: Silent})
			}
			r.pass(100 * time.Millisecond)
			for _, a := range r.out {
				rm, ok := a.(Remove)
				detached = detached || ok && rm.ID == first
			}
			if r.m.round.open {
				reply := mute(peers[0])
				if answers {
					reply = says(peers[0], Answer{})
				}
				r.replies(reply)
			}
		}
		if detached != answers {
			t.Errorf("it answers: %v; outcomes wait no longer: %v", answers, detached)
		}
	}
}

// TestCreatorThatIsGoneIsNotNamed, and nobody creates the room as long as others leave it to that one.
func TestCreatorThatIsGoneIsNotNamed(t *testing.T) {
	promised := says(peers[1], Answer{Holding: Creating, Leader: peers[0]})
	newRig(t, 1).see(peers[0], Exited).finding().replies(promised).want(Absent, "Turn")
	newRig(t, 1).finding().replies(promised, mute(peers[0])).want(Absent, "Send")
	r := newRig(t, 1)
	r.m.Query(peers[0], Query{Claim: true}, r.now)
	r.see(peers[0], Exited).finding().replies().want(Absent, "Turn")
}

// TestTombstoneSendsNobodyBack: who has seen its epoch was sent here from there.
func TestTombstoneSendsNobodyBack(t *testing.T) {
	r := newRig(t, 1).following().step(StreamStopped{1}).want(Absent, "Reject", "Drop")
	r.step(Wanted{Seen: epoch(1, peers[0])}).want(Finding, "Ask")
	r = newRig(t, 1).following().step(Updated{Stream: 1, Epoch: epoch(2, peers[0])}, StreamStopped{1})
	r.step(Wanted{Seen: epoch(1, peers[0])}).want(Absent, "Send")
}

// TestUselessRoomIsNotCalledLost: another server may have it.
func TestUselessRoomIsNotCalledLost(t *testing.T) {
	r := newRig(t, 1).leading()
	r.now += time.Minute
	r.step(Paused{r.now - time.Minute}).replies().pass(wakeTime + askAgain)
	r.replies(says(peers[0], Answer{Process: Process{peers[0], 2}})).want(Absent, "End", "Remove")
	if c := must[End](r).Code; c != proto.CloseOverloaded {
		t.Errorf("its clients hear %v", c)
	}
	if a, _ := r.m.Query(peers[1], Query{}, r.now); a.Holding != Moved || a.Leader != peers[0] {
		t.Errorf("its replicas hear %+v", a)
	}
}

// TestStandbyOfANewLeaderKeepsNobody: clients prepared a connection for a move to this server, or came to ask for the leader's fate,
// and another standby took the room over.
func TestStandbyOfANewLeaderKeepsNobody(t *testing.T) {
	for name, came := range map[string]Wanted{"for a move": {Seen: epoch(1, peers[0]), Waits: true}, "after a loss": {Seen: epoch(1, peers[0])}} {
		r := newRig(t, 2).following().step(came, StreamLost{1}, Offered{Stream: 2, From: Process{peers[1], 1}, Epoch: epoch(2, peers[1])})
		if to := must[Send](r); to.Server != peers[1] || to.Epoch != epoch(2, peers[1]) || !to.All {
			t.Errorf("%s: sent to %+v", name, to)
		}
	}
	// The same leader opens a stream again: clients that wait for a move of its room keep waiting.
	r := newRig(t, 2).following().step(StreamLost{1}, Wanted{Seen: epoch(1, peers[0])}, Offered{Stream: 2, From: Process{peers[0], 1}, Epoch: epoch(1, peers[0])})
	if to := must[Send](r); to.Server != peers[0] || to.All {
		t.Errorf("sent to %+v", to)
	}
}
