package console

import (
	"cmp"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ringside-go/ringside/internal/membership"
	"github.com/ringside-go/ringside/internal/report"
	"github.com/ringside-go/ringside/proto"
	"github.com/ringside-go/ringside/router/internal/servers"
)

// maxLiveEvents is how many events, the newest ones, a watcher gets at first.
const maxLiveEvents = 500

// staleAfter is the age from which a watcher is told the age of figures. Below it they change with the next poll.
const staleAfter = 3 * time.Second

// snapshot is the fleet at one moment, as watchers see it. It is immutable.
type snapshot struct {
	members map[membership.ServerName]liveMember
	rooms   map[proto.RoomID]liveRoom             // at most roomsOfEach of a server
	views   map[membership.ServerName]report.View // of the processes that said what they see
	events  []eventDoc                            // oldest first, at most maxLiveEvents
}

// liveMember is a member of the fleet. What follows Since is of game servers only, from the poller's last summary.
type liveMember struct {
	Name      membership.ServerName `json:"name"`
	Role      membership.Role       `json:"role"`
	State     membership.State      `json:"state"`
	URL       string                `json:"url,omitempty"`
	Zone      string                `json:"zone,omitempty"`
	Version   string                `json:"version,omitempty"`
	Weight    int                   `json:"weight"`
	Since     int64                 `json:"since_ms"`        // Unix time of its start, or of its return after a drain
	Reachable bool                  `json:"reachable"`       // it answered the last request of this router
	Known     bool                  `json:"known"`           // it answered one; if not, the figures mean nothing
	Age       int                   `json:"age_s,omitempty"` // of the figures, in seconds; left out below staleAfter
	Error     string                `json:"error,omitempty"`
	Suspended bool                  `json:"suspended"`
	Rooms     int                   `json:"rooms"`              // also those that are not listed
	Unlisted  int                   `json:"unlisted,omitempty"` // of the rooms; see maxServerRooms
	Players   int                   `json:"players"`
	Replicas  int                   `json:"replicas"`
	Moving    int                   `json:"moving"`              // rooms that are being handed off
	Busy      int                   `json:"busy"`                // per mille
	Memory    uint64                `json:"memory"`              // bytes
	P99       float64               `json:"p99_ms"`              // of its tick times in the last seconds
	Late      uint64                `json:"late"`                // ticks since it started
	Moves     map[string]uint64     `json:"moves"`               // events since it started, by kind
	Hung      int                   `json:"hung,omitempty"`      // goroutines that are lost to games that do not return
	Heaviest  []report.HeavyRoom    `json:"heaviest,omitempty"`  // the few rooms that take the most of a tick worker's time
	Waiting   int                   `json:"waiting,omitempty"`   // outcomes that the results store does not have yet
	Oldest    int                   `json:"waiting_s,omitempty"` // how long the oldest of them has waited
}

// liveRoom is what watchers hear of a room: nothing that changes with every tick.
type liveRoom struct {
	Room       proto.RoomID          `json:"room"`
	Game       proto.GameName        `json:"game"`
	Server     membership.ServerName `json:"server"` // leads it
	Role       string                `json:"role"`   // leading, moving or suspended
	Epoch      string                `json:"epoch"`
	Standbys   []string              `json:"standbys"`
	Seats      int                   `json:"seats"`
	Players    int                   `json:"players"` // connected
	Spectators int                   `json:"spectators"`
	TickRate   int                   `json:"tick_rate"`
	Late       uint64                `json:"late"`
	Match      uint32                `json:"match"`
}

// build makes a snapshot of the servers' details and summaries and of what the router noted. From the snapshot before, which may
// be nil, it keeps the events, and the rooms of members that did not answer.
func build(all *gathered, polled map[membership.ServerName]servers.Polled, noted []eventDoc, before *snapshot) *snapshot {
	s := &snapshot{members: map[membership.ServerName]liveMember{}, rooms: map[proto.RoomID]liveRoom{},
		views: map[membership.ServerName]report.View{}}
	for _, m := range all.view.Members {
		s.members[m.Name] = describeMember(m, polled[m.Name], all.at)
	}
	silent := map[membership.ServerName]bool{}
	for _, a := range all.answers {
		if silent[a.member.Name] = a.err != nil; a.err == nil {
			s.add(a)
		}
	}
	var known []eventDoc
	if before != nil {
		known = before.events
		for id, r := range before.rooms {
			if _, led := s.rooms[id]; silent[r.Server] && !led {
				s.rooms[id] = r
			}
		}
	}
	s.views[all.view.Self.Name] = report.DescribeView(all.view)
	s.events = newestEvents(known, noted, all, maxLiveEvents)
	return s
}

func describeMember(m membership.Member, p servers.Polled, now time.Time) liveMember {
	live := liveMember{Name: m.Name, Role: m.Role, State: m.State, URL: m.URL, Zone: m.Zone, Version: m.Version,
		Weight: max(m.Weight, 1), Since: m.Since.UnixMilli(), Reachable: p.Reachable(), Known: !p.At.IsZero(),
		Suspended: p.Suspended, Rooms: p.Rooms, Players: p.Players, Replicas: p.Replicas, Moving: p.Moving,
		Busy: p.Busy, Memory: p.Memory, P99: p.Ticks.P99, Late: p.Ticks.Late, Moves: p.Moves, Hung: p.Hung, Heaviest: p.Heaviest, Waiting: p.Waiting, Oldest: int(p.Oldest)}
	if age := now.Sub(p.At); live.Known && age >= staleAfter {
		live.Age = int(age.Seconds())
	}
	if p.Err != nil {
		live.Error = p.Err.Error()
	}
	return live
}

// add adds what a server answered. While a room moves two servers list it. It is where its epoch is higher.
func (s *snapshot) add(a answer) {
	m := s.members[a.member.Name]
	if a.Sees != nil && m.Reachable { // watchers forget the view of a member that is not
		s.views[m.Name] = *a.Sees
	}
	if a.More {
		m.Unlisted = max(1, m.Rooms-len(a.Rooms))
		s.members[m.Name] = m
	}
	for _, r := range a.Rooms {
		if other, twice := s.rooms[r.Room]; twice && parseEpoch(r.Epoch).Less(parseEpoch(other.Epoch)) {
			continue
		}
		s.rooms[r.Room] = liveRoom{Room: r.Room, Game: r.Game, Server: a.member.Name, Role: r.Role, Epoch: r.Epoch, Standbys: r.Standbys,
			Seats: r.Seats, Players: r.Connected, Spectators: r.Spectators, TickRate: r.TickRate, Late: r.Late, Match: r.Match}
	}
}

// newestEvents gives the last limit of all events, by time: of those that are known, in that order already, and of what
// this router and the servers tell of, known or not.
func newestEvents(known, own []eventDoc, all *gathered, limit int) []eventDoc {
	events, keys := slices.Clone(known), keysOf(known)
	add := func(e eventDoc) {
		if len(known) == limit && e.Time.Before(known[0].Time) || keys[e.key()] {
			return
		}
		events = append(events, e)
	}
	for _, e := range own {
		add(e)
	}
	for _, a := range all.answers {
		for _, e := range a.Events {
			add(eventDoc{e, a.member.Name})
		}
	}
	slices.SortFunc(events, func(a, b eventDoc) int {
		return cmp.Or(a.Time.Compare(b.Time), cmp.Compare(a.Server, b.Server), cmp.Compare(a.Serial, b.Serial))
	})
	return events[max(0, len(events)-limit):]
}

// eventKey identifies an event: serials begin again with each process.
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

// parseEpoch reads what proto.Epoch writes; anything else counts as the lowest epoch.
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

// snapshotChange is what is new in a snapshot; with nothing before it, all of it. A view holds until its member leaves or
// is not reachable. A room has ended, or it is not among the first of its server any more.
type snapshotChange struct {
	Members []liveMember                          `json:"members,omitempty"`
	Left    []membership.ServerName               `json:"left,omitempty"`
	Rooms   []liveRoom                            `json:"rooms,omitempty"`
	Ended   []proto.RoomID                        `json:"ended,omitempty"`
	Views   map[membership.ServerName]report.View `json:"views,omitempty"`
	Events  []eventDoc                            `json:"events,omitempty"` // oldest first
}

// since gives what is new in s; before may be nil.
func (s *snapshot) since(before *snapshot) (c snapshotChange, isNew bool) {
	if before == nil {
		before = &snapshot{}
	}
	c.Members, c.Left = differ(before.members, s.members)
	c.Rooms, c.Ended = differ(before.rooms, s.rooms)
	c.Views = maps.Clone(s.views)
	maps.DeleteFunc(c.Views, func(n membership.ServerName, v report.View) bool { return reflect.DeepEqual(before.views[n], v) })
	known := keysOf(before.events)
	for _, e := range s.events {
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
