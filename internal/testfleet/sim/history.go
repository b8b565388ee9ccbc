package sim

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/ringside-go/ringside/proto"
)

// History records what happened in a fleet, as far as the guarantees speak of it. Its methods may be called from any
// goroutine.
type History struct {
	began time.Time
	store *resultsStore // nil: there is none

	mu         sync.Mutex
	lines      []string
	violations []string
	terms      map[proto.RoomID][]term
	outcomes   map[match]decision
	decisions  map[proto.RoomID]int // by any server, announced or not
	instances  instances
	traps      []*trap
}

// process is one process of a server: a server that restarts has another.
type process struct {
	server string
	start  int // from 1
}

func (p process) String() string { return fmt.Sprintf("%s (process %d)", p.server, p.start) }

// environment is where a game runs. Rooms' loops call its methods.
type environment struct {
	process process
	history *History
	gate    func() // stops the process's ticks while it is paused
}

// tickOf is one tick of one room, as its game sees it.
type tickOf struct {
	room    proto.RoomID
	born    uint32
	process process
	tick    proto.Tick
	at      time.Time
}

// term is a period in which one process ticked a room without a break.
type term struct {
	process     process
	from, to    time.Duration
	first, last proto.Tick
}

// match is one match of one instance of a room.
type match struct {
	room   proto.RoomID
	born   uint32
	number uint32
}

// decision is an outcome as the first player heard it.
type decision struct {
	content string
	by      string
	heard   time.Duration
}

// breakTime without a tick ends a term.
const breakTime = 300 * time.Millisecond

func newHistory() *History {
	return &History{began: time.Now(), terms: make(map[proto.RoomID][]term), outcomes: make(map[match]decision),
		decisions: make(map[proto.RoomID]int), instances: newInstances()}
}

// note writes a line into the log, which is printed when a guarantee was violated.
func (h *History) note(format string, args ...any) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.write(fmt.Sprintf(format, args...))
}

func (h *History) violation(format string, args ...any) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.violate(format, args...)
}

func (h *History) violate(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	h.violations = append(h.violations, text)
	h.write("VIOLATION: " + text)
}

func (h *History) write(text string) {
	h.lines = append(h.lines, fmt.Sprintf("%9.3f %s", time.Since(h.began).Seconds(), text))
}

// ticked notes a tick. Of a process that has ended it notes nothing: a simulated process needs a moment to end.
func (h *History) ticked(t tickOf) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.instances.hasEnded(t.process) {
		return
	}
	h.instances.ticked(h, t)
	now := t.at.Sub(h.began)
	all := h.terms[t.room]
	for i := range slices.Backward(all) {
		if r := &all[i]; r.process == t.process {
			if now-r.to > breakTime || t.tick != r.last+1 {
				break
			}
			r.to, r.last = now, t.tick
			return
		}
	}
	h.terms[t.room] = append(all, term{t.process, now, now, t.tick, t.tick})
	h.write(fmt.Sprintf("%s is ticked by %s from tick %d", t.room, t.process, t.tick))
	h.spring(moment{kind: firstTick, room: t.room, server: t.process.server})
}

// decide notes that a process has decided a match of room.
func (h *History) decide(room proto.RoomID, p process) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.instances.hasEnded(p) {
		h.decisions[room]++
		h.spring(moment{kind: outcomeDecided, room: room, server: p.server})
	}
}

// decided counts the decisions about matches of room, the same match twice where two servers decided it.
func (h *History) decided(room proto.RoomID) int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.decisions[room]
}

// heard checks that a match has one outcome, which stays as it was announced.
func (h *History) heard(room proto.RoomID, born uint32, player proto.PlayerID, o proto.Outcome) {
	if h.store != nil {
		h.store.heard(room, player, o)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	m := match{room, born, o.Match}
	content := fmt.Sprintf("tick %d: %s, %v", o.Tick, o.Data, o.Results)
	first, ok := h.outcomes[m]
	if !ok {
		h.outcomes[m] = decision{content, string(player), time.Since(h.began)}
		h.write(fmt.Sprintf("%s: match %d: %s", room, o.Match, content))
		return
	}
	if first.content != content {
		h.violate("%s: match %d has two outcomes: %s heard at %v %q, %s hears %q", room, o.Match, first.by, first.heard, first.content, player, content)
	}
}

// broken gives the violations.
func (h *History) broken() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.violations)
}

// logged reports whether a server has logged a line with this level and text in it.
func (h *History) logged(level, text string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.ContainsFunc(h.lines, func(l string) bool { return strings.Contains(l, ": "+level+" ") && strings.Contains(l, text) })
}

// matches counts the outcomes of room that anybody heard; of all rooms, if it is empty.
func (h *History) matches(room proto.RoomID) (n int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for m := range h.outcomes {
		if room == "" || m.room == room {
			n++
		}
	}
	return n
}

// ticking counts the processes that have ticked room within the last second.
func (h *History) ticking(room proto.RoomID) (n int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	seen := map[process]bool{}
	now := time.Since(h.began)
	for _, r := range h.terms[room] {
		if now-r.to < time.Second && !seen[r.process] {
			seen[r.process] = true
			n++
		}
	}
	return n
}

// overlap is the longest time in which two processes ticked one room at once, and where.
func (h *History) overlap() (longest time.Duration, where string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for room, all := range h.terms {
		for i, a := range all {
			for _, b := range all[i+1:] {
				if both := min(a.to, b.to) - max(a.from, b.from); a.process != b.process && both > longest {
					longest = both
					where = fmt.Sprintf("%s by %s and %s until %v", room, a.process, b.process, min(a.to, b.to))
				}
			}
		}
	}
	return longest, where
}

// String gives the log and, last, the violations.
func (h *History) String() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return strings.Join(h.lines, "\n") + "\n\n" + strings.Join(h.violations, "\n")
}
