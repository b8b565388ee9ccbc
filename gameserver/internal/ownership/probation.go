package ownership

import "time"

// A room may kill the process that ticks it: a stack overflow, or a concurrent map write, cannot be recovered from. After a
// takeover whose leader's process is gone, the room's first tick is announced to a standby before it runs. If this server
// dies then, that standby does not take the room over, and so no third server dies. The tick itself ends the announcement. The shell lets one room at a time be on
// probation, or the death of this server would condemn others with it.

// probation is how far the first tick after a takeover is.
type probation struct {
	turn  bool          // the shell lets this room run its first tick
	since time.Duration // of turn
	id    int           // standby that was told; -1: none yet
	told  bool
	ran   bool
}

// ProbationTurn: it is this room's turn. It is over when Suspended has no OnProbation any more.
type ProbationTurn struct{}

func (ProbationTurn) event() {}

func (p *probation) begin(now time.Duration) {
	if !p.turn {
		p.turn, p.since = true, now
	}
}

func (m *Machine) tendProbation() {
	l := m.lead
	p := &l.probation
	if l.suspended&OnProbation == 0 || p.told || p.ran {
		return
	}
	waiting := false
	for _, s := range l.standbys {
		if s.caught && !s.lost && p.turn {
			p.told, p.id = true, s.id
			m.do(Announce{s.id})
			return
		}
		waiting = waiting || !s.lost
	}
	if p.turn && (!waiting || m.due(p.since+probationTime)) {
		m.step1() // nobody to announce it to: nobody who could take the room over either
	}
}

func (m *Machine) announced(id int) {
	l := m.lead
	if p := &l.probation; p.told && p.id == id && !p.ran {
		m.step1()
	}
}

func (m *Machine) step1() {
	m.lead.probation.ran = true
	m.do(Step1{})
}

// stepped lets the room tick.
func (m *Machine) stepped() {
	l := m.lead
	p := &l.probation
	if l.suspended&OnProbation == 0 || !p.ran {
		return
	}
	l.suspended &^= OnProbation
	m.do(Resume{OnProbation, m.now})
}

// standbyGone announces the first tick to another standby if the one that was told is gone.
func (m *Machine) standbyGone(s *standby) {
	if p := &m.lead.probation; p.told && p.id == s.id && !p.ran {
		p.told = false // another one is told, or nobody
	}
}
