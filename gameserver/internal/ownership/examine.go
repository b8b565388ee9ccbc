package ownership

import (
	"slices"

	"github.com/ringside-go/ringside/proto"
)

// verdict is what has become of a replica's leader.
type verdict uint8

const (
	unknown         verdict = iota // ask again
	leaderLives                    // somebody leads the room
	leaderElsewhere                // the leader that is known says who leads now: ask after that one
	betterReplica                  // it is gone, and another server's replica is newer, or goes first
	leftBehind                     // a later leader has detached this replica
	takeOver                       // it is gone, and this replica is the one to lead from
	roomOver                       // the room has ended
	roomLost                       // the quorum has declared it lost
	tooOld                         // it is gone for sure, and may have gone on without this replica
	nothing                        // it is gone, and there is no state
	condemned                      // it is gone, killed by the room's first tick
	replaced                       // it is gone, and another instance is led: answer is its leader's
)

// finding of examine: answer is the leader's, epoch the highest that is known of the room.
type examined struct {
	what    verdict
	answer  Answer
	epoch   proto.Epoch
	found   bool     // somebody leads, or may lead from its replica
	unheard bool     // somebody did not answer
	quiet   bool     // likewise, and it is not the leader
	killed  bool     // the leader's process has ended, or may have
	holders []string // servers with a replica that are not among the others
	ended   []string // servers of which it is proven that the process with a replica has ended
}

// examine judges by all replies. A leader is gone if its process is (GoneHere, another process answers under its name, the fleet
// knows it), if its process says that it has nothing of the room, or if the part of the fleet that may decide has lost it.
// The other servers that may have a replica must have been heard, or be gone likewise. Of several replicas the newest goes
// on, of equal ones the first in the order of the two servers.
func (m *Machine) examine(replies []Reply) examined {
	p, self := m.replica, m.config.Self.Server
	sure := m.sure()
	x := examined{epoch: p.epoch}
	if x.epoch.Less(p.withdrawn) {
		x.epoch = p.withdrawn
	}
	var led, best, elsewhere, other Answer
	over, lost, behind, announced := false, false, false, p.onProbation()
	var later []string         // servers that lead, or led, in a later epoch, as others say
	heard := map[string]bool{} // what a server has is known
	loyal := map[string]bool{} // it has a replica, and has not led
	gone, proven := m.vanished(p.leader.Server, sure)
	x.killed = gone
	for _, r := range replies {
		a := r.Answer
		if r.Evidence == GoneHere {
			heard[r.Server] = true
			x.ended = append(x.ended, r.Server)
			if r.Server == p.leader.Server {
				gone, proven, x.killed = true, true, true
			}
		}
		if r.Evidence != Answered {
			x.unheard = x.unheard || r.Evidence != GoneHere
			x.quiet = x.quiet || r.Evidence != GoneHere && r.Server != p.leader.Server
			continue
		}
		heard[r.Server] = true
		mine := a.Epoch.Instance == p.epoch.Instance
		if mine && x.epoch.Less(a.Epoch) {
			x.epoch = a.Epoch
		}
		x.found = x.found || mine && (a.Holding == Leading || a.Holding == Standby && !a.Suspended)
		loyal[r.Server] = mine && a.Holding == Standby && !p.epoch.Less(a.Epoch)
		if mine && a.Holding == Standby && r.Server != p.leader.Server && !p.has(r.Server) {
			x.holders = append(x.holders, r.Server)
		}
		// While the stream lives, only the leader's word counts: the others may have been asked to record what was not to be.
		lost = lost || mine && a.Holding == Gone && (p.stream == 0 || r.Server == p.leader.Server)
		announced = announced || a.Announced && a.Epoch == p.epoch
		over = over || mine && a.Holding == Over && !a.Epoch.Less(p.epoch)
		behind = behind || mine && a.Holding == Standby && fenced(a.Epoch, p.state) ||
			mine && a.Holding == Moved && a.Leader == self && p.epoch.Less(a.Epoch) && p.next.Less(a.Epoch) // to an earlier process
		switch {
		case !mine && a.Holding == Leading && !a.Suspended:
			other = a
		case mine && a.Holding == Leading && !a.Epoch.Less(p.state):
			if led.Leader == "" || led.Epoch.Less(a.Epoch) {
				led = a
			}
		case mine && a.Holding == Standby && !a.Suspended && m.before(a, r.Server) && (best.Leader == "" || less(best, a)):
			best = a
			best.Leader = r.Server
		}
		if mine && (a.Holding == Moved || a.Holding == Standby) && p.epoch.Less(a.Epoch) && a.Leader != self {
			later = append(later, a.Leader)
		}
		if r.Server != p.leader.Server || mine && a.Holding == Leading {
			continue
		}
		switch another := p.leader.Boot != 0 && a.Process.Boot != 0 && p.leader.Boot != a.Process.Boot; {
		case !another && mine && (a.Holding == Moved || a.Holding == Standby) && p.epoch.Less(a.Epoch) && a.Leader != self && a.Leader != p.leader.Server:
			elsewhere = a
		default:
			gone, proven, x.killed = true, true, another
		}
	}
	for _, o := range p.others {
		out, _ := m.vanished(o, sure)
		heard[o] = heard[o] || out
	}
	if proven && x.killed {
		x.ended = append(x.ended, p.leader.Server)
	}
	quiet := false
	for _, o := range p.others {
		quiet = quiet || o != p.leader.Server && !heard[o]
	}
	for _, o := range later { // it may lead, or have led
		out, _ := m.vanished(o, sure)
		quiet = quiet || !heard[o] && !out
	}
	// Without a quorum this server could not see who restarted: such a one may know that the room has ended.
	early := m.now-m.fleet.Since < settleTime && m.fleet.hidden(append(x.ended, p.leader.Server))
	switch {
	case led.Leader != "":
		x.what, x.answer = leaderLives, led
	case lost:
		x.what = roomLost
	case over:
		x.what = roomOver
	case elsewhere.Leader != "":
		x.what, x.answer = leaderElsewhere, elsewhere
	case !sure, m.fleet.Apart, !gone, quiet, early:
		x.what = unknown
	case other.Leader != "":
		x.what, x.answer = replaced, other
	case !p.stocked:
		x.what = nothing
	case announced && x.killed && (proven || m.fleet.presence(p.leader.Server) == Refused):
		x.what = condemned
	case behind && !p.uncounted:
		x.what = leftBehind
	case best.Leader != "" && (p.heir == 0 || m.now-p.heir < heirTime):
		x.what = betterReplica
	case !p.expired(m) && !p.outOfDate(m.now, loyal):
		x.what = takeOver
	case proven && m.allProven(p.others, heard):
		x.what = tooOld
	}
	return x
}

// before reports whether the replica of server goes before this server's.
func (m *Machine) before(a Answer, server string) bool {
	p := m.replica
	switch {
	case p.expired(m), !p.stocked:
		return true
	case a.Epoch != p.epoch:
		return p.epoch.Less(a.Epoch)
	case a.Tick != p.rank():
		return newer(a.Tick, p.rank())
	}
	return first(m.room, m.config.Self.Server, server) == server
}

// vanished reports whether the part of the fleet that may decide has lost server, and whether it is proven that its process
// is gone. A server that no view knows was faster than gossip when it came; it is lost where it has not come since.
func (m *Machine) vanished(server string, sure bool) (gone, proven bool) {
	p := m.replica
	if server == p.leader.Server && slices.Contains(m.unlisted, server) && (p.stream != 0 || m.now-p.lost < viewTime) {
		return false, false // that it leads is newer than what the view knows
	}
	switch m.fleet.presence(server) {
	case Exited:
		return true, true
	case Refused, Unreachable, CutOff:
		return sure, false
	case Unknown:
		return sure && m.now-p.lost >= orphanCheck, false
	}
	return false, false
}

// allProven reports whether nobody else can have a replica that is newer.
func (m *Machine) allProven(others []string, heard map[string]bool) bool {
	for _, o := range others {
		if pr := m.fleet.presence(o); pr == Unreachable || pr == Refused || slices.Contains(m.unlisted, o) || !heard[o] {
			return false
		}
	}
	return true
}
