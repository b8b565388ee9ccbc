package room

import (
	"time"

	"github.com/ringside-go/ringside/proto"
)

// State is what a room is doing.
type State string

// The states of a room.
const (
	Ticking     State = "ticking"
	HandingOver State = "handing-over" // ticks, and its clients prepare for the target
	Suspended   State = "suspended"    // does not tick
)

// Info is a snapshot of a room at the end of a recent tick.
type Info struct {
	ID         proto.RoomID
	Game       proto.GameName
	Epoch      proto.Epoch
	State      State
	Reasons    string // for which it is suspended, separated by commas; empty: it is not
	Tick       proto.Tick
	TickRate   int // ticks a second
	Seats      int
	Players    int            // seats taken
	Connected  int            // of them, those whose client is connected
	Spectators int            // connected
	Watchers   int            // how many may be Spectators
	Standbys   int            // that have the state of the last tick, or are about to
	Late       uint64         // ticks that began more than a period late
	Match      uint32         // the match being played, from 1
	Locked     bool           // newcomers are kept out
	Listed     bool           // in lists that strangers see
	Properties map[string]any // strings, bools and float64s; never written to
	Created    time.Time
	Share      float64 // of one worker's time that its ticks took in the last seconds, 0 to 1
	Failure    string  // why it ended as crashed; empty: it did not
}

// Info gives the newest snapshot. Of a room that has ended it gives the last, without players.
func (r *Room) Info() Info {
	r.infoMu.Lock()
	defer r.infoMu.Unlock()
	return r.info
}

// publish brings the snapshot up to date. The lock is held for a few stores, here and in Info.
func (r *Room) publish() {
	r.infoMu.Lock()
	defer r.infoMu.Unlock()
	r.info.Epoch = r.epoch
	r.info.State = r.state()
	r.info.Reasons = r.suspension.reasons.String()
	r.info.Standbys = r.currentStandbys()
	r.info.Players = r.players
	r.info.Connected = r.connected
	r.info.Spectators = len(r.spectators)
	r.info.Late = r.late
	r.info.Share, r.info.Failure = r.cost.share, r.failure
	if r.sim != nil { // else it was given away, and the last values stay
		r.info.Tick, r.info.Match, r.info.Locked = r.sim.Tick(), r.sim.Match(), r.sim.Locked()
		if p, changed := r.sim.Properties(); changed {
			r.info.Properties = p
		}
	}
}
