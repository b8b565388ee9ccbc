package sim

import (
	"slices"
	"time"

	"github.com/ringside-go/ringside/internal/network/simnet"
)

// maxServers bounds what a schedule adds to a fleet.
const maxServers = 6

// recovery is how long a fleet has after a fault, in schedules whose faults come one at a time, until the next: rooms
// have standbys again by then.
const recovery = 8 * time.Second

// fault is one thing that goes wrong, or is done to a fleet. begin makes it so at once; the function that it gives puts
// it right again, after length, and is nil where nothing is to be put right.
type fault struct {
	name     string
	shortest time.Duration
	longest  time.Duration
	begin    func(f *fleet) (end func())
}

// deaths end a process and what it has in memory.
var deaths = []fault{
	{"crash", 100 * time.Millisecond, 8 * time.Second, func(f *fleet) func() { return f.down(f.crash) }},
	{"lose", 3 * time.Second, 10 * time.Second, func(f *fleet) func() { return f.down(f.lose) }},
}

// troubles leave all processes alive, or end them in peace.
var troubles = []fault{
	{"drain", time.Millisecond, 8 * time.Second, func(f *fleet) func() { return f.down(f.drain) }},
	{"pause", 100 * time.Millisecond, 8 * time.Second, pause},
	{"partition", 300 * time.Millisecond, 8 * time.Second, func(f *fleet) func() { return f.split(true) }},
	{"one-way partition", 300 * time.Millisecond, 8 * time.Second, func(f *fleet) func() { return f.split(false) }},
	{"slow and lossy links", time.Second, 8 * time.Second, degrade},
	{"cut off players", 300 * time.Millisecond, 8 * time.Second, isolate},
	{"join", time.Millisecond, time.Millisecond, join},
	{"clock step", time.Millisecond, 8 * time.Second, setClock},
}

// down ends a random server, and starts it again in the end.
func (f *fleet) down(how func(*machine)) func() {
	s := f.pick()
	how(s)
	return func() { f.startAgain(s) }
}

// startAgain starts a server that has ended, unless another fault of the schedule has.
func (f *fleet) startAgain(s *machine) {
	if s.running.Load() == nil {
		f.start(s)
	}
}

// pause stops a server that ticks a room: its worker finds that it has not run. A process that ticks none would go on
// with its timers, as no stopped process does.
func pause(f *fleet) func() {
	leaders := slices.DeleteFunc(f.running(), func(s *machine) bool { return len(s.rooms()) == 0 })
	if len(leaders) == 0 {
		return nil
	}
	s := leaders[f.rng.IntN(len(leaders))]
	f.pause(s)
	return func() { f.resume(s) }
}

// split cuts the servers and the routers into two parts at random.
func (f *fleet) split(both bool) func() {
	ips := append(f.routerIPs(), addresses(f.servers...)...)
	f.rng.Shuffle(len(ips), func(i, j int) { ips[i], ips[j] = ips[j], ips[i] })
	cut := 1 + f.rng.IntN(len(ips)-1)
	f.history.note("%v cannot reach %v; the other way round: %v", ips[:cut], ips[cut:], !both)
	f.net.Cut(ips[:cut], ips[cut:])
	if both {
		f.net.Cut(ips[cut:], ips[:cut])
	}
	return f.heal
}

// partition cuts both directions between two groups of hosts.
func (f *fleet) partition(a, b []string) {
	f.history.note("%v and %v cannot reach each other", a, b)
	f.net.Partition(a, b)
}

// refuse puts a firewall between two groups of hosts that refuses in both directions.
func (f *fleet) refuse(a, b []string) {
	f.history.note("%v and %v refuse each other", a, b)
	f.net.Refuse(a, b)
	f.net.Refuse(b, a)
}

// degrade makes the links of a random server slow and lossy.
func degrade(f *fleet) func() {
	s := f.pick()
	l := simnet.Link{
		Latency: time.Duration(f.rng.Int64N(int64(60 * time.Millisecond))),
		Jitter:  time.Duration(f.rng.Int64N(int64(40 * time.Millisecond))),
		Loss:    0.2 * f.rng.Float64(),
	}
	var others []string
	for _, o := range f.servers {
		others = append(others, o.ip)
	}
	for _, p := range f.players {
		others = append(others, p.ip)
	}
	f.history.note("the links of %s are as %+v", s.name, l)
	f.net.SetLink([]string{s.ip}, others, l)
	f.net.SetLink(others, []string{s.ip}, l)
	return func() {
		f.history.note("links are good")
		f.net.ResetLinks()
	}
}

// isolate cuts some players off from a server: most of the times they have nothing to do with it.
func isolate(f *fleet) func() {
	s := f.pick()
	var ips []string
	for _, p := range f.players {
		if f.rng.IntN(2) == 0 {
			ips = append(ips, p.ip)
		}
	}
	f.history.note("%v and %s cannot reach each other", ips, s.name)
	f.net.Partition(ips, []string{s.ip})
	return f.heal
}

// setClock sets the wall clock of a random server, a minute forward or back at most, and then right again.
func setClock(f *fleet) func() {
	s := f.pick()
	by := f.between(-time.Minute, time.Minute)
	f.history.note("the clock of %s is set by %v", s.name, by)
	s.clock.Store(int64(by))
	return func() {
		f.history.note("the clock of %s is right", s.name)
		s.clock.Store(0)
	}
}

func join(f *fleet) func() {
	if len(f.servers) < maxServers {
		f.add()
	}
	return nil
}

func (f *fleet) heal() {
	f.history.note("the network is whole")
	f.net.Heal()
}

// pick gives a running server at random.
func (f *fleet) pick() *machine {
	all := f.running()
	return all[f.rng.IntN(len(all))]
}

// between draws a time.
func (f *fleet) between(least, most time.Duration) time.Duration {
	return least + time.Duration(f.rng.Int64N(int64(most-least)+1))
}

// oneByOne is a schedule of n faults, none of which begins before the fleet has recovered from the one before.
func oneByOne(n int, of []fault) func(f *fleet) {
	return func(f *fleet) {
		for range n {
			one := of[f.rng.IntN(len(of))]
			f.history.note("fault: %s", one.name)
			end := one.begin(f)
			time.Sleep(f.between(one.shortest, one.longest))
			if end != nil {
				end()
			}
			time.Sleep(recovery)
		}
	}
}

// allAtOnce is a schedule of n faults that overlap as they like. All guarantees but those hold that need a survivor.
func allAtOnce(n int, of []fault) func(f *fleet) {
	return func(f *fleet) {
		type ending struct {
			at  time.Time
			end func()
		}
		var endings []ending
		for n > 0 || len(endings) > 0 {
			time.Sleep(f.between(0, 2*time.Second))
			if one := of[f.rng.IntN(len(of))]; n > 0 && len(f.running()) > 1 {
				n--
				f.history.note("fault: %s", one.name)
				if end := one.begin(f); end != nil {
					endings = append(endings, ending{time.Now().Add(f.between(one.shortest, one.longest)), end})
				}
			}
			left := endings[:0]
			for _, e := range endings {
				if time.Now().Before(e.at) {
					left = append(left, e)
				} else {
					e.end()
				}
			}
			endings = left
		}
	}
}
