package ownership

import "github.com/ringside-go/ringside/proto"

// offered decides on a stream that a leader offers. The offer may be old, and its leader gone: another instance is no reason to give up
// what this server has. It asks the others instead.
func (m *Machine) offered(ev Offered) {
	reject := func(r Rejection) { m.do(Reject{ev.Stream, r}) }
	same := m.Epoch().Instance == ev.Epoch.Instance
	switch {
	case m.role == Finding:
		m.finding.yielded = ev.From.Server
		reject(Rejection{Code: RejectBusy, Text: "it is about to create the room, and gives way"})
		return
	case m.role == Leads && !same, m.role == Following && !same && (m.replica.stream != 0 || !m.replica.expired(m)):
		if m.role == Leads {
			m.lead.asks = true
		} else if m.replica.stream == 0 {
			m.doubtSoon()
		}
		reject(Rejection{Code: RejectEpoch, Epoch: m.Epoch(), Leader: m.Leader(), Text: "it leads another instance, or has a replica of it"})
		return
	case m.role == Promoting && !ev.Epoch.Supersedes(m.replica.next),
		m.role == Leads && !m.lead.epoch.Less(ev.Epoch) && !(m.lead.away() && !fenced(m.lead.epoch, ev.Epoch)),
		m.role == Following && same && ev.Epoch.Less(m.replica.epoch):
		reject(Rejection{Code: RejectEpoch, Epoch: m.Epoch(), Leader: m.Leader(), Text: "another epoch is led by " + m.Leader()})
		return
	}
	if m.role == Leads && !m.lead.epoch.Less(ev.Epoch) {
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
		m.stepDown(ev.From.Server, ev.Epoch)
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
	m.abandonRound()
	m.do(Accept{ev.Stream, keep})
	if sends { // a leader that was replaced will not move the room here
		m.do(Send{Server: ev.From.Server, Epoch: ev.Epoch, All: replaced})
	}
}
