package registry

import (
	"time"

	"github.com/ringside-go/ringside/internal/membership"
)

const (
	// drainSettle is how long a server that drains keeps its rooms: it knows by then which others drain at the same time, as
	// when several are taken away at once, and moves no room to one of them.
	drainSettle = 200 * time.Millisecond
	// maxDrainRate and drainSpread are how fast they leave it then: 100 in less than two seconds, and fewer of them no sooner,
	// as nobody is in a hurry.
	maxDrainRate = 80 // begun in a second
	drainSpread  = 1200 * time.Millisecond
	// homeRate is how many rooms a second go home: in the background, and from all servers to one that is new.
	homeRate = 10
	// flowStep is after how long at least it is looked again whether the next room may begin to move.
	flowStep = 25 * time.Millisecond
)

// flow bounds how fast rooms move: each of them has all its clients connect anew, in one moment, at the expense of who plays.
type flow struct {
	atOnce int     // each holds two copies and doubles the connections of its clients
	rate   float64 // begun in a second
}

// homing is the flow of rooms that go home.
var homing = flow{atOnce: 8, rate: homeRate}

// drainFlow is the flow of rooms out of a server that begins to drain with so many.
func drainFlow(rooms int) flow {
	return flow{atOnce: 32, rate: min(maxDrainRate, float64(max(1, rooms))/drainSpread.Seconds())}
}

// pace is how many moves may begin now; a token bucket.
type pace struct {
	at     time.Time
	tokens float64
	again  time.Time // when Run is woken for the next
}

// take reports whether one may; if not, wait is until when none may.
func (p *pace) take(now time.Time, f flow) (wait time.Duration, ok bool) {
	p.tokens = min(max(1, f.rate*flowStep.Seconds()), p.tokens+f.rate*now.Sub(p.at).Seconds())
	p.at = now
	if p.tokens < 1 {
		return max(flowStep, time.Duration((1-p.tokens)/f.rate*float64(time.Second))), false
	}
	p.tokens--
	return 0, true
}

// startMoves sees after the moves that are under way and begins those that are due. Called with mu held.
func (r *Registry) startMoves(view *membership.View, now time.Time) {
	moving := 0
	for _, e := range r.rooms {
		if e.role() == leading && e.leading.move != nil {
			r.tendMove(e, view, now)
			moving++
		}
	}
	if r.frozen || r.stopped {
		return
	}
	if r.draining && now.Sub(r.drainBegin) < drainSettle {
		return
	}
	flow := homing
	if r.draining {
		flow = r.drainFlow
	}
	for _, e := range r.rooms {
		if moving >= flow.atOnce {
			return
		}
		if e.role() != leading {
			continue
		}
		r.strand(e, view)
		to, why := r.destination(e, view, now)
		if to == "" {
			continue
		}
		if wait, ok := r.pace.take(now, flow); !ok {
			if now.After(r.pace.again) {
				r.pace.again = now.Add(wait)
				time.AfterFunc(wait, r.wake)
			}
			return
		}
		e.leading.move = &move{to: to, why: why, begun: now}
		r.tendMove(e, view, now)
		moving++
	}
}

// destination says where a led room should go by itself, and why; empty: it stays. Called with mu held.
func (r *Registry) destination(e *entry, view *membership.View, now time.Time) (to, why string) {
	l := e.leading
	if l.move != nil || l.still || now.Before(l.moveAt) {
		return "", ""
	}
	set := view.Placement()
	if r.draining {
		if next := r.candidates(e, l, view, 1, now); len(next) > 0 {
			return next[0], "drain"
		}
		return "", ""
	}
	home, ok := set.Home(string(e.id))
	if !ok || home == r.self || l.pinned == set || now.Sub(view.Settled) < settleTime || !r.mayTake(e, l, view, home, now) {
		return "", ""
	}
	return home, "home"
}
