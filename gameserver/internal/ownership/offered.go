package ownership

import "github.com/ringside-go/ringside/proto"

// offered decides on a stream that a leader offers.
func (m *Machine) offered(ev Offered) {
	reject := func(r Rejection) { m.do(Reject{ev.Stream, r}) }
	same := m.Epoch().Instance == ev.Epoch.Instance
	switch {
	case m.role == Finding:
		m.finding.yielded = ev.From.Server
		reject(Rejection{Code: RejectBusy, Text: "it is about to create the room, and gives way"})
		return
	case m.role == Promoting && !ev.Epoch.Supersedes(m.replica.next), m.role == Leads && !(same && (m.lead.away() && !fenced(m.lead.epoch, ev.Epoch) || m.lead.epoch.Less(ev.Epoch))) && !m.yields(ev),
		m.role == Following && same && ev.Epoch.Less(m.replica.epoch):
		reject(Rejection{Code: RejectEpoch, Epoch: m.Epoch(), Leader: m.Leader(), Text: "another epoch is led by " + m.Leader()})
		return
	case m.role == Following && !same && m.replica.stream != 0:
		reject(Rejection{Code: RejectEpoch, Epoch: m.Epoch(), Leader: m.Leader(), Text: "it has a replica of another instance, whose leader is alive"})
		return
	}
	if m.role == Leads && m.lead.away() && same && !m.lead.epoch.Less(ev.Epoch) && !fenced(m.lead.epoch, ev.Epoch) {
		// The leader that ticks keeps the room. It raises its epoch when it is asked.
		reject(Rejection{Code: RejectOther, Text: "it leads the room too, and is suspended"})
		return
	}
	if m.role == Absent && m.tomb.crashed && m.tomb.epoch.Instance == ev.Epoch.Instance {
		reject(Rejection{Code: RejectCrashed, Epoch: m.tomb.epoch, Text: "the room has killed the server that took it over"})
		return
	}
	if m.role == Promoting { // somebody leads above the epoch that this server was to lead in
		m.role = Following
	}
	if m.role == Leads {
		if same {
			m.stepDown(ev.From.Server, ev.Epoch)
		} else {
			m.endLost(proto.CloseOver, whyOther)
		}
	}
	p := m.replica
	continues := p != nil && same
	if ev.Unable != nil && !(continues && ev.Unable.Code.soon()) {
		if continues {
			m.bury(Moved, ev.Epoch, ev.From.Server)
			m.drop() // its leader continues without it
		}
		reject(*ev.Unable)
		return
	}
	if p != nil && !same {
		m.drop()
		p = nil
	}
	if p == nil {
		m.absent()
		m.role, p = Following, &replica{}
		m.replica = p
	}
	if p.stream != 0 {
		m.do(Reject{p.stream, Rejection{Code: RejectEpoch, Epoch: ev.Epoch, Leader: ev.From.Server, Text: "its leader has opened another stream"}})
		m.unstream()
	}
	if p.handed != nil && p.epoch.Server == ev.From.Server {
		m.moveDone(ev.Epoch)
	}
	if ev.BaseEpoch == (proto.Epoch{}) {
		ev.BaseEpoch = ev.Epoch
	}
	keep := p.stocked && ev.HasBase && p.tick == ev.Base && p.state == ev.BaseEpoch
	if !keep && (p.expired(m) || !ev.HasBase && p.state != ev.Epoch) {
		p.stocked, p.leased = false, 0 // the leader has gone on without it, or did before it opened the stream
	}
	p.uncounted = false
	replaced := continues && p.epoch.Less(ev.Epoch) && p.leader.Server != ev.From.Server
	m.follow(ev.From, ev.Epoch)
	sends := (replaced || p.doubts) && m.fleet.presence(ev.From.Server) == Present
	m.setOthers(ev.Others)
	p.stream, p.opened, p.announced, p.doubts, p.hurry, p.fails = ev.Stream, m.now, false, false, false, 0
	p.withdrawn, p.apart = proto.Epoch{}, 0
	m.seeApart()
	if keep {
		p.state = ev.Epoch
	}
	m.tomb, m.promise = tomb{}, promise{}
	m.abandonRound()
	m.do(Accept{ev.Stream, keep})
	if sends { // a leader that was replaced will not move the room here
		m.do(Send{Server: ev.From.Server, Epoch: ev.Epoch, All: replaced})
	}
}

// yields reports whether a room that is led here gives way to another instance that is led: it is suspended, or there are two
// against all rules, and one must go.
func (m *Machine) yields(ev Offered) bool {
	l := m.lead
	return l.epoch.Instance != ev.Epoch.Instance && (l.away() || m.goesAfter(ev.From.Server))
}

// goesAfter reports whether the room that is led here gives way to the instance that server leads, where both tick.
func (m *Machine) goesAfter(server string) bool {
	return first(m.room, m.config.Self.Server, server) == server
}
