package room

import (
	"time"

	"github.com/ringside-go/ringside/proto"
)

// A room that is frozen, held or handed stands still: it takes its inbox and does not tick. Clients come in, and are
// welcomed by its next tick; go; and their inputs wait in the simulation, whose window bounds them.

// QueueFreeze freezes the room, or thaws it, and tells its clients with a notice, in which why is for a person. A handoff
// whose final tick has not been is called off. ErrStopped: the room has ended.
func (r *Room) QueueFreeze(frozen bool, why string) error {
	return r.control(func() {
		if frozen != r.frozen {
			r.freeze(frozen, why)
		}
	})
}

func (r *Room) freeze(frozen bool, why string) {
	r.frozen = frozen
	notice := proto.Notice{Code: proto.NoticeResumed, Text: why}
	if frozen {
		notice.Code = proto.NoticeSuspended
		r.metrics.RoomsFrozen.Inc()
		r.callOff("it was frozen")
	} else {
		r.metrics.RoomsFrozen.Dec()
	}
	r.notify(notice)
}

// QueueNotice tells the room's clients something that changes nothing about the room. ErrStopped: the room has ended.
func (r *Room) QueueNotice(code proto.NoticeCode, text string) error {
	return r.control(func() { r.notify(proto.Notice{Code: code, Text: text}) })
}

func (r *Room) notify(n proto.Notice) {
	r.frames.event = n.Append(r.frames.event[:0])
	r.eachClient(r.sendEvent)
	r.flush() // a room that stands still has no other
}

// QueueHold makes the room stand still until QueueRelease, without a word to its clients. A handoff whose final tick has
// not been is called off. Pool does the same to all rooms of a worker that has stalled. ErrStopped: the room has ended.
func (r *Room) QueueHold() error {
	at := r.now()
	return r.control(func() { r.hold(at) })
}

// QueueRelease lets a held room tick on: the standbys were asked, at asked, and knew of no later leader. It does nothing
// when the room was held after that, for then they must be asked again. ErrStopped: the room has ended.
func (r *Room) QueueRelease(asked time.Time) error {
	at := asked.Sub(r.pool.started)
	return r.control(func() {
		if at >= r.heldAt {
			r.held = false
		}
	})
}

// hold is called by the room's loop.
func (r *Room) hold(at time.Duration) {
	r.held, r.heldAt = true, max(r.heldAt, at)
	r.callOff("it was held")
}

// QueueEpoch makes the room go on in a later epoch: while it stood still, a standby that cannot be asked may have taken it
// over. Those inside need not hear of it; who enters from now on does. ErrStopped: the room has ended.
func (r *Room) QueueEpoch(epoch proto.Epoch) error {
	return r.control(func() {
		if r.epoch.Less(epoch) {
			r.epoch = epoch
		}
	})
}

// QueueDepose ends the room because another server leads it, in a later epoch: its clients are sent there, or to the
// router if to has no URL. Nothing that it decided and did not tell will be told. ErrStopped: the room has ended.
func (r *Room) QueueDepose(to proto.Moved) error {
	return r.control(func() {
		if to.URL == "" {
			r.ending = &stopRequest{proto.CloseStopping, "another server leads the room now; ask the router where it is"}
			return
		}
		r.moved = to.Append(nil)
		r.eachClient(func(o *Occupant) { o.sentOn = false }) // they may have been told another place
		r.ending = &stopRequest{code: proto.CloseMoved}
	})
}

// standsStill reports whether the room must not tick now.
func (r *Room) standsStill() bool { return r.frozen || r.held || r.handed() }

// state is what Info shows.
func (r *Room) state() State {
	switch {
	case r.handed():
		return Handed
	case r.frozen:
		return Frozen
	case r.held:
		return Held
	case r.move != nil:
		return HandingOver
	}
	return Ticking
}
