package registry

import (
	"sync"
	"time"

	"github.com/ringside-go/ringside/gameserver/internal/ownership"
	"github.com/ringside-go/ringside/internal/membership"
)

// gatherTime is how long a first tick waits for a room of which no other server has a replica, since that is so. The death of a
// server leaves many rooms with one copy, and a first tick that kills this server too would lose them. A new standby has the room
// within some ticks; one that takes longer has no claim on the others' time.
const gatherTime = 250 * time.Millisecond

// probation lets one room at a time run its first tick after a takeover: if that kills this process, the next standby knows
// which room it was.
type probation struct {
	mu      sync.Mutex
	waiting []*entry
	running bool                 // a room has its turn, or next is about to give it
	held    bool                 // next waits for the exposed rooms
	exposed map[*entry]time.Time // rooms that no other server has, since when
}

// add lets e take its turn, if it is on probation. Called with e.mu held.
func (p *probation) add(e *entry) {
	if e.machine.Suspended()&ownership.OnProbation == 0 {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.waiting = append(p.waiting, e)
	if !p.running {
		p.running = true
		e.r.posts.add(func() { p.next(e.r) })
	}
}

// next gives the next room its turn.
func (p *probation) next(r *Registry) {
	for {
		e := p.take(r)
		if e == nil {
			return
		}
		e.mu.Lock()
		on := !e.forgotten && e.machine.Suspended()&ownership.OnProbation != 0
		if on {
			e.onProbation = true
			e.step(ownership.ProbationTurn{})
		}
		e.unlock()
		if on {
			return // probationEnded calls next
		}
	}
}

// take gives the room whose turn it is; nil: there is none, or it must wait.
func (p *probation) take(r *Registry) *entry {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.waiting) == 0 {
		p.running = false
		return nil
	}
	wait := time.Duration(0)
	for _, since := range p.exposed {
		wait = max(wait, gatherTime-time.Since(since))
	}
	if wait > 0 {
		p.held = true
		time.AfterFunc(wait, func() { p.goOn(r) })
		return nil
	}
	e := p.waiting[0]
	p.waiting = p.waiting[1:]
	return e
}

// goOn looks again whether a turn that was held may be given.
func (p *probation) goOn(r *Registry) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.goOnLocked(r)
}

func (p *probation) goOnLocked(r *Registry) {
	if p.held {
		p.held = false
		r.posts.add(func() { p.next(r) })
	}
}

// expose notes whether e's room is one that no other server has.
func (p *probation) expose(e *entry, exposed bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if exposed {
		p.exposed[e] = time.Now()
		return
	}
	delete(p.exposed, e)
	p.goOnLocked(e.r)
}

// probationEnded lets the next room run when e's probation is over. Called with e.mu held.
func (e *entry) probationEnded() {
	if e.onProbation && (e.machine.Role() != ownership.Leads || e.machine.Suspended()&ownership.OnProbation == 0) {
		e.onProbation = false
		r := e.r
		r.posts.add(func() { r.turns.next(r) })
	}
}

// only reports whether no other server may have the room that this one has. Called with e.mu held.
func (e *entry) only() bool {
	switch e.machine.Role() {
	case ownership.Promoting:
		return true
	case ownership.Following: // by a leader that is gone, as far as is known
		_, there := e.r.current().view.Find(membership.ServerName(e.machine.Leader()))
		return e.replica == nil || !there
	case ownership.Leads:
		return e.r.config.Standbys > 0 && len(e.order) > 0 && len(e.machine.Caught()) == 0
	}
	return false
}
