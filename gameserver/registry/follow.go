package registry

import (
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ringside-go/ringside/gameserver/game"
	"github.com/ringside-go/ringside/gameserver/peer"
	"github.com/ringside-go/ringside/gameserver/room"
	"github.com/ringside-go/ringside/proto"
)

// maxCopies bounds the rooms that one server stands by for. A copy of the largest room is about a megabyte.
const maxCopies = 4096

// follower is the role of a standby: it has a copy of the room, which its leader's stream keeps up to date. It is
// peer.Copy for one stream; when the leader, or another one, follows anew, a new follower takes over the copy and the
// clients that wait.
type follower struct {
	r    *Registry
	e    *entry
	def  *game.Definition
	back peer.Back
	at   atomic.Uint32 // tick of the copy, for Holding

	// Guarded by Registry.mu.
	leader   string
	epoch    proto.Epoch
	since    time.Time // when it began to follow, or was last found to be led without being followed
	lost     time.Time // when its stream broke; zero: it has one
	doubting bool      // somebody asks after the leader
	waiting  waiting

	mu   sync.Mutex // below Registry.mu: that one is never taken while holding this
	sim  *game.Simulation
	over bool // the copy was taken away: it is led, dropped or another follower's
}

// Follow stands by for a room that another server leads; see peer.Follower. What this server has of the room itself gives
// way to a higher epoch, and a lower one is refused.
func (r *Registry) Follow(from string, o peer.Open, back peer.Back) (peer.Copy, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	def := r.games[o.Game]
	e := r.rooms[o.Room]
	switch meet(e.role(), e.epoch(), o.Epoch) {
	case yield:
		e.making.yielded = from
		return nil, &peer.Refusal{Code: peer.RefuseBusy, Text: "it is about to make the room, and gives way"}
	case refuse:
		leader := r.self
		if e.role() == following {
			leader = e.following.leader
		}
		return nil, &peer.Refusal{Code: peer.RefuseEpoch, Epoch: e.epoch(), Leader: leader,
			Text: fmt.Sprintf("epoch %v, led by %s, is above %v", e.epoch(), leader, o.Epoch)}
	case depose:
		if e.leading.handedTo(from) && !o.Epoch.Less(e.leading.move.offered) {
			r.took(e, from, o.Epoch)
		} else {
			r.giveUp(e, from, o.Epoch)
		}
		e = nil
	}
	switch {
	case def == nil:
		return nil, &peer.Refusal{Code: peer.RefuseGame, Text: fmt.Sprintf("it does not run game %s", o.Game)}
	case r.draining || r.stopped:
		return nil, &peer.Refusal{Code: peer.RefuseDraining, Text: "it is draining"}
	case e == nil && len(r.rooms) >= maxCopies:
		return nil, &peer.Refusal{Code: peer.RefuseBusy, Text: fmt.Sprintf("it has %d rooms", len(r.rooms))}
	}
	f := &follower{r: r, def: def, back: back, leader: from, epoch: o.Epoch, since: time.Now()}
	if e == nil {
		e = &entry{id: o.Room, game: o.Game, options: append([]byte(nil), o.Options...)}
		r.rooms[o.Room] = e
		delete(r.promises, o.Room)
	} else {
		old := e.following
		f.sim = old.take()
		f.at.Store(old.at.Load())
		f.waiting, old.waiting = old.waiting, nil
	}
	f.e, e.following = e, f
	if n := f.waiting.holding(); n > 0 {
		back.Ready(n)
	}
	return f, nil
}

// tick is the newest tick that the copy has.
func (f *follower) tick() proto.Tick { return proto.Tick(f.at.Load()) }

// take takes the copy away: whatever comes on the stream from now on is refused. nil: there is none yet.
func (f *follower) take() *game.Simulation {
	f.mu.Lock()
	defer f.mu.Unlock()
	sim := f.sim
	f.sim, f.over = nil, true
	return sim
}

var errOver = errors.New("the copy is needed no more")

// Keyframe implements peer.Copy.
func (f *follower) Keyframe(tick proto.Tick, public, secret []byte) (err error) {
	defer func() {
		if v := recover(); v != nil {
			f.r.log.Error("the game failed while its room was copied", "room", f.e.id, "panic", v, "stack", string(debug.Stack()))
			err = &peer.Refusal{Code: peer.RefuseGame, Text: fmt.Sprintf("the game failed: %v", v)}
		}
	}()
	sim, err := game.Rebuild(f.def, f.e.options, tick, public, secret)
	if err != nil {
		return &peer.Refusal{Code: peer.RefuseGame, Text: err.Error()}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.over {
		return errOver // of no interest to anybody: another stream or role took its place
	}
	f.sim = sim
	f.at.Store(uint32(tick))
	return nil
}

// Tick implements peer.Copy. In steady state it does not allocate.
func (f *follower) Tick(tick proto.Tick, public, secret []byte) error {
	f.mu.Lock()
	err := errOver
	if !f.over && f.sim != nil {
		err = f.apply(tick, public, secret)
	}
	f.mu.Unlock()
	if err != nil {
		f.Lost(err) // nothing more will come
	}
	return err
}

// apply brings the copy to tick. A copy that does not take a delta is of no more use. Called with f.mu held.
func (f *follower) apply(tick proto.Tick, public, secret []byte) error {
	err := f.sim.Store().ApplyDelta(tick, public)
	if err == nil {
		err = f.sim.Store().ApplySecretDelta(secret)
	}
	if err != nil {
		f.sim = nil
		return fmt.Errorf("tick %d: %w", tick, err)
	}
	f.at.Store(uint32(tick))
	return nil
}

// Final implements peer.Copy: this server leads from here on.
func (f *follower) Final(last peer.Final) {
	begun := time.Now()
	f.mu.Lock()
	err := errOver
	if !f.over && f.sim != nil {
		err = f.apply(last.Tick, last.Public, last.Secret)
	}
	f.mu.Unlock()
	if err == nil {
		s := room.Spec{Epoch: last.Epoch, Due: max(time.Nanosecond, last.Due)}
		for _, p := range last.Pending {
			s.Pending = append(s.Pending, room.SeatInput(p))
		}
		err = f.r.takeOver(f, s, last.Stay)
	}
	if err != nil {
		f.r.log.Error("a room that was handed over cannot be led here", "room", f.e.id, "from", f.leader, "error", err)
		f.r.drop(f, "its leader has it back")
		f.back.Refuse(peer.Refusal{Code: peer.RefuseOther, Text: err.Error()})
		return
	}
	f.back.Took(last.Epoch)
	f.r.log.Info("room taken over from its leader", "room", f.e.id, "from", f.leader, "epoch", last.Epoch, "took", time.Since(begun))
}

// Stop implements peer.Copy.
func (f *follower) Stop(reason string) {
	f.r.log.Debug("a copy is not needed any more", "room", f.e.id, "leader", f.leader, "reason", reason)
	f.r.drop(f, reason)
}

// Lost implements peer.Copy.
func (f *follower) Lost(err error) {
	r := f.r
	r.mu.Lock()
	defer r.mu.Unlock()
	if f.current() {
		f.lost = time.Now()
		r.doubt(f.e)
	}
}

// current reports whether f is what this server has of its room. Called with Registry.mu held.
func (f *follower) current() bool { return f.r.rooms[f.e.id] == f.e && f.e.following == f }

// drop forgets a copy. Those who wait there are sent to its leader.
func (r *Registry) drop(f *follower, reason string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	f.take()
	if !f.current() {
		return
	}
	r.remove(f.e)
	f.waiting.end(r.moved(f.leader, f.e.id, f.epoch))
	f.waiting = nil
}
