package room

import (
	"fmt"

	"github.com/ringside-go/ringside/proto"
)

// QueueReconnect asks the client to open another connection to this room by url, because the way of its present one is
// about to end. The client plays on meanwhile. Its next connection sets Join.Waits, takes the place between two ticks so that
// none is missed, and the old one is closed with CloseMoved. The request is dropped during a handoff, which has priority,
// while the room is suspended, and before the welcome.
func (o *Occupant) QueueReconnect(url string) {
	_ = o.room.control(func() { o.room.requestReconnect(o, url) }) // an ended room has no clients
}

func (r *Room) requestReconnect(o *Occupant, url string) {
	if r.move != nil || r.suspended() || o.state != synced && o.state != lagging {
		return
	}
	o.reconnect = &proto.Moved{URL: url, Server: r.epoch.Server, Epoch: r.epoch}
	o.client.QueueEvent(proto.Prepare{Moved: *o.reconnect}.Append(nil))
}

// replacePlayer puts o, which waits, in the place of the connection with its resume token. Inputs that no tick has taken
// stay queued, since both connections are of one client. A connection that got no reconnect request stays, and o is
// closed: the client may have changed its mind after it opened o, and must not lose the connection that it plays on.
func (r *Room) replacePlayer(o *Occupant) {
	seat, ok := r.sim.SeatOf(o.resume)
	if !ok || r.seats[seat] == nil {
		r.resume(o)
		return
	}
	old := r.seats[seat]
	if old.reconnect == nil {
		r.refuse(o, proto.CloseOverloaded, "the other connection to this seat continues; come again without waiting")
		return
	}
	pending := r.sim.Pending(seat)
	r.replace(old, o)
	r.resume(o)
	o.played, o.acked = old.played, old.acked
	for _, in := range pending {
		if err := r.sim.Queue(seat, in); err != nil {
			r.log.Error("an input of the last connection is not taken", "seat", seat, "error", err)
		}
	}
}

// replaceSpectator is replacePlayer for a spectator, which has no token: it replaces the connection of the same player.
// If there is none, o becomes a new spectator. It is refused if its ticket has expired, and during a handoff, because the
// next server will accept it.
func (r *Room) replaceSpectator(o *Occupant) {
	old := r.watcher(o.player)
	switch {
	case old != nil && old.reconnect != nil:
		r.replace(old, o)
		r.watch(o)
	case old != nil && !o.expired && r.move == nil:
		r.refuse(o, proto.CloseOverloaded, "your other connection to this room continues; come again without waiting")
	case !o.expired && r.move == nil:
		r.watch(o)
	case o.expired:
		r.refuse(o, proto.CloseTicket, "")
	default:
		r.refuse(o, proto.CloseOverloaded, fmt.Sprintf("room %s is about to move to server %s", r.spec.ID, r.move.To.Server))
	}
}

// replace removes old and tells it to go on with the connection that replaces it.
func (r *Room) replace(old, replacement *Occupant) {
	to := *old.reconnect
	to.Epoch = r.epoch
	r.remove(old)
	old.replacement = replacement
	old.client.QueueEvent(to.Append(nil))
	old.client.Close(proto.CloseMoved, "")
}

// forward gives the replacement what old had sent before it was replaced and what arrived after that.
func (r *Room) forward(old *Occupant, it *item) {
	switch {
	case it.kind != itemInput && it.kind != itemCustom, r.seats[old.seat] != old.replacement: // a spectator has no seat, and sends neither
	case it.kind == itemCustom:
		r.custom(old.replacement, r.taken.payload(it))
	default:
		if r.queue(old.replacement, it) == nil { // otherwise the client sends it again
			old.replacement.arrived = it.at
		}
	}
}
