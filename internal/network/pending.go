package network

import (
	"net"
	"net/netip"
	"slices"
	"sync"
)

// Pending bounds the connections of a listener whose other side has proved nothing yet: in all, and those of one address.
// At a limit the oldest connection is closed, not the newest: an honest one is done within a few round trips, and a silent
// one stays. Its methods may be called from any goroutine and do not block.
type Pending struct {
	max, maxPerAddress int
	refused            func(reason string) // hears of each connection that was closed

	mu  sync.Mutex
	all []*PendingConn // oldest first
}

// Reasons for which Pending closes a connection.
const (
	RefusedInAll     = "limit"
	RefusedByAddress = "address_limit"
)

// PendingConn is a connection that a Pending counts.
type PendingConn struct {
	conn    net.Conn
	address netip.Addr // the first half of an IPv6 address, which one machine may vary the rest of
	of      *Pending
}

// NewPending builds a Pending; both limits are at least 1. refused must not block and may be nil.
func NewPending(limit, perAddress int, refused func(reason string)) *Pending {
	if refused == nil {
		refused = func(string) {}
	}
	return &Pending{max: max(limit, 1), maxPerAddress: max(perAddress, 1), refused: refused}
}

// Add counts conn until Done, and closes another one where that is one too many.
func (p *Pending) Add(conn net.Conn) *PendingConn {
	c := &PendingConn{conn: conn, address: addressOf(conn.RemoteAddr()), of: p}
	p.mu.Lock()
	defer p.mu.Unlock()
	same := func(other *PendingConn) bool { return other.address == c.address }
	if n := count(p.all, same); n >= p.maxPerAddress {
		p.evict(slices.IndexFunc(p.all, same), RefusedByAddress)
	}
	if len(p.all) >= p.max {
		p.evict(0, RefusedInAll)
	}
	p.all = append(p.all, c)
	return c
}

// evict closes a connection. Called with mu held.
func (p *Pending) evict(i int, reason string) {
	_ = p.all[i].conn.Close()
	p.all = slices.Delete(p.all, i, i+1)
	p.refused(reason)
}

// Done ends the count of c, which has proved itself or is closed. It may be called more than once.
func (c *PendingConn) Done() {
	c.of.mu.Lock()
	defer c.of.mu.Unlock()
	if i := slices.Index(c.of.all, c); i >= 0 {
		c.of.all = slices.Delete(c.of.all, i, i+1)
	}
}

func count[T any](all []T, f func(T) bool) (n int) {
	for _, v := range all {
		if f(v) {
			n++
		}
	}
	return n
}

func addressOf(a net.Addr) netip.Addr {
	at, err := netip.ParseAddrPort(a.String())
	if err != nil {
		return netip.Addr{}
	}
	ip := at.Addr().Unmap().WithZone("")
	if ip.Is6() {
		half, _ := ip.Prefix(64) // 64 bits fit
		return half.Addr()
	}
	return ip
}

// Private reports whether nobody but this machine's processes is on the way to addr: it is a loopback address, or on a
// simulated network.
func Private(n Network, addr net.Addr) bool {
	if _, real := Or(n).(Real); !real {
		return true
	}
	at, err := netip.ParseAddrPort(addr.String())
	return err == nil && at.Addr().Unmap().IsLoopback()
}
