package membership

// CONTRACT STUB: owned by the internal/ helper, who replaces this file by real ones with these signatures.

import (
	"context"
	"time"
)

type ServerName string // stable: the pod's name, not its boot
type Role string

const (
	GameServer Role = "gameserver"
	Router     Role = "router"
)

type State string

const (
	Serving  State = "serving"
	Draining State = "draining"
)

// Load is what a game server says of itself in its metadata.
type Load struct {
	Rooms   int
	Players int
	Busy    int // share of the busiest tick worker's time, per mille
}

// Member is one process, as its metadata says.
type Member struct {
	Name    ServerName
	Boot    string // random per process start
	Role    Role
	State   State
	URL     string // base URL for clients, http(s)://host:port
	Peer    string // host:port of the peer link; empty for routers
	Weight  int    // 1 is the default
	Load    Load
	Zone    string
	Version string
	Since   time.Time // started serving, by its own clock
}

// View is an immutable list of members as one process sees them, sorted by name; one entry a name (the newest boot).
type View struct {
	Version uint64 // grows by one with each change that matters for placement or routing (load changes too)
	Self    Member
	Members []Member // self included
	// Placement-relevant changes only (servers that come, go, change state or weight): when the last one was.
	Settled time.Time
}

func (v *View) Servers() []Member                { panic("stub") } // serving game servers
func (v *View) Find(n ServerName) (Member, bool) { panic("stub") }

// Source is what everyone else uses of membership.
type Source interface {
	View() *View
	// Changed gives a channel that is closed at the next change of the view.
	Changed() <-chan struct{}
}

// Gossip is the memberlist body. New only builds; Run joins, re-joins the seeds for ever and leaves when ctx ends.
type Gossip struct{}

type Config struct {
	Self      Member
	Bind      string   // host:port for gossip, UDP and TCP; port 0 picks one
	Advertise string   // host:port others reach it at; empty: Bind's
	Seeds     []string // host:port; names are looked up again at each round
	Key       []byte   // 16, 24 or 32 bytes; empty: loopback only
	Cluster   string   // label that keeps fleets apart
}

func NewGossip(c Config) (*Gossip, error)       { panic("stub") } // binds the sockets, so that Addr is known
func (g *Gossip) Addr() string                  { panic("stub") }
func (g *Gossip) Run(ctx context.Context) error { panic("stub") }
func (g *Gossip) Update(f func(*Member))        { panic("stub") } // changes self (load, state) and gossips it, coalesced
func (g *Gossip) View() *View                   { panic("stub") }
func (g *Gossip) Changed() <-chan struct{}      { panic("stub") }

// Static is a Source for tests and for a fleet of one: Set replaces the view.
type Static struct{}

func NewStatic(self Member, others ...Member) *Static { panic("stub") }
func (s *Static) Set(members ...Member)               { panic("stub") }
func (s *Static) View() *View                         { panic("stub") }
func (s *Static) Changed() <-chan struct{}            { panic("stub") }
