package fleet

import (
	"errors"
	"fmt"
	"io"
	"net"
)

// PickAddresses gives where a router and so many servers listen, on loopback: the router first, on RouterPort, and then the
// servers, from ServerPort+1 on; with free on any free ports. All ports are free at this moment; gossip's are always of the
// system's choice.
func PickAddresses(servers int, free bool) ([]Address, error) {
	var held []io.Closer // until all are picked, so that none is picked twice
	defer func() {
		for _, h := range held {
			_ = h.Close()
		}
	}()
	addresses := make([]Address, 1+servers)
	for i := range addresses {
		port := ServerPort + i
		if i == 0 {
			port = RouterPort
		}
		if free {
			port = 0
		}
		l, err := net.Listen("tcp", Loopback(port))
		if err != nil {
			return nil, fmt.Errorf("%w; end what listens there, or use -free-ports", err)
		}
		held = append(held, l)
		gossip, both, err := FreeGossipPort()
		if err != nil {
			return nil, err
		}
		held = append(held, both...)
		addresses[i] = Address{HTTP: l.Addr().String(), Gossip: gossip}
	}
	return addresses, nil
}

// FreeGossipPort finds an address that is free for TCP and for UDP, and holds it.
func FreeGossipPort() (addr string, held []io.Closer, err error) {
	for range 100 {
		l, err := net.Listen("tcp", Loopback(0))
		if err != nil {
			return "", nil, err
		}
		addr := l.Addr().String()
		u, err := net.ListenPacket("udp", addr)
		if err == nil {
			return addr, []io.Closer{l, u}, nil
		}
		_ = l.Close()
	}
	return "", nil, errors.New("no port is free for both TCP and UDP")
}
