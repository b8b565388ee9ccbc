package registry

import (
	"time"

	"github.com/ringside-go/ringside/proto"
)

// traceTime is how long a server remembers a room that it had: until every client that was there has come back, and
// gossip has told all routers where it went.
const traceTime = time.Minute

// trace is what a server remembers of a room that it had.
type trace struct {
	server string      // that leads it now; empty: the room has ended
	epoch  proto.Epoch // in which it is led there
	until  time.Time
}

// leave notes where a room went that was led or followed here. Traces that are over are thrown away now and then, so
// their number is bounded by the rooms of two traceTimes. Called with mu held.
func (r *Registry) leave(id proto.RoomID, server string, epoch proto.Epoch) {
	r.sweep()
	r.traces[id] = trace{server, epoch, time.Now().Add(traceTime)}
}

// trail gives the trace of a room. Called with mu held.
func (r *Registry) trail(id proto.RoomID) (trace, bool) {
	t, ok := r.traces[id]
	return t, ok && time.Now().Before(t.until)
}

// sweep throws outdated promises, traces and questions away. Called with mu held.
func (r *Registry) sweep() {
	now := time.Now()
	if now.Sub(r.swept) < time.Second {
		return
	}
	r.swept = now
	for id, p := range r.promises {
		if !now.Before(p.until) {
			delete(r.promises, id)
		}
	}
	for id, t := range r.traces {
		if !now.Before(t.until) {
			delete(r.traces, id)
		}
	}
	for id, first := range r.missed {
		if now.Sub(first) >= traceTime {
			delete(r.missed, id)
		}
	}
}
