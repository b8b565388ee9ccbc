package room

import (
	"crypto/subtle"
	"fmt"
	"slices"

	"github.com/ringside-go/ringside/proto"
)

// QueueDetour asks the client to come again by url, which leads to this room on another way, since the way of its
// connection is about to end. It plays on meanwhile. Its next connection says that it waits (Join.Waits), takes its place
// at once, and this one is sent after it: between two ticks, so that none is missed. A handoff goes first: while one is
// under way, while the room stands still, and before the welcome, nobody is asked.
func (o *Occupant) QueueDetour(url string) {
	_ = o.room.control(func() { o.room.ask(o, url) }) // an ended room has no clients
}

func (r *Room) ask(o *Occupant, url string) {
	if r.move != nil || r.standsStill() || o.state != following && o.state != lagging {
		return
	}
	o.asked = &proto.Moved{URL: url, Server: r.epoch.Server, Epoch: r.epoch}
	o.client.QueueEvent(proto.Prepare{Moved: *o.asked}.Append(nil))
}

// succeed looks for the player's connection in whose place o, who waits, has come, and sends it after o. What it has
// brought and no tick has taken stays queued, as o is the same client. A connection that was not asked to go stays, and o
// is closed: its client may have changed its mind since it opened o, and must not throw itself out.
func (r *Room) succeed(o *Occupant) {
	for seat, old := range r.seats {
		if old == nil || subtle.ConstantTimeCompare(r.sim.Token(proto.Seat(seat)), o.resume) == 0 {
			continue
		}
		if old.asked == nil {
			r.refuse(o, proto.CloseOverloaded, "the other connection to this seat goes on; come again without waiting")
			return
		}
		pending := r.sim.Pending(old.seat)
		r.sendAfter(old, o)
		r.resume(o)
		for _, in := range pending {
			if err := r.sim.Queue(o.seat, in); err != nil {
				r.log.Error("an input of the last connection is not taken", "seat", o.seat, "error", err)
			}
		}
		return
	}
	r.resume(o)
}

// watchAgain is succeed for a spectator, who has no token: the connections of the same player that were asked to go are
// sent after o, each of which has a successor on its way. Without one, o is a spectator like any other, unless the room
// itself is about to go where he will be let in, or his ticket opens nothing else.
func (r *Room) watchAgain(o *Occupant) {
	found := false
	for _, old := range slices.Clone(r.spectators) {
		if old.asked != nil && old.player == o.player {
			r.sendAfter(old, o)
			found = true
		}
	}
	switch {
	case found || !o.expired && r.move == nil:
		r.watch(o)
	case o.expired:
		r.refuse(o, proto.CloseTicket, "")
	default:
		r.refuse(o, proto.CloseOverloaded, fmt.Sprintf("room %s is about to go to server %s", r.spec.ID, r.move.To.Server))
	}
}

// sendAfter takes old from its place, where heir comes.
func (r *Room) sendAfter(old, heir *Occupant) {
	to := *old.asked
	to.Epoch = r.epoch
	r.remove(old)
	old.heir = heir
	old.client.QueueEvent(to.Append(nil))
	old.client.Close(proto.CloseMoved, "")
}

// inherit takes what old had sent before it was sent after its heir, and came behind that.
func (r *Room) inherit(old *Occupant, it *item) {
	switch {
	case it.kind != itemInput && it.kind != itemCustom, r.seats[old.seat] != old.heir: // a spectator has no seat, and sends neither
	case it.kind == itemCustom:
		r.custom(old.heir, r.taken.payload(it))
	default:
		in := proto.Input{First: it.first, Ack: it.ack, Count: int(it.count), Samples: r.taken.payload(it)}
		if r.sim.Queue(old.seat, in) == nil { // else the client sends it again
			old.heir.arrived = it.at
		}
	}
}
