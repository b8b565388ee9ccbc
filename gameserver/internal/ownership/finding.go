package ownership

import (
	"time"

	"github.com/ringside-go/ringside/proto"
)

// finding is the role of a room's home that does not know who has the room.
type finding struct {
	begun     time.Duration
	creates   bool           // a client that may create the room waits
	claimed   bool           // the round under way was a claim
	returners bool           // a client waits that was in the room
	nobody    proto.Instance // no server had it in the last round, and clients look for it
	yielded   string         // the server that claimed the room meanwhile and goes first
	preparing bool
}

// What clients hear with CloseOverloaded.
const (
	whyQuorum  = "this server sees too little of the fleet at the moment"
	whySilent  = "a server that may have the room does not answer"
	whyMissing = "servers that may have the room went away a moment ago"
	whyHidden  = "a silent server may have the only copy of the room; it is waited for until it is back, or forgotten"
	whySlow    = "the room took too long to create"
	whySearch  = "the players of another instance of it are looking for it"
	whyChanged = "the room changes its server just now"
)

// wanted is what to do for a client of a room that is not led here.
func (m *Machine) wanted(ev Wanted) {
	switch m.role {
	case Following:
		if ev.Seen.Instance != 0 && ev.Seen.Instance == m.replica.epoch.Instance && !ev.Elsewhere {
			m.searched(ev.Seen.Instance)
		}
		if !ev.Waits {
			m.doubtSoon()
		}
		return
	case Promoting, Leads:
		return // the shell lets it in as soon as the room runs
	case Absent:
		if a := m.direct(ev); a != nil {
			m.do(a)
			return
		}
		m.role, m.finding = Finding, &finding{begun: m.now}
	}
	m.finding.creates = m.finding.creates || ev.Create && ev.Seen == proto.Epoch{}
	if ev.Seen != (proto.Epoch{}) && !ev.Elsewhere {
		m.finding.returners = true
		m.searched(ev.Seen.Instance)
		if s := &m.search; s.instance == ev.Seen.Instance && s.seen.Less(ev.Seen) {
			s.seen = ev.Seen
		}
	}
}

// direct is the answer to a client where nobody must be asked; nil: somebody must.
func (m *Machine) direct(ev Wanted) Action {
	self, t, i := m.config.Self.Server, m.tomb, ev.Seen.Instance
	g, p := m.grave(i), m.promise
	mine := i != 0 && i == t.epoch.Instance
	switch home := m.fleet.home(m.room, self); {
	case m.lost(i):
		return Turn{Code: proto.CloseLost, Instance: i}
	case mine && t.holding == Over && t.crashed:
		return Turn{Code: proto.CloseCrashed, Instance: i}
	case mine && t.holding == Moved && !t.gone && ev.Seen.Less(t.epoch) && m.now-t.at < redirectTime && m.fleet.presence(t.leader) == Present:
		// One that has seen that epoch was there already, or was sent here from there.
		return Send{Server: t.leader, Epoch: t.epoch, All: true}
	case g != nil && !g.epoch.Less(ev.Seen):
		return Turn{Code: proto.CloseEnded, Instance: i}
	case p.server != "" && m.fleet.presence(p.server) == Present:
		return Send{Server: p.server, All: true}
	case home == "":
		return Turn{Code: proto.CloseStopping}
	case home != self:
		return Send{Server: home, All: true}
	case !m.sure():
		return Turn{Code: proto.CloseOverloaded, Why: whyQuorum}
	}
	return nil
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
	m.search.others = 0
	if m.now < youth {
		for _, r := range replies {
			m.search.others = max(m.search.others, r.Answer.Sought)
		}
	}
	at := m.locate(replies)
	if at.server != "" {
		if at.able {
			m.search = search{}
		}
		m.do(Send{Server: at.server, Epoch: at.epoch, All: true})
		m.absent()
		return
	}
	if e := m.over(replies); e != (proto.Epoch{}) && !at.silent {
		m.endSearch(e)
	} else if f.returners {
		m.returners(replies, at.silent)
	}
	switch {
	case f.returners:
		return // tend asks again: for the second time, or a server that has just come
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
	case m.fleet.mayHide(m.room, m.config.Standbys):
		m.refuseCreation(whyHidden)
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
