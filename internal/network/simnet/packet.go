package simnet

import (
	"errors"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"sync"
	"time"
)

// packetQueue bounds the datagrams that wait to be read from a socket; those beyond it are lost.
const packetQueue = 1024

// packetConn is a bound port for datagrams.
type packetConn struct {
	host   *Host
	at     netip.AddrPort
	wait   *sync.Cond
	queue  []datagram
	rngs   map[netip.AddrPort]*rand.Rand // by destination
	closed bool
	readBy deadline
}

type datagram struct {
	from netip.AddrPort
	data []byte
}

func newPacketConn(h *Host, at netip.AddrPort) *packetConn {
	return &packetConn{host: h, at: at, wait: sync.NewCond(&h.net.mu), rngs: make(map[netip.AddrPort]*rand.Rand)}
}

func (p *packetConn) LocalAddr() net.Addr { return net.UDPAddrFromAddrPort(p.at) }

func (p *packetConn) failed(op string, err error) error {
	return &net.OpError{Op: op, Net: "udp", Source: p.LocalAddr(), Err: err}
}

func (p *packetConn) ReadFrom(b []byte) (int, net.Addr, error) {
	p.host.net.mu.Lock()
	defer p.host.net.mu.Unlock()
	for {
		switch {
		case p.closed:
			return 0, nil, p.failed("read", net.ErrClosed)
		case p.host.paused:
		case p.readBy.passed():
			return 0, nil, p.failed("read", os.ErrDeadlineExceeded)
		case len(p.queue) > 0:
			d := p.queue[0]
			p.queue = p.queue[1:]
			return copy(b, d.data), net.UDPAddrFromAddrPort(d.from), nil
		}
		p.wait.Wait()
	}
}

// WriteTo never says that a datagram was lost. Whether it arrives is decided when it does.
func (p *packetConn) WriteTo(b []byte, addr net.Addr) (int, error) {
	udp, ok := addr.(*net.UDPAddr)
	if !ok {
		return 0, p.failed("write", errors.New("address "+addr.String()+" is not one for datagrams"))
	}
	to := udp.AddrPort()
	to = netip.AddrPortFrom(to.Addr().Unmap(), to.Port())
	n := p.host.net
	n.mu.Lock()
	defer n.mu.Unlock()
	for p.host.paused && !p.closed {
		p.wait.Wait()
	}
	if p.closed {
		return 0, p.failed("write", net.ErrClosed)
	}
	rng := p.rngs[to]
	if rng == nil {
		rng = n.rng('p', p.at, to)
		p.rngs[to] = rng
	}
	over := path{p.host.ip, to.Addr()}
	d, lost := n.delay(over, rng)
	if !lost && n.isOpen(over) && !n.refuses(over) {
		sent := datagram{p.at, append([]byte(nil), b...)}
		time.AfterFunc(d, func() { n.land(over, to, sent) })
	}
	return len(b), nil
}

// land puts a datagram into the queue of the socket that it is for, if there is one.
func (n *Net) land(over path, to netip.AddrPort, d datagram) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if !n.isOpen(over) || n.refuses(over) {
		return
	}
	if p := n.hosts[to.Addr()].packets[to.Port()]; p != nil && len(p.queue) < packetQueue {
		p.queue = append(p.queue, d)
		p.wait.Signal()
	}
}

func (p *packetConn) Close() error {
	p.host.net.mu.Lock()
	defer p.host.net.mu.Unlock()
	if p.closed {
		return p.failed("close", net.ErrClosed)
	}
	p.shut()
	return nil
}

func (p *packetConn) shut() {
	p.closed = true
	delete(p.host.packets, p.at.Port())
	p.readBy.stop()
	p.wait.Broadcast()
}

func (p *packetConn) SetDeadline(t time.Time) error { return p.SetReadDeadline(t) }

func (p *packetConn) SetReadDeadline(t time.Time) error {
	p.host.net.mu.Lock()
	defer p.host.net.mu.Unlock()
	if p.closed {
		return p.failed("set", net.ErrClosed)
	}
	p.readBy.set(t, p.wait)
	return nil
}

// SetWriteDeadline does nothing: a write does not wait, unless the process is paused.
func (p *packetConn) SetWriteDeadline(time.Time) error { return nil }
