package gateway

import (
	"cmp"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strconv"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"github.com/ringside-go/ringside/internal/certs"
	"github.com/ringside-go/ringside/internal/flags"
	"github.com/ringside-go/ringside/internal/membership"
	"github.com/ringside-go/ringside/internal/obs"
	"github.com/ringside-go/ringside/internal/ticket"
)

// load reads the files that the settings name, and completes the Config.
func (s *settings) load() (err error) {
	c := &s.config
	c.Mode, s.self.Name = Mode(s.mode), membership.ServerName(s.name)
	if s.pages != "" {
		if _, err := os.Stat(filepath.Join(s.pages, "index.html")); err != nil {
			return fmt.Errorf("-pages: %w; name the folder that has the game's index.html", err)
		}
		c.OwnPages = os.DirFS(s.pages)
	}
	if c.Logger, err = obs.NewLogger(os.Stderr, s.level, s.format, slog.String("server", s.name)); err != nil {
		return err
	}
	if err := s.loadAccess(); err != nil {
		return err
	}
	if err := s.loadFleet(); err != nil {
		return err
	}
	pair, err := certs.Load(s.tlsCert, s.tlsKey, c.Logger)
	if err != nil {
		return err
	}
	c.TLS = pair.Config()
	s.register()
	return nil
}

// loadAccess reads what decides who gets tickets, and who operates.
func (s *settings) loadAccess() (err error) {
	c := &s.config
	if c.Signer, err = signer(s.ticketKey, s.listen, c.Logger); err != nil {
		return err
	}
	token, err := flags.Secret("admin-token", s.adminToken, s.adminFile)
	if err != nil {
		return err
	}
	if c.Operator, err = ticket.NewOperator(token, flags.Loopback(cmp.Or(s.inside, s.listen))); err != nil {
		return err
	}
	if c.Internal = s.inside != ""; !c.Internal && c.Operator.DependsOnLoopback(c.PublicURL) {
		c.Logger.Warn(ticket.LoopbackWarning, "url", c.PublicURL)
	}
	if len(s.authKeys) == 0 {
		return nil
	}
	keys, err := ticket.LoadPublicKeys(s.authKeys...)
	if err != nil {
		return err
	}
	c.Identity = ticket.NewIdentityVerifier(keys...)
	return nil
}

// loadFleet reads the keys of gossip and the fleet's certificates.
func (s *settings) loadFleet() error {
	c, g := &s.config, &s.gossip
	keys, err := certs.Watch("cluster keys", []string{s.keyFile}, func() ([][]byte, error) { return flags.ClusterKeys(s.key, s.keyFile) }, c.Logger)
	if err != nil {
		return err
	}
	g.Keys = keys.Get
	if c.Certs, err = certs.LoadFleet(s.fleet, certs.NewID(string(membership.Router), s.name), c.Logger); err != nil {
		return err
	}
	if s.advertise != "" {
		_, port, _ := net.SplitHostPort(g.Bind) // an error is NewGossip's to tell
		g.Advertise = net.JoinHostPort(s.advertise, port)
	}
	g.Logger = c.Logger
	return nil
}

// register makes the metrics of this process.
func (s *settings) register() {
	c := &s.config
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	c.Metrics, c.Gatherer = obs.NewRouterMetrics(registry), registry
	obs.RegisterLog(registry, c.Logger)
	obs.RegisterBuild(registry, s.self.Version)
	if c.Certs != nil {
		obs.RegisterCertificate(registry, "fleet", c.Certs.Expires)
	}
	if c.TLS != nil {
		obs.RegisterClientCertificate(registry, c.TLS)
	}
	s.gossip.Refused = func(reason string) { c.Metrics.GossipRefused.WithLabelValues(reason).Inc() }
	s.gossip.Lost = func(m membership.Gone) { c.Metrics.MembersLost.WithLabelValues(string(m.Reason)).Inc() }
}

// reachInside is where other members reach the internal listener: at its own host, or, if that is every address of this machine, at
// the one at which they reach the gossip.
func reachInside(addr net.Addr, gossip string) (peer string, port int, err error) {
	host, text, err := net.SplitHostPort(addr.String())
	if err != nil {
		return "", 0, err
	}
	if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
		host = gossip
	}
	port, err = strconv.Atoi(text)
	return net.JoinHostPort(host, text), port, err
}

// hostOf is the host of an address; what is wrong with it is NewGossip's to tell.
func hostOf(addr string) string {
	host, _, _ := net.SplitHostPort(addr)
	return host
}

// signer signs with the key of file, or, where nobody else can listen in, with the development key.
func signer(file, listen string, log *slog.Logger) (*ticket.Signer, error) {
	if file == "" {
		if !flags.Loopback(listen) {
			return nil, fmt.Errorf("listening on %s with the development key would let anyone make tickets; give -ticket-key "+
				"(openssl genpkey -algorithm ed25519 -out ticket.pem makes one), or listen on 127.0.0.1", listen)
		}
		log.Warn("tickets are signed with the development key, which everyone knows; -ticket-key changes that")
		return ticket.NewSigner(ticket.DevKey()), nil
	}
	key, err := ticket.LoadPrivateKey(file)
	if err != nil {
		return nil, err
	}
	return ticket.NewSigner(key), nil
}
