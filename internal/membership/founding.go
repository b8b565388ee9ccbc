package membership

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/hashicorp/memberlist"
)

// A process that starts has no quorum. It joins a part that has it (state.go), or founds the fleet: together with others
// that start, once it has reached a majority, itself included, of the addresses that its seeds name. A starting process that it only heard
// of does not count, because that one may have met members of a fleet. Beside members that know a configuration it does not found: it
// waits until those have the quorum.
const (
	// stableTime is for how long the names among the seeds must resolve to the same addresses.
	stableTime = time.Second
	// aloneTime is for how long they must do so if this process has met nobody else: a headless service names only the first
	// pod at the beginning, and another one may be about to appear.
	aloneTime = 15 * time.Second
)

// founding is what is known of the addresses of the seeds.
type founding struct {
	mu    sync.Mutex
	seeds map[string]seedState
}

type seedState struct {
	named     bool
	addresses []netip.AddrPort
	own       []bool // is this process's address
	met       []bool // a member took part in a join there just now
	absent    []bool // on loopback, and refused: this machine's kernel says that no process is there
	since     time.Time
}

// note takes over the outcome of looking at one seed. s is nil if it has no addresses for now.
func (f *founding) note(seed string, s *seedState, now time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if s == nil {
		delete(f.seeds, seed)
		return
	}
	s.since = now
	if old, ok := f.seeds[seed]; ok && slices.Equal(old.addresses, s.addresses) {
		s.since = old.since
	}
	f.seeds[seed] = *s
}

// majority reports whether this process may found a fleet of those it has met; alone: it has met nobody.
func (f *founding) majority(seeds []string, alone bool, reaches func(netip.AddrPort) bool, now time.Time) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	met, absent := make(map[netip.AddrPort]bool), make(map[netip.AddrPort]bool)
	self := 0
	for _, seed := range seeds {
		s, ok := f.seeds[seed]
		if !ok || s.named && now.Sub(s.since) < stableTime || s.named && alone && now.Sub(s.since) < aloneTime {
			return false
		}
		for i, a := range s.addresses {
			switch {
			case s.own[i]:
				self = 1 // though it may have several
			case s.absent[i]:
				absent[a] = true
			default:
				met[a] = met[a] || s.met[i] || reaches(a)
			}
		}
	}
	yes := self
	for _, m := range met {
		if m {
			yes++
		}
	}
	total := self + len(met)
	return 2*yes > total || total == 0 && len(absent) > 0
}

// settle founds the fleet, or asks a member that has the quorum for its state, while this process is not admitted.
func (g *Gossip) settle() {
	quorumAt, starters, alone := g.candidates()
	if starters && g.founding.majority(g.seeds, alone, g.reaches, time.Now()) {
		before := g.View()
		if !g.found() {
			return // another seed's goroutine was first
		}
		g.logger.Info("fleet founded", "members", len(before.Members))
		g.tellChanges()
		signal(g.losses) // a round of probes gives the quorum
	}
	if quorumAt.IsValid() {
		select {
		case g.admissions <- quorumAt:
		default: // one is asked already
		}
	}
}

// candidates says whom a process that is not admitted may turn to: a member with the quorum, or, if all present ones are
// starting too, these.
func (r *roster) candidates() (quorumAt netip.AddrPort, starters, alone bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.admitted {
		return quorumAt, false, false
	}
	starters, alone = true, true
	for _, o := range r.others {
		if o.reason != "" || o.suspected {
			continue
		}
		alone, starters = false, starters && o.Standing == Starting
		if o.Standing == HasQuorum && o.answer == answering {
			quorumAt = o.gossip
		}
	}
	return quorumAt, starters, alone
}

// found admits this process and those it has met. It reports whether this call did it.
func (r *roster) found() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.admitted {
		return false
	}
	r.admitted, r.probation = true, time.Time{}
	alone := true
	for node, o := range r.others {
		if o.reason == "" {
			o.probation, alone = time.Time{}, false
			r.others[node] = o
		}
	}
	r.stable = true
	r.refreshLocked(alone)
	return true
}

// join joins the addresses of one seed that are not known, all at once, since an address that does not answer takes
// memberlist's TCPTimeout.
func (g *Gossip) join(ctx context.Context, list *memberlist.Memberlist, seed string) error {
	addresses, named, err := lookup(ctx, seed)
	if err != nil {
		g.founding.note(seed, nil, time.Now())
		return err
	}
	n := len(addresses)
	s := seedState{named: named, addresses: addresses, own: make([]bool, n), met: make([]bool, n), absent: make([]bool, n)}
	errs := make([]error, n)
	var wg sync.WaitGroup
	for i, address := range addresses {
		if g.own(address) || g.gossipsAt(address) {
			s.own[i] = g.own(address)
			g.joined.Store(true)
			continue
		}
		wg.Go(func() {
			if _, errs[i] = list.Join([]string{address.String()}); errs[i] == nil {
				s.met[i] = true
				g.joined.Store(true)
			} else if address.Addr().IsLoopback() {
				c := check{other: other{gossip: address}}
				g.dial(ctx, &c, probeTimeout)
				s.absent[i] = c.answer == ended
			}
		})
	}
	wg.Wait()
	g.founding.note(seed, &s, time.Now())
	return errors.Join(errs...)
}

// admissionInterval is the minimum interval between two requests for admission. An answer is a change, after which a process that
// is still not admitted asks again.
const admissionInterval = 250 * time.Millisecond

// askAdmission exchanges the state with members that have the quorum.
func (g *Gossip) askAdmission(ctx context.Context, list *memberlist.Memberlist) {
	for {
		select {
		case <-ctx.Done():
			return
		case at := <-g.admissions:
			if _, err := list.Join([]string{at.String()}); err != nil {
				g.logger.Debug("gossip: cannot exchange the state with a member", "address", at, "error", err)
			}
			select {
			case <-ctx.Done():
				return
			case <-time.After(admissionInterval):
			}
		}
	}
}
