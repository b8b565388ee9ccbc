// Package server runs a game server. The whole main of a game:
//
//	package main
//
//	import (
//		"github.com/ringside-go/ringside/gameserver/server"
//
//		"example.com/tag"
//	)
//
//	func main() { server.Main(tag.Definition()) }
//
// Main reads flags and RINGSIDE_ environment variables; -help lists them. It serves until SIGTERM, hands the rooms off to the
// other servers, and exits. A process that is more than a game server, or a test, uses New and Run:
//
//	c := server.DefaultConfig()
//	c.Name = "gs-1"
//	s, err := server.New(c, tag.Definition())
//	...
//	err = s.Run(ctx)
package server

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"github.com/ringside-go/ringside/gameserver/game"
	"github.com/ringside-go/ringside/gameserver/internal/registry"
	"github.com/ringside-go/ringside/gameserver/internal/replication"
	"github.com/ringside-go/ringside/gameserver/internal/room"
	"github.com/ringside-go/ringside/gameserver/internal/session"
	"github.com/ringside-go/ringside/internal/bans"
	"github.com/ringside-go/ringside/internal/certs"
	"github.com/ringside-go/ringside/internal/edge"
	"github.com/ringside-go/ringside/internal/membership"
	"github.com/ringside-go/ringside/internal/multiplex"
	"github.com/ringside-go/ringside/internal/network"
	"github.com/ringside-go/ringside/internal/obs"
	"github.com/ringside-go/ringside/internal/ticket"
)

// ErrKilled as the cause of Run's context makes Run end as a killed process does: no room is handed off and nobody is
// told. It is for tests.
var ErrKilled = membership.ErrKilled

// Server is one game server.
type Server struct {
	config         Config
	clientListener net.Listener // for clients; without an internal listener for everybody
	internal       net.Listener // for routers and operators; nil: there is none
	url            string
	clientHTTP     *http.Server // serves clientListener
	internalHTTP   *http.Server // serves internal; nil: there is none
	tunnels        *multiplex.Server
	tunnelHTTP     *http.Server // serves tunnels
	certs          *certs.Fleet // nil: the fleet has none
	links          *replication.Links
	gossip         *membership.Gossip
	pool           *room.Pool
	registry       *registry.Registry
	gate           *edge.Gate // of both listeners
	sessions       *session.Server
	reconnects     *reconnects
	results        *results // nil: there is no results store
	skew           *skew
	bans           *bans.Set
	metrics        *obs.ServerMetrics
	operator       *ticket.Operator
	ready          atomic.Bool
	games          []gameReport
	hung           atomic.Int64  // goroutines that are lost to games
	drainedFor     int64         // of them, as many as this server has drained for; measure's own
	stops          chan struct{} // one token: Stop was called
}

// New builds a server that runs games. It binds all sockets, so that their addresses are known. Run must follow, or Close.
func New(c Config, games ...game.Definition) (*Server, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	n := &Server{config: c, stops: make(chan struct{}, 1)}
	if err := n.build(games); err != nil {
		n.Close()
		return nil, err
	}
	return n, nil
}

// build makes the server's parts. A part that binds a socket is set as soon as it has one.
func (n *Server) build(games []game.Definition) error {
	c := n.config
	games = taking(games, c.Migrates)
	var err error
	if n.games, err = describe(games); err != nil {
		return err
	}
	for _, g := range n.games {
		if g.most > game.MaxState {
			c.Logger.Warn("the tables of a game can hold more than a keyframe may have, and a room that does ends; lower max= of its tables, or use smaller fields",
				"game", g.Game, "bytes", g.most, "limit", game.MaxState)
		}
	}
	prom := prometheus.NewRegistry()
	prom.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	n.metrics = obs.NewServerMetrics(prom)
	for _, g := range n.games {
		n.metrics.TickSeconds.WithLabelValues(string(g.Game)) // 0 from the start
	}
	obs.RegisterLog(prom, c.Logger)
	obs.RegisterBuild(prom, c.Version)
	if c.Security.TLS != nil {
		obs.RegisterClientCertificate(prom, c.Security.TLS)
	}
	if n.operator, err = c.operator(); err != nil {
		return err
	}
	n.bans = bans.New(c.Testing.WallClock)
	rooms := c.room(n.metrics)
	rooms.Bans = n.bans
	// The workers run after all parts exist.
	rooms.Flush = func() { n.links.Flush() }
	rooms.Stalled = func(gap time.Duration) { n.registry.Stalled(gap) }
	rooms.Hung = func(room.Hang) { n.lost() }
	if c.Results.Store {
		if n.results, err = n.newResults(); err != nil {
			return err
		}
		rooms.Results, rooms.Durable = n.results, c.Results.Data != ""
		n.measureResults() // what an earlier process has left counts from the first look
	}
	if n.pool, err = room.NewPool(rooms); err != nil {
		return err
	}
	if n.clientListener, err = n.listen("listen", c.Listen); err != nil {
		return err
	}
	if inside := c.separate(); inside != "" {
		if n.internal, err = n.listen("inside", inside); err != nil {
			return err
		}
	}
	if n.url = c.PublicURL; n.url == "" {
		host, err := reach(c.Fleet.Advertise, n.clientListener.Addr())
		if err != nil {
			return fmt.Errorf("server: no public URL is given: %w", err)
		}
		n.url = "http://" + host
		if c.Security.TLS != nil {
			n.url = "https://" + host
		}
	}
	n.certs, err = certs.LoadFleet(certs.FleetFiles{Cert: c.Fleet.Cert, Key: c.Fleet.CertKey, CA: c.Fleet.CA},
		certs.NewID(string(membership.GameServer), c.Name), c.Logger)
	if err != nil {
		return fmt.Errorf("server: %w", err)
	}
	if n.certs != nil {
		obs.RegisterCertificate(prom, "fleet", n.certs.Expires)
	}
	n.links, err = replication.New(replication.Config{
		Listen: c.Fleet.Peer, Name: c.Name, Cluster: c.Fleet.Cluster, Certs: n.certs,
		Handshakes: c.Limits.Handshakes, HandshakesPerAddress: c.Limits.HandshakesPerAddress,
		Refused: func(reason string) { n.metrics.HandshakesFailed.WithLabelValues(reason).Inc() },
		Network: c.Testing.Network, Logger: c.Logger,
	})
	if err != nil {
		return explainBind("peer", err)
	}
	if n.gossip, err = n.newGossip(); err != nil {
		return explainBind("gossip", err)
	}
	takeover := n.takeover
	if n.results == nil {
		takeover = nil
	}
	n.registry, err = registry.New(registry.Config{
		Takeover: takeover,
		Games:    games, Members: n.gossip, Links: links{n.links}, Pool: n.pool, Standbys: c.Standbys,
		MaxReplicas: c.Limits.Replicas, Hung: n.lost, Pass: c.Testing.Pass,
		Logger: c.Logger, Metrics: n.metrics,
	})
	if err != nil {
		return err
	}
	n.reconnects = newReconnects(n.gossip, n.url, c.Logger)
	n.skew = newSkew(c.Logger, n.metrics)
	if n.gate, err = edge.New(edge.Config{Limits: c.limits(), Trusted: c.Security.TrustedProxies, Metrics: &n.metrics.Shared}); err != nil {
		return err
	}
	if n.sessions, err = session.New(c.session(n.metrics, n.gate), n.newAdmission(fingerprints(n.games))); err != nil {
		return err
	}
	n.tunnels, n.tunnelHTTP = n.newTunnels()
	n.clientHTTP, n.internalHTTP = n.newHTTP(prom)
	if n.internal == nil && n.operator.DependsOnLoopback(c.PublicURL) {
		c.Logger.Warn(ticket.LoopbackWarning, "url", c.PublicURL)
	}
	return nil
}

// listen binds the address of a flag.
func (n *Server) listen(flag, addr string) (net.Listener, error) {
	l, err := network.Or(n.config.Testing.Network).Listen(addr)
	if err != nil {
		return nil, explainBind(flag, fmt.Errorf("server: -%s: %w", flag, err))
	}
	return l, nil
}

// explainBind adds to an error what to do about it if the address of a flag is taken.
func explainBind(flag string, err error) error {
	if errors.Is(err, syscall.EADDRINUSE) {
		return fmt.Errorf("%w; stop the process that uses it, or choose another -%s", err, flag)
	}
	return err
}

func (n *Server) newGossip() (*membership.Gossip, error) {
	f := n.config.Fleet
	peerAddr, err := reach(f.Advertise, n.links.Addr())
	if err != nil {
		return nil, fmt.Errorf("server: peer: %w", err)
	}
	port, err := n.port()
	if err != nil {
		return nil, fmt.Errorf("server: -inside: %w", err)
	}
	advertise := ""
	if f.Advertise != "" {
		_, port, err := net.SplitHostPort(f.Gossip)
		if err != nil {
			return nil, err
		}
		advertise = net.JoinHostPort(f.Advertise, port)
	}
	return membership.NewGossip(membership.Config{
		Self: n.config.member(n.url, peerAddr, port), Bind: f.Gossip, Advertise: advertise, Seeds: f.Seeds,
		Key: f.Key, Keys: f.Keys, Cluster: f.Cluster, Logger: n.config.Logger, Network: n.config.Testing.Network,
		Streams: n.config.Limits.Streams, StreamsPerAddress: n.config.Limits.StreamsPerAddress,
		Refused: func(reason string) { n.metrics.GossipRefused.WithLabelValues(reason).Inc() },
		Lost:    func(g membership.Gone) { n.metrics.MembersLost.WithLabelValues(string(g.Reason)).Inc() },
	})
}

// port is that of the internal listener, which the other members reach at the host of the peer links; 0: there is none.
func (n *Server) port() (int, error) {
	if n.internal == nil {
		return 0, nil
	}
	_, port, err := net.SplitHostPort(n.internal.Addr().String())
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(port)
}

// links is what the registry needs of *replication.Links.
type links struct{ *replication.Links }

// Open implements registry.Links.
func (l links) Open(server, addr string, o replication.Open, ev replication.StreamEvents) registry.Stream {
	return l.Links.Open(server, addr, o, ev)
}

// Close gives back what New has bound, where Run is never called.
func (n *Server) Close() {
	for _, l := range []net.Listener{n.clientListener, n.internal} {
		if l != nil {
			l.Close()
		}
	}
	if n.links != nil {
		n.links.Close()
	}
	if n.results != nil {
		n.results.close()
	}
	if n.gossip != nil {
		n.gossip.Close()
	}
}

// Addr is the address that serves clients.
func (n *Server) Addr() net.Addr { return n.clientListener.Addr() }

// URL is the base URL at which clients reach this server.
func (n *Server) URL() string { return n.url }

// InternalURL is the base URL at which routers and operators reach this server.
func (n *Server) InternalURL() string {
	self := n.gossip.View().Self
	return self.Inside()
}

// Gossip is the host:port that others can have as a seed.
func (n *Server) Gossip() string { return n.gossip.Addr() }
