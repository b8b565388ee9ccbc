package server

import (
	"log/slog"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/ringside-go/ringside/internal/multiplex"
	"github.com/ringside-go/ringside/internal/obs"
	"github.com/ringside-go/ringside/internal/textframes"
)

const (
	// headerTimeout bounds a request's header, and so what a silent connection may hold before its upgrade.
	headerTimeout = 5 * time.Second
	// requestTimeout bounds reading and answering a request; an upgraded connection is no request any more.
	requestTimeout = 10 * time.Second
	// idleTimeout bounds the time between two requests. Routers, which ask every second, stay; a stranger's connection does not.
	idleTimeout = 10 * time.Second
	// maxHeader bounds a request's header, in bytes. Tickets are in the hello, not in the URL.
	maxHeader = 8 << 10
)

// newHTTP makes the server of the client listener and that of the internal listener, which is nil if there is none. Without one
// the client listener is a loopback address, and shows what strangers must not see to requests of this machine, or with the
// operators' token (Operator.CheckReader).
func (n *Server) newHTTP(metrics prometheus.Gatherer) (client, internal *http.Server) {
	clients, mux := http.NewServeMux(), http.NewServeMux()
	for pattern, h := range n.clientRoutes() {
		clients.Handle(pattern, h)
		mux.Handle(pattern, h)
	}
	for pattern, h := range n.internalRoutes(metrics) {
		mux.HandleFunc(pattern, h)
	}
	if n.config.Profiles {
		mux.HandleFunc("GET /debug/pprof/", n.admin(obs.Profiles().ServeHTTP))
	}
	if n.internal == nil {
		return n.newServer(mux), nil
	}
	return n.newServer(clients), n.newServer(mux)
}

// newTunnels makes what takes the links of routers, and the server of their streams, which are clients' connections and nothing else.
func (n *Server) newTunnels() (*multiplex.Server, *http.Server) {
	l := n.clientListener
	if n.internal != nil {
		l = n.internal
	}
	mux := http.NewServeMux()
	for pattern, h := range n.clientRoutes() {
		mux.Handle(pattern, h)
	}
	return multiplex.NewServer(l.Addr(), n.gate.Leave, n.metrics.StreamsRefused.Inc), n.newServer(mux)
}

// clientRoutes are those of both listeners.
func (n *Server) clientRoutes() map[string]http.Handler {
	return map[string]http.Handler{
		"GET /v1/rooms/{room}/connect": textframes.Handler(n.sessions),
		"GET /livez":                   http.HandlerFunc(n.getLive),
		"GET /readyz":                  http.HandlerFunc(n.getReady),
	}
}

// internalRoutes are what the internal listener has besides.
func (n *Server) internalRoutes(metrics prometheus.Gatherer) map[string]http.HandlerFunc {
	return map[string]http.HandlerFunc{
		"GET /v1/server":                n.reader(n.getServer),
		"GET " + multiplex.Path:         n.reader(n.tunnels.ServeHTTP),
		"GET /v1/server/details":        n.reader(n.getDetails),
		"GET /v1/server/games":          n.reader(n.getGames),
		"GET /v1/server/entry":          n.reader(n.getEntry),
		"GET /v1/server/rooms":          n.reader(n.getRooms),
		"GET /v1/server/rooms/{room}":   n.reader(n.getRoom),
		"POST /v1/server/drain":         n.admin(n.postDrain),
		"POST /v1/server/undrain":       n.admin(n.postUndrain),
		"POST /v1/server/forget":        n.admin(n.postForget),
		"POST /v1/rooms/{room}/move":    n.admin(n.postMove),
		"POST /v1/rooms/{room}/message": n.admin(n.postMessage),
		"GET /v1/rooms/{room}/players":  n.admin(n.getPlayers),
		"GET /v1/rooms/{room}/state":    n.admin(n.getState),
		"POST /v1/rooms/{room}/kick":    n.admin(n.postKick),
		"POST /v1/server/bans":          n.admin(n.postBans),
		"GET /metrics":                  n.reader(promhttp.HandlerFor(metrics, promhttp.HandlerOpts{}).ServeHTTP),
	}
}

func (n *Server) newServer(h http.Handler) *http.Server {
	s := &http.Server{
		Handler:           h,
		ReadHeaderTimeout: headerTimeout,
		ReadTimeout:       requestTimeout,
		WriteTimeout:      requestTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeader,
		ErrorLog:          slog.NewLogLogger(n.config.Logger.Handler(), slog.LevelDebug),
	}
	n.gate.Attach(s)
	return s
}

// getReady says whether new clients should come here: not before the fleet is met, and not while draining.
func (n *Server) getReady(w http.ResponseWriter, _ *http.Request) {
	switch {
	case !n.ready.Load():
		obs.Problem(w, http.StatusServiceUnavailable, "this server is draining")
	case !n.gossip.Joined():
		obs.Problem(w, http.StatusServiceUnavailable, "neither another member of the fleet nor a seed has been reached yet")
	default:
		w.Write([]byte("ok\n"))
	}
}
