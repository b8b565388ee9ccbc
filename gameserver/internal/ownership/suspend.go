package ownership

import (
	"time"

	"github.com/ringside-go/ringside/proto"
)

// suspend stops a room that is led here; since is since when it is not certain that it leads alone.
func (m *Machine) suspend(r Reason, since time.Duration) {
	l := m.lead
	if !l.away() {
		l.since = since
	}
	l.confirm = true
	if l.suspended&r == 0 || r == WasPaused {
		l.suspended |= r
		m.do(Suspend{r})
	}
	if m.round.open {
		m.abandonRound()
	}
}

// tendSuspended suspends a room without a quorum, and asks the others whether a suspended one may resume.
func (m *Machine) tendSuspended() {
	l := m.lead
	if !m.fleet.Quorum {
		if l.suspended&NoQuorum == 0 {
			m.suspend(NoQuorum, m.now)
		}
		return
	}
	if !l.confirm {
		return
	}
	if m.due(l.since + keepTime) {
		m.endUseless("", "it was suspended for too long, and a server that may have gone on with it did not come back")
		return
	}
	// Not the standbys only: another instance may have been created meanwhile, with any server.
	m.ask(m.fleet.present(), nil, Query{Leads: l.epoch}, l.epoch.Next(""))
}

// judgeSelf decides whether a suspended room may resume, or what a client's word is worth.
func (m *Machine) judgeSelf(replies []Reply) {
	l := m.lead
	if !l.confirm && l.saw == nil && !l.asks {
		return
	}
	l.asks = false
	said := map[string]Reply{}
	highest, leader := proto.Epoch{}, ""
	silent, rival := m.silent(replies), false
	var later []string // servers that lead, or led, in a later epoch, as others say
	for _, r := range replies {
		said[r.Server] = r
		if s := l.standby(r.Server); s != nil && r.Evidence == Answered {
			s.spoke = m.now
		}
		if r.Evidence != Answered {
			continue
		}
		a := r.Answer
		mine := a.Epoch.Instance == l.epoch.Instance
		switch {
		case mine && (a.Holding == Leading || a.Holding == Standby) && l.epoch.Less(a.Epoch):
			if highest.Less(a.Epoch) {
				highest, leader = a.Epoch, r.Server
			}
		case mine && a.Holding == Leading:
			rival = true // it raises its epoch, or gives way when it asks
		case mine && a.Holding == Moved && l.epoch.Less(a.Epoch):
			later = append(later, a.Leader)
		case mine && a.Holding == Gone && l.away():
			m.endLost(proto.CloseLost, whyLost)
			return
		case mine && a.Holding == Over && l.away():
			m.endEnded(a.Epoch)
			return
		case !mine && l.away() && (a.Holding == Leading || a.Holding == Standby) && (!a.Suspended || a.Holding == Leading && m.older(a)):
			m.endLost(proto.CloseOver, whyOther)
			return
		case !mine && a.Holding == Leading && !a.Suspended && first(m.room, m.config.Self.Server, r.Server) == r.Server:
			m.endLost(proto.CloseOver, whyTwo)
			return
		}
	}
	if leader != "" {
		m.stepDown(leader, highest)
		return
	}
	for _, r := range replies {
		if a := r.Answer; r.Evidence == Answered && a.Holding == Standby && a.Epoch.Instance == l.epoch.Instance && l.hold >= 0 && l.standby(r.Server) == nil {
			m.attach(r.Server).may = true // nobody knew of its replica
		}
	}
	if !silent && !rival && m.settled() && !m.unseen(l.ended, "") {
		m.release("all have answered")
	}
	if !l.confirm {
		m.judgeSaw(silent)
		return
	}
	if silent || rival || m.now-l.since > LeaseTime && !m.settled() {
		m.askLater(askAgain)
		return
	}
	for _, s := range later {
		// Where it has spoken, or its process is gone, it leads no more.
		if r, ok := said[s]; !(ok && r.Evidence == Answered) && m.fleet.presence(s) != Exited {
			m.askLater(askAgain)
			return
		}
	}
	missed := false
	for _, s := range l.standbys {
		switch m.loyalty(s, said) {
		case waits:
			m.do(Suspect{s.server})
			m.askLater(askAgain)
			return
		case stale:
			m.endUseless(s.server, "it was suspended for too long, and a standby that may have gone on with it is gone")
			return
		case mayHaveLed:
			missed = true
		}
	}
	if !m.fleet.Quorum {
		m.askLater(askAgain)
		return
	}
	if missed {
		m.raise(l.epoch.Counter)
		m.holdOutcomes() // a server that nobody here knows may have gone on from a replica of that one's
	}
	m.resume()
}

// older reports whether the instance that is led here goes before that of a, where both leaders were away: the newer one was
// created while this leader was away.
func (m *Machine) older(a Answer) bool {
	mine := m.now - m.lead.since
	if d := mine - a.Away; d > time.Second || d < -time.Second {
		return d > 0
	}
	return first(m.room, m.config.Self.Server, a.Process.Server) == a.Process.Server
}

// settled reports whether the servers that this one sees are those that are there: after a long absence, one that is missed still
// may be the one that knows what became of the room.
func (m *Machine) settled() bool {
	return m.sure() && m.due(max(m.fleet.Settled, m.fleet.Since)+settleTime)
}

// resume lets the room tick after the others were asked.
func (m *Machine) resume() {
	l := m.lead
	l.confirm = false
	for _, s := range l.standbys {
		if s.lost { // nobody tried its stream while the room was suspended
			s.silent, s.tries, s.retry = m.now, 0, m.now
		}
	}
	for _, r := range []Reason{NoQuorum, WasPaused} {
		if l.suspended&r != 0 {
			m.do(Resume{r, m.round.asked})
		}
	}
	l.suspended &= OnProbation
}

// raise leads the room in an epoch above counter, and above those of a server that took over meanwhile and handed the room over.
func (m *Machine) raise(counter uint32) {
	l := m.lead
	l.epoch.Counter, l.epoch.Server = max(counter, l.epoch.Counter)+fence, m.config.Self.Server
	m.do(Update{}, SetEpoch{l.epoch}) // standbys hear of it before the next tick, whose acknowledgement the room waits for
}

// holdOutcomes makes outcomes wait until all servers have answered. An earlier hold does not do: a results store may fence it off.
func (m *Machine) holdOutcomes() {
	l := m.lead
	earlier := l.hold
	l.hold = l.nextID()
	m.do(Wait{l.hold})
	if earlier >= 0 {
		m.do(Remove{earlier, "all servers are asked again"})
	}
	l.held, l.ended = m.now, nil
}

// tendHold asks until all have answered, or the lease of a replica that nobody knew of is over.
func (m *Machine) tendHold() {
	l := m.lead
	switch {
	case l.hold < 0:
	case m.due(l.held + DetachTime):
		m.release("the lease of a replica that was not heard of is over")
	case m.due(l.askedAt + askStandbys):
		l.asks, l.askedAt = true, m.now
	}
}

// release lets outcomes wait no longer for those that did not answer.
func (m *Machine) release(why string) {
	if l := m.lead; l.hold >= 0 {
		m.do(Remove{l.hold, why})
		l.hold = -1
	}
}

// loyal says what a standby may have done while the room was suspended.
type loyalty uint8

const (
	isLoyal    loyalty = iota // it has not led the room
	mayHaveLed                // it may have, for so short a time that nothing was announced
	stale                     // it may have, and is gone
	waits                     // it may have, and may come back
)

// loyalty judges a standby by what it said. One that follows still, or has nothing, has not taken over; but one whose
// process is gone may have, and so may one that the fleet has lost, though without a quorum it is suspended itself now.
// What it did counts once the lease is over, unless a newer process of that server ran already when this room was suspended.
func (m *Machine) loyalty(s *standby, said map[string]Reply) loyalty {
	l := m.lead
	r, asked := said[s.server]
	a, answered := r.Answer, asked && r.Evidence == Answered
	mine := a.Epoch.Instance == l.epoch.Instance
	same := a.Process.Boot == s.boot
	if s.boot == 0 || a.Process.Boot == 0 { // it is not known which process had the replica: one that has nothing may have ended
		same = !s.may || mine
	}
	later := a.Holding == Moved && mine && l.epoch.Less(a.Epoch) // it, or who led after it, is as good as gone
	switch expired := m.now-l.since > LeaseTime; {
	case answered && same && !later:
		return isLoyal
	case answered, asked && r.Evidence == GoneHere, m.hasEnded(s.server):
		// A newer process that ran before the room was suspended shows that the standby's has not led since.
		before := answered && !same && a.Age > 0 && m.now-a.Age < l.since
		if expired && !before {
			return stale
		}
	case m.fleet.presence(s.server) == Present, !m.sure(), expired:
		return waits
	}
	return mayHaveLed
}

// clientSaw notes the word of a client, whose resume token the room has verified, that a later epoch exists.
func (m *Machine) clientSaw(e proto.Epoch) {
	l := m.lead
	if e.Instance != l.epoch.Instance || l.saw != nil || l.sawAt != 0 && m.now-l.sawAt < sawTime {
		return
	}
	l.saw, l.sawAt = &e, m.now
}

func (m *Machine) tendSaw() {
	l := m.lead
	switch {
	case l.confirm:
	case l.saw != nil:
		m.ask(m.fleet.present(), nil, Query{}, *l.saw)
	case l.asks:
		m.ask(m.fleet.present(), nil, Query{}, l.epoch.Next(""))
	}
}

// judgeSaw raises the epoch above the one that a client has seen: whoever led in it is gone, or leads no more. While somebody is silent,
// it may be the one.
func (m *Machine) judgeSaw(silent bool) {
	l := m.lead
	if l.saw == nil {
		return
	}
	saw := *l.saw
	l.saw = nil
	if !silent && m.sure() && !saw.Less(l.epoch) {
		m.raise(saw.Counter)
	}
}
