package sim

import (
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/ringside-go/ringside/internal/network/simnet"
)

// separate is what comes between two groups of hosts.
type separate func(a, b []string)

// split separates two random parts of the servers and routers. what says how, for the history.
func (f *fleet) split(how separate, what string) func() {
	ips := append(f.routerIPs(), addresses(f.servers...)...)
	f.rng.Shuffle(len(ips), func(i, j int) { ips[i], ips[j] = ips[j], ips[i] })
	cut := 1 + f.rng.IntN(len(ips)-1)
	return f.separate(ips[:cut], ips[cut:], how, what)
}

// between2 separates two random members, of which at least one is a server.
func (f *fleet) between2(how separate, what string) func() {
	ips := append(f.routerIPs(), addresses(f.servers...)...)
	a := len(f.routers) + f.rng.IntN(len(f.servers))
	b := f.rng.IntN(len(ips) - 1)
	if b >= a {
		b++
	}
	return f.separate(ips[a:a+1], ips[b:b+1], how, what)
}

// separate separates a from b until the function that it gives is called.
func (f *fleet) separate(a, b []string, how separate, what string) func() {
	f.history.note("%v %s %v", a, what, b)
	how(a, b)
	over := func() {}
	if isFleet(a) && isFleet(b) {
		over = f.history.beginFault()
	}
	return func() {
		over()
		f.history.note("%v and %v reach each other", a, b)
		f.net.Restore(a, b)
	}
}

// isFleet reports whether ips are addresses of servers and routers, not of players.
func isFleet(ips []string) bool {
	return !slices.ContainsFunc(ips, func(ip string) bool { return strings.HasPrefix(ip, playerNet) })
}

// refuseBoth puts a firewall between a and b that refuses in both directions.
func (f *fleet) refuseBoth(a, b []string) {
	f.net.Refuse(a, b)
	f.net.Refuse(b, a)
}

// refuse does so until the network is healed.
func (f *fleet) refuse(a, b []string) {
	f.refusal(f.separate(a, b, f.refuseBoth, "refuse, and are refused by,"))
}

// refusal notes that a fault that has just begun, and that end ends, is one of refusing.
func (f *fleet) refusal(end func()) func() {
	over := f.history.beginRefusal()
	return func() {
		over()
		end()
	}
}

// partition cuts both directions between a and b until the network is healed.
func (f *fleet) partition(a, b []string) { f.separate(a, b, f.net.Partition, "cannot reach") }

// exhaust takes all descriptors from a random server: it keeps its connections, and can dial nobody.
func exhaust(f *fleet) func() {
	s := f.pick()
	everybody := append(f.routerIPs(), addresses(f.others(s)...)...)
	return f.separate(addresses(s), everybody, func(a, b []string) { f.net.FailDials(a, b, syscall.EMFILE) }, "have no descriptors for")
}

// degrade makes the links of a random server slow and lossy.
func degrade(f *fleet) func() {
	s := f.pick()
	l := simnet.Link{
		Latency: time.Duration(f.rng.Int64N(int64(60 * time.Millisecond))),
		Jitter:  time.Duration(f.rng.Int64N(int64(40 * time.Millisecond))),
		Loss:    0.2 * f.rng.Float64(),
	}
	others := append(addresses(f.servers...), playerIPs(f.players)...)
	f.history.note("the links of %s are as %+v", s.name, l)
	f.net.SetLink(addresses(s), others, l)
	f.net.SetLink(others, addresses(s), l)
	over := f.history.beginFault()
	return func() {
		over()
		f.history.note("links are good")
		f.net.ResetLinks()
	}
}

// isolate cuts some players off from a server: most of the times they have nothing to do with it.
func isolate(f *fleet) func() {
	s := f.pick()
	var some []*player
	for _, p := range f.players {
		if f.rng.IntN(2) == 0 {
			some = append(some, p)
		}
	}
	return f.separate(playerIPs(some), addresses(s), f.net.Partition, "cannot reach")
}

// absent cuts a random player off from everybody.
func absent(f *fleet) func() {
	p := f.players[f.rng.IntN(len(f.players))]
	return f.separate([]string{p.ip}, append(f.routerIPs(), addresses(f.servers...)...), f.net.Partition, "cannot reach")
}
