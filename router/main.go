// Router is the fleet's gateway: it gives clients rooms and tickets, and sends or tunnels them to the game servers that
// it knows from gossip. Any number of routers may run side by side.
package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"github.com/ringside-go/ringside/clients/web"
	"github.com/ringside-go/ringside/internal/certs"
	"github.com/ringside-go/ringside/internal/edge"
	"github.com/ringside-go/ringside/internal/flags"
	"github.com/ringside-go/ringside/internal/membership"
	"github.com/ringside-go/ringside/internal/obs"
	"github.com/ringside-go/ringside/internal/ticket"
	"github.com/ringside-go/ringside/router/gateway"
	"github.com/ringside-go/ringside/router/internal/store"
)

func main() {
	err := run(os.Args[1:])
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "router:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	c := gateway.DefaultConfig()
	self := membership.Member{Role: membership.Router, State: membership.Serving, Version: flags.Version()}
	hostname, _ := os.Hostname() // without one, -name must be given
	fs := flag.NewFlagSet("router", flag.ContinueOnError)
	name := fs.String("name", hostname, "stable `name` of this router, unique in its fleet")
	fs.StringVar(&self.Zone, "zone", "", "where this router runs; for people")
	listen := fs.String("listen", "127.0.0.1:8080", "`host:port` for clients; port 0 picks one")
	tlsCert := fs.String("tls-cert", "", "PEM `file` with the certificate that -listen shows; read again when it changes (default plain TCP)")
	tlsKey := fs.String("tls-key", "", "PEM `file` with its private key")
	fs.StringVar(&c.PublicURL, "public-url", "", "base `URL` at which clients reach -listen (default in proxy mode: relative to the address that answers)")
	mode := fs.String("mode", string(c.Mode), "redirect: clients dial game servers; proxy: this router tunnels them")
	fs.IntVar(&c.Quotas.LookupsPerAddress, "lookups-per-address", c.Quotas.LookupsPerAddress, "most `lists` of rooms, and questions whether a room lives, a minute from one address; beyond, 429; 0: no limit")
	fs.IntVar(&c.Quotas.TicketsPerIdentity, "tickets-per-identity", c.Quotas.TicketsPerIdentity, "most `tickets` a minute, and rooms with them, for one player; beyond, 429; 0: no limit")
	fs.IntVar(&c.Quotas.TicketsPerAddress, "tickets-per-address", c.Quotas.TicketsPerAddress, "most `tickets` a minute for one address, or for one /64 of IPv6; beyond, 429; 0: no limit")
	fs.IntVar(&c.Quotas.ReservationsPerAddress, "reservations-per-address", c.Quotas.ReservationsPerAddress, "most `seats` a minute that quick match keeps for players of one address who have not come yet; 0: no limit")
	fs.IntVar(&c.Quotas.ReadsPerAddress, "reads-per-address", c.Quotas.ReadsPerAddress, "most `requests` for results a minute of one address, operators' left out; beyond, 429; 0: no limit")
	fs.IntVar(&c.Quotas.PartySeatsPerAddress, "party-seats-per-address", c.Quotas.PartySeatsPerAddress, "most `seats` a minute that rooms of quick match keep for the parties of one address; 0: no limit")
	fs.BoolVar(&c.Profiles, "profiles", false, "let operators take profiles of this process: go tool pprof http://…/debug/pprof/profile?seconds=5 on the internal listener")
	inside := fs.String("inside", "", "`host:port` of the internal listener: game servers with certificates in TLS, all others in the clear: outcomes, the whole fleet view, operators and metrics; -listen shows strangers a summary, and all of it with the operators' token (default none: requests of this machine see all where -listen is loopback)")
	var sc store.Config
	fs.StringVar(&sc.Location, "results", "", "the results store: sqlite:`DIR`, for one router, or postgres://USER@HOST/DATABASE, for any number; the password in PGPASSWORD or a file that PGPASSFILE names (default none: outcomes are not kept)")
	fs.StringVar(&sc.Webhooks, "webhooks", "", "JSON `file` with the endpoints to which outcomes are delivered")
	fs.Var((*flags.List)(&sc.Boards), "boards", "`leaderboards`: NAME=GAME:KEEP, and then :low, :SEASON or both, separated by commas; KEEP is best, sum, last or elo, low puts the lowest score first, SEASON is week, month or year")
	fs.DurationVar(&sc.Retention, "results-retention", 0, "how long outcomes and histories are kept, at least 168h; boards stay (default for ever)")
	fs.DurationVar(&sc.Rooms, "stats-retention", 30*24*time.Hour, "how long the statistics of rooms are kept, at least 48h; 0: for ever")
	fs.IntVar(&sc.Waiting, "max-results-waiting", 1000, "long polls and event `streams` of results at once; beyond, 503")
	c.Limits.Flags(fs)
	c.Limits.StreamsFlag(fs)
	fs.Var((*edge.Prefixes)(&c.Trusted), "trusted-proxies", "`addresses` and CIDRs of the proxies in front of -listen, whose X-Forwarded-For and PROXY protocol headers name the client")
	fs.DurationVar(&c.Drain, "drain", c.Drain, "how long to go on at most after SIGTERM, until the clients of its tunnels have come by another router; stay below the orchestrator's grace period")
	c.Pages = web.Files()
	pages := fs.String("pages", "", "`folder` with the game's own index.html for /, and assets/; read again when they change (default the arena's)")
	var g membership.Config
	fs.StringVar(&g.Bind, "gossip", "127.0.0.1:0", "`IP:port` for gossip, UDP and TCP")
	advertise := fs.String("advertise", "", "`IP` at which the others reach -gossip (default its own)")
	fs.Var((*flags.List)(&g.Seeds), "seeds", "gossip `addresses` of some members, separated by commas; names are looked up again and again")
	fs.StringVar(&g.Cluster, "cluster", "ringside", "`label` that keeps fleets apart")
	key := fs.String("cluster-key", "", "cluster `key` of gossip, base64 of 16 bytes or more (default none: loopback only)")
	keyFile := fs.String("cluster-key-file", "", "`file` with cluster keys, one a line: the first encrypts, all decrypt; read again when it changes")
	var own certs.FleetFiles
	fs.StringVar(&own.Cert, "fleet-cert", "", "PEM `file` with the certificate that this router shows to game servers, or with the fleet's CA, by which it then issues its own; read again when it changes (default none: loopback only)")
	fs.StringVar(&own.Key, "fleet-key", "", "PEM `file` with its private key")
	fs.StringVar(&own.CA, "fleet-ca", "", "PEM `file` with the CAs whose certificates game servers may show (default the CA in -fleet-cert)")
	fs.IntVar(&g.Streams, "max-gossip-streams", membership.DefaultStreams, "`streams` that others have open to -gossip; beyond, the oldest is closed")
	fs.IntVar(&g.StreamsPerAddress, "max-gossip-streams-per-address", membership.DefaultStreamsPerAddress, "`streams` of one address among them")
	ticketKey := fs.String("ticket-key", "", "PEM `file` with the private key that signs tickets (default the development key: loopback only)")
	var authKeys flags.List
	fs.Var(&authKeys, "auth-keys", "PEM `files` with public keys: only players with an identity token signed by one get tickets")
	adminToken := fs.String("admin-token", "", "operators' `token`, to drain servers and move rooms; the game servers' too (default none: loopback only)")
	adminFile := fs.String("admin-token-file", "", "`file` with the operators' token")
	var level slog.Level
	fs.TextVar(&level, "log-level", slog.LevelInfo, "least `level` logged: debug, info, warn or error")
	format := fs.String("log-format", "text", "text or json")
	show := fs.Bool("version", false, "print the version and end")

	obs.ProfileMemory(false) // before much is allocated
	err := flags.Parse(fs, args, os.Environ())
	if err != nil {
		return err
	}
	if *show {
		fmt.Println(self.Version)
		return nil
	}
	obs.ProfileMemory(c.Profiles)
	if *pages != "" {
		if _, err := os.Stat(filepath.Join(*pages, "index.html")); err != nil {
			return fmt.Errorf("-pages: %w; name the folder that has the game's index.html", err)
		}
		c.OwnPages = os.DirFS(*pages)
	}
	c.Mode, self.Name = gateway.Mode(*mode), membership.ServerName(*name)
	if c.Logger, err = obs.NewLogger(os.Stderr, level, *format, slog.String("server", *name)); err != nil {
		return err
	}
	defer obs.Flush(c.Logger)
	signal.Ignore(syscall.SIGPIPE) // whoever reads the log may go; Go ends a process that writes to a stderr without a reader
	if c.Signer, err = signer(*ticketKey, *listen, c.Logger); err != nil {
		return err
	}
	token, err := flags.Secret("admin-token", *adminToken, *adminFile)
	if err != nil {
		return err
	}
	if c.Operator, err = ticket.NewOperator(token, flags.Loopback(cmp.Or(*inside, *listen))); err != nil {
		return err
	}
	if c.Internal = *inside != ""; !c.Internal && c.Operator.DependsOnLoopback(c.PublicURL) {
		c.Logger.Warn(ticket.LoopbackWarning, "url", c.PublicURL)
	}
	if len(authKeys) > 0 {
		keys, err := ticket.LoadPublicKeys(authKeys...)
		if err != nil {
			return err
		}
		c.Identity = ticket.NewIdentityVerifier(keys...)
	}
	keys, err := certs.Watch("cluster keys", []string{*keyFile}, func() ([][]byte, error) { return flags.ClusterKeys(*key, *keyFile) }, c.Logger)
	if err != nil {
		return err
	}
	g.Keys = keys.Get
	if c.Certs, err = certs.LoadFleet(own, certs.NewID(string(membership.Router), *name), c.Logger); err != nil {
		return err
	}
	if *advertise != "" {
		_, port, _ := net.SplitHostPort(g.Bind) // an error is NewGossip's to tell
		g.Advertise = net.JoinHostPort(*advertise, port)
	}
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	c.Metrics, c.Gatherer = obs.NewMetrics(registry), registry
	obs.RegisterLog(registry, c.Logger)
	obs.RegisterBuild(registry, self.Version)
	if c.Certs != nil {
		obs.RegisterCertificate(registry, "fleet", c.Certs.Expires)
	}

	pair, err := certs.Load(*tlsCert, *tlsKey, c.Logger)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", *listen)
	if err != nil {
		return err
	}
	defer listener.Close()
	var internal net.Listener
	if c.Internal {
		if internal, err = net.Listen("tcp", *inside); err != nil {
			return fmt.Errorf("-inside: %w", err)
		}
		defer internal.Close()
	}
	if internal != nil {
		if self.Peer, self.Port, err = reachInside(internal.Addr(), cmp.Or(*advertise, hostOf(g.Bind))); err != nil {
			return err
		}
	}
	scheme := "http://"
	if pair != nil {
		c.TLS, scheme = pair.Config(), "https://"
		obs.RegisterClientCertificate(registry, c.TLS)
	}
	self.URL = cmp.Or(c.PublicURL, scheme+listener.Addr().String())
	g.Self, g.Logger = self, c.Logger
	g.Refused = func(reason string) { c.Metrics.GossipRefused.WithLabelValues(reason).Inc() }
	g.Lost = func(m membership.Gone) { c.Metrics.MembersLost.WithLabelValues(string(m.Reason)).Inc() }
	gossip, err := membership.NewGossip(g)
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	if sc.Location == "" && (sc.Webhooks != "" || len(sc.Boards) > 0) {
		gossip.Close()
		return errors.New("-webhooks and -boards need a results store; give -results, such as -results sqlite:/var/lib/ringside")
	}
	if sc.Location != "" {
		sc.Logger, sc.Metrics = c.Logger, c.Metrics
		results, err := store.Open(ctx, sc)
		if err != nil {
			gossip.Close()
			return err
		}
		c.Results = results
	}
	f, err := gateway.New(c, gossip)
	if err != nil {
		gossip.Close()
		return err
	}
	c.Logger.Info("router starts", "url", self.URL, "mode", c.Mode, "gossip", gossip.Addr(), "version", self.Version)
	return f.Run(ctx, listener, internal, gossip)
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
