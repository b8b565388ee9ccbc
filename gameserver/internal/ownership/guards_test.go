package ownership

import (
	"slices"
	"testing"
	"time"

	"github.com/ringside-go/ringside/proto"
)

// The tests of this file each hold one mechanism without which the model's invariants break.

// TestTimesFitTogether holds the relations of which limits.go speaks. notice is what a standby takes to notice silence at the latest.
func TestTimesFitTogether(t *testing.T) {
	const notice = noticeMax
	for name, ok := range map[string]bool{
		"a lease is over before the epoch is raised over it":          LeaseTime+notice <= DetachTime-fenceTime,
		"a view without a quorum is noticed before outcomes wait":     suspect < DetachTime-fenceTime,
		"a stream that ended in a pause is noticed before it counts":  notice <= pauseTime,
		"a tombstone outlives whoever comes back":                     keepTime < tombTime,
		"a claim is created from before the promises end":             createTime+roundTime < ClaimTime && suspect < ClaimTime,
		"a room is declared lost in time":                             lostTime+2*roundTime < 15*time.Second,
		"a server that went is expected back before a room is lost":   returnTime <= lostTime,
		"a takeover of a leader that lives takes longer than endTime": endTime < suspect,
	} {
		if !ok {
			t.Error("not so: ", name)
		}
	}
}

func TestReplicaIsLedFromForItsLease(t *testing.T) {
	for after, want := range map[time.Duration]bool{LeaseTime - 10*time.Millisecond: true, LeaseTime + 10*time.Millisecond: false} {
		r := newRig(t, 1).following()
		r.step(StreamLost{1}).replies(mute(peers[0])).pass(after)
		r.replies(gone(peers[0]))
		if (r.m.Role() == Promoting) != want {
			t.Errorf("%v after its stream was lost: %v", after, r.m.Role())
		}
	}
}

func TestSlowPromotionOutlivesNoLease(t *testing.T) {
	r := newRig(t, 1).promoting()
	r.now += LeaseTime + time.Millisecond
	r.step(Prepared{}).want(Following, "Ask")
	r = newRig(t, 1).following().step(Offer{Stream: 1, Epoch: epoch(2, self)})
	r.now += LeaseTime + time.Millisecond
	if r.step(Prepared{}); must[Lead](r).Suspended != WasPaused {
		t.Error("a handoff that took longer than a lease is not confirmed")
	}
}

func TestSlowCreationDecidesNothing(t *testing.T) {
	r := newRig(t, 1).finding().replies().want(Finding, "Prepare")
	r.now += createTime + time.Millisecond
	r.step(Prepared{}).want(Absent, "Turn")
}

func TestAnswersOlderThanAPauseMeanNothing(t *testing.T) {
	r := newRig(t, 1).following().step(StreamLost{1})
	round := r.round
	r.now += 2 * time.Second
	r.step(Paused{r.now - time.Second})
	r.now += wakeTime
	r.round = round
	r.replies(gone(peers[0]), r.standby(1, 90)).want(Following)

	for name, away := range map[string]func(){
		"paused":         func() { r.step(Paused{r.now - time.Second}) },
		"without quorum": func() { r.quorum(false).quorum(true) },
	} {
		r = newRig(t, 1).leading().step(ClientSaw{epoch(2, peers[2])})
		round = r.round
		r.now += 2 * time.Second
		away()
		if r.round == round {
			t.Errorf("%s: nobody is asked", name)
		}
		r.round = round
		r.replies()
		mustNot[Resume](r)
	}
}

// TestExpiredReplicaIsNotRenewed: the target of a handoff that is still promoting counts its replicas, so their leases last; but
// not the lease of one that is over.
func TestExpiredReplicaIsNotRenewed(t *testing.T) {
	for lost, able := range map[time.Duration]bool{LeaseTime / 2: true, 2 * LeaseTime: false} {
		r := newRig(t, 1).following().step(HandedTo{1, peers[1], epoch(2, peers[1])})
		r.now += lost
		r.step(Due{})
		r.replies(says(peers[1], Answer{Holding: Leading, Epoch: epoch(2, peers[1]), Leader: peers[1], Counted: true, Suspended: true}))
		r.now += LeaseTime * 3 / 4
		if r.step(Due{}); r.m.replica.expired(r.m) == able {
			t.Errorf("asked %v after its stream was lost, it is able: %v", lost, !able)
		}
	}
}

func TestFencedReplicaTakesNoOffer(t *testing.T) {
	r := newRig(t, 1).following()
	r.m.Query(peers[0], Query{Withdrawn: epoch(2, self)}, r.now)
	r.step(Offer{Stream: 1, Epoch: epoch(2, self)}).want(Following, "Reject")
	r.replies(says(peers[0], Answer{Holding: Standby, Epoch: epoch(2, self), Leader: self, Tick: 100}), r.standby(1, 90))
	if r.m.replica.withdrawn != epoch(2, self) {
		t.Error("the withdrawal is forgotten")
	}
}

// handed is a room that this server has handed to peers[0].
func (r *rig) handed() *rig {
	r.leading().step(MoveTo{Target: peers[0]}).want(Leads, "HandOff")
	return r.step(HandedOver{epoch(2, peers[0]), 100})
}

func TestOldLeaderTakesTheRoomBack(t *testing.T) {
	r := newRig(t, 2).handed().want(Following)
	if !r.m.Guards() || r.m.Leader() != peers[0] {
		t.Fatal("it does not guard the room for its new leader")
	}
	r.step(StandbyLost{Evidence: GoneHere})
	if q := must[Ask](r).Query; q.Withdrawn != epoch(2, peers[0]) {
		t.Errorf("the question withdraws %v", q.Withdrawn)
	}
	r.replies(gone(peers[0])).want(Promoting, "Prepare")
	l := must[Lead](r.step(Prepared{}))
	if want := epoch(3, self); l.Epoch != want {
		t.Errorf("it leads in %v, want %v", l.Epoch, want)
	}
	r.step(Started{})
	if m := must[MoveEnded](r); m.Err == nil {
		t.Error("the move is told as done")
	}
}

func TestTargetThatAnswersIsLeftTheRoom(t *testing.T) {
	r := newRig(t, 2).handed().pass(tookTime)
	must[Ask](r)
	r.replies(says(peers[0], Answer{Holding: Leading, Epoch: epoch(2, peers[0]), Leader: peers[0], Counted: true, Suspended: true}))
	r.want(Following, "Send")
	r.step(Offered{Stream: 5, From: Process{peers[0], 1}, Epoch: epoch(2, peers[0]), Base: 100, HasBase: true})
	if a := must[Accept](r); !a.Keep {
		t.Error("the old leader needs a keyframe")
	}
	r.step(StreamStopped{5}).want(Absent, "Reject", "Drop")
}

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
	if r.m.Epoch().Counter < before.Counter+fence {
		t.Errorf("the epoch is %v", r.m.Epoch())
	}
	if rm := must[Remove](r.pass(20 * time.Millisecond)); rm.ID != 0 {
		t.Errorf("removed %d", rm.ID)
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

// TestUncountedReplicaIsNotLedFrom: its leader was deposed by one that does not know of it.
func TestUncountedReplicaIsNotLedFrom(t *testing.T) {
	r := newRig(t, 1).following().step(StreamLost{1})
	r.replies(says(peers[0], Answer{Holding: Standby, Epoch: epoch(2, peers[2]), Leader: peers[2], Tick: 90}), r.standby(1, 90))
	r.pass(askAgain).replies(gone(peers[2]), says(peers[0], Answer{Holding: Moved, Epoch: epoch(2, peers[2]), Leader: peers[2]}))
	if r.m.Role() == Promoting {
		t.Error("it leads from a replica for which the later leader did not wait")
	}
}

// TestReplicaOfAFencedEpochIsNotLedFrom: a later leader has gone on without this replica, and another server has that one's. This
// server had no quorum for longer than a newer replica is given time to be led from.
func TestReplicaOfAFencedEpochIsNotLedFrom(t *testing.T) {
	for counter, want := range map[uint32]Role{2: Promoting, 1 + fence: Following} {
		r := newRig(t, 1).following().quorum(false).step(StreamLost{1}).replies(gone(peers[0]), mute(peers[1]))
		r.pass(2*heirTime).quorum(true).see(peers[1], Unreachable).pass(askAgain)
		better := func() {
			r.replies(gone(peers[0]), says(peers[2], Answer{Holding: Standby, Epoch: epoch(counter, peers[1]), Leader: peers[1], Tick: 200}))
		}
		if better(); r.m.Role() != Following {
			t.Errorf("another replica is of epoch %d, and is not waited for", counter)
		}
		r.pass(heirTime)
		if better(); r.m.Role() != want {
			t.Errorf("where another replica is of epoch %d it is %v, want %v", counter, r.m.Role(), want)
		}
	}
}

// TestFencedStateIsNotLedFrom: a later leader counts this replica, and is gone before that has its state. The one before it has announced
// outcomes without this replica.
func TestFencedStateIsNotLedFrom(t *testing.T) {
	for counter, want := range map[uint32]Role{3: Promoting, 2 + fence: Absent} {
		r := newRig(t, 1).following().step(StreamLost{1})
		r.replies(says(peers[2], Answer{Holding: Leading, Epoch: epoch(counter, peers[2]), Leader: peers[2], Counted: true, Suspended: true}))
		r.pass(orphanCheck).replies(gone(peers[2]), gone(peers[0]), says(peers[1], Answer{}))
		if r.m.Role() != want {
			t.Errorf("after epoch %d it is %v, want %v", counter, r.m.Role(), want)
		}
	}
}

func TestBaseOfAnotherHistoryIsNotKept(t *testing.T) {
	for base, keep := range map[proto.Epoch]bool{epoch(1, peers[0]): true, epoch(2, peers[2]): false} {
		r := newRig(t, 1).following().step(StreamLost{1})
		r.step(Offered{Stream: 2, From: Process{peers[1], 1}, Epoch: epoch(3, peers[1]), Base: 100, HasBase: true, BaseEpoch: base})
		if a := must[Accept](r); a.Keep != keep {
			t.Errorf("base of %v: kept %v", base, a.Keep)
		}
	}
}

func TestBusyServerKeepsItsReplica(t *testing.T) {
	r := newRig(t, 1).following().step(StreamLost{1})
	r.step(Offered{Stream: 2, From: Process{peers[0], 1}, Epoch: epoch(1, peers[0]), Unable: &Rejection{Code: RejectBusy}})
	r.want(Following, "Accept", "Send")
	r.step(Offered{Stream: 3, From: Process{peers[0], 1}, Epoch: epoch(1, peers[0]), Unable: &Rejection{Code: RejectIncompatible}})
	r.want(Absent, "Reject", "Drop", "Reject")
}

func TestPoisonousRoomIsCondemned(t *testing.T) {
	r := newRig(t, 1).following().step(Announced{1}, StreamLost{1}, Wanted{Seen: epoch(1, peers[0])})
	r.replies(gone(peers[0]), r0standby()).want(Absent, "Turn", "Drop")
	if must[Turn](r).Code != proto.CloseCrashed {
		t.Error("its players are told something else")
	}
	r.step(Wanted{Seen: epoch(1, peers[0])})
	if must[Turn](r).Code != proto.CloseCrashed {
		t.Error("it is forgotten")
	}
	// The other standby does not take it over either.
	r = newRig(t, 1).following().step(StreamLost{1})
	a := r0standby()
	a.Answer.Announced = true
	if r.replies(gone(peers[0]), a); r.m.Role() != Absent {
		t.Error("another standby takes over a room that was announced")
	}
	// The tick has come: the room has not killed its leader.
	r = newRig(t, 1).following().step(Announced{1})
	r.m.Observe(101)
	r.step(StreamLost{1}).replies(gone(peers[0]), r0standby()).want(Promoting, "Prepare")
	// A leader that lives and has nothing was not killed by it.
	r = newRig(t, 1).following().step(Announced{1}, StreamLost{1})
	r.replies(r0standby()).want(Promoting, "Prepare")
}

// TestAnnouncementEndsWithItsLeader: the one that made it lives, and says that another one leads.
func TestAnnouncementEndsWithItsLeader(t *testing.T) {
	r := newRig(t, 1).following().step(Announced{1}, StreamLost{1})
	moved := says(peers[0], Answer{Holding: Moved, Epoch: epoch(2, peers[2]), Leader: peers[2]})
	r.replies(moved, r0standby()).pass(tookTime)
	if r.m.replica.leader.Server != peers[2] {
		t.Fatal("it does not ask after the later leader")
	}
	r.replies(moved, gone(peers[2]), r0standby())
	if a, ok := did[Turn](r); ok || r.m.tomb.crashed {
		t.Errorf("its players are told %v", a.Code)
	}
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

func TestMissedServersAreHeldFor(t *testing.T) {
	r := newRig(t, 1).following().see(peers[2], Unreachable)
	l := must[Lead](r.step(StreamLost{1}).replies(gone(peers[0]), r0standby()).step(Prepared{}))
	if r.m.lead.hold != l.Standbys[len(l.Standbys)-1] {
		t.Fatal("outcomes do not wait for it")
	}
	r.step(Started{}).replies()
	mustNot[Remove](r)
	r.see(peers[2], Present).pass(settleTime)
	must[Remove](r.replies())

	// It is back when the simulation is made, and was not asked before that.
	r = newRig(t, 1).following().see(peers[2], Unreachable).step(StreamLost{1}).replies(gone(peers[0]), r0standby()).want(Promoting, "Prepare")
	if must[Lead](r.see(peers[2], Present).step(Prepared{})); r.m.lead.hold < 0 {
		t.Error("outcomes do not wait for one that came back")
	}
}

// TestTakenBackRoomIsNotResumed: its leader handed it to this server, which was paused while it promoted its replica, and took it back.
func TestTakenBackRoomIsNotResumed(t *testing.T) {
	r := newRig(t, 1).following().step(Offer{Stream: 1, Epoch: epoch(2, self)})
	r.now += 2 * LeaseTime
	r.step(Paused{r.now - LeaseTime}, Prepared{}, Started{}).see(peers[0], Unreachable).pass(wakeTime + askAgain)
	mustNot[Resume](r.replies())
}

// TestLaterLeaderIsRemembered: this server had a stream of it and no state, and then hears an earlier leader only.
func TestLaterLeaderIsRemembered(t *testing.T) {
	r := newRig(t, 1).step(Offered{Stream: 1, From: Process{peers[0], 1}, Epoch: epoch(5, peers[0])}, StreamLost{1})
	r.replies(mute(peers[0]), says(peers[1], Answer{Holding: Leading, Epoch: epoch(1, peers[1]), Leader: peers[1], Suspended: true})).want(Absent, "Send", "Drop")
	if a, _ := r.m.Query(peers[1], Query{Leads: epoch(1, peers[1])}, r.now); a.Epoch != epoch(5, peers[0]) || a.Leader != peers[0] {
		t.Errorf("it answers %+v", a)
	}
}

// TestServersThatMayHaveRestartedAreHeldFor: the leader that is gone may have made one a standby, and a cut hides it from this server.
func TestServersThatMayHaveRestartedAreHeldFor(t *testing.T) {
	for _, s := range []string{peers[0], peers[2]} {
		r := newRig(t, 1).following().see(s, Exited).step(StreamLost{1}).replies(gone(peers[0]), r0standby())
		if r.step(Prepared{}); r.m.lead.hold >= 0 != (s == peers[2]) {
			t.Errorf("the end of %v is known: outcomes wait: %v", s, r.m.lead.hold >= 0)
		}
	}
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

// TestEndOfAnEarlierProcessProvesNothing: the leader has made a server a standby that has restarted, and this server, which cannot
// reach that one, knows only how its earlier process ended.
func TestEndOfAnEarlierProcessProvesNothing(t *testing.T) {
	for _, known := range []bool{false, true} { // whether it was a standby when it ended
		r := newRig(t, 1)
		if !known {
			r.see(peers[1], Exited)
		}
		r.following().see(peers[1], Exited).step(StreamLost{1}).replies(gone(peers[0])).want(Promoting, "Prepare")
		r.step(Prepared{}, Started{})
		r.m.lead.since = r.now - LeaseTime - 1
		if what := r.m.loyalty(r.m.lead.standby(peers[1]), nil); (what == stale) != known {
			t.Errorf("known %v: after a pause it counts as %v", known, what)
		}
		if _, removed := did[Remove](r.step(StandbyLost{ID: r.id(peers[1]), Evidence: Silent})); removed != known {
			t.Errorf("known %v: removed %v", known, removed)
		}

		r = newRig(t, 1)
		if !known {
			r.see(peers[1], Exited)
		}
		r.following().see(peers[1], Exited).step(StreamLost{1}).replies(mute(peers[0])).pass(2 * LeaseTime).replies(gone(peers[0]))
		if ended := r.m.Role() == Absent; ended != known {
			t.Errorf("known %v: an older replica is dropped %v", known, ended)
		}
	}
}

// TestReplicaOfALeaderThatGaveUpIsNotLedFrom: the leader was away for so long that an earlier process of this server may have gone on
// with the room, and ended it just after this process had the state.
func TestReplicaOfALeaderThatGaveUpIsNotLedFrom(t *testing.T) {
	gaveUp := says(peers[0], Answer{Holding: Moved, Epoch: epoch(2, self), Leader: self})
	other := r0standby()
	other.Answer.Suspended = true // it has heard so, too
	r := newRig(t, 1).following().step(StreamLost{1}).replies(gaveUp, other).want(Following)
	r.pass(graceTime).replies(gaveUp, other).want(Absent, "Drop")
	// Here it is this process of which the leader has heard: it was about to lead, and failed.
	r = newRig(t, 1).promoting().step(Prepared{Err: errCell}).pass(prepareRetry)
	r.replies(gaveUp, r0standby()).want(Promoting, "Prepare")
}

// TestSearchOfAnotherInstanceGivesUpNoReplica: a replica that is expired is given up only once its own instance has been looked for.
func TestSearchOfAnotherInstanceGivesUpNoReplica(t *testing.T) {
	for instance, creates := range map[proto.Instance]bool{life: true, life + 1: false} {
		expired := r0standby()
		expired.Answer.Suspended = true
		r := newRig(t, 1)
		r.m.Query(peers[2], Query{Seeks: instance}, r.now)
		r.now += lostTime
		r.m.Query(peers[2], Query{Seeks: instance}, r.now)
		r.finding().replies(expired)
		if _, prepares := did[Prepare](r); prepares != creates {
			t.Errorf("instance %v has been looked for: the room is created %v", instance, prepares)
		}
	}
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

// TestLeaderThatTheViewMissesIsThere: the view knows the end of its earlier process only, and a client comes while it is silent.
func TestLeaderThatTheViewMissesIsThere(t *testing.T) {
	r := newRig(t, 1).see(peers[0], Exited).following().step(Wanted{Seen: epoch(1, peers[0])})
	must[Ask](r)
	r.replies(mute(peers[0]), r0standby()).want(Following)
	r.step(StreamLost{1}).pass(viewTime-time.Millisecond).replies(mute(peers[0]), r0standby()).want(Following)

	r = newRig(t, 1).see(peers[2], Exited).following().step(HandedTo{1, peers[2], epoch(2, peers[2])})
	must[Ask](r)
	r.replies(mute(peers[2])).want(Following)
}

// TestWhoIsOnlyPromotingRenewsNoLease: another standby takes over from a leader that may be alive, and counts on this replica. Until it
// leads, the other leader may go on without this one.
func TestWhoIsOnlyPromotingRenewsNoLease(t *testing.T) {
	for away, renewed := range map[time.Duration]bool{0: false, time.Second: true} {
		r := newRig(t, 1).following().step(StreamLost{1})
		r.now += LeaseTime / 2
		r.replies(mute(peers[0]), mute(peers[1])).pass(askAgain)
		r.replies(mute(peers[0]), says(peers[1], Answer{Holding: Leading, Epoch: epoch(2, peers[1]), Leader: peers[1], Counted: true, Suspended: true, Away: away}))
		r.now += LeaseTime * 3 / 4
		if r.step(Due{}); r.m.replica.expired(r.m) == renewed {
			t.Errorf("another server has been suspended for %v: the lease is renewed: %v", away, !renewed)
		}
	}
}

// TestTwoPausesAreOne: between them the process does not run for long enough to notice that a stream is lost.
func TestTwoPausesAreOne(t *testing.T) {
	for between, expired := range map[time.Duration]bool{pauseTime / 2: true, pauseTime: false} {
		r := newRig(t, 1).following()
		r.now += time.Second + 2*LeaseTime
		r.step(Paused{r.now - 2*LeaseTime})
		r.now += between + 3*time.Second
		r.step(Paused{r.now - 3*time.Second}, StreamLost{1})
		if r.m.replica.expired(r.m) != expired {
			t.Errorf("it ran for %v: the replica is expired: %v", between, !expired)
		}
	}
}

// TestClientOfAnotherInstanceIsTurnedAway: one instance is looked for at a time.
func TestClientOfAnotherInstanceIsTurnedAway(t *testing.T) {
	other := epoch(1, peers[0])
	other.Instance++
	r := newRig(t, 1).step(Wanted{Seen: other}).see(peers[2], Unreachable)
	r.replies().step(Wanted{Seen: epoch(1, peers[0])}).replies().want(Absent, "Turn", "Turn", "Turn")
	if last := r.out[len(r.out)-1].(Turn); last.Instance != 0 || last.Newcomers || last.Code != proto.CloseOverloaded {
		t.Errorf("the clients that are left are told %+v", last)
	}
}

// TestReplicaOfALeaderWithoutAQuorumIsOutOfDate: the room did not tick, though its stream lived. Another standby may have led it meanwhile.
func TestReplicaOfALeaderWithoutAQuorumIsOutOfDate(t *testing.T) {
	nothing := says(peers[1], Answer{})
	for name, c := range map[string]struct {
		apart func(r *rig) *rig
		other Reply
		want  Role
	}{
		"this server sees too little":          {func(r *rig) *rig { return r.quorum(false).pass(2 * LeaseTime).quorum(true) }, nothing, Absent},
		"the leader says so":                   {func(r *rig) *rig { return r.see(peers[0], CutOff).pass(2*LeaseTime).see(peers[0], Present) }, nothing, Absent},
		"the other standby has not led":        {func(r *rig) *rig { return r.quorum(false).pass(2 * LeaseTime).quorum(true) }, r0standby(), Promoting},
		"the other one had no time":            {func(r *rig) *rig { return r.quorum(false).pass(LeaseTime / 2).quorum(true) }, nothing, Promoting},
		"the leader ticks since it has quorum": {func(r *rig) *rig { r.quorum(false).pass(2 * LeaseTime).quorum(true).m.Observe(101); return r }, nothing, Promoting},
		"the leader ticked for a moment before": {func(r *rig) *rig {
			r.quorum(false).m.Observe(101)
			r.pass(2 * LeaseTime).quorum(true).m.Observe(101)
			return r
		}, nothing, Absent},
	} {
		r := c.apart(newRig(t, 1).following()).step(StreamLost{1})
		if r.replies(gone(peers[0]), c.other); r.m.Role() != c.want {
			t.Errorf("%s: %v, want %v", name, r.m.Role(), c.want)
		}
	}
}

// TestWhoRestartedUnseenIsWaitedFor: this server has just got the quorum back, and a server that has restarted meanwhile may know what
// became of the room.
func TestWhoRestartedUnseenIsWaitedFor(t *testing.T) {
	for exited, want := range map[Presence]Role{Exited: Following, Present: Promoting} {
		r := newRig(t, 1).following().see(peers[2], exited).quorum(false).step(StreamLost{1}).pass(time.Second).quorum(true)
		r.replies(gone(peers[0]), r0standby())
		if r.m.Role() != want {
			t.Errorf("a server is %d in the view: %v, want %v", exited, r.m.Role(), want)
		}
		if r.pass(settleTime).replies(gone(peers[0]), r0standby()); r.m.Role() != Promoting {
			t.Errorf("%v later: %v", settleTime, r.m.Role())
		}
	}
}

// TestOldLeaderThatTheViewMissesIsWaitedFor: this server knows only how its earlier process ended.
func TestOldLeaderThatTheViewMissesIsWaitedFor(t *testing.T) {
	for before, removed := range map[Presence]bool{Exited: false, Present: true} {
		r := newRig(t, 2).see(peers[0], before).following().step(Offer{Stream: 1, Epoch: epoch(2, self)}, Prepared{}, Started{})
		r.see(peers[0], Exited)
		if _, ok := did[Remove](r.step(StandbyLost{ID: r.id(peers[0]), Evidence: Silent})); ok != removed {
			t.Errorf("the view said %d when the room was handed over: outcomes wait no longer: %v", before, ok)
		}
	}
}

// TestEndCountsOnceTheViewHasShownTheServer: a standby answers, or a stream reaches it, though the view knows how its process ended. That was
// an earlier one, until the view has shown the server again.
func TestEndCountsOnceTheViewHasShownTheServer(t *testing.T) {
	lead := func(before Presence) *rig { return newRig(t, 1).leading().see(peers[0], before) }
	again := func(r *rig) *rig { return r.see(peers[0], Present).see(peers[0], Exited) }
	caught, reached := StandbyCaught{0, 2}, StandbyLost{Evidence: Silent, Boot: 2}
	for name, c := range map[string]struct {
		r       *rig
		removed bool
	}{
		"the view shows its end after it answered":      {lead(Present).see(peers[0], Exited), true},
		"it answered though the view showed its end":    {lead(Exited).step(caught), false},
		"it answered though the view missed it":         {lead(Unreachable).step(caught).see(peers[0], Exited), false},
		"the view has shown it since":                   {again(lead(Exited).step(caught)), true},
		"a stream reached it though the view showed it": {lead(Exited).step(reached), false},
	} {
		if c.r.step(StandbyLost{Evidence: Silent}); (c.r.m.lead.find(0) == nil) != c.removed {
			t.Errorf("%s: outcomes wait no longer: %v", name, !c.removed)
		}
	}
	// A replica: its leader names the other one again, of which the view has shown the end since.
	r := newRig(t, 1).following().see(peers[1], Exited).step(Updated{Stream: 1, Epoch: epoch(1, peers[0]), Others: []string{peers[1]}})
	if !r.m.hasEnded(peers[1]) {
		t.Error("an end is forgotten because a name is repeated")
	}
	// The leader is asked, too, where the view misses it.
	for _, missed := range []Presence{Exited, Unreachable} {
		r = newRig(t, 1).see(peers[0], missed).following().step(Wanted{Seen: epoch(1, peers[0])})
		if a := must[Ask](r); !slices.Contains(a.Servers, peers[0]) {
			t.Errorf("presence %d: only %v are asked", missed, a.Servers)
		}
		r.replies(mute(peers[0]), r0standby()).want(Following)
	}
}

// TestNothingIsLostAtFirstSight: this server has just got the quorum back, or has heard the room's leader, which its view misses.
func TestNothingIsLostAtFirstSight(t *testing.T) {
	for name, c := range map[string]struct {
		before func(r *rig)
		lost   bool
	}{
		"nothing happened":     {func(*rig) {}, true},
		"the quorum is new":    {func(r *rig) { r.quorum(false).pass(time.Second).quorum(true) }, false},
		"the quorum is back":   {func(r *rig) { r.quorum(false).quorum(true).pass(settleTime) }, true},
		"its leader has asked": {func(r *rig) { r.m.Query(peers[0], Query{Instance: life, Leads: epoch(1, peers[0])}, r.now) }, false},
	} {
		r := newRig(t, 1).see(peers[0], Exited).pass(2 * settleTime)
		c.before(r)
		r.step(Wanted{Seen: epoch(1, peers[0])}).replies()
		if a, ok := did[Ask](r); ok != c.lost || ok && a.Query.Lost != life {
			t.Errorf("%s: it declares the room lost: %v", name, ok)
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
	mustNot[Remove](r.pass(DetachTime).step(StandbyLost{Evidence: Silent}))
	if r.m.Epoch().Counter < before.Counter+fence {
		t.Errorf("the epoch is %v", r.m.Epoch())
	}
	must[Open](r.pass(maxReopen)) // it is tried again
	r = newRig(t, 1).leading().see(peers[0], Unreachable).step(StandbyLost{Evidence: Silent}).pass(reopenTime).pass(DetachTime)
	for raised := r.now; r.now < raised+fenceTime; r.pass(10 * time.Millisecond) {
		mustNot[Remove](r.step(StandbyLost{Evidence: Silent})) // until the others have heard of the epoch
	}
	if r.step(StandbyLost{Evidence: Silent}); r.m.lead.find(0) != nil {
		t.Error("outcomes wait for it still")
	}
}

// TestLeaderThatOthersHaveHeardIsThere: it is suspended and cut off from this server, and asks the others. Nobody is told to record that
// the room is lost: whoever did would end it there.
func TestLeaderThatOthersHaveHeardIsThere(t *testing.T) {
	r := newRig(t, 1)
	r.m.Query(peers[0], Query{Instance: life, Leads: epoch(1, peers[0])}, r.now)
	for _, q := range []Query{{Seeks: life}, {Instance: life}, {Lost: life}} {
		if a, _ := r.m.Query(peers[1], q, r.now); a.Holding != Moved || !a.Suspended || a.Leader != peers[0] || r.m.lost(life) {
			t.Errorf("%+v: it answers %+v", q, a)
		}
	}
	for heard, declares := range map[bool]bool{false: true, true: false} {
		said := says(peers[1], Answer{Holding: Moved, Epoch: epoch(1, peers[0]), Leader: peers[0], Suspended: heard})
		// The home, which has nothing.
		r = newRig(t, 1).step(Wanted{Seen: epoch(1, peers[0])}).replies(said)
		if a, ok := did[Ask](r); ok != declares || ok && a.Query.Lost != life {
			t.Errorf("heard %v: it declares the room lost: %v", heard, ok)
		}
		// The home, whose replica is too old.
		r = newRig(t, 1).following().see(peers[0], Refused).step(StreamLost{1}).replies(mute(peers[1]))
		for range (lostTime + LeaseTime) / time.Second {
			r.step(Wanted{Seen: epoch(1, peers[0])}).pass(time.Second).replies(mute(peers[1]))
		}
		if a, ok := did[Ask](r.pass(time.Second).replies(said).pass(time.Second)); ok && (a.Query.Lost != 0) != declares {
			t.Errorf("heard %v: the home with an old replica asks %+v", heard, a.Query)
		}
	}
}

// TestNothingIsCreatedBeforeWhoRestartedIsSeen: this server has just got the quorum back.
func TestNothingIsCreatedBeforeWhoRestartedIsSeen(t *testing.T) {
	r := newRig(t, 1).see(peers[2], Exited).quorum(false).pass(time.Second).quorum(true)
	r.finding().replies().want(Absent, "Turn")
	r.pass(settleTime).finding().replies().want(Finding, "Prepare")
}
