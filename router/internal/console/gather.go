package console

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/ringside-go/ringside/internal/membership"
	"github.com/ringside-go/ringside/internal/report"
	"github.com/ringside-go/ringside/router/internal/lookup"
	"github.com/ringside-go/ringside/router/internal/servers"
)

const (
	// maxServerRooms is how many rooms of one server the fleet's description has, the first ones by id, and maxFleetRooms is
	// about how many it has of all servers: in fleets of more than 32 servers each has a smaller share, minServerRooms at least.
	// The other rooms are only counted. GET /v1/server/rooms of each server lists them all.
	maxServerRooms = 256
	maxFleetRooms  = 8192
	minServerRooms = 8
	// maxHistory is how many of a server's events are remembered, the newest ones: as many as it remembers itself.
	maxHistory = 256
)

// roomsOfEach is how many rooms of each server are described in a fleet of so many.
func roomsOfEach(servers int) int {
	return max(minServerRooms, min(maxServerRooms, maxFleetRooms/max(servers, 1)))
}

// gatherer asks the game servers for rooms, events and views: only when somebody looks at the fleet, and once for all who look at
// the same time. It has no goroutine between requests.
type gatherer struct {
	table  *lookup.Table
	client *servers.Client

	mu    sync.Mutex // held while servers are asked, at most AskTimeout for each askWidth of them
	last  *gathered
	known map[membership.ServerName]report.Details // of the servers in last
}

// gathered is what the servers answered, immutable.
type gathered struct {
	view    *membership.View
	at      time.Time
	answers []answer // one for each game server of the view, draining ones too, in the view's order
}

type answer struct {
	member         membership.Member
	report.Details       // Events are all that are known, also of a server that did not answer; Rooms are of an answer only
	err            error // the server did not answer
}

func newGatherer(table *lookup.Table, c *servers.Client) *gatherer {
	return &gatherer{table: table, client: c}
}

// get gives answers that are at most maxAge old. It blocks while servers are asked.
func (g *gatherer) get(maxAge time.Duration) *gathered {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.last == nil || time.Since(g.last.at) > maxAge {
		g.last = g.ask()
	}
	return g.last
}

// ask asks all servers for what is new since the last time. Called with mu held.
func (g *gatherer) ask() *gathered {
	view := g.table.Fleet().View
	all := &gathered{view: view, at: time.Now()}
	for _, m := range servers.In(view) {
		all.answers = append(all.answers, answer{member: m})
	}
	limit := roomsOfEach(len(all.answers))
	servers.ForEach(len(all.answers), func(i int) {
		a := &all.answers[i]
		known := g.known[a.member.Name]
		if known.Boot != a.member.Boot {
			known = report.Details{Boot: a.member.Boot}
		}
		query := url.Values{"rooms": {strconv.Itoa(limit)}, "boot": {known.Boot},
			"view": {strconv.FormatUint(known.View, 10)}, "events": {strconv.FormatUint(lastSerial(known.Events), 10)}}
		var said report.Details
		a.err = g.client.Get(context.Background(), a.member, "/v1/server/details?"+query.Encode(), &said)
		if a.err == nil && said.Boot != known.Boot {
			a.err = fmt.Errorf("server %s is process %q, gossip says %q", a.member.Name, said.Boot, known.Boot)
		}
		if a.err != nil {
			known.Rooms, known.More = nil, false
			a.Details = known
			return
		}
		if said.Sees == nil {
			said.Sees = known.Sees
		}
		said.Events = appendEvents(known.Events, said.Events)
		a.Details = said
	})
	g.known = make(map[membership.ServerName]report.Details, len(all.answers))
	for _, a := range all.answers {
		g.known[a.member.Name] = a.Details
	}
	return all
}

// lastSerial is the serial of the newest event, 0 without any.
func lastSerial(events []report.Event) uint64 {
	if len(events) == 0 {
		return 0
	}
	return events[len(events)-1].Serial
}

// appendEvents gives known with the events that come after it, the newest maxHistory. It leaves known as it is, for others share it.
func appendEvents(known, events []report.Event) []report.Event {
	fresh := slices.DeleteFunc(events, func(e report.Event) bool { return e.Serial <= lastSerial(known) })
	if len(fresh) == 0 {
		return known
	}
	all := slices.Concat(known, fresh)
	return all[max(0, len(all)-maxHistory):]
}
