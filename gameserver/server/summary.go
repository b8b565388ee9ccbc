package server

import (
	"net/http"
	"runtime/metrics"
	"time"

	"github.com/ringside-go/ringside/gameserver/internal/room"
	"github.com/ringside-go/ringside/internal/report"
)

func heaviest(rooms []room.Info) (list []report.HeavyRoom) {
	for _, i := range rooms {
		list = append(list, report.HeavyRoom{Room: i.ID, Game: i.Game, Share: perMille(i.Share)})
	}
	return list
}

func perMille(share float64) int { return int(share*1000 + 0.5) }

// getServer describes this server in a few figures.
func (n *Server) getServer(w http.ResponseWriter, _ *http.Request) {
	self, counts := n.gossip.View().Self, n.registry.Counts()
	_, moves := n.registry.Events()
	waiting, oldest := n.waiting()
	writeJSON(w, report.Summary{
		Name: self.Name, Boot: self.Boot, State: self.State, Version: self.Version, Suspended: n.registry.Suspended(),
		Rooms: counts.Rooms, Players: counts.Players, Replicas: counts.Replicas, Moving: counts.Moving,
		Busy: perMille(n.pool.Busy()), Memory: memoryInUse(),
		Ticks: report.Ticks{P99: milliseconds(n.pool.TickTime()), Late: n.pool.Late()}, Bans: n.bans.Hash(), Moves: moves,
		Hung: int(n.hung.Load()), Heaviest: heaviest(counts.Heaviest), Waiting: waiting, Oldest: oldest,
	})
}

// memoryInUse is what the Go runtime has from the system and has not given back, in bytes. Reading it does not stop the world.
func memoryInUse() uint64 {
	s := []metrics.Sample{{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"}}
	metrics.Read(s)
	return s[0].Value.Uint64() - s[1].Value.Uint64()
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
