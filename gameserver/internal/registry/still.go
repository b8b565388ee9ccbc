package registry

import (
	"time"

	"github.com/ringside-go/ringside/internal/membership"
	"github.com/ringside-go/ringside/proto"
)

// A led room stands still while this server does not see the majority of the fleet, and after its process had stopped.
// In both cases a standby may have taken over, so before it goes on, all others are asked.

const (
	frozenText = "this server sees too little of the fleet to be sure that it alone leads the room; play goes on when it does again"
	thawedText = "play goes on"
)

const (
	// stallTime without a look around means that this process stood still.
	stallTime = time.Second
	// wakeTime is how long a process that stood still does nothing on the strength of its view: it has joined the seeds again
	// by then, and knows who came and went meanwhile.
	wakeTime = 1500 * time.Millisecond
)

// drowsy reports whether this process stood still a moment ago, so that its view may be an old one. Called with mu held.
func (r *Registry) drowsy(now time.Time) bool {
	return !r.woke.IsZero() && now.Sub(r.woke) < wakeTime || !r.looked.IsZero() && now.Sub(r.looked) >= stallTime
}

// sure reports whether rooms may be made and taken over: this process sees the majority, and is awake. Called with mu held.
func (r *Registry) sure(view *membership.View) bool {
	return !r.frozen && view.Quorum && !r.drowsy(time.Now())
}

// errFrozen refuses clients who would have to wait for the majority.
func errFrozen() error {
	return proto.Refuse(proto.CloseOverloaded, "this server sees too little of the fleet at the moment; ask the router again")
}

// freeze makes all led rooms stand still or, when the majority is seen again, has them examined. Called with mu held.
func (r *Registry) freeze(frozen bool) {
	if frozen == r.frozen {
		if !frozen {
			r.examineAll()
		}
		return
	}
	r.frozen = frozen
	led := 0
	for _, e := range r.rooms {
		if e.role() == leading {
			led++
			if frozen {
				r.freezeRoom(e.leading)
			}
		}
	}
	if frozen {
		r.log.Warn("this server sees too little of the fleet: its rooms stand still", "rooms", led)
		r.history.add(Event{Kind: EventFreeze, Why: "minority"})
		return
	}
	r.log.Info("this server sees the majority of the fleet again", "rooms", led)
	r.history.add(Event{Kind: EventThaw, Why: "majority"})
	r.examineAll()
}

func (r *Registry) freezeRoom(l *leader) {
	l.stand(time.Now())
	_ = l.room.QueueFreeze(true, frozenText) // an ended room stands still
}

// stand makes l ask the others before it goes on; since is when it was last known to lead alone.
func (l *leader) stand(since time.Time) {
	if !l.still {
		l.since = since
	}
	l.still, l.stillAt = true, time.Now()
}

// Stalled is told by the tick workers that this process did not run for gap; the rooms in question are held already, and
// those of the other workers are from here on. It does not block.
func (r *Registry) Stalled(gap time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.woke = time.Now()
	r.log.Warn("this process stood still; its rooms wait until the others have said who leads them", "for", gap)
	for _, e := range r.rooms {
		if e.role() == leading {
			l := e.leading
			l.stand(time.Now().Add(-gap))
			_ = l.room.QueueHold() // an ended room stands still
		} else if e.role() == following {
			e.following.doze(gap)
		}
	}
	r.wake()
}

// examineAll has all rooms examined that stand still. Called with mu held.
func (r *Registry) examineAll() {
	for _, e := range r.rooms {
		if e.role() == leading && e.leading.still && !e.leading.examining {
			l := e.leading
			l.examining = true
			r.task(func() { r.examine(e, l) })
		}
	}
}

// examine asks the others about a room that stands still until it may go on or must be given up.
func (r *Registry) examine(e *entry, l *leader) {
	for {
		changed := r.members.Changed()
		asked := time.Now()
		replies := r.ask(e.id, l.epochNow(r).Next(""))
		if r.judgeStill(e, l, asked, replies) || !r.pause(claimTimeout, changed) {
			return
		}
	}
}

// judgeStill reports whether there is no more to ask.
func (r *Registry) judgeStill(e *entry, l *leader, asked time.Time, replies []reply) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.rooms[e.id] != e || e.leading != l || !l.still || r.frozen {
		l.examining = false
		return true
	}
	if l.stillAt.After(asked) {
		return false
	}
	var standbys []string
	for _, f := range l.feeds {
		standbys = append(standbys, f.server)
	}
	view := r.members.View()
	decision, newer, missed := resume(stood{
		self: r.self, epoch: l.epoch, standbys: standbys, lost: func(s string) bool { return lost(view, s) }, quorum: view.Quorum,
		expired: asked.Sub(l.since) > leaseTime,
	}, replies)
	switch decision {
	case wait:
		return false
	case giveUp:
		l.examining = false
		r.giveUp(e, newer.server, newer.epoch)
		return true
	case stale:
		l.examining = false
		r.lose(e, "it stood still for too long, and a standby that may have gone on with it is gone")
		return true
	}
	if missed {
		l.unsure = time.Now()
		r.raise(e, l.epoch.Counter+1)
		_ = l.room.QueueEpoch(l.epoch) // an ended room has none
	} else {
		r.reopen(e)
	}
	l.still, l.examining = false, false
	_ = l.room.QueueFreeze(false, thawedText)
	_ = l.room.QueueRelease(asked)
	return true
}

// epochNow is l's epoch, which changes under Registry.mu.
func (l *leader) epochNow(r *Registry) proto.Epoch {
	r.mu.Lock()
	defer r.mu.Unlock()
	return l.epoch
}

// outranked looks after a client's word that a later epoch exists than ours: whoever leads in it says so when asked. It
// blocks for claimTimeout at most. The error refuses the client; nil: the room was given up, and where it is can be found
// out now; or it goes on in a later epoch, since the one that the client has seen was that of a server that took over and is lost.
func (r *Registry) outranked(e *entry, l *leader, s Spec) error {
	r.mu.Lock()
	busy := l.doubting
	l.doubting = true
	r.mu.Unlock()
	if busy { // so a liar costs one claim at a time
		return proto.Refuse(proto.CloseOverloaded, "another client is asking already who leads room %s; try again in a moment", s.Room)
	}
	at := locate(r.ask(e.id, s.Seen))
	r.mu.Lock()
	defer r.mu.Unlock()
	l.doubting = false
	if r.rooms[e.id] != e || e.leading != l {
		return nil
	}
	if l.epoch.Less(at.epoch) {
		r.giveUp(e, at.server, at.epoch)
		return nil
	}
	if !at.silent && time.Since(l.unsure) < traceTime {
		r.raise(e, s.Seen.Counter)
		_ = l.room.QueueEpoch(l.epoch) // an ended room has none
		return nil
	}
	r.reopen(e)
	return r.missing(s, at.silent)
}

// believed reports whether a client may have seen epoch seen where ours is what this server has.
func believed(ours, seen proto.Epoch) bool {
	return seen.Instance == ours.Instance && uint64(seen.Counter) <= uint64(ours.Counter)+maxSeen
}

// outranks reports whether a client who saw epoch seen was in a room that this leader's does not go on from: its epoch is
// above ours, or another server's with the same number.
func outranks(seen, ours proto.Epoch) bool {
	return seen.Counter > ours.Counter || seen.Counter == ours.Counter && seen.Server != ours.Server
}
