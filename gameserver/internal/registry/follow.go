package registry

import (
	"bytes"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ringside-go/ringside/gameserver/game"
	"github.com/ringside-go/ringside/gameserver/internal/replication"
	"github.com/ringside-go/ringside/gameserver/internal/room"
	"github.com/ringside-go/ringside/proto"
	"github.com/ringside-go/ringside/proto/state"
)

const (
	// leaseTime is how long a copy may be led from after it was last fed; older ones may miss what was told to players,
	// since a leader that sees the majority goes on without a silent standby after detachTime. A standby knows within a
	// second or two that its stream is silent, which is what lies between the two. Silence is acted upon in 2.5 s.
	leaseTime = 5 * time.Second
	// pauseTime is how long after this process stood still a stream must have gone on for it to be a living one, and not
	// what had come before.
	pauseTime = 2 * time.Second
)

// follower is the role of a standby: it has a copy of the room, which its leader's stream keeps up to date. It is
// replication.Copy for one stream; when the leader, or another one, follows anew, a new follower takes over the copy and the
// clients that wait.
type follower struct {
	r     *Registry
	e     *entry
	game  *game.Definition
	older *state.Schema // of the leader's version of the game; nil: it is this server's
	back  replication.Back
	at    atomic.Uint32 // tick of the copy, for Holding

	// Guarded by Registry.mu.
	others   []string // servers besides that may have a copy
	leader   string   // who feeds it; never changes
	boot     uint64   // of the leader's process; never changes
	epoch    proto.Epoch
	lost     time.Time // when its stream broke; zero: it has one
	fenced   bool      // the leader has given up its handoff
	doubting bool      // somebody asks after the leader
	waiting  waiting

	mu    sync.Mutex // below Registry.mu: that one is never taken while holding this
	copy  *game.Copy // nil: there is none yet
	over  bool       // the copy was taken away: it is led, dropped or another follower's
	unfed time.Time  // since when the copy is not fed any more; zero: it is fed
	woke  time.Time  // when this process last went on after a pause
	slept time.Time  // when that pause began
}

// Follow stands by for a room that another server leads; see replication.Follower. What this server has of the room itself gives
// way to a higher epoch, and a lower one is refused.
func (r *Registry) Follow(from string, o replication.Open, back replication.Back) (replication.Copy, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	e := r.rooms[o.Room]
	switch meet(e.role(), e.epoch(), o.Epoch) {
	case yield:
		e.making.yielded = from
		return nil, &replication.Refusal{Code: replication.RefuseBusy, Text: "it is about to make the room, and gives way"}
	case refuse:
		leader := r.self
		if e.role() == following {
			leader = e.following.leader
		}
		return nil, &replication.Refusal{Code: replication.RefuseEpoch, Epoch: e.epoch(), Leader: leader,
			Text: fmt.Sprintf("epoch %v, led by %s, is above %v", e.epoch(), leader, o.Epoch)}
	case depose:
		if e.leading.handedTo(from) && !o.Epoch.Less(e.leading.move.offered) {
			r.took(e, from, o.Epoch)
		} else {
			r.giveUp(e, from, o.Epoch)
		}
		e = nil
	}
	if refusal := r.succeed(e, o); refusal != nil {
		return nil, refusal
	}
	older, refusal := r.accepts(o)
	if refusal == nil {
		refusal = r.unable(e)
	}
	if refusal != nil {
		if e != nil { // its leader goes on without it, so nobody may go on from it
			r.abandon(e.following)
		}
		return nil, refusal
	}
	f := &follower{r: r, game: r.games[o.Game].Definition, older: older, back: back, leader: from, boot: o.Boot, epoch: o.Epoch, others: o.Others}
	if e == nil {
		e = &entry{id: o.Room, game: o.Game, options: append([]byte(nil), o.Options...)}
		r.rooms[o.Room] = e
		delete(r.promises, o.Room)
	} else {
		old := e.following
		had, unfed := old.take()
		if old.leader == from && old.boot == o.Boot { // who else leads does not count on it
			f.copy, f.unfed = had, unfed
			f.at.Store(old.at.Load())
		}
		if f.unfed.IsZero() {
			f.unfed = time.Now()
		}
		f.waiting, old.waiting = old.waiting, nil
	}
	f.e, e.following = e, f
	if n := f.waiting.holding(); n > 0 {
		back.Ready(n)
	}
	return f, nil
}

// succeed goes on with the copy of a leader whose process is gone, when the next one of that name leads another room in
// the same epoch. It refuses that one then. Called with mu held.
func (r *Registry) succeed(e *entry, o replication.Open) *replication.Refusal {
	if e.role() != following || e.following.boot == o.Boot || e.following.epoch != o.Epoch || e.following.expired() {
		return nil
	}
	if !r.sure(r.members.View()) {
		return &replication.Refusal{Code: replication.RefuseOther, Text: "it has another room of this name, and stands still"}
	}
	if err := r.takeOverLocked(e.following, room.Spec{Epoch: o.Epoch.Next(r.self)}, time.Now()); err != nil {
		return nil // there is no copy yet
	}
	return &replication.Refusal{Code: replication.RefuseEpoch, Epoch: e.epoch(), Leader: r.self, Text: "it goes on with the room from before the restart"}
}

// unable says why no room can be followed here; e is what there is of it already.
func (r *Registry) unable(e *entry) *replication.Refusal {
	switch {
	case r.draining || r.stopped:
		return &replication.Refusal{Code: replication.RefuseDraining, Text: "it is draining"}
	case e == nil && len(r.rooms) >= r.maxReplicas && r.copies() >= r.maxReplicas:
		r.metrics.ReplicasRefused.Inc()
		return &replication.Refusal{Code: replication.RefuseBusy, Text: fmt.Sprintf("it stands by for %d rooms already", r.maxReplicas)}
	}
	return nil
}

// copies counts the rooms that this server stands by for. Called with mu held.
func (r *Registry) copies() (n int) {
	for _, e := range r.rooms {
		if e.role() == following {
			n++
		}
	}
	return n
}

// tick is the newest tick that the copy has.
func (f *follower) tick() proto.Tick { return proto.Tick(f.at.Load()) }

// take takes the copy away: whatever comes on the stream from now on is refused. nil: there is none yet. unfed is since
// when it was not fed.
func (f *follower) take() (had *game.Copy, unfed time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	had = f.copy
	f.copy, f.over = nil, true
	return had, f.unfed
}

// expired reports whether nobody may lead from the copy any more.
func (f *follower) expired() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return !f.unfed.IsZero() && time.Since(f.unfed) > leaseTime
}

// starve notes that the copy is not fed any more. What came since a pause of this process may have been waiting for it.
func (f *follower) starve() {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case !f.unfed.IsZero():
	case !f.woke.IsZero() && time.Since(f.woke) < pauseTime:
		f.unfed = f.slept
	default:
		f.unfed = time.Now()
	}
}

// doze notes that this process stood still for gap.
func (f *follower) doze(gap time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	now := time.Now()
	if f.woke.IsZero() || now.Sub(f.woke) >= pauseTime {
		f.slept = now.Add(-gap)
	}
	f.woke = now
}

var errOver = errors.New("the copy is needed no more")

// Keyframe implements replication.Copy.
func (f *follower) Keyframe(tick proto.Tick, public, secret []byte) (err error) {
	defer func() {
		if v := recover(); v != nil {
			f.r.log.Error("the game failed while its room was copied", "room", f.e.id, "panic", v, "stack", string(debug.Stack()))
			err = &replication.Refusal{Code: replication.RefuseGame, Text: fmt.Sprintf("the game failed: %v", v)}
		}
		if errors.Is(err, errOver) {
			err = f.r.superseded(f)
		} else if err != nil { // the leader goes on without it
			f.r.drop(f)
		}
	}()
	fresh, err := game.NewCopy(f.game, f.e.options, f.older, tick, public, secret)
	if err != nil {
		return &replication.Refusal{Code: replication.RefuseGame, Text: err.Error()}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.over {
		return errOver // of no interest to anybody: another stream or role took its place
	}
	f.copy, f.unfed = fresh, time.Time{}
	f.at.Store(uint32(tick))
	return nil
}

// Tick implements replication.Copy. In steady state it does not allocate.
func (f *follower) Tick(tick proto.Tick, public, secret []byte) error {
	f.mu.Lock()
	err := errOver
	if !f.over && f.copy != nil {
		err = f.apply(tick, public, secret)
	}
	f.mu.Unlock()
	if errors.Is(err, errOver) {
		err = f.r.superseded(f)
	} else if err != nil { // the leader goes on without it
		f.r.drop(f)
	}
	return err
}

// superseded says what took the place of a copy that is over.
func (r *Registry) superseded(f *follower) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	refusal := &replication.Refusal{Code: replication.RefuseEpoch, Text: errOver.Error()}
	e := r.rooms[f.e.id]
	switch t, left := r.trail(f.e.id); {
	case e.role() == leading:
		refusal.Epoch, refusal.Leader = e.epoch(), r.self
	case e.role() == following:
		refusal.Epoch, refusal.Leader = e.epoch(), e.following.leader
	case left:
		refusal.Epoch, refusal.Leader = t.epoch, t.server
	}
	if refusal.Leader == "" || !f.epoch.Less(refusal.Epoch) {
		return errOver
	}
	return refusal
}

// apply brings the copy to tick. Called with f.mu held.
func (f *follower) apply(tick proto.Tick, public, secret []byte) error {
	err := f.copy.Store().ApplyDelta(tick, public)
	if err == nil {
		err = f.copy.Store().ApplySecretDelta(secret)
	}
	if err != nil {
		return fmt.Errorf("tick %d: %w", tick, err)
	}
	f.at.Store(uint32(tick))
	return nil
}

// Final implements replication.Copy: this server leads from here on.
func (f *follower) Final(last replication.FinalTick) {
	begun := time.Now()
	f.mu.Lock()
	err, takes := errOver, false
	if !f.over && f.copy != nil {
		err, takes = f.apply(last.Tick, last.Public, last.Secret), f.copy.TakesInputs()
	}
	f.mu.Unlock()
	if err == nil {
		s := room.Spec{Epoch: last.Epoch, Due: max(time.Nanosecond, last.Due)}
		if !takes {
			last.Pending = nil // their clients send them again
		}
		for _, p := range last.Pending {
			p.Input.Samples = bytes.Clone(p.Input.Samples) // the link's buffer holds the next record by the time of the first tick
			s.Pending = append(s.Pending, p)
		}
		err = f.r.takeOver(f, s, last.Others, last.Stay)
	}
	if err != nil {
		f.r.log.Error("a room that was handed over cannot be led here", "room", f.e.id, "from", f.leader, "error", err)
		f.r.drop(f)
		f.back.Refuse(replication.Refusal{Code: replication.RefuseOther, Text: err.Error()})
		return
	}
	f.back.Took(last.Epoch)
	f.r.log.Info("room taken over from its leader", "room", f.e.id, "from", f.leader, "epoch", last.Epoch, "took", time.Since(begun))
}

// Stop implements replication.Copy.
func (f *follower) Stop(reason string) {
	f.r.log.Debug("a copy is not needed any more", "room", f.e.id, "leader", f.leader, "reason", reason)
	f.r.drop(f)
}

// Lost implements replication.Copy.
func (f *follower) Lost(err error) {
	r := f.r
	r.mu.Lock()
	defer r.mu.Unlock()
	if f.current() {
		f.lost = time.Now()
		f.starve()
		r.doubt(f.e)
	}
}

// current reports whether f is what this server has of its room. Called with Registry.mu held.
func (f *follower) current() bool { return f.r.rooms[f.e.id] == f.e && f.e.following == f }

// drop forgets a copy.
func (r *Registry) drop(f *follower) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if f.current() {
		r.abandon(f)
	}
	f.take()
}

// abandon forgets a copy that is current. Those who wait there are sent to its leader. Called with mu held.
func (r *Registry) abandon(f *follower) { r.abandonFor(f, f.leader, f.epoch) }

// abandonFor is abandon where server leads the room now, in epoch.
func (r *Registry) abandonFor(f *follower, server string, epoch proto.Epoch) {
	f.take()
	r.remove(f.e)
	r.leave(f.e.id, server, epoch)
	f.waiting.end(r.moved(server, f.e.id, epoch))
	f.waiting = nil
}
