package ownership

import (
	"slices"
	"time"

	"github.com/ringside-go/ringside/proto"
)

// Role is what this server has of the room.
type Role uint8

// The roles.
const (
	Absent    Role = iota // nothing
	Finding               // this server is the room's home and asks the others who has it; if nobody has, it may create the room
	Following             // a replica
	Promoting             // the replica's simulation is being made; this server leads the room as soon as it is
	Leads
	roles // counts them
)

var roleNames = [roles]string{"absent", "finding", "replica", "promoting", "leader"}

func (r Role) String() string { return roleNames[r] }

// Config is the same for all machines of a server.
type Config struct {
	Self     Process
	Standbys int // wanted of each room
}

// Machine is the ownership of one room on one server. It is not for concurrent use.
type Machine struct {
	config   *Config
	room     proto.RoomID
	fleet    *Fleet
	order    []string
	unlisted []string // servers that are there, as their streams or others say, though the view does not show them

	now  time.Duration // of the step at hand
	out  []Action
	next time.Duration // when Due is to come; 0: never

	role    Role
	tomb    tomb
	graves  []grave
	heard   proto.Epoch // of a suspended leader that asked
	heardAt time.Duration
	promise promise
	search  search
	finding *finding
	replica *replica
	lead    *lead

	pausedFrom, pausedUntil time.Duration // the last pause of this process
	round                   round
}

// tomb is what a server remembers of a room that it had, or that was lost.
type tomb struct {
	holding Holding // None: there is no tomb; else Moved, Over or Gone
	epoch   proto.Epoch
	leader  string // with Moved
	gone    bool   // with Moved: the leader's process has ended, or may never have led; clients are not sent there
	crashed bool   // with Over: the room killed the process that led it
	at      time.Duration
}

// grave is an instance that the quorum has declared lost, or that has ended. It is remembered though another one has been led since.
type grave struct {
	epoch proto.Epoch // in which it ended; with an instance alone, it is lost
	over  bool        // it has ended by itself
	at    time.Duration
}

// maxGraves is how many instances of one room are remembered that are over.
const maxGraves = 16

// promise leaves the room to a server that has claimed it.
type promise struct {
	server string
	since  time.Duration
}

// round is the questions that are under way. There is one round at a time.
type round struct {
	number uint64
	open   bool
	asked  time.Duration
	again  time.Duration // when the next one may begin; 0: now
}

// New makes the machine of a room of which this server has nothing.
func New(c *Config, room proto.RoomID, f *Fleet, order []string) *Machine {
	return &Machine{config: c, room: room, fleet: f, order: order}
}

// Step takes ev, which happened at now, and returns what is to be done, in this order. The slice is valid until the next
// call. now never decreases; it is counted from any moment, and advances while the computer is suspended.
func (m *Machine) Step(ev Event, now time.Duration) []Action {
	m.begin(now)
	switch ev := ev.(type) {
	case FleetChanged:
		if m.lead != nil {
			m.lead.seenAgain(m.fleet, ev.Fleet)
		}
		m.fleet, m.order = ev.Fleet, ev.Order
		m.unlisted = slices.DeleteFunc(m.unlisted, func(s string) bool { return m.fleet.presence(s) == Present })
		m.seeApart()
	case Due:
	case Paused:
		m.paused(ev.From)
	case Wanted:
		m.wanted(ev)
	case Replies:
		m.replied(ev)
	case Prepared:
		m.prepared(ev)
	case Started:
		m.started(ev.Err)
	case Ended:
		m.ended()
	case ProbationTurn:
		if m.lead != nil {
			m.lead.probation.begin(m.now)
		}
	case MoveTo:
		m.moveTo(ev)
	default:
		if m.lead != nil {
			m.leadStep(ev)
		}
		m.replicaStep(ev)
	}
	m.tend()
	return m.out
}

func (m *Machine) begin(now time.Duration) {
	m.now, m.out = max(m.now, now), m.out[:0]
}

// tend does what is due, in any role, and sets the next time.
func (m *Machine) tend() {
	m.next = 0
	m.expire()
	switch m.role {
	case Finding:
		m.tendFinding()
	case Following:
		m.tendReplica()
	case Leads:
		m.tendLead()
	}
}

// do appends actions.
func (m *Machine) do(a ...Action) { m.out = append(m.out, a...) }

// at asks for a Due at t.
func (m *Machine) at(t time.Duration) {
	if m.next == 0 || t < m.next {
		m.next = t
	}
}

// due reports whether t has come; if not, a Due comes then.
func (m *Machine) due(t time.Duration) bool {
	if m.now >= t {
		return true
	}
	m.at(t)
	return false
}

// Next is when Due is to be given; ok is false when nothing is due at any time.
func (m *Machine) Next() (at time.Duration, ok bool) { return m.next, m.next != 0 }

// Idle reports whether the machine remembers nothing, so that a new one is as good. Replies to the old one must not be given to
// the new one: both number their rounds from 1.
func (m *Machine) Idle() bool {
	return m.role == Absent && m.tomb.holding == None && len(m.graves) == 0 && m.heard.Instance == 0 && m.promise.server == "" && m.search.instance == 0
}

// Role is what this server has of the room.
func (m *Machine) Role() Role { return m.role }

// Epoch is the one in which the room is led, by this server or by another one; zero where this server has nothing.
func (m *Machine) Epoch() proto.Epoch {
	switch {
	case m.lead != nil:
		return m.lead.epoch
	case m.role == Promoting:
		return m.replica.next
	case m.replica != nil:
		return m.replica.epoch
	}
	return proto.Epoch{}
}

// Leader is the server that leads the room, as far as this one knows; empty where it knows of none.
func (m *Machine) Leader() string {
	switch {
	case m.lead != nil, m.role == Promoting:
		return m.config.Self.Server
	case m.replica != nil:
		return m.replica.leader.Server
	}
	return ""
}

// expire forgets what is over.
func (m *Machine) expire() {
	if m.tomb.holding != None && m.due(m.tomb.at+tombTime) {
		m.tomb = tomb{}
	}
	if m.heard.Instance != 0 && m.due(m.heardAt+lostTime) {
		m.heard = proto.Epoch{}
	}
	for len(m.graves) > 0 && m.due(m.graves[0].at+graveTime) {
		m.graves = m.graves[1:]
	}
	if p := m.promise; p.server != "" && m.due(p.since+ClaimTime) && (m.fleet.presence(p.server) == Present || m.hasEnded(p.server) || m.due(p.since+returnTime)) {
		m.promise = promise{}
	}
	if m.search.instance != 0 && m.due(m.search.last+searchTime) {
		m.search = search{}
	}
}

// isThere notes the word that a server is there. Where the view does not show it, the word is newer: an end that the view knows is that of
// an earlier process, until the view has shown the server.
func (m *Machine) isThere(server string) {
	if m.fleet.presence(server) != Present && !slices.Contains(m.unlisted, server) {
		m.unlisted = append(m.unlisted, server)
	}
}

// hasEnded reports whether the last process of server that this machine has heard of has ended, as the view knows.
func (m *Machine) hasEnded(server string) bool {
	return m.fleet.presence(server) == Exited && !slices.Contains(m.unlisted, server)
}

// sure reports whether this server may conclude something from its view: it belongs to the part of the fleet that may decide,
// and has not just been paused.
func (m *Machine) sure() bool {
	woke := max(m.pausedUntil, m.fleet.Woke)
	return m.fleet.Quorum && (woke == 0 || m.due(woke+wakeTime))
}

// ask starts a round of questions to servers, if none is under way and the pause after the last one is over.
// It is over when the needed ones have answered and the others had a moment to do so; nil: all are needed.
func (m *Machine) ask(servers, needed []string, q Query, floor proto.Epoch) {
	if m.round.open || m.round.again > 0 && !m.due(m.round.again) {
		return
	}
	q.Room, q.Instance = m.room, m.Epoch().Instance
	m.round = round{number: m.round.number + 1, open: true, asked: m.now}
	m.do(Ask{m.round.number, servers, needed, q, floor})
}

// askLater delays the next round by d.
func (m *Machine) askLater(d time.Duration) { m.round.again = m.now + d }

// replied gives the replies of the round to the role. Those of a round that a pause has ended are of no use: servers may have
// acted since.
func (m *Machine) replied(ev Replies) {
	if ev.Round != m.round.number || !m.round.open {
		return
	}
	m.round.open, m.round.again = false, 0
	switch m.role {
	case Finding:
		m.found(ev.Replies)
	case Following:
		m.judgeLeader(ev.Replies)
	case Leads:
		m.judgeSelf(ev.Replies)
	}
}

// abandonRound makes the replies that are on their way worthless.
func (m *Machine) abandonRound() { m.round.open, m.round.again = false, 0 }

func (m *Machine) paused(from time.Duration) {
	if m.pausedUntil == 0 || from-m.pausedUntil >= pauseTime {
		m.pausedFrom = from
	}
	m.pausedUntil = m.now
	if m.round.open {
		m.abandonRound()
	}
	if m.lead != nil {
		m.suspend(WasPaused, from)
	}
}

// bury remembers where the room went.
func (m *Machine) bury(h Holding, e proto.Epoch, leader string) {
	m.tomb = tomb{holding: h, epoch: e, leader: leader, at: m.now}
	if over := h == Over; (h == Gone || over) && m.grave(e.Instance) == nil {
		m.graves = append(m.graves[max(0, len(m.graves)-maxGraves+1):], grave{e, over, m.now})
	}
}

// grave gives what is remembered of an instance that is over; nil: nothing.
func (m *Machine) grave(i proto.Instance) *grave {
	if n := slices.IndexFunc(m.graves, func(g grave) bool { return g.epoch.Instance == i }); i != 0 && n >= 0 {
		return &m.graves[n]
	}
	return nil
}

// lost reports whether an instance has been declared lost.
func (m *Machine) lost(i proto.Instance) bool {
	g := m.grave(i)
	return g != nil && !g.over
}

// absent ends any role.
func (m *Machine) absent() {
	m.role, m.finding, m.replica, m.lead = Absent, nil, nil, nil
	m.abandonRound()
}

// prepared leads the room whose simulation is ready.
func (m *Machine) prepared(ev Prepared) {
	switch {
	case m.role == Finding && m.finding.preparing:
		m.create(ev.Err)
	case m.role == Promoting:
		m.promote(ev)
	}
}

func (m *Machine) started(err error) {
	l := m.lead
	if m.role != Leads || l == nil || !l.starting {
		return
	}
	l.starting = false
	if err != nil {
		m.startFailed(err)
		return
	}
	m.confirmLead()
}

func (m *Machine) ended() {
	if m.role != Leads {
		return
	}
	l := m.lead
	m.endMove(errEnded)
	m.endStandbys(errEnded.Error())
	m.bury(Over, l.epoch, "")
	m.absent()
}
