package registry

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"github.com/ringside-go/ringside/gameserver/internal/room"
	"github.com/ringside-go/ringside/proto"
)

// Spec is a room that a client wants to enter, as his ticket and his hello say.
type Spec struct {
	Room    proto.RoomID
	Game    proto.GameName // empty: the room is entered where it is led, and not made
	Options json.RawMessage
	Seen    proto.Epoch // the newest that the client has seen of the room; zero: it was never in it
	Hold    bool        // it plays at the leader and waits for the room to move here (proto.HelloWait)
	// Fits says whether the client can play that game as it is built here; an error refuses it. nil: anything fits.
	Fits func(proto.GameName) error
}

const (
	// enterTries is how often a client may meet a change of the room's role: it is being made, it ends, it is given up.
	enterTries = 4
	// maxSeen bounds what is believed of Spec.Seen, in leaders above ours: a client can name any number.
	maxSeen = 16
)

// Enter lets the client of j into the room that s names, if this server leads it, or takes it over while the client
// waits, or may make it. Otherwise the error is a *proto.Refusal, with CloseMoved and the place to go to where another
// server has the room; or ctx's. It blocks while other servers are asked, or while a copy waits for its leader's fate, at
// most about waitTime. Of many calls for one room, one asks and the others wait for it.
func (r *Registry) Enter(ctx context.Context, s Spec, j room.Join) (*room.Occupant, error) {
	for range enterTries {
		o, again, err := r.enter(ctx, s, j)
		if !again {
			return o, r.count(err)
		}
	}
	return nil, proto.Refuse(proto.CloseOverloaded, "room %s changes its server just now; try again in a moment", s.Room)
}

// enter is one try. again: something came between, and the next one will find what.
func (r *Registry) enter(ctx context.Context, s Spec, j room.Join) (o *room.Occupant, again bool, err error) {
	e, mine, err := r.find(s)
	if err != nil {
		return nil, false, err
	}
	r.mu.Lock()
	m, l, f, epoch := e.making, e.leading, e.following, e.epoch()
	r.mu.Unlock()
	switch {
	case mine:
		r.make(e, s)
		return nil, m.err == nil, m.err
	case m != nil:
		select {
		case <-m.done:
		case <-ctx.Done():
			return nil, false, ctx.Err()
		}
		// What was wrong with the other's ticket, or his past, may be right with this one's.
		if m.err == nil || about(m.err, proto.CloseOptions, proto.CloseSeat, proto.CloseLost) {
			return nil, true, nil
		}
		return nil, false, m.err
	}
	if err := fits(s, e.game); err != nil {
		return nil, false, err
	}
	if s.Seen != (proto.Epoch{}) && s.Seen.Instance != epoch.Instance {
		return nil, false, proto.Refuse(proto.CloseOver, "")
	}
	if l != nil {
		return r.join(e, l, s, j)
	}
	return r.await(ctx, e, f, s, j)
}

// fits refuses a client whose ticket or build is for another game than the room runs.
func fits(s Spec, running proto.GameName) error {
	if s.Game != "" && s.Game != running {
		return proto.Refuse(proto.CloseGame, "room %s runs %s, but the ticket is for %s; choose another room id", s.Room, running, s.Game)
	}
	if s.Fits != nil {
		return s.Fits(running)
	}
	return nil
}

// find gives the entry of s's room. mine means that there was none, and the caller must make the room now.
func (r *Registry) find(s Spec) (e *entry, mine bool, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if e := r.rooms[s.Room]; e != nil {
		return e, false, nil
	}
	if t, ok := r.trail(s.Room); ok && s.Seen != (proto.Epoch{}) {
		switch to := r.at(t.server, s.Room, t.epoch); {
		case t.server == "" && !t.epoch.Less(s.Seen):
			return nil, false, proto.Refuse(proto.CloseEnded, "")
		case to.URL != "":
			return nil, false, &proto.Refusal{Code: proto.CloseMoved, Moved: &to}
		}
	}
	if p, ok := r.promised(s.Room); ok {
		return nil, false, r.moved(p, s.Room, proto.Epoch{})
	}
	home := r.order(s.Room, 1)
	switch {
	case len(home) == 0:
		return nil, false, proto.Refuse(proto.CloseStopping, "this server is stopping and sees no other that could take room %s", s.Room)
	case home[0] != r.self:
		return nil, false, r.moved(home[0], s.Room, proto.Epoch{})
	case !r.sure(r.members.View()):
		return nil, false, errFrozen()
	case s.Game != "" && r.games[s.Game] == nil:
		return nil, false, proto.Refuse(proto.CloseGame, "this server does not run game %q; check the game's name", s.Game)
	}
	e = &entry{id: s.Room, game: s.Game, options: s.Options, making: &maker{done: make(chan struct{})}}
	r.rooms[s.Room] = e
	return e, true, nil
}

// join lets a client into a room that is led here, unless it was in one that this is not the continuation of.
func (r *Registry) join(e *entry, l *leader, s Spec, j room.Join) (o *room.Occupant, again bool, err error) {
	r.mu.Lock()
	frozen, lower := r.frozen, believed(l.epoch, s.Seen) && outranks(s.Seen, l.epoch)
	r.mu.Unlock()
	switch {
	case lower:
		err := r.outranked(e, l, s)
		return nil, err == nil, err
	case frozen:
		return nil, false, errFrozen()
	}
	switch o, err = l.room.QueueJoin(j); {
	case errors.Is(err, room.ErrStopped):
		r.ended(e, l)
		return nil, true, nil
	case errors.Is(err, room.ErrFull):
		err = proto.Refuse(proto.CloseOverloaded, "too many clients want to enter room %s at once; try again in a moment", s.Room)
	}
	return o, false, err
}

// await keeps a client at a copy until this server leads the room, or it is known that another one does.
func (r *Registry) await(ctx context.Context, e *entry, f *follower, s Spec, j room.Join) (o *room.Occupant, again bool, err error) {
	w := &waiter{join: j, hold: s.Hold, seen: s.Seen, done: make(chan outcome, 1)}
	r.mu.Lock()
	if !f.current() {
		r.mu.Unlock()
		return nil, true, nil
	}
	if len(f.waiting) >= maxWaiting {
		defer r.mu.Unlock()
		return nil, false, r.moved(f.leader, s.Room, f.epoch)
	}
	f.waiting = append(f.waiting, w)
	if s.Hold {
		f.back.Ready(f.waiting.holding())
	} else {
		r.doubt(e)
	}
	r.mu.Unlock()
	timer := time.NewTimer(waitTime)
	defer timer.Stop()
	select {
	case got := <-w.done:
		return got.occupant, false, got.err
	case <-timer.C:
	case <-ctx.Done():
	}
	return r.tire(ctx, e, w)
}

// tire ends the wait of a client who has waited long enough.
func (r *Registry) tire(ctx context.Context, e *entry, w *waiter) (o *room.Occupant, again bool, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	select {
	case got := <-w.done: // at the last moment
		return got.occupant, false, got.err
	default:
	}
	f := e.following // it takes the waiting over from the one before it
	f.waiting = f.waiting.without(w)
	if w.hold {
		f.back.Ready(f.waiting.holding())
	}
	if ctx.Err() != nil {
		return nil, false, ctx.Err()
	}
	return nil, false, r.moved(f.leader, e.id, f.epoch)
}

// count counts the clients that are sent on.
func (r *Registry) count(err error) error {
	if about(err, proto.CloseMoved) {
		r.metrics.Moved.Inc()
	}
	return err
}

// about reports whether err is a refusal with one of codes.
func about(err error, codes ...proto.CloseCode) bool {
	var refusal *proto.Refusal
	return errors.As(err, &refusal) && slices.Contains(codes, refusal.Code)
}
