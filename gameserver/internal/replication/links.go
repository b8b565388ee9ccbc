package replication

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"time"

	"github.com/ringside-go/ringside/gameserver/internal/ownership"
	"github.com/ringside-go/ringside/internal/certs"
	"github.com/ringside-go/ringside/internal/network"
)

// Config of Links.
type Config struct {
	Listen  string          // host:port for other servers; port 0 chooses one
	Name    string          // this server's stable name
	Cluster string          // label that keeps fleets apart
	Certs   *certs.Fleet    // how servers prove their names; nil: loopback addresses only, in the clear
	Network network.Network // where sockets come from; nil: the operating system
	Logger  *slog.Logger

	Handshakes           int                 // connections whose handshake is pending, in all; 0: DefaultHandshakes
	HandshakesPerAddress int                 // of them, those of one address; 0: DefaultHandshakesPerAddress
	Refused              func(reason string) // hears of each connection whose handshake failed, from any goroutine; nil: nobody does
}

// Validate reports the first thing that is wrong with c.
func (c Config) Validate() error {
	switch {
	case c.Name == "" || len(c.Name) > maxName:
		return fmt.Errorf("replication: server name %q has %d bytes; 1 to %d are allowed", c.Name, len(c.Name), maxName)
	case len(c.Cluster) > maxName:
		return fmt.Errorf("replication: cluster label has %d bytes; at most %d are allowed", len(c.Cluster), maxName)
	case c.Handshakes < 0 || c.HandshakesPerAddress < 0:
		return fmt.Errorf("replication: %d pending handshakes, %d of one address; give positive numbers", c.Handshakes, c.HandshakesPerAddress)
	case c.Logger == nil:
		return errors.New("replication: no logger")
	}
	return nil
}

// Links holds this server's ends of the links to all other servers.
type Links struct {
	id       *identity
	network  network.Network
	log      *slog.Logger
	listener net.Listener

	interfaces func() ([]net.Addr, error)
	handshakes *network.Pending // accepted connections whose handshake is pending
	refusals   refusals
	forwards   chan struct{} // a token for each query that is being forwarded

	ctx  context.Context // ends when the links stop; a link outlives the request that dialled it
	stop context.CancelFunc
	wg   sync.WaitGroup // grows under mu only, and not after ctx has ended

	flushes flushes
	callers callers

	mu   sync.Mutex
	open map[net.Conn]struct{}
	out  map[target]*link
}

// New binds the listener, so that Addr is known; Run must follow, or the listener stays open.
func New(c Config) (*Links, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	listener, err := network.Or(c.Network).Listen(c.Listen)
	if err != nil {
		return nil, fmt.Errorf("replication: listen: %w", err)
	}
	if c.Certs == nil && !network.Private(c.Network, listener.Addr()) {
		listener.Close()
		return nil, fmt.Errorf("replication: %s is not a loopback address; links beyond this machine need certificates (-fleet-cert)", listener.Addr())
	}
	ctx, stop := context.WithCancel(context.Background())
	l := &Links{
		ctx:        ctx,
		stop:       stop,
		id:         newIdentity(c),
		callers:    callers{newest: make(map[string]*caller)},
		network:    network.Or(c.Network),
		log:        c.Logger,
		listener:   listener,
		interfaces: interfacesOf(c.Network),
		refusals:   refusals{tell: c.Refused, log: c.Logger},
		forwards:   make(chan struct{}, maxForwards),
		open:       make(map[net.Conn]struct{}),
		out:        make(map[target]*link),
	}
	l.handshakes = network.NewPending(cmp.Or(c.Handshakes, DefaultHandshakes),
		cmp.Or(c.HandshakesPerAddress, DefaultHandshakesPerAddress), l.refusals.count)
	return l, nil
}

// Addr is the address that the listener is bound to.
func (l *Links) Addr() net.Addr { return l.listener.Addr() }

// Process is a random number that tells this process from earlier ones of the same server name. The handshake and every
// answer carry it.
func (l *Links) Process() uint64 { return l.id.process }

// Run accepts links and serves them from rooms until ctx ends. It then closes all links and returns when their goroutines
// are gone, those of dialled links included. Run is called once. lookup returns another server's address for queries that
// are forwarded to it; it may be called from any goroutine.
func (l *Links) Run(ctx context.Context, rooms Rooms, lookup func(server string) (addr string, ok bool)) error {
	defer context.AfterFunc(ctx, l.Close)()
	err := l.accept(rooms, l.forwardTo(lookup))
	l.Close()
	l.wg.Wait()
	if ctx.Err() != nil {
		return nil
	}
	return fmt.Errorf("replication: accept: %w", err)
}

// Close closes the listener and all links; Run does it when its context ends.
func (l *Links) Close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.stop()
	l.listener.Close()
	for nc := range l.open {
		nc.Close()
	}
}

// own makes Close close nc. false: the links have stopped, and nc is closed.
func (l *Links) own(nc net.Conn) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ctx.Err() != nil {
		nc.Close()
		return false
	}
	l.open[nc] = struct{}{}
	return true
}

func (l *Links) disown(nc net.Conn) {
	nc.Close()
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.open, nc)
}

// start runs f on a goroutine that Run waits for. false: the links have stopped.
func (l *Links) start(f func()) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ctx.Err() != nil {
		return false
	}
	l.wg.Go(f)
	return true
}

func (l *Links) accept(rooms Rooms, forward func(*acceptor, relay)) error {
	for {
		nc, err := l.listener.Accept()
		if errors.Is(err, net.ErrClosed) {
			return err
		}
		if err != nil { // out of descriptors, or the other side closed at once: the listener still works
			l.log.Warn("replication: cannot accept a connection", "error", err)
			time.Sleep(acceptPause)
			continue
		}
		if !l.start(func() { l.serve(nc, rooms, forward) }) {
			nc.Close()
		}
	}
}

// acceptPause keeps a listener whose Accept fails repeatedly from using a whole core.
const acceptPause = 50 * time.Millisecond

// serve handles an accepted connection until it ends.
func (l *Links) serve(accepted net.Conn, rooms Rooms, forward func(*acceptor, relay)) {
	nc := &deadlineConn{Conn: network.Raw(accepted)}
	if !l.own(nc) {
		return
	}
	defer l.disown(nc)
	log := l.log.With("from", nc.RemoteAddr())
	pending := l.handshakes.Add(nc)
	s, err := l.id.accept(nc, time.Now().Add(dialTimeout))
	pending.Done()
	if err != nil {
		l.refusals.note(nc.RemoteAddr(), err)
		return
	}
	log = log.With("peer", s.hello.Name)
	log.Debug("replication: link accepted")
	c := newConn(nc, s, newOutbox())
	caller := l.callers.admit(s.hello, c)
	if caller == nil {
		log.Info("replication: closing a link that a newer one has replaced", "error", errSuperseded)
		return
	}
	defer caller.leave()
	a := &acceptor{conn: c, rooms: rooms, process: ownership.Process{Server: l.id.name, Boot: l.id.process}, from: s.hello.Name,
		forward: forward, streams: make(map[uint32]*receiver)}
	err = c.run(a.handle, a.acknowledge)
	a.end(err)
	log.Debug("replication: link closed", "error", err)
}
