package registry

import (
	"sync"

	"github.com/ringside-go/ringside/gameserver/internal/ownership"
)

// probation lets one room at a time run its first tick after a takeover: if that kills this process, the next standby knows
// which room it was.
type probation struct {
	mu      sync.Mutex
	waiting []*entry
	running bool
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
		p.mu.Lock()
		if len(p.waiting) == 0 {
			p.running = false
			p.mu.Unlock()
			return
		}
		e := p.waiting[0]
		p.waiting = p.waiting[1:]
		p.mu.Unlock()
		e.mu.Lock()
		on := !e.forgotten && e.machine.Suspended()&ownership.OnProbation != 0
		if on {
			e.onProbation = true
			e.step(ownership.ProbationTurn{})
		}
		e.unlock()
		if on {
			return // probationEnded goes on
		}
	}
}

// probationEnded lets the next room run when e's probation is over. Called with e.mu held.
func (e *entry) probationEnded() {
	if e.onProbation && (e.machine.Role() != ownership.Leads || e.machine.Suspended()&ownership.OnProbation == 0) {
		e.onProbation = false
		r := e.r
		r.posts.add(func() { r.turns.next(r) })
	}
}
