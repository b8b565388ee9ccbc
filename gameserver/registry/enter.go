package registry

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/ringside-go/ringside/gameserver/game"
	"github.com/ringside-go/ringside/gameserver/peer"
	"github.com/ringside-go/ringside/gameserver/room"
	"github.com/ringside-go/ringside/proto"
)

// Spec is a room that a client wants to enter, as his ticket says.
type Spec struct {
	Room    proto.RoomID
	Game    proto.GameName // empty: the room is entered where it is led, and not made
	Options json.RawMessage
	Seen    proto.Epoch // the newest that the client has seen of the room; a room made anew is led in a later one
}

// maxSeen bounds what is believed of Spec.Seen: a client can name any number, and epochs must not run over.
const maxSeen = 1 << 31

// Enter gives the room that s names if this server leads it or, as its home, may make it. Otherwise the error is a
// *proto.Refusal, with CloseMoved and the place to go to where another server has the room; or ctx's. It blocks while the
// other servers are asked, at most about claimTimeout; of many calls for one room, one asks and the others wait for it.
func (r *Registry) Enter(ctx context.Context, s Spec) (*room.Room, error) {
	for {
		e, mine, err := r.find(s)
		if err != nil {
			return nil, r.count(err)
		}
		if mine {
			r.make(e, s)
		}
		select {
		case <-e.done:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
		if !mine && about(e.err, proto.CloseOptions, proto.CloseSeat) {
			continue // that was wrong with the other's ticket; this one's may be right
		}
		if e.err != nil {
			return nil, r.count(e.err)
		}
		if running := e.game; s.Game != "" && s.Game != running {
			return nil, proto.Refuse(proto.CloseGame, "room %s runs %s, but the ticket is for %s; choose another room id", s.Room, running, s.Game)
		}
		return e.room, nil
	}
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
	if !errors.As(err, &refusal) {
		return false
	}
	for _, c := range codes {
		if refusal.Code == c {
			return true
		}
	}
	return false
}

// find gives the entry of s's room. mine means that there was none, and the caller must make the room now.
func (r *Registry) find(s Spec) (e *entry, mine bool, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if e := r.rooms[s.Room]; e != nil {
		return e, false, nil
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
	case s.Game != "" && r.games[s.Game] == nil:
		return nil, false, proto.Refuse(proto.CloseGame, "this server does not run game %q; check the game's name", s.Game)
	}
	e = &entry{done: make(chan struct{}), game: s.Game}
	r.rooms[s.Room] = e
	return e, true, nil
}

// make settles e, one way or the other.
func (r *Registry) make(e *entry, s Spec) {
	led, err := r.lead(e, s)
	r.mu.Lock()
	e.room, e.err = led, err
	r.mu.Unlock()
	if err != nil {
		r.remove(s.Room, e)
	}
	close(e.done)
}

// lead asks the other servers and, if the room is nobody's, makes it.
func (r *Registry) lead(e *entry, s Spec) (*room.Room, error) {
	begun := time.Now()
	if other := r.claim(s.Room); other.Holding != peer.None {
		return nil, r.moved(other.Leader, s.Room, other.Epoch)
	}
	if s.Game == "" {
		return nil, proto.Refuse(proto.CloseSeat, "room %s is not running any more; enter with a ticket", s.Room)
	}
	sim, err := r.build(s)
	if err != nil {
		return nil, err
	}
	if err := r.decide(e, s, begun); err != nil {
		return nil, err
	}
	led, err := r.pool.Start(room.Spec{
		ID: s.Room, Game: s.Game, Sim: sim, Epoch: e.epoch,
		Fallbacks: func() []string { return r.fallbacks(s.Room) },
		Ended:     func(*room.Room) { r.remove(s.Room, e) },
	})
	switch {
	case errors.Is(err, room.ErrOverloaded):
		return nil, proto.Refuse(proto.CloseOverloaded, "")
	case errors.Is(err, room.ErrStopped):
		return nil, proto.Refuse(proto.CloseStopping, "")
	case err != nil:
		return nil, fmt.Errorf("start room %s: %w", s.Room, err)
	}
	r.log.Info("room made", "room", s.Room, "game", s.Game, "took", time.Since(begun))
	return led, nil
}

// build makes the simulation. A game that panics in it costs this room.
func (r *Registry) build(s Spec) (sim *game.Simulation, err error) {
	defer func() {
		if v := recover(); v != nil {
			r.metrics.RoomsCrashed.Inc()
			r.log.Error("the game failed while its room was made", "room", s.Room, "game", s.Game, "panic", v, "stack", string(debug.Stack()))
			err = proto.Refuse(proto.CloseCrashed, "")
		}
	}()
	sim, err = game.New(r.games[s.Game], s.Options, seed())
	if err != nil {
		return nil, proto.Refuse(proto.CloseOptions, "%v", err)
	}
	return sim, nil
}

// decide makes this server the room's leader, unless something came between since the claim begun.
func (r *Registry) decide(e *entry, s Spec, begun time.Time) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if e.yielded != "" {
		return r.moved(e.yielded, s.Room, proto.Epoch{})
	}
	if took := time.Since(begun); took > peer.PromiseTime/2 {
		return proto.Refuse(proto.CloseOverloaded, "room %s took %v to make and others may want it by now; ask the router again", s.Room, took)
	}
	if next := r.order(s.Room, 1); r.draining && len(next) > 0 {
		return r.moved(next[0], s.Room, proto.Epoch{})
	}
	var before proto.Epoch
	if s.Seen.Counter < maxSeen {
		before = s.Seen
	}
	e.leads, e.epoch = true, before.Next(r.self)
	return nil
}

// seed of a room's random numbers: nobody can foresee them.
func seed() uint64 {
	var b [8]byte
	rand.Read(b[:])
	return binary.LittleEndian.Uint64(b[:])
}
