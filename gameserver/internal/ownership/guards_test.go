package ownership

import (
	"testing"
	"time"

	"github.com/ringside-go/ringside/proto"
)

// The tests of this file each hold one mechanism without which the model's invariants break.

// TestTimesFitTogether holds the relations of which limits.go speaks. notice is what a standby takes to notice silence at the latest.
func TestTimesFitTogether(t *testing.T) {
	const notice = noticeMax
	for name, ok := range map[string]bool{
		"a lease is over before the epoch is raised over it":          LeaseTime+notice < DetachTime,
		"a view without a quorum is noticed before outcomes wait":     suspect < DetachTime,
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

// TestStreamThatCameLateRenewsNoLease: a link carries what was sent on it seconds before, when the leader has given the stream up already.
// The replica counts once the leader has answered on the stream.
func TestStreamThatCameLateRenewsNoLease(t *testing.T) {
	for counted, want := range map[bool]Role{false: Following, true: Promoting} {
		// This server had nothing.
		r := newRig(t, 1).step(Offered{Stream: 1, From: Process{peers[0], 1}, Epoch: epoch(1, peers[0])}, Stocked{1},
			Updated{1, epoch(1, peers[0]), counted, nil}, StreamLost{1}).replies(gone(peers[0]))
		if r.m.Role() != want && (counted || r.m.Role() != Absent) {
			t.Errorf("its first stream, counted %v: %v", counted, r)
		}
		// It had the state, and its lease was nearly over.
		r = newRig(t, 1).following().step(StreamLost{1}).replies(mute(peers[0])).pass(LeaseTime - time.Second)
		r.step(Offered{Stream: 2, From: Process{peers[0], 1}, Epoch: epoch(1, peers[0]), HasBase: true, Base: 100})
		if !must[Accept](r).Keep {
			t.Fatal("the state is not kept")
		}
		r.step(Updated{2, epoch(1, peers[0]), counted, nil}).pass(2 * time.Second).step(StreamLost{2}).replies(gone(peers[0]))
		if r.m.Role() != want && (counted || r.m.Role() != Absent) {
			t.Errorf("a later stream, counted %v: %v", counted, r)
		}
	}
}

// TestStandbyHearsThatItCounts as soon as it has answered.
func TestStandbyHearsThatItCounts(t *testing.T) {
	r := newRig(t, 1).finding().replies().step(Prepared{})
	r.m.SetInstance(life)
	r.step(Started{}, StandbyCaught{0, 1}).want(Leads, "Update")
	r.step(StandbyCaught{0, 1}).want(Leads)
}
