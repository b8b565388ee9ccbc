package ownership

import (
	"testing"
	"time"

	"github.com/ringside-go/ringside/proto"
)

// A server that restarts again and again comes while the others are asked for the last time. Players who wait for the word that their room is
// lost are not turned away, or they would come again only seconds later.
func TestPlayersWaitForAServerThatComesInTheLastRound(t *testing.T) {
	r := newRig(t, 1).see(peers[0], Refused)
	ask := func() { r.step(Wanted{Seen: epoch(1, peers[0])}) }
	for range lostTime / time.Second {
		ask()
		r.replies().pass(time.Second)
	}
	ask()
	r.see(peers[1], Exited)
	round := r.round
	r.see(peers[1], Present)
	r.step(Replies{Round: round, Replies: []Reply{says(peers[2], Answer{Process: Process{peers[2], 1}})}})
	r.want(Finding)
	r.pass(askAgain)
	must[Ask](r)
	must[Ask](r.replies())
	if r.replies(); must[Turn](r).Code != proto.CloseLost {
		t.Errorf("the players hear %v", r)
	}
}

// Players who are connected to the suspended leader, and look for the room beside it, know that it lives: however long its server refuses the
// others, it is not declared lost because of them.
func TestPlayersOfASuspendedLeaderDoNotHaveItDeclaredLost(t *testing.T) {
	for _, elsewhere := range []bool{true, false} {
		r := newRig(t, 1).see(peers[0], Refused)
		for range 2 * lostTime / time.Second {
			r.step(Wanted{Seen: epoch(1, peers[0]), Elsewhere: elsewhere})
			for range 2 {
				if a, ok := did[Ask](r); ok && a.Query.Lost == 0 {
					r.replies()
				}
			}
			if len(r.actions()) == 0 || r.m.Role() != Absent {
				t.Fatalf("they are not turned away: %v", r)
			}
			r.pass(time.Second)
		}
		if lost := r.m.lost(life); lost == elsewhere {
			t.Errorf("elsewhere %v: declared lost %v", elsewhere, lost)
		}
	}
}
