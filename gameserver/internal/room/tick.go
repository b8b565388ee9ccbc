package room

import (
	"cmp"
	"errors"
	"runtime/debug"
	"time"

	"github.com/ringside-go/ringside/gameserver/game"
	"github.com/ringside-go/ringside/proto"
)

// verdict is what a tick came to.
type verdict uint8

const (
	ended  verdict = iota // the room has ended
	goesOn                // the room continues
	seized                // the watchdog has taken the room and its worker: the caller must touch neither
)

// tick runs one tick that began at now, always in this order. A panic anywhere in it ends this room and no other.
func (r *Room) tick(now time.Duration) (v verdict) {
	defer func() {
		if cause := recover(); cause != nil {
			r.crash(cause, debug.Stack())
			v = ended
		}
	}()
	r.poll()
	var stop *stopRequest
	if r.taken, stop = r.inbox.take(); stop != nil {
		r.end(stop.code, stop.text)
		return ended
	}
	r.handle()
	r.enforceBans()
	if r.ending != nil {
		r.end(r.ending.code, r.ending.text)
		return ended
	}
	step := r.suspension.takeStep()
	if r.suspended() && (step == nil || r.suspension.reasons != ReasonProbation) {
		r.wait(now)
	} else if v := r.play(now); v != goesOn {
		return v
	}
	if step != nil {
		step()
	}
	if !r.suspended() && r.endIfIdle(now) {
		return ended
	}
	return goesOn
}

// wait is a tick of a suspended room: it has handled its inbox and does nothing else.
func (r *Room) wait(now time.Duration) {
	if now-r.suspension.since >= suspensionNotice {
		r.tellSuspended()
	}
	if r.suspension.reasons == ReasonProbation {
		r.bringUp()
	}
	r.flush() // what poll answered
	r.publish()
}

// play computes a tick and sends it.
func (r *Room) play(now time.Duration) verdict {
	r.begin(now)
	call, sim := r.call, r.sim
	number := call.enter() // from here until leave nothing of r may be touched
	err := sim.Step()
	if !call.leave(number) {
		return seized
	}
	if err != nil {
		r.fail(err)
		return ended
	}
	r.noteOutcomes()
	r.runJobs()
	r.countRefused()
	r.closeKicked()
	r.encode()
	if err := r.tooLarge(); err != nil {
		r.crash(err, nil)
		return ended
	}
	r.replicate(r.final(now))
	r.broadcast(now)
	r.sendCustoms()
	r.releaseOutcomes()
	r.giveReceipts()
	if r.handed() {
		r.end(proto.CloseMoved, "")
		return ended
	}
	if reason, ok := r.closes(now); ok {
		r.end(proto.CloseEnded, reason)
		return ended
	}
	r.flush()
	r.count()
	r.publish()
	return goesOn
}

// begin does what comes before some ticks.
func (r *Room) begin(now time.Duration) {
	if !r.begun && r.spec.Resumed {
		r.takeUp(now)
	}
	r.begun = true
	if r.returnBy != 0 && now >= r.returnBy {
		r.missReturners()
	}
}

// poll lets every client read what has come for this tick.
func (r *Room) poll() {
	r.poller.Wait()
	r.eachClient(func(o *Occupant) { o.client.Poll(&r.poller) })
}

// handle gives what was taken to the simulation, in the order in which it came.
func (r *Room) handle() {
	if r.taken == nil {
		return
	}
	for i := range r.taken.items {
		it := &r.taken.items[i]
		o := it.occ
		switch {
		case it.kind == itemControl:
			it.do()
		case it.kind == itemAcked:
			r.acked(int(it.first), it.ack)
		case it.kind == itemJoin:
			r.admit(o)
		case o.replacement != nil:
			r.forward(o, it)
		case o.state == outside: // replaced or closed after it sent this
		case o.state == joining:
			r.giveUp(o, it.kind)
		case it.kind == itemInput:
			r.renew(o)
			r.input(o, it)
		case it.kind == itemCustom:
			r.renew(o)
			r.custom(o, r.taken.payload(it))
		case it.kind == itemLeave:
			r.leave(o)
		case it.kind == itemLost:
			r.lose(o)
		}
	}
	r.inbox.giveBack(r.taken)
	r.taken = nil
}

// renew ends the resume tokens before the one of o's welcome: o sends what clients send after they have read it.
func (r *Room) renew(o *Occupant) {
	if o.renews && o.state != entered {
		o.renews = false
		r.sim.Renew(o.seat)
	}
}

// input queues an input message. One that the simulation does not accept costs its client the connection.
func (r *Room) input(o *Occupant, it *item) {
	o.arrived = it.at
	err := r.queue(o, it)
	if err == nil {
		r.plays(o)
		return
	}
	code := proto.CloseMalformed
	if errors.Is(err, game.ErrFuture) {
		code = proto.CloseRate
	}
	r.lose(o)
	o.client.Close(code, err.Error())
}

// queue gives an input to the simulation. What the client says that it saw never goes back, and is not further back than the
// connection's round trip explains: a client that always claims to be slow would shoot at where others were.
func (r *Room) queue(o *Occupant, it *item) error {
	in := proto.Input{First: it.first, Ack: it.ack, Count: int(it.count), Samples: r.taken.payload(it)}
	if in.Ack == 0 { // it does not say
		in.Ack = r.sim.Tick()
	} else {
		if in.Ack.Since(r.sim.Tick()) > 0 {
			in.Ack = r.sim.Tick()
		}
		if o.acked == 0 || in.Ack.Since(o.acked) > 0 {
			o.acked = in.Ack
		}
		in.Ack = o.acked
	}
	if it.trip != o.trip || !o.bounded {
		o.trip, o.bounded = it.trip, true
		r.sim.BoundAck(o.seat, maxBehind(it.trip, r.settings.TickRate))
	}
	return r.sim.Queue(o.seat, in)
}

// maxBehind is how many ticks what a player saw may be behind the tick that takes the sample: one is the newest that there was,
// one more is shown a little late so that it moves evenly, and the rest is on the way.
func maxBehind(roundTrip time.Duration, rate int) proto.Tick {
	return 2 + proto.Tick(((roundTrip+proto.AckTolerance)*time.Duration(rate)+time.Second-1)/time.Second)
}

// custom gives a message to the simulation. In a suspended room, where messages of many ticks add up, it keeps maxQueued of
// each occupant and drops the rest.
func (r *Room) custom(o *Occupant, payload []byte) {
	if !r.suspended() {
		o.kept = 0
	} else if o.kept++; o.kept > maxQueued {
		r.metrics.InboxFull.Inc()
		return
	}
	r.plays(o)
	r.sim.Message(o.seat, payload)
}

// plays notes that o's seat, and so the room, is in use.
func (r *Room) plays(o *Occupant) { o.played, r.played = true, true }

// leave gives o's seat up.
func (r *Room) leave(o *Occupant) {
	r.remove(o)
	if !o.spectator {
		r.sim.Leave(o.seat)
	}
	o.client.Close(proto.CloseLeft, "")
}

// lose removes a client whose connection is gone. The simulation holds its seat for a while if it was ever used: a client
// that joins and hangs up, again and again under different names, must not fill the room.
func (r *Room) lose(o *Occupant) {
	r.remove(o)
	switch {
	case o.spectator:
	case o.played:
		r.sim.Disconnect(o.seat)
	default:
		r.sim.Leave(o.seat)
	}
}

// fail ends the room after an error of the simulation.
func (r *Room) fail(err error) {
	var p *game.PanicError
	if errors.As(err, &p) {
		r.crash(p.Value, p.Stack)
		return
	}
	r.crash(err, nil)
}

// count updates players: the simulation frees held seats by itself.
func (r *Room) count() {
	r.players = r.connected
	for seat, o := range r.seats {
		if o == nil {
			if _, taken := r.sim.Player(proto.Seat(seat)); taken {
				r.players++
			}
		}
	}
}

// endIfIdle ends a room that was empty for long enough, unless a join waits in its inbox.
func (r *Room) endIfIdle(now time.Duration) bool {
	if r.players > 0 || len(r.spectators) > 0 {
		r.idleSince = now
		return false
	}
	timeout := cmp.Or(r.settings.IdleTime, r.pool.config.IdleTimeout)
	if !r.played {
		timeout = min(timeout, r.pool.config.UnplayedTimeout)
	}
	if now-r.idleSince < timeout || r.unsaved(now) {
		return false
	}
	if _, ok := r.inbox.close(true); !ok {
		return false
	}
	r.end(proto.CloseEnded, "")
	return true
}
