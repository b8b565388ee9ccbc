package server

import (
	"cmp"
	"net/http"
	"net/url"
	"strconv"

	"github.com/ringside-go/ringside/gameserver/internal/registry"
	"github.com/ringside-go/ringside/internal/obs"
	"github.com/ringside-go/ringside/internal/report"
	"github.com/ringside-go/ringside/proto"
)

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
	answer := report.Details{Boot: view.Self.Boot, View: view.Version, Rooms: rooms.Rooms, More: rooms.Next != "", Events: []report.Event{}}
	if knownView != view.Version {
		sees := report.DescribeView(view)
		answer.Sees = &sees
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

func describeEvent(e registry.Event) report.Event {
	r := report.Event{Serial: e.Serial, Time: e.Time, Kind: e.Kind, Room: e.Room, From: e.From, To: e.To, Why: e.Why,
		Took: milliseconds(e.Took)}
	if e.Epoch != (proto.Epoch{}) {
		r.Epoch = e.Epoch.String()
	}
	return r
}
