package room

import (
	"slices"

	"github.com/ringside-go/ringside/gameserver/internal/replication"
	"github.com/ringside-go/ringside/proto"
)

// Standby is the sending end of the stream to a server that stands by, as a room uses it. The methods are called by the
// room's loop only and must not block; public and secret are bodies as state.Store appends them, belong to the room, and
// are overwritten after the call. false: it was not taken, and the standby needs a keyframe next.
type Standby interface {
	QueueKeyframe(tick proto.Tick, public, secret []byte) bool
	QueueTick(tick proto.Tick, public, secret []byte) bool
	QueueFinal(f replication.FinalTick) bool
}

// keyframesASecond is how often a keyframe is tried on a standby that does not take one. Each try encodes it.
const keyframesASecond = 4

// feed is a standby of the room.
type feed struct {
	id      int
	standby Standby    // nil: it was promised by Spec.Standbys and is not here yet
	acked   proto.Tick // everything up to it is there
	follows bool       // it was given the last tick: a delta comes next
	retry   proto.Tick // when it does not follow: no keyframe before this tick
	waiting int        // clients that wait for the room there
}

// QueueFollow attaches a standby: it gets a keyframe at the next tick, then deltas, and outcomes wait for it from now on.
// The caller chooses id, for this standby alone. With an id of Spec.Standbys, or of a standby that is attached, it takes
// that one's place and begins anew. ErrStopped: the room has ended.
func (r *Room) QueueFollow(id int, s Standby) error {
	return r.control(func() {
		f := r.feed(id)
		if f == nil {
			f = &feed{}
			r.feeds = append(r.feeds, f)
		}
		*f = feed{id: id, standby: s}
	})
}

// QueueUnfollow detaches a standby. Outcomes no longer wait for it, so it must be certain that it will not lead the room
// from here on what it has: it is gone, or said so itself, or the majority of the fleet is on this side. A handoff to it
// is called off, unless its final tick has been. ErrStopped: the room has ended.
func (r *Room) QueueUnfollow(id int) error {
	return r.control(func() {
		f := r.feed(id)
		if f == nil {
			return
		}
		r.feeds = slices.DeleteFunc(r.feeds, func(o *feed) bool { return o == f })
		if r.move != nil && r.move.feed == f {
			r.callOff("the standby is lost")
		}
	})
}

// Acked says that the standby has everything up to tick. From any goroutine; it does not block or allocate.
func (r *Room) Acked(id int, tick proto.Tick) {
	_ = r.inbox.queueControl(item{kind: itemAcked, first: proto.Seq(id), ack: tick}) // an ended room does not care
}

// Ready says how many clients wait for the room at the standby. From any goroutine; it does not block.
func (r *Room) Ready(id, waiting int) {
	_ = r.control(func() {
		if f := r.feed(id); f != nil {
			f.waiting = waiting
		}
	})
}

// control queues what the registry wants done in the room's loop.
func (r *Room) control(do func()) error {
	return r.inbox.queueControl(item{kind: itemControl, do: do})
}

// feed is the one with this id; nil when there is none.
func (r *Room) feed(id int) *feed {
	for _, f := range r.feeds {
		if f.id == id {
			return f
		}
	}
	return nil
}

// acked takes an acknowledgement in; an old one changes nothing.
func (r *Room) acked(id int, tick proto.Tick) {
	if f := r.feed(id); f != nil {
		f.acked = max(f.acked, tick)
	}
}

// following counts the standbys that need nothing but the next delta.
func (r *Room) following() (n int) {
	for _, f := range r.feeds {
		if f.follows {
			n++
		}
	}
	return n
}

// feedStandbys queues the tick to the standbys: the same public bytes that clients get, and the secret ones beside them,
// made only if somebody needs them. final: the one of the handoff gets it as the last.
func (r *Room) feedStandbys(final bool) {
	if len(r.feeds) == 0 {
		return
	}
	if r.following() > 0 {
		r.frames.secret = r.sim.Store().AppendSecretDelta(r.frames.secret[:0])
	}
	public, secret := r.frames.delta.of(r.frames.shared), r.frames.secret
	sent, tick := 0, r.sim.Tick()
	for _, f := range r.feeds {
		switch {
		case f.standby == nil:
		case final && f == r.move.feed:
			r.handOver(public, secret)
			sent += len(public) + len(secret)
		case f.follows:
			if f.follows = f.standby.QueueTick(tick, public, secret); f.follows {
				sent += len(public) + len(secret)
			}
		case tick >= f.retry:
			sent += r.feedKeyframe(f)
		}
	}
	r.metrics.FeedBytes.Add(float64(sent))
	if int(tick)%r.settings.TickRate == 0 {
		r.observeLag()
	}
}

// feedKeyframe tries to give f the whole state, and returns the bytes queued.
func (r *Room) feedKeyframe(f *feed) (sent int) {
	b, tick := &r.frames, r.sim.Tick()
	public := b.whole.of(r.sharedKeyframe())
	if len(b.secretKeyframe) == 0 {
		b.secretKeyframe = r.sim.Store().AppendSecretKeyframe(b.secretKeyframe)
	}
	if f.follows = f.standby.QueueKeyframe(tick, public, b.secretKeyframe); !f.follows {
		f.retry = tick + proto.Tick(max(1, r.settings.TickRate/keyframesASecond))
		return 0
	}
	return len(public) + len(b.secretKeyframe)
}

// observeLag shows how far the standbys are behind.
func (r *Room) observeLag() {
	for _, f := range r.feeds {
		if f.follows {
			r.metrics.StandbyLag.Observe(float64(r.sim.Tick()-f.acked) / float64(r.settings.TickRate))
		}
	}
}
