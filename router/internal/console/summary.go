package console

import (
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/ringside-go/ringside/internal/membership"
	"github.com/ringside-go/ringside/internal/report"
	"github.com/ringside-go/ringside/proto"
)

// Strangers see how many servers there are and what they carry, not what would help to attack one or to enter somebody's room: no
// names, addresses, versions, errors and rooms. A member has a number that this router gives it.

// maxAliases bounds the names that are remembered: routers get new ones with each rollout. Beyond, all are numbered anew.
const maxAliases = 4096

// aliases numbers the members of each role, in the order in which they are seen. Its methods may be called from any goroutine.
type aliases struct {
	mu    sync.Mutex
	names map[membership.ServerName]membership.ServerName
	count map[membership.Role]int
}

// of gives the alias of a member; of one whose role is not known, that of a game server.
func (a *aliases) of(name membership.ServerName, role membership.Role) membership.ServerName {
	if name == "" {
		return ""
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if alias, ok := a.names[name]; ok {
		return alias
	}
	if a.names == nil || len(a.names) >= maxAliases {
		a.names, a.count = map[membership.ServerName]membership.ServerName{}, map[membership.Role]int{}
	}
	a.count[role]++
	word := "server"
	if role == membership.Router {
		word = "router"
	}
	alias := membership.ServerName(fmt.Sprintf("%s %d", word, a.count[role]))
	a.names[name] = alias
	return alias
}

// events keeps of events what strangers may know.
func (a *aliases) events(all []eventDoc) []eventDoc {
	some := make([]eventDoc, 0, len(all))
	alias := func(name string) string { return string(a.of(membership.ServerName(name), membership.GameServer)) }
	for _, e := range all {
		some = append(some, eventDoc{Server: a.of(e.Server, membership.GameServer), Event: report.Event{Serial: e.Serial, Time: e.Time, Kind: e.Kind,
			Member: a.of(e.Member, membership.GameServer), From: alias(e.From), To: alias(e.To), Took: e.Took}})
	}
	return some
}

// summarize keeps of d what strangers may know. What is not named here they do not see.
func (c *Console) summarize(d fleetDoc) fleetDoc {
	d.Summary, d.Rooms = true, []roomDoc{}
	d.Members = slices.Clone(d.Members)
	for i, m := range d.Members {
		d.Members[i] = memberDoc{Name: c.aliases.of(m.Name, m.Role), Role: m.Role, State: m.State, Since: m.Since, Suspended: m.Suspended,
			Reachable: m.Reachable}
		if l := m.Load; l != nil {
			d.Members[i].Load = &loadDoc{Rooms: l.Rooms, Players: l.Players, Replicas: l.Replicas, Moving: l.Moving, Busy: l.Busy, Memory: l.Memory,
				Age: l.Age, Hung: l.Hung}
		}
	}
	d.Events = c.aliases.events(d.Events)
	return d
}

// buildSummary makes the snapshot that strangers see next. Of events it has those that the servers still tell.
func (c *Console) buildSummary(*snapshot) (*snapshot, time.Time) {
	all, at := c.buildSnapshot(nil)
	s := &snapshot{members: map[membership.ServerName]liveMember{}, rooms: map[proto.RoomID]liveRoom{}, views: map[membership.ServerName]report.View{}}
	for _, name := range slices.Sorted(maps.Keys(all.members)) {
		m := all.members[name]
		alias := c.aliases.of(name, m.Role)
		s.members[alias] = liveMember{Name: alias, Role: m.Role, State: m.State, Weight: m.Weight, Since: m.Since, Reachable: m.Reachable,
			Known: m.Known, Age: m.Age, Suspended: m.Suspended, Rooms: m.Rooms, Unlisted: m.Rooms, Players: m.Players, Replicas: m.Replicas,
			Moving: m.Moving, Busy: m.Busy, Memory: m.Memory, P99: m.P99, Late: m.Late, Moves: m.Moves, Hung: m.Hung}
	}
	s.events = c.aliases.events(all.events)
	return s, at
}
