package registry

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/ringside-go/ringside/gameserver/internal/ownership"
	"github.com/ringside-go/ringside/internal/membership"
	"github.com/ringside-go/ringside/internal/placement"
	"github.com/ringside-go/ringside/proto"
)

// onRequest is why a room moves that an operator wants elsewhere.
const onRequest = "request"

// Why a move came to nothing.
var (
	// ErrNotLed: this server does not lead the room.
	ErrNotLed = errors.New("room is not led here")
	// ErrMoving: a move of the room is under way.
	ErrMoving = errors.New("room is being moved")
	// ErrTarget: the room cannot go to that server.
	ErrTarget = errors.New("room cannot go there")
)

const (
	// drainSettle is how long a server that drains keeps its rooms: it knows by then which others drain at the same time, as
	// when several are taken away at once, and moves no room to one of them.
	drainSettle = 200 * time.Millisecond
	// homeSettle is how long no game server must have come, gone or changed before rooms go home.
	homeSettle = 2 * time.Second
	// rescan is after how long rooms are looked at again that could not be moved.
	rescan = 250 * time.Millisecond
)

// mover chooses which rooms move by themselves: all of a server that drains, and those whose home is another server.
type mover struct {
	kick chan struct{}

	mu         sync.Mutex
	moving     map[*entry]bool
	drainBegan time.Time
	drainRate  moveRate
}

func (m *mover) wake() {
	select {
	case m.kick <- struct{}{}:
	default:
	}
}

func (m *mover) began(e *entry) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.moving == nil {
		m.moving = make(map[*entry]bool)
	}
	m.moving[e] = true
}

func (m *mover) ended(e *entry) {
	m.mu.Lock()
	delete(m.moving, e)
	m.mu.Unlock()
	m.wake()
}

func (m *mover) count() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.moving)
}

// Move hands the room to server, to the next in its order if server is empty, and waits until that leads it or ctx ends,
// whatever comes of the move then. A room that was moved away from its home stays there until placement changes.
func (r *Registry) Move(ctx context.Context, id proto.RoomID, server string) (to string, err error) {
	done := make(chan error, 1)
	to, err = r.beginMove(id, server, onRequest, done)
	if err != nil {
		return "", err
	}
	select {
	case err = <-done:
		return to, err
	case <-ctx.Done():
		return to, ctx.Err()
	case <-r.ctx.Done():
		return to, errClosed
	}
}

func (r *Registry) beginMove(id proto.RoomID, server, why string, done chan<- error) (to string, err error) {
	e := r.find(id)
	if e == nil {
		return "", fmt.Errorf("%w: %s", ErrNotLed, id)
	}
	f := r.current()
	e.mu.Lock()
	defer e.unlock()
	if e.led == nil || e.machine.Role() != ownership.Leads {
		return "", fmt.Errorf("%w: %s", ErrNotLed, id)
	}
	if server == "" {
		if server = e.next(f); server == "" {
			return "", fmt.Errorf("%w: there is no other server that takes it", ErrTarget)
		}
	}
	m := f.member(server)
	moving, may := e.machine.Moving(e.r.clock.now())
	switch {
	case server == r.self:
		return "", fmt.Errorf("%w: server %s leads it already", ErrTarget, server)
	case m.Role != membership.GameServer || m.State != membership.Serving:
		return "", fmt.Errorf("%w: no serving game server is named %q", ErrTarget, server)
	case m.Standing != membership.HasQuorum:
		return "", fmt.Errorf("%w: server %q sees too little of the fleet, or has just started", ErrTarget, server)
	case !r.fits(e.game, m):
		return "", fmt.Errorf("%w: the version of game %s on server %s takes no rooms of this one's", ErrTarget, e.game, server)
	case moving:
		return "", fmt.Errorf("%w: room %s", ErrMoving, id)
	case e.machine.Suspended() != 0:
		return "", fmt.Errorf("%w: room %s is suspended", ErrTarget, id)
	case !may && why != onRequest:
		return "", fmt.Errorf("%w: a move of room %s failed a moment ago", ErrTarget, id)
	}
	e.moving, e.onRequest = done, why == onRequest
	r.mover.began(e)
	e.target = server
	e.admitTarget(f)
	e.step(ownership.FleetChanged{Fleet: f.Fleet, Order: e.order})
	e.step(ownership.MoveTo{Target: server, Why: why})
	return server, nil
}

// next is the first server in the room's order that may take it; empty: there is none. Called with e.mu held.
func (e *entry) next(f *fleet) string {
	e.r.mu.Lock()
	order := f.order(e.id, e.game, e.r)
	e.r.mu.Unlock()
	for _, s := range order {
		if e.machine.MayTake(s, e.r.clock.now()) && f.member(s).Standing == membership.HasQuorum {
			return s
		}
	}
	return ""
}

// mayStay reports whether the room, once it is handed over, stays where it goes.
func (e *entry) mayStay() bool { return e.onRequest }

// moveRooms moves rooms until the registry is closed.
func (r *Registry) moveRooms() {
	m := &r.mover
	var limit limiter
	timer := time.NewTimer(0)
	defer timer.Stop()
	var pending []*entry
	var seen *placement.Set
	var scanned time.Time
	again := false // something has changed since
	for {
		select {
		case <-r.ctx.Done():
			return
		case <-m.kick:
			again = true
		case <-timer.C:
		}
		f, now := r.current(), time.Now()
		wait, rate := r.moveRate(f, now)
		if wait > 0 || !f.Quorum {
			timer.Reset(max(wait, rescan))
			pending = nil
			continue
		}
		if now.Sub(scanned) >= rescan || seen != f.Placement {
			pending, seen, scanned, again = r.all(), f.Placement, now, false
		}
		next := time.Hour
		if again {
			next = rescan - now.Sub(scanned)
		}
		for len(pending) > 0 && m.count() < rate.atOnce {
			e := pending[len(pending)-1]
			to, why, later := r.target(e, f)
			if later {
				next = min(next, rescan)
			}
			if to == "" {
				pending = pending[:len(pending)-1]
				continue
			}
			if wait, ok := limit.take(now, rate); !ok {
				next = min(next, wait)
				break
			}
			pending = pending[:len(pending)-1]
			_, _ = r.beginMove(e.id, to, why, nil) // the room has moved, or cannot now: the next scan tells
			next = min(next, rescan)
		}
		if m.count() > 0 {
			next = min(next, rescan)
		}
		timer.Reset(next)
	}
}

// moveRate is how fast rooms move now; wait is the time until they may.
func (r *Registry) moveRate(f *fleet, now time.Time) (wait time.Duration, rate moveRate) {
	if f.Draining {
		m := &r.mover
		m.mu.Lock()
		defer m.mu.Unlock()
		return drainSettle - now.Sub(m.drainBegan), m.drainRate
	}
	return homeSettle - now.Sub(f.view.Settled), rebalancing
}

// target says where a room should go by itself, and why; empty: it stays. later: it cannot now, and may soon.
func (r *Registry) target(e *entry, f *fleet) (to, why string, later bool) {
	e.mu.Lock()
	defer e.unlock()
	if e.forgotten || e.led == nil || e.machine.Role() != ownership.Leads {
		return "", "", false
	}
	e.strand(f)
	moving, may := e.machine.Moving(e.r.clock.now())
	if f.Draining {
		if moving || !may {
			return "", "", true
		}
		return e.next(f), "drain", true
	}
	home, ok := f.Placement.Home(string(e.id))
	if !ok || home == r.self || e.pinned && e.pinnedAt == f.Placement {
		return "", "", false
	}
	// Without the quorum the home would suspend the room at once.
	if m := f.member(home); moving || !may || m.Standing != membership.HasQuorum || !r.fits(e.game, m) || !e.machine.MayTake(home, r.clock.now()) {
		return "", "", true
	}
	return home, "home", true
}
