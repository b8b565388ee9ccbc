package room

import (
	"time"

	"github.com/ringside-go/ringside/proto"
)

// Reason says why a room is suspended. Reasons are the bits of a set; the room ticks when the set is empty.
type Reason uint8

// The reasons to suspend a room.
const (
	// ReasonQuorum: this server does not see a quorum of the fleet.
	ReasonQuorum Reason = 1 << iota
	// ReasonPaused: this process was paused, so another server may lead the room. The pool sets it by itself.
	ReasonPaused
	// ReasonProbation: the room was taken over after its leader died abruptly, and may be what killed it.
	ReasonProbation

	reasonSets
)

var reasonNames = [reasonSets]string{
	ReasonQuorum:                                  "quorum",
	ReasonPaused:                                  "paused",
	ReasonQuorum | ReasonPaused:                   "quorum,paused",
	ReasonProbation:                               "probation",
	ReasonQuorum | ReasonProbation:                "quorum,probation",
	ReasonPaused | ReasonProbation:                "paused,probation",
	ReasonQuorum | ReasonPaused | ReasonProbation: "quorum,paused,probation",
}

// String lists the reasons of a set; it is empty for none.
func (s Reason) String() string { return reasonNames[s] }

const (
	// suspensionNotice is how long a suspension lasts before the clients hear of it, unless the quorum is missing. Most
	// pauses are over before that.
	suspensionNotice = time.Second
	suspendedText    = "this server checks whether it may lead the room"
	pausedText       = "this server was paused; play continues when it is certain that it still leads the room"
	resumedText      = "play continues"
)

// suspension is why a room does not tick. A suspended room handles its inbox: clients enter, and are welcomed by its next
// tick; they leave; their inputs wait in the simulation, whose window bounds them.
type suspension struct {
	reasons Reason
	since   time.Duration // when reasons became non-empty
	paused  time.Duration // the newest time at which ReasonPaused was set
	text    string        // for the clients
	told    bool          // they have been told
	steps   []func()      // of QueueStep
}

// QueueSuspend suspends the room for reason as well. Its clients are told with text: at once when the quorum is missing,
// otherwise if the suspension lasts for a second. A handoff is called off. ErrStopped: the room has ended.
func (r *Room) QueueSuspend(reason Reason, text string) error {
	at := r.now()
	return r.control(func() { r.suspend(reason, at, text) })
}

// suspend is called by the room's loop. at is when the reason arose.
func (r *Room) suspend(reason Reason, at time.Duration, text string) {
	s := &r.suspension
	if reason&ReasonPaused != 0 {
		s.paused = max(s.paused, at)
	}
	if reason&^s.reasons == 0 {
		return
	}
	if s.reasons == 0 {
		s.since = at
		r.metrics.RoomsSuspended.Inc()
	}
	s.reasons |= reason
	s.text = text
	r.callOff("it was suspended")
	if reason&ReasonQuorum != 0 {
		r.tellSuspended()
	}
}

// tellSuspended tells the clients of the suspension, once.
func (r *Room) tellSuspended() {
	if s := &r.suspension; !s.told {
		s.told = true
		r.notify(proto.Notice{Code: proto.NoticeSuspended, Text: s.text})
	}
}

// QueueResume takes reason back; the room ticks on when no other is left, and its clients are told if they had been told
// of the suspension. For ReasonPaused, asked is when the other servers were asked who leads the room: if the process was
// paused again after that, they must be asked again, and the reason stays. ErrStopped: the room has ended.
func (r *Room) QueueResume(reason Reason, asked time.Time) error {
	at := asked.Sub(r.pool.started)
	return r.control(func() {
		if at < r.suspension.paused {
			r.lift(reason &^ ReasonPaused)
		} else {
			r.lift(reason)
		}
	})
}

// lift takes reason out of the set.
func (r *Room) lift(reason Reason) {
	s := &r.suspension
	if s.reasons&reason == 0 {
		return
	}
	if s.reasons &^= reason; s.reasons != 0 {
		return
	}
	r.metrics.RoomsSuspended.Dec()
	if s.told {
		s.told = false
		r.notify(proto.Notice{Code: proto.NoticeResumed, Text: resumedText})
	}
}

// QueueStep runs exactly one tick of a room that is suspended for ReasonProbation alone, and calls done after it. A room
// that is suspended for other reasons does not tick, and one that is not suspended ticks as ever; done is called all the
// same. The room's loop calls done, which must not block. It is not called if the room ends first. ErrStopped: the room
// has ended.
func (r *Room) QueueStep(done func()) error {
	return r.control(func() { r.suspension.steps = append(r.suspension.steps, done) })
}

// takeStep returns the function of the next step that was asked for; nil: none was.
func (s *suspension) takeStep() (done func()) {
	if len(s.steps) > 0 {
		done, s.steps = s.steps[0], s.steps[1:]
	}
	return done
}

func (r *Room) suspended() bool { return r.suspension.reasons != 0 }

// QueueNotice tells the room's clients something that changes nothing about the room. ErrStopped: the room has ended.
func (r *Room) QueueNotice(code proto.NoticeCode, text string) error {
	return r.control(func() { r.notify(proto.Notice{Code: code, Text: text}) })
}

func (r *Room) notify(n proto.Notice) {
	r.frames.event = n.Append(r.frames.event[:0])
	r.eachClient(r.sendEvent)
	r.flush() // a suspended room has no other
}

// QueueEpoch makes the room continue in a later epoch: while it was suspended, a standby that cannot be asked may have
// taken it over. Only clients that enter from now on hear of it. ErrStopped: the room has ended.
func (r *Room) QueueEpoch(epoch proto.Epoch) error {
	return r.control(func() {
		if r.epoch.Less(epoch) {
			r.epoch, r.from = epoch, r.sim.Match()
			r.needEpoch()
		}
	})
}

// QueueDepose ends the room because another server leads it in a later epoch. Its clients are sent there, or to the
// router if to has no URL. Outcomes that were not told yet are never told from here. ErrStopped: the room has ended.
func (r *Room) QueueDepose(to proto.Moved) error {
	return r.control(func() {
		if to.URL == "" {
			r.ending = &stopRequest{proto.CloseStopping, "another server leads the room now; ask the router where it is"}
			return
		}
		r.moved = to.Append(nil)
		r.ending = &stopRequest{code: proto.CloseMoved}
	})
}

// state is what Info shows.
func (r *Room) state() State {
	switch {
	case r.suspended():
		return Suspended
	case r.move != nil:
		return HandingOver
	}
	return Ticking
}
