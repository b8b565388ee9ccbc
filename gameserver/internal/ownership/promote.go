package ownership

// take decides on a room that its leader has handed to this server.
func (m *Machine) take(ev Offer) {
	p := m.replica
	if !p.stocked || !p.withdrawn.Less(ev.Epoch) || !ev.Epoch.Supersedes(p.epoch) {
		m.do(Reject{p.stream, Rejection{Code: RejectOther, Text: "its leader has asked meanwhile what became of it"}})
		m.unstream()
		return
	}
	m.setOthers(ev.Others)
	p.next, p.offer, p.since, p.killed, p.unheard, p.quiet, p.ended = ev.Epoch, true, m.now, false, false, false, nil
	m.role = Promoting
	m.abandonRound()
	m.do(Prepare{})
}

// promote leads from the simulation that was made of the replica.
func (m *Machine) promote(ev Prepared) {
	p := m.replica
	if ev.Err != nil {
		m.notPromoted(ev.Err, ev.Final)
		return
	}
	l := Lead{Epoch: p.next, Resumed: true, Handoff: p.offer}
	switch {
	case p.offer && (!m.sure() || m.now-p.since > LeaseTime):
		l.Suspended = WasPaused // it may have been taken back meanwhile
	case !p.offer && !m.sure():
		m.notPromoted(errUnsure, false)
		return
	case !p.offer && p.expired(m):
		m.notPromoted(errSlow, false)
		return
	}
	if p.offer {
		p.state = p.next // the others continue from the final tick, too
	}
	m.startLead(l, p)
}

// notPromoted keeps the replica and returns to Following.
func (m *Machine) notPromoted(err error, final bool) {
	p := m.replica
	m.role = Following
	m.do(Report{Kind: ReportStuck, From: p.leader.Server, Epoch: p.epoch, Why: err.Error()})
	if p.stream != 0 {
		// Not RejectGame: the leader, should it live, must keep waiting for a server that has a replica.
		m.do(Reject{p.stream, Rejection{Code: RejectOther, Text: err.Error()}})
		m.unstream()
	}
	if final {
		m.drop()
		return
	}
	p.retry = m.now + prepareRetry<<min(p.fails, 3)
	p.fails++
	m.doubt()
}
