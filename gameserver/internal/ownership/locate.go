package ownership

import (
	"slices"

	"github.com/ringside-go/ringside/proto"
)

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
	return !m.askedAll(replies) || slices.ContainsFunc(replies, func(r Reply) bool {
		s, _ := m.fleet.find(r.Server)
		return r.Evidence != Answered && r.Evidence != GoneHere && s.Presence == Present && m.now-s.Came >= settleTime
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
