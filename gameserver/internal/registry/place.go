package registry

import (
	"slices"
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
	return slices.DeleteFunc(order, func(s string) bool { return s == server })
}

// first says which of two servers goes first when both want to lead id. It is the room's order of just these two, without
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

// lost reports whether server is no member any more. It must have been one: who comes is faster than gossip, it may be.
func lost(view *membership.View, server string) bool {
	_, member := view.Find(membership.ServerName(server))
	return !member
}

// address is where server takes links, or took them when it was last seen.
func address(view *membership.View, server string) string {
	if m, ok := view.Find(membership.ServerName(server)); ok {
		return m.Peer
	}
	gone, _ := view.FindGone(membership.ServerName(server))
	return gone.Peer
}

// serving reports whether rooms may be moved to server.
func serving(view *membership.View, server string) bool {
	m, ok := view.Find(membership.ServerName(server))
	return ok && m.Role == membership.GameServer && m.State == membership.Serving
}

// moved is the refusal that sends a client to server, which leads id in epoch; the zero epoch where that is not known.
func (r *Registry) moved(server string, id proto.RoomID, epoch proto.Epoch) *proto.Refusal {
	to := r.at(server, id, epoch)
	if to.URL == "" {
		return proto.Refuse(proto.CloseOverloaded,
			"room %s is with server %s, which this server does not see at the moment; ask the router again", id, server)
	}
	return &proto.Refusal{Code: proto.CloseMoved, Moved: &to}
}

// at is where clients of id connect on server; without a URL if the view does not list it.
func (r *Registry) at(server string, id proto.RoomID, epoch proto.Epoch) proto.Moved {
	to := proto.Moved{Server: server, Epoch: epoch}
	if m, ok := r.members.View().Find(membership.ServerName(server)); ok && m.URL != "" {
		to.URL = ConnectURL(m.URL, id)
	}
	return to
}

// ConnectURL is where clients of a room connect on the server with this base URL: http becomes ws, and https wss.
func ConnectURL(base string, id proto.RoomID) string {
	if rest, ok := strings.CutPrefix(base, "http"); ok {
		base = "ws" + rest
	}
	return strings.TrimSuffix(base, "/") + "/v1/rooms/" + string(id) + "/connect"
}
