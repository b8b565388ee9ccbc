package gateway

import (
	"net/http"

	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/ringside-go/ringside/internal/bans"
	"github.com/ringside-go/ringside/internal/obs"
	"github.com/ringside-go/ringside/router/internal/admission"
	"github.com/ringside-go/ringside/router/internal/api"
	"github.com/ringside-go/ringside/router/internal/listing"
	"github.com/ringside-go/ringside/router/internal/lookup"
	"github.com/ringside-go/ringside/router/internal/match"
	"github.com/ringside-go/ringside/router/internal/operate"
	"github.com/ringside-go/ringside/router/internal/pages"
)

// routePlayers adds what players' clients ask for: a room and its ticket, lists of rooms, and the way to the room's server.
func (g *Gateway) routePlayers(banned *bans.Set) {
	picker := lookup.NewPicker(g.poller.Load, nil)
	a := &admission.Admission{
		Table: g.table, Addresses: lookup.Addresses{Mode: g.config.Mode, PublicURL: g.config.PublicURL}, Picker: picker, Servers: g.servers,
		Matcher: match.New(g.table, g.servers, picker, g.limits.TakeReservation), Signer: g.config.Signer, Identity: g.config.Identity,
		Limits: g.limits, Bans: banned, Tickets: g.config.Metrics.Tickets,
	}
	list := listing.New(g.ending, g.table, g.servers, g.limits, g.gate)
	connect := g.tunnels.Connect(g.config.Mode)
	g.mux.Routes("/v1/rooms", "rooms", map[string]api.Handler{http.MethodPost: a.PostRoom, http.MethodGet: list.GetRooms})
	g.mux.Route("/v1/rooms/{room}", "room", http.MethodGet, a.GetRoom)
	g.mux.Route("/v1/rooms/{room}/connect", "connect", http.MethodGet, connect)
	g.mux.Route("/v1/servers/{server}/v1/rooms/{room}/connect", "connect", http.MethodGet, connect)
	g.mux.Route("/v1/match", "match", http.MethodPost, a.PostMatch)
}

// routeFleet adds what shows the fleet.
func (g *Gateway) routeFleet() {
	g.mux.Route("/v1/fleet", "fleet", http.MethodGet, g.console.GetFleet)
	g.mux.Route("/v1/fleet/events", "events", http.MethodGet, g.console.GetEvents)
	g.mux.Route("/fleet", "page", http.MethodGet, g.console.GetPage)
}

// routeOperators adds what changes the fleet.
func (g *Gateway) routeOperators(b *operate.Bans) {
	o := &operate.Operate{Table: g.table, Servers: g.servers, Guard: g.guard, PublicURL: g.config.PublicURL, Logger: g.config.Logger}
	g.mux.Route("/v1/fleet/operator", "operator", http.MethodGet, o.GetOperator)
	g.mux.Route("/v1/fleet/servers/{name}/drain", "drain", http.MethodPost, o.PostState("drain"))
	g.mux.Route("/v1/fleet/servers/{name}/undrain", "undrain", http.MethodPost, o.PostState("undrain"))
	for verb, method := range map[string]string{"move": http.MethodPost, "kick": http.MethodPost, "message": http.MethodPost, "players": http.MethodGet, "state": http.MethodGet} {
		g.mux.Route("/v1/rooms/{room}/"+verb, verb, method, o.Room(verb))
	}
	g.mux.Routes("/v1/bans", "bans", map[string]api.Handler{http.MethodGet: b.Get, http.MethodPost: b.Post})
	g.mux.Route("/v1/bans/{player}", "ban", http.MethodDelete, b.Delete)
}

// routePages adds the pages for browsers; the fleet's is GetPage of the console.
func (g *Gateway) routePages(files *pages.Pages) {
	g.mux.Route("/{$}", "page", http.MethodGet, files.Serve(pages.Index))
	g.mux.Route("/matches", "page", http.MethodGet, files.Serve(pages.Matches))
	g.mux.Route("/leaderboard", "page", http.MethodGet, files.Serve(pages.Leaderboard))
	g.mux.Route("/inspect/{$}", "page", http.MethodGet, files.Serve(pages.Inspect))
	g.mux.Route("/inspect/{room}", "page", http.MethodGet, files.Serve(pages.Inspect))
	g.mux.Route("/assets/{file}", "page", http.MethodGet, files.ServeAsset)
	g.mux.Route("/v1/openapi.json", "openapi", http.MethodGet, api.OpenAPI())
}

// routeProcess adds what orchestrators and operators ask of this process.
func (g *Gateway) routeProcess() {
	g.mux.Route("/livez", "livez", http.MethodGet, g.getLive)
	g.mux.Route("/readyz", "readyz", http.MethodGet, g.getReady)
	metrics := promhttp.HandlerFor(g.config.Gatherer, promhttp.HandlerOpts{})
	g.mux.Route("/metrics", "metrics", http.MethodGet, onlyFor(g.guard.AllowReader, metrics))
	if g.config.Profiles {
		g.mux.Route("/debug/pprof/", "profiles", http.MethodGet, onlyFor(g.guard.AllowOperator, obs.Profiles()))
	}
}

// onlyFor has h answer those whom allow lets go on.
func onlyFor(allow func(*http.Request) error, h http.Handler) api.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		if err := allow(r); err != nil {
			return err
		}
		h.ServeHTTP(w, r)
		return nil
	}
}
