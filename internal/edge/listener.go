package edge

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"syscall"

	"github.com/ringside-go/ringside/internal/network"
)

// Listener lets the gate decide about the connections of the public listener l. Serve it with a server that Attach has set up.
func (g *Gate) Listener(l net.Listener) net.Listener { return &listener{l, g, false} }

// Internal is Listener for the internal one. Its connections are not limited, unless they become clients' (Upgrade).
func (g *Gate) Internal(l net.Listener) net.Listener { return &listener{l, g, true} }

type listener struct {
	net.Listener
	gate     *Gate
	internal bool
}

// Accept closes the connections for which there is no room.
func (l *listener) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if c, ok := l.gate.accept(c, l.internal); ok {
			return c, nil
		}
	}
}

func (g *Gate) accept(c net.Conn, internal bool) (net.Conn, bool) {
	peer := addressOf(c.RemoteAddr().String())
	if !internal && g.trusts(peer) {
		c = &proxied{Conn: c}
	}
	p := &Place{gate: g, internal: internal, conn: c, descriptor: descriptorOf(c)}
	if !internal {
		from := keyOf(peer)
		if g.trusts(peer) {
			from = keyOf(unknown)
		}
		if g.shift(p, Idle, from, g.limits[Idle]) != nil {
			abort(c)
			return nil, false
		}
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.accepted[c] = p
	return c, true
}

// Attach makes s tell g what becomes of its connections, and gives its handlers the client's address as RemoteAddr.
func (g *Gate) Attach(s *http.Server) {
	s.ConnState = g.follow
	s.ConnContext = func(ctx context.Context, c net.Conn) context.Context {
		if p := g.find(c); p != nil {
			return context.WithValue(ctx, placeKey{}, p)
		}
		return ctx
	}
	next := s.Handler
	s.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		g.readForwarded(r)
		next.ServeHTTP(w, r)
	})
}

// Leave gives up the place of r's connection, which was hijacked and is no client's: what it carries has places of its own.
func (g *Gate) Leave(r *http.Request) {
	if p := placeOf(r); p != nil {
		p.Release()
	}
}

type placeKey struct{}

// placeOf gives the place of a request's connection; nil: its listener is none of the gate's.
func placeOf(r *http.Request) *Place {
	p, _ := r.Context().Value(placeKey{}).(*Place)
	return p
}

// place is placeOf, or a new one.
func (g *Gate) place(r *http.Request) *Place {
	if p := placeOf(r); p != nil {
		return p
	}
	return &Place{gate: g, descriptor: -1}
}

func (g *Gate) find(c net.Conn) *Place {
	c = beneath(c)
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.accepted[c]
}

// beneath gives the connection as Accept returned it.
func beneath(c net.Conn) net.Conn {
	t, ok := c.(*tls.Conn)
	if !ok {
		return c
	}
	if u, ok := t.NetConn().(*network.Underlying); ok {
		return u.NetConn()
	}
	return t.NetConn()
}

// follow is the http.Server's ConnState.
func (g *Gate) follow(c net.Conn, state http.ConnState) {
	p := g.find(c)
	if p == nil {
		return
	}
	var err error
	switch state {
	case http.StateActive:
		if !p.internal {
			from := p.from
			if x, ok := beneath(c).(*proxied); ok && x.source != nil {
				from = keyOf(addressOf(x.source.String()))
			}
			err = g.shift(p, Active, from, 0)
		}
	case http.StateIdle:
		if !p.internal {
			err = g.shift(p, Idle, p.from, g.limits[Idle])
		}
	case http.StateHijacked:
		g.forget(c)
	case http.StateClosed:
		g.forget(c)
		p.Release()
	}
	if err != nil {
		abort(beneath(c))
	}
}

func (g *Gate) forget(c net.Conn) {
	c = beneath(c)
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.accepted, c)
}

// descriptorOf is the number of the socket. The kernel gives the lowest one that is free. -1: unknown.
func descriptorOf(c net.Conn) (n int) {
	if p, ok := c.(*proxied); ok {
		c = p.Conn
	}
	n = -1
	s, ok := c.(syscall.Conn)
	if !ok {
		return n
	}
	raw, err := s.SyscallConn()
	if err != nil {
		return n
	}
	_ = raw.Control(func(fd uintptr) { n = int(fd) })
	return n
}
