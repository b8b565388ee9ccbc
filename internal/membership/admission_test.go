package membership

import (
	"fmt"
	"testing"
	"time"
)

// A process that is admitted while members are silent, and not lost yet, knows them as soon as it has the quorum: as members, which
// are asked, or as missing ones. Else it would take what they lead for its own to create.
func TestAdmittedKnowsSilentMembers(t *testing.T) {
	for after := time.Duration(0); after < 3*time.Second; after += 370 * time.Millisecond {
		for _, gap := range []time.Duration{0, 600 * time.Millisecond, 3 * time.Second} {
			t.Run(fmt.Sprintf("%v, %v", after, gap), func(t *testing.T) {
				seeds := []string{ip("n1") + ":7946", ip("n2") + ":7946", ip("n3") + ":7946"}
				inBubbleWith(t, "n1 n2 n3 n4 r5 r6", func(_ string, c *Config) { c.Seeds = seeds }, func(t *testing.T, s *simFleet) {
					s.crash("n1")
					time.Sleep(2 * time.Second)
					s.crash("n3")
					time.Sleep(5 * time.Second)
					s.hosts["n2"].Pause()
					s.hosts["n4"].Pause()
					time.Sleep(after)
					s.start("n1")
					s.watchKnown(gap, "n1")
					s.start("n3")
					s.watchKnown(8*time.Second, "n1", "n3")
					for _, name := range []string{"n1", "n3"} {
						if v := s.members[name].View(); !v.Quorum {
							t.Errorf("%s does not have the quorum: it sees %s", name, describe(v))
						}
					}
					s.hosts["n2"].Resume()
					s.hosts["n4"].Resume()
				})
			})
		}
	}
}

// watchKnown checks for a time that those of names that have the quorum know n2 and n4.
func (s *simFleet) watchKnown(d time.Duration, names ...string) {
	s.t.Helper()
	for end := time.Now().Add(d); time.Now().Before(end) && !s.t.Failed(); time.Sleep(10 * time.Millisecond) {
		for _, name := range names {
			v := s.members[name].View()
			for _, o := range []ServerName{"n2", "n4"} {
				_, present := v.Find(o)
				_, gone := v.FindGone(o)
				if v.Quorum && !present && !gone {
					s.t.Errorf("%s has the quorum and does not know %s: it sees %s", name, o, describe(v))
				}
			}
		}
	}
}
