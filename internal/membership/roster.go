package membership

import (
	"net/netip"
	"sync"
	"sync/atomic"
	"time"
)

// other is a member that is not this process.
type other struct {
	Member
	gossip netip.AddrPort // where it gossips
}

// roster holds what is known of all members and makes views of it. Its methods may be called from any goroutine and
// do not block.
type roster struct {
	view atomic.Pointer[View]

	mu      sync.Mutex
	self    Member
	others  map[string]other // by memberlist's node name, which is unlike for each boot
	changed chan struct{}    // closed and replaced with each new view
}

func (r *roster) start(self Member) {
	r.self, r.others, r.changed = self, make(map[string]other), make(chan struct{})
	r.view.Store((*View)(nil).next(time.Now(), self, nil))
}

// View returns the present view.
func (r *roster) View() *View { return r.view.Load() }

// Changed implements Source.
func (r *roster) Changed() <-chan struct{} {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.changed
}

// gossipsAt reports whether a known member gossips at address.
func (r *roster) gossipsAt(address netip.AddrPort) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, o := range r.others {
		if o.gossip == address {
			return true
		}
	}
	return false
}

// put and drop change what is known; a later refresh makes it visible.
func (r *roster) put(node string, o other) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.others[node] = o
}

func (r *roster) drop(node string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.others, node)
}

// refresh makes a new view if one is due.
func (r *roster) refresh() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.refreshLocked()
}

func (r *roster) refreshLocked() {
	members := make([]Member, 0, len(r.others)+1)
	for _, o := range r.others {
		members = append(members, o.Member)
	}
	old := r.view.Load()
	if next := old.next(time.Now(), r.self, members); next != old {
		r.view.Store(next)
		close(r.changed)
		r.changed = make(chan struct{})
	}
}

// update lets f change self's state, weight, load and start of service; what else it changes, and a state or weight that
// is not valid, is not taken over. If more than the load changed, the view is made anew at once.
func (r *roster) update(f func(*Member)) (changed, urgent bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	next := r.self
	f(&next)
	old := r.self
	r.self.Load, r.self.Since = next.Load, next.Since.Truncate(time.Millisecond)
	if next.State.validate() == nil {
		r.self.State = next.State
	}
	if checkWeight(next.Weight) == nil {
		r.self.Weight = next.Weight
	}
	changed, urgent = !same(old, r.self), !sameButLoad(old, r.self)
	if urgent {
		r.refreshLocked()
	}
	return changed, urgent
}
