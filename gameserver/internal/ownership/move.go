package ownership

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/ringside-go/ringside/proto"
)

var errNotTaken = errors.New("the server to which the room was handed did not take it")

// moveBackoff is the wait after a move that failed; it doubles up to maxMoveBackoff.
const (
	moveBackoff    = 250 * time.Millisecond
	maxMoveBackoff = 5 * time.Second
)

// move is a handoff that is under way.
type move struct {
	target, why string
	begun       time.Duration
	id          int  // of the standby, once queued
	queued      bool // the room knows of it
}

func (m *Machine) moveTo(ev MoveTo) {
	l := m.lead
	switch {
	case m.role != Leads:
		m.do(MoveEnded{errDeposed})
	case l.move != nil:
		m.do(MoveEnded{fmt.Errorf("it is being moved to %s", l.move.target)})
	default:
		l.move = &move{target: ev.Target, why: ev.Why, begun: m.now}
	}
}

// tendMove attaches the target as a standby, and hands the room over once it has caught up.
func (m *Machine) tendMove() {
	l := m.lead
	v := l.move
	if v == nil {
		return
	}
	s := l.standby(v.target)
	serving := m.fleet.presence(v.target) == Present && slices.Contains(m.order, v.target)
	switch {
	case v.queued && !serving:
		m.do(CallOff{})
	case v.queued:
	case !serving, s == nil && !m.MayTake(v.target, m.now):
		m.moveFailed(fmt.Errorf("server %s does not stand by for it", v.target))
	case m.due(v.begun + catchUpTime):
		m.moveFailed(fmt.Errorf("server %s did not get the room within %v", v.target, catchUpTime))
	case s == nil:
		m.attach(v.target)
		l.told = l.names()
		m.do(Update{})
	case s.caught && !s.lost && !s.dismissed && l.suspended == 0 && l.hold < 0:
		v.queued, v.id = true, s.id
		m.do(HandOff{s.id, s.server, m.fleet.Draining})
	}
}

// moveFailed ends a move: the room stays here.
func (m *Machine) moveFailed(err error) {
	l := m.lead
	if l.move == nil {
		return
	}
	m.do(Report{Kind: ReportNotMoved, From: m.config.Self.Server, To: l.move.target, Why: err.Error(), Epoch: l.epoch})
	l.moveAt = m.now + min(maxMoveBackoff, moveBackoff<<min(l.fails+1, 10))
	l.fails++
	m.endMove(err)
}

func (m *Machine) endMove(err error) {
	if l := m.lead; l.move != nil {
		l.move = nil
		m.do(MoveEnded{err})
	}
}

// handedOver makes this server a replica of the target. If the target is gone before another server has the room, this server
// leads again.
func (m *Machine) handedOver(ev HandedOver) {
	l := m.lead
	v := l.move
	if v == nil {
		v = &move{target: ev.Epoch.Server, begun: m.now}
	}
	p := &replica{
		leader: Process{Server: ev.Epoch.Server}, epoch: ev.Epoch, others: without(l.names(), ev.Epoch.Server),
		lost: m.now, leased: m.now, check: m.now + tookTime, stocked: true, state: ev.Epoch, tick: ev.Tick,
		handed: &handed{id: v.id, why: v.why, begun: v.begun},
	}
	m.absent()
	m.role, m.replica = Following, p
}

// moveDone notes that the target leads the room in e.
func (m *Machine) moveDone(e proto.Epoch) {
	h := m.replica.handed
	if h.ended {
		return
	}
	h.ended = true
	m.do(MoveEnded{nil}, Report{Kind: ReportMoved, From: m.config.Self.Server, To: e.Server, Why: h.why, Epoch: e, Took: m.now - h.begun})
}
