package simnet

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/ringside-go/ringside/internal/network"
)

const (
	// dialTimeout ends a dial whose context does not: Linux gives up after six retries.
	dialTimeout = 127 * time.Second
	// dialRetry is the most that a dial lags behind the opening of its path: the first retry of Linux.
	dialRetry = time.Second
	// backlog is how many connections wait to be accepted; dials beyond it wait.
	backlog = 128
)

// Host is the network as one process sees it.
type Host struct {
	net *Net
	ip  netip.Addr

	dead, off bool          // off: the machine too
	done      chan struct{} // closed when dead
	paused    bool
	resumed   chan struct{} // closed at the end of a pause
	nextPort  uint16
	listeners map[uint16]*listener
	packets   map[uint16]*packetConn
	ends      map[*end]struct{}
}

var _ network.Network = (*Host)(nil)

// bind finds the port for addr; taken says which are not free.
func (h *Host) bind(kind, addr string, taken func(port uint16) bool) (netip.AddrPort, error) {
	if strings.HasPrefix(addr, ":") {
		addr = "0.0.0.0" + addr
	}
	at, err := netip.ParseAddrPort(addr)
	if err == nil && !at.Addr().IsUnspecified() && at.Addr() != h.ip {
		err = syscall.EADDRNOTAVAIL
	}
	port := at.Port()
	switch {
	case err != nil:
	case h.dead:
		err = net.ErrClosed
	case port == 0:
		port = h.pick(taken)
	case taken(port):
		err = syscall.EADDRINUSE
	}
	if err != nil {
		return at, &net.OpError{Op: "listen", Net: kind, Err: fmt.Errorf("%s on %s: %w", addr, h.ip, err)}
	}
	return netip.AddrPortFrom(h.ip, port), nil
}

func (h *Host) pick(taken func(port uint16) bool) uint16 {
	for {
		port := h.nextPort
		if h.nextPort++; h.nextPort == 0 {
			h.nextPort = firstPort
		}
		if !taken(port) {
			return port
		}
	}
}

// Listen implements network.Network.
func (h *Host) Listen(addr string) (net.Listener, error) {
	h.net.mu.Lock()
	defer h.net.mu.Unlock()
	at, err := h.bind("tcp", addr, func(port uint16) bool { return h.listeners[port] != nil })
	if err != nil {
		return nil, err
	}
	l := &listener{host: h, at: at, wait: sync.NewCond(&h.net.mu)}
	h.listeners[at.Port()] = l
	return l, nil
}

// ListenPacket implements network.Network.
func (h *Host) ListenPacket(addr string) (net.PacketConn, error) {
	h.net.mu.Lock()
	defer h.net.mu.Unlock()
	at, err := h.bind("udp", addr, func(port uint16) bool { return h.packets[port] != nil })
	if err != nil {
		return nil, err
	}
	p := newPacketConn(h, at)
	h.packets[at.Port()] = p
	return p, nil
}

// DialContext implements network.Network.
func (h *Host) DialContext(ctx context.Context, addr string) (net.Conn, error) {
	if by, ok := ctx.Deadline(); !ok || time.Until(by) > dialTimeout {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, dialTimeout, syscall.ETIMEDOUT)
		defer cancel()
	}
	to, err := netip.ParseAddrPort(addr)
	if err == nil {
		var e *end
		e, err = h.dial(ctx, to)
		if paused := h.unpaused(ctx); err == nil && paused == nil {
			return e, nil
		} else if err == nil {
			e.Close()
			err = paused
		}
	}
	return nil, &net.OpError{Op: "dial", Net: "tcp", Addr: net.TCPAddrFromAddrPort(to), Err: err}
}

func (h *Host) dial(ctx context.Context, to netip.AddrPort) (*end, error) {
	n := h.net
	n.mu.Lock()
	from := netip.AddrPortFrom(h.ip, h.pick(func(uint16) bool { return false }))
	n.mu.Unlock()
	there := path{h.ip, to.Addr()}
	rng := n.rng('d', from, to)
	for {
		n.mu.Lock()
		failed := n.errors[there]
		d, lost := n.delay(there, rng)
		n.mu.Unlock()
		if failed != 0 && failed != syscall.ECONNREFUSED {
			return nil, os.NewSyscallError("connect", failed)
		}
		if lost {
			d += dialRetry
		}
		if err := h.sleep(ctx, d); err != nil {
			return nil, err
		}
		n.mu.Lock()
		e, err := h.knock(there, from, to)
		back, _ := n.delay(there.back(), rng)
		opened := n.opened
		n.mu.Unlock()
		if errors.Is(err, errSilence) {
			select {
			case <-opened:
				back = time.Duration(rng.Float64() * float64(dialRetry))
			case <-time.After(dialRetry):
			case <-h.done:
			case <-ctx.Done():
			}
		}
		if slept := h.sleep(ctx, back); slept != nil {
			if e != nil {
				e.Close()
			}
			return nil, slept
		}
		if !errors.Is(err, errSilence) {
			return e, err
		}
	}
}

// unpaused waits for the end of a pause: what a process asked for comes about meanwhile, and it hears of it afterwards.
func (h *Host) unpaused(ctx context.Context) error {
	for {
		h.net.mu.Lock()
		paused, resumed := h.paused, h.resumed
		h.net.mu.Unlock()
		if !paused {
			return h.ended(ctx)
		}
		select {
		case <-resumed:
		case <-h.done:
			return net.ErrClosed
		}
	}
}

// errSilence: nobody answers a dial.
var errSilence = errors.New("silence")

// knock opens the connection when the first packet of a dial arrives.
func (h *Host) knock(there path, from, to netip.AddrPort) (*end, error) {
	n := h.net
	if h.dead {
		return nil, net.ErrClosed
	}
	if !n.isOpen(there) || !n.isOpen(there.back()) {
		return nil, errSilence
	}
	if n.refuses(there) {
		return nil, os.NewSyscallError("connect", syscall.ECONNREFUSED)
	}
	target := n.hosts[to.Addr()]
	l := target.listeners[to.Port()]
	if l == nil || l.closed {
		return nil, os.NewSyscallError("connect", syscall.ECONNREFUSED)
	}
	if len(l.queue) >= backlog {
		return nil, errSilence
	}
	mine, theirs := newConnection(h, target, from, to)
	l.queue = append(l.queue, theirs)
	l.wait.Signal()
	return mine, nil
}

// sleep waits for d, or until ctx or the process ends.
func (h *Host) sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-h.done:
	case <-ctx.Done():
	}
	return h.ended(ctx)
}

// ended says that the process or ctx has ended; nil: neither has.
func (h *Host) ended(ctx context.Context) error {
	select {
	case <-h.done:
		return net.ErrClosed
	default:
	}
	if context.Cause(ctx) == syscall.ETIMEDOUT {
		return syscall.ETIMEDOUT
	}
	return ctx.Err()
}

// listener is a bound port for streams.
type listener struct {
	host   *Host
	at     netip.AddrPort
	wait   *sync.Cond
	queue  []*end
	closed bool
}

func (l *listener) Addr() net.Addr { return net.TCPAddrFromAddrPort(l.at) }

func (l *listener) Accept() (net.Conn, error) {
	l.host.net.mu.Lock()
	defer l.host.net.mu.Unlock()
	for !l.closed {
		if len(l.queue) > 0 && !l.host.paused {
			e := l.queue[0]
			l.queue = l.queue[1:]
			return e, nil
		}
		l.wait.Wait()
	}
	return nil, &net.OpError{Op: "accept", Net: "tcp", Addr: l.Addr(), Err: net.ErrClosed}
}

func (l *listener) Close() error {
	l.host.net.mu.Lock()
	defer l.host.net.mu.Unlock()
	if l.closed {
		return &net.OpError{Op: "close", Net: "tcp", Addr: l.Addr(), Err: net.ErrClosed}
	}
	l.shut(false)
	return nil
}

// shut closes the listener; connections that nobody has accepted are reset, unless silently.
func (l *listener) shut(silent bool) {
	if l.closed {
		return
	}
	l.closed = true
	delete(l.host.listeners, l.at.Port())
	for _, e := range l.queue {
		e.shut(silent, true)
	}
	l.queue = nil
	l.wait.Broadcast()
}
