// Package server is a game server, assembled: gossip, links to other servers, tick workers, client connections and HTTP. The
// main function of a game calls it with the game's definition:
//
//	c := server.DefaultConfig()
//	c.Name = "gs-1"
//	n, err := server.New(c, mygame.Definition)
//	...
//	err = n.Run(ctx)
package server

import (
	"fmt"
	"net"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"github.com/ringside-go/ringside/gameserver/game"
	"github.com/ringside-go/ringside/gameserver/internal/registry"
	"github.com/ringside-go/ringside/gameserver/internal/replication"
	"github.com/ringside-go/ringside/gameserver/internal/room"
	"github.com/ringside-go/ringside/gameserver/internal/session"
	"github.com/ringside-go/ringside/internal/membership"
	"github.com/ringside-go/ringside/internal/network"
	"github.com/ringside-go/ringside/internal/obs"
	"github.com/ringside-go/ringside/internal/ticket"
	"github.com/ringside-go/ringside/proto"
)

// Server is one game server.
type Server struct {
	config   Config
	listener net.Listener // for clients; for all, where there is no inside
	inside   net.Listener // for routers and operators; nil: there is none
	url      string
	front    *http.Server // of listener
	back     *http.Server // of inside
	links    *replication.Links
	gossip   *membership.Gossip
	pool     *room.Pool
	registry *registry.Registry
	sessions *session.Server
	detours  *detours
	metrics  *obs.Metrics
	operator *ticket.Operator
	ready    atomic.Bool
	stops    chan struct{} // one token: Stop was called
}

// New builds a node that runs games. It binds all sockets, so that their addresses are known; Run must follow, or Close.
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

// build makes the node's parts; those that bind sockets are set as soon as they have.
func (n *Server) build(games []game.Definition) error {
	c := n.config
	schemas, err := fingerprints(games)
	if err != nil {
		return err
	}
	prom := prometheus.NewRegistry()
	prom.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	n.metrics = obs.NewMetrics(prom)
	if n.operator, err = c.operator(); err != nil {
		return err
	}
	c.Room.Logger, c.Room.Metrics = c.Logger, n.metrics
	// The workers run after all parts are there.
	c.Room.Flush = func() { n.links.Flush() }
	c.Room.Stalled = func(gap time.Duration) { n.registry.Stalled(gap) }
	if n.pool, err = room.NewPool(c.Room); err != nil {
		return err
	}
	if n.listener, err = network.Or(c.Network).Listen(c.Listen); err != nil {
		return fmt.Errorf("server: listen: %w", err)
	}
	if c.Inside != "" {
		if n.inside, err = network.Or(c.Network).Listen(c.Inside); err != nil {
			return fmt.Errorf("server: inside: %w", err)
		}
	}
	if n.url = c.PublicURL; n.url == "" {
		host, err := reach(c.Fleet.Advertise, n.listener.Addr())
		if err != nil {
			return fmt.Errorf("server: no public URL is given: %w", err)
		}
		n.url = "http://" + host
		if c.TLS != nil {
			n.url = "https://" + host
		}
	}
	n.links, err = replication.New(replication.Config{
		Listen: c.Fleet.Peer, Name: c.Name, Cluster: c.Fleet.Cluster, Key: c.Fleet.Key,
		Network: c.Network, Logger: c.Logger,
	})
	if err != nil {
		return err
	}
	if n.gossip, err = n.newGossip(); err != nil {
		return err
	}
	n.registry, err = registry.New(registry.Config{
		Games: games, Members: n.gossip, Links: links{n.links}, Pool: n.pool, Standbys: c.Standbys,
		Logger: c.Logger, Metrics: n.metrics,
	})
	if err != nil {
		return err
	}
	n.detours = newDetours(n.gossip, n.url, c.Logger)
	c.Session.Logger, c.Session.Metrics = c.Logger, n.metrics
	if n.sessions, err = session.New(c.Session, n.newDoor(schemas)); err != nil {
		return err
	}
	n.front, n.back = n.newHTTP(prom)
	return nil
}

func (n *Server) newGossip() (*membership.Gossip, error) {
	f := n.config.Fleet
	peerAddr, err := reach(f.Advertise, n.links.Addr())
	if err != nil {
		return nil, fmt.Errorf("server: peer: %w", err)
	}
	port, err := n.port()
	if err != nil {
		return nil, fmt.Errorf("server: inside: %w", err)
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
		Key: f.Key, Cluster: f.Cluster, Logger: n.config.Logger, Network: n.config.Network,
		Lost: func(g membership.Gone) { n.metrics.MembersLost.WithLabelValues(string(g.Reason)).Inc() },
	})
}

// port is that of inside, which the other members reach at the host of the peer links; 0: there is none.
func (n *Server) port() (int, error) {
	if n.inside == nil {
		return 0, nil
	}
	_, port, err := net.SplitHostPort(n.inside.Addr().String())
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(port)
}

// links is what the registry needs of *replication.Links.
type links struct{ *replication.Links }

// Follow implements registry.Links.
func (l links) Follow(server, addr string, o replication.Open, ev replication.FeedEvents) registry.Feed {
	return l.Links.Follow(server, addr, o, ev)
}

// fingerprints are those of the schemas that clients see. Each game makes a room once, so that one that cannot start is found
// at once.
func fingerprints(games []game.Definition) (map[proto.GameName]uint64, error) {
	public := make(map[proto.GameName]uint64, len(games))
	for _, g := range games {
		sim, err := game.New(&g, nil, 1, 1)
		if err != nil {
			return nil, fmt.Errorf("server: game %s does not start without options: %w", g.Name, err)
		}
		public[g.Name] = sim.Store().Schema().Fingerprint()
	}
	return public, nil
}

// Close gives back what New has bound, where Run is never called.
func (n *Server) Close() {
	for _, l := range []net.Listener{n.listener, n.inside} {
		if l != nil {
			l.Close()
		}
	}
	if n.links != nil {
		n.links.Close()
	}
	if n.gossip != nil {
		n.gossip.Close()
	}
}

// Addr is the address that clients are served at.
func (n *Server) Addr() net.Addr { return n.listener.Addr() }

// URL is the base URL at which clients reach this server.
func (n *Server) URL() string { return n.url }

// Gossip is the host:port that others can have as a seed.
func (n *Server) Gossip() string { return n.gossip.Addr() }

// Members is the fleet as this server sees it.
func (n *Server) Members() membership.Source { return n.gossip }

// Rooms gives a snapshot of the rooms led here, by id.
func (n *Server) Rooms() []room.Info { return n.registry.List() }
