package membership

import (
	"net/netip"
	"sync"
	"sync/atomic"
	"time"
)

// roster holds what is known of all members and makes views of it. Its methods may be called from any goroutine and
// do not block.
type roster struct {
	view atomic.Pointer[View]

	mu      sync.Mutex
	self    Member
	trial   time.Time        // of self: since when it is on trial; zero: it counts for the quorum
	met     time.Time        // when the first of the others was seen
	others  map[string]other // by memberlist's node name, which is unlike for each boot
	denied  bool             // no quorum, whatever the members: Static's
	calm    bool             // the last sounding would do for the quorum
	changed chan struct{}    // closed and replaced with each new view
}

// start begins with self alone, on trial since trial, or not at all where that is zero.
func (r *roster) start(self Member, trial time.Time) {
	r.self, r.trial, r.others, r.changed = self, trial, make(map[string]other), make(chan struct{})
	now := time.Now()
	r.view.Store((*View)(nil).next(now, callRoll(r.own(), nil, now)))
}

func (r *roster) own() other { return other{Member: r.self, trial: r.trial} }

// View returns the present view.
func (r *roster) View() *View { return r.view.Load() }

// Quorum implements Source.
func (r *roster) Quorum() bool { return r.View().Quorum }

// Changed implements Source.
func (r *roster) Changed() <-chan struct{} {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.changed
}

// gossipsAt reports whether a member gossips at address.
func (r *roster) gossipsAt(address netip.AddrPort) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, o := range r.others {
		if o.gossip == address && o.reason == "" && !o.doubted {
			return true
		}
	}
	return false
}

// put, doubt and drop change what is known; a later refresh makes it visible.

// put notes what a live member says of itself.
func (r *roster) put(node string, m Member, gossip netip.AddrPort) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := time.Now()
	o := other{Member: m, gossip: gossip}
	if last, known := r.others[node]; known {
		o.met, o.trial, o.roundTrip = last.met, last.trial, last.roundTrip
	} else {
		r.meet(&o, now)
	}
	if m.State == left {
		o.reason, o.since = Left, now
	}
	r.others[node] = o
}

// doubt notes that gossip has lost a member, and reports whether that needs a sounding.
func (r *roster) doubt(node string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	o, ok := r.others[node]
	if !ok || o.reason != "" || o.doubted {
		return false
	}
	o.doubted, o.since = true, time.Now()
	r.others[node] = o
	return true
}

// drop forgets a member that is none of this fleet's version.
func (r *roster) drop(node string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.others, node)
}

// refresh makes a new view if one is due.
func (r *roster) refresh() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.refreshLocked(false)
}

// refreshLocked makes a new view if one is due, and reports whether the members that are there would do for the quorum.
// It wins a lost one back only if settled.
func (r *roster) refreshLocked(settled bool) (would bool) {
	now := time.Now()
	known := make([]other, 0, len(r.others))
	for node, o := range r.others {
		if o.reason != "" && now.Sub(o.since) >= memory {
			delete(r.others, node)
			continue
		}
		known = append(known, o)
	}
	c := callRoll(r.own(), known, now)
	would = c.quorum && !r.denied
	old := r.view.Load()
	c.quorum = would && (old.Quorum || settled)
	r.try(now, c.quorum)
	if next := old.next(now, c); next != old {
		r.view.Store(next)
		close(r.changed)
		r.changed = make(chan struct{})
	}
	return would
}

// update lets f change self's state, weight and start of service, and reports whether it did. Other changes are ignored, and
// so is a state or weight that is not valid. The view has the change when update returns.
func (r *roster) update(f func(*Member)) (changed bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	next := r.self
	f(&next)
	old := r.self
	r.self.Since = next.Since.Truncate(time.Millisecond)
	if next.State.validate() == nil {
		r.self.State = next.State
	}
	if checkWeight(next.Weight) == nil {
		r.self.Weight = next.Weight
	}
	if same(old, r.self) {
		return false
	}
	r.refreshLocked(false)
	return true
}
