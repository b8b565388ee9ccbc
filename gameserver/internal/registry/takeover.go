package registry

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/ringside-go/ringside/gameserver/internal/replication"
	"github.com/ringside-go/ringside/gameserver/internal/room"
	"github.com/ringside-go/ringside/internal/membership"
)

const (
	// orphanTime is how long a copy whose leader lives is kept without a stream: a leader that still wants it dials again
	// within maxRefollow.
	orphanTime = 10 * time.Second
	// resetPause is how long after a leader's link was reset it is asked again: the socket of a process that was killed may
	// still take a connection for some milliseconds, and refuses the next. For resetTime; then it is like any silence.
	resetPause = 10 * time.Millisecond
	resetTime  = time.Second
	// heirTime is how long a copy waits for another one that goes before it.
	heirTime = time.Second
)

// tendCopy sees to a copy whose leader has left the view, and drops one that nobody feeds. Called with mu held.
func (r *Registry) tendCopy(e *entry, view *membership.View, now time.Time) {
	f := e.following
	if r.orphaned(f, view) || !f.lost.IsZero() && now.Sub(f.lost) >= orphanTime {
		r.doubt(e)
	}
}

// orphaned reports whether membership has lost the leader of a copy whose stream is broken, or knows nothing of it long
// after that: it may have been faster than gossip.
// Called with mu held.
func (r *Registry) orphaned(f *follower, view *membership.View) bool {
	_, gone := view.FindGone(membership.ServerName(f.leader))
	return !f.lost.IsZero() && (gone || lost(view, f.leader) && time.Since(f.lost) >= orphanTime)
}

// doubt has somebody ask what has become of a copy's leader. Called with mu held.
func (r *Registry) doubt(e *entry) {
	if f := e.following; !f.doubting && !r.stopped {
		f.doubting = true
		r.task(func() { r.investigate(e, f) })
	}
}

// investigate asks the others about the leader of a copy until that is known to live, or this server or another one has
// taken over.
func (r *Registry) investigate(e *entry, f *follower) {
	begun := time.Now()
	for {
		changed := r.members.Changed()
		r.mu.Lock()
		floor := f.epoch
		r.mu.Unlock()
		replies := r.ask(e.id, floor)
		settled, again := r.judgeLeader(e, f, begun, replies)
		if settled || !r.pause(again, changed) {
			return
		}
	}
}

// judgeLeader acts on the replies and reports whether that settled it, and if not, when to ask again.
func (r *Registry) judgeLeader(e *entry, f *follower, begun time.Time, replies []reply) (settled bool, again time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !f.current() {
		return true, 0
	}
	view := r.members.View()
	c := copied{self: r.self, room: e.id, leader: f.leader, epoch: f.epoch, tick: f.tick(),
		lost: r.orphaned(f, view), quorum: r.sure(view)}
	what, other := inherit(c, replies)
	if what == otherHeir && time.Since(begun) >= heirTime {
		what = heir // it had its time
	}
	switch what {
	case lives:
		f.doubting = false
		f.waiting = f.waiting.sendOn(r.moved(other.Leader, e.id, other.Epoch))
		switch {
		case other.Leader != f.leader, !other.Standby, !f.lost.IsZero() && time.Since(f.lost) >= orphanTime:
			r.abandonFor(f, other.Leader, other.Epoch) // a copy serves those only who count on it
		case f.epoch.Less(other.Epoch):
			f.epoch = other.Epoch
		}
		return true, 0
	case otherHeir:
		return false, graceTime
	case silence:
		if time.Since(begun) < resetTime && reset(replies, f.leader) {
			return false, resetPause
		}
		return false, claimTimeout / 2
	}
	if what == outdated {
		r.log.Info("a copy is not needed any more: the room went on without it, or has ended", "room", e.id, "leader", f.leader)
		r.abandon(f)
		return true, 0
	}
	if f.expired() {
		r.log.Error("a room's leader is gone, and this copy of it is too old to go on from", "room", e.id, "leader", f.leader,
			"epoch", f.epoch, "tick", f.tick())
		r.abandon(f)
		return true, 0
	}
	err := r.takeOverLocked(f, room.Spec{Epoch: f.waiting.above(f.epoch, r.self)}, begun)
	if errors.Is(err, errNoCopy) {
		r.log.Warn("a room's leader is gone before its standby had it", "room", e.id, "leader", f.leader)
		r.abandon(f)
		return true, 0
	}
	if err != nil {
		r.log.Error("a room whose leader is gone cannot be taken over yet", "room", e.id, "leader", f.leader, "error", err)
		return false, claimTimeout
	}
	return true, 0
}

// reset reports whether the link to server broke when it was asked.
func reset(replies []reply, server string) bool {
	return slices.ContainsFunc(replies, func(r reply) bool { return r.server == server && errors.Is(r.err, replication.ErrBroken) })
}

var errFenced = errors.New("its leader has asked since what became of it")

var errNoCopy = errors.New("there is no copy of the room yet")

// takeOver makes this server the leader of a room that it has a copy of, as s says (Epoch; of a handoff Due and Pending).
// others may have a copy too. stay: somebody asked for it to be here.
func (r *Registry) takeOver(f *follower, s room.Spec, others []string, stay bool) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !f.current() {
		return errOver
	}
	if f.fenced {
		return errFenced
	}
	f.others = others
	if err := r.takeOverLocked(f, s, time.Time{}); err != nil {
		return err
	}
	if stay {
		f.e.leading.pinned = r.members.View().Placement()
	}
	return nil
}

// takeOverLocked is takeOver with mu held. lost is when the leader was found to be lost; zero for a handoff. On an error
// the copy is still there, unless there was none.
func (r *Registry) takeOverLocked(f *follower, s room.Spec, lost time.Time) error {
	e := f.e
	if r.stopped {
		return fmt.Errorf("take over room %s: %w", e.id, room.ErrStopped)
	}
	had, _ := f.take()
	if had == nil {
		return errNoCopy
	}
	s.Resumed = true
	s.Enter = func(led *room.Room) { f.waiting.enter(led); f.waiting = nil }
	from := f.leader
	var err error
	if s.Sim, err = had.Simulation(); err == nil {
		err = r.lead(e, s, append(f.others, from)...)
	}
	if err != nil {
		f.mu.Lock()
		f.copy, f.over = had, false
		f.mu.Unlock()
		return err
	}
	if lost.IsZero() {
		return nil
	}
	// Should it live after all, it must not take the end of its stream for that of the copy.
	f.back.Refuse(replication.Refusal{Code: replication.RefuseEpoch, Epoch: s.Epoch, Leader: r.self, Text: "it leads the room itself"})
	e.leading.unsure = time.Now()
	e.leading.moveAt = time.Now().Add(settleTime) // not back to a home that is lost, and that gossip has not missed yet
	took := time.Since(lost)
	r.metrics.Moves.WithLabelValues("failover", "done").Inc()
	r.metrics.MoveTime.WithLabelValues("failover").Observe(took.Seconds())
	r.log.Warn("room taken over: its leader is gone", "room", e.id, "leader", from, "epoch", s.Epoch, "tick", f.tick(), "took", took)
	r.history.add(Event{Kind: EventFailover, Room: e.id, From: from, To: r.self, Why: "leader lost", Epoch: s.Epoch, Took: took})
	r.wake()
	return nil
}
