package server

import (
	"cmp"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/ringside-go/ringside/gameserver/internal/registry"
	"github.com/ringside-go/ringside/internal/membership"
	"github.com/ringside-go/ringside/internal/obs"
	"github.com/ringside-go/ringside/proto"
)

// details is the answer to GET /v1/server/details: what a router shows to those who look at the fleet. It is bounded: rooms by
// the request, events by their log; the view grows with the number of members.
type details struct {
	Boot   string        `json:"boot"` // of the process that answers
	View   uint64        `json:"view"` // version of its view
	Sees   *viewReport   `json:"sees,omitempty"`
	Rooms  []roomReport  `json:"rooms"`  // the first ones by id
	More   bool          `json:"more"`   // there are others
	Events []eventReport `json:"events"` // oldest first
}

// viewReport is the fleet as this server sees it.
type viewReport struct {
	Quorum  bool                                        `json:"quorum"`
	Members map[membership.ServerName]membership.State  `json:"members"` // itself included
	Gone    map[membership.ServerName]membership.Reason `json:"gone"`    // within the last minutes, and why
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

// getDetails gives the first ?rooms rooms, and of the view and the events what the caller does not know: the caller names the
// ?boot whose ?view, by its version, and whose ?events, by the serial of the last one, it has.
func (n *Server) getDetails(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	limit, err := pageLimit(query, "rooms", defaultPage)
	if err != nil {
		obs.Problem(w, http.StatusBadRequest, err.Error())
		return
	}
	knownView, errView := number(query, "view")
	knownEvent, errEvent := number(query, "events")
	if errView != nil || errEvent != nil {
		obs.Problem(w, http.StatusBadRequest, "view and events must be numbers")
		return
	}
	view := n.gossip.View()
	if query.Get("boot") != view.Self.Boot {
		knownView, knownEvent = 0, 0
	}
	rooms := n.page("", limit, nil)
	answer := details{Boot: view.Self.Boot, View: view.Version, Rooms: rooms.Rooms, More: rooms.Next != "", Events: []eventReport{}}
	if knownView != view.Version {
		answer.Sees = describeView(view)
	}
	events, _ := n.registry.Events()
	for _, e := range events {
		if e.Serial > knownEvent {
			answer.Events = append(answer.Events, describeEvent(e))
		}
	}
	writeJSON(w, answer)
}

// number reads a number of a query; an absent one is 0.
func number(query url.Values, name string) (uint64, error) {
	return strconv.ParseUint(cmp.Or(query.Get(name), "0"), 10, 64)
}

func describeView(v *membership.View) *viewReport {
	r := &viewReport{Quorum: v.Quorum, Members: make(map[membership.ServerName]membership.State, len(v.Members)),
		Gone: make(map[membership.ServerName]membership.Reason, len(v.Gone))}
	for _, m := range v.Members {
		r.Members[m.Name] = m.State
	}
	for _, g := range v.Gone {
		r.Gone[g.Name] = g.Reason
	}
	return r
}

func describeEvent(e registry.Event) eventReport {
	r := eventReport{Serial: e.Serial, Time: e.Time, Kind: e.Kind, Room: e.Room, From: e.From, To: e.To, Why: e.Why,
		Took: milliseconds(e.Took)}
	if e.Epoch != (proto.Epoch{}) {
		r.Epoch = e.Epoch.String()
	}
	return r
}
