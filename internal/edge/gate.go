// Package edge is what stands between strangers and a process: limits of the connections that they can open, and who they are
// behind proxies.
//
// Every connection of the public listener has a Place in the Gate from its acceptance to its end, and is of one Kind at a time.
// Each kind has a limit in all and one per address; so have all kinds together. At a limit the oldest connection that nobody
// uses goes: an idle one, or one that was upgraded and has not said hello. Where there is none, the newcomer is refused. Limits
// act when a connection is accepted, changes its kind or ends, never when it is read or written.
package edge

import (
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"sync"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/ringside-go/ringside/internal/obs"
	"github.com/ringside-go/ringside/internal/resources"
)

// Kind is what a connection is used for.
type Kind uint8

// The kinds.
const (
	outside   Kind = iota // it is not counted: closed, or on the internal listener and no client's
	Idle                  // it waits for its first request, or the next one
	Active                // a request is being answered
	Unentered             // it was upgraded to WebSocket, and its client has not said hello
	Entered               // its client is in a room, or is tunnelled to one
	Stream                // an event stream
	kinds
)

var kindNames = [kinds]string{Idle: "idle", Active: "active", Unentered: "unentered", Entered: "entered", Stream: "stream"}

func (k Kind) String() string { return kindNames[k] }

// unused reports whether a connection of that kind may be closed to make room for others.
func (k Kind) unused() bool { return k == Idle || k == Unentered }

// The reasons for which a connection is refused or closed; they are labels of metrics.
const (
	reasonConnections = "connections" // -max-connections is reached
	reasonAddress     = "address"     // the address holds its share
	reasonDescriptors = "descriptors" // only the reserve of descriptors is left
	reasonKind        = "kind"        // the limit of the kind is reached
)

// Config of a Gate. Begin with the Limits of DefaultLimits.
type Config struct {
	Limits  Limits
	Trusted []netip.Prefix // proxies whose word about the client's address counts
	Metrics *obs.Shared
}

// Gate counts connections and keeps them within the limits. Its methods may be called from any goroutine and do not block.
type Gate struct {
	config  Config
	limits  [kinds]int // 0: none
	ceiling int        // a descriptor of this number or above says that only the reserve is left; 0: unknown
	open    [kinds]prometheus.Gauge

	mu        sync.Mutex
	accepted  map[net.Conn]*Place // those that net/http serves
	kinds     [kinds]queue
	total     int
	addresses map[netip.Prefix]*address // those with connections
}

// address is what one address holds.
type address struct {
	kinds [kinds]queue
	total int
}

// Place is one connection's.
type Place struct {
	gate       *Gate
	internal   bool // accepted by the internal listener
	descriptor int  // -1: unknown

	// The rest is guarded by gate.mu.
	conn   net.Conn // to close; nil: not known, or not needed
	closed bool     // to make room, or Release was called
	kind   Kind
	from   netip.Prefix // the zero value is not limited
	links  [2]link
}

// New builds a Gate.
func New(c Config) (*Gate, error) {
	if err := c.Limits.Validate(); err != nil {
		return nil, err
	}
	l := c.Limits
	g := &Gate{config: c, limits: [kinds]int{Idle: l.Idle, Unentered: l.Unentered, Entered: l.Entered, Stream: l.Streams},
		accepted: map[net.Conn]*Place{}, addresses: map[netip.Prefix]*address{}}
	if n := resources.Descriptors(); n > 0 && l.Descriptors > 0 {
		g.ceiling = max(n-l.Descriptors, 1)
	}
	for k := Idle; k < kinds; k++ {
		g.open[k] = c.Metrics.EdgeConnections.WithLabelValues(k.String())
		for _, reason := range []string{reasonConnections, reasonAddress, reasonDescriptors, reasonKind} {
			c.Metrics.EdgeRefused.WithLabelValues(k.String(), reason) // 0 from the start
			c.Metrics.EdgeEvicted.WithLabelValues(k.String(), reason)
		}
	}
	c.Metrics.EdgeLimit.WithLabelValues(reasonConnections).Set(float64(l.Connections))
	for k, limit := range g.limits {
		if limit > 0 {
			c.Metrics.EdgeLimit.WithLabelValues(Kind(k).String()).Set(float64(limit))
		}
	}
	return g, nil
}

// LimitError says which limit keeps a connection out.
type LimitError struct {
	reason string
	kind   Kind
	limit  int
}

func (e *LimitError) Error() string {
	switch e.reason {
	case reasonAddress:
		return fmt.Sprintf("your address has as many connections of this kind here as one address may have (%d); close some of them", e.limit)
	case reasonDescriptors:
		return "this server has no descriptors left for clients; try again in a moment"
	case reasonKind:
		return fmt.Sprintf("this server has as many connections of this kind (%s) as it may have (%d); try again in a moment, or at another one", e.kind, e.limit)
	}
	return fmt.Sprintf("this server has as many connections as it may have (%d); try again in a moment, or at another one", e.limit)
}

// errClosed says that a connection was closed to make room, or by its client.
var errClosed = fmt.Errorf("the connection was closed: %w", net.ErrClosed)

// Upgrade makes the connection of r, which is to be hijacked, one that is upgraded and without a hello. Release must follow.
func (g *Gate) Upgrade(r *http.Request) (*Place, error) {
	p := g.place(r)
	return p, g.shift(p, Unentered, g.key(r, p), g.limits[Unentered])
}

// Stream makes the connection of r an event stream until leave is called.
func (g *Gate) Stream(r *http.Request) (leave func(), err error) {
	p := g.place(r)
	switch {
	case p.internal:
		return func() {}, nil
	case p.kind == outside: // its listener is none of ours
		return p.Release, g.shift(p, Stream, g.key(r, p), g.limits[Stream])
	}
	return func() { _ = g.shift(p, Active, p.from, 0) }, g.shift(p, Stream, g.key(r, p), g.limits[Stream])
}

// Hijacked tells which connection it is, where the gate has not accepted it itself.
func (p *Place) Hijacked(c net.Conn) {
	p.gate.mu.Lock()
	if p.conn == nil {
		p.conn = c
	}
	closed := p.closed
	p.gate.mu.Unlock()
	if closed {
		abort(c)
	}
}

// Enter makes an unentered connection one whose client is in. One that returns, with a resume token, may go beyond
// Limits.Entered.
func (p *Place) Enter(returns bool) error {
	limit := p.gate.limits[Entered]
	if returns {
		limit = p.gate.config.Limits.Connections
	}
	return p.gate.shift(p, Entered, p.from, limit)
}

// Release gives the place up. It may be called more than once.
func (p *Place) Release() {
	p.gate.mu.Lock()
	defer p.gate.mu.Unlock()
	p.gate.remove(p)
	p.conn, p.closed = nil, true
}

// Connections is how many connections of that kind are open.
func (g *Gate) Connections(k Kind) int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.kinds[k].n
}

// shift makes p, whose address is from, one of kind to, and closes others where that makes room. limit is that of the kind in all;
// 0: none. After an error p is what it was.
func (g *Gate) shift(p *Place, to Kind, from netip.Prefix, limit int) error {
	g.mu.Lock()
	victims, err := g.shiftLocked(p, to, from, limit)
	if p.kind == Entered {
		p.conn = nil // the client's connection is another's to close, and its memory goes with it
	}
	g.mu.Unlock()
	for _, v := range victims {
		abort(v)
	}
	return err
}

func (g *Gate) shiftLocked(p *Place, to Kind, from netip.Prefix, limit int) (victims []net.Conn, err error) {
	replaced := false
	for {
		if p.closed {
			return victims, errClosed
		}
		reason, most, oldest := g.obstacle(p, to, from, limit, replaced)
		if reason == "" {
			break
		}
		if oldest == nil {
			g.config.Metrics.EdgeRefused.WithLabelValues(to.String(), reason).Inc()
			return victims, &LimitError{reason, to, most}
		}
		replaced = true
		g.config.Metrics.EdgeEvicted.WithLabelValues(oldest.kind.String(), reason).Inc()
		victims = append(victims, oldest.conn)
		oldest.conn, oldest.closed = nil, true
		g.remove(oldest)
	}
	g.remove(p)
	g.add(p, to, from)
	return victims, nil
}

// obstacle gives the first limit that keeps p from becoming one of kind to, and the connection to close for it; nil: none will do.
// replaced: one was closed for p, whose descriptor is free again.
func (g *Gate) obstacle(p *Place, to Kind, from netip.Prefix, limit int, replaced bool) (reason string, most int, oldest *Place) {
	a := g.addresses[from]
	if a == nil {
		a = &address{}
	}
	newcomer := p.kind == outside
	mine := 0 // p is counted already
	if !newcomer && from == p.from {
		mine = 1
	}
	l := g.config.Limits
	switch share := l.perAddress(l.Connections); {
	case from.IsValid() && a.total-mine >= share:
		return reasonAddress, share, unused(&a.kinds, p)
	case newcomer && g.total >= l.Connections:
		return reasonConnections, l.Connections, unused(&g.kinds, p)
	case newcomer && g.ceiling > 0 && p.descriptor >= g.ceiling && !replaced:
		return reasonDescriptors, 0, unused(&g.kinds, p)
	}
	if limit == 0 || to == p.kind && from == p.from {
		return "", 0, nil
	}
	switch share := l.perAddress(limit); {
	case from.IsValid() && a.kinds[to].n >= share:
		return reasonAddress, share, first(&a.kinds[to], to)
	case g.kinds[to].n >= limit:
		return reasonKind, limit, first(&g.kinds[to], to)
	}
	return "", 0, nil
}

// unused is the connection that can be missed most, except p.
func unused(of *[kinds]queue, p *Place) *Place {
	for _, k := range [...]Kind{Idle, Unentered} {
		oldest := of[k].first
		if oldest != nil && oldest == p {
			oldest = p.links[of[k].which].after
		}
		if oldest != nil {
			return oldest
		}
	}
	return nil
}

// first is the oldest of a queue, if its kind is one that may be closed.
func first(q *queue, k Kind) *Place {
	if !k.unused() {
		return nil
	}
	return q.first
}

func (g *Gate) add(p *Place, to Kind, from netip.Prefix) {
	p.kind, p.from = to, from
	g.kinds[to].push(p)
	g.total++
	g.open[to].Inc()
	if !from.IsValid() {
		return
	}
	a := g.addresses[from]
	if a == nil {
		a = &address{}
		for k := range a.kinds {
			a.kinds[k].which = 1
		}
		g.addresses[from] = a
	}
	a.kinds[to].push(p)
	a.total++
}

func (g *Gate) remove(p *Place) {
	if p.kind == outside {
		return
	}
	g.kinds[p.kind].remove(p)
	g.total--
	g.open[p.kind].Dec()
	if a := g.addresses[p.from]; a != nil {
		a.kinds[p.kind].remove(p)
		if a.total--; a.total == 0 {
			delete(g.addresses, p.from)
		}
	}
	p.kind = outside
}

// abort closes a connection and frees what the kernel holds for it at once.
func abort(c net.Conn) {
	if c == nil {
		return
	}
	if p, ok := c.(*proxied); ok {
		c = p.Conn
	}
	if c, ok := c.(interface{ SetLinger(int) error }); ok { // of TCP, and of package multiplex
		_ = c.SetLinger(0)
	}
	_ = c.Close()
}
