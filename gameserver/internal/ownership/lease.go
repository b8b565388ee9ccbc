package ownership

import (
	"slices"
	"time"

	"github.com/ringside-go/ringside/proto"
)

// rank is the tick that counts when the newest replica is looked for: a state of an earlier epoch is the least.
func (p *replica) rank() proto.Tick {
	if p.state != p.epoch {
		return 0
	}
	return p.tick
}

// expired reports whether the leader may have gone on without the replica, so that nobody may lead from it: outcomes may have
// been announced that it does not have. A stream on which the leader has not answered changes nothing.
func (p *replica) expired(m *Machine) bool {
	switch {
	case p.uncounted, fenced(p.epoch, p.state):
		return true
	case !p.counted:
		return p.leased == 0 || m.now-p.leased > LeaseTime
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
	case tick.Since(p.apartTick) > 0:
		p.apart = 0
	}
}
