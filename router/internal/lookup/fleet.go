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
	bases   map[string]membership.Member // all game servers, draining ones too, by the base of their URL
}

// NewFleet prepares view.
func NewFleet(view *membership.View) *Fleet {
	f := &Fleet{View: view, serving: view.Servers(), bases: map[string]membership.Member{}}
	for _, m := range view.Members {
		if host, path, err := base(m.URL); err == nil && m.Role == membership.GameServer {
			f.bases[host+path] = m
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

// Server finds a game server by the URL that a client would dial, with ws or http for its scheme. It is how a router
// decides which addresses it may dial: those of members and no others.
func (f *Fleet) Server(rawURL string) (m membership.Member, ok bool) {
	host, path, err := base(rawURL)
	if err != nil {
		return membership.Member{}, false
	}
	if m, ok = f.bases[host+path]; !ok {
		m, ok = f.bases[host] // one that has the host for itself
	}
	return m, ok
}

// Named gives the game server of that name, a draining one too.
func (f *Fleet) Named(name membership.ServerName) (m membership.Member, ok bool) {
	m, ok = f.View.Find(name)
	return m, ok && m.Role == membership.GameServer
}

// base is the host:port of a game server's URL and the path in front of that of the API, which tells servers apart that
// are reached through one host.
func base(rawURL string) (host, path string, err error) {
	if host, err = Host(rawURL); err != nil {
		return "", "", err
	}
	u, err := url.Parse(rawURL)
	if err != nil {
		return "", "", err
	}
	path = u.Path
	if i := strings.LastIndex(path, "/v1/rooms/"); i >= 0 {
		path = path[:i]
	}
	return host, strings.TrimSuffix(path, "/"), nil
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
