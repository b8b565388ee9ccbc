package ownership

import (
	"errors"
	"slices"
	"time"

	"github.com/ringside-go/ringside/proto"
)

var (
	errEnded   = errors.New("the room has ended")
	errDeposed = errors.New("another server leads the room")
	errUnsure  = errors.New("this server sees too little of the fleet")
	errSlow    = errors.New("the simulation was made too late to go on from the replica")
)

// lead is the role of the server that ticks the room.
type lead struct {
	epoch    proto.Epoch
	starting bool // the shell starts the room
	created  bool
	from     *replica // the replica that it was started from
	begun    time.Duration

	standbys []*standby
	ids      int
	avoid    map[string]time.Duration // servers that do not stand by, until when they are not asked
	told     []string                 // the standbys that all know of

	suspended Reason
	since     time.Duration // while suspended: since when it is not certain that it leads alone
	confirm   bool          // it may resume only after the others were asked
	saw       *proto.Epoch  // that a client has seen, and that the others are asked about
	sawAt     time.Duration // when a client's word last caused that
	asks      bool          // whether another server leads, too
	askedAt   time.Duration
	hold      int           // stands for those that did not answer before the takeover: outcomes wait until they have; -1: none
	held      time.Duration // since when

	move   *move
	moveAt time.Duration // when the next may begin
	fails  int           // moves that failed in a row

	probation probation
}

// standby is a server whose word outcomes wait for: it stands by, or it led the room or had a replica before.
type standby struct {
	id     int
	server string
	boot   uint64
	caught bool // it has acknowledged something of the present stream

	may       bool // it may have a replica: it had one, or has accepted a stream
	dismissed bool
	fenced    bool          // the epoch is above any that it can lead in without a replica of it
	lost      bool          // its stream is
	silent    time.Duration // while it is, or has not caught up since: since when
	tries     int
	retry     time.Duration // when its stream is opened again
}

// absent reports whether the standby has been without a stream for so long that it does not count as one.
func (s *standby) absent(now time.Duration) bool {
	return s != nil && (s.lost || !s.caught) && s.silent != 0 && now-s.silent >= replaceTime
}

func (l *lead) standby(server string) *standby {
	for _, s := range l.standbys {
		if s.server == server {
			return s
		}
	}
	return nil
}

func (l *lead) find(id int) *standby {
	for _, s := range l.standbys {
		if s.id == id {
			return s
		}
	}
	return nil
}

// away reports whether it may go on only after the others were asked.
func (l *lead) away() bool { return l.suspended&^OnProbation != 0 || l.confirm }

func (l *lead) names() (names []string) {
	for _, s := range l.standbys {
		names = append(names, s.server)
	}
	return names
}

// Standbys are the servers that have, or may have, a replica of the room that is led here.
func (m *Machine) Standbys() []string {
	if m.lead == nil {
		return nil
	}
	return m.lead.names()
}

// Caught are the servers whose replica follows the room.
func (m *Machine) Caught() (names []string) {
	if m.lead == nil {
		return nil
	}
	for _, s := range m.lead.standbys {
		if s.caught && !s.lost {
			names = append(names, s.server)
		}
	}
	return names
}

// Suspended are the reasons why a room that is led here does not tick.
func (m *Machine) Suspended() Reason {
	if m.lead == nil {
		return 0
	}
	return m.lead.suspended
}

// Moving reports whether a move of the room is under way, and whether the next may begin.
func (m *Machine) Moving(now time.Duration) (moving, may bool) {
	if m.lead == nil || m.lead.starting {
		return m.lead != nil, false
	}
	return m.lead.move != nil, m.lead.move == nil && m.lead.suspended == 0 && !m.lead.confirm && now >= m.lead.moveAt
}

// MayTake reports whether server may stand by for the room, as far as the room's own experience goes.
func (m *Machine) MayTake(server string, now time.Duration) bool {
	l := m.lead
	return l != nil && now >= l.avoid[server] && !l.standby(server).absent(now)
}

// startLead starts the room. from is the replica that it goes on from; nil: the room is new. Outcomes wait for those that
// led it or had a replica until now: cut off or paused, they may not know yet who leads.
func (m *Machine) startLead(a Lead, from *replica) {
	l := &lead{epoch: a.Epoch, starting: true, created: from == nil, from: from, begun: m.now, hold: -1, avoid: map[string]time.Duration{}}
	var before []string
	if from != nil {
		l.begun = from.doubted
		before = append(before, from.leader.Server)
		for _, o := range from.others {
			if !slices.Contains(before, o) {
				before = append(before, o)
			}
		}
	}
	finding := m.finding
	m.lead = l
	for _, s := range before {
		if s == m.config.Self.Server || slices.Contains(from.ended, s) {
			continue
		}
		w := &standby{id: l.nextID(), server: s, may: true}
		if s == from.leader.Server {
			w.boot = from.leader.Boot
		}
		l.standbys = append(l.standbys, w)
	}
	for _, s := range m.candidates(m.config.Standbys) {
		if l.standby(s) == nil {
			l.standbys = append(l.standbys, &standby{id: l.nextID(), server: s})
		}
	}
	for _, s := range l.standbys {
		a.Standbys = append(a.Standbys, s.id)
	}
	if from != nil && from.unheard {
		l.hold, l.held, l.asks, l.askedAt = l.nextID(), m.now, true, m.now
		a.Standbys = append(a.Standbys, l.hold)
	}
	if !m.fleet.Quorum {
		a.Suspended |= NoQuorum
	}
	if from != nil && from.killed && len(l.standbys) > 0 {
		a.Suspended |= OnProbation
	}
	l.suspended, l.since = a.Suspended, m.now
	l.confirm = a.Suspended&^OnProbation != 0
	m.role, m.replica, m.finding = Leads, nil, finding
	m.abandonRound()
	m.do(a)
}

func (l *lead) nextID() int {
	l.ids++
	return l.ids - 1
}

// SetInstance completes the epoch of a room that is created. The shell calls it while it carries out Lead.
func (m *Machine) SetInstance(i proto.Instance) { m.lead.epoch.Instance = i }

// startFailed goes back to what was before.
func (m *Machine) startFailed(err error) {
	from := m.lead.from
	m.lead = nil
	if from == nil {
		m.absent() // the shell has told the clients why
		return
	}
	m.role, m.replica = Promoting, from
	m.notPromoted(err, false)
}

// confirmLead is what follows when the room runs.
func (m *Machine) confirmLead() {
	l := m.lead
	from := l.from
	l.from, m.finding = nil, nil
	m.tomb, m.promise = tomb{}, promise{}
	if m.search.instance == l.epoch.Instance {
		m.search = search{}
	}
	for _, s := range l.standbys {
		o := Open{ID: s.id, Server: s.server}
		if from != nil {
			o.Base, o.From = true, from.state
		}
		m.do(o)
	}
	l.told = l.names()
	self := m.config.Self.Server
	switch {
	case l.created:
		m.do(Report{Kind: ReportCreated, To: self, Epoch: l.epoch, Took: m.now - l.begun})
		return
	case from.offer:
		m.do(Took{from.stream, l.epoch}, Report{Kind: ReportTook, From: from.leader.Server, To: self, Epoch: l.epoch})
	default:
		if from.stream != 0 { // should the leader live after all, it must not take the end of its stream for that of the replica
			m.do(Reject{from.stream, Rejection{Code: RejectEpoch, Epoch: l.epoch, Leader: self, Text: "it leads the room itself"}})
		}
		l.moveAt = m.now + settleTime // not back to a home that is lost, and that gossip has not missed yet
		m.do(Report{Kind: ReportFailover, From: from.leader.Server, To: self, Epoch: l.epoch, Took: m.now - l.begun})
	}
	if h := from.handed; h != nil && !h.ended {
		m.do(MoveEnded{errNotTaken}, Report{Kind: ReportNotMoved, From: self, To: from.leader.Server, Why: errNotTaken.Error(), Epoch: l.epoch})
	}
}

// candidates are the first n servers that may stand by, in the room's order.
func (m *Machine) candidates(n int) (servers []string) {
	for _, s := range m.order {
		if len(servers) == n {
			break
		}
		if m.MayTake(s, m.now) {
			servers = append(servers, s)
		}
	}
	return servers
}

// leadStep takes the events of a room that is led here.
func (m *Machine) leadStep(ev Event) {
	l := m.lead
	switch ev := ev.(type) {
	case StandbyCaught:
		if s := l.find(ev.ID); s != nil {
			s.caught, s.may, s.fenced, s.boot, s.silent, s.tries = true, true, false, ev.Boot, 0, 0
		}
	case StandbyLost:
		if s := l.find(ev.ID); s != nil {
			m.standbyLost(s, ev.Evidence)
		}
	case StandbyRejected:
		if s := l.find(ev.ID); s != nil {
			m.standbyRejected(s, ev.Rejection)
		}
	case StandbyTook: // the room was not handed over, or this server has taken it back: it cannot be
	case HandedOver:
		m.handedOver(ev)
	case HandoffFailed:
		m.moveFailed(ev.Err)
	case ClientSaw:
		m.clientSaw(ev.Epoch)
	case StandbyAnnounced:
		m.announced(ev.ID)
	case Stepped:
		m.stepped()
	}
}

// standbyLost hears that a standby has no stream. One whose process ended just now is none any more; another one may be alive, or
// has led before it ended, so outcomes go on waiting for it.
func (m *Machine) standbyLost(s *standby, e Evidence) {
	l := m.lead
	if s.caught || s.silent == 0 {
		s.tries, s.silent = 0, m.now
	}
	s.lost, s.caught = true, false
	s.retry = m.now + min(maxReopen, reopenTime<<min(s.tries, 10))
	s.tries++
	m.standbyGone(s)
	switch {
	case e == GoneHere && !l.away() && m.endedSoon(s):
		m.detach(s, avoidBusy, "its process is gone")
	case e == Misfit && !s.may:
		m.detach(s, avoidTime, "it speaks no common version")
	default:
		m.do(Suspect{s.server})
		if l.move != nil && l.move.target == s.server && l.move.queued {
			m.do(CallOff{})
		}
	}
}

func (m *Machine) standbyRejected(s *standby, r Rejection) {
	l := m.lead
	s.lost, s.caught = true, false
	m.standbyGone(s)
	m.do(Report{Kind: ReportRejected, To: s.server, Why: r.Text})
	switch {
	case r.Code == RejectEpoch && r.Epoch.Supersedes(l.epoch):
		leader := r.Leader
		if m.fleet.presence(leader) != Present {
			leader = s.server // it knows how that one is
		}
		m.stepDown(leader, r.Epoch)
	case r.Code == RejectEpoch, r.Code == RejectOther: // it may have a replica, or lead: the next try tells
		if s.silent == 0 {
			s.tries, s.silent = 0, m.now
		}
		s.retry = m.now + min(maxReopen, reopenTime<<min(s.tries, 10))
		s.tries++
	case r.Code == RejectStopped, r.Code == RejectIncompatible: // the shell remembers the incompatible ones for all rooms
		m.detach(s, 0, r.Text)
	case r.Code.soon():
		m.detach(s, avoidBusy, r.Text)
	default:
		m.detach(s, avoidTime, r.Text)
	}
}

// detach makes outcomes wait for s no longer.
func (m *Machine) detach(s *standby, avoid time.Duration, why string) {
	l := m.lead
	l.standbys = slices.DeleteFunc(l.standbys, func(o *standby) bool { return o == s })
	if avoid > 0 {
		l.avoid[s.server] = m.now + avoid
	}
	m.do(Remove{s.id, why})
	if l.move != nil && l.move.target == s.server && l.move.queued {
		m.do(CallOff{})
	}
}

// tendLead sees after suspension, standbys and the move.
func (m *Machine) tendLead() {
	l := m.lead
	if l.starting {
		return
	}
	m.tendSuspended()
	if m.lead != l || l.away() {
		return
	}
	m.tendStandbys()
	m.tendHold()
	m.tendMove()
	m.tendProbation()
	m.tendSaw()
}

// endedSoon reports whether a standby whose process has ended had no time to take over before.
func (m *Machine) endedSoon(s *standby) bool { return !s.may || m.now-s.silent < endTime }

// tendStandbys opens lost streams again, attaches standbys where the order has changed, and dismisses those that are not
// needed once the others have caught up.
func (m *Machine) tendStandbys() {
	l := m.lead
	for s, until := range l.avoid {
		if m.due(until) {
			delete(l.avoid, s)
		}
	}
	for _, s := range slices.Clone(l.standbys) {
		if (s.lost || !s.caught) && s.silent != 0 && m.now-s.silent < replaceTime {
			m.at(s.silent + replaceTime)
		}
		switch {
		case !s.lost:
		case m.fleet.presence(s.server) == Exited && m.endedSoon(s):
			m.detach(s, 0, "its process is gone")
		case s.may && !s.fenced && m.due(s.silent+DetachTime-fenceTime):
			// It may lead the room, cut off, and come back when outcomes were announced without it. Its epoch must be lower then.
			m.raise(l.epoch.Counter)
			for _, o := range l.standbys {
				o.fenced = o.fenced || o.lost
			}
			m.due(s.silent + DetachTime)
		case m.due(s.silent + DetachTime):
			m.detach(s, avoidTime, "it has been silent for longer than its lease")
		case m.due(s.retry):
			if s.may && s.tries > 1 && m.now-l.askedAt >= askStandbys {
				l.asks, l.askedAt = true, m.now // it may be cut off from this server only
			}
			s.lost, s.dismissed = false, false // what a dismissal has come to is not known: it is asked again
			m.do(Open{ID: s.id, Server: s.server})
		}
	}
	want, ready := m.candidates(m.config.Standbys), true
	for _, name := range want {
		s := l.standby(name)
		if s == nil {
			s = m.attach(name)
		}
		ready = ready && s.caught && !s.lost && !s.dismissed
	}
	if ready {
		for _, s := range l.standbys {
			// One that cannot be told is waited for, or it might go on from what it has.
			if !s.lost && !s.dismissed && !slices.Contains(want, s.server) && (l.move == nil || l.move.target != s.server) {
				s.dismissed = true
				m.do(Dismiss{s.id})
			}
		}
	}
	if names := l.names(); !slices.Equal(names, l.told) {
		l.told = names
		m.do(Update{})
	}
}

// seenAgain has servers asked again that were gone, and are there now.
func (l *lead) seenAgain(before, now *Fleet) {
	for s := range l.avoid {
		if before.presence(s) != Present && now.presence(s) == Present {
			delete(l.avoid, s)
		}
	}
}

// attach makes server a standby.
func (m *Machine) attach(server string) *standby {
	l := m.lead
	s := &standby{id: l.nextID(), server: server}
	l.standbys = append(l.standbys, s)
	m.do(Open{ID: s.id, Server: server})
	return s
}

// stepDown ends the room here: server leads it, in a later epoch.
func (m *Machine) stepDown(server string, e proto.Epoch) {
	m.do(Report{Kind: ReportDeposed, From: m.config.Self.Server, To: server, Epoch: e, Why: "higher epoch"},
		End{Code: proto.CloseMoved, Server: server, Epoch: e})
	m.giveUp("another server leads the room")
	m.bury(Moved, e, server)
}

// endOver ends the room here: another instance of it is led elsewhere.
func (m *Machine) endOver() {
	e := m.lead.epoch
	m.do(Report{Kind: ReportLost, From: m.config.Self.Server, Epoch: e, Why: "another instance of the room was created while this one could not go on"},
		End{Code: proto.CloseOver})
	m.giveUp("the instance is over")
	m.bury(Gone, proto.Epoch{Instance: e.Instance}, "")
}

// endLost ends a room that the fleet has declared lost.
func (m *Machine) endLost() {
	const why = "the fleet has declared it lost while this server was cut off or paused"
	e := m.lead.epoch
	m.do(Report{Kind: ReportLost, From: m.config.Self.Server, Epoch: e, Why: why}, End{Code: proto.CloseLost})
	m.giveUp(why)
	m.bury(Gone, proto.Epoch{Instance: e.Instance}, "")
}

// endEnded ends a room that has ended on another server.
func (m *Machine) endEnded(e proto.Epoch) {
	const why = "it ended elsewhere while this server was cut off or paused"
	m.do(Report{Kind: ReportDeposed, From: m.config.Self.Server, To: e.Server, Epoch: e, Why: why}, End{Code: proto.CloseEnded})
	m.giveUp(why)
	m.bury(Over, e, "")
}

// endUseless ends a room whose state is of no use here. Another server may have it; if none has, the clients that look for it
// have it declared lost.
// Its replicas are of no use either: whoever asks hears that server, which may be gone, has gone on with it.
func (m *Machine) endUseless(server, why string) {
	e := m.lead.epoch
	m.do(Report{Kind: ReportDropped, From: m.config.Self.Server, To: server, Epoch: e, Why: why}, End{Code: proto.CloseOverloaded})
	m.giveUp(why)
	m.bury(Moved, e.Next(server), server)
}

func (m *Machine) giveUp(why string) {
	m.endMove(errDeposed)
	for _, s := range m.lead.standbys {
		m.do(Remove{s.id, why})
	}
	m.absent()
}
