package main

import (
	"errors"
	"fmt"
	"io"
	"net"
)

// pickAddresses gives where the router and the servers listen, on loopback. All ports are free at this moment; gossip's are
// always of the system's choice, the others only where c asks for it.
func pickAddresses(c config) ([]address, error) {
	var held []io.Closer // until all are picked, so that none is picked twice
	defer func() {
		for _, h := range held {
			_ = h.Close()
		}
	}()
	addresses := make([]address, 1+c.servers)
	for i := range addresses {
		port := serverPort + i
		if i == 0 {
			port = routerPort
		}
		if c.freePorts {
			port = 0
		}
		l, err := net.Listen("tcp", loopback(port))
		if err != nil {
			return nil, fmt.Errorf("%w; end what listens there, or use -free-ports", err)
		}
		held = append(held, l)
		gossip, both, err := freeGossipPort()
		if err != nil {
			return nil, err
		}
		held = append(held, both...)
		addresses[i] = address{http: l.Addr().String(), gossip: gossip}
	}
	return addresses, nil
}

// freeGossipPort finds an address that is free for TCP and for UDP, and holds it.
func freeGossipPort() (addr string, held []io.Closer, err error) {
	for range 100 {
		l, err := net.Listen("tcp", loopback(0))
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
