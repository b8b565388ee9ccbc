package membership

import (
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/memberlist"
)

// roster holds what is known of all members and makes views of it. Its methods may be called from any goroutine and
// do not block.
type roster struct {
	view   atomic.Pointer[View]
	spread chan struct{} // one place: the state is to be sent to all members
	memory time.Duration // the constant, but for tests

	mu        sync.Mutex
	self      Member
	admitted  bool                  // this process has founded the fleet, or joined a part that has the quorum
	joining   bool                  // it has been admitted, would have the quorum, and has not had it yet
	probation time.Time             // of self: since when; zero: it counts for the quorum
	firstMet  time.Time             // when the first of the others was seen
	others    map[string]other      // by memberlist's node name, which differs for each boot
	suspects  map[string]bool       // nodes to be probed at once
	forgotten map[ServerName]string // boots of the members that were forgotten
	told      Standing              // the last standing that standingChanged saw
	warned    time.Time             // of a member that is not seen
	denied    bool                  // no quorum, whatever the members: Static's
	stable    bool                  // the last round of probes would do for the quorum
	changed   chan struct{}         // closed and replaced with each new view
}

// start begins with self alone. If it is not admitted yet, it is on probation.
func (r *roster) start(self Member, admitted bool) {
	r.self, r.admitted, r.memory = self, admitted, memory
	r.others, r.suspects, r.forgotten = make(map[string]other), make(map[string]bool), make(map[ServerName]string)
	r.changed, r.spread = make(chan struct{}), make(chan struct{}, 1)
	now := time.Now()
	if !admitted {
		r.probation = now
	}
	s := newSnapshot(r.own(), nil, now)
	s.quorum = admitted
	r.view.Store((*View)(nil).next(now, s))
}

func (r *roster) own() other { return other{Member: r.self, probation: r.probation} }

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

// standing is what this process says of its quorum. A process on probation does not call itself cut off: newcomers would
// wait for each other. Called with mu held.
func (r *roster) standing() Standing {
	switch {
	case r.View().Quorum:
		return HasQuorum
	case !r.admitted, !r.probation.IsZero():
		return Starting
	case r.joining:
		return Joined
	}
	return CutOff
}

// standingChanged reports whether the standing is another one than at the last call.
func (r *roster) standingChanged() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	last := r.told
	r.told = r.standing()
	return r.told != last
}

// presentNodes are the members that gossip sees.
func (r *roster) presentNodes() (nodes []*memberlist.Node) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for node, o := range r.others {
		if o.reason == "" && !o.lost {
			nodes = append(nodes, gossipNode(node, o))
		}
	}
	return nodes
}

// gossipsAt reports whether a member gossips at address.
func (r *roster) gossipsAt(address netip.AddrPort) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, o := range r.others {
		if o.gossip == address && o.reason == "" && !o.suspected {
			return true
		}
	}
	return false
}

// reaches reports whether a member that gossips at address answers this process.
func (r *roster) reaches(address netip.AddrPort) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, o := range r.others {
		if o.gossip == address && o.reason == "" && !o.suspected && o.reached && o.answer == answering {
			return true
		}
	}
	return false
}

// put, acked, suspect and drop change what is known; a later refresh makes it visible.

// put notes what a live member says of itself.
func (r *roster) put(node string, m Member, gossip netip.AddrPort) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := time.Now()
	o, known := r.others[node]
	if known && o.reason.proven() {
		return // old news
	}
	o.Member, o.gossip = m, gossip
	switch {
	case !known:
		r.meet(&o, now)
		if r.forgotten[m.Name] != m.Boot {
			delete(r.forgotten, m.Name)
		}
	case o.lost:
		o.lost, o.suspected, o.reason, o.answer, o.reached, o.counted = false, false, "", answering, false, time.Time{}
	}
	if m.State == left {
		o.reason, o.since = Left, now
	}
	r.others[node] = o
}

// pinged notes that a member has answered a ping of gossip.
func (r *roster) pinged(node string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if o, ok := r.others[node]; ok {
		o.acked = time.Now()
		r.others[node] = o
	}
}

// lose notes that gossip has lost a member, and reports whether the members are to be probed.
func (r *roster) lose(node string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	o, ok := r.others[node]
	if !ok {
		return false
	}
	news := o.reason == "" && !o.suspected
	o.lost = true
	if news {
		o.suspected, o.since = true, time.Now()
	}
	r.others[node] = o
	return news
}

// drop deletes a member that is not of this fleet's version.
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

// refreshLocked makes a new view if one is due, and reports whether the present members would do for the quorum. It
// regains a lost quorum only if settled.
func (r *roster) refreshLocked(settled bool) (would bool) {
	now := time.Now()
	known := make([]other, 0, len(r.others))
	for node, o := range r.others {
		if o.reason.proven() && now.Sub(o.since) >= r.memory {
			delete(r.others, node)
			continue
		}
		if o.missing() && !o.counted.IsZero() && now.Sub(o.counted) >= r.memory {
			r.forgetLocked(o.Name)
			continue
		}
		known = append(known, o)
	}
	s := newSnapshot(r.own(), known, now)
	would = s.quorum && !r.denied
	if !would && !r.probation.IsZero() {
		r.admitted = false // whoever is on probation depends on the others
	}
	old := r.view.Load()
	s.quorum = would && r.admitted && (old.Quorum || settled)
	r.joining = r.joining && would && !s.quorum
	r.advanceProbation(now, s.quorum)
	r.count(now, s.quorum)
	if next := old.next(now, s); next != old {
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
