package front

import (
	"sync"
	"time"

	"github.com/ringside-go/ringside/internal/membership"
)

// Kinds of events that a router notes itself, of members; those of rooms come from the servers.
const (
	eventJoin    = "join"
	eventRestart = "restart" // the member's process is another one
	eventLeave   = "leave"   // Why is a membership.Reason
	eventDrain   = "drain"
	eventServe   = "serve" // again, after a drain
)

// maxNoted is how many of its own events a router remembers, the newest ones.
const maxNoted = 128

// chronicle is what this router saw happen to the members of the fleet. Its methods may be called from any goroutine.
type chronicle struct {
	mu     sync.Mutex
	events []eventReport // oldest first, at most maxNoted
	serial uint64
}

// note adds what has changed from one view to a later one. Members that were there before this router joined nothing: it
// only meets them.
func (c *chronicle) note(from, to *membership.View, now time.Time) {
	for _, m := range to.Members {
		old, known := from.Find(m.Name)
		switch {
		case !known:
			if !met(from, to, m) {
				c.add(eventReport{Time: now, Kind: eventJoin, Member: m.Name})
			}
		case old.Boot != m.Boot:
			c.add(eventReport{Time: now, Kind: eventRestart, Member: m.Name})
		case old.State != m.State && m.State == membership.Draining:
			c.add(eventReport{Time: now, Kind: eventDrain, Member: m.Name})
		case old.State != m.State:
			c.add(eventReport{Time: now, Kind: eventServe, Member: m.Name})
		}
	}
	for _, m := range from.Members {
		if _, ok := to.Find(m.Name); !ok {
			gone, _ := to.FindGone(m.Name)
			c.add(eventReport{Time: now, Kind: eventLeave, Member: m.Name, Why: string(gone.Reason)})
		}
	}
}

// met reports whether m, which is in to and not in from, is new to this router only.
func met(from, to *membership.View, m membership.Member) bool {
	_, returns := from.FindGone(m.Name)
	return !returns && m.Since.Before(to.Self.Since)
}

func (c *chronicle) add(e eventReport) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.serial++
	e.Serial = c.serial
	if len(c.events) == maxNoted {
		c.events = append(c.events[:0:0], c.events[1:]...) // a copy: newest has given the old one away
	}
	c.events = append(c.events, e)
}

// newest gives the remembered events. The caller must not change them.
func (c *chronicle) newest() []eventReport {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.events[:len(c.events):len(c.events)]
}
