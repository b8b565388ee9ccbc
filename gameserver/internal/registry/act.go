package registry

import (
	"errors"
	"fmt"
	"time"

	"github.com/ringside-go/ringside/gameserver/game"
	"github.com/ringside-go/ringside/gameserver/internal/ownership"
	"github.com/ringside-go/ringside/gameserver/internal/room"
	"github.com/ringside-go/ringside/internal/membership"
	"github.com/ringside-go/ringside/proto"
)

// The reasons of package ownership and package room are the same bits.
const (
	_ = uint8(room.ReasonQuorum) - uint8(ownership.NoQuorum) | (uint8(ownership.NoQuorum) - uint8(room.ReasonQuorum))
	_ = uint8(room.ReasonPaused) - uint8(ownership.WasPaused) | (uint8(ownership.WasPaused) - uint8(room.ReasonPaused))
	_ = uint8(room.ReasonProbation) - uint8(ownership.OnProbation) | (uint8(ownership.OnProbation) - uint8(room.ReasonProbation))
)

const (
	quorumText    = "this server sees too little of the fleet to be sure that it alone leads the room; play continues when it does again"
	pausedText    = "this server was paused; play continues when it is certain that it still leads the room"
	probationText = "the room has just been taken over"
)

func reasonText(r ownership.Reason) string {
	switch r {
	case ownership.NoQuorum:
		return quorumText
	case ownership.WasPaused:
		return pausedText
	}
	return probationText
}

const (
	// prepareTime is how long the clients of a room that moves have to open their next connection; it moves as soon as all
	// have. A server that drains does not wait for as long, so it is hurryTime.
	prepareTime = 3 * time.Second
	hurryTime   = time.Second
)

// carryOut does what the machine says, in order. Called with mu held. An ended room, and a stream that is over, take
// nothing; that is no error here, since the machine hears of it by an event.
func (e *entry) carryOut(actions []ownership.Action) {
	r := e.r
	for _, a := range actions {
		switch a := a.(type) {
		case ownership.Ask:
			e.ask(a)
		case ownership.Suspect:
			r.config.Members.Suspect(membership.ServerName(a.Server))
		case ownership.Prepare:
			e.prepare(a.Create)
		case ownership.Lead:
			e.lead(a)
		case ownership.Open:
			e.open(a)
		case ownership.Wait:
			_ = e.led.QueueStandby(a.ID, nil, 0, false)
		case ownership.Dismiss:
			if s := e.streams[a.ID]; s != nil {
				s.out.Dismiss("another server stands by")
			}
		case ownership.Remove:
			e.remove(a)
		case ownership.Update:
			e.update()
		case ownership.SetEpoch:
			_ = e.led.QueueEpoch(a.Epoch)
		case ownership.Suspend:
			_ = e.led.QueueSuspend(room.Reason(a.Reason), reasonText(a.Reason))
		case ownership.Resume:
			_ = e.led.QueueResume(room.Reason(a.Reason), e.asked)
		case ownership.Announce:
			if s := e.streams[a.ID]; s != nil {
				s.out.QueueProbation()
			}
		case ownership.Step1:
			if e.led.QueueStep(func() { e.post(ownership.Stepped{}) }) != nil {
				e.todo = append(e.todo, ownership.Stepped{})
			}
		case ownership.End:
			e.end(a)
		case ownership.Accept:
			e.accept(a)
		case ownership.Reject:
			e.reject(a)
		case ownership.Took:
			if e.replica != nil && e.replica.number == a.Stream {
				e.replica.back.Took(a.Epoch)
				e.replica = nil
			}
		case ownership.Drop:
			e.drop()
		case ownership.Send:
			e.send(a)
		case ownership.Turn:
			e.turn(a)
		case ownership.HandOff:
			e.handOff(a)
		case ownership.CallOff:
			_ = e.led.QueueCallOff()
		case ownership.MoveEnded:
			e.moveEnded(a.Err)
		case ownership.Report:
			e.later = append(e.later, func() { r.report(e.id, a) })
		}
	}
}

// lead starts the room.
func (e *entry) lead(a ownership.Lead) {
	r, sim := e.r, e.sim
	e.base = sim.Tick()
	match := sim.Match()
	if a.Epoch.Instance == 0 {
		a.Epoch.Instance = sim.Instance()
		e.machine.SetInstance(sim.Instance())
	}
	err := fmt.Errorf("room %s: %w", e.id, errClosed)
	if r.ctx.Err() == nil {
		_, err = r.config.Pool.Start(e.spec(a, sim))
	}
	if err != nil {
		// The streams end with this server, which stops: a Stop would make the standbys drop the room.
		e.led, e.streams = nil, make(map[int]*stream)
		if e.creating != nil {
			e.answer(e.creating, entered{err: notStarted(err)})
		}
	} else {
		r.running.Add(1)
		e.held, e.handoff = nil, nil
		e.setOthers()
		r.mover.wake()
		if r.config.Takeover != nil && a.Resumed && !a.Handoff {
			led := e.led
			r.start(func() { e.recordTakeover(led, a.Epoch, match) })
		}
	}
	e.todo = append(e.todo, ownership.Started{Err: err})
}

// notStarted is what the client hears whose room could not be started.
func notStarted(err error) error {
	switch {
	case errors.Is(err, room.ErrOverloaded):
		return proto.Refuse(proto.CloseOverloaded, "")
	case errors.Is(err, room.ErrStopped):
		return proto.Refuse(proto.CloseStopping, "")
	}
	return err
}

// spec is the room to start.
func (e *entry) spec(a ownership.Lead, sim *game.Simulation) room.Spec {
	r := e.r
	s := room.Spec{
		ID: e.id, Game: e.game, Sim: sim, Epoch: a.Epoch, Standbys: a.Standbys, Fenced: a.Fenced, Resumed: a.Resumed, Suspended: room.Reason(a.Suspended),
		Fallbacks:  func() []string { return r.fallbacks(e.id) },
		Outranked:  func(seen proto.Epoch) { e.post(ownership.ClientSaw{Epoch: seen}) },
		Superseded: func(by proto.Epoch) { e.post(ownership.Superseded{Epoch: by}) },
	}
	s.Ended = func(led *room.Room) { r.posts.add(func() { e.ended(led) }) }
	if f := e.final; a.Handoff && f != nil {
		s.Due = max(time.Nanosecond, time.Until(f.due))
		s.Pending = f.Pending
		e.pinned, e.pinnedAt = f.Stay, r.current().Placement
	}
	s.Enter = func(led *room.Room) {
		e.led = led
		for _, w := range e.waiting {
			o, err := e.enterLed(led, w.spec, w.join)
			w.done <- entered{occupant: o, err: err}
		}
		e.waiting = nil
	}
	return s
}

// ended hears that a room has ended here.
func (e *entry) ended(led *room.Room) {
	r := e.r
	r.running.Add(-1)
	e.mu.Lock()
	defer e.unlock()
	if e.led != led || r.ctx.Err() != nil {
		return // it was handed over, or given up; or its standbys take it over, as this server ends
	}
	e.led = nil
	if i := led.Info(); i.Failure != "" {
		e.later = append(e.later, func() {
			r.history.add(Event{Kind: EventCrash, Room: e.id, From: r.self, Why: i.Failure, Epoch: i.Epoch})
		})
	}
	e.step(ownership.Ended{})
}

// end ends the room here, for the machine.
func (e *entry) end(a ownership.End) {
	led := e.led
	e.led = nil
	if led == nil {
		return
	}
	if a.Code == proto.CloseMoved {
		_ = led.QueueDepose(e.r.at(a.Server, e.id, a.Epoch))
		return
	}
	_ = led.QueueStop(a.Code, "")
}

// handOff starts the handoff in the room.
func (e *entry) handOff(a ownership.HandOff) {
	r := e.r
	h := room.Handoff{ID: a.ID, To: r.at(a.Server, e.id, proto.Epoch{}), Within: prepareTime, RoundTrip: r.roundTrip(a.Server)}
	if a.Hurry {
		h.Within = hurryTime
	}
	led := e.led
	h.Result = func(out room.HandedOver, err error) {
		e.result.Store(&handoffResult{led, a.ID, out, err})
		r.posts.add(func() {
			e.mu.Lock()
			e.handedOver()
			e.unlock()
		})
	}
	if s := e.streams[a.ID]; s != nil {
		s.stay.Store(e.mayStay())
	}
	_ = led.QueueHandoff(h)
}

// handoffResult is what came of a handoff, from the room's loop.
type handoffResult struct {
	led *room.Room
	id  int // of the standby
	out room.HandedOver
	err error
}

// handedOver keeps the state of a room that was handed over. What concerns the room afterwards, such as the new leader's stream,
// may come before the post: lock and Query do this first. Called with mu held.
func (e *entry) handedOver() {
	h := e.result.Swap(nil)
	if h == nil || e.led != h.led || e.forgotten {
		return
	}
	if h.err != nil {
		e.step(ownership.HandoffFailed{Err: h.err})
		return
	}
	e.led = nil
	e.handoff = e.streams[h.id]
	for _, s := range e.streams {
		if s != e.handoff { // the room has told the standbys that it had; one that came later would wait for it for ever
			s.out.QueueHanded(h.out.Epoch.Server, h.out.Epoch)
		}
	}
	e.streams = make(map[int]*stream)
	e.held = newHeld(e.copyOf(h.out.Sim), h.out.Tick)
	e.step(ownership.HandedOver{Epoch: h.out.Epoch, Tick: h.out.Tick})
}

// report logs and counts.
func (r *Registry) report(id proto.RoomID, a ownership.Report) {
	event := Event{Room: id, From: a.From, To: a.To, Why: a.Why, Epoch: a.Epoch, Took: a.Took}
	switch a.Kind {
	case ownership.ReportCreated:
		r.log.Info("room created", "room", id, "epoch", a.Epoch, "took", a.Took)
		return
	case ownership.ReportTook:
		r.log.Info("room taken over from its leader", "room", id, "from", a.From, "epoch", a.Epoch)
		return
	case ownership.ReportMoved:
		event.Kind = EventMove
		r.metrics.MoveTime.WithLabelValues("handoff").Observe(a.Took.Seconds())
		r.log.Info("room moved", "room", id, "to", a.To, "why", a.Why, "epoch", a.Epoch, "took", a.Took)
	case ownership.ReportNotMoved:
		event.Kind = EventFailed
		r.log.Warn("a room was not handed over", "room", id, "to", a.To, "error", a.Why)
	case ownership.ReportFailover:
		event.Kind = EventFailover
		event.Why = "leader lost"
		r.metrics.Moves.WithLabelValues("failover", "done").Inc()
		r.metrics.MoveTime.WithLabelValues("failover").Observe(a.Took.Seconds())
		r.log.Warn("room taken over: its leader is gone", "room", id, "leader", a.From, "epoch", a.Epoch, "took", a.Took)
	case ownership.ReportDeposed:
		event.Kind = EventDepose
		r.log.Warn("another server leads the room, or has; this one gives it up", "room", id, "leader", a.To, "epoch", a.Epoch, "why", a.Why)
	case ownership.ReportLost:
		event.Kind = EventLost
		r.log.Error("a room is lost", "room", id, "epoch", a.Epoch, "error", a.Why)
	case ownership.ReportDropped:
		r.log.Info("a replica is dropped", "room", id, "leader", a.From, "epoch", a.Epoch, "why", a.Why)
		return
	case ownership.ReportRejected:
		r.log.Debug("a server does not stand by", "room", id, "server", a.To, "why", a.Why)
		return
	case ownership.ReportStuck:
		r.log.Error("a replica cannot be led yet", "room", id, "leader", a.From, "epoch", a.Epoch, "error", a.Why)
		return
	}
	r.history.add(event)
}

// moveEnded tells whoever waits for the end of a move.
func (e *entry) moveEnded(err error) {
	e.target = ""
	if e.moving != nil {
		e.moving <- err
		e.moving = nil
	}
	e.r.mover.ended(e)
}

var errClosed = fmt.Errorf("registry is closed: %w", room.ErrStopped)
