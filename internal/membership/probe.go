package membership

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"sync"
	"syscall"
	"time"

	"github.com/hashicorp/memberlist"
)

const (
	// probeTimeout is how long a member has to take a connection: several round trips, and short, since the loss of a
	// silent server is acted upon no sooner.
	probeTimeout = 300 * time.Millisecond
	// probeInterval is the longest time between two rounds of probes.
	probeInterval = 250 * time.Millisecond
	// suspectInterval bounds the rounds that follow each other at once, and those that Suspect causes.
	suspectInterval = 20 * time.Millisecond
	// rumourTime is how long a member that takes connections may be called dead by gossip: when a partition has healed, old
	// word of deaths spreads, and those concerned need a tenth of a second to refute it. A member that does not is paused.
	rumourTime = 500 * time.Millisecond
	// returnTime is how long gossip has to make those members again that were missing and take connections now.
	returnTime = 3 * time.Second
	// probesAtOnce bounds the connections of one round. In a larger fleet members are chosen at random; the others keep their
	// last answer.
	probesAtOnce = 64
)

// check is one member to be dialled.
type check struct {
	node   string
	other  other
	answer answer
	took   time.Duration // until it answered
}

// round is one round of probes.
type round struct {
	number     uint64
	everybody  bool
	checks     []check // whose answers are waited for
	background []check // members that have not answered lately: their answers count when they come
	inquiries  map[string]*inquiry
	suspects   map[string]other // those that are inquired about
}

// probe dials one member now and then. It dials all of them while gossip has lost one, one does not answer, or this process
// does not have the quorum. A process that is cut off loses the others one after the other, over seconds; dialling shows it
// at once, before it acts on the first loss. Dialling also tells killed processes from silent ones.
func (g *Gossip) probe(ctx context.Context, list *memberlist.Memberlist) {
	var wg sync.WaitGroup
	defer wg.Wait()
	timer := time.NewTimer(probeInterval)
	defer timer.Stop()
	var last time.Time
	for number := uint64(1); ; number++ {
		lost := false
		select {
		case <-ctx.Done():
			return
		case <-g.losses:
			lost = true
		case <-g.suspicions:
			select {
			case <-ctx.Done():
				return
			case <-time.After(suspectInterval - time.Since(last)):
			}
		case <-timer.C:
		}
		last = time.Now()
		p := g.newRound(number, lost)
		g.run(ctx, &wg, list, p)
		if ctx.Err() != nil {
			return
		}
		again, far := g.conclude(p)
		g.tellChanges()
		g.warnOfDistance(far)
		g.settle()
		if again {
			timer.Reset(suspectInterval) // a dial that fails on this machine takes no time
		} else {
			timer.Reset(probeInterval)
		}
	}
}

// run dials, inquires, and waits for the answers.
func (g *Gossip) run(ctx context.Context, wg *sync.WaitGroup, list *memberlist.Memberlist, p *round) {
	type result struct {
		index int
		check check
	}
	results := make(chan result, len(p.checks))
	for i, c := range p.checks {
		wg.Go(func() {
			g.dial(ctx, &c, probeTimeout)
			results <- result{i, c}
		})
	}
	for _, c := range p.background {
		wg.Go(func() {
			g.dial(ctx, &c, probeTimeout)
			g.hearLate(c)
		})
	}
	g.inquire(list, p)
	resend := time.NewTicker(resendInterval)
	defer resend.Stop()
	limit := time.NewTimer(p.timeout())
	defer limit.Stop()
	overdue := false
	for waiting := len(p.checks); waiting > 0 || !overdue && p.pending(); {
		select {
		case <-ctx.Done():
			return
		case r := <-results:
			p.checks[r.index] = r.check
			waiting--
			if r.check.answer != answering {
				p.excuse(r.check.node)
			}
		case m := <-g.reports:
			p.hear(m)
		case <-resend.C:
			g.inquire(list, p)
		case <-limit.C:
			overdue = true
		}
	}
}

func (g *Gossip) dial(ctx context.Context, c *check, timeout time.Duration) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	begun := time.Now()
	conn, err := g.transport.network.DialContext(ctx, c.other.gossip.String())
	switch {
	case err == nil:
		c.answer, c.took = answering, max(time.Since(begun), 1)
		_ = conn.Close()
	case errors.Is(err, syscall.ECONNREFUSED):
		c.answer = refusing
		if c.other.gossip.Addr().IsLoopback() {
			c.answer = ended
		}
	case local(err):
		c.answer = unasked
	default:
		c.answer = silent
	}
}

// local reports whether a dial failed on this machine, before anything was sent. That says nothing about the other side: a
// process without descriptors must not take everybody for silent.
func local(err error) bool {
	for _, e := range []error{syscall.EMFILE, syscall.ENFILE, syscall.ENOMEM, syscall.ENOBUFS, syscall.EADDRNOTAVAIL, syscall.ENETUNREACH} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

// Suspect implements Source.
func (g *Gossip) Suspect(name ServerName) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for node, o := range g.others {
		if o.Name == name && o.reason == "" {
			g.suspects[node] = true
			signal(g.suspicions)
		}
	}
}

// suspect is Suspect for a node.
func (g *Gossip) suspect(node string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if o, ok := g.others[node]; ok && o.reason == "" && o.answer == answering {
		g.suspects[node] = true
		signal(g.suspicions)
	}
}

// newRound chooses whom to dial: everybody if gossip has just lost one, if one that gossip sees does not answer, if an
// unreachable one refuses now, or without the quorum; otherwise the suspects, or else any one. Members that are missing are always dialled: they may be back, or have
// ended. With the quorum nobody waits for those that have not answered lately.
func (r *roster) newRound(number uint64, lost bool) *round {
	r.mu.Lock()
	defer r.mu.Unlock()
	hasQuorum := r.View().Quorum
	p := &round{number: number, everybody: lost || !hasQuorum, inquiries: make(map[string]*inquiry), suspects: make(map[string]other)}
	for _, o := range r.others {
		p.everybody = p.everybody || o.suspected || o.reason == "" && o.answer != answering || o.reason == Unreachable && o.answer == refusing
	}
	one := len(r.suspects) > 0
	for node, o := range r.others { // in random order
		switch {
		case o.missing(), o.reason == "" && (p.everybody || r.suspects[node] || !one):
			one = one || o.reason == ""
		default:
			continue
		}
		if hasQuorum && (o.missing() || o.answer == silent) {
			p.background = append(p.background, check{node: node, other: o})
		} else {
			p.checks = append(p.checks, check{node: node, other: o})
		}
		if p.everybody && o.answer == refusing && o.reason != Refused {
			p.inquiries[node], p.suspects[node] = r.newInquiry(node), o
		}
	}
	clear(r.suspects)
	p.checks, p.background = choose(p.checks), choose(p.background)
	return p
}

func choose(checks []check) []check {
	if len(checks) > probesAtOnce {
		rand.Shuffle(len(checks), func(i, j int) { checks[i], checks[j] = checks[j], checks[i] })
		slices.SortStableFunc(checks, func(a, b check) int { return b.urgency() - a.urgency() })
		checks = checks[:probesAtOnce]
	}
	return checks
}

// urgency puts those first whose loss is not in the view yet.
func (c check) urgency() int {
	if c.other.suspected || c.other.answer == refusing {
		return 1
	}
	return 0
}

// hearLate notes an answer that its round did not wait for. The next round acts on it.
func (r *roster) hearLate(c check) {
	r.mu.Lock()
	defer r.mu.Unlock()
	o, ok := r.others[c.node]
	if !ok || o.reason != c.other.reason || o.suspected != c.other.suspected {
		return
	}
	o.hear(c.answer, time.Now())
	o.measure(c.took)
	r.others[c.node] = o
}

// conclude notes the answers of a round, decides about suspects and makes a view. again asks for another round at once; far
// are members that turned out to be too far away.
//
// A lost quorum is regained here only, when two rounds in a row would do for it while no member is returning: when a partition
// heals, gossip finds the members again one by one, and half of them would do for a quorum that misses the rest. One round is
// not enough, because the partition may heal in the middle of it. A member that gossip loses during a round is not missed before
// a round with everybody: a cut takes several at once, and a process that misses one of them alone believes to be the majority.
func (r *roster) conclude(p *round) (again bool, far []other) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := time.Now()
	settled := true
	outdated := make(map[string]bool)
	dialled := make(map[string]other)
	for _, c := range p.background {
		dialled[c.node] = c.other
	}
	for _, c := range p.checks {
		o, ok := r.others[c.node]
		if !ok || o.reason != c.other.reason || c.other.suspected && !o.suspected || !p.everybody && o.suspected && c.answer != ended {
			settled, outdated[c.node] = false, true // gossip has news of it
			continue
		}
		dialled[c.node] = c.other
		o.hear(c.answer, now)
		if o.measure(c.took) {
			far = append(far, o)
		}
		r.others[c.node] = o
	}
	for node, o := range r.others {
		was, ok := dialled[node]
		if ok && !outdated[node] {
			o.decide(p.everybody && was.suspected, p.inquiries[node], now)
			r.others[node] = o
		}
		settled = settled && !(o.returns(now) && !r.superseded(o))
		inquire := o.answer == refusing && o.reason != Refused && !o.reason.proven()
		again = again || o.reason == "" && (o.answer != answering && !p.everybody || inquire && (p.inquiries[node] == nil || o.incomplete > 0))
	}
	would := r.refreshLocked(settled && r.stable)
	r.stable = settled && would
	return again, far
}

// hear notes what o answered.
func (o *other) hear(a answer, now time.Time) {
	if a == unasked {
		if !o.suspected {
			return
		}
		a = silent // only gossip's word is left
	}
	if a == answering && o.answer != answering {
		o.answered = now
	}
	if a != answering && o.answer == answering {
		o.unanswered = now
	}
	o.answer, o.reached = a, o.reached || a == answering
}

// decide concludes from o's answer, and from what the witnesses say, whether o is gone. confirmed: gossip had lost it before
// everybody was dialled.
func (o *other) decide(confirmed bool, q *inquiry, now time.Time) {
	unreached := false // nobody who has reported reaches it
	if q != nil && o.answer == refusing && !q.reached {
		if o.incomplete++; len(q.waiting) == 0 || o.incomplete >= maxIncomplete {
			unreached = true
		}
	}
	if unreached || q == nil || q.reached || o.answer != refusing {
		o.incomplete = 0
	}
	switch {
	case o.reason.proven():
	case o.answer == ended:
		o.leave(Exited, now)
	case unreached:
		o.leave(Refused, now)
	case o.reason == "" && confirmed && o.answer == answering && now.Sub(o.since) < rumourTime: // perhaps a rumour
	case o.reason == "" && confirmed && o.answer == refusing && (q == nil || !q.reached): // the witnesses decide
	case o.reason == "" && confirmed:
		o.leave(Unreachable, now)
	case o.missing() && !o.lost && o.answer == answering && o.acked.After(o.since):
		o.reason, o.counted = "", time.Time{} // gossip never lost it, and it is back
	}
}

func (o *other) leave(reason Reason, now time.Time) {
	if o.reason == "" {
		o.since = now
	}
	o.suspected, o.reason = false, reason
}

// superseded reports whether a newer process has o's name, so that o does not return. Its address may be the newer one's, which
// answers. Called with mu held.
func (r *roster) superseded(o other) bool {
	if o.Name == r.self.Name {
		return true
	}
	for _, p := range r.others {
		if p.Name == o.Name && p.reason == "" && newer(p.Member, o.Member) < 0 {
			return true
		}
	}
	return false
}

// returns reports whether o is missing and will be a member again in a moment.
func (o *other) returns(now time.Time) bool {
	return o.missing() && o.answer == answering && now.Sub(o.answered) < returnTime
}
