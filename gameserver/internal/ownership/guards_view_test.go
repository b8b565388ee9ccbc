package ownership

import (
	"slices"
	"testing"
	"time"

	"github.com/ringside-go/ringside/proto"
)

// The tests of this file are guards, as those of guards_test.go: of what a view proves, and of what is lost or created.

func TestSlowCreationDecidesNothing(t *testing.T) {
	r := newRig(t, 1).finding().replies().want(Finding, "Prepare")
	r.now += createTime + time.Millisecond
	r.step(Prepared{}).want(Absent, "Turn")
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

// TestServersThatMayHaveRestartedAreHeldFor: the leader that is gone may have made one a standby, and a cut hides it from this server,
// which has missed it for long.
func TestServersThatMayHaveRestartedAreHeldFor(t *testing.T) {
	for _, p := range []Presence{Unreachable, Refused, Exited} {
		for _, s := range []string{peers[0], peers[2]} {
			r := newRig(t, 1).see(s, p).pass(time.Minute).following().step(StreamLost{1}).replies(gone(peers[0]), r0standby())
			if l := must[Lead](r.step(Prepared{})); r.m.lead.hold >= 0 != (s == peers[2]) {
				t.Errorf("%v is %d: outcomes wait: %v", s, p, l.Standbys)
			}
			r.step(Started{}).replies()
			if _, removed := did[Remove](r); removed && s == peers[2] {
				t.Errorf("%v is %d: outcomes wait no longer, though it has not answered", s, p)
			}
		}
	}
}

// TestRoomOutlivesAStandbyThatRestartedBefore: a leader was suspended for long, and its standby's process has ended. It goes on if a newer
// process of that server ran already when the room was suspended: the older one cannot have led since.
func TestRoomOutlivesAStandbyThatRestartedBefore(t *testing.T) {
	for age, want := range map[time.Duration]loyalty{0: stale, 2 * LeaseTime: stale, 2*LeaseTime + 2: mayHaveLed} {
		r := newRig(t, 1).leading()
		r.m.lead.since = r.now - 2*LeaseTime - 1
		s := r.m.lead.standbys[0]
		said := map[string]Reply{s.server: says(s.server, Answer{Process: Process{s.server, 2}, Age: age})}
		if what := r.m.loyalty(s, said); what != want {
			t.Errorf("a process that has run for %v makes the standby %v, want %v", age, what, want)
		}
	}
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
		r.step(Wanted{Seen: epoch(1, peers[0])}).replies().replies()
		if a, ok := did[Ask](r); ok != c.lost || ok && a.Query.Lost != life {
			t.Errorf("%s: it declares the room lost: %v", name, ok)
		}
	}
}

// TestLeaderThatOthersHaveHeardIsThere: it is suspended and cut off from this server, and asks the others. Nobody is told to record that
// the room is lost: whoever did would end it there.
func TestLeaderThatOthersHaveHeardIsThere(t *testing.T) {
	r := newRig(t, 1)
	r.m.Query(peers[0], Query{Instance: life, Leads: epoch(1, peers[0])}, r.now)
	for _, q := range []Query{{Seeks: life}, {Instance: life}, {Lost: life, Seeks: life}} {
		if a, _ := r.m.Query(peers[1], q, r.now); a.Holding != Moved || !a.Suspended || a.Leader != peers[0] || r.m.lost(life) {
			t.Errorf("%+v: it answers %+v", q, a)
		}
	}
	for heard, declares := range map[bool]bool{false: true, true: false} {
		said := says(peers[1], Answer{Holding: Moved, Epoch: epoch(1, peers[0]), Leader: peers[0], Suspended: heard})
		// The home, which has nothing.
		r = newRig(t, 1).step(Wanted{Seen: epoch(1, peers[0])}).replies(said).replies(said)
		if a, ok := did[Ask](r); ok != declares || ok && a.Query.Lost != life {
			t.Errorf("heard %v: it declares the room lost: %v", heard, ok)
		}
		// The home, whose replica is too old.
		r = newRig(t, 1).following().see(peers[0], Refused).step(StreamLost{1}).replies(mute(peers[1]))
		for range (lostTime + LeaseTime) / time.Second {
			r.step(Wanted{Seen: epoch(1, peers[0])}).pass(time.Second).replies(mute(peers[1]))
		}
		if a, ok := did[Ask](r.pass(time.Second).replies(said).pass(time.Second).replies(said)); ok && (a.Query.Lost != 0) != declares {
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

// TestPromiseLastsUntilTheViewShowsWhoHasIt: a server has claimed the room, was cut off in that moment, and has created it. The view
// knows only how its earlier process ended, or misses it.
func TestPromiseLastsUntilTheViewShowsWhoHasIt(t *testing.T) {
	for name, c := range map[string]struct {
		before, after Presence
		kept          bool
	}{
		"it is there":                     {Present, Present, false},
		"it has ended since":              {Present, Exited, false},
		"an earlier process has ended":    {Exited, Exited, true},
		"it is silent":                    {Present, Unreachable, true},
		"it refuses":                      {Present, Refused, true},
		"it is shown, after it was ended": {Exited, Present, false},
	} {
		r := newRig(t, 0).see(peers[0], c.before)
		r.m.Query(peers[0], Query{Claim: true}, r.now)
		r.see(peers[0], c.after).pass(ClaimTime)
		if a, _ := r.m.Query(peers[1], Query{Claim: true}, r.now); (a.Holding == Creating) != c.kept {
			t.Errorf("%s: another one hears %+v", name, a)
		}
		if a, _ := r.pass(returnTime).m.Query(peers[1], Query{Claim: true}, r.now); a.Holding == Creating && a.Leader == peers[0] {
			t.Errorf("%s: it is kept for ever", name)
		}
	}
}
