package server

import (
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"

	"github.com/ringside-go/ringside/internal/certs"
	"github.com/ringside-go/ringside/internal/edge"
	"github.com/ringside-go/ringside/internal/flags"
	"github.com/ringside-go/ringside/internal/obs"
	"github.com/ringside-go/ringside/internal/ticket"
)

// What a server's program prints in place of serving.
const (
	showVersion = "version"
	showSchema  = "schema"
)

// configure makes a Config of a command line, the environment and the files that they name. show is what to print instead, or
// empty.
func configure(program string, args, env []string, stderr io.Writer) (c Config, show string, err error) {
	c = DefaultConfig()
	c.Version = flags.Version()
	fs := flag.NewFlagSet(program, flag.ContinueOnError)
	fs.SetOutput(stderr)
	hostname, _ := os.Hostname() // without one, -name must be given
	fs.StringVar(&c.Name, "name", hostname, "stable `name` of this server, unique in its fleet; it decides which rooms belong here")
	fs.StringVar(&c.Zone, "zone", "", "where this server runs; for people")
	fs.StringVar(&c.Listen, "listen", "127.0.0.1:9001", "`host:port` for clients; port 0 picks one")
	fs.StringVar(&c.Internal, "inside", "", "`host:port` of the internal listener: routers, operators and metrics, plain TCP, at the host of -peer; -listen is then for clients only (default -listen for all where that is loopback, otherwise the host of -peer and a port that the system picks)")
	fs.StringVar(&c.PublicURL, "public-url", "", "base `URL` at which clients reach this server (default http:// or https:// and the address of -listen)")
	fs.StringVar(&c.Fleet.Gossip, "gossip", "127.0.0.1:0", "`IP:port` for gossip, UDP and TCP")
	fs.StringVar(&c.Fleet.Peer, "peer", "127.0.0.1:0", "`host:port` for links between game servers")
	fs.StringVar(&c.Fleet.Advertise, "advertise", "", "`IP` at which the others reach -gossip and -peer (default theirs)")
	fs.Var((*flags.List)(&c.Fleet.Seeds), "seeds", "gossip `addresses` of some members, separated by commas; names are resolved repeatedly")
	fs.StringVar(&c.Fleet.Cluster, "cluster", c.Fleet.Cluster, "`label` that keeps fleets apart")
	fs.IntVar(&c.Standbys, "standbys", c.Standbys, "`replicas` of each room kept on other servers, 0 to 2")
	fs.IntVar(&c.Limits.Replicas, "max-replicas", c.Limits.Replicas, "`rooms` of other servers that this one stands by for; the default fits into a quarter of the memory")
	fs.DurationVar(&c.Limits.IdleRoom, "idle-room", c.Limits.IdleRoom, "how long a room goes on without players and spectators")
	fs.DurationVar(&c.Limits.Unplayed, "unplayed-room", c.Limits.Unplayed, "the same for a room in which nobody has played yet: no input came; longer than a client takes to follow a redirect")
	fs.Float64Var(&c.Limits.Busy, "max-busy", c.Limits.Busy, "`share` of a tick worker's time, 0 to 1, up to which it takes new rooms in any case; above it and up to 0.95, only while ticks begin on time")
	limits := c.limits()
	limits.Flags(fs)
	fs.Var((*edge.Prefixes)(&c.Security.TrustedProxies), "trusted-proxies", "`addresses` and CIDRs of the proxies in front of -listen, whose X-Forwarded-For and PROXY protocol headers name the client")
	fs.DurationVar(&c.DrainTimeout, "drain", c.DrainTimeout, "how long SIGTERM waits for rooms to be handed off; stay below the orchestrator's grace period")
	fs.BoolVar(&c.Results.Store, "results", false, "the routers have a results store: deliver outcomes to it, and tell players when it has accepted them (default: they are told when the standbys have them, and not kept)")
	fs.StringVar(&c.Results.Data, "data", "", "`directory` of this server's own that keeps outcomes until the results store has them, whatever process ends (default memory)")
	fs.BoolVar(&c.Profiles, "profiles", false, "let operators take profiles of this process: go tool pprof http://…/debug/pprof/profile?seconds=5 on the internal listener")
	fs.BoolVar(&c.Testing.Checks, "checks", false, "send every client a hash of the state once a second")
	poll := fs.Bool("poll", true, "read client sockets in the ticks rather than in goroutines; on Linux only")
	tlsCert := fs.String("tls-cert", "", "PEM `file` with the certificate that -listen shows; read again when it changes (default plain TCP)")
	tlsKey := fs.String("tls-key", "", "PEM `file` with its private key")
	adminToken := fs.String("admin-token", "", "operators' `token`, to drain this server and move its rooms (default none: loopback only)")
	adminFile := fs.String("admin-token-file", "", "`file` with the operators' token")
	key := fs.String("cluster-key", "", "cluster `key` of gossip, base64 of 16 bytes or more (default none: loopback only)")
	keyFile := fs.String("cluster-key-file", "", "`file` with cluster keys, one a line: the first encrypts, all decrypt; read again when it changes")
	fs.StringVar(&c.Fleet.Cert, "fleet-cert", "", "PEM `file` with the certificate that this server shows to the fleet, or with the fleet's CA, by which it then issues its own; read again when it changes (default none: loopback only)")
	fs.StringVar(&c.Fleet.CertKey, "fleet-key", "", "PEM `file` with its private key")
	fs.StringVar(&c.Fleet.CA, "fleet-ca", "", "PEM `file` with the CAs whose certificates the others may show (default the CA in -fleet-cert)")
	fs.IntVar(&c.Limits.Handshakes, "max-handshakes", c.Limits.Handshakes, "`connections` to -peer that have proved nothing yet; beyond, the oldest is closed")
	fs.IntVar(&c.Limits.HandshakesPerAddress, "max-handshakes-per-address", c.Limits.HandshakesPerAddress, "`connections` of one address among them")
	fs.IntVar(&c.Limits.Streams, "max-gossip-streams", c.Limits.Streams, "`streams` that others have open to -gossip; beyond, the oldest is closed")
	fs.IntVar(&c.Limits.StreamsPerAddress, "max-gossip-streams-per-address", c.Limits.StreamsPerAddress, "`streams` of one address among them")
	var ticketKeys flags.List
	fs.Var(&ticketKeys, "ticket-keys", "PEM `files` with the routers' public keys (default the development key: loopback only)")
	var level slog.Level
	fs.TextVar(&level, "log-level", slog.LevelInfo, "least `level` logged: debug, info, warn or error")
	format := fs.String("log-format", "text", "text or json")
	fs.Var((*versionList)(&c.Migrates), "migrates", "`versions` of older schemas, separated by commas, whose rooms this server takes over besides those in its games' Migrates; for development")
	fs.BoolFunc("version", "print the version and end", func(string) error { show = showVersion; return nil })
	fs.BoolFunc("print-schema", "print the games and the schemas of their state as JSON and end", func(string) error { show = showSchema; return nil })

	if err := flags.Parse(fs, args, env); err != nil || show != "" {
		return c, show, err
	}
	c.Testing.NoPolling = !*poll
	c.setLimits(limits)
	if c.Logger, err = obs.NewLogger(stderr, level, *format, slog.String("server", c.Name)); err != nil {
		return c, "", fmt.Errorf("-log-format: %w", err)
	}
	keys, err := certs.Watch("cluster keys", []string{*keyFile}, func() ([][]byte, error) { return flags.ClusterKeys(*key, *keyFile) }, c.Logger)
	if err != nil {
		return c, "", err
	}
	c.Fleet.Keys = keys.Get
	if c.Security.AdminToken, err = flags.Secret("admin-token", *adminToken, *adminFile); err != nil {
		return c, "", err
	}
	if c.Security.TicketKeys, err = ticket.LoadPublicKeys(ticketKeys...); err != nil {
		return c, "", fmt.Errorf("-ticket-keys: %w", err)
	}
	pair, err := certs.Load(*tlsCert, *tlsKey, c.Logger)
	if err != nil {
		return c, "", err
	}
	c.Security.TLS = pair.Config()
	return c, "", nil
}
