package console

import (
	"sync"
	"time"

	"github.com/ringside-go/ringside/internal/membership"
	"github.com/ringside-go/ringside/internal/report"
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

// eventLog is what this router saw happen to the members of the fleet. Its methods may be called from any goroutine.
type eventLog struct {
	mu     sync.Mutex
	events []report.Event // oldest first, at most maxNoted
	serial uint64
}

// note adds what has changed from one view to a later one. A member that is older than this router has not joined: only this
// router had not seen it before.
func (l *eventLog) note(from, to *membership.View, now time.Time) {
	for _, m := range to.Members {
		old, known := from.Find(m.Name)
		switch {
		case !known:
			if !older(from, to, m) {
				l.add(report.Event{Time: now, Kind: eventJoin, Member: m.Name})
			}
		case old.Boot != m.Boot:
			l.add(report.Event{Time: now, Kind: eventRestart, Member: m.Name})
		case old.State != m.State && m.State == membership.Draining:
			l.add(report.Event{Time: now, Kind: eventDrain, Member: m.Name})
		case old.State != m.State:
			l.add(report.Event{Time: now, Kind: eventServe, Member: m.Name})
		}
	}
	for _, m := range from.Members {
		if _, ok := to.Find(m.Name); !ok {
			gone, _ := to.FindGone(m.Name)
			l.add(report.Event{Time: now, Kind: eventLeave, Member: m.Name, Why: string(gone.Reason)})
		}
	}
}

// older reports whether m, which is in to and not in from, is new to this router only.
func older(from, to *membership.View, m membership.Member) bool {
	_, returns := from.FindGone(m.Name)
	return !returns && m.Since.Before(to.Self.Since)
}

func (l *eventLog) add(e report.Event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.serial++
	e.Serial = l.serial
	if len(l.events) == maxNoted {
		l.events = append(l.events[:0:0], l.events[1:]...) // a copy: callers of newest have the old one
	}
	l.events = append(l.events, e)
}

// newest gives the remembered events. The caller must not change them.
func (l *eventLog) newest() []report.Event {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.events[:len(l.events):len(l.events)]
}
