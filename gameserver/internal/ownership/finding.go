package ownership

import (
	"slices"
	"time"

	"github.com/ringside-go/ringside/proto"
)

// finding is the role of a room's home that does not know who has the room.
type finding struct {
	begun     time.Duration
	creates   bool   // a client that may create the room waits
	claimed   bool   // the round under way was a claim
	returners bool   // a client waits that was in the room
	yielded   string // the server that claimed the room meanwhile and goes first
	preparing bool
}

// search is the question whether an instance is lost.
type search struct {
	instance    proto.Instance
	first, last time.Duration // question of a client
	others      time.Duration // for how long others know of it, as of the last round
	declaring   bool          // all others are told, and may refuse
	seen        proto.Epoch   // the newest that a client showed
}

// What clients hear with CloseOverloaded.
const (
	whyQuorum  = "this server sees too little of the fleet at the moment"
	whySilent  = "a server that may have the room does not answer"
	whyMissing = "servers that may have the room went away a moment ago"
	whySlow    = "the room took too long to create"
	whySearch  = "the players of another instance of it are looking for it"
	whyChanged = "the room changes its server just now"
)

// wanted is what to do for a client of a room that is not led here.
func (m *Machine) wanted(ev Wanted) {
	switch m.role {
	case Following:
		if ev.Seen.Instance != 0 && ev.Seen.Instance == m.replica.epoch.Instance {
			m.searched(ev.Seen.Instance)
		}
		if !ev.Waits {
			m.doubtSoon()
		}
		return
	case Promoting, Leads:
		return // the shell lets it in as soon as the room runs
	case Absent:
		if m.direct(ev) {
			return
		}
		m.role, m.finding = Finding, &finding{begun: m.now}
	}
	m.finding.creates = m.finding.creates || ev.Create && ev.Seen == proto.Epoch{}
	if ev.Seen != (proto.Epoch{}) {
		m.finding.returners = true
		m.searched(ev.Seen.Instance)
		if s := &m.search; s.instance == ev.Seen.Instance && s.seen.Less(ev.Seen) {
			s.seen = ev.Seen
		}
	}
}

// direct answers a client at once, where nobody must be asked.
func (m *Machine) direct(ev Wanted) bool {
	self, t := m.config.Self.Server, m.tomb
	if m.lost(ev.Seen.Instance) {
		m.do(Turn{Code: proto.CloseLost, Instance: ev.Seen.Instance})
		return true
	}
	if ev.Seen.Instance != 0 && ev.Seen.Instance == t.epoch.Instance {
		switch {
		case t.holding == Over && t.crashed:
			m.do(Turn{Code: proto.CloseCrashed, Instance: ev.Seen.Instance})
			return true
		case t.holding == Moved && ev.Seen.Less(t.epoch) && m.now-t.at < redirectTime && m.fleet.presence(t.leader) == Present:
			// One that has seen that epoch was there already, or was sent here from there.
			m.do(Send{Server: t.leader, Epoch: t.epoch, All: true})
			return true
		}
	}
	if g := m.grave(ev.Seen.Instance); g != nil && !g.epoch.Less(ev.Seen) {
		m.do(Turn{Code: proto.CloseEnded, Instance: ev.Seen.Instance})
		return true
	}
	if p := m.promise; p.server != "" && m.fleet.presence(p.server) == Present {
		m.do(Send{Server: p.server, All: true})
		return true
	}
	switch home := m.fleet.home(m.room, self); {
	case home == "":
		m.do(Turn{Code: proto.CloseStopping})
		return true
	case home != self:
		m.do(Send{Server: home, All: true})
		return true
	case !m.sure():
		m.do(Turn{Code: proto.CloseOverloaded, Why: whyQuorum})
		return true
	}
	return false
}

// searched notes that a client asks for an instance. One search at a time: another one begins when nobody asks for the first any more.
func (m *Machine) searched(i proto.Instance) {
	s := &m.search
	if s.instance != i && s.instance != 0 {
		return
	}
	if s.instance != i {
		*s = search{instance: i, first: m.now}
	}
	s.last = m.now
}

// tendFinding asks.
func (m *Machine) tendFinding() {
	f := m.finding
	if f.preparing || m.round.open {
		return
	}
	if !m.sure() {
		m.do(Turn{Code: proto.CloseOverloaded, Why: whyQuorum})
		m.absent()
		return
	}
	q := Query{Claim: f.creates}
	if m.search.declaring {
		q.Lost = m.search.instance
	}
	if f.returners {
		q.Seeks = m.search.instance
	}
	f.claimed = f.creates
	f.begun = m.now
	m.ask(m.fleet.present(), nil, q, proto.Epoch{})
}

// found decides on the replies.
func (m *Machine) found(replies []Reply) {
	f := m.finding
	lost := m.round.lost
	m.search.others = 0
	if m.now < youth {
		for _, r := range replies {
			m.search.others = max(m.search.others, r.Answer.Sought)
		}
	}
	at := m.locate(replies)
	if at.server != "" {
		m.search.declaring = false
		if at.able {
			m.search = search{}
		}
		m.do(Send{Server: at.server, Epoch: at.epoch, All: true})
		m.absent()
		return
	}
	if e := m.over(replies); e != (proto.Epoch{}) && !at.silent {
		m.endSearch(e)
	} else if lost != 0 {
		m.recorded(replies)
	} else if f.returners {
		m.returners(replies, at.silent)
	}
	if m.role != Finding {
		return
	}
	switch {
	case m.search.declaring:
		return // tend asks again, now with the declaration
	case !f.creates && at.silent:
		m.refuseCreation(whySilent)
	case !f.creates: // who waits came with a resume token alone, and nobody has the room
		m.do(Turn{Code: proto.CloseSeat, Newcomers: true})
		m.refuseCreation(whySearch)
	case !f.claimed:
		return // its client came meanwhile: tend asks again
	case f.yielded != "":
		m.giveWay()
	case at.silent, m.promise.server != "":
		m.refuseCreation(whySilent)
	case m.fleet.mute(m.now-returnTime) > 0, m.fleet.missing(m.now-returnTime) > m.config.Standbys:
		// One that is silent may have the only copy, if its standby was lost before; of those that refuse it takes as many as may
		// have all copies of a room.
		m.refuseCreation(whyMissing)
	case m.now-m.fleet.Since < settleTime && m.fleet.hidden(nil):
		m.refuseCreation(whyMissing) // one that restarted while this server had no quorum may have the room, and is not seen yet
	case m.search.instance != 0 && m.fleet.mute(0) > 0:
		m.refuseCreation(whyMissing) // players look for the room, and it may live
	default:
		f.preparing = true
		m.do(Prepare{Create: true})
	}
}

// giveWay leaves the creation to the server that has claimed it.
func (m *Machine) giveWay() {
	if first := m.finding.yielded; m.fleet.presence(first) == Present {
		m.do(Send{Server: first, All: true})
		m.absent()
		return
	}
	m.refuseCreation(whySilent)
}

// refuseCreation turns all away that still wait: newcomers, and clients of an instance that is not looked for now.
func (m *Machine) refuseCreation(why string) {
	m.do(Turn{Code: proto.CloseOverloaded, Why: why})
	m.absent()
}

// overdue reports whether the room has been looked for so long that servers which do not answer, and replicas that nobody may
// lead from, are given up.
func (m *Machine) overdue() bool {
	return m.fleet.Quorum && max(m.sought(m.search.instance), m.search.others) >= lostTime
}

// sought is for how long this server knows that an instance is looked for.
func (m *Machine) sought(i proto.Instance) time.Duration {
	if s := m.search; i != 0 && s.instance == i && m.fleet.Quorum {
		return m.now - max(s.first, m.fleet.Since, m.fleet.Woke, m.pausedUntil)
	}
	return 0
}

// returners decides whether the instance that clients look for is lost. While a server may come back that has it, they are
// told to come again: one that is silent may be paused or cut off with a room that lives, and is waited for until the fleet
// forgets it, as is a member that stays and answers nobody; one that is missed and refuses, or comes and goes, is not waited for
// longer than lostTime.
func (m *Machine) returners(replies []Reply, silent bool) {
	s := &m.search
	unsettled := m.now-max(m.fleet.Settled, m.fleet.Since) < settleTime || m.fleet.missing(m.now-returnTime) > 0
	switch {
	case m.fleet.mute(0) == 0 && s.instance != m.heard.Instance && !leaderHeard(replies, s.instance) && (m.overdue() && !m.awaits(replies) || !silent && !unsettled):
		s.declaring = true
	default:
		m.finding.returners = false
		m.do(Turn{Code: proto.CloseOverloaded, Instance: s.instance, Why: whyMissing})
	}
}

// over gives the epoch in which the instance that is looked for has ended, by the word of a server that had it; zero: none says so.
func (m *Machine) over(replies []Reply) proto.Epoch {
	for _, r := range replies {
		if a := r.Answer; r.Evidence == Answered && a.Holding == Over && a.Epoch.Instance == m.search.instance && !a.Epoch.Less(m.search.seen) {
			return a.Epoch
		}
	}
	return proto.Epoch{}
}

// endSearch tells those who look for an instance that it has ended: nothing is lost.
func (m *Machine) endSearch(e proto.Epoch) {
	m.do(Turn{Code: proto.CloseEnded, Instance: e.Instance})
	m.bury(Over, e, "")
	m.search, m.finding.returners = search{}, false
}

// leaderHeard reports whether the leader of an instance has asked a server a moment ago. Then the room is not declared lost: those that
// record it would end the room there.
func leaderHeard(replies []Reply, i proto.Instance) bool {
	return slices.ContainsFunc(replies, func(r Reply) bool {
		a := r.Answer
		return r.Evidence == Answered && a.Holding == Moved && a.Suspended && a.Epoch.Instance == i
	})
}

// recorded decides on the replies to a declaration: it counts when at least half of the servers that are there have recorded
// it, and none that answered refused.
func (m *Machine) recorded(replies []Reply) {
	m.search.declaring = false
	m.askLater(askAgain)
	lost := m.round.lost // the search may be over, or another one has begun
	n, refused := 0, false
	for _, r := range replies {
		if r.Evidence != Answered {
			continue
		}
		n++
		a := r.Answer
		refused = refused || a.Epoch.Instance == lost && (a.Holding == Leading || a.Holding == Standby || a.Holding == Moved)
	}
	if refused || !m.sure() || 2*n < len(m.fleet.present()) {
		if m.finding != nil {
			m.finding.returners = false
		}
		m.do(Turn{Code: proto.CloseOverloaded, Instance: lost, Why: whySilent})
		return
	}
	m.lose(proto.Epoch{Instance: lost})
}

// lose notes that an instance is lost, and tells those who wait for it.
func (m *Machine) lose(e proto.Epoch) {
	m.do(Report{Kind: ReportLost, Epoch: e, Why: "no server can continue it"}, Turn{Code: proto.CloseLost, Instance: e.Instance})
	m.bury(Gone, proto.Epoch{Instance: e.Instance}, "")
	if m.search.instance == e.Instance {
		m.search = search{}
	}
	if m.finding != nil {
		m.finding.returners = false
	}
	if m.replica != nil {
		m.drop()
	}
}

// create leads the new room whose simulation is ready, unless something came between since the claim.
func (m *Machine) create(err error) {
	f := m.finding
	f.preparing = false
	switch home := m.fleet.home(m.room, m.config.Self.Server); {
	case err != nil:
		m.absent() // the shell has told the clients why
	case f.yielded != "":
		m.giveWay()
	case m.promise.server != "":
		m.refuseCreation(whySilent)
	case m.fleet.Settled > f.begun:
		m.refuseCreation(whyMissing) // who came since may have the room
	case m.now-f.begun > createTime, m.pausedUntil >= f.begun && m.pausedUntil != 0:
		m.refuseCreation(whySlow)
	case home != "" && home != m.config.Self.Server:
		m.do(Send{Server: home, All: true})
		m.absent()
	case !m.sure():
		m.refuseCreation(whyQuorum)
	default:
		m.startLead(Lead{Epoch: proto.Epoch{Counter: 1, Server: m.config.Self.Server}}, nil)
	}
}

// place is where a room is.
type place struct {
	server string      // empty: with nobody who answered
	epoch  proto.Epoch // zero where the room is only being created
	able   bool        // that server leads the room, or may do so
	silent bool        // somebody did not answer, and may have it
}

// locate says where a room is by all answers: with the leader of the highest epoch; if none is heard of, with the newest
// replica, whose server knows how its leader is; else with a server that is creating it. Of that, its own word counts more
// than the others'. Once the search is overdue, replicas that nobody may lead from do not count.
func (m *Machine) locate(replies []Reply) (at place) {
	spoke := map[string]bool{}
	for _, r := range replies {
		spoke[r.Server] = r.Evidence == Answered
	}
	at.silent = m.silent(replies)
	var best Answer
	creator := ""
	for _, r := range replies {
		if r.Evidence != Answered || m.fleet.presence(r.Server) == Exited {
			continue
		}
		switch a := r.Answer; a.Holding {
		case Leading, Standby:
			if a.Holding == Standby && a.Suspended && a.Epoch.Instance == m.search.instance && m.overdue() {
				continue
			}
			if at.server == "" || less(best, a) {
				at.server, at.epoch, best = r.Server, a.Epoch, a
				at.able = a.Holding == Leading || !a.Suspended
			}
		case Creating:
			switch p := m.fleet.presence(a.Leader); {
			case spoke[a.Leader] && a.Leader != r.Server:
			case p == Present:
				creator = a.Leader
			default: // it may have created the room; if not, the promise to it ends in a moment
				at.silent = true
			}
		}
	}
	if at.server == "" {
		at.server = creator
	}
	return at
}

// silent reports whether somebody did not answer, or came after the questions were asked.
func (m *Machine) silent(replies []Reply) bool {
	return !m.askedAll(replies) || slices.ContainsFunc(replies, func(r Reply) bool { return r.Evidence != Answered && r.Evidence != GoneHere })
}

// awaits reports whether a member may still say that it has the room: it was not asked, or does not answer though it has been there
// for a while. One that comes and goes is not waited for.
func (m *Machine) awaits(replies []Reply) bool {
	return !m.askedAll(replies) || m.now-m.fleet.Settled >= settleTime && slices.ContainsFunc(replies, func(r Reply) bool {
		return r.Evidence != Answered && r.Evidence != GoneHere && m.fleet.presence(r.Server) == Present
	})
}

// askedAll reports whether the replies are of all servers that are there. One that came after the questions were asked may have
// been cut off with the room until then: it is asked before the others are told that the room is lost.
func (m *Machine) askedAll(replies []Reply) bool {
	asked := map[string]bool{}
	for _, r := range replies {
		asked[r.Server] = true
	}
	for _, s := range m.fleet.Servers {
		if s.Presence == Present && !asked[s.Name] {
			return false
		}
	}
	return true
}

// less orders answers by how much they are worth to a client.
func less(a, b Answer) bool {
	switch {
	case a.Holding != b.Holding && a.Epoch.Instance != b.Epoch.Instance:
		return a.Holding < b.Holding
	case a.Suspended != b.Suspended && a.Epoch.Instance != b.Epoch.Instance:
		return a.Suspended
	case a.Epoch != b.Epoch:
		return a.Epoch.Less(b.Epoch)
	case a.Holding != b.Holding:
		return a.Holding < b.Holding
	}
	return newer(b.Tick, a.Tick)
}
