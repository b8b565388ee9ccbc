package ownership

import (
	"slices"
	"time"

	"github.com/ringside-go/ringside/proto"
)

// replica is the role of a standby.
type replica struct {
	leader Process // Boot 0: it is not known which process
	epoch  proto.Epoch
	others []string // servers that may have a replica too
	stream uint64   // 0: there is none
	lost   time.Duration
	opened time.Duration // when the stream began

	stocked bool        // there is a state
	state   proto.Epoch // in which the state was led
	tick    proto.Tick  // of the state, as of the last Observe

	apart     time.Duration // since when the leader may have no quorum, until it ticks with one; 0: it has one
	apartTick proto.Tick    // then

	uncounted bool        // a later leader than that of the state does not wait for this replica, as far as is known
	withdrawn proto.Epoch // no offer of this epoch, or of a lower one, is taken
	announced bool        // its leader was about to run the first tick after a takeover,
	before    proto.Tick  // the one after this tick
	handed    *handed     // this server has handed the room over, and has been a replica of it since; nil: it has not

	searched []Reply       // of the last round, if nobody had the room; a declaration is none
	doubts   bool          // this server asks whether the leader is alive
	doubted  time.Duration // since when
	heir     time.Duration // since when it has heard of a better replica; 0: it has not
	check    time.Duration // without a stream: when it asks again by itself
	hurry    bool          // the target of this server's handoff does not take the room, or its link is gone
	retry    time.Duration // when the simulation may be made again
	fails    int

	// While Promoting.
	next  proto.Epoch   // in which this server leads
	since time.Duration // when it was decided
	offer bool          // the leader has handed the room over
	// killed: the leader's process is gone, perhaps because of the room. ended are those that cannot have a replica any more.
	// unheard: somebody did not answer.
	killed  bool
	unheard bool
	ended   []string
}

// handed is what a server remembers of a room that it handed over, for as long as it stands by for it.
type handed struct {
	id    int // the standby that it was handed to; its stream may still say that it took the room
	why   string
	begun time.Duration
	ended bool // MoveEnded was told
}

func (p *replica) has(server string) bool { return slices.Contains(p.others, server) }

// onProbation reports whether the leader has announced its first tick, and has not run it as far as the replica knows.
func (p *replica) onProbation() bool { return p.announced && p.tick <= p.before }

// rank is the tick that counts when the newest replica is looked for: a state of an earlier epoch is the least.
func (p *replica) rank() proto.Tick {
	if p.state != p.epoch {
		return 0
	}
	return p.tick
}

// expired reports whether the leader may have gone on without the replica, so that nobody may lead from it: outcomes may have
// been announced that it does not have.
func (p *replica) expired(m *Machine) bool {
	switch {
	case p.uncounted, fenced(p.epoch, p.state):
		return true
	case p.stream == 0:
		return m.now-p.lost > LeaseTime
	case m.beforePause(p.opened):
		return m.now-m.pausedFrom > LeaseTime
	}
	return false
}

// apart reports whether the replica's leader may have no quorum: it says so, or this server, which it reaches, has none.
func (m *Machine) apart() bool {
	return !m.fleet.Quorum || m.fleet.presence(m.replica.leader.Server) == CutOff
}

// seeApart notes since when that is so.
func (m *Machine) seeApart() {
	if p := m.replica; p != nil && p.apart == 0 && m.apart() {
		p.apart, p.apartTick = m.now, p.tick
	}
}

// outOfDate reports whether one of the others may have led the room and announced outcomes while the leader had no quorum. Those in
// loyal have not.
func (p *replica) outOfDate(now time.Duration, loyal map[string]bool) bool {
	return p.apart != 0 && now-p.apart > LeaseTime && slices.ContainsFunc(p.others, func(o string) bool { return o != p.leader.Server && !loyal[o] })
}

// beforePause reports whether a stream that began at opened is older than a pause that ended just now: its end may not have
// been noticed yet, and what comes from it may have waited during the pause.
func (m *Machine) beforePause(opened time.Duration) bool {
	return m.pausedUntil != 0 && m.now-m.pausedUntil < pauseTime && opened < m.pausedFrom
}

// Observe tells the tick that the replica has. It is to be called before Step and Query of a machine that has one.
func (m *Machine) Observe(tick proto.Tick) {
	p := m.replica
	if p == nil || !p.stocked {
		return
	}
	switch p.tick = tick; {
	case p.apart == 0:
	case m.apart():
		p.apartTick = tick
	case p.apartTick < tick:
		p.apart = 0
	}
}

// Guards reports whether this server has handed the room over and stands by for it since. The new leader dismisses a server that
// drains as soon as another one stands by.
func (m *Machine) Guards() bool { return m.replica != nil && m.replica.handed != nil }

// replicaStep takes the events of streams. Those of a stream that was replaced mean nothing.
func (m *Machine) replicaStep(ev Event) {
	if ev, ok := ev.(Offered); ok {
		m.offered(ev)
		return
	}
	p := m.replica
	if lost, ok := ev.(StreamLost); ok && p != nil && lost.Stream == p.stream {
		m.streamLost()
		return
	}
	if p == nil || m.role != Following {
		return
	}
	switch ev := ev.(type) {
	case Stocked:
		if ev.Stream == p.stream {
			p.stocked, p.uncounted, p.state = true, false, p.epoch
		}
	case StreamStopped:
		if ev.Stream == p.stream {
			m.bury(Moved, p.epoch, p.leader.Server)
			m.drop()
		}
	case Unfit:
		if ev.Stream == p.stream {
			m.do(Reject{p.stream, ev.Rejection})
			p.stream = 0
			m.bury(Moved, p.epoch, p.leader.Server)
			m.drop()
		}
	case Updated:
		if ev.Stream == p.stream {
			m.updated(ev)
		}
	case HandedTo:
		if ev.Stream == p.stream {
			m.setOthers(append(without(p.others, ev.Leader), p.leader.Server))
			m.unstream()
			m.follow(Process{Server: ev.Leader}, ev.Epoch)
			p.state = ev.Epoch // it continues from the final tick, and the new leader waits for it
			p.check = m.now + tookTime
		}
	case Offer:
		if ev.Stream == p.stream {
			m.take(ev)
		}
	case Announced:
		if ev.Stream == p.stream {
			p.announced, p.before = true, p.tick
		}
	case StandbyTook:
		if p.handed != nil && ev.ID == p.handed.id {
			m.moveDone(ev.Epoch)
		}
	case StandbyRejected:
		if p.handed != nil && ev.ID == p.handed.id {
			m.hurry()
		}
	case StandbyLost:
		if p.handed != nil && ev.ID == p.handed.id {
			m.hurry()
		}
	}
}

// follow notes who leads the room.
func (m *Machine) follow(leader Process, e proto.Epoch) {
	m.replica.leader, m.replica.epoch = leader, e
	m.isThere(leader.Server)
}

func without(names []string, name string) []string {
	return slices.DeleteFunc(slices.Clone(names), func(n string) bool { return n == name })
}

// streamLost notes since when the replica is not fed.
func (m *Machine) streamLost() {
	m.unstream()
	if m.role == Following {
		m.doubt()
	}
}

func (m *Machine) updated(ev Updated) {
	p := m.replica
	if ev.Epoch.Supersedes(p.epoch) {
		if p.state == p.epoch {
			p.state = ev.Epoch
		}
		p.epoch = ev.Epoch
	}
	m.setOthers(ev.Others)
}

// setOthers notes who has a replica too. A leader adds servers that it sees.
func (m *Machine) setOthers(names []string) {
	p := m.replica
	names = without(names, m.config.Self.Server)
	for _, o := range names {
		if !p.has(o) {
			m.isThere(o)
		}
	}
	p.others = names
}

// drop frees the replica and ends the role.
func (m *Machine) drop() {
	p := m.replica
	if p.stream != 0 {
		m.do(Reject{p.stream, Rejection{Code: RejectStopped, Text: "it has no replica any more"}})
	}
	if h := p.handed; h != nil && !h.ended {
		h.ended = true
		m.do(MoveEnded{errDeposed})
	}
	if m.tomb.holding == None { // a leader that comes back must hear that there was a later one
		m.bury(Moved, p.epoch, p.leader.Server)
	}
	m.do(Drop{})
	m.absent()
}

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
			m.do(Report{Kind: ReportLost, Epoch: p.epoch, Why: "its leader is gone, and no server that knows more came back in time"})
			m.drop()
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
	switch {
	case m.search.instance == p.epoch.Instance && p.expired(m) && m.overdue() && m.fleet.mute(0) == 0 && p.searched != nil && !m.awaits(p.searched) && !leaderHeard(p.searched, p.epoch.Instance) && m.fleet.home(m.room, m.config.Self.Server) == m.config.Self.Server:
		q.Lost, needed = m.search.instance, nil
	case p.awaited():
		q.Withdrawn = p.epoch
	}
	m.ask(servers, needed, q, p.epoch)
}

// judgeLeader acts on what the others say of the leader.
func (m *Machine) judgeLeader(replies []Reply) {
	p := m.replica
	if !p.doubts {
		return
	}
	v := m.examine(replies)
	if p.searched = nil; !v.found {
		p.searched = slices.Clone(replies)
	}
	if v.found && m.search.instance == p.epoch.Instance {
		m.search = search{}
	}
	switch v.what {
	case leaderLives:
		m.leaderLives(v.answer)
	case roomLost:
		m.lose(p.epoch)
	case roomOver:
		m.do(Report{Kind: ReportDropped, From: p.leader.Server, Epoch: p.epoch, Why: "the room has ended"})
		m.bury(Over, p.epoch, "")
		m.drop()
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
		m.do(Report{Kind: ReportLost, From: p.leader.Server, Epoch: p.epoch, Why: "its leader is gone, and this replica is too old to be led from"})
		m.drop()
	case nothing:
		m.do(Report{Kind: ReportDropped, From: p.leader.Server, Epoch: p.epoch, Why: "its leader is gone before this server had the room"})
		m.drop()
	case condemned:
		m.do(Report{Kind: ReportLost, From: p.leader.Server, Epoch: p.epoch, Why: "it killed the server that took it over"},
			Turn{Code: proto.CloseCrashed, Instance: p.epoch.Instance})
		m.bury(Over, p.epoch, "")
		m.tomb.crashed = true
		m.drop()
	case takeOver:
		if !m.due(p.retry) {
			m.askLater(p.retry - m.now)
			return
		}
		p.others = append(p.others, v.holders...)
		p.next, p.killed, p.ended = v.epoch.Next(m.config.Self.Server), v.killed, v.ended
		p.unheard = v.unheard || m.unseen(v.ended, p.leader.Server) // though they may be back when the simulation is made
		m.role, p.offer, p.since = Promoting, false, m.now
		m.abandonRound()
		m.do(Prepare{})
	}
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
	if p.stream == 0 && a.Counted && a.Suspended && (a.Away > 0 || a.Epoch == p.state) && !p.expired(m) {
		p.lost = max(p.lost, m.round.asked)
	}
	if p.epoch.Less(a.Epoch) && p.epoch.Instance == a.Epoch.Instance {
		m.follow(a.Process, a.Epoch)
	}
	p.check = m.now + orphanCheck
}

// unstream notes that there is no stream any more.
func (m *Machine) unstream() {
	p := m.replica
	p.stream, p.lost, p.check = 0, m.now, m.now+orphanCheck
	if m.beforePause(p.opened) {
		p.lost = m.pausedFrom
	}
}
