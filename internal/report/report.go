// Package report has the JSON in which game servers describe themselves to routers: the answers to GET /v1/server,
// /v1/server/details, /v1/server/rooms and /v1/server/entry, and the bans that both exchange. Both sides use these types.
package report

import (
	"time"

	"github.com/ringside-go/ringside/internal/bans"
	"github.com/ringside-go/ringside/internal/membership"
	"github.com/ringside-go/ringside/proto"
)

// Summary is the answer to GET /v1/server, which routers ask for about once a second. Its size does not depend on the number of
// rooms or members.
type Summary struct {
	Name      membership.ServerName `json:"name"`
	Boot      string                `json:"boot"` // differs for each process of the name
	State     membership.State      `json:"state"`
	Version   string                `json:"version"`
	Suspended bool                  `json:"suspended"` // it sees too little of the fleet, so its rooms do not tick
	Rooms     int                   `json:"rooms"`     // led there
	Players   int                   `json:"players"`   // connected to them
	Replicas  int                   `json:"replicas"`  // rooms that the server stands by for
	Moving    int                   `json:"moving"`    // rooms that are being handed off
	Busy      int                   `json:"busy"`      // share of the busiest tick worker's time, per mille
	Memory    uint64                `json:"memory"`    // bytes that the Go runtime has from the system
	Ticks     Ticks                 `json:"ticks"`
	Bans      string                `json:"bans"`  // hash of the bans that the server knows; empty: none
	Moves     map[string]uint64     `json:"moves"` // events since the process started, by kind
	Hung      int                   `json:"hung"`  // goroutines that are lost to games that do not return
	Heaviest  []HeavyRoom           `json:"heaviest,omitempty"`
	Waiting   int                   `json:"waiting"`   // outcomes that the results store does not have yet
	Oldest    float64               `json:"waiting_s"` // how long the oldest of them has waited, in seconds
}

// Ticks are the figures of a server's ticks.
type Ticks struct {
	P99  float64 `json:"p99_ms"` // of the time that ticks took in the last seconds
	Late uint64  `json:"late"`   // ticks since the process started that began more than a period late
}

// HeavyRoom is one of the few rooms of a server that take the most of a tick worker's time.
type HeavyRoom struct {
	Room  proto.RoomID   `json:"room"`
	Game  proto.GameName `json:"game"`
	Share int            `json:"share"` // of one worker's time in the last seconds, per mille
}

// Details is the answer to GET /v1/server/details: what a router shows of a server. It is bounded: rooms by the request, events
// by their log; the view grows with the number of members.
type Details struct {
	Boot   string     `json:"boot"`           // of the process that answers
	View   uint64     `json:"view"`           // version of its view
	Sees   *View      `json:"sees,omitempty"` // left out when the router has that version
	Rooms  []RoomInfo `json:"rooms"`          // the first ones by id
	More   bool       `json:"more"`           // there are others
	Events []Event    `json:"events"`         // after those that the router has, oldest first
}

// View is the fleet as one process sees it.
type View struct {
	Quorum  bool                                        `json:"quorum"`
	Members map[membership.ServerName]membership.State  `json:"members"` // itself included
	Gone    map[membership.ServerName]membership.Reason `json:"gone"`    // within the last minutes, and why
}

// DescribeView makes the report of a view.
func DescribeView(v *membership.View) View {
	r := View{Quorum: v.Quorum, Members: make(map[membership.ServerName]membership.State, len(v.Members)),
		Gone: make(map[membership.ServerName]membership.Reason, len(v.Gone))}
	for _, m := range v.Members {
		r.Members[m.Name] = m.State
	}
	for _, g := range v.Gone {
		r.Gone[g.Name] = g.Reason
	}
	return r
}

// Event is something that happened to a room or a member, as the process that noted it says.
type Event struct {
	Serial uint64                `json:"serial"` // counts the process's events
	Time   time.Time             `json:"time"`
	Kind   string                `json:"kind"` // of rooms: move, failover, depose, lost, failed; of the server: suspend, resume; of a member: join, restart, leave, drain, serve
	Room   proto.RoomID          `json:"room,omitempty"`
	Member membership.ServerName `json:"member,omitempty"`
	From   string                `json:"from,omitempty"`
	To     string                `json:"to,omitempty"`
	Why    string                `json:"why,omitempty"`
	Epoch  string                `json:"epoch,omitempty"`
	Took   float64               `json:"took_ms,omitempty"`
}

// RoomPage is the answer to GET /v1/server/rooms: some of the rooms that the server leads, by id.
type RoomPage struct {
	Rooms []RoomInfo   `json:"rooms"`
	Next  proto.RoomID `json:"next,omitempty"` // the after of the next page; empty: there are no more rooms
}

// RoomInfo is one room as its leader describes it.
type RoomInfo struct {
	Room         proto.RoomID   `json:"room"`
	Game         proto.GameName `json:"game"`
	Role         string         `json:"role"`     // leading, moving or suspended
	Epoch        string         `json:"epoch"`    // instance:counter@server
	Standbys     []string       `json:"standbys"` // servers that have a replica
	Tick         proto.Tick     `json:"tick"`
	TickRate     int            `json:"tick_rate"`
	Seats        int            `json:"seats"`
	Players      int            `json:"players"`
	Connected    int            `json:"connected"`
	Reserved     int            `json:"reserved,omitempty"` // seats kept for players of parties who have not come
	Spectators   int            `json:"spectators"`
	WatchersFull bool           `json:"watchers_full,omitempty"` // nobody more may watch
	Late         uint64         `json:"late"`
	Match        uint32         `json:"match"`
	Locked       bool           `json:"locked,omitempty"` // it takes no newcomers
	Age          float64        `json:"age_s"`            // since its leader leads it
	Properties   map[string]any `json:"properties,omitempty"`
	Share        int            `json:"share"` // of one tick worker's time in the last seconds, per mille
}

// Entry is the answer to GET /v1/server/entry: what a server knows before a client comes.
type Entry struct {
	Live bool `json:"live"` // the room lives there
}

// Bans are the bans that a process knows.
type Bans struct {
	Bans []bans.Ban `json:"bans"`
}
