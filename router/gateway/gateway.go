// Package gateway is the fleet's gateway: the HTTP API with which clients get a room and a ticket and find the room's server, and, in
// proxy mode, the tunnels that carry their sockets there. A router stores nothing that another one needs, so there may be any number.
//
//	POST /v1/rooms                  enter a room, named or new: where it is, whether it lives, and a ticket
//	GET  /v1/rooms                  rooms whose games list them, by game and properties; as server-sent events, again when they change
//	GET  /v1/rooms/{room}           where a room is, and with ?live whether it lives
//	GET  /v1/rooms/{room}/connect   WebSocket: a redirect to the room's server, or a tunnel
//	GET  /v1/servers/{server}/v1/rooms/{room}/connect   the same, of a server whose public URL is /v1/servers/{server} here
//	POST /v1/match                  enter an open room of a game, alone or with a party, or watch one
//	GET  /v1/fleet                  members, load, events, and of the rooms the first maxServerRooms of each server; for strangers
//	                                counts only, of members without names
//	GET  /v1/fleet/events           the same as it changes, and what each member sees, as server-sent events
//	GET  /v1/fleet/operator         whether the caller may do what follows
//	POST /v1/fleet/servers/{name}/drain, /undrain   take a server out of service, or back; for operators
//	POST /v1/rooms/{room}/move      hand a room to another server; for operators
//	GET  /v1/rooms/{room}/players   players of a room; for operators
//	GET  /v1/rooms/{room}/state     the game's state, hidden columns included; for operators
//	POST /v1/rooms/{room}/message   give the game of a room a message; for operators, and so for the game's backend
//	POST /v1/rooms/{room}/kick      put a player out of a room; for operators
//	POST /v1/bans                   keep a player out of all rooms for a time; for operators
//	GET  /v1/bans                   the bans; for operators
//	DELETE /v1/bans/{player}        lift one; for operators
//	GET  /v1/rooms/{room}/outcomes  /v1/outcomes  /v1/players/{player}/matches  /v1/boards  /v1/boards/{board}   the results store, where there is one
//	     /internal/v1/              what game servers write there, and operators do; see package resultsapi
//	GET  /  /fleet  /inspect/{room}  /matches  /leaderboard  /assets/{file}   pages; /fleet is text for those who take no HTML
//	GET  /v1/openapi.json           all of this for programs
//	GET  /livez /readyz
//	GET  /metrics                   for operators, and for all on the internal listener
//	GET  /debug/pprof/              profiles, for operators, with Config.Profiles
//
// With an internal listener (Config.Internal) everyone who reaches it is trusted; without one, requests of this machine on a
// loopback address are. The operators' token always does.
package gateway

import (
	"context"
	"fmt"
	"net/http"
	"sync/atomic"

	"github.com/ringside-go/ringside/internal/bans"
	"github.com/ringside-go/ringside/internal/edge"
	"github.com/ringside-go/ringside/internal/membership"
	"github.com/ringside-go/ringside/router/internal/access"
	"github.com/ringside-go/ringside/router/internal/api"
	"github.com/ringside-go/ringside/router/internal/console"
	"github.com/ringside-go/ringside/router/internal/lookup"
	"github.com/ringside-go/ringside/router/internal/operate"
	"github.com/ringside-go/ringside/router/internal/pages"
	"github.com/ringside-go/ringside/router/internal/servers"
	"github.com/ringside-go/ringside/router/internal/tunnel"
)

// Gateway answers the API. It is an http.Handler; Run serves it on a listener and drains it.
type Gateway struct {
	config   Config
	table    *lookup.Table
	servers  *servers.Client
	poller   *servers.Poller
	guard    *access.Guard
	limits   *access.Limits
	gate     *edge.Gate
	tunnels  *tunnel.Tunnels
	console  *console.Console
	mux      *api.Mux
	draining atomic.Bool
	ending   context.Context // ends when requests that wait must
	end      context.CancelFunc
}

// New builds a Gateway over source's views. It starts nothing.
func New(c Config, source membership.Source) (*Gateway, error) {
	if err := c.Validate(); err != nil {
		return nil, fmt.Errorf("settings: %w", err)
	}
	gate, err := edge.New(edge.Config{Limits: c.Limits, Trusted: c.Trusted, Metrics: &c.Metrics.Shared})
	if err != nil {
		return nil, fmt.Errorf("settings: %w", err)
	}
	files, err := pages.New(c.Pages, c.OwnPages)
	if err != nil {
		return nil, fmt.Errorf("pages: %w", err)
	}
	g := &Gateway{config: c, table: lookup.NewTable(source), gate: gate, limits: access.NewLimits(c.Quotas, c.Metrics.Limited),
		guard: &access.Guard{Operator: c.Operator, Internal: c.Internal, Certs: c.Certs, Identity: c.Identity},
		mux:   api.NewMux(c.Metrics.Requests, c.Logger)}
	g.ending, g.end = context.WithCancel(context.Background())
	g.servers = servers.NewClient(servers.Dialer{Network: c.Network, Certs: c.Certs}, g.table)
	bans := &operate.Bans{Set: bans.New(nil), Table: g.table, Servers: g.servers, Guard: g.guard, Logger: c.Logger}
	g.poller = servers.NewPoller(g.table, g.servers, bans.Poll)
	g.tunnels = tunnel.New(g.table, gate, c.Certs, c.Logger, c.Metrics.Tunnels)
	g.console = g.newConsole(files)
	g.routePlayers(bans.Set)
	g.routeFleet()
	g.routeOperators(bans)
	g.routePages(files)
	g.routeProcess()
	g.routeResults()
	g.mux.Route("/", "unknown", "", func(_ http.ResponseWriter, r *http.Request) error {
		return api.Problemf(http.StatusNotFound, "there is nothing at %s; pages are /, /fleet, /matches and /leaderboard, the API is POST /v1/rooms, GET /v1/rooms/{room}, "+
			"GET /v1/rooms/{room}/connect, POST /v1/match and GET /v1/fleet; /v1/openapi.json describes all of it", api.Shorten(r.URL.Path))
	})
	return g, nil
}

func (g *Gateway) newConsole(files *pages.Pages) *console.Console {
	c := console.Config{Table: g.table, Servers: g.servers, Poller: g.poller, Guard: g.guard, Gate: g.gate, Mode: g.config.Mode,
		Watchers: g.config.Metrics.Watchers}
	if files.Has(pages.Fleet) {
		c.Page = files.Serve(pages.Fleet)
	}
	return console.New(c)
}

// ServeHTTP answers one request.
func (g *Gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) { g.mux.ServeHTTP(w, r) }
