package room

import (
	"slices"

	"github.com/ringside-go/ringside/gameserver/internal/replication"
	"github.com/ringside-go/ringside/proto"
)

// Standby is the sending end of the stream to a standby. The room's loop calls its methods, which must not block. public
// and secret are bodies as state.Store appends them; they belong to the room and are overwritten after the call. false
// means that the stream did not take the tick, so the standby needs a keyframe next.
type Standby interface {
	QueueKeyframe(tick proto.Tick, public, secret []byte) bool
	QueueTick(tick proto.Tick, public, secret []byte) bool
	// QueueFinal hands the room over to this standby.
	QueueFinal(f replication.FinalTick) bool
	// QueueHanded tells this standby that the room was handed over to leader, which leads it in epoch from here on. The
	// final tick was queued before, like any other tick; a standby that did not take it is told all the same.
	QueueHanded(leader string, epoch proto.Epoch)
}

// keyframesPerSecond limits the keyframes for one standby. Each is an encoding of the whole state, taken or not.
const keyframesPerSecond = 4

// standby is a standby of the room, as the loop sees it.
type standby struct {
	id      int
	stream  Standby    // nil: Spec.Standbys names it and it is not attached yet
	fenced  bool       // it is of Spec.Fenced, and has acknowledged nothing here
	any     bool       // it has acknowledged a tick
	acked   proto.Tick // if any, it has everything up to this tick
	current bool       // it was given the last tick: a delta comes next
	retry   proto.Tick // no keyframe before this tick
	waiting int        // clients with a prepared connection there
}

// QueueStandby attaches a standby. With hasBase it has the state after tick base already, and if the room is still at
// that tick it gets the next delta. Otherwise it gets a keyframe at the next tick. From now on outcomes wait for it.
// The caller chooses id, for this standby alone. An id of Spec.Standbys, or of an attached standby, replaces that one.
// ErrStopped: the room has ended.
func (r *Room) QueueStandby(id int, s Standby, base proto.Tick, hasBase bool) error {
	return r.control(func() {
		b := r.standby(id)
		if b == nil {
			b = &standby{}
			r.standbys = append(r.standbys, b)
		}
		*b = standby{id: id, stream: s, fenced: b.fenced, retry: r.sim.Tick()}
		if hasBase && base == r.sim.Tick() {
			b.current = true // it counts for outcomes once it has acknowledged the base
		}
	})
}

// QueueRemoveStandby detaches a standby. Outcomes no longer wait for it, so the caller must be certain that it will not
// lead the room from the state that it has now: it is gone, it said so, or its lease is over. A handoff to it is called
// off. ErrStopped: the room has ended.
func (r *Room) QueueRemoveStandby(id int) error {
	return r.control(func() {
		s := r.standby(id)
		if s == nil {
			return
		}
		r.standbys = slices.DeleteFunc(r.standbys, func(o *standby) bool { return o == s })
		if r.move != nil && r.move.standby == s {
			r.callOff("the standby is lost")
		}
	})
}

// NeedKeyframe says that the standby cannot apply the next delta: it gets a keyframe instead, and counts as having
// nothing until it acknowledges that. From any goroutine; it does not block.
func (r *Room) NeedKeyframe(id int) {
	_ = r.control(func() { // an ended room has no standbys
		if s := r.standby(id); s != nil {
			s.current, s.any = false, false
		}
	})
}

// Acked says that the standby has everything up to tick. From any goroutine; it does not block or allocate.
func (r *Room) Acked(id int, tick proto.Tick) {
	_ = r.inbox.queueControl(item{kind: itemAcked, first: proto.Seq(id), ack: tick}) // an ended room does not care
}

// Ready says how many clients have a prepared connection at the standby. From any goroutine; it does not block.
func (r *Room) Ready(id, waiting int) {
	_ = r.control(func() {
		if s := r.standby(id); s != nil {
			s.waiting = waiting
		}
	})
}

// control queues what the registry wants done in the room's loop.
func (r *Room) control(do func()) error {
	return r.inbox.queueControl(item{kind: itemControl, do: do})
}

// standby returns the standby with this id, or nil.
func (r *Room) standby(id int) *standby {
	for _, s := range r.standbys {
		if s.id == id {
			return s
		}
	}
	return nil
}

// acked handles an acknowledgement. An older one than the last changes nothing.
func (r *Room) acked(id int, tick proto.Tick) {
	if s := r.standby(id); s != nil {
		if !s.has(tick) {
			s.fenced, s.any, s.acked = false, true, tick
		}
	}
}

// has reports whether the standby has acknowledged tick.
func (s *standby) has(tick proto.Tick) bool { return s.any && s.acked.Since(tick) >= 0 }

// currentStandbys counts the standbys that need nothing but the next delta.
func (r *Room) currentStandbys() (n int) {
	for _, s := range r.standbys {
		if s.current {
			n++
		}
	}
	return n
}

// replicate queues the tick to the standbys: the public bytes that clients get, and the secret ones, which are encoded
// only if a standby needs them. If the tick is the final one of a handoff, the target gets it first: when the target
// does not take it, the tick is like any other.
func (r *Room) replicate(final bool) {
	if len(r.standbys) == 0 {
		return
	}
	if r.currentStandbys() > 0 {
		r.frames.secret = r.sim.Store().AppendSecretDelta(r.frames.secret[:0])
	}
	public, secret := r.frames.delta.of(r.frames.shared), r.frames.secret
	delta := len(public) + len(secret)
	sent, tick := 0, r.sim.Tick()
	if final && r.handOver(public, secret) {
		sent += delta
	}
	for _, s := range r.standbys {
		switch {
		case s.stream == nil:
			continue
		case r.handed() && s == r.move.standby:
			continue
		case s.current:
			if s.current = s.stream.QueueTick(tick, public, secret); s.current {
				sent += delta
			}
		case tick.Since(s.retry) >= 0:
			sent += r.sendKeyframe(s)
		}
		if r.handed() {
			s.stream.QueueHanded(r.move.To.Server, r.move.epoch)
		}
	}
	r.metrics.StandbyBytes.Add(float64(sent))
	if int(tick)%r.settings.TickRate == 0 {
		r.observeLag()
	}
}

// sendKeyframe offers s the whole state and returns the bytes queued. The next keyframe for s waits its time even if this
// one is taken, so a standby that keeps asking does not cost an encoding a tick.
func (r *Room) sendKeyframe(s *standby) (sent int) {
	f, tick := &r.frames, r.sim.Tick()
	public := f.whole.of(r.sharedKeyframe())
	if len(f.secretKeyframe) == 0 {
		f.secretKeyframe = r.sim.Store().AppendSecretKeyframe(f.secretKeyframe)
	}
	s.retry = tick + proto.Tick(max(1, r.settings.TickRate/keyframesPerSecond))
	if s.current = s.stream.QueueKeyframe(tick, public, f.secretKeyframe); !s.current {
		return 0
	}
	return len(public) + len(f.secretKeyframe)
}

// bringUp gives standbys the state before the first tick, so that one of them can be told of that tick.
func (r *Room) bringUp() {
	for _, s := range r.standbys {
		if s.stream != nil && !s.current && r.sim.Tick().Since(s.retry) >= 0 {
			r.metrics.StandbyBytes.Add(float64(r.sendKeyframe(s)))
		}
	}
}

// observeLag shows how far the standbys are behind.
func (r *Room) observeLag() {
	for _, s := range r.standbys {
		if s.current {
			r.metrics.StandbyLag.Observe(float64(r.sim.Tick()-s.acked) / float64(r.settings.TickRate))
		}
	}
}
