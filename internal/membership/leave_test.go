package membership

import (
	"context"
	"strings"
	"testing"
)

const untold = "some members could not be told"

// Members that end at the same time, as all of a fleet do on ^C, have nobody left to tell: that is nothing to warn of.
func TestAllLeaveAtOnce(t *testing.T) {
	inBubble(t, "n1 n2 n3 r4", func(t *testing.T, s *simFleet) {
		for _, m := range s.members {
			m.cancel(context.Canceled)
		}
		for name, m := range s.members {
			m.end(t, context.Canceled)
			if log := s.logs[name].String(); strings.Contains(log, untold) {
				t.Errorf("%s warns: %s", name, log[strings.Index(log, untold):])
			}
		}
	})
}

// A member that leaves while it reaches nobody warns: the others will count it as missing.
func TestLeavingUnheardWarns(t *testing.T) {
	inBubble(t, "n1 n2 n3", func(t *testing.T, s *simFleet) {
		s.partition("n3", "n1 n2")
		s.members["n3"].end(t, context.Canceled)
		if log := s.logs["n3"].String(); !strings.Contains(log, untold) {
			t.Errorf("n3 does not say that nobody heard it:\n%s", log)
		}
	})
}
