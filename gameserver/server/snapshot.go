package server

import (
	"github.com/ringside-go/ringside/proto"
)

// Room is a snapshot of a room that this server leads, at the end of a recent tick.
type Room struct {
	ID    proto.RoomID
	Game  proto.GameName
	Epoch proto.Epoch
	// State is "ticking", "handing-over" while it ticks and its clients prepare for the next server, or "suspended" while it
	// does not tick.
	State      string
	Tick       proto.Tick
	Seats      int // of the game
	Players    int // seats taken
	Connected  int // of them, those whose client is connected
	Spectators int // connected
	Standbys   int // servers that have the state of the last tick, or are about to
}

// Rooms gives a snapshot of the rooms that this server leads, by id.
func (n *Server) Rooms() []Room {
	list := n.registry.List()
	rooms := make([]Room, len(list))
	for i, r := range list {
		rooms[i] = Room{
			ID: r.ID, Game: r.Game, Epoch: r.Epoch, State: string(r.State), Tick: r.Tick,
			Seats: r.Seats, Players: r.Players, Connected: r.Connected, Spectators: r.Spectators, Standbys: r.Standbys,
		}
	}
	return rooms
}

// Member is one process of the fleet.
type Member struct {
	Name  string // stable over restarts
	Role  string // "gameserver" or "router"
	State string // "serving" or "draining"
	URL   string // at which clients reach it
}

// Members gives the fleet as this server sees it, itself included. Changed is closed when the answer may be outdated.
func (n *Server) Members() (members []Member, changed <-chan struct{}) {
	changed = n.gossip.Changed()
	for _, m := range n.gossip.View().Members {
		members = append(members, Member{string(m.Name), string(m.Role), string(m.State), m.URL})
	}
	return members, changed
}
