package registry

import (
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/ringside-go/ringside/gameserver/game"
	"github.com/ringside-go/ringside/gameserver/internal/replication"
	"github.com/ringside-go/ringside/gameserver/internal/room"
	"github.com/ringside-go/ringside/internal/membership"
	"github.com/ringside-go/ringside/proto"
)

const (
	// settleTime is how long no game server must have come, gone or changed before the view is taken for that of the
	// others too: before rooms go home, and before a room is said to be lost.
	settleTime = 2 * time.Second
	// returnTime is how long a server that fell silent is expected back with its rooms. It may have been cut off or
	// stopped; its players wait for so long before they hear that their room is lost.
	returnTime = 10 * time.Second
	// lostTime is how long after the first client's question a room that nobody has is said to be lost, whatever servers come
	// and go meanwhile: a server that restarts again and again would else put it off for ever.
	lostTime = returnTime + settleTime
)

// maker is the role of a server that is about to make a room.
type maker struct {
	done    chan struct{} // closed when the room is made, or err says why not
	err     error         // free to read once done is closed
	yielded string        // the server that asked during the claim and goes before this one; guarded by Registry.mu
}

// make asks the other servers and, if the room is nobody's, makes it; then it lets those go on who wait for e.
func (r *Registry) make(e *entry, s Spec) {
	m := e.making
	m.err = r.create(e, s)
	if m.err != nil {
		r.mu.Lock()
		r.remove(e)
		r.mu.Unlock()
	}
	close(m.done)
}

func (r *Registry) create(e *entry, s Spec) error {
	begun := time.Now()
	switch at := locate(r.ask(s.Room, proto.Epoch{})); {
	case at.server != "":
		return r.moved(at.server, s.Room, at.epoch)
	case s.Seen != (proto.Epoch{}):
		r.mu.Lock()
		defer r.mu.Unlock()
		return r.missing(s, at.silent)
	case at.silent: // who has it may be the one
		return proto.Refuse(proto.CloseOverloaded, "it is not certain that nobody has room %s: a server is silent; try again in a moment", s.Room)
	case s.Game == "":
		return proto.Refuse(proto.CloseSeat, "room %s is not running any more; enter with a ticket", s.Room)
	}
	sim, err := r.build(s)
	if err != nil {
		return err
	}
	if err := r.decide(e, s, sim, begun); err != nil {
		return err
	}
	r.log.Info("room made", "room", s.Room, "game", s.Game, "took", time.Since(begun))
	return nil
}

// missing refuses a client who was in a room that none of the servers has who answered. It is lost only if all have
// answered, and nobody fell silent or came a moment ago: before that, a leader may be where this server does not look. Changes
// of the fleet put that off for lostTime at most. Called with mu held.
func (r *Registry) missing(s Spec, silent bool) error {
	view, now := r.members.View(), time.Now()
	changed := now.Sub(view.Settled) < settleTime
	for _, g := range view.Gone {
		changed = changed || g.Role == membership.GameServer && g.Reason == membership.Unreachable && now.Sub(g.Since) < returnTime
	}
	if silent || changed && now.Sub(r.firstMissed(s.Room, now)) < lostTime {
		return proto.Refuse(proto.CloseOverloaded, "room %s is not found, and the fleet has just changed; try again in a moment", s.Room)
	}
	r.log.Warn("a client came back to a room that no server has", "room", s.Room, "seen", s.Seen)
	return proto.Refuse(proto.CloseLost, "")
}

// maxMissed bounds the rooms that clients ask for in vain. Beyond it a new one is not noted, and waits for the fleet to settle.
const maxMissed = 4096

// firstMissed is when a client first asked for a room that was not found, within the last traceTime. Called with mu held.
func (r *Registry) firstMissed(id proto.RoomID, now time.Time) time.Time {
	r.sweep()
	if first, ok := r.missed[id]; ok && now.Sub(first) < traceTime {
		return first
	}
	if len(r.missed) < maxMissed {
		r.missed[id] = now
	}
	return now
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
	sim, err = game.New(r.games[s.Game].Definition, s.Options, random(), newInstance())
	if err != nil {
		return nil, proto.Refuse(proto.CloseOptions, "%v", err)
	}
	return sim, nil
}

// decide makes this server the room's leader, unless something came between since the claim begun.
func (r *Registry) decide(e *entry, s Spec, sim *game.Simulation, begun time.Time) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if by := e.making.yielded; by != "" {
		return r.moved(by, s.Room, proto.Epoch{})
	}
	if took := time.Since(begun); took > replication.PromiseTime/2 {
		return proto.Refuse(proto.CloseOverloaded, "room %s took %v to make and others may want it by now; ask the router again", s.Room, took)
	}
	if next := r.order(s.Room, 1); r.draining && len(next) > 0 {
		return r.moved(next[0], s.Room, proto.Epoch{})
	}
	if !r.sure(r.members.View()) {
		return errFrozen()
	}
	switch err := r.lead(e, room.Spec{Sim: sim, Epoch: proto.Epoch{Instance: sim.Instance()}.Next(r.self)}); {
	case errors.Is(err, room.ErrOverloaded):
		return proto.Refuse(proto.CloseOverloaded, "")
	case errors.Is(err, room.ErrStopped):
		return proto.Refuse(proto.CloseStopping, "")
	case err != nil:
		return fmt.Errorf("start room %s: %w", s.Room, err)
	}
	return nil
}

// newInstance draws the instance of a room that is created.
func newInstance() proto.Instance {
	for {
		if i := proto.Instance(random()); i != 0 {
			return i
		}
	}
}

// random is for what nobody may foresee: a room's seed and its instance.
func random() uint64 {
	var b [8]byte
	rand.Read(b[:])
	return binary.LittleEndian.Uint64(b[:])
}
