package sim

import (
	"context"
	"crypto/ed25519"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ringside-go/ringside/gameserver/game"
	"github.com/ringside-go/ringside/gameserver/server"
	"github.com/ringside-go/ringside/internal/membership"
	"github.com/ringside-go/ringside/internal/network/simnet"
	"github.com/ringside-go/ringside/internal/ticket"
	"github.com/ringside-go/ringside/proto"
)

// machine is a machine for a game server, and its process there if one runs.
type machine struct {
	name, ip string
	games    func(at *environment) []game.Definition
	gate     gate
	clock    atomic.Int64 // how far its wall clock is ahead, in nanoseconds
	starts   int
	endPause func()                  // nil: it is not paused
	running  atomic.Pointer[running] // nil: no process runs
}

// running is one process of a game server.
type running struct {
	process process
	host    *simnet.Host
	server  *server.Server
	cancel  context.CancelCauseFunc
	dead    atomic.Bool
	ended   chan struct{}
	err     error // of Run, once ended is closed
}

// kill ends the process for all who watch it, at once. What is left of it ends soon after. From any goroutine.
func (r *running) kill() {
	r.dead.Store(true)
	r.host.Crash()
	r.cancel(membership.ErrKilled)
}

func (s *machine) runs() bool {
	r := s.running.Load()
	return r != nil && !r.dead.Load()
}

// rooms are those that the server says it leads.
func (s *machine) rooms() (ids []proto.RoomID) {
	if s.runs() {
		for _, r := range s.running.Load().server.Rooms() {
			ids = append(ids, r.ID)
		}
	}
	return ids
}

// gate stops everybody who passes it while it is closed.
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

// add starts a game server on a new machine.
func (f *fleet) add() *machine {
	f.t.Helper()
	n := len(f.servers)
	s := &machine{name: fmt.Sprintf("gs-%d", n+1), ip: serverIP(n), games: stockGames}
	f.servers = append(f.servers, s)
	f.start(s)
	return s
}

func stockGames(at *environment) []game.Definition {
	return []game.Definition{newWorkload(at), newArena(at)}
}

// start starts the server's process, again if there was one.
func (f *fleet) start(s *machine) {
	f.t.Helper()
	s.starts++
	r := &running{process: process{s.name, s.starts}, host: f.net.Host(s.ip), ended: make(chan struct{})}
	f.history.note("%s starts", r.process)
	c := server.DefaultConfig()
	c.Name = s.name
	c.Listen, c.Internal = s.ip+":9000", s.ip+":9002"
	c.Testing.Network = r.host
	c.Fleet = server.Fleet{Cluster: clusterName, Key: []byte(clusterKey), Seeds: f.seeds, Gossip: s.ip + ":7946", Peer: s.ip + ":7000"}
	if f.options.certificates {
		c.Fleet.Cert, c.Fleet.CertKey = f.ca.Cert, f.ca.Key
	}
	c.Security.TicketKeys = []ed25519.PublicKey{ticket.DevKey().Public().(ed25519.PublicKey)}
	c.Security.AdminToken = operatorToken
	c.Testing.Workers, c.Testing.NoWatchdog = 1, true // so that a closed gate stops all of a process's rooms
	c.Testing.Checks = true
	c.Testing.Pass = s.gate.pass
	c.Limits.IdleRoom, c.Limits.Unplayed = time.Hour, time.Hour // a room ends for no other reason than a fault
	c.Testing.WallClock = func() time.Time { return time.Now().Add(time.Duration(s.clock.Load())) }
	c.Logger = slog.New(&logHandler{history: f.history, server: s.name})
	c.Results.Store = f.options.results
	if f.options.configure != nil {
		f.options.configure(&c)
	}
	f.standbys = c.Standbys
	var err error
	if r.server, err = server.New(c, s.games(&environment{process: r.process, history: f.history, gate: s.gate.pass})...); err != nil {
		f.t.Fatal(err)
	}
	ctx, cancel := context.WithCancelCause(context.Background())
	r.cancel = cancel
	s.running.Store(r)
	go func() {
		r.err = r.server.Run(ctx)
		close(r.ended)
	}()
}

// crash kills a server's process.
func (f *fleet) crash(s *machine) {
	f.history.note("%s crashes", s.name)
	s.running.Load().host.Crash()
	f.end(s, membership.ErrKilled)
}

// restart kills a server's process and starts it again after a time, with faults as they are.
func (f *fleet) restart(s *machine, after time.Duration) {
	f.t.Helper()
	f.crash(s)
	time.Sleep(after)
	f.start(s)
}

// crashLoop crashes and starts a server every period until ok, limit at most. It reports whether ok became true.
func (f *fleet) crashLoop(s *machine, period, limit time.Duration, ok func() bool) bool {
	f.t.Helper()
	for end := time.Now().Add(limit); time.Now().Before(end); {
		f.crash(s)
		f.start(s)
		for next := time.Now().Add(period); time.Now().Before(next); time.Sleep(10 * time.Millisecond) {
			if ok() {
				return true
			}
		}
	}
	return false
}

// lose takes a server's machine from the network, with all that runs on it.
func (f *fleet) lose(s *machine) {
	f.history.note("%s is lost", s.name)
	s.running.Load().host.Lose()
	f.end(s, membership.ErrKilled)
}

// drain stops a server as its orchestrator does.
func (f *fleet) drain(s *machine) {
	f.history.note("%s drains", s.name)
	host := s.running.Load().host
	f.end(s, nil)
	host.Crash() // nothing is left but its address
}

// end ends the process for cause, and waits for it.
func (f *fleet) end(s *machine, cause error) {
	r := s.running.Load()
	if cause != nil {
		f.history.end(r.process)
	}
	r.host.Resume() // a paused process sees its end when it continues
	s.gate.open()
	r.cancel(cause)
	<-r.ended
	f.history.end(r.process)
	s.running.Store(nil)
	f.history.note("%s has ended: %v", r.process, r.err)
	if r.err != nil && cause == nil && !r.dead.Load() { // a trap may have killed it meanwhile
		f.history.violation("%s drained with %v", s.name, r.err)
	}
}

// running gives the servers that run.
func (f *fleet) running() (all []*machine) {
	return slices.DeleteFunc(slices.Clone(f.servers), func(s *machine) bool { return !s.runs() })
}

// pause stops a server's process until resume, like SIGSTOP; its machine accepts what arrives. Only the timers of gossip fire all
// the same, though it reaches nobody.
func (f *fleet) pause(s *machine) {
	f.history.note("%s is paused", s.name)
	if s.endPause == nil {
		s.endPause = f.history.beginFault()
	}
	s.gate.close()
	s.running.Load().host.Pause()
}

// resume ends a pause. A process that has ended meanwhile needs none.
func (f *fleet) resume(s *machine) {
	if s.endPause != nil {
		s.endPause()
		s.endPause = nil
	}
	s.gate.open()
	if r := s.running.Load(); r != nil {
		f.history.note("%s continues", s.name)
		r.host.Resume()
	}
}

// wakingGap is the time from the waking of one server to that of the next, where all were paused.
const wakingGap = 1500 * time.Millisecond

// pauseAll pauses some servers at once for a time, and wakes them in the order given, one each gap.
func (f *fleet) pauseAll(order []*machine, length, gap time.Duration) {
	for _, s := range order {
		f.pause(s)
	}
	time.Sleep(length)
	for i, s := range order {
		if i > 0 {
			time.Sleep(gap)
		}
		f.resume(s)
	}
}

// addresses of machines.
func addresses(of ...*machine) (ips []string) {
	for _, s := range of {
		ips = append(ips, s.ip)
	}
	return ips
}

// others are the servers besides those given.
func (f *fleet) others(than ...*machine) []*machine {
	return slices.DeleteFunc(slices.Clone(f.servers), func(s *machine) bool { return slices.Contains(than, s) })
}

// leaders are the servers that say they lead room.
func (f *fleet) leaders(room proto.RoomID) (all []*machine) {
	for _, s := range f.running() {
		if slices.Contains(s.rooms(), room) {
			all = append(all, s)
		}
	}
	return all
}

// leader is the one server that leads room.
func (f *fleet) leader(room proto.RoomID) *machine {
	f.t.Helper()
	all := f.leaders(room)
	if len(all) != 1 {
		f.t.Fatalf("SEED=%d: %d servers lead %s", f.seed, len(all), room)
	}
	return all[0]
}

// order is the servers in a room's order: the first is its home.
func (f *fleet) order(room proto.RoomID) (all []*machine) {
	for _, name := range f.routers[0].gossip.View().Placement().Order(nil, string(room), len(f.servers)) {
		for _, s := range f.servers {
			if s.name == name {
				all = append(all, s)
			}
		}
	}
	return all
}

// standby is the first server of a settled fleet that stands by for room.
func (f *fleet) standby(room proto.RoomID) *machine {
	f.t.Helper()
	leads := f.leader(room)
	for _, s := range f.order(room) {
		if s != leads {
			return s
		}
	}
	f.t.Fatalf("SEED=%d: no server stands by for %s", f.seed, room)
	return nil
}
