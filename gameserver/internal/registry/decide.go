package registry

import (
	"errors"

	"github.com/ringside-go/ringside/gameserver/internal/replication"
	"github.com/ringside-go/ringside/proto"
)

// What answers and announcements mean. Everything in this file is pure: the same words give the same decision on every
// server, and the caller carries it out.

// reply is what came of asking one server about a room.
type reply struct {
	server string
	answer replication.Answer
	err    error
	mute   bool // it has not answered anybody here for muteTime
}

// has reports whether the server answered that it holds the room as h.
func (p reply) has(h replication.Holding) bool { return p.err == nil && p.answer.Holding == h }

// gone reports whether the server's process is no more: its address refuses connections.
func (p reply) gone() bool { return errors.Is(p.err, replication.ErrGone) }

// heard reports whether it is known what the server has. Of one that refuses the link, being of another version or key, it
// is not.
func (p reply) heard() bool { return p.err == nil || p.gone() }

// silent reports whether the server may have the room. One that membership sees, and that does not answer for long, is cut
// off from this server alone; rooms do not wait for it.
func (p reply) silent() bool { return !p.heard() && !p.mute }

// role is what this server has of a room.
type role uint8

const (
	absent role = iota
	making      // asking the others, and about to make it
	leading
	following
)

// meeting is what to do when a server announces that it leads a room.
type meeting uint8

const (
	accept meeting = iota // stand by for it
	yield                 // give up making the room; stand by when it asks again
	depose                // give up leading the room, then stand by
	refuse                // it is outdated
)

// meet decides on the announcement of a leader of epoch theirs, when this server has r of the room in epoch mine.
// Equal epochs meet when a leader dials its standby again; a leader never meets its own.
func meet(r role, mine, theirs proto.Epoch) meeting {
	switch {
	case r == making:
		return yield
	case r == leading && mine.Less(theirs):
		return depose
	case r == leading, r == following && theirs.Less(mine):
		return refuse
	}
	return accept
}

// whereabouts is where a room is.
type whereabouts struct {
	server string      // where clients find it; empty: with nobody who answered
	epoch  proto.Epoch // zero where the room is only being made
	silent bool        // somebody did not answer, and may have it
}

// locate says where a room is by all answers: with the leader of the highest epoch; if none is heard of, with the newest
// copy, whose server knows how its leader is; else with one who is making it. Of a server that is making the room, its own
// word counts more than that of others about it: it may have given way since.
func locate(replies []reply) (at whereabouts) {
	spoke := map[string]bool{}
	for _, p := range replies {
		spoke[p.server] = p.err == nil
		at.silent = at.silent || p.silent()
	}
	var best replication.Answer
	maker := ""
	for _, p := range replies {
		switch a := p.answer; {
		case p.has(replication.Leading), p.has(replication.Following):
			if at.server == "" || before(best, a) {
				at.server, at.epoch, best = p.server, a.Epoch, a
			}
		case p.has(replication.Claiming) && (a.Leader == p.server || !spoke[a.Leader]):
			maker = a.Leader
		}
	}
	if at.server == "" {
		at.server = maker
	}
	return at
}

// before orders answers by how much they are worth to a client: epoch, leading before following, tick.
func before(a, b replication.Answer) bool {
	switch {
	case a.Epoch != b.Epoch:
		return a.Epoch.Less(b.Epoch)
	case a.Holding != b.Holding:
		return a.Holding < b.Holding
	}
	return a.Tick < b.Tick
}

// copied is what a standby knows of itself when it wonders about its leader.
type copied struct {
	self   string
	room   proto.RoomID
	leader string
	epoch  proto.Epoch
	tick   proto.Tick
	lost   bool // membership has lost the leader
	quorum bool // this server sees the majority of the fleet, and is sure of it
}

// fate is what has become of a copy's leader.
type fate uint8

const (
	lives     fate = iota // somebody leads the room: wait to be followed again
	silence               // nothing is known: ask again
	otherHeir             // it is gone, and another's copy is newer or goes first
	heir                  // it is gone, and this copy is the one to go on
	outdated              // the room has ended, or went on elsewhere without this copy
)

// inherit says what has become of the leader of a copy, and who leads or goes first if somebody does. A leader is gone if
// its address refuses connections, if its process says that it has nothing of the room, or if it is silent and membership,
// seen from the majority, has lost it too. All others must have been heard: one of them may lead. Of several copies the newest goes on, of equal ones the first in the order of
// the two.
func inherit(c copied, replies []reply) (fate, replication.Answer) {
	gone, waits, old := c.lost && c.quorum, false, false
	var led, best replication.Answer
	for _, p := range replies {
		a := p.answer
		waits = waits || p.silent()
		old = old || p.has(replication.Left) && (c.epoch.Less(a.Epoch) || a.Leader == "" && a.Epoch == c.epoch)
		switch {
		case p.has(replication.Leading) && !a.Epoch.Less(c.epoch):
			if led.Leader == "" || led.Epoch.Less(a.Epoch) {
				led = a
			}
		case p.server == c.leader && (p.gone() || p.err == nil && !(p.has(replication.Following) && c.epoch.Less(a.Epoch))):
			gone = true
		}
		if p.has(replication.Following) && ahead(c, p) && (best.Leader == "" || before(best, a)) {
			best = a
			best.Leader = p.server
		}
	}
	switch {
	case led.Leader != "":
		return lives, led
	case waits || !c.quorum:
		return silence, replication.Answer{}
	case old:
		return outdated, replication.Answer{}
	case !gone:
		return silence, replication.Answer{}
	case best.Leader != "":
		return otherHeir, best
	}
	return heir, replication.Answer{}
}

// ahead reports whether the copy that p tells of goes before c.
func ahead(c copied, p reply) bool {
	switch a := p.answer; {
	case a.Epoch != c.epoch:
		return c.epoch.Less(a.Epoch)
	case a.Tick != c.tick:
		return a.Tick > c.tick
	}
	return first(c.room, c.self, p.server) == p.server
}

// resumption is whether a room that stood still may go on.
type resumption uint8

const (
	goOn   resumption = iota
	wait              // a standby that may have taken over has not answered
	giveUp            // a higher epoch exists
	stale             // one existed, or may have: what is here is too old to go on from
)

// stood is what a leader knows of itself that did not tick for a while, because its process or its network stood still.
type stood struct {
	self     string
	epoch    proto.Epoch
	standbys []string          // who might have taken over in that time
	lost     func(string) bool // whom membership has lost
	quorum   bool              // this server sees the majority of the fleet
	expired  bool              // it was longer than leaseTime
}

// resume decides whether it may go on. A standby that says that it follows still, or has dropped its copy, has not taken
// over. One that is gone may have, and so may one that membership has lost, though seen from the majority it stands still
// itself now; what it did then counts once the lease is over. missed says that there is such a one, so that the room must go on
// in an epoch above the one that it may have begun, and that its players have seen.
func resume(s stood, replies []reply) (r resumption, newer whereabouts, missed bool) {
	loyal, heard, mute, left := map[string]bool{}, map[string]bool{}, false, false
	for _, p := range replies {
		a := p.answer
		heard[p.server] = p.heard()
		loyal[p.server] = (p.has(replication.Following) || p.has(replication.Left) && a.Leader == s.self) && a.Epoch == s.epoch
		mute = mute || p.silent()
		left = left || p.has(replication.Left) && (s.epoch.Less(a.Epoch) || a.Leader == "" && a.Epoch == s.epoch)
		if (p.has(replication.Leading) || p.has(replication.Following)) && s.epoch.Less(a.Epoch) && !a.Epoch.Less(newer.epoch) {
			newer = whereabouts{server: p.server, epoch: a.Epoch}
		}
	}
	switch {
	case newer.server != "":
		return giveUp, newer, false
	case mute: // an earlier standby, it may be
		return wait, newer, false
	case left:
		return stale, newer, false
	}
	for _, standby := range s.standbys {
		switch {
		case loyal[standby]:
		case !heard[standby] && !(s.quorum && s.lost(standby)):
			return wait, newer, false
		case s.expired:
			r = stale
		default:
			missed = true
		}
	}
	if !s.quorum {
		return wait, newer, false
	}
	return r, newer, missed
}
