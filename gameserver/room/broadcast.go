package room

import (
	"time"

	"github.com/ringside-go/ringside/proto"
)

// frames is what a tick sends, in buffers that are used again in every tick.
type frames struct {
	customs  []byte // custom messages to everyone
	shared   []byte // customs, delta, check: the same bytes for everybody
	keyframe []byte // customs, keyframe; empty until the first client of a tick needs it
	own      []byte // records of one client
	event    []byte // one outcome or custom message
}

// maxSlack is the longest wait of an input that an own record can tell, in milliseconds.
const maxSlack = proto.NoSlack - 1

// encode makes the shared bytes of the tick, once.
func (r *Room) encode() {
	f, tick := &r.frames, r.sim.Tick()
	f.customs = f.customs[:0]
	for _, c := range r.sim.Customs() {
		if c.Seat == proto.NoSeat {
			f.customs = proto.Custom{Payload: c.Payload}.Append(f.customs)
		}
	}
	f.shared = append(f.shared[:0], f.customs...)
	b, at := proto.Delta{Tick: uint16(tick)}.Begin(f.shared)
	f.shared = proto.EndRecord(r.sim.Store().AppendDelta(b), at)
	if r.pool.config.Checks && int(tick)%r.settings.TickRate == 0 {
		f.shared = proto.Check{Tick: tick, Hash: r.sim.Store().Hash()}.Append(f.shared)
	}
	f.keyframe = f.keyframe[:0]
}

// sharedKeyframe gives the tick's keyframe, made once and only if somebody needs it.
func (r *Room) sharedKeyframe() []byte {
	f := &r.frames
	if len(f.keyframe) == 0 {
		f.keyframe = append(f.keyframe, f.customs...)
		b, at := proto.Keyframe{Tick: r.sim.Tick()}.Begin(f.keyframe)
		f.keyframe = proto.EndRecord(r.sim.Store().AppendKeyframe(b), at)
	}
	return f.keyframe
}

// broadcast queues the tick to every client: a delta to those that follow, a keyframe to the others, with a welcome
// before it to those who have just entered.
func (r *Room) broadcast(now time.Duration) {
	players := 0
	for _, o := range r.seats {
		if o != nil && r.send(o, now) {
			players++
		}
	}
	for _, o := range r.spectators {
		r.send(o, now)
	}
	if players > 0 {
		r.metrics.PlayerTicks.Add(float64(players))
	}
}

// send queues the tick to one client and reports whether it was taken.
func (r *Room) send(o *Occupant, now time.Duration) bool {
	own := r.frames.own[:0]
	sent := false
	switch o.state {
	case following:
		own = r.appendOwn(own, o, now)
		if sent = o.client.QueueFrame(own, r.frames.shared); !sent {
			o.state = lagging
		}
	case entered, lagging:
		if o.state == entered {
			own = r.appendWelcome(own, o)
		}
		own = r.appendOwn(own, o, now)
		if sent = o.client.QueueKeyframe(own, r.sharedKeyframe()); sent {
			o.state = following
		}
	}
	r.frames.own = own
	return sent
}

// appendOwn appends what only o's seat gets: nothing for a spectator.
func (r *Room) appendOwn(b []byte, o *Occupant, now time.Duration) []byte {
	if o.spectator {
		return b
	}
	own := proto.Own{
		Full:      o.state != following,
		Processed: uint16(r.sim.Processed(o.seat)),
		Slack:     proto.NoSlack,
	}
	if o.arrived != noInput {
		own.Slack = uint8(min(maxSlack, max(0, (now-o.arrived).Milliseconds())))
		o.arrived = noInput
	}
	b, at := own.Begin(b)
	if own.Full {
		b = r.sim.Store().AppendOwnKeyframe(b, o.seat)
	} else {
		b = r.sim.Store().AppendOwnDelta(b, o.seat)
	}
	return proto.EndRecord(b, at)
}

// sendCustoms queues the custom messages to single seats; those to everyone went with the frame.
func (r *Room) sendCustoms() {
	for _, c := range r.sim.Customs() {
		if int(c.Seat) >= len(r.seats) {
			continue
		}
		r.frames.event = proto.Custom{Payload: c.Payload}.Append(r.frames.event[:0])
		r.sendEvent(r.seats[c.Seat])
	}
}

// releaseOutcomes tells the outcomes of the tick to everybody. It is the only place where players hear of one.
func (r *Room) releaseOutcomes() {
	for _, outcome := range r.sim.Outcomes() {
		r.frames.event = outcome.Append(r.frames.event[:0])
		r.eachClient(r.sendEvent)
		r.match = outcome.Match + 1
	}
}

// sendEvent queues frames.event to o, unless nobody is there or it has not been welcomed yet.
func (r *Room) sendEvent(o *Occupant) {
	if o != nil && o.state != entered {
		o.client.QueueEvent(r.frames.event)
	}
}

// flush lets every client write what is queued for it, once.
func (r *Room) flush() { r.eachClient(func(o *Occupant) { o.client.Flush() }) }
