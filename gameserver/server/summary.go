package server

import (
	"net/http"
	"runtime/metrics"
	"time"

	"github.com/ringside-go/ringside/gameserver/internal/room"
	"github.com/ringside-go/ringside/internal/membership"
	"github.com/ringside-go/ringside/proto"
)

// summary is the answer to GET /v1/server: what routers ask for about once a second. Its size does not depend on the number of
// rooms or members.
type summary struct {
	Name      membership.ServerName `json:"name"`
	Boot      string                `json:"boot"` // differs for each process of the name
	State     membership.State      `json:"state"`
	Version   string                `json:"version"`
	Suspended bool                  `json:"suspended"` // it sees too little of the fleet, so its rooms do not tick
	Rooms     int                   `json:"rooms"`     // led here
	Players   int                   `json:"players"`   // connected to them
	Replicas  int                   `json:"replicas"`  // rooms that this server stands by for
	Moving    int                   `json:"moving"`    // rooms that are being handed off
	Busy      int                   `json:"busy"`      // share of the busiest tick worker's time, per mille
	Memory    uint64                `json:"memory"`    // bytes that the Go runtime has from the system
	Ticks     ticksReport           `json:"ticks"`
	Bans      string                `json:"bans"`  // hash of the bans that this server knows; empty: none
	Moves     map[string]uint64     `json:"moves"` // events since the process started, by kind
	Hung      int64                 `json:"hung"`  // goroutines that are lost to games that do not return
	Heaviest  []heavyRoom           `json:"heaviest,omitempty"`
	Waiting   int                   `json:"waiting"`   // outcomes that the results store does not have yet
	Oldest    float64               `json:"waiting_s"` // how long the oldest of them has waited, in seconds
}

// heavyRoom is one of the few rooms here that take the most of a tick worker's time.
type heavyRoom struct {
	Room  proto.RoomID   `json:"room"`
	Game  proto.GameName `json:"game"`
	Share int            `json:"share"` // of one worker's time in the last seconds, per mille
}

func heaviest(rooms []room.Info) (list []heavyRoom) {
	for _, i := range rooms {
		list = append(list, heavyRoom{i.ID, i.Game, perMille(i.Share)})
	}
	return list
}

func perMille(share float64) int { return int(share*1000 + 0.5) }

type ticksReport struct {
	P99  float64 `json:"p99_ms"` // of the time that ticks took in the last seconds
	Late uint64  `json:"late"`   // ticks since the process started that began more than a period late
}

// getServer describes this server in a few figures.
func (n *Server) getServer(w http.ResponseWriter, _ *http.Request) {
	self, counts := n.gossip.View().Self, n.registry.Counts()
	_, moves := n.registry.Events()
	waiting, oldest := n.waiting()
	writeJSON(w, summary{
		Name: self.Name, Boot: self.Boot, State: self.State, Version: self.Version, Suspended: n.registry.Suspended(),
		Rooms: counts.Rooms, Players: counts.Players, Replicas: counts.Replicas, Moving: counts.Moving,
		Busy: perMille(n.pool.Busy()), Memory: memoryInUse(),
		Ticks: ticksReport{milliseconds(n.pool.TickTime()), n.pool.Late()}, Bans: n.bans.Hash(), Moves: moves,
		Hung: n.hung.Load(), Heaviest: heaviest(counts.Heaviest), Waiting: waiting, Oldest: oldest,
	})
}

// memoryInUse is what the Go runtime has from the system and has not given back, in bytes. Reading it does not stop the world.
func memoryInUse() uint64 {
	s := []metrics.Sample{{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"}}
	metrics.Read(s)
	return s[0].Value.Uint64() - s[1].Value.Uint64()
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
