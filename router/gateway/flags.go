package gateway

import (
	"flag"
	"log/slog"
	"os"
	"time"

	"github.com/ringside-go/ringside/internal/certs"
	"github.com/ringside-go/ringside/internal/edge"
	"github.com/ringside-go/ringside/internal/flags"
	"github.com/ringside-go/ringside/internal/membership"
)

// settings are what flags and the environment say. load reads the files that they name.
type settings struct {
	config     Config
	self       membership.Member
	gossip     membership.Config
	store      StoreConfig
	fleet      certs.FleetFiles
	name       string
	listen     string
	inside     string
	advertise  string
	tlsCert    string
	tlsKey     string
	mode       string
	pages      string
	key        string // of gossip
	keyFile    string
	ticketKey  string
	authKeys   flags.List
	adminToken string
	adminFile  string
	level      slog.Level
	format     string
	show       bool // print the version and end
}

// parse reads the command line and the environment.
func parse(args, env []string) (*settings, error) {
	s := &settings{config: DefaultConfig(), self: membership.Member{Role: membership.Router, State: membership.Serving, Version: flags.Version()}}
	fs := flag.NewFlagSet("router", flag.ContinueOnError)
	s.listenerFlags(fs)
	s.limitFlags(fs)
	s.storeFlags(fs)
	s.fleetFlags(fs)
	s.accessFlags(fs)
	fs.TextVar(&s.level, "log-level", slog.LevelInfo, "least `level` logged: debug, info, warn or error")
	fs.StringVar(&s.format, "log-format", "text", "text or json")
	fs.BoolVar(&s.config.Profiles, "profiles", false, "let operators take profiles of this process: go tool pprof http://…/debug/pprof/profile?seconds=5 on the internal listener")
	fs.BoolVar(&s.show, "version", false, "print the version and end")
	return s, flags.Parse(fs, args, env)
}

// listenerFlags are about what clients, operators and game servers reach.
func (s *settings) listenerFlags(fs *flag.FlagSet) {
	fs.StringVar(&s.listen, "listen", "127.0.0.1:8080", "`host:port` for clients; port 0 picks one")
	fs.StringVar(&s.tlsCert, "tls-cert", "", "PEM `file` with the certificate that -listen shows; read again when it changes (default plain TCP)")
	fs.StringVar(&s.tlsKey, "tls-key", "", "PEM `file` with its private key")
	fs.StringVar(&s.config.PublicURL, "public-url", "", "base `URL` at which clients reach -listen (default in proxy mode: relative to the address that answers)")
	fs.StringVar(&s.mode, "mode", string(s.config.Mode), "redirect: clients dial game servers; proxy: this router tunnels them")
	fs.StringVar(&s.inside, "inside", "", "`host:port` of the internal listener: game servers with certificates in TLS, all others in the clear: outcomes, the whole fleet view, operators and metrics; -listen shows strangers a summary, and all of it with the operators' token (default none: requests of this machine see all where -listen is loopback)")
	fs.Var((*edge.Prefixes)(&s.config.Trusted), "trusted-proxies", "`addresses` and CIDRs of the proxies in front of -listen, whose X-Forwarded-For and PROXY protocol headers name the client")
	fs.DurationVar(&s.config.Drain, "drain", s.config.Drain, "how long to keep serving at most after SIGTERM, until the clients of its tunnels have moved to another router; stay below the orchestrator's grace period")
	fs.StringVar(&s.pages, "pages", "", "`folder` with the game's own index.html for /, and assets/; read again when they change (default the arena's)")
}

// limitFlags are about what one stranger, or all of them, may take.
func (s *settings) limitFlags(fs *flag.FlagSet) {
	q := &s.config.Quotas
	fs.IntVar(&q.LookupsPerAddress, "lookups-per-address", q.LookupsPerAddress, "most `lists` of rooms, and questions whether a room lives, a minute from one address; beyond, 429; 0: no limit")
	fs.IntVar(&q.TicketsPerIdentity, "tickets-per-identity", q.TicketsPerIdentity, "most `tickets` a minute, and rooms with them, for one player; beyond, 429; 0: no limit")
	fs.IntVar(&q.TicketsPerAddress, "tickets-per-address", q.TicketsPerAddress, "most `tickets` a minute for one address, or for one /64 of IPv6; beyond, 429; 0: no limit")
	fs.IntVar(&q.ReservationsPerAddress, "reservations-per-address", q.ReservationsPerAddress, "most `seats` a minute that quick match keeps for players of one address who have not come yet; 0: no limit")
	fs.IntVar(&q.ReadsPerAddress, "reads-per-address", q.ReadsPerAddress, "most `requests` for results a minute of one address, operators' left out; beyond, 429; 0: no limit")
	fs.IntVar(&q.PartySeatsPerAddress, "party-seats-per-address", q.PartySeatsPerAddress, "most `seats` a minute that rooms of quick match keep for the parties of one address; 0: no limit")
	s.config.Limits.Flags(fs)
	s.config.Limits.StreamsFlag(fs)
}

// storeFlags are about the results store.
func (s *settings) storeFlags(fs *flag.FlagSet) {
	fs.StringVar(&s.store.Location, "results", "", "the results store: sqlite:`DIR`, for one router, or postgres://USER@HOST/DATABASE, for any number; the password in PGPASSWORD or a file that PGPASSFILE names (default none: outcomes are not kept)")
	fs.StringVar(&s.store.Webhooks, "webhooks", "", "JSON `file` with the endpoints to which outcomes are delivered")
	fs.Var((*flags.List)(&s.store.Boards), "boards", "`leaderboards`: NAME=GAME:KEEP, and then :low, :SEASON or both, separated by commas; KEEP is best, sum, last or elo, low puts the lowest score first, SEASON is week, month or year")
	fs.DurationVar(&s.store.Retention, "results-retention", 0, "how long outcomes and histories are kept, at least 168h; boards stay (default for ever)")
	fs.DurationVar(&s.store.Rooms, "stats-retention", 30*24*time.Hour, "how long the statistics of rooms are kept, at least 48h; 0: for ever")
	fs.IntVar(&s.store.Waiting, "max-results-waiting", 1000, "long polls and event `streams` of results at once; beyond, 503")
}

// fleetFlags are about this router's place in its fleet.
func (s *settings) fleetFlags(fs *flag.FlagSet) {
	hostname, _ := os.Hostname() // without one, -name must be given
	fs.StringVar(&s.name, "name", hostname, "stable `name` of this router, unique in its fleet")
	fs.StringVar(&s.self.Zone, "zone", "", "where this router runs; for people")
	fs.StringVar(&s.gossip.Bind, "gossip", "127.0.0.1:0", "`IP:port` for gossip, UDP and TCP")
	fs.StringVar(&s.advertise, "advertise", "", "`IP` at which the others reach -gossip (default its own)")
	fs.Var((*flags.List)(&s.gossip.Seeds), "seeds", "gossip `addresses` of some members, separated by commas; names are looked up again and again")
	fs.StringVar(&s.gossip.Cluster, "cluster", "ringside", "`label` that keeps fleets apart")
	fs.StringVar(&s.key, "cluster-key", "", "cluster `key` of gossip, base64 of 16 bytes or more (default none: loopback only)")
	fs.StringVar(&s.keyFile, "cluster-key-file", "", "`file` with cluster keys, one a line: the first encrypts, all decrypt; read again when it changes")
	fs.StringVar(&s.fleet.Cert, "fleet-cert", "", "PEM `file` with the certificate that this router shows to game servers, or with the fleet's CA, by which it then issues its own; read again when it changes (default none: loopback only)")
	fs.StringVar(&s.fleet.Key, "fleet-key", "", "PEM `file` with its private key")
	fs.StringVar(&s.fleet.CA, "fleet-ca", "", "PEM `file` with the CAs whose certificates game servers may show (default the CA in -fleet-cert)")
	fs.IntVar(&s.gossip.Streams, "max-gossip-streams", membership.DefaultStreams, "`streams` that others have open to -gossip; beyond, the oldest is closed")
	fs.IntVar(&s.gossip.StreamsPerAddress, "max-gossip-streams-per-address", membership.DefaultStreamsPerAddress, "`streams` of one address among them")
}

// accessFlags are about tickets, players' identities and operators.
func (s *settings) accessFlags(fs *flag.FlagSet) {
	fs.StringVar(&s.ticketKey, "ticket-key", "", "PEM `file` with the private key that signs tickets (default the development key: loopback only)")
	fs.Var(&s.authKeys, "auth-keys", "PEM `files` with public keys: only players with an identity token signed by one get tickets")
	fs.StringVar(&s.adminToken, "admin-token", "", "operators' `token`, to drain servers and move rooms; the game servers' too (default none: loopback only)")
	fs.StringVar(&s.adminFile, "admin-token-file", "", "`file` with the operators' token")
}
