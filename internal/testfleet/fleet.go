// Package testfleet runs whole fleets in one test process: game servers and routers on random ports of this machine, put
// together as their mains do it, to be killed, drained and added to while real clients play.
package testfleet

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ringside-go/ringside/gameserver/game"
	"github.com/ringside-go/ringside/gameserver/server"
	"github.com/ringside-go/ringside/internal/certs"
	"github.com/ringside-go/ringside/internal/membership"
	"github.com/ringside-go/ringside/internal/ticket"
	"github.com/ringside-go/ringside/proto"
	"github.com/ringside-go/ringside/router/gateway"
)

// Patience bounds every wait for a socket, a process or the gossip. A machine under load needs seconds where an idle one
// needs milliseconds; nothing passes because of it.
const Patience = 20 * time.Second

// Options of a fleet. The zero Options are three servers that run Walk behind one router in redirect mode.
type Options struct {
	Servers   int                  // 3
	Routers   int                  // 1
	Mode      gateway.Mode         // gateway.Redirect
	Drain     time.Duration        // of the routers: 0
	Games     []game.Definition    // Walk
	Configure func(*server.Config) // changes each server's configuration before it is built
	Logger    *slog.Logger         // nobody

	Results      bool   // the routers have a results store, SQLite in a directory of each one's own, and an internal listener
	Webhooks     string // file with the endpoints of these stores
	Pages        fs.FS  // of the routers
	Certificates bool   // processes prove their names to each other, in TLS, as in production
}

// Fleet is a running fleet. Its methods are for the test's goroutine.
type Fleet struct {
	Servers []*Server // in the order of their start; the ended ones too
	Routers []*Router

	t       testing.TB
	options Options
	signer  *ticket.Signer
	ca      certs.FleetFiles // no files: Options.Certificates is not set
	issued  atomic.Int64     // tickets
	results string           // directory of the results stores
}

// Server is a game server of a fleet.
type Server struct {
	Name string
	Node *server.Server

	relay  *relay
	cancel context.CancelCauseFunc
	ended  chan struct{}
	err    error // of Run, once ended is closed
	gone   bool
}

// Router is a router of a fleet.
type Router struct {
	URL    string
	Inside string // address of the internal listener; empty: there is none

	gossip *membership.Gossip
	cancel context.CancelCauseFunc
	ended  chan struct{}
	err    error // of Run, once ended is closed
	gone   bool
}

// Start starts a fleet, waits until all its members see each other, and stops it when the test ends.
func Start(t testing.TB, o Options) *Fleet {
	t.Helper()
	if o.Servers == 0 {
		o.Servers = 3
	}
	if o.Routers == 0 {
		o.Routers = 1
	}
	if o.Mode == "" {
		o.Mode = gateway.Redirect
	}
	if o.Games == nil {
		o.Games = []game.Definition{Walk()}
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	f := &Fleet{t: t, options: o, signer: ticket.NewSigner(ticket.DevKey())}
	f.results = t.TempDir() // removed after the routers have ended
	t.Cleanup(f.stop)
	if o.Certificates {
		var err error
		if f.ca, err = certs.WriteCA(t.TempDir()); err != nil {
			t.Fatal(err)
		}
	}
	for range o.Servers {
		f.addServer(fmt.Sprintf("gs-%d", len(f.Servers)+1))
	}
	for range o.Routers {
		f.addRouter()
	}
	f.Await()
	return f
}

// Add starts another server and waits until everyone sees it.
func (f *Fleet) Add() *Server {
	f.t.Helper()
	s := f.addServer(fmt.Sprintf("gs-%d", len(f.Servers)+1))
	f.Await()
	return s
}

// Replace drains server i, starts another one under its name, which runs games, and waits until everyone sees it: what an
// orchestrator does in an update.
func (f *Fleet) Replace(i int, games ...game.Definition) *Server {
	f.t.Helper()
	f.Drain(i)
	f.options.Games = games
	s := f.addServer(f.Servers[i].Name)
	f.Await()
	return s
}

// Kill ends server i as a crash of its process would: its sockets are closed, and nobody is told.
func (f *Fleet) Kill(i int) {
	f.t.Helper()
	s := f.Servers[i]
	s.gone = true
	s.relay.cut()
	s.cancel(server.ErrKilled)
	f.wait(s.Name, s.ended)
}

// Drain stops server i as its orchestrator does, and waits until it has ended.
func (f *Fleet) Drain(i int) {
	f.t.Helper()
	s := f.Servers[i]
	s.gone = true
	s.cancel(nil)
	f.wait(s.Name, s.ended)
	if s.err != nil {
		f.t.Errorf("%s drained with %v", s.Name, s.err)
	}
	s.relay.cut()
}

// DrainRouter stops router i as its orchestrator does, and waits until it has ended.
func (f *Fleet) DrainRouter(i int) {
	f.t.Helper()
	r := f.Routers[i]
	r.gone = true
	r.cancel(nil)
	f.wait(routerName(i), r.ended)
}

// Serves reports whether the router is one to which clients should be sent: it has not begun to drain.
func (r *Router) Serves() bool { return r.gossip.View().Self.State == membership.Serving }

// Find gives the running server that has name.
func (f *Fleet) Find(name string) *Server {
	for _, s := range f.Servers {
		if s.Name == name && !s.gone {
			return s
		}
	}
	f.t.Fatalf("no server %s is running", name)
	return nil
}

// Home gives the server that id belongs to as all see it.
func (f *Fleet) Home(id proto.RoomID) *Server {
	name, _ := f.Routers[0].gossip.View().Placement().Home(string(id))
	return f.Find(name)
}

// Leaders gives the names of all servers that lead id. More than one is the fleet's failure.
func (f *Fleet) Leaders(id proto.RoomID) (leaders []string) {
	for _, s := range f.Servers {
		for _, r := range s.Node.Rooms() {
			if r.ID == id && !s.gone {
				leaders = append(leaders, s.Name)
			}
		}
	}
	return leaders
}

// Ticket signs c as the routers do; what c leaves out is a player's ticket for Walk.
func (f *Fleet) Ticket(c ticket.Claims) string {
	f.t.Helper()
	if c.Game == "" {
		c.Game = WalkName
	}
	if c.Role == "" {
		c.Role = ticket.Player
	}
	if c.Issued.IsZero() { // each ticket is newer than those before
		c.Issued = time.Now().Add(-time.Hour + time.Duration(f.issued.Add(1))*time.Second)
	}
	if c.Expires.IsZero() {
		c.Expires = time.Now().Add(time.Hour)
	}
	signed, err := f.signer.Sign(c)
	if err != nil {
		f.t.Fatal(err)
	}
	return signed
}

// Connect is the WebSocket URL of id at s.
func (s *Server) Connect(id proto.RoomID) string {
	return "ws" + strings.TrimPrefix(s.Node.URL(), "http") + "/v1/rooms/" + string(id) + "/connect"
}

func (f *Fleet) addServer(name string) *Server {
	f.t.Helper()
	c := server.DefaultConfig()
	c.Name = name
	c.Fleet.Seeds = f.seeds()
	c.Fleet.Key = []byte("a key of 16 byte")
	c.Fleet.Cluster = "testfleet"
	if f.options.Certificates {
		c.Fleet.Cert, c.Fleet.CertKey, c.Internal = f.ca.Cert, f.ca.Key, "127.0.0.1:0"
	}
	c.Results.Store = f.options.Results
	c.Security.TicketKeys = []ed25519.PublicKey{ticket.DevKey().Public().(ed25519.PublicKey)}
	c.Testing.Checks = true
	c.Logger = f.options.Logger.With("server", c.Name)
	relay, err := newRelay()
	if err != nil {
		f.t.Fatal(err)
	}
	c.PublicURL = "http://" + relay.addr()
	if f.options.Configure != nil {
		f.options.Configure(&c)
	}
	n, err := server.New(c, f.options.Games...)
	if err != nil {
		relay.cut()
		f.t.Fatal(err)
	}
	ctx, cancel := context.WithCancelCause(context.Background())
	s := &Server{Name: c.Name, Node: n, relay: relay, cancel: cancel, ended: make(chan struct{})}
	relay.run(n.Addr().String())
	go func() {
		s.err = n.Run(ctx)
		close(s.ended)
	}()
	f.Servers = append(f.Servers, s)
	return s
}

func (f *Fleet) addRouter() {
	f.t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		f.t.Fatal(err)
	}
	url := "http://" + listener.Addr().String()
	name := routerName(len(f.Routers))
	self := membership.Member{Name: membership.ServerName(name), Role: membership.Router, State: membership.Serving, URL: url}
	var inside net.Listener
	if f.options.Results {
		if inside, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
			f.t.Fatal(err)
		}
		self.Peer, self.Port = inside.Addr().String(), inside.Addr().(*net.TCPAddr).Port
	}
	gossip, err := membership.NewGossip(membership.Config{
		Self: self,
		Bind: "127.0.0.1:0", Seeds: f.seeds(), Key: []byte("a key of 16 byte"), Cluster: "testfleet",
	})
	if err != nil {
		listener.Close()
		f.t.Fatal(err)
	}
	c := gateway.DefaultConfig()
	c.Quotas.TicketsPerAddress, c.Quotas.LookupsPerAddress = 0, 0 // all the players are at one address
	c.Mode, c.Signer, c.Drain, c.Pages = f.options.Mode, f.signer, f.options.Drain, f.options.Pages
	token := "" // requests of this machine need none
	if f.options.Results && f.options.Certificates {
		token = "a token of the operators" // only a certificate lets game servers write
	}
	if c.Operator, err = ticket.NewOperator(token, true); err != nil {
		listener.Close()
		gossip.Close()
		f.t.Fatal(err)
	}
	c.Logger = f.options.Logger.With("server", name)
	if c.Certs, err = certs.LoadFleet(f.ca, certs.NewID(string(membership.Router), name), c.Logger); err != nil {
		f.t.Fatal(err)
	}
	if f.options.Results {
		c.Internal = true
		s, err := gateway.OpenStore(context.Background(), gateway.StoreConfig{Location: "sqlite:" + filepath.Join(f.results, name), Waiting: 10, Logger: c.Logger, Metrics: c.Metrics,
			Boards: []string{"walks=" + string(WalkName) + ":best:low:week"}, Webhooks: f.options.Webhooks})
		if err != nil {
			f.t.Fatal(err)
		}
		c.Results = s
	}
	g, err := gateway.New(c, gossip)
	if err != nil {
		listener.Close()
		gossip.Close()
		f.t.Fatal(err)
	}
	ctx, cancel := context.WithCancelCause(context.Background())
	r := &Router{URL: url, Inside: self.Peer, gossip: gossip, cancel: cancel, ended: make(chan struct{})}
	go func() {
		r.err = g.Run(ctx, listener, inside, gossip)
		close(r.ended)
	}()
	f.Routers = append(f.Routers, r)
}

func routerName(i int) string { return fmt.Sprintf("router-%d", i+1) }

// seeds are the gossip addresses of who runs already.
func (f *Fleet) seeds() (seeds []string) {
	for _, s := range f.Servers {
		if !s.gone {
			seeds = append(seeds, s.Node.Gossip())
		}
	}
	return seeds
}

// stop ends everything at once: servers as ^C does, routers as a second one does, which do not drain then.
func (f *Fleet) stop() {
	var wg sync.WaitGroup
	for _, r := range f.Routers {
		wg.Go(func() {
			r.cancel(membership.ErrKilled)
			f.wait("router", r.ended)
		})
	}
	for _, s := range f.Servers {
		wg.Go(func() {
			s.cancel(nil)
			f.wait(s.Name, s.ended)
			s.relay.cut()
		})
	}
	wg.Wait()
	for _, s := range f.Servers {
		if s.err != nil && !errors.Is(s.err, server.ErrKilled) {
			f.t.Errorf("%s ended with %v", s.Name, s.err)
		}
	}
	for _, r := range f.Routers {
		if r.err != nil {
			f.t.Errorf("a router ended with %v", r.err)
		}
	}
}

func (f *Fleet) wait(name string, ended <-chan struct{}) {
	select {
	case <-ended:
	case <-time.After(Patience):
		f.t.Errorf("%s did not end within %v", name, Patience)
	}
}
