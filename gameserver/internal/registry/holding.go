package registry

import (
	"time"

	"github.com/ringside-go/ringside/gameserver/internal/replication"
	"github.com/ringside-go/ringside/proto"
)

// promise is what an answer None means: this server will not make the room before until; server may.
type promise struct {
	server string
	until  time.Time
}

// Holding answers another server's claim; see replication.Rooms. When both want to make the room at the same time, the one that
// comes first in the order of just these two goes on and the other gives way; both come to the same result. Whoever asks
// about a room that is followed here doubts its leader: the copy looks after it too. A leader that asks its own
// standby has given up its handoff: a final tick that is still on its way is not taken any more.
func (r *Registry) Holding(asker string, id proto.RoomID) replication.Answer {
	r.mu.Lock()
	defer r.mu.Unlock()
	e := r.rooms[id]
	trace, left := r.trail(id)
	switch e.role() {
	case leading:
		return replication.Answer{Holding: replication.Leading, Standby: e.leading.feed(asker) != nil, Epoch: e.leading.epoch, Leader: r.self}
	case following:
		f := e.following
		f.fenced = f.fenced || asker == f.leader
		r.doubt(e)
		return replication.Answer{Holding: replication.Following, Epoch: f.epoch, Leader: f.leader, Tick: f.tick()}
	}
	if p, ok := r.promised(id); ok && p != asker {
		return replication.Answer{Holding: replication.Claiming, Leader: p}
	}
	if e != nil && e.making.yielded == "" {
		if first(id, r.self, asker) == r.self {
			return replication.Answer{Holding: replication.Claiming, Leader: r.self}
		}
		e.making.yielded = asker
	}
	r.sweep()
	r.promises[id] = promise{asker, time.Now().Add(replication.PromiseTime)}
	if left {
		return replication.Answer{Holding: replication.Left, Epoch: trace.epoch, Leader: trace.server}
	}
	return replication.Answer{Holding: replication.None}
}

// promised gives the server to which id is promised. Called with mu held.
func (r *Registry) promised(id proto.RoomID) (server string, ok bool) {
	p, ok := r.promises[id]
	return p.server, ok && time.Now().Before(p.until)
}
