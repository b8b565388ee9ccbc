package front

import (
	"cmp"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/ringside-go/ringside/internal/membership"
	"github.com/ringside-go/ringside/proto"
)

// maxLiveEvents is how many events, the newest ones, a watcher gets when he comes.
const maxLiveEvents = 500

// picture is the fleet at one moment, as those who watch it see it. It is immutable.
type picture struct {
	members map[membership.ServerName]liveMember
	rooms   map[proto.RoomID]liveRoom
	views   map[membership.ServerName]viewReport // of those who said what they see
	events  []eventDoc                           // oldest first, at most maxLiveEvents
}

// liveMember is a member of the fleet; what follows Since is of game servers only.
type liveMember struct {
	Name      membership.ServerName `json:"name"`
	Role      membership.Role       `json:"role"`
	State     membership.State      `json:"state"`
	URL       string                `json:"url"`
	Zone      string                `json:"zone,omitempty"`
	Version   string                `json:"version,omitempty"`
	Weight    int                   `json:"weight"`
	Since     int64                 `json:"since_ms"`  // Unix time of its start, or of its return after a drain
	Reachable bool                  `json:"reachable"` // it answered just now; if not, figures are what gossip last said
	Error     string                `json:"error,omitempty"`
	Frozen    bool                  `json:"frozen"`
	Rooms     int                   `json:"rooms"`
	Players   int                   `json:"players"`
	Copies    int                   `json:"copies"`
	Busy      int                   `json:"busy"`   // per mille
	P99       float64               `json:"p99_ms"` // of its tick times in the last seconds
	Late      uint64                `json:"late"`   // ticks since it started
	Moves     map[string]uint64     `json:"moves"`  // events since it started, by kind
}

// liveRoom is what watchers hear of a room: nothing that changes with every tick.
type liveRoom struct {
	Room       proto.RoomID          `json:"room"`
	Game       proto.GameName        `json:"game"`
	Server     membership.ServerName `json:"server"` // who leads it
	Role       string                `json:"role"`   // leading, moving or frozen
	Epoch      string                `json:"epoch"`
	Standbys   []string              `json:"standbys"`
	Seats      int                   `json:"seats"`
	Players    int                   `json:"players"` // connected
	Spectators int                   `json:"spectators"`
	TickRate   int                   `json:"tick_rate"`
	Late       uint64                `json:"late"`
	Match      uint32                `json:"match"`
}

// paint makes a picture of what the servers said and what the router noted. Of the picture before, which may be nil, it
// keeps the events, and the rooms of servers that are members and do not answer.
func paint(shot *snapshot, noted []eventDoc, before *picture) *picture {
	p := &picture{members: map[membership.ServerName]liveMember{}, rooms: map[proto.RoomID]liveRoom{},
		views: map[membership.ServerName]viewReport{}}
	view := shot.fleet.View
	for _, m := range view.Members {
		p.members[m.Name] = liveMember{Name: m.Name, Role: m.Role, State: m.State, URL: m.URL, Zone: m.Zone, Version: m.Version,
			Weight: max(m.Weight, 1), Since: m.Since.UnixMilli(), Rooms: m.Load.Rooms, Players: m.Load.Players, Busy: m.Load.Busy}
	}
	for _, a := range shot.answers {
		p.add(a)
	}
	var known []eventDoc
	if before != nil {
		known = before.events
		for id, r := range before.rooms {
			m, ok := p.members[r.Server]
			if _, led := p.rooms[id]; ok && !led && !m.Reachable {
				p.rooms[id] = r
			}
		}
	}
	p.views[view.Self.Name] = describeView(view)
	p.events = newestEvents(known, noted, shot, maxLiveEvents)
	return p
}

// add adds what a server said. While a room moves two servers have it; it is where its epoch is the higher one.
func (p *picture) add(a answer) {
	m := p.members[a.member.Name]
	if a.err != nil {
		m.Error = a.err.Error()
		p.members[m.Name] = m
		return
	}
	m.Reachable, m.Frozen, m.Copies, m.Moves = true, a.Frozen, len(a.Copies), a.Moves
	m.Rooms, m.Players, m.Busy, m.P99, m.Late = a.Load.Rooms, a.Load.Players, a.Load.Busy, a.Ticks.P99, a.Ticks.Late
	p.members[m.Name] = m
	if a.Sees != nil {
		p.views[m.Name] = *a.Sees
	}
	for _, r := range a.Rooms {
		if other, twice := p.rooms[r.Room]; twice && parseEpoch(r.Epoch).Less(parseEpoch(other.Epoch)) {
			continue
		}
		p.rooms[r.Room] = liveRoom{Room: r.Room, Game: r.Game, Server: m.Name, Role: r.Role, Epoch: r.Epoch, Standbys: r.Standbys,
			Seats: r.Seats, Players: r.Connected, Spectators: r.Spectators, TickRate: r.TickRate, Late: r.Late, Match: r.Match}
	}
}

// newestEvents gives the last limit of all events, by time: of those that are known, in that order already, and of what
// this router and the servers tell of, known or not.
func newestEvents(known, own []eventDoc, shot *snapshot, limit int) []eventDoc {
	all, keys := slices.Clone(known), keysOf(known)
	add := func(e eventDoc) {
		if len(known) == limit && e.Time.Before(known[0].Time) || keys[e.key()] {
			return
		}
		all = append(all, e)
	}
	for _, e := range own {
		add(e)
	}
	for _, a := range shot.answers {
		for _, e := range a.Events {
			add(eventDoc{e, a.member.Name})
		}
	}
	slices.SortFunc(all, func(a, b eventDoc) int {
		return cmp.Or(a.Time.Compare(b.Time), cmp.Compare(a.Server, b.Server), cmp.Compare(a.Serial, b.Serial))
	})
	return all[max(0, len(all)-limit):]
}

// eventKey tells events apart: serials begin anew with each process.
type eventKey struct {
	server membership.ServerName
	serial uint64
	nanos  int64
}

func (e eventDoc) key() eventKey { return eventKey{e.Server, e.Serial, e.Time.UnixNano()} }

func keysOf(events []eventDoc) map[eventKey]bool {
	keys := make(map[eventKey]bool, len(events))
	for _, e := range events {
		keys[e.key()] = true
	}
	return keys
}

// parseEpoch reads what proto.Epoch writes; what a server says otherwise is as old as can be.
func parseEpoch(s string) proto.Epoch {
	instance, rest, _ := strings.Cut(s, ":")
	counter, server, _ := strings.Cut(rest, "@")
	n, err := strconv.ParseUint(counter, 10, 32)
	e := proto.Epoch{Counter: uint32(n), Server: server}
	if err != nil || e.Instance.UnmarshalText([]byte(instance)) != nil {
		return proto.Epoch{}
	}
	return e
}

func describeView(v *membership.View) viewReport {
	r := viewReport{Quorum: v.Quorum, Members: map[membership.ServerName]membership.State{}, Gone: map[membership.ServerName]membership.Reason{}}
	for _, m := range v.Members {
		r.Members[m.Name] = m.State
	}
	for _, g := range v.Gone {
		r.Gone[g.Name] = g.Reason
	}
	return r
}

// pictureChange is what is new in a picture; with nothing before it, all of it. A view holds until its member leaves or
// is not reachable.
type pictureChange struct {
	Members []liveMember                         `json:"members,omitempty"`
	Left    []membership.ServerName              `json:"left,omitempty"`
	Rooms   []liveRoom                           `json:"rooms,omitempty"`
	Ended   []proto.RoomID                       `json:"ended,omitempty"`
	Views   map[membership.ServerName]viewReport `json:"views,omitempty"`
	Events  []eventDoc                           `json:"events,omitempty"` // oldest first
}

// since gives what is new in p; before may be nil.
func (p *picture) since(before *picture) (c pictureChange, isNew bool) {
	if before == nil {
		before = &picture{}
	}
	c.Members, c.Left = differ(before.members, p.members)
	c.Rooms, c.Ended = differ(before.rooms, p.rooms)
	c.Views = maps.Clone(p.views)
	maps.DeleteFunc(c.Views, func(n membership.ServerName, v viewReport) bool { return reflect.DeepEqual(before.views[n], v) })
	known := keysOf(before.events)
	for _, e := range p.events {
		if !known[e.key()] {
			c.Events = append(c.Events, e)
		}
	}
	return c, len(c.Members)+len(c.Left)+len(c.Rooms)+len(c.Ended)+len(c.Views)+len(c.Events) > 0
}

// differ gives the values that are new or other than before, and the keys that are no more, each in the order of keys.
func differ[K cmp.Ordered, V any](before, now map[K]V) (set []V, gone []K) {
	var keys []K
	for k, v := range now {
		if old, ok := before[k]; !ok || !reflect.DeepEqual(old, v) {
			keys = append(keys, k)
		}
	}
	slices.Sort(keys)
	for _, k := range keys {
		set = append(set, now[k])
	}
	for k := range before {
		if _, ok := now[k]; !ok {
			gone = append(gone, k)
		}
	}
	slices.Sort(gone)
	return set, gone
}
