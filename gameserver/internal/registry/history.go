package registry

import (
	"sync"
	"time"

	"github.com/ringside-go/ringside/proto"
)

// Kinds of events.
const (
	EventMove     = "move"     // a room was handed to another server
	EventFailover = "failover" // this server leads a room whose leader is gone
	EventDepose   = "depose"   // this server gave up a room that another leads in a higher epoch
	EventCrash    = "crash"    // the game failed in a room, or did not return, and the room ended
	EventLost     = "lost"     // no server can continue the room
	EventSuspend  = "suspend"  // this server's rooms are suspended: it sees too little of the fleet
	EventResume   = "resume"   // and may tick again
	EventFailed   = "failed"   // a handoff failed
	EventStays    = "stays"    // this draining server keeps a room, which ends with it: the others' version of the game takes none
)

// Event is something that happened to a room, or with an empty Room to all of this server's.
type Event struct {
	Time   time.Time
	Kind   string
	Room   proto.RoomID
	From   string // server that led the room before
	To     string // server that leads it now
	Why    string
	Took   time.Duration // from the begin of the move, or from the loss of the leader; 0 where it means nothing
	Epoch  proto.Epoch   // in which it is led now
	Serial uint64        // counts this process's events from 1
}

// maxEvents is how many events are remembered, the newest ones: a fleet view that looks once a second misses none
// while a server drains.
const maxEvents = 256

// history is the newest events and a count of each kind. Its methods may be called from any goroutine.
type history struct {
	mu     sync.Mutex
	events [maxEvents]Event
	next   uint64
	counts map[string]uint64
}

func (h *history) add(e Event) {
	h.mu.Lock()
	defer h.mu.Unlock()
	e.Time = time.Now()
	e.Serial = h.next + 1
	h.events[h.next%maxEvents] = e
	h.next++
	if h.counts == nil {
		h.counts = make(map[string]uint64)
	}
	h.counts[e.Kind]++
}

// Events gives the newest events, oldest first, and how many there were of each kind since the process started.
func (r *Registry) Events() (newest []Event, counts map[string]uint64) {
	h := &r.history
	h.mu.Lock()
	defer h.mu.Unlock()
	counts = make(map[string]uint64, len(h.counts))
	for k, n := range h.counts {
		counts[k] = n
	}
	for i := h.next - min(h.next, maxEvents); i < h.next; i++ {
		newest = append(newest, h.events[i%maxEvents])
	}
	return newest, counts
}
