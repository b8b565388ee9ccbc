package front

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/ringside-go/ringside/internal/membership"
)

// fleetAge is how old the servers' reports may be that the fleet's description is made from.
const fleetAge = time.Second

// fleetDoc is GET /v1/fleet.
type fleetDoc struct {
	View    uint64      `json:"view"`    // version of this router's view; other processes count their own
	Settled time.Time   `json:"settled"` // when a server last came, went or changed its state, as this router saw it
	Members []memberDoc `json:"members"` // by name
	Rooms   []roomDoc   `json:"rooms"`   // by id
	// Moves counts what happened to rooms since each server that answers has started, by kind; Events are the newest.
	Moves  map[string]uint64 `json:"moves"`
	Events []eventDoc        `json:"events"` // oldest first, at most maxEvents
}

// maxEvents bounds the events of the whole fleet in its description.
const maxEvents = 200

type eventDoc struct {
	eventReport
	Server membership.ServerName `json:"server"` // that noted it
}

type memberDoc struct {
	Name      membership.ServerName `json:"name"`
	Role      membership.Role       `json:"role"`
	State     membership.State      `json:"state"`
	URL       string                `json:"url"`
	Zone      string                `json:"zone,omitempty"`
	Version   string                `json:"version,omitempty"`
	Since     time.Time             `json:"since"`
	Load      *loadDoc              `json:"load,omitempty"`      // game servers only
	Copies    int                   `json:"copies,omitempty"`    // rooms that it stands by for
	Frozen    bool                  `json:"frozen,omitempty"`    // it sees too little of the fleet: its rooms stand still
	Reachable *bool                 `json:"reachable,omitempty"` // game servers only: answered this router just now
	Error     string                `json:"error,omitempty"`     // why not
}

type loadDoc struct {
	Rooms   int `json:"rooms"`
	Players int `json:"players"`
	Busy    int `json:"busy"` // of the busiest tick worker, per mille
}

type roomDoc struct {
	roomReport
	Server membership.ServerName `json:"server"` // who leads it
}

// ownEvents are what this router itself saw.
func (f *Front) ownEvents() (events []eventDoc) {
	self := f.table.Fleet().View.Self.Name
	for _, e := range f.chronicle.newest() {
		events = append(events, eventDoc{e, self})
	}
	return events
}

func (f *Front) getFleet(w http.ResponseWriter, _ *http.Request) error {
	return writeJSON(w, http.StatusOK, f.describe())
}

// describe asks the servers where the last answers are too old, so it may block for surveyTimeout.
func (f *Front) describe() fleetDoc {
	shot := f.survey.get(fleetAge)
	view := shot.fleet.View
	doc := fleetDoc{View: view.Version, Settled: view.Settled, Members: []memberDoc{}, Rooms: []roomDoc{},
		Moves: map[string]uint64{}, Events: []eventDoc{}}
	answers := shot.answers
	for _, m := range view.Members {
		d := memberDoc{Name: m.Name, Role: m.Role, State: m.State, URL: m.URL, Zone: m.Zone, Version: m.Version, Since: m.Since}
		if m.Role == membership.GameServer {
			a := answers[0] // in the order of the view's game servers
			answers = answers[1:]
			d.Load = &loadDoc{m.Load.Rooms, m.Load.Players, m.Load.Busy}
			reachable := a.err == nil
			d.Reachable = &reachable
			if a.err != nil {
				d.Error = a.err.Error()
			}
			d.Copies, d.Frozen = len(a.Copies), a.Frozen
			for _, r := range a.Rooms {
				doc.Rooms = append(doc.Rooms, roomDoc{r, m.Name})
			}
			for kind, n := range a.Moves {
				doc.Moves[kind] += n
			}
		}
		doc.Members = append(doc.Members, d)
	}
	doc.Events = append(doc.Events, newestEvents(nil, f.ownEvents(), shot, maxEvents)...) // [] without any, not null
	slices.SortFunc(doc.Rooms, func(a, b roomDoc) int { return strings.Compare(string(a.Room), string(b.Room)) })
	return doc
}
