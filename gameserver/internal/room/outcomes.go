package room

import "github.com/ringside-go/ringside/proto"

// expectOutcomes makes the outcomes of a resumed room's last leader pending: it may have been lost before it told them.
func (r *Room) expectOutcomes() {
	recent, err := r.sim.RecentOutcomes()
	if err != nil {
		r.log.Error("the outcomes before this leader cannot be read", "error", err)
	}
	r.pending = recent
}

// releaseOutcomes tells everybody the outcomes that no loss of this server can take back, because every standby has
// acknowledged the tick that decided them. No other place tells an outcome for the first time.
func (r *Room) releaseOutcomes() {
	r.pending = append(r.pending, r.sim.Outcomes()...)
	n := 0
	for n < len(r.pending) && r.settled(r.pending[n].Tick) {
		r.frames.event = r.pending[n].Append(r.frames.event[:0])
		r.eachClient(r.sendEvent)
		r.told = r.pending[n].Match
		n++
	}
	if n > 0 {
		rest := copy(r.pending, r.pending[n:])
		clear(r.pending[rest:])
		r.pending = r.pending[:rest]
	}
	if len(r.pending) > 0 {
		r.sim.KeepOutcomes(r.pending[0].Match)
	} else {
		r.sim.KeepOutcomes(0)
	}
}

// settled reports whether every standby has tick. A standby of Spec.Standbys that is not attached yet has nothing.
func (r *Room) settled(tick proto.Tick) bool {
	for _, s := range r.standbys {
		if s.acked < tick {
			return false
		}
	}
	return true
}

// recallOutcomes tells o the recent outcomes that were told already, if it may have missed them: it comes back, or it is a
// spectator. A client knows by the match number what it has heard.
func (r *Room) recallOutcomes(o *Occupant) {
	if r.told == 0 || !o.spectator && o.flags&proto.WelcomeResumed == 0 {
		return
	}
	recent, err := r.sim.RecentOutcomes()
	if err != nil {
		r.log.Error("the recent outcomes cannot be read", "error", err)
	}
	for _, outcome := range recent {
		if outcome.Match <= r.told {
			r.frames.event = outcome.Append(r.frames.event[:0])
			o.client.QueueEvent(r.frames.event)
		}
	}
}
