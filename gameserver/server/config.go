package server

import (
	"cmp"
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
	"github.com/ringside-go/ringside/internal/network"
	"github.com/ringside-go/ringside/internal/ticket"
)

// Config of a Server. Begin with DefaultConfig.
type Config struct {
	Name    string // stable name of this server, for placement: the pod's, the machine's
	Zone    string // where it runs; for people
	Version string // of the build; for people

	Listen    string      // host:port for clients; port 0 picks one
	PublicURL string      // base URL at which clients reach Listen; empty: http(s):// and Listen's address
	TLS       *tls.Config // of Listen; nil: plain TCP
	// Inside is the host:port for routers, operators and metrics, in plain TCP and reached at the host of the peer links;
	// Listen is then for clients alone. Empty: Listen is for all of them.
	Inside string

	Fleet Fleet

	// TicketKeys are the routers' public keys. Without any, tickets signed with the well-known development key are taken,
	// and Listen must be a loopback address.
	TicketKeys []ed25519.PublicKey

	Standbys     int             // copies of each room on other servers, 0 to registry.MaxStandbys
	DrainTimeout time.Duration   // a stopping server that has not handed off a room by then ends it
	AdminToken   string          // of operators, who may drain this server and move its rooms; empty: anybody, if that is a loopback address
	Network      network.Network // where sockets come from; nil: the operating system

	Room    room.Config    // Logger and Metrics are set by the node
	Session session.Config // Logger and Metrics are set by the node
	Logger  *slog.Logger   // its attributes should name the server
}

// Fleet is how a node finds and reaches the other servers.
type Fleet struct {
	Cluster   string   // label that keeps fleets apart
	Key       []byte   // cluster key, 16, 24 or 32 bytes; empty: loopback addresses only
	Seeds     []string // host:port of some members' gossip; the node's own may be among them
	Gossip    string   // host:port for gossip, UDP and TCP; port 0 picks one
	Peer      string   // host:port for the other servers' links; port 0 picks one
	Advertise string   // host at which the others reach Gossip and Peer; empty: the hosts given there
}

// DefaultConfig is a server on loopback with ports of the system's choice, alone in its fleet. It lacks a name.
func DefaultConfig() Config {
	return Config{
		Version: "dev",
		Listen:  "127.0.0.1:0",
		Fleet:   Fleet{Cluster: "ringside", Gossip: "127.0.0.1:0", Peer: "127.0.0.1:0"},

		Standbys:     1,
		DrainTimeout: 20 * time.Second, // an orchestrator kills after 30
		Room:         room.DefaultConfig(),
		Session:      session.DefaultConfig(),
		Logger:       slog.Default(),
	}
}

// Validate says which setting is wrong, and what is allowed. Those of Room, Session and the fleet's parts are checked by New.
func (c Config) Validate() error {
	for _, a := range []struct{ what, addr string }{
		{"listen", c.Listen}, {"inside", c.inside()}, {"gossip", c.Fleet.Gossip}, {"peer", c.Fleet.Peer},
	} {
		if _, _, err := net.SplitHostPort(a.addr); err != nil {
			return fmt.Errorf("server: %s address %q must be host:port: %w", a.what, a.addr, err)
		}
	}
	if c.Logger == nil {
		return errors.New("server: no logger; begin with DefaultConfig")
	}
	if len(c.TicketKeys) == 0 && !flags.Loopback(c.Listen) {
		return fmt.Errorf("server: listening on %s without ticket keys would let anyone in with the development key; "+
			"give the routers' public keys, or listen on 127.0.0.1", c.Listen)
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
	return nil
}

// operator guards what only operators may do.
func (c Config) operator() (*ticket.Operator, error) {
	return ticket.NewOperator(c.AdminToken, flags.Loopback(c.inside()))
}

// inside is where routers and operators are heard.
func (c Config) inside() string { return cmp.Or(c.Inside, c.Listen) }

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
		return "", fmt.Errorf("%s is every address of this machine; say at which one the others reach it (advertise)", addr)
	}
	return net.JoinHostPort(host, port), nil
}
