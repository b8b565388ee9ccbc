// Package lookup answers where a room belongs: room id → home, from one immutable view of the members. It also picks
// the id of a room that nobody named, so that it lands on a server with little to do. It knows no HTTP.
package lookup

import (
	"fmt"
	"net"
	"net/url"
	"strings"

	"github.com/ringside-go/ringside/internal/membership"
	"github.com/ringside-go/ringside/proto"
)

// Fleet is one view, prepared for lookups. It is immutable: all answers from one Fleet agree with each other, and with
// those of any other process that has the same view.
type Fleet struct {
	View *membership.View

	serving []membership.Member
	hosts   map[string]membership.Member // all game servers, draining ones too, by the host:port of their URL
}

// NewFleet prepares view.
func NewFleet(view *membership.View) *Fleet {
	f := &Fleet{View: view, serving: view.Servers(), hosts: map[string]membership.Member{}}
	for _, m := range view.Members {
		if host, err := Host(m.URL); err == nil && m.Role == membership.GameServer {
			f.hosts[host] = m
		}
	}
	return f
}

// Serving gives the serving game servers, sorted by name. The caller must not change the slice.
func (f *Fleet) Serving() []membership.Member { return f.serving }

// Home gives the server that room belongs to; ok is false when no game server is serving.
func (f *Fleet) Home(room proto.RoomID) (m membership.Member, ok bool) {
	name, ok := f.View.Placement().Home(string(room))
	if !ok {
		return membership.Member{}, false
	}
	return f.View.Find(membership.ServerName(name))
}

// Next gives the server after the home in room's order, which stands by for it; ok is false when there is none.
func (f *Fleet) Next(room proto.RoomID) (m membership.Member, ok bool) {
	order := f.View.Placement().Order(nil, string(room), 2)
	if len(order) < 2 {
		return membership.Member{}, false
	}
	return f.View.Find(membership.ServerName(order[1]))
}

// Server finds a game server by the URL that a client would dial, of whatever path and with ws or http for its scheme.
// It is how a router decides which addresses it may dial: those of members and no others.
func (f *Fleet) Server(rawURL string) (m membership.Member, ok bool) {
	host, err := Host(rawURL)
	if err != nil {
		return membership.Member{}, false
	}
	m, ok = f.hosts[host]
	return m, ok
}

// Host gives the host:port that rawURL is dialled at, in lower case and with the scheme's port where it names none.
func Host(rawURL string) (string, error) {
	u, err := url.Parse(rawURL)
	if err != nil {
		return "", err
	}
	port := u.Port()
	switch u.Scheme {
	case "http", "ws":
		if port == "" {
			port = "80"
		}
	case "https", "wss":
		if port == "" {
			port = "443"
		}
	default:
		return "", fmt.Errorf("URL %q has scheme %q, not http, https, ws or wss", rawURL, u.Scheme)
	}
	if u.Hostname() == "" {
		return "", fmt.Errorf("URL %q names no host", rawURL)
	}
	return net.JoinHostPort(strings.ToLower(u.Hostname()), port), nil
}
