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
	"net/netip"
	"strings"
	"time"

	"github.com/ringside-go/ringside/gameserver/internal/replication"
	"github.com/ringside-go/ringside/gameserver/internal/room"
	"github.com/ringside-go/ringside/gameserver/internal/session"
	"github.com/ringside-go/ringside/internal/edge"
	"github.com/ringside-go/ringside/internal/flags"
	"github.com/ringside-go/ringside/internal/membership"
	"github.com/ringside-go/ringside/internal/obs"
	"github.com/ringside-go/ringside/internal/resources"
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
	// links. Listen then serves clients only. Empty: where Listen is a loopback address it serves everybody; elsewhere Internal is the
	// host of Fleet.Peer and a port that the system picks.
	Internal string

	Security Security
	Fleet    Fleet
	Limits   Limits

	Results      Results
	Standbys     int           // replicas of each room on other servers, 0 to 2
	Migrates     []uint64      // versions of older schemas whose rooms all games take over, besides game.Definition.Migrates
	DrainTimeout time.Duration // a stopping server ends the rooms that it has not handed off by then
	Profiles     bool          // serve the runtime's profiles to operators, below /debug/pprof/
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
	// TrustedProxies are those in front of Listen whose X-Forwarded-For and PROXY protocol headers name the client.
	TrustedProxies []netip.Prefix
}

// Fleet is how a server finds and reaches the other servers.
type Fleet struct {
	Cluster string // label that keeps fleets apart
	Key     []byte // cluster key of gossip, 16 bytes or more; empty: loopback addresses only
	// Keys are the cluster keys as they are now: the first encrypts, all decrypt. They are asked for again every few seconds, so
	// a key can be replaced while the fleet runs. Nil: Key, for ever.
	Keys func() [][]byte
	// Cert and CertKey are PEM files with this server's certificate and its private key, CA one with the certificates of the
	// fleet's CA. They are read again when they change. If Cert is the CA's own, this server issues a certificate for its name to
	// itself, and CA may be empty. No files: links are in the clear, on loopback addresses only.
	Cert, CertKey, CA string
	Seeds             []string // host:port of some members' gossip; the server's own may be among them
	Gossip            string   // host:port for gossip, UDP and TCP; port 0 picks one
	Peer              string   // host:port for the other servers' links; port 0 picks one
	Advertise         string   // host at which the others reach Gossip and Peer; empty: the hosts given there
}

// Results is what becomes of outcomes.
type Results struct {
	// Store: the fleet's routers have a results store. Outcomes are delivered to it, and players hear them when it has accepted
	// them. Otherwise players hear outcomes when every standby has them, and nobody keeps them.
	Store bool
	// Data is a directory of this server's own for outcomes that the store does not have yet. With it they survive the end of
	// every process of the fleet. Empty: they are in memory.
	Data string
}

// Limits of what one server takes on. Those of connections are of Listen, and of clients on the internal listener.
type Limits struct {
	Connections  int     // open at once; beyond, the oldest unused one is closed, or the newcomer
	Entered      int     // of them, clients in rooms; those that come back with a resume token may go beyond, up to Connections
	Unentered    int     // of them, those without a hello; beyond, the oldest is closed
	Idle         int     // of them, HTTP connections without a request; beyond, the oldest is closed
	AddressShare float64 // of each of these, what one IPv4 address or IPv6 /64 may hold
	Descriptors  int     // kept free for gossip, links, health checks and operators

	OutboxBytes int           // pending frames of one client, a keyframe not counted; beyond: they are dropped, and a keyframe follows
	Busy        float64       // share of its time, 0 to 1, above which a tick worker takes new rooms only while ticks begin on time, and none above 0.95
	IdleRoom    time.Duration // a room without seats taken and spectators ends after this
	Unplayed    time.Duration // the same for a room in which nobody has played yet
	Replicas    int           // rooms of other servers that this one stands by for; led ones do not count. Beyond: their leaders ask others

	// At these limits the oldest connection is closed, not the newest.
	Handshakes           int // links whose other side has proved nothing yet
	HandshakesPerAddress int // of them, those of one address
	Streams              int // inbound streams of gossip
	StreamsPerAddress    int // of them, those of one address
}

// Testing is what tests and measurements set. Its zero value is right for everything else.
type Testing struct {
	Network   Network          // where sockets come from; nil: the operating system
	WallClock func() time.Time // the time of day, which may be set at any moment; nil: the machine's
	Workers   int              // tick workers; 0: GOMAXPROCS
	Checks    bool             // send every client a hash of the state once a second
	NoPolling bool             // read client sockets in a goroutine each also where the tick workers could do it

	// NoWatchdog lets a game that does not return from a tick hold its worker for ever. Simulations pause a server by such a game;
	// in a process that is really paused the watchdog pauses too.
	NoWatchdog bool
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
// control group allows, otherwise of what the machine has. Limits.Connections fit into another quarter at 20 KiB each and into the
// descriptors that Limits.Descriptors leaves, 20,000 at most; the limits of kinds follow from it.
func DefaultConfig() Config {
	rooms, sessions, limits := room.DefaultConfig(), session.DefaultConfig(), edge.DefaultLimits()
	return Config{
		Version: "dev",
		Listen:  "127.0.0.1:0",
		Fleet:   Fleet{Cluster: "ringside", Gossip: "127.0.0.1:0", Peer: "127.0.0.1:0"},
		Limits: Limits{
			Connections: limits.Connections, Entered: limits.Entered, Unentered: limits.Unentered, Idle: limits.Idle,
			AddressShare: limits.AddressShare, Descriptors: limits.Descriptors, OutboxBytes: sessions.OutboxBytes,
			Busy: rooms.MaxBusy, IdleRoom: rooms.IdleTimeout, Unplayed: rooms.UnplayedTimeout, Replicas: replicasFor(resources.Memory()),
			Handshakes: replication.DefaultHandshakes, HandshakesPerAddress: replication.DefaultHandshakesPerAddress,
			Streams: membership.DefaultStreams, StreamsPerAddress: membership.DefaultStreamsPerAddress,
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
	for _, l := range []struct {
		what string
		n    int
	}{
		{"handshakes", c.Limits.Handshakes}, {"handshakes per address", c.Limits.HandshakesPerAddress},
		{"streams", c.Limits.Streams}, {"streams per address", c.Limits.StreamsPerAddress},
	} {
		if l.n < 1 {
			return fmt.Errorf("server: limits: %d %s; at least 1 is needed", l.n, l.what)
		}
	}
	if c.Results.Data != "" && !c.Results.Store {
		return errors.New("server: -data keeps outcomes for a results store; give -results too, and routers their -results")
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
	if err := errors.Join(c.room(unused).Validate(), c.session(unused, nil).Validate(), c.limits().Validate()); err != nil {
		return fmt.Errorf("server: limits: %w", err)
	}
	return nil
}

// room is the configuration of the tick workers.
func (c Config) room(m *obs.Metrics) room.Config {
	return room.Config{
		Workers: c.Testing.Workers, NoWatchdog: c.Testing.NoWatchdog, KernelTimers: c.Testing.Network == nil, MaxBusy: c.Limits.Busy, IdleTimeout: c.Limits.IdleRoom, UnplayedTimeout: c.Limits.Unplayed, Checks: c.Testing.Checks,
		WallClock: c.Testing.WallClock, Logger: c.Logger, Metrics: m,
	}
}

// session is the configuration of the client connections.
func (c Config) session(m *obs.Metrics, gate *edge.Gate) session.Config {
	return session.Config{
		Gate: gate, OutboxBytes: c.Limits.OutboxBytes, Origins: c.Security.Origins,
		Poll: !c.Testing.NoPolling, Logger: c.Logger, Metrics: m,
	}
}

// limits are those of the connections. A game server has no event streams.
func (c Config) limits() edge.Limits {
	l := c.Limits
	return edge.Limits{Connections: l.Connections, Entered: l.Entered, Unentered: l.Unentered, Idle: l.Idle, Streams: 1,
		AddressShare: l.AddressShare, Descriptors: l.Descriptors}
}

func (c *Config) setLimits(l edge.Limits) {
	c.Limits.Connections, c.Limits.Entered, c.Limits.Unentered, c.Limits.Idle = l.Connections, l.Entered, l.Unentered, l.Idle
	c.Limits.AddressShare, c.Limits.Descriptors = l.AddressShare, l.Descriptors
}

// operator guards what only operators may do or see.
func (c Config) operator() (*ticket.Operator, error) {
	return ticket.NewOperator(c.Security.AdminToken, flags.Loopback(c.internal()))
}

// internal is the address that serves routers and operators.
func (c Config) internal() string { return cmp.Or(c.separate(), c.Listen) }

// separate is the address of the internal listener; empty: there is none. Strangers who reach Listen must not see what routers see.
func (c Config) separate() string {
	host, _, err := net.SplitHostPort(c.Fleet.Peer)
	if c.Internal != "" || flags.Loopback(c.Listen) && c.Fleet.Cert == "" || err != nil {
		return c.Internal
	}
	return net.JoinHostPort(host, "0")
}

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
