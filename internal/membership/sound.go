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
	// soundInterval is how often everybody is sounded out again while somebody is missing.
	soundInterval = time.Second
	// soundAtOnce bounds the connections of one sounding. In a fleet of more, chance chooses; those who are not asked
	// keep their last answer.
	soundAtOnce = 64
)

// sounding is one member to be asked whether its gossip address takes connections.
type sounding struct {
	node   string
	other  other
	answer answer
}

// sound dials the members when gossip has lost one of them, and as long as one is missing. A process that is cut off
// loses the others one after the other, over seconds; dialling all of them at the first loss tells it at once, before it
// takes what it lost for dead. And a process that was killed is told from one that is silent.
func (g *Gossip) sound(ctx context.Context) {
	tick := time.NewTicker(soundInterval)
	defer tick.Stop()
	for {
		lost := false
		select {
		case <-ctx.Done():
			return
		case <-g.doubts:
			lost = true
		case <-tick.C:
		}
		asked := g.toSound(lost)
		var wg sync.WaitGroup
		for i := range asked {
			wg.Go(func() { g.ask(ctx, &asked[i]) })
		}
		wg.Wait()
		if ctx.Err() != nil {
			return
		}
		g.heard(asked)
		g.renew()
	}
}

func (g *Gossip) ask(ctx context.Context, s *sounding) {
	ctx, cancel := context.WithTimeout(ctx, soundTimeout)
	defer cancel()
	conn, err := g.transport.network.DialContext(ctx, s.other.gossip.String())
	switch {
	case err == nil:
		s.answer = answering
		_ = conn.Close()
	case errors.Is(err, syscall.ECONNREFUSED):
		s.answer = refusing
	default:
		s.answer = silent
	}
}

// toSound lists whom to ask: everybody if one was lost just now, if one whom gossip sees did not answer, or without the
// quorum; else those who have vanished, who may be back or have died for good.
func (r *roster) toSound(lost bool) (asked []sounding) {
	r.mu.Lock()
	defer r.mu.Unlock()
	everybody := lost || !r.View().Quorum
	for _, o := range r.others {
		everybody = everybody || o.doubted || o.reason == "" && o.answer != answering
	}
	for node, o := range r.others {
		if o.reason == Vanished || o.reason == "" && everybody {
			asked = append(asked, sounding{node: node, other: o})
		}
	}
	if len(asked) > soundAtOnce {
		rand.Shuffle(len(asked), func(i, j int) { asked[i], asked[j] = asked[j], asked[i] })
		slices.SortStableFunc(asked, func(a, b sounding) int { return b.urgency() - a.urgency() })
		asked = asked[:soundAtOnce]
	}
	return asked
}

// urgency puts those first whose loss is not in the view yet.
func (s sounding) urgency() int {
	if s.other.doubted {
		return 1
	}
	return 0
}

// heard notes the answers of those about whom gossip has said nothing new meanwhile.
func (r *roster) heard(asked []sounding) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, s := range asked {
		o, ok := r.others[s.node]
		if !ok || o.reason != s.other.reason {
			continue
		}
		o.answer = s.answer
		switch {
		case o.reason == Vanished && s.answer == refusing:
			o.reason = Refused
		case o.doubted && s.other.doubted:
			o.doubted, o.reason, o.since = false, Vanished, time.Now()
			if s.answer == refusing {
				o.reason = Refused
			}
		}
		r.others[s.node] = o
	}
}
