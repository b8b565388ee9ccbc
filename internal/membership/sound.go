package membership

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"sync"
	"syscall"
	"time"
)

const (
	// soundTimeout is how long a member has to take a connection: many times a round trip within a cluster, and short,
	// since the loss of a silent server is acted upon no sooner.
	soundTimeout = 300 * time.Millisecond
	// soundInterval is how often one member is sounded out at the least, and after how long a sounding follows the last.
	soundInterval = 250 * time.Millisecond
	// doubtTime is how long a member that takes connections may be called dead by gossip: when a partition has healed,
	// old word of deaths goes around, and those concerned need a tenth of a second to deny it. Who does not is paused.
	doubtTime = 500 * time.Millisecond
	// returnTime is how long gossip has to make those members again who vanished and take connections now.
	returnTime = 3 * time.Second
	// soundAtOnce bounds the connections of one sounding. In a fleet of more, chance chooses; those who are not asked
	// keep their last answer.
	soundAtOnce = 64
)

// sounding is one member to be asked whether its gossip address takes connections.
type sounding struct {
	node   string
	other  other
	answer answer
	took   time.Duration // until the answer
}

// sound dials a member now and then, and all of them when gossip has lost one or one does not answer, and as long as
// that is so. A process that is cut off loses the others one after the other, over seconds; dialling tells it at once,
// before it takes what it lost for dead, and usually before the others do without it. And a process that was killed is
// told from one that is silent.
func (g *Gossip) sound(ctx context.Context) {
	timer := time.NewTimer(soundInterval)
	defer timer.Stop()
	for {
		lost := false
		select {
		case <-ctx.Done():
			return
		case <-g.doubts:
			lost = true
		case <-timer.C:
		}
		asked, everybody := g.toSound(lost)
		var wg sync.WaitGroup
		for i := range asked {
			wg.Go(func() { g.ask(ctx, &asked[i]) })
		}
		wg.Wait()
		if ctx.Err() != nil {
			return
		}
		old := g.View()
		again := g.heard(asked, everybody) && !everybody
		g.changedFrom(old)
		if again {
			timer.Reset(0)
		} else {
			timer.Reset(soundInterval)
		}
	}
}

func (g *Gossip) ask(ctx context.Context, s *sounding) {
	ctx, cancel := context.WithTimeout(ctx, soundTimeout)
	defer cancel()
	begun := time.Now()
	conn, err := g.transport.network.DialContext(ctx, s.other.gossip.String())
	switch {
	case err == nil:
		s.answer, s.took = answering, time.Since(begun)
		_ = conn.Close()
	case errors.Is(err, syscall.ECONNREFUSED):
		s.answer = refusing
		if s.other.gossip.Addr().IsLoopback() {
			s.answer = ended
		}
	case local(err):
		s.answer = unasked
	default:
		s.answer = silent
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

// toSound lists whom to ask: everybody if one was lost just now, if one whom gossip sees did not answer, or without the
// quorum; else one of those whom gossip sees, and those who have unreachable, who may be back or have died for good.
func (r *roster) toSound(lost bool) (asked []sounding, everybody bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	everybody = lost || !r.View().Quorum
	for _, o := range r.others {
		everybody = everybody || o.doubted || o.reason == "" && o.answer != answering
	}
	one := false
	for node, o := range r.others { // in random order
		if o.reason == Unreachable || o.reason == "" && (everybody || !one) {
			asked = append(asked, sounding{node: node, other: o})
			one = one || o.reason == ""
		}
	}
	if len(asked) > soundAtOnce {
		rand.Shuffle(len(asked), func(i, j int) { asked[i], asked[j] = asked[j], asked[i] })
		slices.SortStableFunc(asked, func(a, b sounding) int { return b.urgency() - a.urgency() })
		asked = asked[:soundAtOnce]
	}
	return asked, everybody
}

// urgency puts those first whose loss is not in the view yet.
func (s sounding) urgency() int {
	if s.other.doubted {
		return 1
	}
	return 0
}

// heard notes the answers, makes a view of them, and reports whether somebody whom gossip sees is silent. It is here that a lost quorum is won back,
// and only when two soundings in a row say so while nobody is on his way back: when a partition heals, gossip finds the
// members again one by one, and half of them would do for a quorum that takes the rest for dead. One sounding is not
// enough, for the partition may heal in the middle of it. And whom gossip gave up while others were asked is not missed before
// everybody was: a cut takes several at once, and who misses one of them alone takes himself for the majority.
func (r *roster) heard(asked []sounding, everybody bool) (someSilent bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := time.Now()
	settled := true
	for _, s := range asked {
		o, ok := r.others[s.node]
		if !ok || o.reason != s.other.reason || s.other.doubted && !o.doubted || !everybody && o.doubted && s.answer != refusing && s.answer != ended {
			settled = false // gossip has heard of it meanwhile
			continue
		}
		o.hear(s.answer, now)
		o.measure(s.took)
		settled = settled && !o.returns(now)
		someSilent = someSilent || o.reason == "" && o.answer == silent
		r.others[s.node] = o
	}
	would := r.refreshLocked(settled && r.calm)
	r.calm = settled && would
	return someSilent
}

// hear notes what o answered.
func (o *other) hear(a answer, now time.Time) {
	if a == unasked {
		if !o.doubted {
			return
		}
		a = silent // only gossip's word is left
	}
	if a == answering && o.answer != answering {
		o.answered = now
	}
	o.answer = a
	switch {
	case o.doubted && a == answering && now.Sub(o.since) < doubtTime: // a rumour, perhaps
	case o.doubted:
		o.doubted, o.reason, o.since = false, Unreachable, now
	}
	if o.reason == Unreachable && a == refusing {
		o.reason = Refused
	}
	if o.reason == Unreachable && a == ended {
		o.reason = Exited
	}
}

// returns reports whether o has vanished and will be a member again in a moment.
func (o *other) returns(now time.Time) bool {
	return o.reason == Unreachable && o.answer == answering && now.Sub(o.answered) < returnTime
}
