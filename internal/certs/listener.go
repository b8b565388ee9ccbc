package certs

import (
	"crypto/tls"
	"io"
	"net"
	"sync"

	"github.com/ringside-go/ringside/internal/network"
)

// Listener takes connections of the fleet's processes in TLS, and of others in the clear, on one port: an orchestrator's
// probes and metrics readers have no certificate. The first byte tells them apart; a TLS connection without the fleet's
// certificate ends.
func (f *Fleet) Listener(l net.Listener) net.Listener { return &listener{l, f.Config("")} }

type listener struct {
	net.Listener
	config *tls.Config
}

func (l *listener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &either{Conn: c, config: l.config}, nil
}

// either is a connection whose first byte decides what it is. The first Read waits for that byte and for the handshake, so
// the deadline of the reads bounds both. Nothing is written before.
type either struct {
	net.Conn
	config *tls.Config
	once   sync.Once
	err    error
	stream net.Conn // what to read and write, once it is decided
}

// tlsHandshake is the first byte of a TLS connection.
const tlsHandshake = 0x16

// begun is a connection with the bytes that were read from it.
type begun struct {
	net.Conn
	first []byte
}

func (c *begun) Read(b []byte) (int, error) {
	if len(c.first) > 0 {
		n := copy(b, c.first)
		c.first = c.first[n:]
		return n, nil
	}
	return c.Conn.Read(b)
}

func (c *either) decide() {
	var first [1]byte
	if _, c.err = io.ReadFull(c.Conn, first[:]); c.err != nil {
		return
	}
	c.stream = &begun{c.Conn, first[:]}
	if first[0] == tlsHandshake {
		secure := tls.Server(network.Underlie(c.Conn, first[:]), c.config)
		c.stream, c.err = secure, secure.Handshake()
	}
}

// Proven returns the ID that the other side of a connection of Listener has proved; false: it came in the clear. It waits for the
// handshake, which is over once something was read.
func (f *Fleet) Proven(c net.Conn) (ID, bool) {
	e, ok := c.(*either)
	if !ok {
		return "", false
	}
	e.once.Do(e.decide)
	secure, ok := e.stream.(*tls.Conn)
	if !ok || e.err != nil {
		return "", false
	}
	id, err := f.Peer(secure.ConnectionState())
	return id, err == nil
}

func (c *either) Read(b []byte) (int, error) {
	c.once.Do(c.decide)
	if c.err != nil {
		return 0, c.err
	}
	return c.stream.Read(b)
}

func (c *either) Write(b []byte) (int, error) {
	c.once.Do(c.decide)
	if c.err != nil {
		return 0, c.err
	}
	return c.stream.Write(b)
}

// Unwrap returns the connection that c turned out to be: *tls.Conn over a *network.Underlying, or the one beneath. Something must
// have been read.
func (c *either) Unwrap() net.Conn {
	if secure, ok := c.stream.(*tls.Conn); ok {
		return secure
	}
	return c.Conn
}

// CloseWrite says that no more bytes come, where the connection can say so.
func (c *either) CloseWrite() error {
	c.once.Do(c.decide)
	half, ok := c.stream.(interface{ CloseWrite() error })
	if !ok {
		half, ok = c.Conn.(interface{ CloseWrite() error })
	}
	if !ok {
		return c.Close()
	}
	return half.CloseWrite()
}
