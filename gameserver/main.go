// The game server of this module: it runs the arena. A game of one's own has a main like this, with its own definition.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/ringside-go/ringside/gameserver/arena"
	"github.com/ringside-go/ringside/gameserver/server"
	"github.com/ringside-go/ringside/internal/certs"
	"github.com/ringside-go/ringside/internal/flags"
	"github.com/ringside-go/ringside/internal/obs"
	"github.com/ringside-go/ringside/internal/ticket"
)

func main() {
	err := run(os.Args[1:])
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "gameserver:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	c := server.DefaultConfig()
	c.Version = flags.Version()
	hostname, _ := os.Hostname() // without one, -name must be given
	fs := flag.NewFlagSet("gameserver", flag.ContinueOnError)
	fs.StringVar(&c.Name, "name", hostname, "stable `name` of this server, unique in its fleet: it says which rooms belong here")
	fs.StringVar(&c.Zone, "zone", "", "where this server runs; for people")
	fs.StringVar(&c.Listen, "listen", "127.0.0.1:9001", "`host:port` for clients; port 0 picks one")
	fs.StringVar(&c.Inside, "inside", "", "`host:port` for routers, operators and metrics, plain, at the host of -peer; -listen is then for clients alone (default -listen for all)")
	fs.StringVar(&c.PublicURL, "public-url", "", "base `URL` at which clients reach this server (default http:// or https:// and the address of -listen)")
	tlsCert := fs.String("tls-cert", "", "PEM `file` with the certificate that -listen shows; read again when it changes (default plain TCP)")
	tlsKey := fs.String("tls-key", "", "PEM `file` with its private key")
	fs.StringVar(&c.Fleet.Gossip, "gossip", "127.0.0.1:0", "`IP:port` for gossip, UDP and TCP")
	fs.StringVar(&c.Fleet.Peer, "peer", "127.0.0.1:0", "`host:port` for links between game servers")
	fs.StringVar(&c.Fleet.Advertise, "advertise", "", "`IP` at which the others reach -gossip and -peer (default theirs)")
	fs.Var((*flags.List)(&c.Fleet.Seeds), "seeds", "gossip `addresses` of some members, separated by commas; names are looked up again and again")
	fs.StringVar(&c.Fleet.Cluster, "cluster", c.Fleet.Cluster, "`label` that keeps fleets apart")
	fs.IntVar(&c.Standbys, "standbys", c.Standbys, "`copies` of each room kept on other servers, 0 to 2")
	fs.DurationVar(&c.DrainTimeout, "drain", c.DrainTimeout, "how long SIGTERM waits for rooms to be handed off; stay below the orchestrator's grace period")
	adminToken := fs.String("admin-token", "", "operators' `token`, to drain this server and move its rooms (default none: loopback only)")
	adminFile := fs.String("admin-token-file", "", "`file` with the operators' token")
	fs.BoolVar(&c.Session.Poll, "poll", c.Session.Poll, "read client sockets in the ticks rather than in goroutines; on Linux only")
	fs.BoolVar(&c.Room.Checks, "checks", false, "send every client a hash of the state once a second")
	key := fs.String("cluster-key", "", "cluster `key`, base64 of 16, 24 or 32 bytes (default none: loopback only)")
	keyFile := fs.String("cluster-key-file", "", "`file` with the cluster key")
	var ticketKeys flags.List
	fs.Var(&ticketKeys, "ticket-keys", "PEM `files` with the routers' public keys (default the development key: loopback only)")
	var level slog.Level
	fs.TextVar(&level, "log-level", slog.LevelInfo, "least `level` logged: debug, info, warn or error")
	format := fs.String("log-format", "text", "text or json")
	show := fs.Bool("version", false, "print the version and end")

	err := flags.Parse(fs, args, os.LookupEnv)
	if err != nil {
		return err
	}
	if *show {
		fmt.Println(c.Version)
		return nil
	}
	if c.Logger, err = obs.NewLogger(os.Stderr, level, *format, slog.String("server", c.Name)); err != nil {
		return err
	}
	if c.Fleet.Key, err = flags.ClusterKey(*key, *keyFile); err != nil {
		return err
	}
	if c.AdminToken, err = flags.Secret("admin-token", *adminToken, *adminFile); err != nil {
		return err
	}
	if c.TicketKeys, err = ticket.LoadPublicKeys(ticketKeys...); err != nil {
		return err
	}
	pair, err := certs.Load(*tlsCert, *tlsKey, c.Logger)
	if err != nil {
		return err
	}
	c.TLS = pair.Config()
	n, err := server.New(c, arena.Definition())
	if err != nil {
		return err
	}
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	defer signal.Stop(signals)
	ctx, done := context.WithCancel(context.Background())
	defer done()
	go obey(ctx, signals, n)
	return n.Run(ctx)
}

// obey passes signals on. The first has the rooms handed off and then ends the process, unless an operator takes that
// back; a second one does not wait for the rooms.
func obey(ctx context.Context, signals <-chan os.Signal, n *server.Server) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-signals:
			n.Stop()
		}
	}
}
