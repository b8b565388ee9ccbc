package room

import (
	"github.com/ringside-go/ringside/proto"
	"github.com/ringside-go/ringside/proto/state"
)

// Snapshot is the whole state of a room after a tick, as a standby is given it first.
type Snapshot struct {
	Tick           proto.Tick
	Schema         *state.Schema
	Public, Secret []byte // keyframes
}

// QueueSnapshot gives done the room's state. The room's loop calls it; it must not block. An ended room does not call it. It costs the tick
// as much as a keyframe for a standby, so callers ask seldom.
func (r *Room) QueueSnapshot(done func(Snapshot)) error {
	return r.control(func() {
		s := r.sim.Store()
		done(Snapshot{s.Tick(), s.Schema(), s.AppendKeyframe(nil), s.AppendSecretKeyframe(nil)})
	})
}
