// Package sim runs whole fleets on a simulated network in one testing/synctest bubble: real game servers, routers and
// clients, in fake time, under faults that a seed decides. It records what players, and an observer of the fleet, can see
// while they play, and checks that against the guarantees of DESIGN.md.
package sim

import (
	"fmt"
	mathrand "math/rand"
	"math/rand/v2"
	"os"
	"runtime"
	"runtime/debug"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ringside-go/ringside/gameserver/server"
	"github.com/ringside-go/ringside/internal/certs"
	"github.com/ringside-go/ringside/internal/membership"
	"github.com/ringside-go/ringside/internal/network/simnet"
	"github.com/ringside-go/ringside/proto"
)

// lan is the network without faults.
var lan = simnet.Link{Latency: 300 * time.Microsecond, Jitter: 200 * time.Microsecond}

const (
	clusterName = "sim"
	clusterKey  = "a key of 16 byte"
	// routerURL is a name for all routers; see player.dialRouter.
	routerURL = "http://routers:8080"
	// giveUp is longer than any test: a client that gives up has neither played nor been told why.
	giveUp = time.Hour
	// settle is how long newcomers need until they count for the quorum.
	settle = 7 * time.Second
	// aftermath is how long what goes on by itself may take at the end: memberlist's probes.
	aftermath = time.Minute
)

// seedAddrs are where members find a fleet of three servers or more: the first of them that are to be started. A majority of
// them founds the fleet.
var seedAddrs = []string{"10.0.0.1:7946", "10.0.0.2:7946", "10.0.0.3:7946"}

// options of a fleet.
type options struct {
	servers, rooms, players int // rooms of the workload, besides one of the arena; players of each room
	strict                  bool
	newcomers               bool                 // after each death of the schedule, somebody comes for a room
	overlap                 bool                 // faults overlap
	returns                 time.Duration        // after which players that were told that their room is lost come back; 0: they do not
	apart                   time.Duration        // one way between servers and routers; 0: as in lan
	configure               func(*server.Config) // changes each server's configuration; nil: nothing
	results                 bool                 // the routers have a results store
	certificates            bool                 // the processes speak TLS to each other
}

// roomName is that of the nth room of the workload, from 0.
func roomName(n int) proto.RoomID { return proto.RoomID(fmt.Sprintf("room-%d", n+1)) }

// with2Standbys and with0Standbys are for options.configure.
func with2Standbys(c *server.Config) { c.Standbys = 2 }
func with0Standbys(c *server.Config) { c.Standbys = 0 }

const (
	routerCount = 2
	maxFleet    = 30 // servers
	// gcPercent lets the heap of a schedule, a few megabytes, grow to some hundred: with Go's default, collecting it takes a
	// fifth of the CPU time.
	gcPercent = 1000
)

// serverIP and routerIP are the addresses of the nth server and router, from 0.
func serverIP(n int) string { return fmt.Sprintf("10.0.0.%d", n+1) }
func routerIP(n int) string { return fmt.Sprintf("10.0.0.%d", n+100) }

// fleet is a running fleet. Its methods are for the bubble's first goroutine, unless they say otherwise.
type fleet struct {
	seeds    []string // gossip addresses
	t        *testing.T
	seed     uint64
	options  options
	rng      *rand.Rand // of the schedule
	net      *simnet.Net
	history  *History
	servers  []*machine // also those that have ended, which may start again
	routers  []*router
	players  []*player
	operator *operator
	results  *resultsStore    // nil: there is none
	standbys int              // of each room
	ca       certs.FleetFiles // no files without options.certificates

	newcomers int // that a schedule has let come
}

// run plays one schedule on a new fleet in a bubble of its own, and checks what happened.
func run(t *testing.T, seed uint64, o options, schedule func(f *fleet)) (f *fleet) {
	t.Helper()
	fewer(t)
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	defer debug.SetGCPercent(debug.SetGCPercent(gcPercent))
	//lint:ignore SA1019 memberlist uses the global generator, and a seed is to replay as far as it goes
	mathrand.Seed(int64(seed))
	synctest.Test(t, func(t *testing.T) {
		f = &fleet{t: t, seed: seed, seeds: seedAddrs[:min(o.servers, len(seedAddrs))], options: o, rng: rand.New(rand.NewPCG(seed, 1)), net: simnet.New(seed, lan), history: newHistory()}
		f.setApart(o.apart)
		if o.results {
			f.results = newResultsStore(f.history)
			f.history.store = f.results
		}
		if o.certificates {
			var err error
			if f.ca, err = certs.WriteCA(t.TempDir()); err != nil { // in the bubble's time
				t.Fatal(err)
			}
		}
		f.operator = newOperator(f.net.Host(operatorIP))
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
		for range routerCount {
			f.addRouter()
		}
		f.await("the members to meet", 10*time.Second, f.met)
		time.Sleep(settle)
		for range o.players {
			f.join(arenaName, o.strict)
			for room := range o.rooms {
				f.join(roomName(room), o.strict)
			}
		}
		time.Sleep(2 * time.Second)
		schedule(f)
		f.check(o)
	})
	return f
}

// setApart makes the way between any two servers or routers, also those to come, so long.
func (f *fleet) setApart(oneWay time.Duration) {
	if oneWay == 0 {
		return
	}
	var ips []string
	for n := range maxFleet {
		ips = append(ips, serverIP(n))
	}
	for n := range routerCount {
		ips = append(ips, routerIP(n))
	}
	f.net.SetLink(ips, ips, simnet.Link{Latency: oneWay, Jitter: oneWay / 50})
}

// met reports whether every router sees the whole fleet.
func (f *fleet) met() bool {
	for _, r := range f.routers {
		if len(r.gossip.View().Members) != len(f.servers)+len(f.routers) {
			return false
		}
	}
	return true
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

// of are the players of room.
func (f *fleet) of(room proto.RoomID) (all []*player) {
	for _, p := range f.players {
		if p.room == room {
			all = append(all, p)
		}
	}
	return all
}

// playerIPs are the addresses of some players.
func playerIPs(of []*player) (ips []string) {
	for _, p := range of {
		ips = append(ips, p.ip)
	}
	return ips
}

// forget begins to measure anew how long players are without frames.
func (f *fleet) forget() {
	for _, p := range f.players {
		p.forget()
	}
}

// noneQuiet checks that no player was without frames for longer than limit since forget, besides those who were told that
// their room is lost.
func (f *fleet) noneQuiet(limit time.Duration) {
	for _, p := range f.players {
		if q := p.quiet(); q > limit && !p.gone.Load() {
			f.history.violation("%s in %s has seen no frame for %v; at most %v is allowed", p.id, p.room, q, limit)
		}
	}
}

// noneLost checks that no player of a room was told that it is lost.
func (f *fleet) noneLost() {
	for _, p := range f.players {
		if p.losses.Load() > 0 {
			f.history.violation("%s in %s was told that the room is lost", p.id, p.room)
		}
	}
}

// stop ends everything: players first, so that nobody tells of lost connections.
func (f *fleet) stop() {
	var wg sync.WaitGroup
	for _, p := range f.players {
		wg.Go(p.stop)
	}
	wg.Wait()
	f.net.Heal()
	for _, s := range f.servers {
		if s.running.Load() != nil {
			wg.Go(func() { f.end(s, membership.ErrKilled) })
		}
	}
	for _, r := range f.routers {
		r.stop(nil)
		wg.Go(func() { <-r.ended })
	}
	wg.Wait()
}
