// Router is the fleet's gateway: it gives clients rooms and tickets, and sends or tunnels them to the game servers that
// it knows from gossip. Any number of routers may run side by side.
package main

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"syscall"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"github.com/ringside-go/ringside/clients/web"
	"github.com/ringside-go/ringside/internal/certs"
	"github.com/ringside-go/ringside/internal/flags"
	"github.com/ringside-go/ringside/internal/membership"
	"github.com/ringside-go/ringside/internal/obs"
	"github.com/ringside-go/ringside/internal/ticket"
	"github.com/ringside-go/ringside/router/front"
)

func main() {
	err := run(os.Args[1:])
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "router:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	c := front.DefaultConfig()
	self := membership.Member{Role: membership.Router, State: membership.Serving, Version: flags.Version()}
	hostname, _ := os.Hostname() // without one, -name must be given
	fs := flag.NewFlagSet("router", flag.ContinueOnError)
	name := fs.String("name", hostname, "stable `name` of this router, unique in its fleet")
	fs.StringVar(&self.Zone, "zone", "", "where this router runs; for people")
	listen := fs.String("listen", "127.0.0.1:8080", "`host:port` for clients; port 0 picks one")
	tlsCert := fs.String("tls-cert", "", "PEM `file` with the certificate that -listen shows; read again when it changes (default plain TCP)")
	tlsKey := fs.String("tls-key", "", "PEM `file` with its private key")
	fs.StringVar(&c.PublicURL, "public-url", "", "base `URL` at which clients reach -listen (default what their request named)")
	mode := fs.String("mode", string(c.Mode), "redirect: clients dial game servers; proxy: this router tunnels them")
	fs.IntVar(&c.MaxTunnels, "max-tunnels", c.MaxTunnels, "most sockets tunnelled at once, in proxy mode")
	fs.DurationVar(&c.Drain, "drain", c.Drain, "how long to go on at most after SIGTERM, until the clients of its tunnels have come by another router; stay below the orchestrator's grace period")
	c.Pages = web.Files()
	pages := fs.String("pages", "", "`folder` with the game's own index.html for /, and assets/; read again when they change (default the arena's)")
	var g membership.Config
	fs.StringVar(&g.Bind, "gossip", "127.0.0.1:0", "`IP:port` for gossip, UDP and TCP")
	advertise := fs.String("advertise", "", "`IP` at which the others reach -gossip (default its own)")
	fs.Var((*flags.List)(&g.Seeds), "seeds", "gossip `addresses` of some members, separated by commas; names are looked up again and again")
	fs.StringVar(&g.Cluster, "cluster", "ringside", "`label` that keeps fleets apart")
	key := fs.String("cluster-key", "", "cluster `key`, base64 of 16, 24 or 32 bytes (default none: loopback only)")
	keyFile := fs.String("cluster-key-file", "", "`file` with the cluster key")
	ticketKey := fs.String("ticket-key", "", "PEM `file` with the private key that signs tickets (default the development key: loopback only)")
	var authKeys flags.List
	fs.Var(&authKeys, "auth-keys", "PEM `files` with public keys: only players with an identity token signed by one get tickets")
	adminToken := fs.String("admin-token", "", "operators' `token`, to drain servers and move rooms; the game servers' too (default none: loopback only)")
	adminFile := fs.String("admin-token-file", "", "`file` with the operators' token")
	var level slog.Level
	fs.TextVar(&level, "log-level", slog.LevelInfo, "least `level` logged: debug, info, warn or error")
	format := fs.String("log-format", "text", "text or json")
	show := fs.Bool("version", false, "print the version and end")

	err := flags.Parse(fs, args, os.LookupEnv)
	if err != nil {
		return err
	}
	if *show {
		fmt.Println(self.Version)
		return nil
	}
	if *pages != "" {
		c.OwnPages = os.DirFS(*pages)
	}
	c.Mode, self.Name = front.Mode(*mode), membership.ServerName(*name)
	if c.Logger, err = obs.NewLogger(os.Stderr, level, *format, slog.String("server", *name)); err != nil {
		return err
	}
	if c.Signer, err = signer(*ticketKey, *listen, c.Logger); err != nil {
		return err
	}
	token, err := flags.Secret("admin-token", *adminToken, *adminFile)
	if err != nil {
		return err
	}
	if c.Operator, err = ticket.NewOperator(token, flags.Loopback(*listen)); err != nil {
		return err
	}
	if len(authKeys) > 0 {
		keys, err := ticket.LoadPublicKeys(authKeys...)
		if err != nil {
			return err
		}
		c.Identity = ticket.NewIdentityVerifier(keys...)
	}
	if g.Key, err = flags.ClusterKey(*key, *keyFile); err != nil {
		return err
	}
	if *advertise != "" {
		_, port, _ := net.SplitHostPort(g.Bind) // an error is NewGossip's to tell
		g.Advertise = net.JoinHostPort(*advertise, port)
	}
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	c.Metrics, c.Gatherer = obs.NewMetrics(registry), registry

	pair, err := certs.Load(*tlsCert, *tlsKey, c.Logger)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", *listen)
	if err != nil {
		return err
	}
	defer listener.Close()
	scheme := "http://"
	if pair != nil {
		listener, scheme = tls.NewListener(listener, pair.Config()), "https://"
	}
	self.URL = cmp.Or(c.PublicURL, scheme+listener.Addr().String())
	g.Self, g.Logger = self, c.Logger
	g.Lost = func(m membership.Gone) { c.Metrics.MembersLost.WithLabelValues(string(m.Reason)).Inc() }
	gossip, err := membership.NewGossip(g)
	if err != nil {
		return err
	}
	f, err := front.New(c, gossip)
	if err != nil {
		gossip.Close()
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	c.Logger.Info("router starts", "url", self.URL, "mode", c.Mode, "gossip", gossip.Addr(), "version", self.Version)
	return f.Run(ctx, listener, gossip)
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
