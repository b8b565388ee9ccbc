package edge

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/pires/go-proxyproto"

	"github.com/ringside-go/ringside/internal/network"
)

// proxyTimeout is how long a trusted proxy has to send its PROXY header. One that has none to send may stay silent longer.
const proxyTimeout = 5 * time.Second

// proxied is a connection from a trusted proxy, which may begin it with a PROXY protocol header, version 1 or 2. The header is
// read by the first Read or RemoteAddr, which are net/http's, in the goroutine of the connection.
type proxied struct {
	net.Conn
	once    sync.Once
	source  net.Addr // the client's; nil: there was no header
	pending []byte   // read behind the header
	err     error
}

func (c *proxied) header() {
	reader := bufio.NewReader(c.Conn)
	h, err := proxyproto.ReadHeaderTimeout(c.Conn, reader, proxyTimeout)
	switch {
	case errors.Is(err, proxyproto.ErrNoProxyProtocol):
	case err != nil:
		c.err = fmt.Errorf("PROXY protocol header of %v: %w", c.Conn.RemoteAddr(), err)
		return
	case !h.Command.IsLocal():
		if tcp, ok := h.SourceAddr.(*net.TCPAddr); ok {
			c.source = tcp
		}
	}
	rest, _ := reader.Peek(reader.Buffered())
	c.pending = bytes.Clone(rest)
}

func (c *proxied) Read(b []byte) (int, error) {
	c.once.Do(c.header)
	switch {
	case c.err != nil:
		return 0, c.err
	case len(c.pending) > 0:
		n := copy(b, c.pending)
		c.pending = c.pending[n:]
		return n, nil
	}
	return c.Conn.Read(b)
}

func (c *proxied) RemoteAddr() net.Addr {
	if c.once.Do(c.header); c.source != nil {
		return c.source
	}
	return c.Conn.RemoteAddr()
}

// Unwrap gives the socket of a hijacked connection, or the *tls.Conn directly over it, and what was read from it and is still to
// be taken.
func Unwrap(c net.Conn) (socket net.Conn, pending []byte) {
	if wrapped, ok := c.(interface{ Unwrap() net.Conn }); ok {
		c = wrapped.Unwrap()
	}
	if t, ok := c.(*tls.Conn); ok {
		if u, ok := t.NetConn().(*network.Underlying); ok {
			if p, ok := u.NetConn().(*proxied); ok {
				u.Attach(p.Conn, p.pending)
			}
		}
		return c, nil
	}
	if p, ok := c.(*proxied); ok {
		return p.Conn, p.pending
	}
	return c, nil
}
