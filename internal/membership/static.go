package membership

import "strconv"

// Static is a Source that talks to nobody: for tests, and for a fleet of one.
type Static struct{ roster }

// NewStatic builds a Static whose view holds self and others. Nothing is validated.
func NewStatic(self Member, others ...Member) *Static {
	s := new(Static)
	s.start(self)
	s.Set(others...)
	return s
}

// Set replaces all members but self; one that has self's name becomes self.
func (s *Static) Set(members ...Member) {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.others)
	for i, m := range members {
		if m.Name == s.self.Name {
			s.self = m
		} else {
			s.others[strconv.Itoa(i)] = other{Member: m}
		}
	}
	s.refreshLocked()
}

// Update changes self as Gossip.Update does, loads at once too.
func (s *Static) Update(f func(*Member)) {
	s.update(f)
	s.refresh()
}
