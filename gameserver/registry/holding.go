package registry

import (
	"time"

	"github.com/ringside-go/ringside/gameserver/peer"
	"github.com/ringside-go/ringside/proto"
)

// promise is what an answer None means: this server will not make the room before until; server may.
type promise struct {
	server string
	until  time.Time
}

// Holding answers another server's claim; see peer.Rooms. When both want to make the room at the same time, the one that
// comes first in the order of just these two goes on and the other gives way; both come to the same result.
func (r *Registry) Holding(asker string, id proto.RoomID) peer.Answer {
	r.mu.Lock()
	defer r.mu.Unlock()
	e := r.rooms[id]
	if e != nil && e.leads {
		return peer.Answer{Holding: peer.Leading, Epoch: e.epoch, Leader: r.self}
	}
	if p, ok := r.promised(id); ok && p != asker {
		return peer.Answer{Holding: peer.Claiming, Leader: p}
	}
	if e != nil && e.yielded == "" {
		if first(id, r.self, asker) == r.self {
			return peer.Answer{Holding: peer.Claiming, Leader: r.self}
		}
		e.yielded = asker
	}
	r.promise(id, asker)
	return peer.Answer{Holding: peer.None}
}

// promised gives the server to which id is promised. Called with mu held, as promise is.
func (r *Registry) promised(id proto.RoomID) (server string, ok bool) {
	p, ok := r.promises[id]
	return p.server, ok && time.Now().Before(p.until)
}

// promise leaves id to server. Promises that are over are thrown away now and then, so their number is bounded by what
// the other servers claim within two PromiseTimes.
func (r *Registry) promise(id proto.RoomID, server string) {
	now := time.Now()
	if now.Sub(r.swept) > peer.PromiseTime {
		r.swept = now
		for id, p := range r.promises {
			if !now.Before(p.until) {
				delete(r.promises, id)
			}
		}
	}
	r.promises[id] = promise{server, now.Add(peer.PromiseTime)}
}
