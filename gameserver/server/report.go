package server

import (
	"cmp"
	"net/http"
	"strconv"
	"time"

	"github.com/ringside-go/ringside/gameserver/internal/registry"
	"github.com/ringside-go/ringside/gameserver/internal/room"
	"github.com/ringside-go/ringside/internal/membership"
	"github.com/ringside-go/ringside/internal/obs"
	"github.com/ringside-go/ringside/proto"
)

// report is the answer to GET /v1/server.
type report struct {
	Name    membership.ServerName `json:"name"`
	State   membership.State      `json:"state"`
	Version string                `json:"version"`
	Frozen  bool                  `json:"frozen"` // it sees too little of the fleet: its rooms stand still
	Load    loadReport            `json:"load"`
	Ticks   ticksReport           `json:"ticks"`
	Sees    viewReport            `json:"sees"`
	Rooms   []roomReport          `json:"rooms"`  // led here
	Copies  []copyReport          `json:"copies"` // stood by for here
	Moves   map[string]uint64     `json:"moves"`  // events since the process started, by kind
	Events  []eventReport         `json:"events"` // the newest, oldest first
}

type loadReport struct {
	Rooms   int `json:"rooms"`
	Players int `json:"players"`
	Busy    int `json:"busy"` // per mille
}

type ticksReport struct {
	P99  float64 `json:"p99_ms"` // of the time that ticks took in the last seconds
	Late uint64  `json:"late"`   // ticks since the process started that began more than a period late
}

// viewReport is the fleet as this server sees it.
type viewReport struct {
	Quorum  bool                                        `json:"quorum"`
	Members map[membership.ServerName]membership.State  `json:"members"` // itself included
	Gone    map[membership.ServerName]membership.Reason `json:"gone"`    // within the last minutes, and why
}

type roomReport struct {
	Room       proto.RoomID   `json:"room"`
	Game       proto.GameName `json:"game"`
	Role       string         `json:"role"` // leading, moving or frozen
	Epoch      string         `json:"epoch"`
	Standbys   []string       `json:"standbys"` // that have the room
	Tick       proto.Tick     `json:"tick"`
	TickRate   int            `json:"tick_rate"`
	Seats      int            `json:"seats"`
	Players    int            `json:"players"`
	Connected  int            `json:"connected"`
	Spectators int            `json:"spectators"`
	Late       uint64         `json:"late"`
	Match      uint32         `json:"match"`
	Age        float64        `json:"age_s"` // since this server leads it
}

type copyReport struct {
	Room   proto.RoomID   `json:"room"`
	Game   proto.GameName `json:"game"`
	Role   string         `json:"role"` // following
	Leader string         `json:"leader"`
	Epoch  string         `json:"epoch"`
	Tick   proto.Tick     `json:"tick"`
}

type eventReport struct {
	Serial uint64       `json:"serial"`
	Time   time.Time    `json:"time"`
	Kind   string       `json:"kind"`
	Room   proto.RoomID `json:"room,omitempty"`
	From   string       `json:"from,omitempty"`
	To     string       `json:"to,omitempty"`
	Why    string       `json:"why,omitempty"`
	Epoch  string       `json:"epoch,omitempty"`
	Took   float64      `json:"took_ms,omitempty"`
}

// getServer tells what this server has. Whoever has asked before may name the serial of the last event that he knows, as
// ?after=7, and gets those after it only.
func (n *Server) getServer(w http.ResponseWriter, r *http.Request) {
	after, err := strconv.ParseUint(cmp.Or(r.URL.Query().Get("after"), "0"), 10, 64)
	if err != nil {
		obs.Problem(w, http.StatusBadRequest, "after must be the serial of an event, a number")
		return
	}
	view := n.gossip.View()
	self := view.Self
	answer := report{Name: self.Name, State: self.State, Version: self.Version, Frozen: n.registry.Suspended(),
		Load: loadReport(n.load()), Ticks: ticksReport{milliseconds(n.pool.TickTime()), n.pool.Late()}, Sees: describeView(view),
		Rooms: []roomReport{}, Copies: []copyReport{}, Events: []eventReport{}}
	for _, i := range n.registry.All() {
		if i.Leads {
			answer.Rooms = append(answer.Rooms, describeRoom(i))
		} else {
			answer.Copies = append(answer.Copies, copyReport{i.ID, i.Game, "following", i.Leader, i.Epoch.String(), i.Tick})
		}
	}
	events, moves := n.registry.Events()
	answer.Moves = moves
	if len(events) > 0 && events[len(events)-1].Serial < after {
		after = 0 // counted by a process that was here before
	}
	for _, e := range events {
		if e.Serial > after {
			answer.Events = append(answer.Events, describeEvent(e))
		}
	}
	writeJSON(w, answer)
}

func describeView(v *membership.View) viewReport {
	r := viewReport{Quorum: v.Quorum, Members: make(map[membership.ServerName]membership.State, len(v.Members)),
		Gone: make(map[membership.ServerName]membership.Reason, len(v.Gone))}
	for _, m := range v.Members {
		r.Members[m.Name] = m.State
	}
	for _, g := range v.Gone {
		r.Gone[g.Name] = g.Reason
	}
	return r
}

func describeRoom(i registry.Info) roomReport {
	role := "leading"
	switch i.State {
	case room.HandingOver:
		role = "moving"
	case room.Suspended:
		role = "frozen"
	}
	standbys := i.Standbys
	if standbys == nil {
		standbys = []string{}
	}
	return roomReport{
		Room: i.ID, Game: i.Game, Role: role, Epoch: i.Epoch.String(), Standbys: standbys, Tick: i.Tick, TickRate: i.TickRate,
		Seats: i.Seats, Players: i.Players, Connected: i.Connected, Spectators: i.Spectators, Late: i.Late, Match: i.Match,
		Age: time.Since(i.Created).Round(time.Millisecond).Seconds(),
	}
}

func describeEvent(e registry.Event) eventReport {
	r := eventReport{Serial: e.Serial, Time: e.Time, Kind: e.Kind, Room: e.Room, From: e.From, To: e.To, Why: e.Why,
		Took: milliseconds(e.Took)}
	if e.Epoch != (proto.Epoch{}) {
		r.Epoch = e.Epoch.String()
	}
	return r
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
