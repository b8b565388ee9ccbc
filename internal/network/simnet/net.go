// Package simnet is a network for the processes of a simulated fleet, all of which live in one testing/synctest bubble:
// no sockets, only memory and the bubble's timers. It behaves as operating systems, cables and firewalls do:
//
//   - a stream arrives in order after a latency; while a path is cut it is held back, and datagrams are lost;
//   - a port without a listener refuses dials, and so does a firewall between two hosts (Refuse);
//   - the kernel of a process that died closes its connections; a machine that died says nothing;
//   - a dial may fail on the machine that dials (FailDials).
//
// Everything random comes from the seed, separately for each direction of each connection. A run and its replay differ
// only by the scheduler's choice among goroutines that are ready at the same instant.
package simnet

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"sync"
	"syscall"
	"time"
)

// Link is how one direction between two hosts behaves.
type Link struct {
	Latency   time.Duration // of every byte
	Jitter    time.Duration // added, up to this
	Loss      float64       // share of the datagrams lost, and of the stream segments that take retransmission longer
	Bandwidth int           // bytes per second of each connection; 0 is unlimited
}

const (
	// retransmission is how much later a lost segment of a stream arrives: TCP's least timeout on Linux.
	retransmission = 200 * time.Millisecond
	// selfLatency is what a host needs to reach itself.
	selfLatency = 20 * time.Microsecond
	// window bounds the bytes of one direction of a stream that are written and not yet read; a write beyond it waits.
	window = 256 << 10
	// firstPort is where a host begins to count the ports that it picks.
	firstPort = 32768
)

// path is the direction from one host to another.
type path struct{ from, to netip.Addr }

func (p path) back() path { return path{p.to, p.from} }

// Net is one network. Its methods may be called from any goroutine of the bubble that New was called in.
type Net struct {
	seed uint64
	base Link

	mu     sync.Mutex // for all that is below, and for all hosts, sockets and connections
	hosts  map[netip.Addr]*Host
	links  map[path]Link
	cuts   map[path]time.Time     // since when
	errors map[path]syscall.Errno // what dials fail with; ECONNREFUSED is the network's answer, others are the dialling machine's
	held   map[*flow]struct{}     // what waits for its path to open
	opened chan struct{}          // closed and replaced when paths may have opened
}

// New builds a network in which every direction is as base says, unless SetLink changes it.
func New(seed uint64, base Link) *Net {
	return &Net{
		seed: seed, base: base,
		hosts: make(map[netip.Addr]*Host), links: make(map[path]Link), cuts: make(map[path]time.Time),
		errors: make(map[path]syscall.Errno), held: make(map[*flow]struct{}), opened: make(chan struct{}),
	}
}

// Host starts a process on the machine at ip, which is made or comes back up with it. A former process there must
// have crashed or been lost.
func (n *Net) Host(ip string) *Host {
	n.mu.Lock()
	defer n.mu.Unlock()
	at := netip.MustParseAddr(ip)
	h := &Host{
		net: n, ip: at, nextPort: firstPort, done: make(chan struct{}),
		listeners: make(map[uint16]*listener), packets: make(map[uint16]*packetConn), ends: make(map[*end]struct{}),
	}
	if old := n.hosts[at]; old != nil {
		if !old.dead {
			panic(fmt.Sprintf("simnet: a process on %s is running already", ip))
		}
		h.nextPort = old.nextPort // so that no connection is taken for one of the former process
	}
	n.hosts[at] = h
	n.release()
	return h
}

// rng gives the random numbers of one direction between two sockets.
func (n *Net) rng(kind uint64, from, to netip.AddrPort) *rand.Rand {
	h := n.seed*0x9e3779b97f4a7c15 + kind
	for _, a := range [2]netip.AddrPort{from, to} {
		for _, b := range a.Addr().As16() {
			h = (h ^ uint64(b)) * 0x100000001b3
		}
		h = (h ^ uint64(a.Port())) * 0x100000001b3
	}
	return rand.New(rand.NewPCG(n.seed, h))
}

// link is how p behaves now.
func (n *Net) link(p path) Link {
	if l, ok := n.links[p]; ok {
		return l
	}
	if p.from == p.to {
		return Link{Latency: selfLatency}
	}
	return n.base
}

// delay draws how long one segment or datagram takes over p, and whether it gets lost.
func (n *Net) delay(p path, rng *rand.Rand) (d time.Duration, lost bool) {
	l := n.link(p)
	d = l.Latency + time.Duration(rng.Float64()*float64(l.Jitter))
	return d, rng.Float64() < l.Loss
}

// refuses reports whether a firewall answers dials over p now.
func (n *Net) refuses(p path) bool { return n.errors[p] == syscall.ECONNREFUSED }

// isOpen reports whether anything gets over p now.
func (n *Net) isOpen(p path) bool {
	if _, cut := n.cuts[p]; cut {
		return false
	}
	from, to := n.hosts[p.from], n.hosts[p.to]
	return from != nil && to != nil && !from.off && !to.off
}
