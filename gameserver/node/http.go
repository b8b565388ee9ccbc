package node

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/ringside-go/ringside/internal/membership"
	"github.com/ringside-go/ringside/internal/obs"
	"github.com/ringside-go/ringside/proto"
)

const (
	// headerTimeout bounds a request's header, and so what a silent connection may hold before its upgrade.
	headerTimeout = 5 * time.Second
	// requestTimeout bounds reading and answering a request; an upgraded connection is no request any more.
	requestTimeout = 10 * time.Second
	// maxHeader bounds a request's header, in bytes. Tickets are in the hello, not in the URL.
	maxHeader = 8 << 10
)

func (n *Node) newHTTP(metrics prometheus.Gatherer) *http.Server {
	mux := http.NewServeMux()
	mux.Handle("GET /v1/rooms/{room}/connect", n.sessions)
	mux.HandleFunc("GET /v1/server", n.getServer)
	mux.HandleFunc("GET /livez", func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte("ok\n")) })
	mux.HandleFunc("GET /readyz", n.getReady)
	mux.Handle("GET /metrics", promhttp.HandlerFor(metrics, promhttp.HandlerOpts{}))
	return &http.Server{
		Handler:           mux,
		ReadHeaderTimeout: headerTimeout,
		ReadTimeout:       requestTimeout,
		WriteTimeout:      requestTimeout,
		IdleTimeout:       time.Minute,
		MaxHeaderBytes:    maxHeader,
		ErrorLog:          slog.NewLogLogger(n.config.Logger.Handler(), slog.LevelDebug),
	}
}

// getReady says whether new clients should come here: not before the fleet is met, and not while draining.
func (n *Node) getReady(w http.ResponseWriter, _ *http.Request) {
	switch {
	case !n.ready.Load():
		obs.Problem(w, http.StatusServiceUnavailable, "this server is draining")
	case !n.gossip.Joined():
		obs.Problem(w, http.StatusServiceUnavailable, "neither another member of the fleet nor a seed has been reached yet")
	default:
		w.Write([]byte("ok\n"))
	}
}

// report is the answer to GET /v1/server.
type report struct {
	Name    membership.ServerName `json:"name"`
	State   membership.State      `json:"state"`
	Version string                `json:"version"`
	Load    loadReport            `json:"load"`
	Rooms   []roomReport          `json:"rooms"`
}

type loadReport struct {
	Rooms   int `json:"rooms"`
	Players int `json:"players"`
	Busy    int `json:"busy"` // per mille
}

type roomReport struct {
	Room       proto.RoomID   `json:"room"`
	Game       proto.GameName `json:"game"`
	Epoch      string         `json:"epoch"`
	Tick       proto.Tick     `json:"tick"`
	TickRate   int            `json:"tick_rate"`
	Seats      int            `json:"seats"`
	Players    int            `json:"players"`
	Connected  int            `json:"connected"`
	Spectators int            `json:"spectators"`
	Late       uint64         `json:"late"`
	Match      uint32         `json:"match"`
	Age        float64        `json:"age_s"`
}

func (n *Node) getServer(w http.ResponseWriter, _ *http.Request) {
	load := n.load()
	self := n.gossip.View().Self
	answer := report{Name: self.Name, State: self.State, Version: self.Version, Load: loadReport(load), Rooms: []roomReport{}}
	for _, i := range n.registry.List() {
		answer.Rooms = append(answer.Rooms, roomReport{
			Room: i.ID, Game: i.Game, Epoch: i.Epoch.String(), Tick: i.Tick, TickRate: i.TickRate, Seats: i.Seats,
			Players: i.Players, Connected: i.Connected, Spectators: i.Spectators, Late: i.Late, Match: i.Match,
			Age: time.Since(i.Created).Round(time.Millisecond).Seconds(),
		})
	}
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(answer) // an error is the client's, who is gone
}
