package ownership

import (
	"slices"
	"time"
)

// standbyLost hears that a standby has no stream. One whose process ended just now is none any more; another one may be alive, or
// has led before it ended, so outcomes keep waiting for it.
func (m *Machine) standbyLost(s *standby, ev StandbyLost) {
	l, e := m.lead, ev.Evidence
	if ev.Boot != 0 { // its first keyframe may have come, though its answer has not
		s.may, s.boot, s.reached = true, ev.Boot, m.now
		m.isThere(s.server)
	}
	m.reopen(s)
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

// reopen has the stream of a standby, which has none, opened again in a moment.
func (m *Machine) reopen(s *standby) {
	if s.silent == 0 {
		s.tries, s.silent = 0, m.now
	}
	s.lost, s.caught = true, false
	s.retry = m.now + min(maxReopen, reopenTime<<min(s.tries, 10))
	s.tries++
}

func (m *Machine) standbyRejected(s *standby, r Rejection) {
	l := m.lead
	s.lost, s.caught = true, false
	m.standbyGone(s)
	m.do(Report{Kind: ReportRejected, To: s.server, Why: r.Text})
	switch {
	case r.Code == RejectCrashed:
		m.endCrashed()
	case r.Code == RejectEpoch && r.Epoch.Supersedes(l.epoch):
		leader := r.Leader
		if m.fleet.presence(leader) != Present {
			leader = s.server // it knows how that one is
		}
		m.stepDown(leader, r.Epoch)
	case r.Code == RejectEpoch, r.Code == RejectOther: // it may have a replica, or lead: the next try tells
		l.asks = l.asks || r.Code == RejectEpoch && r.Epoch.Instance != l.epoch.Instance // of two instances that are led, one must go
		m.reopen(s)
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

// endedSoon reports whether a standby whose process has ended had no time to take over before.
func (m *Machine) endedSoon(s *standby) bool { return !s.may || m.now-s.silent < endTime }

// outOfReach reports whether a standby that is silent cannot lead: it is in no part with a quorum, or it has said since that it
// does not. A member that answers nobody whom this server reaches may lead behind a cut.
func (m *Machine) outOfReach(s *standby) bool {
	return !s.may || m.fleet.presence(s.server) != Present || m.now-s.spoke < 2*askStandbys
}

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
		case m.hasEnded(s.server) && m.endedSoon(s):
			m.detach(s, 0, "its process is gone")
		case m.due(s.fed()+DetachTime) && m.outOfReach(s):
			if s.may { // it may lead the room, cut off, and come back when outcomes were announced without it: in a lower epoch
				m.raise(l.epoch.Counter)
			}
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
			// One that cannot be told is waited for, or it might lead from what it has.
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
