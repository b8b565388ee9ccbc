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
// told to come again.
func (m *Machine) returners(replies []Reply, silent bool) {
	f, i := m.finding, m.search.instance
	switch before := f.nobody; {
	case m.nobodyHas(replies, silent) && before == i:
		f.nobody = 0
		m.declare()
	case m.nobodyHas(replies, silent):
		f.nobody = i
	case m.overdue() && m.fleet.mute(0) == 0 && !m.askedAll(replies):
		f.nobody = 0
		m.askLater(askAgain) // a server came meanwhile: the clients wait until it was asked
	default:
		f.nobody, f.returners = 0, false
		m.do(Turn{Code: proto.CloseOverloaded, Instance: i, Why: whyMissing})
	}
}

// nobodyHas reports whether the instance that is looked for can be declared lost, once two rounds in a row have said so. A server
// that is silent may be paused or cut off with a room that lives, and is waited for until the fleet forgets it, as is a member that
// stays and answers nobody; one that is missed and refuses, or comes and goes, is not waited for longer than lostTime.
func (m *Machine) nobodyHas(replies []Reply, silent bool) bool {
	i, answered := m.search.instance, 0
	for _, r := range replies {
		if r.Evidence == Answered {
			answered++
		}
	}
	if !m.sure() || m.fleet.mute(0) > 0 || i == m.heard.Instance || leaderHeard(replies, i) || 2*answered < len(m.fleet.present()) {
		return false
	}
	unsettled := m.now-max(m.fleet.Settled, m.fleet.Since) < settleTime || m.fleet.missing(m.now-returnTime) > 0
	return m.overdue() && !m.awaits(replies) || !silent && !unsettled
}

// declare has the instance that is looked for lost. The others are told, so that they remember it; nobody waits for their answers.
func (m *Machine) declare() {
	i := m.search.instance
	m.lose(proto.Epoch{Instance: i})
	m.round.number++
	m.do(Ask{Round: m.round.number, Servers: m.fleet.present(), Query: Query{Room: m.room, Lost: i}})
}

// declared takes the word of a server that has declared an instance lost. What ticks, and what has a stream, is not lost.
func (m *Machine) declared(i proto.Instance) {
	switch p, l := m.replica, m.lead; {
	case l != nil:
		if l.epoch.Instance == i && l.away() && !l.starting {
			m.endLost(proto.CloseLost, whyLost)
		}
	case p != nil:
		if p.epoch.Instance == i && m.role == Following && p.stream == 0 {
			m.lose(p.epoch)
		}
	case m.heard.Instance != i && m.grave(i) == nil:
		m.bury(Gone, proto.Epoch{Instance: i}, "")
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

// leaderHeard reports whether the leader of an instance has asked a server a moment ago. Then the room is not declared lost.
func leaderHeard(replies []Reply, i proto.Instance) bool {
	return slices.ContainsFunc(replies, func(r Reply) bool {
		a := r.Answer
		return r.Evidence == Answered && a.Holding == Moved && a.Suspended && a.Epoch.Instance == i
	})
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
