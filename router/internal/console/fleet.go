package console

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/ringside-go/ringside/internal/membership"
	"github.com/ringside-go/ringside/internal/report"
	"github.com/ringside-go/ringside/router/internal/api"
)

// fleetAge is how old the servers' answers may be that the fleet's description is made from.
const fleetAge = time.Second

// fleetDoc is GET /v1/fleet; see summarize for what strangers get of it. Its size is bounded: of each server it has the first rooms (roomsOfEach) and counts the others.
type fleetDoc struct {
	View    uint64      `json:"view"`              // version of this router's view; other processes count their own
	Settled time.Time   `json:"settled"`           // when a server last came, went or changed its state, as this router saw it
	Summary bool        `json:"summary,omitempty"` // for strangers: no names, addresses and rooms
	Members []memberDoc `json:"members"`           // by name
	Totals  totalsDoc   `json:"totals"`
	Rooms   []roomDoc   `json:"rooms"` // by id; GET /v1/server/rooms of each server lists them all
	// Moves counts what happened to rooms since each known server has started, by kind; Events are the newest.
	Moves  map[string]uint64 `json:"moves"`
	Events []eventDoc        `json:"events"` // oldest first, at most maxEvents
}

// totalsDoc counts what the servers of known load have.
type totalsDoc struct {
	Rooms   int `json:"rooms"`
	Players int `json:"players"`
}

// maxEvents bounds the events of the whole fleet in its description.
const maxEvents = 200

type eventDoc struct {
	report.Event
	Server membership.ServerName `json:"server"` // that noted it
}

type memberDoc struct {
	Name    membership.ServerName `json:"name"`
	Role    membership.Role       `json:"role"`
	State   membership.State      `json:"state"`
	URL     string                `json:"url,omitempty"`
	Zone    string                `json:"zone,omitempty"`
	Version string                `json:"version,omitempty"`
	Since   time.Time             `json:"since"`
	// What follows is of game servers only. Until this router has asked a server there is none of it.
	Load      *loadDoc `json:"load,omitempty"`      // left out while unknown
	Suspended bool     `json:"suspended,omitempty"` // it sees too little of the fleet, so its rooms do not tick
	Reachable *bool    `json:"reachable,omitempty"` // it answered this router's last request
	Error     string   `json:"error,omitempty"`     // why not
}

// loadDoc is the last summary of a server.
type loadDoc struct {
	Rooms    int                `json:"rooms"`
	Players  int                `json:"players"` // connected
	Replicas int                `json:"replicas"`
	Moving   int                `json:"moving"`              // rooms that are being handed off
	Busy     int                `json:"busy"`                // of the busiest tick worker, per mille
	Memory   uint64             `json:"memory"`              // bytes
	Age      float64            `json:"age_s"`               // since the server said so
	Hung     int                `json:"hung,omitempty"`      // goroutines that are lost to games that do not return
	Heaviest []report.HeavyRoom `json:"heaviest,omitempty"`  // the few rooms that take the most of a tick worker's time
	Waiting  int                `json:"waiting,omitempty"`   // outcomes that the results store does not have yet
	Oldest   float64            `json:"waiting_s,omitempty"` // how long the oldest of them has waited
}

type roomDoc struct {
	report.RoomInfo
	Server membership.ServerName `json:"server"` // leads it
}

// ownEvents are what this router itself saw.
func (c *Console) ownEvents() (events []eventDoc) {
	self := c.Table.Fleet().View.Self.Name
	for _, e := range c.eventLog.newest() {
		events = append(events, eventDoc{e, self})
	}
	return events
}

// buildSnapshot makes the snapshot that watchers see next. It asks the servers, so it may block.
func (c *Console) buildSnapshot(before *snapshot) (now *snapshot, at time.Time) {
	all := c.gatherer.get(watchInterval / 2)
	return build(all, c.Poller.All(), c.ownEvents(), before), all.at
}

func (c *Console) GetFleet(w http.ResponseWriter, r *http.Request) error {
	return api.WriteJSON(w, http.StatusOK, c.describeTo(r))
}

// describeTo is describe, or the summary for strangers.
func (c *Console) describeTo(r *http.Request) fleetDoc {
	if c.Guard.AllowReader(r) != nil {
		return c.summarize(c.describe())
	}
	return c.describe()
}

// describe asks the servers where the last answers are too old, so it may block.
func (c *Console) describe() fleetDoc {
	all, polled := c.gatherer.get(fleetAge), c.Poller.All()
	doc := fleetDoc{View: all.view.Version, Settled: all.view.Settled, Members: []memberDoc{}, Rooms: []roomDoc{},
		Moves: map[string]uint64{}, Events: []eventDoc{}}
	for _, m := range all.view.Members {
		d := memberDoc{Name: m.Name, Role: m.Role, State: m.State, URL: m.URL, Zone: m.Zone, Version: m.Version, Since: m.Since}
		if p, asked := polled[m.Name]; asked && m.Role == membership.GameServer {
			reachable := p.Reachable()
			d.Reachable, d.Suspended = &reachable, p.Suspended
			if p.Err != nil {
				d.Error = p.Err.Error()
			}
			if !p.At.IsZero() {
				d.Load = &loadDoc{p.Rooms, p.Players, p.Replicas, p.Moving, p.Busy, p.Memory, time.Since(p.At).Round(time.Millisecond).Seconds(), p.Hung, p.Heaviest, p.Waiting, p.Oldest}
			}
			doc.Totals.Rooms += p.Rooms
			doc.Totals.Players += p.Players
			for kind, n := range p.Moves {
				doc.Moves[kind] += n
			}
		}
		doc.Members = append(doc.Members, d)
	}
	for _, a := range all.answers {
		for _, r := range a.Rooms {
			doc.Rooms = append(doc.Rooms, roomDoc{r, a.member.Name})
		}
	}
	doc.Events = append(doc.Events, newestEvents(nil, c.ownEvents(), all, maxEvents)...) // [] without any, not null
	slices.SortFunc(doc.Rooms, func(a, b roomDoc) int { return strings.Compare(string(a.Room), string(b.Room)) })
	return doc
}
