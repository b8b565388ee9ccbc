package room

import (
	"bytes"
	"errors"
	"slices"
	"time"

	"github.com/ringside-go/ringside/gameserver/game"
	"github.com/ringside-go/ringside/internal/outcome"
	"github.com/ringside-go/ringside/proto"
)

// Results takes decided outcomes to the fleet's results store; *delivery.Client is one. What becomes of them comes back by
// Pool.Spooled and Pool.Answered.
type Results interface {
	// Queue takes all of decided, or, with an error, none. from is the match that was being played when the leader began to lead in
	// epoch. It must not block.
	Queue(epoch outcome.Epoch, from uint32, decided []*outcome.Outcome) error
}

const (
	// queueRetry is the time between two tries to queue an outcome that Results did not take.
	queueRetry = time.Second
	// unsavedTimeout is how long an idle room stays whose outcomes are on no disk and in no store. After that the process keeps
	// them, and no other server.
	unsavedTimeout = 10 * time.Minute
)

// pendingOutcome is an outcome on its way to the players.
type pendingOutcome struct {
	game.Decided
	need    proto.Tick // standbys must have acknowledged this tick: that which decided it, or the first of the room's present epoch
	queued  bool       // Results has it
	spooled bool       // and keeps it whatever becomes of the room
	stored  bool       // the results store has it with this body
	lost    bool       // no store can take it, so nobody is told
	invalid bool       // no router can read it yet: later ones are told before it
	told    proto.Tick // when everybody was told; 0: not yet
}

// expectOutcomes makes the outcomes of a resumed room's last leader pending: it may have been lost before it told them, or before
// the store had them.
func (r *Room) expectOutcomes() {
	recent, err := r.sim.RecentOutcomes()
	if err != nil {
		r.log.Error("the outcomes before this leader cannot be read", "error", err)
	}
	for _, o := range recent {
		r.pending = append(r.pending, pendingOutcome{Decided: o, need: o.Tick})
	}
	r.keepOutcomes()
}

// noteOutcomes makes the outcomes of the tick pending, before anybody could hear them as recent ones.
func (r *Room) noteOutcomes() {
	for _, o := range r.sim.Outcomes() {
		r.pending = append(r.pending, pendingOutcome{Decided: o, need: o.Tick})
	}
}

// needEpoch makes outcomes wait until every standby has acknowledged the next tick, which is queued after the new epoch. A standby that
// has the outcome but knows only an earlier epoch would step down for another server that leads in one, without the outcome.
// Raft commits entries of the current term only, for the same reason.
func (r *Room) needEpoch() {
	for i := range r.pending {
		r.pending[i].need = r.sim.Tick() + 1
	}
}

// releaseOutcomes tells everybody the outcomes that cannot be taken back. Without a store these are the ones that no loss of this
// server can take back, because every standby has acknowledged the tick that decided them, and the epoch. With a store these go there first,
// and are told when it has accepted them, in the order in which they were decided; one that it cannot read holds nobody up. No other
// place tells an outcome for the first time.
func (r *Room) releaseOutcomes() {
	if len(r.pending) == 0 {
		return
	}
	if r.results() != nil {
		r.queueOutcomes()
	}
	for i := range r.pending {
		o := &r.pending[i]
		if o.told != 0 || o.lost || o.invalid && !o.stored {
			continue
		}
		if r.superseded || !r.certain(o) {
			break
		}
		r.frames.event = o.Append(r.frames.event[:0])
		r.eachClient(r.sendEvent)
		o.told = r.sim.Tick()
	}
	keep := proto.Tick(game.OutcomeKeep * r.settings.TickRate)
	r.pending = slices.DeleteFunc(r.pending, func(o pendingOutcome) bool { return o.told != 0 && r.sim.Tick()-o.told > keep })
	r.keepOutcomes()
}

func (r *Room) results() Results { return r.pool.config.Results }

// certain reports whether o may be told.
func (r *Room) certain(o *pendingOutcome) bool {
	return o.stored || r.results() == nil && r.settled(o.need)
}

// settled reports whether every standby has tick. A standby of Spec.Standbys that is not attached yet has nothing.
func (r *Room) settled(tick proto.Tick) bool {
	for _, s := range r.standbys {
		if !s.has(tick) {
			return false
		}
	}
	return true
}

// decided reports whether no later leader decides an outcome of tick otherwise: every standby has tick, or the results store
// takes nothing from it.
func (r *Room) decided(tick proto.Tick) bool {
	for _, s := range r.standbys {
		if !s.has(tick) && !(s.fenced && r.takeover) {
			return false
		}
	}
	return true
}

// QueueTakeover says that the results store has the takeover of the room by this leader, so it takes no outcome of the match that was
// being played then, or of a later one, from the lost leader. ErrStopped: the room has ended.
func (r *Room) QueueTakeover() error { return r.control(func() { r.takeover = true }) }

// queueOutcomes gives Results the outcomes that are decided.
func (r *Room) queueOutcomes() {
	for i := range r.pending {
		o := &r.pending[i]
		if o.queued || r.superseded || r.now() < r.queueAt || !r.decided(o.need) {
			continue
		}
		epoch := outcome.Epoch{Counter: r.epoch.Counter, Server: r.epoch.Server}
		if err := r.results().Queue(epoch, r.from, []*outcome.Outcome{r.forStore(o)}); err != nil {
			if r.queueAt = r.now() + queueRetry; !o.refused(err) {
				r.log.Error("an outcome waits in the room: it cannot be queued for the results store", "match", o.Match, "error", err)
			} else {
				r.log.Error("an outcome that the results store cannot take is lost", "match", o.Match, "outcome", o.Decided, "error", err)
				o.queued, o.lost = true, true
			}
			return
		}
		o.queued = true
	}
}

// refused reports whether err will come again.
func (o *pendingOutcome) refused(err error) bool { return errors.Is(err, outcome.ErrInvalid) }

// forStore is o as the store has it. It is the same whichever server leads the room.
func (r *Room) forStore(o *pendingOutcome) *outcome.Outcome {
	out := &outcome.Outcome{Instance: r.instance, Match: o.Match, Room: string(r.spec.ID), Game: string(r.spec.Game), Tick: uint32(o.Tick), Data: o.Data}
	for i, p := range o.Results {
		out.Results = append(out.Results, outcome.Result{Seat: uint8(p.Seat), Player: string(o.Players[i]), Alias: string(p.Alias), Name: o.Names[i], Place: p.Place, Score: p.Score})
	}
	return out
}

// keepOutcomes tells the simulation which outcomes it must keep.
func (r *Room) keepOutcomes() {
	r.kept = r.kept[:0]
	for i := range r.pending {
		need := game.NeedAlone
		switch o := &r.pending[i]; {
		case o.told != 0 || o.lost || o.Told:
			need = game.NeedRecall
		case o.spooled || r.results() == nil:
			need = game.NeedSpare
		}
		r.kept = append(r.kept, game.Kept{Match: r.pending[i].Match, Need: need})
	}
	r.sim.KeepOutcomes(r.kept)
}

// queueSpooled says that Results keeps the outcome of a match whatever becomes of the room. From any goroutine.
func (r *Room) queueSpooled(match uint32) {
	_ = r.control(func() { // an ended room does not care
		if o := r.pendingMatch(match); o != nil {
			o.spooled = true
		}
	})
}

// queueAnswer brings the store's answer to a body. From any goroutine.
func (r *Room) queueAnswer(id outcome.ID, body []byte, a outcome.Answer) {
	_ = r.control(func() { r.answered(id, body, a) }) // an ended room does not care
}

// answered takes the store's answer to a body, which an earlier process of this server may have sent.
func (r *Room) answered(id outcome.ID, body []byte, a outcome.Answer) {
	o := r.pendingMatch(id.Match)
	by := proto.Epoch{Instance: id.Instance, Counter: a.Epoch.Counter, Server: a.Epoch.Server}
	switch {
	case a.Verdict == outcome.Fenced && r.epoch.Less(by):
		r.supersede(by)
	case a.Verdict == outcome.Fenced:
		if o != nil { // it was queued in an earlier epoch
			o.queued = o.stored
		}
	case o == nil || o.stored:
	case a.Verdict == outcome.Invalid:
		o.invalid = true
	default:
		stored := body // Stored
		if a.Verdict == outcome.Conflict {
			stored = a.Stored
		}
		if mine, err := r.forStore(o).Encode(); err != nil || !bytes.Equal(mine, stored) {
			r.log.Error("the results store has another outcome of a match: another server has led this room", "match", id.Match, "stored", string(stored))
			if !r.epoch.Less(by) {
				by = proto.Epoch{} // that leader leads no longer, and its outcome counts all the same
			}
			r.supersede(by)
			return
		}
		o.spooled, o.stored = true, true
	}
}

// supersede stops the room: the store has the word of another leader. No outcome is told from here any more, and the registry ends
// the room.
func (r *Room) supersede(by proto.Epoch) {
	if r.superseded {
		return
	}
	r.superseded = true
	if r.spec.Superseded != nil {
		r.spec.Superseded(by)
	}
}

// unkept reports whether an outcome would be lost with this process: the room's state has no place for it, and Results does not keep it yet.
func (r *Room) unkept() bool {
	return slices.ContainsFunc(r.pending, func(o pendingOutcome) bool { return o.Unkept && !o.spooled && !o.lost && o.told == 0 })
}

func (r *Room) pendingMatch(match uint32) *pendingOutcome {
	for i := range r.pending {
		if r.pending[i].Match == match {
			return &r.pending[i]
		}
	}
	return nil
}

// unsaved reports whether the room must stay for an outcome that is on no disk and in no store.
func (r *Room) unsaved(now time.Duration) bool {
	if r.results() == nil || now-r.idleSince >= unsavedTimeout {
		return false
	}
	for i := range r.pending {
		if o := &r.pending[i]; o.told == 0 && !o.lost && !(o.spooled && r.pool.config.Durable) {
			return true
		}
	}
	return false
}

// recallOutcomes tells o the recent outcomes that were told already, if it may have missed them: it comes back, or it is a
// spectator. A client knows by the match number what it has heard.
func (r *Room) recallOutcomes(o *Occupant) {
	if !o.spectator && o.flags&proto.WelcomeResumed == 0 {
		return
	}
	recent, err := r.sim.RecentOutcomes()
	if err != nil {
		r.log.Error("the recent outcomes cannot be read", "error", err)
	}
	for _, outcome := range recent {
		if p := r.pendingMatch(outcome.Match); p == nil || p.told != 0 {
			r.frames.event = outcome.Append(r.frames.event[:0])
			o.client.QueueEvent(r.frames.event)
		}
	}
}
