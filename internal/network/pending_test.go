package network

import (
	"net"
	"net/netip"
	"slices"
	"testing"
)

// fakeConn is a connection from an address.
type fakeConn struct {
	net.Conn
	from   string
	closed bool
}

func (c *fakeConn) RemoteAddr() net.Addr {
	return net.TCPAddrFromAddrPort(netip.MustParseAddrPort(c.from))
}

func (c *fakeConn) Close() error {
	c.closed = true
	return nil
}

func TestPending(t *testing.T) {
	var refused []string
	p := NewPending(5, 2, func(reason string) { refused = append(refused, reason) })
	add := func(from string) (*fakeConn, *PendingConn) {
		c := &fakeConn{from: from}
		return c, p.Add(c)
	}
	first, _ := add("10.0.0.1:1")
	second, _ := add("10.0.0.1:2")
	other, place := add("10.0.0.2:1")
	third, _ := add("10.0.0.1:3")
	if !first.closed || second.closed || other.closed || third.closed {
		t.Error("the third connection of an address must close the first, and no other")
	}
	v6, _ := add("[fd00::1]:1")
	v6b, _ := add("[fd00::2]:1")
	v6c, _ := add("[fd00::3]:1") // of one machine
	if !v6.closed || v6b.closed || v6c.closed {
		t.Error("addresses of one IPv6 network must count as one")
	}
	newest, _ := add("10.0.0.3:1")
	if !second.closed || other.closed || newest.closed {
		t.Error("the sixth connection must close the oldest one")
	}
	place.Done()
	place.Done()
	more, _ := add("10.0.0.4:1")
	if third.closed || more.closed || other.closed {
		t.Error("a connection that is done must make room for another")
	}
	if want := []string{RefusedByAddress, RefusedByAddress, RefusedInAll}; !slices.Equal(refused, want) {
		t.Errorf("told of %v, want %v", refused, want)
	}
}
