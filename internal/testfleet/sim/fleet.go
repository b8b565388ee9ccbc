// Package sim runs whole fleets on a simulated network in one testing/synctest bubble: real game servers, a real router
// and real clients, in fake time, under faults that a seed decides. What the guarantees of DESIGN.md speak of is
// recorded while they play, and checked.
package sim

import (
	"context"
	"crypto/ed25519"
	"fmt"
	"log/slog"
	mathrand "math/rand"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ringside-go/ringside/gameserver/server"
	"github.com/ringside-go/ringside/internal/membership"
	"github.com/ringside-go/ringside/internal/network/simnet"
	"github.com/ringside-go/ringside/internal/ticket"
	"github.com/ringside-go/ringside/proto"
	"github.com/ringside-go/ringside/router/front"
)

// lan is the network without faults.
var lan = simnet.Link{Latency: 300 * time.Microsecond, Jitter: 200 * time.Microsecond}

const (
	routerIP  = "10.0.0.100"
	routerURL = "http://" + routerIP + ":8080"
	// aftermath is how long everything that goes on by itself at the end may take: memberlist's probes.
	aftermath = time.Minute
)

// options of a fleet.
type options struct {
	servers, rooms, players int // rooms of the ledger, besides one of the arena; players of each room
	strict                  bool
}

// fleet is a running fleet. Its methods are for the bubble's first goroutine.
type fleet struct {
	seeds   []string // gossip addresses of the first servers; a majority of them founds the fleet
	t       *testing.T
	seed    uint64
	rng     *rand.Rand // of the schedule
	net     *simnet.Net
	history *History
	servers []*machine // also those that have ended, which may start again
	players []*player

	gossip     *membership.Gossip
	stopRouter context.CancelFunc
	routerDone chan struct{}
}

// machine is one machine and the game server's process on it, if one runs.
type machine struct {
	name, ip string
	host     *simnet.Host
	server   *server.Server
	cancel   context.CancelCauseFunc
	ended    chan struct{}
	err      error // of Run, once ended is closed
	gate     gate
	clock    atomic.Int64 // how far its machine's wall clock is ahead, in nanoseconds
}

// gate stops whoever comes by while it is closed.
type gate struct {
	mu     sync.Mutex
	opened chan struct{} // nil: open
}

func (g *gate) pass() {
	g.mu.Lock()
	opened := g.opened
	g.mu.Unlock()
	if opened != nil {
		<-opened
	}
}

func (g *gate) close() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.opened == nil {
		g.opened = make(chan struct{})
	}
}

func (g *gate) open() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.opened != nil {
		close(g.opened)
		g.opened = nil
	}
}

// run plays one schedule on a new fleet in a bubble of its own, and checks what happened.
func run(t *testing.T, seed uint64, o options, schedule func(f *fleet)) (f *fleet) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	//lint:ignore SA1019 memberlist uses the global generator, and a seed is to replay as far as it goes
	mathrand.Seed(int64(seed))
	synctest.Test(t, func(t *testing.T) {
		f = &fleet{seeds: []string{"10.0.0.1:7946", "10.0.0.2:7946", "10.0.0.3:7946"}[:min(o.servers, 3)], t: t, seed: seed, rng: rand.New(rand.NewPCG(seed, 1)), net: simnet.New(seed, lan), history: newHistory()}
		defer func() {
			if t.Failed() || os.Getenv("SEED") != "" {
				t.Logf("SEED=%d\n%s", seed, f.history)
			}
		}()
		defer time.Sleep(aftermath)
		defer f.stop()
		for range o.servers {
			f.add()
		}
		f.startRouter()
		f.await("the members to meet", 5*time.Second, func() bool { return len(f.gossip.View().Members) == o.servers+1 })
		time.Sleep(7 * time.Second) // until newcomers count for the quorum
		for range o.players {
			f.join(battleName, o.strict)
			for room := range o.rooms {
				f.join(proto.RoomID(fmt.Sprintf("room-%d", room+1)), o.strict)
			}
		}
		time.Sleep(2 * time.Second)
		schedule(f)
		f.check(o)
	})
	return f
}

// add starts a game server on a new machine.
func (f *fleet) add() *machine {
	f.t.Helper()
	n := len(f.servers) + 1
	s := &machine{name: fmt.Sprintf("gs-%d", n), ip: fmt.Sprintf("10.0.0.%d", n)}
	f.servers = append(f.servers, s)
	f.start(s)
	return s
}

// start starts the server's process, anew if there was one.
func (f *fleet) start(s *machine) {
	f.t.Helper()
	f.history.note("%s starts", s.name)
	s.host = f.net.Host(s.ip)
	c := server.DefaultConfig()
	c.Name = s.name
	c.Listen = s.ip + ":9000"
	c.Testing.Network = s.host
	c.Fleet = server.Fleet{Cluster: "sim", Key: []byte("a key of 16 byte"), Seeds: f.seeds,
		Gossip: s.ip + ":7946", Peer: s.ip + ":7000"}
	c.Security.TicketKeys = []ed25519.PublicKey{ticket.DevKey().Public().(ed25519.PublicKey)}
	c.Testing.Workers = 1 // so that a closed gate holds all of a process's rooms up
	c.Testing.Checks = true
	c.Testing.WallClock = func() time.Time { return time.Now().Add(time.Duration(s.clock.Load())) }
	c.Logger = slog.New(&logHandler{history: f.history, server: s.name})
	var err error
	at := &site{server: s.name, history: f.history, gate: s.gate.pass}
	if s.server, err = server.New(c, newLedger(at), newBattle(at)); err != nil {
		f.t.Fatal(err)
	}
	ctx, cancel := context.WithCancelCause(context.Background())
	s.cancel, s.ended, s.err = cancel, make(chan struct{}), nil
	go func(n *server.Server, ended chan struct{}) {
		s.err = n.Run(ctx)
		close(ended)
	}(s.server, s.ended)
}

func (f *fleet) startRouter() {
	f.t.Helper()
	host := f.net.Host(routerIP)
	listener, err := host.Listen(routerIP + ":8080")
	if err != nil {
		f.t.Fatal(err)
	}
	f.gossip, err = membership.NewGossip(membership.Config{
		Self: membership.Member{Name: "router-1", Role: membership.Router, State: membership.Serving, URL: routerURL},
		Bind: routerIP + ":7946", Seeds: f.seeds,
		Key: []byte("a key of 16 byte"), Cluster: "sim", Network: host,
	})
	if err != nil {
		f.t.Fatal(err)
	}
	c := front.DefaultConfig()
	c.Signer, c.Drain = ticket.NewSigner(ticket.DevKey()), 0
	door, err := front.New(c, f.gossip)
	if err != nil {
		f.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	f.stopRouter, f.routerDone = cancel, make(chan struct{})
	go func() {
		defer close(f.routerDone)
		if err := door.Run(ctx, listener, f.gossip); err != nil {
			f.t.Errorf("router: %v", err)
		}
	}()
}

// join lets a new player into room.
func (f *fleet) join(room proto.RoomID, strict bool) {
	f.t.Helper()
	n := len(f.players) + 1
	values := rand.New(rand.NewPCG(f.seed, uint64(n)))
	var part script
	var err error
	if room == battleName {
		part, err = newFighter(values)
	} else {
		part, err = newClerk(room, values)
	}
	if err != nil {
		f.t.Fatal(err)
	}
	p := &player{
		id: proto.PlayerID(fmt.Sprintf("p%d", n)), room: room, ip: fmt.Sprintf("10.0.1.%d", n), history: f.history,
		script: part, strict: strict,
	}
	p.host = f.net.Host(p.ip)
	if err := p.join(routerURL); err != nil {
		f.t.Fatalf("SEED=%d: %v\n%s", f.seed, err, f.history)
	}
	f.players = append(f.players, p)
}

// await waits until ok, limit at most.
func (f *fleet) await(what string, limit time.Duration, ok func() bool) {
	f.t.Helper()
	for end := time.Now().Add(limit); !ok(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			f.t.Fatalf("SEED=%d: waited %v in vain for %s", f.seed, limit, what)
		}
	}
}

// crash kills a server's process.
func (f *fleet) crash(s *machine) {
	f.history.note("%s crashes", s.name)
	s.host.Crash()
	f.end(s, membership.ErrKilled)
}

// lose takes a server's machine from the network, with all that runs on it.
func (f *fleet) lose(s *machine) {
	f.history.note("%s is lost", s.name)
	s.host.Lose()
	f.end(s, membership.ErrKilled)
}

// drain stops a server as its orchestrator does.
func (f *fleet) drain(s *machine) {
	f.history.note("%s drains", s.name)
	f.end(s, nil)
	s.host.Crash() // nothing is left but its address
}

func (f *fleet) end(s *machine, cause error) {
	s.host.Resume() // a paused process hears of its end when it goes on
	s.gate.open()
	s.cancel(cause)
	<-s.ended
	s.server = nil
	f.history.note("%s has ended: %v", s.name, s.err)
	if s.err != nil && cause == nil {
		f.history.violation("%s drained with %v", s.name, s.err)
	}
}

func (s *machine) runs() bool { return s.server != nil }

// running gives the servers that run.
func (f *fleet) running() (all []*machine) {
	return slices.DeleteFunc(slices.Clone(f.servers), func(s *machine) bool { return !s.runs() })
}

// pause stops a server's process until resume; its machine takes what arrives.
func (f *fleet) pause(s *machine) {
	f.history.note("%s is paused", s.name)
	s.gate.close()
	s.host.Pause()
}

func (f *fleet) resume(s *machine) {
	f.history.note("%s goes on", s.name)
	s.gate.open()
	s.host.Resume()
}

// leaders are the servers that have room.
func (f *fleet) leaders(room proto.RoomID) (all []*machine) {
	for _, s := range f.running() {
		for _, r := range s.server.Rooms() {
			if r.ID == room {
				all = append(all, s)
			}
		}
	}
	return all
}

// leader is the one server that has room.
func (f *fleet) leader(room proto.RoomID) *machine {
	f.t.Helper()
	all := f.leaders(room)
	if len(all) != 1 {
		f.t.Fatalf("SEED=%d: %d servers lead %s", f.seed, len(all), room)
	}
	return all[0]
}

// stop ends everything: players first, so that nobody tells of lost connections.
func (f *fleet) stop() {
	var wg sync.WaitGroup
	for _, p := range f.players {
		wg.Go(p.stop)
	}
	wg.Wait()
	f.net.Heal()
	for _, s := range f.running() {
		wg.Go(func() { f.end(s, membership.ErrKilled) })
	}
	if f.stopRouter != nil {
		f.stopRouter()
		wg.Go(func() { <-f.routerDone })
	}
	wg.Wait()
}
