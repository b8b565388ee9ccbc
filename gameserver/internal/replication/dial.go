package replication

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"syscall"
	"time"

	"github.com/ringside-go/ringside/internal/network"
)

// dial returns a connection whose handshake is done and which Close closes. Its errors are those of errors.go.
func (l *Links) dial(to target, o *outbox) (*conn, error) {
	deadline := time.Now().Add(dialTimeout)
	ctx, cancel := context.WithDeadline(l.ctx, deadline)
	defer cancel()
	dialled, err := l.network.DialContext(ctx, to.addr)
	if err != nil {
		return nil, l.dialError(to.addr, err)
	}
	nc := &deadlineConn{Conn: network.Raw(dialled)}
	if !l.own(nc) {
		return nil, ErrStopped
	}
	var s secured
	if l.id.certs == nil && !network.Private(l.network, nc.RemoteAddr()) {
		err = fmt.Errorf("%w: %s is not a loopback address; give this server a certificate (-fleet-cert)", ErrIncompatible, nc.RemoteAddr())
	} else {
		s, err = l.id.dial(nc, to.server, deadline)
	}
	switch {
	case err == nil:
		return newConn(nc, s, o), nil
	case !errors.Is(err, ErrGone) && !errors.Is(err, ErrIncompatible):
		err = reason(err)
	}
	l.disown(nc)
	return nil, err
}

// dialError sorts an error of a dial into this package's errors, by what it proves.
func (l *Links) dialError(addr string, err error) error {
	switch {
	case errors.Is(err, syscall.ECONNREFUSED) && l.here(addr):
		return fmt.Errorf("%w: %w", ErrGone, err)
	case errors.Is(err, syscall.ECONNREFUSED):
		return fmt.Errorf("%w: %w", ErrRefusedDial, err)
	case isLocal(err):
		return fmt.Errorf("%w: %w", ErrLocal, err)
	}
	return reason(err)
}

// isLocal reports whether a dial failed on this machine, before anything was sent.
func isLocal(err error) bool {
	for _, e := range [...]error{syscall.EMFILE, syscall.ENFILE, syscall.ENOMEM, syscall.ENOBUFS, syscall.EADDRNOTAVAIL,
		syscall.ENETUNREACH, syscall.EHOSTUNREACH} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

// here reports whether addr is of this machine: a loopback address, or one of its interfaces. Then the kernel that refuses
// is the one that ran the process. A host name that is no IP address is not looked up, and counts as another machine's.
func (l *Links) here(addr string) bool {
	at, err := netip.ParseAddrPort(addr)
	if err != nil {
		return false
	}
	ip := at.Addr().Unmap()
	if ip.IsLoopback() {
		return true
	}
	all, err := l.interfaces()
	if err != nil {
		l.log.Warn("replication: cannot list this machine's addresses", "error", err)
	}
	for _, a := range all {
		if p, err := netip.ParsePrefix(a.String()); err == nil && p.Addr().Unmap() == ip {
			return true
		}
	}
	return false
}

// interfacesOf returns a function that lists the addresses of this machine on n. Simulated machines have no interfaces, and
// those of the machine that simulates them are not theirs.
func interfacesOf(n network.Network) func() ([]net.Addr, error) {
	if _, real := network.Or(n).(network.Real); real {
		return net.InterfaceAddrs
	}
	return func() ([]net.Addr, error) { return nil, nil }
}
