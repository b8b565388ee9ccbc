package ownership

import (
	"testing"
	"time"
)

// TestLaterLeaderMustSpeakOrBeGone: while this server was paused another one led the room in a later epoch, as a third one says. The room
// is resumed only when that one has answered, or its process is gone: until then it may lead.
func TestLaterLeaderMustSpeakOrBeGone(t *testing.T) {
	for presence, resumed := range map[Presence]bool{Unreachable: false, Refused: false, Exited: true, Present: true} {
		r := newRig(t, 1).leading()
		r.now += time.Second
		r.step(Paused{r.now - time.Second}).see(peers[2], presence).pass(wakeTime + settleTime + askAgain)
		r.replies(says(peers[0], Answer{Holding: Moved, Epoch: epoch(2, peers[2]), Leader: peers[2]}))
		if _, ok := did[Resume](r); ok != resumed {
			t.Errorf("the later leader is %v, and the room is resumed: %v, want %v", presence, ok, resumed)
		}
	}
}

// TestBestAnswerIsFollowed: of several servers that have the room, players are sent to the one that leads it, whoever answers last.
func TestBestAnswerIsFollowed(t *testing.T) {
	for _, leader := range peers {
		var said []Reply
		for _, s := range peers {
			a := Answer{Holding: Standby, Epoch: epoch(1, leader), Leader: leader}
			if s == leader {
				a.Holding = Leading
			}
			said = append(said, says(s, a))
		}
		if to := must[Send](newRig(t, 1).finding().replies(said...)); to.Server != leader {
			t.Errorf("%s leads, and players are sent to %s", leader, to.Server)
		}
	}
}

// TestMoveIsCalledOffForEither: a target to which the room is being handed is given up when it is not reached any more, and also when it is
// reached and takes no rooms any more, as one that drains.
func TestMoveIsCalledOffForEither(t *testing.T) {
	handingOff := func() *rig { return newRig(t, 1).leading().step(MoveTo{Target: peers[0]}).want(Leads, "HandOff") }
	must[CallOff](handingOff().see(peers[0], Unreachable))
	r := handingOff()
	f := r.fleet
	must[CallOff](r.step(FleetChanged{&f, peers[1:]}))
	mustNot[CallOff](handingOff().step(FleetChanged{&f, peers}))
}
