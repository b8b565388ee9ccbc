package room

import (
	"errors"
	"fmt"
	"time"

	"github.com/ringside-go/ringside/gameserver/internal/replication"
	"github.com/ringside-go/ringside/proto"
)

// ErrHandoff is wrapped by the errors of Handoff.Result, with the reason: the room goes on here.
var ErrHandoff = errors.New("room is not handed over")

const (
	// handoffLag is how many ticks a standby may be behind to be handed the room: more than acknowledgements on their
	// way account for, less than it would have to catch up on when it should tick.
	handoffLag = 3
	// catchUpTime is how long, beyond Handoff.Within, a standby that is further behind has to catch up.
	catchUpTime = time.Second
)

// Handoff is the wish that a standby lead the room.
type Handoff struct {
	ID     int           // of the attached standby
	To     proto.Moved   // URL and Server of it; the room fills in the rest
	Within time.Duration // clients have so long to open their next connection
	// Result is called once by the room's loop and must not block, unless the room ends first. nil: the final tick is
	// queued to the standby, which leads in epoch offered from now on; the room stands still until QueueTook or
	// QueueHandoffFailed. Else the error wraps ErrHandoff, and nothing has changed.
	Result func(offered proto.Epoch, err error)
}

// move is a handoff that is under way.
type move struct {
	Handoff
	feed     *feed
	deadline time.Duration // of the clients, on the pool's clock
	prepare  []byte        // record
	handed   bool          // the final tick has been
	offered  proto.Epoch   // when handed
}

// QueueHandoff begins to hand the room over: its clients are told to prepare, and it ticks on until all of them wait at
// the standby, or h.Within is over, and the standby has nearly all ticks. That tick is the final one; in it the clients
// hear that the room has moved. Only one handoff runs at a time. ErrStopped: the room has ended; h.Result is not called.
func (r *Room) QueueHandoff(h Handoff) error { return r.control(func() { r.prepare(h) }) }

// QueueCallOff ends a handoff whose final tick has not been; its Result is called. After that tick, or without a handoff, it
// does nothing. ErrStopped: the room has ended.
func (r *Room) QueueCallOff() error { return r.control(func() { r.callOff("it was called off") }) }

// QueueTook says that the standby leads the room in epoch, as offered: the room ends, and the clients that are left are
// closed with CloseMoved. Without a final tick it does nothing. ErrStopped: the room has ended.
func (r *Room) QueueTook(epoch proto.Epoch) error {
	return r.control(func() {
		if r.handed() && !epoch.Less(r.move.offered) {
			r.metrics.Moves.WithLabelValues("handoff", "done").Inc()
			r.ending = &stopRequest{code: proto.CloseMoved}
		}
	})
}

// QueueHandoffFailed says that the standby does not lead the room, and never will on what it has: the room ticks on from
// its final tick in epoch, which is above the one offered. The clients that are still here go on; the others find back by
// themselves. The standby needs a keyframe, if it is still attached. Without a final tick it does nothing. ErrStopped: the
// room has ended.
func (r *Room) QueueHandoffFailed(epoch proto.Epoch) error {
	return r.control(func() {
		if !r.handed() {
			return
		}
		r.epoch = epoch
		r.move.feed.follows = false
		r.move, r.moved = nil, nil
		r.eachClient(func(o *Occupant) { o.sentOn = false })
		r.metrics.Moves.WithLabelValues("handoff", "failed").Inc()
		r.log.Warn("the standby did not take the room, which goes on here", "epoch", epoch, "tick", r.sim.Tick())
	})
}

// handed reports whether the final tick has been.
func (r *Room) handed() bool { return r.move != nil && r.move.handed }

// prepare begins a handoff, or says why not.
func (r *Room) prepare(h Handoff) {
	f := r.feed(h.ID)
	reason := ""
	switch {
	case r.move != nil:
		reason = fmt.Sprintf("a handoff to %s is under way", r.move.To.Server)
	case r.frozen || r.held:
		reason = fmt.Sprintf("it is %s", r.state())
	case f == nil || f.standby == nil:
		reason = fmt.Sprintf("no standby has id %d", h.ID)
	}
	if reason != "" {
		h.Result(proto.Epoch{}, fmt.Errorf("%w: %s", ErrHandoff, reason))
		return
	}
	f.waiting = 0
	h.To.WithinMs = uint32(h.Within.Milliseconds())
	m := &move{Handoff: h, feed: f, deadline: r.now() + h.Within}
	m.prepare = proto.Prepare{Moved: h.To}.Append(nil)
	r.move = m
	r.eachClient(func(o *Occupant) {
		o.reconnect = nil
		if o.state != entered { // the others hear of it behind their welcome
			o.client.QueueEvent(m.prepare)
		}
	})
}

// callOff ends a handoff before its final tick.
func (r *Room) callOff(reason string) {
	m := r.move
	if m == nil || m.handed {
		return
	}
	r.move = nil
	r.metrics.Moves.WithLabelValues("handoff", "called-off").Inc()
	m.Result(proto.Epoch{}, fmt.Errorf("%w: %s", ErrHandoff, reason))
}

// final reports whether the tick just made is the handoff's last, and calls off a handoff that has waited too long.
func (r *Room) final(now time.Duration) bool {
	m := r.move
	if m == nil {
		return false
	}
	f := m.feed
	everybody := f.waiting >= r.connected+len(r.spectators)
	switch {
	case f.follows && f.acked+handoffLag >= r.sim.Tick():
		return everybody || now >= m.deadline
	case now >= m.deadline+catchUpTime:
		r.callOff(fmt.Sprintf("the standby has tick %d of %d", f.acked, r.sim.Tick()))
	}
	return false
}

// handOver gives the standby the final tick. Of the inputs that came here, those that the simulation still has go along;
// those that come from now on, into the inbox, are not acknowledged, so the clients send them again.
func (r *Room) handOver(public, secret []byte) {
	m := r.move
	offered := r.epoch.Next(m.To.Server)
	last := replication.FinalTick{Tick: r.sim.Tick(), Public: public, Secret: secret, Epoch: offered, Due: r.due - r.now()}
	for seat := range r.seats {
		for _, in := range r.sim.Pending(proto.Seat(seat)) {
			last.Pending = append(last.Pending, replication.SeatInput{Seat: proto.Seat(seat), Input: in})
		}
	}
	if !m.feed.standby.QueueFinal(last) {
		m.feed.follows = false
		r.callOff("the standby did not take the final tick")
		return
	}
	m.handed, m.offered = true, offered
	to := m.To
	to.Epoch, to.WithinMs = offered, 0
	r.moved = to.Append(nil)
	m.Result(offered, nil)
}

// sendAllOn tells everybody where the room is, if this tick was the final one.
func (r *Room) sendAllOn() {
	if r.handed() {
		r.eachClient(r.sendOn)
	}
}

// sendOn tells o once where the room is.
func (r *Room) sendOn(o *Occupant) {
	if !o.sentOn {
		o.sentOn = true
		o.client.QueueEvent(r.moved)
		r.metrics.Moved.Inc()
	}
}
