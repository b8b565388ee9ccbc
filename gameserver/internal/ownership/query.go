package ownership

import (
	"time"

	"github.com/ringside-go/ringside/proto"
)

// Query answers a question of another server, and returns what is to be done. When two servers want to create the room at the
// same time, the one that comes first in the order of the two continues and the other gives way; both come to the same result.
func (m *Machine) Query(asker string, q Query, now time.Duration) (Answer, []Action) {
	m.begin(now)
	if q.Seeks != 0 {
		m.searched(q.Seeks)
	}
	a := m.answer(asker, q)
	a.Process, a.Sought = m.config.Self, m.sought(q.Seeks)
	m.tend()
	return a, m.out
}

func (m *Machine) answer(asker string, q Query) Answer {
	if p := m.replica; p != nil && m.role == Following {
		if p.withdrawn.Less(q.Withdrawn) && q.Withdrawn.Instance == p.epoch.Instance {
			p.withdrawn = q.Withdrawn
		}
	}
	if q.Lost != 0 {
		m.declared(q.Lost)
	}
	if m.lost(q.Instance) {
		return Answer{Holding: Gone, Epoch: proto.Epoch{Instance: q.Instance}}
	}
	switch m.role {
	case Leads, Promoting:
		if l := m.lead; l != nil && !l.away() && q.Leads.Supersedes(l.epoch) && !fenced(q.Leads, l.epoch) {
			m.raise(q.Leads.Counter)
		}
		return m.answerLeading(asker)
	case Following:
		p := m.replica
		if asker == p.leader.Server && q.Leads.Instance == p.epoch.Instance && m.round.open {
			m.abandonRound() // it leads the room: what was said before it asked proves nothing
			m.askLater(askAgain)
		}
		if !p.stocked {
			return Answer{Holding: Moved, Epoch: p.epoch, Leader: p.leader.Server}
		}
		return Answer{Holding: Standby, Epoch: p.epoch, Leader: p.leader.Server, Tick: p.rank(), Suspended: p.expired(m), Announced: p.onProbation()}
	}
	if q.Leads != (proto.Epoch{}) {
		m.heard, m.heardAt = q.Leads, m.now
	}
	if i := m.heard.Instance; i != 0 && (q.Seeks == i || q.Instance == i) && asker != m.heard.Server { // which may not see that one
		return Answer{Holding: Moved, Epoch: m.heard, Leader: m.heard.Server, Suspended: true}
	}
	if q.Claim {
		if first := m.claimed(asker); first != "" {
			return Answer{Holding: Creating, Leader: first}
		}
	}
	return m.answerNothing(q)
}

func (m *Machine) answerLeading(asker string) Answer {
	a := Answer{Holding: Leading, Leader: m.config.Self.Server}
	if m.role == Promoting {
		p := m.replica
		a.Epoch, a.Suspended = p.next, true
		a.Counted = asker == p.leader.Server || p.has(asker)
		return a
	}
	s := m.lead.standby(asker)
	a.Epoch, a.Counted = m.lead.epoch, s != nil && s.may && !s.dismissed
	if m.lead.away() {
		a.Suspended, a.Away = true, m.now-m.lead.since
	}
	return a
}

// fenced reports whether the leader in e may have announced outcomes without the one in o, which has raised its own epoch by
// takeovers and handoffs only since they parted.
func fenced(e, o proto.Epoch) bool { return e.Counter >= o.Counter+fence/2 }

// claimed leaves the room to asker, or gives the server that goes before it: one that is creating the room, or that had it a moment ago
// and is not known to have ended. The asker may know only the end of that one's earlier process.
func (m *Machine) claimed(asker string) (first_ string) {
	if p := m.promise; p.server != "" && p.server != asker {
		return p.server
	}
	if t := m.tomb; t.holding == Moved && t.leader != asker && m.now-t.at < redirectTime {
		if s, _ := m.fleet.find(t.leader); s.Presence == Present || s.Presence > Present && s.Presence != Exited && m.now-s.Gone < returnTime {
			return t.leader
		}
	}
	if f := m.finding; f != nil && f.creates && f.yielded == "" {
		if self := m.config.Self.Server; first(m.room, self, asker) == self {
			return self
		}
		f.yielded = asker
	}
	m.isThere(asker)
	m.promise = promise{asker, m.now}
	return ""
}

func (m *Machine) answerNothing(q Query) Answer {
	t := m.tomb
	if g := m.grave(q.Seeks); g != nil && g.over {
		return Answer{Holding: Over, Epoch: g.epoch}
	}
	return Answer{Holding: t.holding, Epoch: t.epoch, Leader: t.leader}
}
