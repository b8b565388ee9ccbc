package room

import (
	"time"

	"github.com/ringside-go/ringside/proto"
)

// Info is a snapshot of a room at the end of a recent tick.
type Info struct {
	ID         proto.RoomID
	Game       proto.GameName
	Epoch      proto.Epoch
	Tick       proto.Tick
	TickRate   int // ticks a second
	Seats      int
	Players    int    // seats taken
	Connected  int    // of them, those whose client is connected
	Spectators int    // connected
	Late       uint64 // ticks that began more than a period late
	Match      uint32 // the match being played, from 1
	Created    time.Time
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
	r.info.Tick = r.sim.Tick()
	r.info.Players = r.players
	r.info.Connected = r.connected
	r.info.Spectators = len(r.spectators)
	r.info.Late = r.late
	r.info.Match = r.match
}
