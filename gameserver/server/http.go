package server

import (
	"log/slog"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/ringside-go/ringside/internal/obs"
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
	for _, m := range []*http.ServeMux{clients, mux} {
		m.Handle("GET /v1/rooms/{room}/connect", n.sessions)
	}
	mux.HandleFunc("GET /v1/server", n.reader(n.getServer))
	mux.HandleFunc("GET /v1/server/details", n.reader(n.getDetails))
	mux.HandleFunc("GET /v1/server/games", n.reader(n.getGames))
	mux.HandleFunc("GET /v1/server/entry", n.reader(n.getEntry))
	mux.HandleFunc("GET /v1/server/rooms", n.reader(n.getRooms))
	mux.HandleFunc("GET /v1/server/rooms/{room}", n.reader(n.getRoom))
	mux.HandleFunc("POST /v1/server/drain", n.admin(n.postDrain))
	mux.HandleFunc("POST /v1/server/undrain", n.admin(n.postUndrain))
	mux.HandleFunc("POST /v1/server/forget", n.admin(n.postForget))
	mux.HandleFunc("POST /v1/rooms/{room}/move", n.admin(n.postMove))
	mux.HandleFunc("POST /v1/rooms/{room}/message", n.admin(n.postMessage))
	mux.HandleFunc("GET /v1/rooms/{room}/players", n.admin(n.getPlayers))
	mux.HandleFunc("POST /v1/rooms/{room}/kick", n.admin(n.postKick))
	mux.HandleFunc("POST /v1/server/bans", n.admin(n.postBans))
	mux.HandleFunc("GET /metrics", n.reader(promhttp.HandlerFor(metrics, promhttp.HandlerOpts{}).ServeHTTP))
	for _, m := range []*http.ServeMux{clients, mux} {
		m.HandleFunc("GET /livez", n.getLive)
		m.HandleFunc("GET /readyz", n.getReady)
	}
	if n.internal == nil {
		return n.newServer(mux), nil
	}
	return n.newServer(clients), n.newServer(mux)
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
