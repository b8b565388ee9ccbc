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

	// What only standbys get besides: bodies, not records.
	delta          span // of shared
	whole          span // of keyframe
	secret         []byte
	secretKeyframe []byte // empty until a standby needs it
}

// span is the place of a record's body in a buffer.
type span struct{ start, end int }

// behind is the last n bytes of b.
func behind(b []byte, n int) span { return span{len(b) - n, len(b)} }

func (s span) of(b []byte) []byte { return b[s.start:s.end] }

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
	head := len(b)
	b = r.sim.Store().AppendDelta(b)
	n := len(b) - head
	f.shared = proto.EndRecord(b, at)
	f.delta = behind(f.shared, n)
	if r.pool.config.Checks && int(tick)%r.settings.TickRate == 0 {
		f.shared = proto.Check{Tick: tick, Hash: r.sim.Store().Hash()}.Append(f.shared)
	}
	f.keyframe, f.secretKeyframe = f.keyframe[:0], f.secretKeyframe[:0]
}

// sharedKeyframe gives the tick's keyframe, made once and only if somebody needs it.
func (r *Room) sharedKeyframe() []byte {
	f := &r.frames
	if len(f.keyframe) == 0 {
		f.keyframe = append(f.keyframe, f.customs...)
		b, at := proto.Keyframe{Tick: r.sim.Tick()}.Begin(f.keyframe)
		head := len(b)
		b = r.sim.Store().AppendKeyframe(b)
		n := len(b) - head
		f.keyframe = proto.EndRecord(b, at)
		f.whole = behind(f.keyframe, n)
	}
	return f.keyframe
}

// broadcast queues the tick to every client: a delta to those that have the last tick, otherwise a keyframe, with a welcome
// before it for clients that have just entered.
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
	case synced:
		own = r.appendOwn(own, o, now)
		if sent = o.client.QueueFrame(own, r.frames.shared); !sent {
			o.state = lagging
		}
	case entered, lagging:
		if o.state == entered {
			own = r.appendWelcome(own, o)
		}
		own = r.appendOwn(own, o, now)
		was := o.state
		if sent = o.client.QueueKeyframe(own, r.sharedKeyframe()); sent {
			o.state = synced
			if was == entered {
				r.greet(o)
			}
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
		Full:      o.state != synced,
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

// greet tells o, just welcomed, what the clients that were here before know.
func (r *Room) greet(o *Occupant) {
	r.recallOutcomes(o)
	if r.move != nil && !r.handed() {
		o.client.QueueEvent(r.move.prepare)
	}
}

// sendEvent queues frames.event to o, unless o is nil or was not welcomed yet.
func (r *Room) sendEvent(o *Occupant) {
	if o != nil && o.state != entered {
		o.client.QueueEvent(r.frames.event)
	}
}

// flush lets every client write what is queued for it, once.
func (r *Room) flush() { r.eachClient(func(o *Occupant) { o.client.Flush() }) }
