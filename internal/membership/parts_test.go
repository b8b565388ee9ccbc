package membership

import (
	"strings"
	"testing"
	"time"
)

// Routers that reach both parts of a divided fleet may give the quorum to both. The game servers of a part that is no majority know that
// they are apart: those of the other part, which gossip sees through the routers, do not answer.
func TestRoutersThatReachBothParts(t *testing.T) {
	for _, c := range []struct{ all, one, two, apart string }{
		{"n1 n2 r3 r4", "n1", "n2", "n1 n2"},
		{"n1 n2 n3 n4 r5 r6", "n1 n4", "n2 n3", "n1 n2 n3 n4"},
		{"n1 n2 n3 r4 r5 r6", "n2 n3", "n1", "n1"},
	} {
		inBubble(t, c.all, func(t *testing.T, s *simFleet) {
			s.partition(c.one, c.two)
			time.Sleep(5 * time.Second)
			for range 100 {
				for name, m := range s.members {
					if v := m.View(); name[0] == 'n' && v.Apart != strings.Contains(c.apart, name) {
						t.Fatalf("%s of %s sees %s, apart %v", name, c.all, describe(v), v.Apart)
					}
				}
				time.Sleep(100 * time.Millisecond)
			}
			s.net.Heal()
			time.Sleep(5 * time.Second)
			for name, m := range s.members {
				if m.View().Apart {
					t.Fatalf("%s of %s is apart after the end", name, c.all)
				}
			}
		})
	}
}

// What another member's state tells is logged, and told to Lost, as what gossip tells.
func TestStatesOfOthersAreTold(t *testing.T) {
	inBubble(t, "n1 n2 n3", func(t *testing.T, s *simFleet) {
		n1 := s.members["n1"].Gossip
		var told state
		n1.mu.Lock()
		for node, o := range n1.others {
			if o.Name == "n3" {
				told.known = append(told.known, knownNode{node: node, member: o.Member, gossip: o.gossip, reason: Left})
			}
		}
		n1.mu.Unlock()
		delegate{n1}.MergeRemoteState(told.append(nil), false)
		time.Sleep(time.Second)
		s.mu.Lock()
		defer s.mu.Unlock()
		if logs := s.logs["n1"].String(); !strings.Contains(logs, `msg="member gone" member=n3`) || s.lost["n1"][Left] != 1 {
			t.Errorf("it was told of %v, and has logged:\n%s", s.lost["n1"], logs)
		}
	})
}
