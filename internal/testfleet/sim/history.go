package sim

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/ringside-go/ringside/proto"
)

// History is all that happened, as far as the guarantees speak of it. Its methods may be called from any goroutine.
type History struct {
	began time.Time

	mu         sync.Mutex
	lines      []string
	violations []string
	reigns     map[proto.RoomID][]reign
	outcomes   map[match]decision
	decisions  map[proto.RoomID]int // by any server, told or not
}

// reign is a stretch of time in which one server ticked a room without a break.
type reign struct {
	server      string
	from, to    time.Duration
	first, last proto.Tick
}

// match is one match of one room; a room that began anew plays others.
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

// breakTime without a tick of a server ends its reign.
const breakTime = 300 * time.Millisecond

func newHistory() *History {
	return &History{began: time.Now(), reigns: make(map[proto.RoomID][]reign), outcomes: make(map[match]decision), decisions: make(map[proto.RoomID]int)}
}

// note writes a line into the log, which is printed when something is violated.
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

// ticked notes that server ticks room.
func (h *History) ticked(room proto.RoomID, server string, tick proto.Tick, at time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	now := at.Sub(h.began)
	all := h.reigns[room]
	for i := range slices.Backward(all) {
		if r := &all[i]; r.server == server {
			if now-r.to > breakTime || tick != r.last+1 {
				break
			}
			r.to, r.last = now, tick
			return
		}
	}
	h.reigns[room] = append(all, reign{server, now, now, tick, tick})
	h.write(fmt.Sprintf("%s is ticked by %s from tick %d", room, server, tick))
}

// decide notes that a server has decided a match of room.
func (h *History) decide(room proto.RoomID) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.decisions[room]++
}

// decided counts the matches of room that were decided, the same one twice where two servers did.
func (h *History) decided(room proto.RoomID) int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.decisions[room]
}

// heard checks that a match has one outcome, and that it stays as it was told.
func (h *History) heard(room proto.RoomID, born uint32, player proto.PlayerID, o proto.Outcome) {
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

// matches counts the outcomes that anybody heard.
func (h *History) matches() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.outcomes)
}

// overlap is the longest time in which two servers ticked one room at once, and where.
func (h *History) overlap() (longest time.Duration, where string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for room, all := range h.reigns {
		for i, a := range all {
			for _, b := range all[i+1:] {
				if both := min(a.to, b.to) - max(a.from, b.from); a.server != b.server && both > longest {
					longest = both
					where = fmt.Sprintf("%s by %s and %s until %v", room, a.server, b.server, min(a.to, b.to))
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
