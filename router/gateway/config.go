package gateway

import (
	"cmp"
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/netip"
	"net/url"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/ringside-go/ringside/internal/certs"
	"github.com/ringside-go/ringside/internal/edge"
	"github.com/ringside-go/ringside/internal/network"
	"github.com/ringside-go/ringside/internal/obs"
	"github.com/ringside-go/ringside/internal/ticket"
	"github.com/ringside-go/ringside/router/internal/access"
	"github.com/ringside-go/ringside/router/internal/lookup"
)

// Mode is how a client's connection reaches its game server.
type Mode = lookup.Mode

// The modes.
const (
	Redirect = lookup.Redirect
	Proxy    = lookup.Proxy
)

// Quotas is what one stranger may take of this router.
type Quotas = access.Quotas

// Config of a Gateway. Begin with DefaultConfig.
type Config struct {
	Mode      Mode
	PublicURL string                   // base URL at which clients reach this router; empty: clients get addresses relative to the one that answers
	Signer    *ticket.Signer           // signs the tickets
	Identity  *ticket.IdentityVerifier // whose identity tokens get tickets; nil: everyone gets one
	Operator  *ticket.Operator         // who may drain servers and move rooms, and see what strangers must not; nil: nobody
	Internal  bool                     // there is an internal listener: the public one asks for the operators' token, always
	Limits    edge.Limits              // of the connections; of those that have entered, tunnels. A tunnel costs about 20 KB and two sockets
	Quotas    Quotas                   // of what one stranger takes
	Trusted   []netip.Prefix           // proxies whose word about the client's address counts
	TLS       *tls.Config              // of the public listener; nil: plain TCP
	Pages     fs.FS                    // index.html, fleet.html, matches.html, leaderboard.html and assets/, as package clients/web has them; nil: no pages but text
	OwnPages  fs.FS                    // index.html and assets/ of a game, which come before Pages and are read again when they change; nil: none
	Drain     time.Duration            // how long to go on at most after the stop signal, while clients go to other routers
	Certs     *certs.Fleet             // how game servers prove their names to this router, and it to them; nil: the fleet has none
	Results   Results                  // the results store; nil: this router has none
	Network   network.Network          // from which game servers are asked; nil: the operating system's. Tunnels do not use it
	Logger    *slog.Logger
	Metrics   *obs.RouterMetrics
	Gatherer  prometheus.Gatherer // what /metrics shows
	Profiles  bool                // serve the runtime's profiles to operators, below /debug/pprof/
}

// DefaultConfig gives a Config that lacks only the Signer. Its metrics are not shown anywhere.
func DefaultConfig() Config {
	return Config{
		Mode:     Redirect,
		Limits:   edge.DefaultRouterLimits(),
		Quotas:   Quotas{TicketsPerIdentity: 30, TicketsPerAddress: 300, ReservationsPerAddress: 4, ReadsPerAddress: 120, PartySeatsPerAddress: 30, LookupsPerAddress: 120},
		Drain:    20 * time.Second, // an orchestrator kills after 30
		Logger:   slog.New(slog.DiscardHandler),
		Metrics:  obs.NewRouterMetrics(nil),
		Gatherer: prometheus.NewRegistry(),
	}
}

// Validate says which setting is wrong, and what is allowed.
func (c Config) Validate() error {
	switch {
	case c.Mode != Redirect && c.Mode != Proxy:
		return fmt.Errorf("mode is %q; use %q or %q", c.Mode, Redirect, Proxy)
	case c.Signer == nil || c.Logger == nil || c.Metrics == nil || c.Gatherer == nil:
		return errors.New("signer, logger, metrics and gatherer must be set")
	case c.Drain < 0:
		return fmt.Errorf("drain time is %v; it cannot be negative", c.Drain)
	}
	if err := cmp.Or(c.Limits.Validate(), c.Quotas.Validate()); err != nil {
		return err
	}
	if c.PublicURL == "" {
		return nil
	}
	u, err := url.Parse(c.PublicURL)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.RawQuery != "" || u.Fragment != "" {
		return fmt.Errorf("public URL is %q; it must look like https://play.example.com", c.PublicURL)
	}
	return nil
}
