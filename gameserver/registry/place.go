package registry

import (
	"strings"

	"github.com/ringside-go/ringside/internal/membership"
	"github.com/ringside-go/ringside/internal/placement"
	"github.com/ringside-go/ringside/proto"
)

// order gives up to n serving servers in the room's order, without this one if it is draining. Called with mu held.
func (r *Registry) order(id proto.RoomID, n int) []string {
	order := r.members.View().Placement().Order(nil, string(id), n+1)
	if r.draining {
		order = without(order, r.self)
	}
	return order[:min(n, len(order))]
}

func without(order []string, server string) []string {
	kept := order[:0]
	for _, s := range order {
		if s != server {
			kept = append(kept, s)
		}
	}
	return kept
}

// first says which of two servers goes first when both want to make id. It is the room's order of just these two, without
// weights, so that it depends on nothing in which their views may differ.
func first(id proto.RoomID, a, b string) string {
	home, _ := placement.New([]placement.Server{{Name: a}, {Name: b}}).Home(string(id))
	return home
}

// fallbacks gives the URLs of the servers that take id over when this one is lost, in their order.
func (r *Registry) fallbacks(id proto.RoomID) []string {
	view := r.members.View()
	next := without(view.Placement().Order(nil, string(id), proto.MaxFallbacks+1), r.self)
	var urls []string
	for _, name := range next[:min(len(next), proto.MaxFallbacks)] {
		if m, ok := view.Find(membership.ServerName(name)); ok {
			urls = append(urls, ConnectURL(m.URL, id))
		}
	}
	return urls
}

// moved is the refusal that sends a client to server, which leads id in epoch; the zero epoch where that is not known.
func (r *Registry) moved(server string, id proto.RoomID, epoch proto.Epoch) *proto.Refusal {
	m, ok := r.members.View().Find(membership.ServerName(server))
	if !ok {
		return proto.Refuse(proto.CloseOverloaded,
			"room %s is with server %s, which this server does not see yet; ask the router again in a moment", id, server)
	}
	return &proto.Refusal{Code: proto.CloseMoved, Moved: &proto.Moved{URL: ConnectURL(m.URL, id), Server: server, Epoch: epoch}}
}

// ConnectURL is where clients of a room connect on the server with this base URL: http becomes ws, and https wss.
func ConnectURL(base string, id proto.RoomID) string {
	if rest, ok := strings.CutPrefix(base, "http"); ok {
		base = "ws" + rest
	}
	return strings.TrimSuffix(base, "/") + "/v1/rooms/" + string(id) + "/connect"
}
