package membership

import (
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/ringside-go/ringside/internal/network/simnet"
)

// Who joins the smaller part at the moment of the cut, known there alone, does not make it the greater one; nor do those
// who come later, and who have never heard of the other part.
func TestNewcomersDoNotCount(t *testing.T) {
	inBubble(t, "n1 n2 r3", func(t *testing.T, s *simFleet) {
		s.partition("n0 n1 n4", "n2 r3")
		s.start("n0")
		s.await("n0", time.Second, is("n0 n1 n2 r3, quorum false")) // it probes them first
		s.await("n1", 3*time.Second, is("n0 n1, n2 unreachable, r3 unreachable, quorum false"))
		s.await("n0", 3*time.Second, is("n0 n1, n2 unreachable, r3 unreachable, quorum false"))
		s.await("n2", 3*time.Second, is("n2 r3, n1 unreachable, quorum true"))
		s.start("n4")
		s.await("n4", 3*time.Second, is("n0 n1 n4, n2 unreachable, r3 unreachable, quorum false"))
		for end := time.Now().Add(time.Minute); time.Now().Before(end); {
			select {
			case <-s.members["n0"].Changed():
			case <-s.members["n1"].Changed():
			case <-s.members["n4"].Changed():
			case <-time.After(time.Second):
			}
			for _, name := range []string{"n0", "n1", "n4"} {
				if v := s.members[name].View(); v.Quorum {
					t.Fatalf("%s sees %s", name, describe(v))
				}
			}
		}
		s.net.Heal()
		for _, name := range []string{"n0", "n1", "n2", "r3", "n4"} {
			s.await(name, 5*time.Second, is("n0 n1 n2 n4 r3, quorum true"))
		}
		time.Sleep(trustedAfter + time.Second) // and then they count
		s.partition("n0 n1 n4", "n2 r3")
		s.await("n0", 5*time.Second, is("n0 n1 n4, n2 unreachable, r3 unreachable, quorum true"))
		s.await("n2", 5*time.Second, is("n2 r3, n0 unreachable, n1 unreachable, n4 unreachable, quorum false"))
	})
}

// A fleet that starts all at once has the quorum from the beginning, and keeps it when one of three is lost.
func TestYoungFleet(t *testing.T) {
	inBubble(t, "", func(t *testing.T, s *simFleet) {
		for _, name := range []string{"n1", "n2", "n3"} {
			s.start(name)
		}
		for _, name := range []string{"n1", "n2", "n3"} {
			s.await(name, 2*time.Second, is("n1 n2 n3, quorum true"))
		}
		s.crash("n2")
		s.await("n3", 2*time.Second, is("n1 n3, n2 refused, quorum true"))
		s.await("n1", 2*time.Second, is("n1 n3, n2 refused, quorum true"))
	})
}

// A newcomer that reaches a member which is cut off from all others is admitted by those.
func TestNewcomerBesideOneThatIsCutOff(t *testing.T) {
	for name, cut := range map[string]func(n *simnet.Net){
		"both ways":       func(n *simnet.Net) { n.Partition(ips("n1 n2 n3"), ips("n4")) },
		"it is not heard": func(n *simnet.Net) { n.Cut(ips("n4"), ips("n1 n2 n3")) },
		"it is refused":   func(n *simnet.Net) { n.Refuse(ips("n4"), ips("n1 n2 n3")) },
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, "n1 n2 n3 n4", func(t *testing.T, s *simFleet) {
				cut(s.net)
				time.Sleep(5 * time.Second)
				s.seeds = "n1 n4"
				s.start("n5")
				s.await("n5", 5*time.Second, func(v *View) bool { return v.Quorum })
				for range 200 {
					time.Sleep(100 * time.Millisecond)
					if v := s.members["n5"].View(); !v.Quorum {
						t.Fatalf("n5 sees %s", describe(v))
					}
				}
			})
		})
	}
}

// However a newcomer joins around a cut, no two parts have the quorum, as long as others hear of it within a second and
// a cut is noticed within two and a half.
func TestOneOfTwoPartsWithANewcomer(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		names := rapid.SliceOfNDistinct(rapid.StringMatching(`[ar][a-z0-9]`), 2, 6, rapid.ID).Draw(t, "names")
		cut := rapid.IntRange(1, len(names)-1).Draw(t, "cut")
		one, two := people(strings.Join(names[:cut], " ")), people(strings.Join(names[cut:], " "))
		if len(gameServers(one)) == 0 || len(gameServers(two)) == 0 {
			t.Skip("only routers")
		}
		after := func(begin time.Time, what string, most int) time.Time {
			return begin.Add(time.Duration(rapid.IntRange(0, most).Draw(t, what)) * 250 * time.Millisecond)
		}
		joined := at(0)
		cutOff := after(joined, "from joining to the cut", 40)
		heard := after(joined, "from joining until the other part hears", 4)
		noticed := [2]time.Time{after(cutOff, "until part one notices", 10), after(cutOff, "until part two notices", 10)}
		newcomer := people("00")[0] // its name goes before all others, which is the worst
		newcomer.Role = GameServer

		here := other{Member: newcomer, firstSeen: joined, probation: passed(joined, noticed[0], true)}
		there := other{Member: newcomer, firstSeen: heard, probation: passed(heard, noticed[1], true), reason: Unreachable, since: noticed[1]}
		a := partQuorum(one, two, noticed[0], here)
		b := partQuorum(two, one, noticed[1])
		if heard.Before(cutOff) {
			b = partQuorum(two, one, noticed[1], there)
		}
		if a && b {
			t.Fatalf("%v with a newcomer and %v both have the quorum", names[:cut], names[cut:])
		}
	})
}

// partQuorum is what the first of mine finds when it misses theirs; newcomer is what it knows of one.
func partQuorum(mine, theirs []Member, now time.Time, newcomer ...other) bool {
	others := newcomer
	for _, m := range mine[1:] {
		others = append(others, other{Member: m})
	}
	for _, m := range theirs {
		others = append(others, other{Member: m, reason: Unreachable, since: now})
	}
	return newSnapshot(other{Member: mine[0]}, others, now).quorum
}
