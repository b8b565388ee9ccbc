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
//	GET  /v1/rooms/{room}/players   who is in a room; for operators
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
//	GET  /metrics                   for those who are no strangers
//	GET  /debug/pprof/              profiles, for operators, with Config.Profiles
//
// With an internal listener (Config.Internal) whoever reaches that is no stranger; without one, requests of this machine on a
// loopback address are. The operators' token always does.
package gateway

import (
	"context"
	"fmt"
	"net/http"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/ringside-go/ringside/internal/bans"
	"github.com/ringside-go/ringside/internal/edge"
	"github.com/ringside-go/ringside/internal/membership"
	"github.com/ringside-go/ringside/internal/obs"
	"github.com/ringside-go/ringside/router/internal/lookup"
)

// Gateway answers the API. It is an http.Handler; Run serves it on a listener and drains it.
type Gateway struct {
	config     Config
	table      *lookup.Table
	asker      *asker
	poller     *poller
	picker     *lookup.Picker
	gatherer   *gatherer
	roomLister *roomLister
	lists      *lists
	matches    *matches
	limits     limits
	bans       *bans.Set
	gate       *edge.Gate
	tunnels    *tunnels
	eventLog   eventLog
	watch      *watch // the fleet in detail
	summaries  *watch // the fleet as strangers see it
	aliases    aliases
	pages      *pages
	draining   atomic.Bool
	ending     context.Context // ends when requests that wait must
	end        context.CancelFunc
	mux        *http.ServeMux
	patterns   []string // of mux, each with its method
}

// New builds a Gateway over source's views. It starts nothing.
func New(c Config, source membership.Source) (*Gateway, error) {
	if err := c.Validate(); err != nil {
		return nil, fmt.Errorf("settings: %w", err)
	}
	table := lookup.NewTable(source)
	f := &Gateway{config: c, table: table, asker: newAsker(reach{network: c.Network, certs: c.Certs}, table)}
	f.bans = bans.New(nil)
	f.poller = newPoller(f.table, f.asker, f.pollBans)
	f.picker = lookup.NewPicker(f.poller.load, nil)
	f.gatherer, f.roomLister = newGatherer(f.table, f.asker), newRoomLister(f.table, f.asker)
	f.lists = &lists{ask: f.askLists, kept: map[string]*keptList{}}
	f.matches, f.limits = newMatches(), newLimits(c)
	var err error
	if f.gate, err = edge.New(edge.Config{Limits: c.Limits, Trusted: c.Trusted, Metrics: c.Metrics}); err != nil {
		return nil, fmt.Errorf("settings: %w", err)
	}
	f.tunnels = newTunnels(f.table, f.gate, c)
	f.watch = newWatch(c, aboutRouter{Router: source.View().Self.Name, Mode: c.Mode}, f.buildSnapshot)
	f.summaries = newWatch(c, aboutRouter{Mode: c.Mode, Summary: true}, f.buildSummary)
	if f.pages, err = newPages(c.Pages, c.OwnPages); err != nil {
		return nil, fmt.Errorf("pages: %w", err)
	}
	f.ending, f.end = context.WithCancel(context.Background())
	f.mux = http.NewServeMux()
	metrics := promhttp.HandlerFor(c.Gatherer, promhttp.HandlerOpts{})

	f.routes("/v1/rooms", "rooms", map[string]handler{http.MethodPost: f.postRoom, http.MethodGet: f.getRooms})
	f.route("/v1/rooms/{room}", "room", http.MethodGet, f.getRoom)
	f.route("/v1/rooms/{room}/connect", "connect", http.MethodGet, f.connect)
	f.route("/v1/servers/{server}/v1/rooms/{room}/connect", "connect", http.MethodGet, f.connect)
	f.route("/v1/match", "match", http.MethodPost, f.postMatch)
	f.route("/v1/fleet", "fleet", http.MethodGet, f.getFleet)
	f.route("/v1/fleet/events", "events", http.MethodGet, f.getEvents)
	f.route("/v1/fleet/operator", "operator", http.MethodGet, f.getOperator)
	f.route("/v1/fleet/servers/{name}/drain", "drain", http.MethodPost, f.postState("drain"))
	f.route("/v1/fleet/servers/{name}/undrain", "undrain", http.MethodPost, f.postState("undrain"))
	f.route("/v1/rooms/{room}/move", "move", http.MethodPost, f.postMove)
	f.route("/v1/rooms/{room}/kick", "kick", http.MethodPost, f.postKick)
	f.route("/v1/rooms/{room}/message", "message", http.MethodPost, f.postMessage)
	f.route("/v1/rooms/{room}/players", "players", http.MethodGet, f.getPlayers)
	f.route("/v1/rooms/{room}/state", "state", http.MethodGet, f.getState)
	f.routes("/v1/bans", "bans", map[string]handler{http.MethodGet: f.getBans, http.MethodPost: f.postBan})
	f.route("/v1/bans/{player}", "ban", http.MethodDelete, f.deleteBan)
	f.route("/{$}", "page", http.MethodGet, f.pages.serve(indexPage))
	f.route("/fleet", "page", http.MethodGet, f.getFleetPage)
	f.route("/matches", "page", http.MethodGet, f.pages.serve(matchesPage))
	f.route("/leaderboard", "page", http.MethodGet, f.pages.serve(leaderboardPage))
	f.route("/inspect/{$}", "page", http.MethodGet, f.pages.serve(inspectPage))
	f.route("/inspect/{room}", "page", http.MethodGet, f.pages.serve(inspectPage))
	f.route("/assets/{file}", "page", http.MethodGet, f.pages.serveAsset)
	f.route("/livez", "livez", http.MethodGet, f.getLive)
	f.route("/readyz", "readyz", http.MethodGet, f.getReady)
	if c.Profiles {
		profiles := obs.Profiles()
		f.route("/debug/pprof/", "profiles", http.MethodGet, func(w http.ResponseWriter, r *http.Request) error {
			if err := f.allow(r); err != nil {
				return err
			}
			profiles.ServeHTTP(w, r)
			return nil
		})
	}
	f.route("/metrics", "metrics", http.MethodGet, func(w http.ResponseWriter, r *http.Request) error {
		if err := f.allowReader(r); err != nil {
			return err
		}
		metrics.ServeHTTP(w, r)
		return nil
	})
	f.route("/v1/openapi.json", "openapi", http.MethodGet, serveOpenAPI())
	f.routeResults()
	f.route("/", "unknown", "", func(_ http.ResponseWriter, r *http.Request) error {
		return problemf(http.StatusNotFound, "there is nothing at %s; pages are /, /fleet, /matches and /leaderboard, the API is POST /v1/rooms, GET /v1/rooms/{room}, "+
			"GET /v1/rooms/{room}/connect, POST /v1/match and GET /v1/fleet; /v1/openapi.json describes all of it", shorten(r.URL.Path))
	})
	return f, nil
}

// ServeHTTP answers one request.
func (f *Gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) { f.mux.ServeHTTP(w, r) }
