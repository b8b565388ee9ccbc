package ownership

import (
	"slices"
	"time"

	"github.com/ringside-go/ringside/proto"
)

// doubt has the others asked whether the leader is alive.
func (m *Machine) doubt() {
	if p := m.replica; !p.doubts {
		p.doubts, p.doubted, p.heir = true, m.now, 0
		m.round.again = 0
	}
}

// doubtSoon is doubt because of a client's word: at most every askAgain.
func (m *Machine) doubtSoon() {
	if p := m.replica; !p.doubts {
		again := p.doubted + askAgain
		m.doubt()
		m.round.again = again
	}
}

// hurry is doubt where the target of a handoff need not be waited for.
func (m *Machine) hurry() {
	m.replica.hurry = true
	m.doubt()
}

// awaited reports whether a server to which the room was handed has not opened its stream yet.
func (p *replica) awaited() bool { return p.stream == 0 && p.leader.Boot == 0 }

// tendReplica asks after a leader that may be gone.
func (m *Machine) tendReplica() {
	p := m.replica
	there := m.fleet.presence(p.leader.Server) == Present
	if p.stream == 0 {
		if !there && m.now-p.doubted >= orphanCheck || m.due(p.check) {
			m.doubt()
		}
		if m.due(p.lost + keepTime) {
			m.giveUp(ReportLost, "its leader is gone, and no server that knows more came back in time")
			return
		}
	}
	if !p.doubts || m.round.open || p.awaited() && there && !p.hurry && !m.due(p.lost+tookTime) {
		return
	}
	needed, servers := append([]string{p.leader.Server}, p.others...), m.fleet.present()
	if slices.Contains(m.unlisted, p.leader.Server) {
		servers = append(servers, p.leader.Server)
	}
	q := Query{}
	if p.awaited() {
		q.Withdrawn = p.epoch
	}
	if m.mayDeclare() {
		needed = nil
	}
	m.ask(servers, needed, q, p.epoch)
}

// mayDeclare reports whether the replica's server may declare the room lost: it is the room's home, and nobody may lead from what it has.
func (m *Machine) mayDeclare() bool {
	p, self := m.replica, m.config.Self.Server
	return m.search.instance == p.epoch.Instance && p.expired(m) && m.overdue() && m.fleet.home(m.room, self) == self
}

// judgeLeader acts on what the others say of the leader.
func (m *Machine) judgeLeader(replies []Reply) {
	p := m.replica
	if !p.doubts {
		return
	}
	v := m.examine(replies)
	if v.found && m.search.instance == p.epoch.Instance {
		m.search = search{}
	}
	m.conclude(v, replies)
	if m.replica != p || m.role != Following {
		return
	}
	nobody := !v.found && m.mayDeclare() && m.nobodyHas(replies, true)
	if nobody && p.nobody {
		m.declare()
	}
	p.nobody = nobody
}

// conclude acts on a verdict.
func (m *Machine) conclude(v examined, replies []Reply) {
	p := m.replica
	switch v.what {
	case leaderLives:
		m.leaderLives(v.answer)
	case roomLost:
		m.lose(p.epoch)
	case roomOver:
		m.bury(Over, p.epoch, "")
		m.giveUp(ReportDropped, "the room has ended")
	case leaderElsewhere:
		m.follow(Process{Server: v.answer.Leader}, v.answer.Epoch)
		p.uncounted = true
		p.announced = false // by the leader before, which lives
		m.askLater(graceTime)
	case betterReplica:
		if p.heir == 0 {
			p.heir = m.now
		}
		m.askLater(graceTime)
	case leftBehind:
		p.uncounted = true
		m.askLater(graceTime)
	case unknown:
		m.askLater(m.patience(replies))
		if p.stream == 0 && m.fleet.presence(p.leader.Server) == Present {
			m.do(Suspect{p.leader.Server})
		}
	case tooOld:
		m.giveUp(ReportLost, "its leader is gone, and this replica is too old to be led from")
	case nothing:
		m.giveUp(ReportDropped, "its leader is gone before this server had the room")
	case condemned:
		m.bury(Over, p.epoch, "")
		m.tomb.crashed = true
		m.giveUp(ReportLost, "it killed the server that took it over", Turn{Code: proto.CloseCrashed, Instance: p.epoch.Instance})
	case replaced:
		m.bury(Gone, proto.Epoch{Instance: p.epoch.Instance}, "")
		m.giveUp(ReportLost, "its leader is gone, and another instance is led by "+v.answer.Leader, Send{Server: v.answer.Leader, Epoch: v.answer.Epoch, All: true})
	case takeOver:
		if !m.due(p.retry) {
			m.askLater(p.retry - m.now)
			return
		}
		p.others = append(p.others, v.holders...)
		p.next, p.killed, p.ended = v.epoch.Next(m.config.Self.Server), v.killed, v.ended
		p.quiet = v.quiet
		p.unheard = v.unheard || m.unseen(v.ended, p.leader.Server) // though they may be back when the simulation is made
		m.role, p.offer, p.since = Promoting, false, m.now
		m.abandonRound()
		m.do(Prepare{})
	}
}

// giveUp gives the replica up.
func (m *Machine) giveUp(kind ReportKind, why string, also ...Action) {
	m.do(Report{Kind: kind, From: m.replica.leader.Server, Epoch: m.replica.epoch, Why: why})
	m.do(also...)
	m.drop()
}

// patience is the pause before the next round: short while the leader's socket may still be closing.
func (m *Machine) patience(replies []Reply) time.Duration {
	p := m.replica
	far := slices.ContainsFunc(replies, func(r Reply) bool { return r.Server == p.leader.Server && r.Evidence == RefusedFar })
	switch {
	case p.stream == 0 && m.now-p.lost < resetTime && (far || m.fleet.presence(p.leader.Server) == Present):
		return resetPause
	case m.now-p.doubted > LeaseTime:
		return 4 * askAgain
	}
	return askAgain
}

// leaderLives keeps the replica for the leader that answered, if that leader counts on it.
func (m *Machine) leaderLives(a Answer) {
	p := m.replica
	p.doubts = false
	if !a.Counted && !(a.Leader == p.leader.Server && p.stream != 0) {
		if h := p.handed; h != nil && !h.ended {
			m.moveDone(a.Epoch)
		}
		m.do(Send{Server: a.Leader, Epoch: a.Epoch, All: true})
		if !a.Epoch.Less(p.epoch) { // else drop notes the later leader: the one that answered must hear of it
			m.bury(Moved, a.Epoch, a.Leader)
		}
		m.drop()
		return
	}
	m.do(Send{Server: a.Leader, Epoch: a.Epoch})
	p.uncounted = p.uncounted && !a.Counted
	// A suspended leader waits for this replica until DetachTime after it has resumed. One that is still promoting its own may come to
	// nothing, and the leader of the state may have gone on; but not where that one has handed the room over.
	if !p.counted && a.Counted && a.Suspended && (a.Away > 0 || a.Epoch == p.state) && !p.expired(m) {
		p.leased = max(p.leased, m.round.asked)
	}
	if p.epoch.Less(a.Epoch) && p.epoch.Instance == a.Epoch.Instance {
		m.follow(a.Process, a.Epoch)
	}
	p.check = m.now + orphanCheck
}
