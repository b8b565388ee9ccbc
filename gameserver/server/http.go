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
	// maxHeader bounds a request's header, in bytes. Tickets are in the hello, not in the URL.
	maxHeader = 8 << 10
)

// newHTTP makes the server of the client listener and that of the internal listener, which is nil if there is none.
func (n *Server) newHTTP(metrics prometheus.Gatherer) (client, internal *http.Server) {
	clients, mux := http.NewServeMux(), http.NewServeMux()
	for _, m := range []*http.ServeMux{clients, mux} {
		m.Handle("GET /v1/rooms/{room}/connect", n.sessions)
	}
	mux.HandleFunc("GET /v1/server", n.getServer)
	mux.HandleFunc("GET /v1/server/details", n.getDetails)
	mux.HandleFunc("GET /v1/server/games", n.getGames)
	mux.HandleFunc("GET /v1/server/rooms", n.getRooms)
	mux.HandleFunc("GET /v1/server/rooms/{room}", n.getRoom)
	mux.HandleFunc("POST /v1/server/drain", n.admin(n.postDrain))
	mux.HandleFunc("POST /v1/server/undrain", n.admin(n.postUndrain))
	mux.HandleFunc("POST /v1/server/forget", n.admin(n.postForget))
	mux.HandleFunc("POST /v1/rooms/{room}/move", n.admin(n.postMove))
	mux.HandleFunc("GET /livez", func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte("ok\n")) })
	mux.HandleFunc("GET /readyz", n.getReady)
	mux.Handle("GET /metrics", promhttp.HandlerFor(metrics, promhttp.HandlerOpts{}))
	if n.internal == nil {
		return n.newServer(mux), nil
	}
	return n.newServer(clients), n.newServer(mux)
}

func (n *Server) newServer(h http.Handler) *http.Server {
	return &http.Server{
		Handler:           h,
		ReadHeaderTimeout: headerTimeout,
		ReadTimeout:       requestTimeout,
		WriteTimeout:      requestTimeout,
		IdleTimeout:       time.Minute,
		MaxHeaderBytes:    maxHeader,
		ErrorLog:          slog.NewLogLogger(n.config.Logger.Handler(), slog.LevelDebug),
	}
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
