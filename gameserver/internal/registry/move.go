package registry

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/ringside-go/ringside/gameserver/internal/replication"
	"github.com/ringside-go/ringside/gameserver/internal/room"
	"github.com/ringside-go/ringside/internal/membership"
	"github.com/ringside-go/ringside/proto"
)

const (
	// prepareTime is how long the clients of a room that moves have to open their next connection; it moves as soon as all
	// have. Where the server goes, nobody can be waited for as long, so it is hurryTime.
	prepareTime = 3 * time.Second
	hurryTime   = time.Second
	// catchUpTime is how long a standby may take to have the room, before the move to it is given up.
	catchUpTime = 5 * time.Second
	// tookTime is how long a standby may take to say that it leads the room it was handed, before it is asked.
	tookTime = 500 * time.Millisecond
	// moveBackoff is the wait after a handoff that came to nothing; it doubles up to maxMoveBackoff.
	moveBackoff    = 250 * time.Millisecond
	maxMoveBackoff = 5 * time.Second
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

	errEnded   = errors.New("the room has ended")
	errDeposed = errors.New("another server leads the room")
)

// move is a handoff that is under way. Guarded by Registry.mu.
type move struct {
	to, why   string
	begun     time.Time
	queued    bool        // the room knows of it
	offered   proto.Epoch // once the final tick has been: in which the standby leads
	offeredAt time.Time
	examining bool         // somebody asks what has become of it
	done      chan<- error // nil: nobody waits; holds one
}

// handed reports whether the final tick has been queued to a standby that has not said yet that it leads.
func (l *leader) handed() bool { return l.move != nil && l.move.offered != (proto.Epoch{}) }

func (l *leader) handedTo(server string) bool { return l.handed() && l.move.to == server }

// Move hands room id to server, to the next in its order if server is empty, and waits until that leads it or ctx ends,
// whatever comes of the move then. A room that was moved away from its home stays there until placement changes.
func (r *Registry) Move(ctx context.Context, id proto.RoomID, server string) (to string, err error) {
	done := make(chan error, 1)
	to, err = r.begin(id, server, done)
	if err != nil {
		return "", err
	}
	select {
	case err = <-done:
		return to, err
	case <-ctx.Done():
		return to, ctx.Err()
	}
}

func (r *Registry) begin(id proto.RoomID, server string, done chan<- error) (to string, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	e := r.rooms[id]
	if e.role() != leading {
		return "", fmt.Errorf("%w: %s", ErrNotLed, id)
	}
	view := r.members.View()
	if server == "" {
		next := r.candidates(e, e.leading, view, 1, time.Now())
		if len(next) == 0 {
			return "", fmt.Errorf("%w: there is no other server that takes it", ErrTarget)
		}
		server = next[0]
	}
	m, _ := view.Find(membership.ServerName(server))
	switch {
	case server == r.self:
		return "", fmt.Errorf("%w: server %s leads it already", ErrTarget, server)
	case !serving(view, server):
		return "", fmt.Errorf("%w: no serving game server is named %q", ErrTarget, server)
	case !r.fits(e.game, m):
		return "", fmt.Errorf("%w: the version of game %s on server %s takes no rooms of this one's", ErrTarget, e.game, server)
	case e.leading.move != nil:
		return "", fmt.Errorf("%w: to %s", ErrMoving, e.leading.move.to)
	case e.leading.still:
		return "", fmt.Errorf("%w: room %s stands still, because this server sees too little of the fleet", ErrTarget, id)
	}
	e.leading.move = &move{to: server, why: onRequest, begun: time.Now(), done: done}
	r.tendMove(e, view, time.Now())
	return server, nil
}

// tendMove brings a move on: the standby is attached, then the room is told, then the standby is waited for. Called with
// mu held.
func (r *Registry) tendMove(e *entry, view *membership.View, now time.Time) {
	l := e.leading
	m := l.move
	f := l.feed(m.to)
	switch {
	case l.handed():
		if now.Sub(m.offeredAt) >= tookTime {
			r.examineMove(e)
		}
	case m.queued && !serving(view, m.to):
		_ = l.room.QueueCallOff() // an ended room goes nowhere
	case m.queued:
	case !serving(view, m.to), f == nil && !r.mayTake(e, l, view, m.to, now):
		r.fail(e, fmt.Errorf("server %s does not stand by for it", m.to))
	case now.Sub(m.begun) >= catchUpTime:
		r.fail(e, fmt.Errorf("server %s did not get the room within %v", m.to, catchUpTime))
	case f == nil:
		r.attach(e, m.to)
	case f.caught.Load() && !f.lost:
		m.queued = true
		f.stay = m.why == onRequest
		h := room.Handoff{ID: f.id, To: r.at(m.to, e.id, proto.Epoch{}), Within: prepareTime}
		if r.draining {
			h.Within = hurryTime
		}
		h.Result = func(offered proto.Epoch, err error) { r.offered(e, l, m, offered, err) }
		_ = l.room.QueueHandoff(h) // of an ended room, Ended tells
	}
}

// offered hears from the room what has become of the handoff on this side.
func (r *Registry) offered(e *entry, l *leader, m *move, offered proto.Epoch, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if l.move != m || r.rooms[e.id] != e {
		return
	}
	if err != nil {
		r.fail(e, err)
		return
	}
	m.offered, m.offeredAt = offered, time.Now()
	if f := l.feed(m.to); f == nil || f.lost { // it broke in between
		r.examineMove(e)
	}
}

// fail ends a move that came to nothing. Called with mu held.
func (r *Registry) fail(e *entry, err error) {
	l := e.leading
	r.log.Warn("a room was not handed over", "room", e.id, "to", l.move.to, "error", err)
	r.history.add(Event{Kind: EventFailed, Room: e.id, From: r.self, To: l.move.to, Why: err.Error(), Epoch: l.epoch})
	l.fails++
	l.moveAt = time.Now().Add(min(maxMoveBackoff, moveBackoff<<min(l.fails, 10)))
	r.settle(l, err)
	r.wake()
}

// settle tells who waits for a move what came of it. Called with mu held.
func (r *Registry) settle(l *leader, err error) {
	if l.move != nil && l.move.done != nil {
		l.move.done <- err
	}
	l.move = nil
}

// took ends e's role here: server leads the room in epoch. Called with mu held.
func (r *Registry) took(e *entry, server string, epoch proto.Epoch) {
	l := e.leading
	if m := l.move; m == nil || !m.queued || m.to != server && !l.handed() { // it may come before offered
		r.giveUp(e, server, epoch)
		return
	}
	took := time.Since(l.move.begun)
	r.metrics.MoveTime.WithLabelValues("handoff").Observe(took.Seconds())
	r.log.Info("room moved", "room", e.id, "to", server, "why", l.move.why, "epoch", epoch, "took", took)
	r.history.add(Event{Kind: EventMove, Room: e.id, From: r.self, To: server, Why: l.move.why, Epoch: epoch, Took: took})
	r.remove(e)
	r.leave(e.id, server, epoch)
	_ = l.room.QueueTook(epoch) // it cannot have ended: it stands still
	r.settle(l, nil)
	r.dismiss(l, "the room has moved")
	r.wake()
}

// takeBack makes the room tick on here, after a final tick that no standby has taken up, in an epoch above all that one
// might have begun. Called with mu held.
func (r *Registry) takeBack(e *entry, why string) {
	l := e.leading
	r.raise(e, max(l.epoch.Counter, l.move.offered.Counter))
	_ = l.room.QueueHandoffFailed(l.epoch)
	r.fail(e, errors.New(why))
}

// raise makes above+1 the epoch in which e is led here, and opens all its feeds anew in it. Called with mu held.
func (r *Registry) raise(e *entry, above uint32) {
	l := e.leading
	l.epoch = proto.Epoch{Instance: l.epoch.Instance, Counter: above}.Next(r.self)
	r.reopen(e)
}

// reopen opens all feeds anew: standbys that were asked take no final tick on the old streams. Called with mu held.
func (r *Registry) reopen(e *entry) {
	l := e.leading
	for i, f := range l.feeds {
		if !f.lost {
			f.end("the stream begins anew")
			next := &feed{r: r, e: e, l: l, id: f.id, server: f.server}
			l.feeds[i] = next
			r.follow(next)
		}
	}
}

// examineMove asks the others what has become of a room whose standby does not say that it leads. Called with mu held.
func (r *Registry) examineMove(e *entry) {
	l := e.leading
	if m := l.move; !m.examining {
		m.examining = true
		r.task(func() { r.findMoved(e, l, m) })
	}
}

// findMoved asks until it is certain who leads the room: another server does, or its standby does not and cannot.
func (r *Registry) findMoved(e *entry, l *leader, m *move) {
	for {
		changed := r.members.Changed()
		replies := r.ask(e.id, m.offered)
		if r.judgeMove(e, l, m, replies) || !r.pause(claimTimeout, changed) {
			return
		}
	}
}

// judgeMove reports whether it is certain now.
func (r *Registry) judgeMove(e *entry, l *leader, m *move, replies []reply) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if l.move != m || r.rooms[e.id] != e || e.leading != l {
		return true
	}
	heard, left := false, false
	for _, p := range replies {
		later := p.err == nil && !p.answer.Epoch.Less(m.offered)
		switch {
		case later && (p.has(replication.Leading) || p.has(replication.Following)):
			r.took(e, p.server, p.answer.Epoch)
			return true
		case later && p.has(replication.Left):
			left = true
		case p.server == m.to:
			heard = p.heard()
		}
	}
	view := r.members.View()
	switch {
	case slices.ContainsFunc(replies, reply.silent), !heard && !(view.Quorum && lost(view, m.to)):
		return false // it may have taken it, fed another, and died
	case left, !heard && time.Since(m.offeredAt) > leaseTime:
		r.lose(e, fmt.Sprintf("it was handed to server %s, and is not found there", m.to))
	default:
		r.takeBack(e, fmt.Sprintf("server %s did not take it", m.to))
	}
	return true
}

// pause waits for d or for the view to change; false when the registry stops.
func (r *Registry) pause(d time.Duration, changed <-chan struct{}) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-r.ctx.Done():
		return false
	case <-changed:
	case <-timer.C:
	}
	return r.ctx.Err() == nil
}
