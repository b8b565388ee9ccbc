package room

import (
	"errors"
	"fmt"
	"time"

	"github.com/ringside-go/ringside/gameserver/game"
	"github.com/ringside-go/ringside/gameserver/internal/replication"
	"github.com/ringside-go/ringside/proto"
)

// ErrHandoff is wrapped by the errors of Handoff.Result, with the reason. The room continues here.
var ErrHandoff = errors.New("room is not handed over")

const (
	// handoffLag is how many ticks the target may be behind, beyond those of the round trip: more than the tick grids of
	// two servers account for, and few enough to catch up on before its first tick is due.
	handoffLag = 3
	// catchUpTime is how long, beyond Handoff.Within, a target that is further behind may take to catch up.
	catchUpTime = time.Second
)

// Handoff asks for the room to be led by one of its standbys, the target.
type Handoff struct {
	ID        int           // of the attached standby
	To        proto.Moved   // URL and Server of the target; the room fills in the rest
	Within    time.Duration // how long clients have to open their next connection
	RoundTrip time.Duration // between this server and the target: the ticks of this time are on their way
	// Result is called once, by the room's loop, unless the room ends before its final tick. It must not block. After an
	// error, which wraps ErrHandoff, the room continues here and nothing has changed. Without one the room has ended here,
	// and Spec.Ended comes next.
	Result func(out HandedOver, err error)
}

// HandedOver is a room after its final tick here, which is queued to the target.
type HandedOver struct {
	Epoch proto.Epoch      // in which the target leads from now on
	Tick  proto.Tick       // the final tick
	Sim   *game.Simulation // the room's state after it, which now belongs to whom Result told; see game.CopyOf
}

// move is a handoff in progress.
type move struct {
	Handoff
	standby  *standby
	deadline time.Duration // of the clients, on the pool's clock
	prepare  []byte        // record
	handed   bool          // the target has taken the final tick
	epoch    proto.Epoch   // when handed: in which the target leads
}

// QueueHandoff begins to hand the room over. Its clients are told to prepare. It ticks on until all of them have a
// connection at the target, or h.Within is over, and the target has nearly all ticks. The next tick is the final one: the
// clients hear where the room is, and the room ends here. Only one handoff runs at a time. ErrStopped: the room has
// ended and h.Result is not called.
func (r *Room) QueueHandoff(h Handoff) error { return r.control(func() { r.prepare(h) }) }

// QueueCallOff ends a handoff; its Result is called. Without a handoff it does nothing. ErrStopped: the room has ended.
func (r *Room) QueueCallOff() error { return r.control(func() { r.callOff("it was called off") }) }

// handed reports whether the target has taken the final tick.
func (r *Room) handed() bool { return r.move != nil && r.move.handed }

// prepare begins a handoff, or says why not.
func (r *Room) prepare(h Handoff) {
	s := r.standby(h.ID)
	reason := ""
	switch {
	case r.move != nil:
		reason = fmt.Sprintf("a handoff to %s is under way", r.move.To.Server)
	case r.suspended():
		reason = fmt.Sprintf("it is suspended: %v", r.suspension.reasons)
	case s == nil || s.stream == nil:
		reason = fmt.Sprintf("no standby has id %d", h.ID)
	}
	if reason != "" {
		h.Result(HandedOver{}, fmt.Errorf("%w: %s", ErrHandoff, reason))
		return
	}
	s.waiting = 0
	h.To.WithinMs = uint32(h.Within.Milliseconds())
	m := &move{Handoff: h, standby: s, deadline: r.now() + h.Within}
	m.prepare = proto.Prepare{Moved: h.To}.Append(nil)
	r.move = m
	r.eachClient(func(o *Occupant) {
		o.reconnect = nil
		if o.state != entered { // the others get it behind their welcome
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
	m.Result(HandedOver{}, fmt.Errorf("%w: %s", ErrHandoff, reason))
}

// lag is how many ticks the target may be behind: those that no acknowledgement can have come for, and handoffLag.
func (m *move) lag(rate int) proto.Tick {
	return handoffLag + proto.Tick(ceil(int64(m.RoundTrip)*int64(rate), int64(time.Second)))
}

// final reports whether the tick just made is the handoff's last, and calls off a handoff that has waited too long.
func (r *Room) final(now time.Duration) bool {
	m := r.move
	if m == nil {
		return false
	}
	s := m.standby
	everybody := s.waiting >= r.connected+len(r.spectators)
	switch {
	case s.current && s.has(r.sim.Tick()-m.lag(r.settings.TickRate)) && !r.unkept():
		return everybody || now >= m.deadline
	case now < m.deadline+catchUpTime:
	case r.unkept():
		r.callOff("an outcome waits for the results store that the room's state has no place for")
	default:
		r.callOff(fmt.Sprintf("the standby has tick %d of %d", s.acked, r.sim.Tick()))
	}
	return false
}

// handOver gives the target the final tick, and reports whether it took it. The inputs that the simulation still has go
// along. Those that reach the inbox from now on are not acknowledged, so the clients send them again.
func (r *Room) handOver(public, secret []byte) bool {
	m := r.move
	epoch := r.epoch.Next(m.To.Server)
	last := replication.FinalTick{Tick: r.sim.Tick(), Public: public, Secret: secret, Epoch: epoch, Due: r.due - r.now()}
	for seat := range r.seats {
		for _, in := range r.sim.Pending(proto.Seat(seat)) {
			last.Pending = append(last.Pending, replication.SeatInput{Seat: proto.Seat(seat), Input: in})
		}
	}
	if !m.standby.stream.QueueFinal(last) {
		m.standby.current = false
		r.callOff("the standby did not take the final tick")
		return false
	}
	m.handed, m.epoch = true, epoch
	to := m.To
	to.Epoch, to.WithinMs = epoch, 0
	r.moved = to.Append(nil)
	return true
}

// giveAway gives the room's state to the owner of the handoff. The room uses it no more.
func (r *Room) giveAway() {
	m := r.move
	r.metrics.Moves.WithLabelValues("handoff", "done").Inc()
	r.publish()
	out := HandedOver{Epoch: m.epoch, Tick: r.sim.Tick(), Sim: r.sim}
	r.sim = nil
	m.Result(out, nil)
}
