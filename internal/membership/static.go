package membership

import (
	"cmp"
	"strconv"
	"time"
)

// Static is a Source that talks to nobody: for tests, and for a fleet of one. It has the quorum unless it is told
// otherwise.
type Static struct{ roster }

// NewStatic builds a Static whose view holds self and others. Nothing is validated.
func NewStatic(self Member, others ...Member) *Static {
	s := new(Static)
	s.start(self, true)
	s.Set(others...)
	return s
}

// Set replaces all members but self; one that has self's name becomes self. Nobody is gone then. A member without a standing
// has the quorum.
func (s *Static) Set(members ...Member) {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.others)
	for i, m := range members {
		if m.Name == s.self.Name {
			s.self = m
		} else {
			m.Standing = cmp.Or(m.Standing, HasQuorum)
			s.others[strconv.Itoa(i)] = other{Member: m}
		}
	}
	s.refreshLocked(true)
}

// Lose makes the member of that name gone for reason, which may cost the quorum as it does in a fleet.
func (s *Static) Lose(name ServerName, reason Reason) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for node, o := range s.others {
		if o.Name == name {
			o.reason, o.since = reason, time.Now()
			s.others[node] = o
		}
	}
	s.refreshLocked(true)
}

// SetQuorum takes the quorum away, or gives it back, whatever the members.
func (s *Static) SetQuorum(has bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.denied = !has
	s.refreshLocked(true)
}

// Suspect implements Source. A Static has nobody to ask.
func (s *Static) Suspect(ServerName) {}

// Update changes self as Gossip.Update does.
func (s *Static) Update(f func(*Member)) { s.update(f) }
