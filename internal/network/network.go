// Package network is where everything of the fleet gets its sockets from, so that a test can put a whole fleet on a
// simulated network (package simnet) in a testing/synctest bubble. Real is the operating system's.
package network

import (
	"context"
	"net"
)

// Network makes the sockets of one process. All methods may be called from any goroutine. Addresses are host:port; the
// port 0 of a listener picks one. What it returns behaves as net's TCP and UDP do: addresses are *net.TCPAddr and
// *net.UDPAddr, deadlines end calls with os.ErrDeadlineExceeded, a refused dial is syscall.ECONNREFUSED and a reset
// connection syscall.ECONNRESET, as errors.Is sees it.
type Network interface {
	// Listen binds a listener for streams.
	Listen(addr string) (net.Listener, error)
	// ListenPacket binds a socket for datagrams.
	ListenPacket(addr string) (net.PacketConn, error)
	// DialContext opens a stream. It blocks until the other side's kernel has taken or refused it, or ctx ends, which has
	// no effect on the connection afterwards.
	DialContext(ctx context.Context, addr string) (net.Conn, error)
}

// Or returns n, Real if n is nil: so a configuration's zero value is the real network.
func Or(n Network) Network {
	if n == nil {
		return Real{}
	}
	return n
}

// Real is the network of the operating system: TCP and UDP.
type Real struct{}

// Listen implements Network.
func (Real) Listen(addr string) (net.Listener, error) { return net.Listen("tcp", addr) }

// ListenPacket implements Network.
func (Real) ListenPacket(addr string) (net.PacketConn, error) { return net.ListenPacket("udp", addr) }

// DialContext implements Network.
func (Real) DialContext(ctx context.Context, addr string) (net.Conn, error) {
	var d net.Dialer
	return d.DialContext(ctx, "tcp", addr)
}
