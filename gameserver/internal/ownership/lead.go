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
	errSlow    = errors.New("the simulation was made after the replica's lease ended")
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
	hold      int           // stands for those that may have a replica of which nobody knows: outcomes wait until all have answered; -1: none
	held      time.Duration // since when
	ended     []string      // servers whose end is known to be that of their last process

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

	may       bool // it may have a replica: it had one, or a stream has reached it
	dismissed bool
	lost      bool          // its stream is
	spoke     time.Duration // when it last answered a question
	silent    time.Duration // while it is, or has not caught up since: since when
	reached   time.Duration // when a stream that may have reached it was lost
	tries     int
	retry     time.Duration // when its stream is opened again
}

// absent reports whether the standby has been without a stream for so long that it does not count as one.
func (s *standby) absent(now time.Duration) bool {
	return s != nil && (s.lost || !s.caught) && s.silent != 0 && now-s.silent >= replaceTime
}

// fed is when the standby, which is silent, may have got something of the room for the last time.
func (s *standby) fed() time.Duration { return max(s.silent, s.reached) }

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

// away reports whether the room may tick only after the others were asked.
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

// startLead starts the room. from is the replica that it continues; nil: the room is new. Outcomes wait for those that
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
		switch {
		case s == m.config.Self.Server:
			continue
		case slices.Contains(from.ended, s):
			l.avoid[s] = m.now + avoidBusy
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
		if from != nil && !a.Handoff && s.server == from.leader.Server {
			a.Fenced = append(a.Fenced, s.id)
		}
	}
	if from != nil {
		l.ended = append(from.ended, from.leader.Server)
	}
	if from != nil && !a.Handoff && (from.unheard || m.unseen(from.ended, from.leader.Server)) {
		l.hold, l.held, l.asks, l.askedAt = l.nextID(), m.now, true, m.now
		a.Standbys = append(a.Standbys, l.hold)
		if !from.quiet && !m.unseen(from.ended, from.leader.Server, from.leader.Server) { // all others have answered: nobody but the leader may have gone on
			a.Fenced = append(a.Fenced, l.hold)
		}
	}
	if !m.fleet.Quorum {
		a.Suspended |= NoQuorum
	}
	if from != nil && from.killed && len(l.standbys) > 0 {
		a.Suspended |= OnProbation
	}
	l.suspended, l.since = a.Suspended, m.now
	if from != nil {
		l.since = from.since // a room that was handed over may have been taken back since
	}
	l.confirm = a.Suspended&^OnProbation != 0
	m.role, m.replica, m.finding = Leads, nil, finding
	m.abandonRound()
	m.do(a)
}

// unseen reports whether a server may have gone on with the room where this one does not see it: one that is no member, however long
// ago it went. It may have restarted since, or be reached by others, and the leader may have made it a standby. The last process of
// those in ended has ended, and that of leader if it is known to have. Those in except count as seen.
func (m *Machine) unseen(ended []string, leader string, except ...string) bool {
	return slices.ContainsFunc(m.fleet.Servers, func(s Server) bool {
		return s.Presence >= Unreachable && !slices.Contains(ended, s.Name) && !slices.Contains(except, s.Name) && (s.Name != leader || s.Presence != Exited)
	})
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
			m.isThere(s.server)
			if !s.caught {
				m.do(Update{})
			}
			s.caught, s.may, s.boot, s.silent, s.tries = true, true, ev.Boot, 0, 0
		}
	case StandbyLost:
		if s := l.find(ev.ID); s != nil {
			m.standbyLost(s, ev)
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
	case Superseded:
		m.superseded(ev.Epoch)
	case StandbyAnnounced:
		m.announced(ev.ID)
	case Stepped:
		m.stepped()
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
