package membership

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/hashicorp/memberlist"

	"github.com/ringside-go/ringside/internal/network"
)

// transport is memberlist's way to the network: one UDP and one TCP socket on the same port. Unlike memberlist's own
// it is bound before its goroutines start, and a packet that nobody takes does not keep it from closing.
type transport struct {
	advertise netip.AddrPort
	network   network.Network
	tcp       net.Listener
	udp       net.PacketConn
	// Unbuffered, as in memberlist's own transport: a packet that comes while memberlist is busy waits in the socket's
	// buffer, and is lost when that is full, which gossip expects of UDP.
	packets chan *memberlist.Packet
	streams chan net.Conn
	inbound *inbound
	logger  *slog.Logger

	closed context.Context // done once Shutdown was called
	close  context.CancelFunc
	wg     sync.WaitGroup
}

const (
	maxPacket = 65535
	// receiveBuffer holds the packets of a burst, such as the answers after a machine's pause.
	receiveBuffer = 1 << 20
	// bindAttempts is how many ports are tried where any will do: that of the TCP socket may be taken for UDP.
	bindAttempts = 10
)

// bind opens the sockets. Ports that are 0 become the one that was picked.
func bind(n network.Network, at, advertise netip.AddrPort, in *inbound, logger *slog.Logger) (*transport, error) {
	attempts := 1
	if at.Port() == 0 {
		attempts = bindAttempts
	}
	var err error
	for range attempts {
		var tcp net.Listener
		if tcp, err = n.Listen(at.String()); err != nil {
			continue
		}
		port := uint16(tcp.Addr().(*net.TCPAddr).Port)
		var udp net.PacketConn
		if udp, err = n.ListenPacket(netip.AddrPortFrom(at.Addr(), port).String()); err != nil {
			_ = tcp.Close()
			continue
		}
		if b, ok := udp.(interface{ SetReadBuffer(bytes int) error }); ok {
			_ = b.SetReadBuffer(receiveBuffer) // the kernel's limit may be lower, and that will do
		}
		if advertise.Port() == 0 {
			advertise = netip.AddrPortFrom(advertise.Addr(), port)
		}
		t := &transport{advertise: advertise, network: n, tcp: tcp, udp: udp, inbound: in, logger: logger,
			packets: make(chan *memberlist.Packet), streams: make(chan net.Conn)}
		t.closed, t.close = context.WithCancel(context.Background())
		return t, nil
	}
	return nil, fmt.Errorf("gossip address %s: %w", at, err)
}

// start starts the goroutines that read; Shutdown ends them.
func (t *transport) start() {
	t.wg.Go(t.readPackets)
	t.wg.Go(t.acceptStreams)
}

func (t *transport) readPackets() {
	buffer := make([]byte, maxPacket)
	for t.closed.Err() == nil {
		n, sender, err := t.udp.ReadFrom(buffer)
		received := time.Now()
		if err != nil {
			t.pause("read packet", err)
			continue
		}
		if n == 0 {
			continue
		}
		from := sender.(*net.UDPAddr).AddrPort()
		from = netip.AddrPortFrom(from.Addr().Unmap(), from.Port())
		packet := &memberlist.Packet{Buf: bytes.Clone(buffer[:n]), From: net.UDPAddrFromAddrPort(from), Timestamp: received}
		select {
		case t.packets <- packet:
		case <-t.closed.Done():
		}
	}
}

func (t *transport) acceptStreams() {
	for t.closed.Err() == nil {
		conn, err := t.tcp.Accept()
		if err != nil {
			t.pause("accept stream", err)
			continue
		}
		conn = t.inbound.add(conn)
		select {
		case t.streams <- conn:
		case <-t.closed.Done():
			_ = conn.Close()
		}
	}
}

// pause keeps a socket that fails again and again, for lack of file descriptors for instance, from taking a whole core.
func (t *transport) pause(what string, err error) {
	if t.closed.Err() == nil {
		t.logger.Debug("gossip: "+what, "error", err)
	}
	select {
	case <-time.After(50 * time.Millisecond):
	case <-t.closed.Done():
	}
}

// FinalAdvertiseAddr implements memberlist.Transport; its arguments are not used.
func (t *transport) FinalAdvertiseAddr(string, int) (net.IP, int, error) {
	return t.advertise.Addr().AsSlice(), int(t.advertise.Port()), nil
}

// WriteTo implements memberlist.Transport.
func (t *transport) WriteTo(b []byte, to string) (time.Time, error) {
	address, err := netip.ParseAddrPort(to)
	if err != nil {
		return time.Time{}, err
	}
	_, err = t.udp.WriteTo(b, net.UDPAddrFromAddrPort(address))
	return time.Now(), err
}

// DialTimeout implements memberlist.Transport; Shutdown cuts it short.
func (t *transport) DialTimeout(to string, timeout time.Duration) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(t.closed, timeout)
	defer cancel()
	return t.network.DialContext(ctx, to)
}

// PacketCh implements memberlist.Transport.
func (t *transport) PacketCh() <-chan *memberlist.Packet { return t.packets }

// StreamCh implements memberlist.Transport.
func (t *transport) StreamCh() <-chan net.Conn { return t.streams }

// Shutdown implements memberlist.Transport. It waits for the goroutines and may be called more than once.
func (t *transport) Shutdown() error {
	t.close()
	_ = t.tcp.Close()
	_ = t.udp.Close()
	t.wg.Wait()
	return nil
}
