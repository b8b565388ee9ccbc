package membership

import "time"

// Reason says why a member is gone.
type Reason string

// The reasons. They are labels of metrics and appear in reports.
const (
	Left        Reason = "left"        // it said so, or a newer boot of the same name was seen
	Exited      Reason = "exited"      // its address on this machine refuses connections: the kernel that ran it says that it ended
	Refused     Reason = "refused"     // its address refuses connections across a network, and no other member that was asked reaches it
	Unreachable Reason = "unreachable" // silence: it may still run
)

// Gone is a member that is not in the view any more.
type Gone struct {
	Member
	Reason Reason
	Since  time.Time // by this process's clock
}

// Proven reports whether the process has certainly ended. A refusal across a network proves nothing, because firewalls
// refuse too.
func (g Gone) Proven() bool { return g.Reason.proven() }

func (r Reason) proven() bool { return r == Left || r == Exited }
