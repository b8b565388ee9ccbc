package sim

import (
	"fmt"
	"time"

	"github.com/ringside-go/ringside/internal/membership"
	"github.com/ringside-go/ringside/proto"
)

// momentKind is a kind of event that a process can be killed at.
type momentKind int

const (
	roomMoved      momentKind = iota // a server says that its room is at another server now
	roomTakenOver                    // a server says that it has taken a room over
	outcomeDecided                   // a room's rules have decided a match
	firstTick                        // a process ticks a room for the first time, or again
)

// moment is such an event.
type moment struct {
	kind   momentKind
	room   proto.RoomID
	server string // where it happened
	to     string // of roomMoved, the new leader
}

// trap kills a process at a moment. It is set by fleet.trap, springs once at most, and must be reaped.
type trap struct {
	victim func(m moment) string // the server to kill at m; "" for none
	after  time.Duration
	kill   func(server string) (*machine, *running)

	sprung  chan struct{} // closed when the process is dead
	machine *machine      // once sprung is closed
	killed  *running      // once sprung is closed; nil: none ran there
	spent   bool          // History.mu guards it
}

// when gives server if ok, else "": for traps.
func when(ok bool, server string) string {
	if ok {
		return server
	}
	return ""
}

// spring lets the traps see m; the caller holds h.mu. A trap without a delay kills before the call returns, so that nothing
// more of the process is seen on the network.
func (h *History) spring(m moment) {
	for _, t := range h.traps {
		if t.spent {
			continue
		}
		server := t.victim(m)
		if server == "" {
			continue
		}
		t.spent = true
		strike := func() {
			if t.machine, t.killed = t.kill(server); t.killed != nil {
				h.instances.end(t.killed.process, time.Since(h.began))
				h.write(fmt.Sprintf("%s is killed by a trap", t.killed.process))
			}
			close(t.sprung)
		}
		if t.after == 0 {
			strike()
			continue
		}
		time.AfterFunc(t.after, func() {
			h.mu.Lock()
			defer h.mu.Unlock()
			strike()
		})
	}
}

// moment notes an event that a log line tells of.
func (h *History) moment(m moment) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.spring(m)
}

// trap kills the server that victim names, after the moment for which it names one.
func (f *fleet) trap(after time.Duration, victim func(m moment) string) *trap {
	servers := map[string]*machine{}
	for _, s := range f.servers {
		servers[s.name] = s
	}
	t := &trap{victim: victim, after: after, sprung: make(chan struct{}), kill: func(server string) (*machine, *running) {
		s := servers[server]
		if s == nil { // it came later
			return nil, nil
		}
		r := s.running.Load()
		if r != nil {
			r.kill()
		}
		return s, r
	}}
	f.history.mu.Lock()
	defer f.history.mu.Unlock()
	f.history.traps = append(f.history.traps, t)
	return t
}

// reap waits limit at most for a trap to spring, disarms it, and gives the machine whose process it has killed; nil for none.
func (f *fleet) reap(t *trap, limit time.Duration) *machine {
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case <-t.sprung:
	case <-timer.C:
	}
	f.history.mu.Lock()
	waits := t.spent // it has sprung, or will after its delay
	t.spent = true
	f.history.mu.Unlock()
	if !waits {
		return nil
	}
	<-t.sprung
	if t.killed != nil && t.machine.running.Load() == t.killed {
		f.end(t.machine, membership.ErrKilled)
	}
	return t.machine
}
