package registry

import (
	"testing"
	"time"

	"github.com/ringside-go/ringside/internal/membership"
)

// Machines hear which servers' processes went, also of those that are back, and where rooms were placed with the silent ones.
func TestFleetThatMachinesSee(t *testing.T) {
	serve(t, []string{"b", "c", "d"}, func(t *testing.T, s *server) {
		if f := s.current(); len(f.Went) > 0 || f.Whole != f.Placement {
			t.Fatalf("at first %+v", f.Fleet)
		}
		again := member("c")
		again.Boot = "boot-again"
		s.members.Set(member("b"), again, member("d"))
		s.pass(time.Second)
		s.members.Lose("b", membership.Unreachable)
		s.members.Lose("d", membership.Refused)
		s.pass(time.Second)
		f := s.current()
		went := map[string]time.Duration{}
		for _, w := range f.Went {
			went[w.Name] = s.clock.now() - w.Gone
		}
		if len(went) != 3 || went["c"] < 2*time.Second || went["b"] > 2*time.Second || went["d"] > 2*time.Second {
			t.Errorf("these went, so long ago: %v", went)
		}
		if f.Whole.Len() != 3 || f.Placement.Len() != 2 {
			t.Errorf("with the silent ones there are %d servers, without them %d", f.Whole.Len(), f.Placement.Len())
		}
		s.pass(wentTime)
		s.members.Update(func(m *membership.Member) { m.Weight = 7 })
		s.pass(time.Second)
		if n := len(s.current().Went); n != 0 {
			t.Errorf("after %v %d servers are still remembered", wentTime, n)
		}
	})
}
