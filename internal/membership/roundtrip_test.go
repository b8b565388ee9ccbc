package membership

import (
	"strings"
	"testing"
	"time"

	"github.com/ringside-go/ringside/internal/network/simnet"
)

// The round trip is measured, and one that is too long is warned of once for each member.
func TestRoundTrip(t *testing.T) {
	inBubble(t, "n1 n2", func(t *testing.T, s *simFleet) {
		if took, ok := s.members["n1"].RoundTrip("n2"); !ok || took < 400*time.Microsecond || took > 700*time.Microsecond {
			t.Errorf("n2 is %v away: %v", took, ok)
		}
		if took, ok := s.members["n1"].RoundTrip("n9"); ok {
			t.Errorf("nobody is %v away", took)
		}
		far := []string{ip("n1"), ip("n2"), ip("n3")}
		s.net.SetLink(far, far, simnet.Link{Latency: 60 * time.Millisecond})
		s.start("n3")
		s.await("n3", 10*time.Second, is("n1 n2 n3, quorum true"))
		time.Sleep(30 * time.Second)
		if took, _ := s.members["n3"].RoundTrip("n1"); took != 120*time.Millisecond {
			t.Errorf("n1 is %v away", took)
		}
		logs := s.logs["n3"].String()
		if n := strings.Count(logs, "level=WARN msg=\"round trip"); n != 2 {
			t.Errorf("%d warnings of two members: %s", n, logs)
		}
		if strings.Contains(logs, "member gone") {
			t.Errorf("members were lost: %s", logs)
		}
	})
}
