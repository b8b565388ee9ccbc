package registry

import (
	"errors"
	"log/slog"
	"slices"
	"sync/atomic"
	"time"

	"github.com/ringside-go/ringside/gameserver/internal/replication"
	"github.com/ringside-go/ringside/internal/membership"
	"github.com/ringside-go/ringside/proto"
)

const (
	// refollowTime is how long a standby whose link broke is left alone before it is dialled again, at first; it doubles
	// up to maxRefollow.
	refollowTime = 25 * time.Millisecond
	maxRefollow  = 2 * time.Second
	// avoidTime is how long a server that does not follow a room is not asked again; avoidBusy, if that may soon change.
	avoidTime = 30 * time.Second
	avoidBusy = time.Second
	// replaceTime is how long a standby may be without a stream before another server is asked to stand by as well. With the
	// time in which silence is noticed the room has a second standby within about a second.
	replaceTime = 300 * time.Millisecond
	// detachTime is how long outcomes wait for a standby that has fallen silent, and that cannot be
	// reached: its lease is over then, see leaseTime. It is below game.OutcomeKeep.
	detachTime = 8 * time.Second
)

// feed is the leader's end of one standby: room.Standby for the room, replication.FeedEvents for the link. When the link is lost a
// new feed takes its place, under the same id, so that outcomes go on waiting for the standby.
type feed struct {
	r      *Registry
	e      *entry
	l      *leader
	id     int
	server string
	caught atomic.Bool // the standby has acknowledged something
	stay   bool        // a room that is handed over stays there; set before the room hears of the handoff

	// Guarded by Registry.mu, but for out, which is set before the room or Registry.feeds sees the feed.
	out       Feed
	dismissed bool      // it was told that it is not needed
	lost      bool      // the link broke, or there is none
	silent    time.Time // when the standby was first lost; zero: it was not, since it last acknowledged something
	tries     int       // since something was acknowledged
	retry     time.Time // when lost: when to follow again
}

// attach makes server a standby of e. Called with mu held.
func (r *Registry) attach(e *entry, server string) *feed {
	l := e.leading
	f := &feed{r: r, e: e, l: l, id: l.ids, server: server}
	l.ids++
	l.feeds = append(l.feeds, f)
	r.follow(f)
	return f
}

// follow opens f's stream. Called with mu held.
func (r *Registry) follow(f *feed) {
	f.out = r.links.Follow(f.server, address(r.members.View(), f.server), replication.Open{Room: f.e.id, Game: f.e.game, Options: f.e.options,
		Schema: r.games[f.e.game].schema, Epoch: f.l.epoch, Boot: r.boot, Others: f.others()}, f)
	_ = f.l.room.QueueFollow(f.id, f) // an ended room needs no standby
}

// tendFeeds follows again where a link was lost, chooses standbys where placement has changed, and dismisses those that
// are not needed once the others have caught up. Called with mu held.
func (r *Registry) tendFeeds(e *entry, view *membership.View, now time.Time) {
	l := e.leading
	if r.frozen || l.still || l.handed() {
		return
	}
	for s, until := range l.avoid {
		if !now.Before(until) {
			delete(l.avoid, s)
		}
	}
	for _, f := range slices.Clone(l.feeds) {
		switch {
		case !f.lost:
		case now.Sub(f.silent) >= detachTime:
			l.avoid[f.server] = now.Add(avoidTime)
			r.detach(f)
		case !now.Before(f.retry):
			next := &feed{r: r, e: e, l: l, id: f.id, server: f.server, silent: f.silent, tries: f.tries + 1}
			l.feeds[slices.Index(l.feeds, f)] = next
			r.follow(next)
		}
	}
	want, ready := r.candidates(e, l, view, r.standbys, now), true
	for _, s := range want {
		f := l.feed(s)
		if f == nil {
			f = r.attach(e, s)
		}
		ready = ready && f.caught.Load() && !f.lost
	}
	if !ready {
		return
	}
	for _, f := range slices.Clone(l.feeds) {
		// One that cannot be told is waited for, or it might go on from what it has.
		if !f.lost && !f.dismissed && !slices.Contains(want, f.server) && (l.move == nil || l.move.to != f.server) {
			f.dismiss("another server stands by")
		}
	}
}

// absent reports whether the standby has been without a stream for replaceTime. It stays in leader.feeds, so that outcomes
// wait for it until its lease is over; but it does not count as a standby.
func (f *feed) absent(now time.Time) bool {
	return f != nil && (f.lost || !f.caught.Load()) && !f.silent.IsZero() && now.Sub(f.silent) >= replaceTime
}

// feed gives the standby on server.
func (l *leader) feed(server string) *feed {
	for _, f := range l.feeds {
		if f.server == server {
			return f
		}
	}
	return nil
}

// detach makes outcomes wait for f no longer. Called with mu held.
func (r *Registry) detach(f *feed) {
	f.l.feeds = slices.DeleteFunc(f.l.feeds, func(o *feed) bool { return o == f })
	_ = f.l.room.QueueUnfollow(f.id) // an ended room waits for nobody
}

// others are the servers that may have a copy besides. Called with Registry.mu held.
func (f *feed) others() (names []string) {
	for _, o := range f.l.feeds {
		if o.server != f.server {
			names = append(names, o.server)
		}
	}
	return names
}

// dismiss tells the standby that it is not needed; outcomes wait until it says that it has no copy. Called with Registry.mu
// held.
func (f *feed) dismiss(why string) {
	f.dismissed = true
	f.out.Dismiss(why)
}

// end tells the standby that it is not needed. Called with Registry.mu held.
func (f *feed) end(why string) {
	if !f.lost {
		f.out.Stop(why)
	}
}

// QueueKeyframe, QueueTick and QueueFinal are room.Standby's.
func (f *feed) QueueKeyframe(tick proto.Tick, public, secret []byte) bool {
	return f.out.QueueKeyframe(tick, public, secret)
}

func (f *feed) QueueTick(tick proto.Tick, public, secret []byte) bool {
	return f.out.QueueTick(tick, public, secret)
}

func (f *feed) QueueFinal(last replication.FinalTick) bool {
	f.r.mu.Lock()
	others := f.others()
	f.r.mu.Unlock()
	last.Stay, last.Others = f.stay, others
	return f.out.QueueFinal(last)
}

// Acked, Ready, Took, Refused and Lost are replication.FeedEvents'.
func (f *feed) Acked(tick proto.Tick) {
	f.l.room.Acked(f.id, tick)
	if !f.caught.Swap(true) {
		f.r.wake()
	}
}

func (f *feed) Ready(waiting int) { f.l.room.Ready(f.id, waiting) }

func (f *feed) Took(epoch proto.Epoch) {
	f.r.mu.Lock()
	defer f.r.mu.Unlock()
	if f.current() {
		f.r.took(f.e, f.server, epoch)
	}
}

// Refused hears that the standby has nothing of the room, or that it knows a higher epoch.
func (f *feed) Refused(p replication.Refusal) {
	r := f.r
	r.mu.Lock()
	defer r.mu.Unlock()
	if !f.current() {
		return
	}
	level := slog.LevelInfo
	if p.Code == replication.RefuseStopped || p.Code == replication.RefuseVersion { // it was asked to; unfit says it once for all rooms
		level = slog.LevelDebug
	}
	r.log.Log(r.ctx, level, "a server does not stand by", "room", f.e.id, "peer", f.server, "code", p.Code, "error", p.Text)
	f.lost = true
	switch {
	case p.Code == replication.RefuseEpoch && f.l.handedTo(f.server) && !p.Epoch.Less(f.l.move.offered):
		r.took(f.e, p.Leader, p.Epoch)
		return
	case p.Code == replication.RefuseEpoch && f.l.epoch.Less(p.Epoch):
		r.giveUp(f.e, p.Leader, p.Epoch)
		return
	case f.l.handedTo(f.server):
		r.examineMove(f.e)
		return
	case p.Code == replication.RefuseEpoch, p.Code == replication.RefuseOther: // it may have a copy, or lead: the next try tells
		f.delay()
		return
	case p.Code == replication.RefuseStopped:
	case p.Code == replication.RefuseVersion:
		r.unfit(f.e.game, f.server, p.Text)
	case p.Code == replication.RefuseBusy, p.Code == replication.RefuseDraining: // gossip tells soon, or the drain is taken back
		f.l.avoid[f.server] = time.Now().Add(avoidBusy)
	default:
		f.l.avoid[f.server] = time.Now().Add(avoidTime)
	}
	r.detach(f)
	r.wake()
}

// delay makes the next try come later than the last. Called with Registry.mu held.
func (f *feed) delay() {
	if f.caught.Load() || f.silent.IsZero() {
		f.tries, f.silent = 0, time.Now()
	}
	f.retry = time.Now().Add(min(maxRefollow, refollowTime<<min(f.tries, 10)))
	time.AfterFunc(time.Until(f.retry), f.r.wake)
}

// Lost hears that there is no link. A standby whose process is gone is none any more; another one that cannot be reached
// may be alive, so outcomes go on waiting for it.
func (f *feed) Lost(err error) {
	r := f.r
	r.mu.Lock()
	defer r.mu.Unlock()
	if !f.current() || errors.Is(err, replication.ErrStopped) {
		return
	}
	f.lost = true
	f.delay()
	switch {
	case f.l.handedTo(f.server):
		r.examineMove(f.e)
	case errors.Is(err, replication.ErrRefused): // another process is there
		f.l.avoid[f.server] = time.Now().Add(avoidTime)
		r.detach(f)
		r.wake()
	case errors.Is(err, replication.ErrGone):
		f.l.avoid[f.server] = time.Now().Add(avoidBusy)
		r.detach(f)
		r.wake()
	default:
		if f.l.move != nil && f.l.move.to == f.server {
			_ = f.l.room.QueueCallOff() // an ended room goes nowhere
		}
	}
}

// current reports whether f is still the feed of a room that is led here. Called with Registry.mu held.
func (f *feed) current() bool {
	return f.r.rooms[f.e.id] == f.e && f.e.leading == f.l && slices.Contains(f.l.feeds, f)
}
