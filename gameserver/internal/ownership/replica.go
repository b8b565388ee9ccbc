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
	// counted: the leader has answered on this stream. Until then the stream may be one that was on its way for long, and that its
	// leader has given up. leased is when the replica was last known to be counted; 0: not since its state was replaced.
	counted bool
	leased  time.Duration

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

	nobody  bool          // no server had the instance in the last round, and clients look for it
	doubts  bool          // this server asks whether the leader is alive
	doubted time.Duration // since when
	heir    time.Duration // since when it has heard of a better replica; 0: it has not
	check   time.Duration // without a stream: when it asks again by itself
	hurry   bool          // the target of this server's handoff does not take the room, or its link is gone
	retry   time.Duration // when the simulation may be made again
	fails   int

	// While Promoting.
	next  proto.Epoch   // in which this server leads
	since time.Duration // when it was decided
	offer bool          // the leader has handed the room over
	// killed: the leader's process is gone, perhaps because of the room. ended are those that cannot have a replica any more.
	// unheard: somebody did not answer. quiet: likewise, and it is not the leader.
	killed  bool
	unheard bool
	quiet   bool
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
func (p *replica) onProbation() bool { return p.announced && p.tick.Since(p.before) <= 0 }

// newer reports whether a replica at tick a is newer than one at b. Ticks begin again at 0 after 2^32; the rank 0 is the least.
func newer(a, b proto.Tick) bool { return a != 0 && (b == 0 || a.Since(b) > 0) }

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
			m.drop()
		}
	case Unfit:
		if ev.Stream == p.stream {
			m.do(Reject{p.stream, ev.Rejection})
			p.stream = 0
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
	p.counted = p.counted || ev.Counted
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
	if t := m.tomb; t.holding == None || t.epoch.Instance != p.epoch.Instance || t.holding == Moved && !p.epoch.Less(t.epoch) {
		m.bury(Moved, p.epoch, p.leader.Server) // a leader that comes back must hear that there was a later one
	}
	m.do(Drop{})
	m.absent()
}

// unstream notes that there is no stream any more.
func (m *Machine) unstream() {
	p := m.replica
	p.lost, p.check = m.now, m.now+orphanCheck
	if m.beforePause(p.opened) {
		p.lost = m.pausedFrom
	}
	if p.counted {
		p.leased = p.lost
	}
	p.stream, p.counted = 0, false
}
