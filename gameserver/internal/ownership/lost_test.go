package ownership

import (
	"testing"
	"time"

	"github.com/ringside-go/ringside/proto"
)

// These tests are about rooms that are declared lost.

// TestDeclarationTakesTwoRounds in a row that find nobody. In between, the last client may go away, and a client of another instance may
// come. Nobody is told to remember a loss that is not declared then: a server that did would end the room.
func TestDeclarationTakesTwoRounds(t *testing.T) {
	leads := says(peers[0], Answer{Holding: Leading, Epoch: epoch(3, peers[0]), Leader: peers[0], Suspended: true})
	for name, c := range map[string]struct {
		next  func(*rig)
		given []Reply
		lost  bool
	}{
		"the search is over":   {func(r *rig) { r.now += searchTime; r.step(Due{}) }, nil, false},
		"another search":       {func(r *rig) { r.now += searchTime; r.step(Due{}, Wanted{Seen: proto.Epoch{Instance: 9, Counter: 1}}) }, nil, false},
		"a newcomer":           {func(r *rig) { r.step(Wanted{Create: true}) }, nil, true},
		"somebody leads":       {func(*rig) {}, []Reply{leads}, false},
		"its leader has asked": {func(*rig) {}, []Reply{says(peers[1], Answer{Holding: Moved, Epoch: epoch(3, peers[0]), Leader: peers[0], Suspended: true})}, false},
		"one is silent":        {func(*rig) {}, []Reply{mute(peers[0])}, false},
	} {
		r := newRig(t, 1).step(Wanted{Seen: epoch(3, peers[0])}).replies()
		c.next(r)
		if r.replies(c.given...); r.m.lost(life) != c.lost || r.m.lost(0) || r.m.lost(9) {
			t.Errorf("%s: lost %+v", name, r.m.graves)
		}
		if a, ok := did[Ask](r); (ok && a.Query.Lost == life) != c.lost {
			t.Errorf("%s: the others hear %+v", name, a.Query)
		}
	}
}

// TestDeclarationIsFinal: who hears of it ends what it has of the instance, unless that ticks, or its leader's stream lives.
func TestDeclarationIsFinal(t *testing.T) {
	for name, c := range map[string]struct {
		make func(*rig) *rig
		ends bool
	}{
		"nothing":                          {func(r *rig) *rig { return r }, true},
		"a leader":                         {(*rig).leading, false},
		"a suspended leader":               {func(r *rig) *rig { return r.leading().quorum(false) }, true},
		"a replica":                        {(*rig).following, false},
		"a replica whose stream is lost":   {func(r *rig) *rig { return r.following().step(StreamLost{1}) }, true},
		"one that is about to be promoted": {(*rig).promoting, false},
	} {
		r := c.make(newRig(t, 1))
		if r.m.Query(peers[2], Query{Lost: life}, r.now); r.m.lost(life) != c.ends || c.ends && r.m.Role() != Absent {
			t.Errorf("%s: %v, lost %+v", name, r.m.Role(), r.m.graves)
		}
	}
}

// TestLostIsToldThoughAServerCrashLoops: it comes and goes every 1.2 s and answers never. If more than half of those that are there do
// so, nothing is declared.
func TestLostIsToldThoughAServerCrashLoops(t *testing.T) {
	for loops := 1; loops <= 2; loops++ {
		r, lost := newRig(t, 1), false
		for asked := r.now; r.now-asked < 15*time.Second && !lost; {
			r.step(Wanted{Seen: epoch(3, peers[0])})
			for range 3 {
				if r.m.Role() != Finding {
					break
				}
				r.replies(mute(peers[2]), mute(peers[3-loops]))
				lost = lost || told(r)
			}
			for _, p := range []Presence{Exited, Present} {
				r.see(peers[2], p).see(peers[3-loops], p).pass(600 * time.Millisecond)
			}
		}
		if lost != (loops == 1) {
			t.Errorf("%d servers: told within 15 s: %v", loops, lost)
		}
	}
}

func told(r *rig) bool {
	turn, ok := did[Turn](r)
	return ok && turn.Code == proto.CloseLost
}

// TestRoomWhoseLeaderHasAskedIsNotLost: its leader is back, but not yet in the view of the one that declares.
func TestRoomWhoseLeaderHasAskedIsNotLost(t *testing.T) {
	r := newRig(t, 1)
	r.m.Query(peers[1], Query{Instance: life, Leads: epoch(3, peers[1])}, r.now)
	r.m.Query(peers[0], Query{Lost: life}, r.now)
	if a, _ := r.m.Query(peers[0], Query{Seeks: life}, r.now); a.Holding != Moved || r.m.lost(life) {
		t.Errorf("it answers %+v", a)
	}
}
