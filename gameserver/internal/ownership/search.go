package ownership

import (
	"slices"
	"time"

	"github.com/ringside-go/ringside/proto"
)

// search is the question whether an instance is lost.
type search struct {
	instance    proto.Instance
	first, last time.Duration // question of a client
	others      time.Duration // for how long others know of it, as of the last round
	declaring   bool          // all others are told, and may refuse
	seen        proto.Epoch   // the newest that a client showed
}

// searched notes that a client asks for an instance. One search at a time: another one begins when nobody asks for the first any more.
func (m *Machine) searched(i proto.Instance) {
	s := &m.search
	if s.instance != i && s.instance != 0 {
		return
	}
	if s.instance != i {
		*s = search{instance: i, first: m.now}
	}
	s.last = m.now
}

// overdue reports whether the room has been looked for so long that servers which do not answer, and replicas that nobody may
// lead from, are given up.
func (m *Machine) overdue() bool {
	return m.fleet.Quorum && max(m.sought(m.search.instance), m.search.others) >= lostTime
}

// sought is for how long this server knows that an instance is looked for.
func (m *Machine) sought(i proto.Instance) time.Duration {
	if s := m.search; i != 0 && s.instance == i && m.fleet.Quorum {
		return m.now - max(s.first, m.fleet.Since, m.fleet.Woke, m.pausedUntil)
	}
	return 0
}

// returners decides whether the instance that clients look for is lost. While a server may come back that has it, they are
// told to come again: one that is silent may be paused or cut off with a room that lives, and is waited for until the fleet
// forgets it, as is a member that stays and answers nobody; one that is missed and refuses, or comes and goes, is not waited for
// longer than lostTime.
func (m *Machine) returners(replies []Reply, silent bool) {
	s := &m.search
	unsettled := m.now-max(m.fleet.Settled, m.fleet.Since) < settleTime || m.fleet.missing(m.now-returnTime) > 0
	switch {
	case m.fleet.mute(0) == 0 && s.instance != m.heard.Instance && !leaderHeard(replies, s.instance) && (m.overdue() && !m.awaits(replies) || !silent && !unsettled):
		s.declaring = true
	case m.overdue() && m.fleet.mute(0) == 0 && !m.askedAll(replies):
		m.askLater(askAgain) // a server came meanwhile: the clients wait until it was asked
	default:
		m.finding.returners = false
		m.do(Turn{Code: proto.CloseOverloaded, Instance: s.instance, Why: whyMissing})
	}
}

// over gives the epoch in which the instance that is looked for has ended, by the word of a server that had it; zero: none says so.
func (m *Machine) over(replies []Reply) proto.Epoch {
	for _, r := range replies {
		if a := r.Answer; r.Evidence == Answered && a.Holding == Over && a.Epoch.Instance == m.search.instance && !a.Epoch.Less(m.search.seen) {
			return a.Epoch
		}
	}
	return proto.Epoch{}
}

// endSearch tells those who look for an instance that it has ended: nothing is lost.
func (m *Machine) endSearch(e proto.Epoch) {
	m.do(Turn{Code: proto.CloseEnded, Instance: e.Instance})
	m.bury(Over, e, "")
	m.search, m.finding.returners = search{}, false
}

// leaderHeard reports whether the leader of an instance has asked a server a moment ago. Then the room is not declared lost: those that
// record it would end the room there.
func leaderHeard(replies []Reply, i proto.Instance) bool {
	return slices.ContainsFunc(replies, func(r Reply) bool {
		a := r.Answer
		return r.Evidence == Answered && a.Holding == Moved && a.Suspended && a.Epoch.Instance == i
	})
}

// recorded decides on the replies to a declaration: it counts when at least half of the servers that are there have recorded
// it, and none that answered refused.
func (m *Machine) recorded(replies []Reply) {
	m.search.declaring = false
	m.askLater(askAgain)
	lost := m.round.lost // the search may be over, or another one has begun
	n, refused := 0, false
	for _, r := range replies {
		if r.Evidence != Answered {
			continue
		}
		n++
		a := r.Answer
		refused = refused || a.Epoch.Instance == lost && (a.Holding == Leading || a.Holding == Standby || a.Holding == Moved)
	}
	if refused || !m.sure() || 2*n < len(m.fleet.present()) {
		if m.finding != nil {
			m.finding.returners = false
		}
		m.do(Turn{Code: proto.CloseOverloaded, Instance: lost, Why: whySilent})
		return
	}
	m.lose(proto.Epoch{Instance: lost})
}

// lose notes that an instance is lost, and tells those who wait for it.
func (m *Machine) lose(e proto.Epoch) {
	m.do(Report{Kind: ReportLost, Epoch: e, Why: "no server can continue it"}, Turn{Code: proto.CloseLost, Instance: e.Instance})
	m.bury(Gone, proto.Epoch{Instance: e.Instance}, "")
	if m.search.instance == e.Instance {
		m.search = search{}
	}
	if m.finding != nil {
		m.finding.returners = false
	}
	if m.replica != nil {
		m.drop()
	}
}
