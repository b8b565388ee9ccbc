package server

import (
	"cmp"
	"context"
	"crypto/ed25519"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"time"

	"github.com/ringside-go/ringside/gameserver/internal/replication"
	"github.com/ringside-go/ringside/gameserver/internal/room"
	"github.com/ringside-go/ringside/gameserver/internal/session"
	"github.com/ringside-go/ringside/internal/flags"
	"github.com/ringside-go/ringside/internal/membership"
	"github.com/ringside-go/ringside/internal/obs"
	"github.com/ringside-go/ringside/internal/ticket"
)

// Config of a Server. Begin with DefaultConfig.
type Config struct {
	Name    string // stable name of this server, for placement: the pod's, the machine's
	Zone    string // where it runs; for people
	Version string // of the build; for people; at most 32 bytes

	Listen    string // host:port for clients; port 0 picks one
	PublicURL string // base URL at which clients reach Listen; empty: http(s):// and Listen's address
	// Internal is the host:port for routers, operators and metrics, in plain TCP. They reach it at the host of the peer
	// links. Listen then serves clients only. Empty: Listen serves everybody.
	Internal string

	Security Security
	Fleet    Fleet
	Limits   Limits

	Standbys     int           // replicas of each room on other servers, 0 to 2
	Migrates     []uint64      // versions of older schemas whose rooms all games take over, besides game.Definition.Migrates
	DrainTimeout time.Duration // a stopping server ends the rooms that it has not handed off by then
	Logger       *slog.Logger  // its attributes should name the server

	Testing Testing
}

// Security is whom the server trusts.
type Security struct {
	TLS *tls.Config // of Listen; nil: plain TCP
	// TicketKeys are the routers' public keys. Without any, tickets signed with the well-known development key are
	// accepted, and Listen must be a loopback address.
	TicketKeys []ed25519.PublicKey
	// AdminToken is what operators show to drain this server and to move its rooms. Empty: anybody may, if the address is a
	// loopback address; otherwise nobody may.
	AdminToken string
	Origins    []string // hosts of the web pages that may connect, such as play.example.com; empty: any
}

// Fleet is how a server finds and reaches the other servers.
type Fleet struct {
	Cluster   string   // label that keeps fleets apart
	Key       []byte   // cluster key, 16, 24 or 32 bytes; empty: loopback addresses only
	Seeds     []string // host:port of some members' gossip; the server's own may be among them
	Gossip    string   // host:port for gossip, UDP and TCP; port 0 picks one
	Peer      string   // host:port for the other servers' links; port 0 picks one
	Advertise string   // host at which the others reach Gossip and Peer; empty: the hosts given there
}

// Limits of what one server takes on.
type Limits struct {
	Connections int           // client connections, those without a hello included; beyond: 503
	Unentered   int           // of them, those without a hello; beyond: 503
	OutboxBytes int           // pending frames of one client, a keyframe not counted; beyond: they are dropped, and a keyframe follows
	Busy        float64       // share of its time, 0 to 1, above which a tick worker takes no new room
	IdleRoom    time.Duration // a room without seats taken and spectators ends after this
	Replicas    int           // rooms of other servers that this one stands by for; led ones do not count. Beyond: their leaders ask others
}

// Testing is what tests and measurements set. Its zero value is right for everything else.
type Testing struct {
	Network   Network          // where sockets come from; nil: the operating system
	WallClock func() time.Time // the time of day, which may be set at any moment; nil: the machine's
	Workers   int              // tick workers; 0: GOMAXPROCS
	Checks    bool             // send every client a hash of the state once a second
	NoPolling bool             // read client sockets in a goroutine each also where the tick workers could do it
}

// Network makes the sockets of a server. Addresses are host:port, for TCP and UDP. Its methods may be called from any
// goroutine, and what they return behaves as what package net returns.
type Network interface {
	Listen(addr string) (net.Listener, error)
	ListenPacket(addr string) (net.PacketConn, error)
	DialContext(ctx context.Context, addr string) (net.Conn, error)
}

// DefaultConfig is a server on loopback with ports that the system picks, alone in its fleet. It lacks a name. Limits.Replicas
// is as many as fit into a quarter of the memory at 256 KiB each, 4096 at least: of GOMEMLIMIT if it is set, otherwise of what the
// control group allows, otherwise of what the machine has.
func DefaultConfig() Config {
	rooms, sessions := room.DefaultConfig(), session.DefaultConfig()
	return Config{
		Version: "dev",
		Listen:  "127.0.0.1:0",
		Fleet:   Fleet{Cluster: "ringside", Gossip: "127.0.0.1:0", Peer: "127.0.0.1:0"},
		Limits: Limits{
			Connections: sessions.MaxConnections, Unentered: sessions.MaxUnentered, OutboxBytes: sessions.OutboxBytes,
			Busy: rooms.MaxBusy, IdleRoom: rooms.IdleTimeout, Replicas: defaultReplicas(),
		},
		Standbys:     1,
		DrainTimeout: 20 * time.Second, // an orchestrator kills after 30
		Logger:       slog.Default(),
	}
}

// Validate says which setting is wrong and what is allowed. New checks what depends on the machine, such as ports in use.
func (c Config) Validate() error {
	for _, a := range []struct{ what, addr string }{
		{"listen", c.Listen}, {"internal", c.internal()}, {"gossip", c.Fleet.Gossip}, {"peer", c.Fleet.Peer},
	} {
		if _, _, err := net.SplitHostPort(a.addr); err != nil {
			return fmt.Errorf("server: %s address %q must be host:port: %w", a.what, a.addr, err)
		}
	}
	if c.Logger == nil {
		return errors.New("server: no logger; begin with DefaultConfig")
	}
	if len(c.Security.TicketKeys) == 0 && !flags.Loopback(c.Listen) {
		return fmt.Errorf("server: listening on %s without ticket keys would let anyone in with the development key; "+
			"give the routers' public keys (-ticket-keys), or listen on 127.0.0.1", c.Listen)
	}
	if c.DrainTimeout < 0 {
		return fmt.Errorf("server: drain timeout is %v; it cannot be negative", c.DrainTimeout)
	}
	if _, err := c.operator(); err != nil {
		return fmt.Errorf("server: %w", err)
	}
	self := c.member(cmp.Or(c.PublicURL, "http://"+c.Listen), c.Fleet.Peer, 0)
	if err := self.Validate(); err != nil {
		return fmt.Errorf("server: %w", err)
	}
	unused := obs.NewMetrics(nil)
	if err := errors.Join(c.room(unused).Validate(), c.session(unused).Validate()); err != nil {
		return fmt.Errorf("server: limits: %w", err)
	}
	return nil
}

// room is the configuration of the tick workers.
func (c Config) room(m *obs.Metrics) room.Config {
	return room.Config{
		Workers: c.Testing.Workers, MaxBusy: c.Limits.Busy, IdleTimeout: c.Limits.IdleRoom, Checks: c.Testing.Checks,
		WallClock: c.Testing.WallClock, Logger: c.Logger, Metrics: m,
	}
}

// session is the configuration of the client connections.
func (c Config) session(m *obs.Metrics) session.Config {
	return session.Config{
		MaxConnections: c.Limits.Connections, MaxUnentered: c.Limits.Unentered, OutboxBytes: c.Limits.OutboxBytes,
		Origins: c.Security.Origins, Poll: !c.Testing.NoPolling, Logger: c.Logger, Metrics: m,
	}
}

// operator guards what only operators may do.
func (c Config) operator() (*ticket.Operator, error) {
	return ticket.NewOperator(c.Security.AdminToken, flags.Loopback(c.internal()))
}

// internal is the address that serves routers and operators.
func (c Config) internal() string { return cmp.Or(c.Internal, c.Listen) }

// member is this server as the others see it.
func (c Config) member(url, links string, port int) membership.Member {
	return membership.Member{
		Name: membership.ServerName(c.Name), Role: membership.GameServer, State: membership.Serving,
		URL: strings.TrimSuffix(url, "/"), Peer: links, Port: port, Weight: 1, Zone: c.Zone, Version: c.Version,
		Links: replication.Spoken(),
	}
}

// reach is the address at which others reach one that is bound to addr.
func reach(advertise string, addr net.Addr) (string, error) {
	host, port, err := net.SplitHostPort(addr.String())
	if err != nil {
		return "", err
	}
	if advertise != "" {
		host = advertise
	}
	if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
		return "", fmt.Errorf("%s is every address of this machine; say at which one the others reach it (-advertise)", addr)
	}
	return net.JoinHostPort(host, port), nil
}
