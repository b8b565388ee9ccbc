//go:build linux

package relay

import (
	"crypto/tls"
	"net"
	"testing"
)

// What is no socket is left to others.
func TestPipesAreRefused(t *testing.T) {
	b := newBed(t, false, false, false)
	s, err := b.link.Open()
	if err != nil {
		t.Fatal(err)
	}
	pipe, _ := net.Pipe()
	ours, _ := pair(t, false, false)
	if b.loops.Relay(pipe, s, nil, nil) != nil || b.loops.Relay(tls.Client(ours, testTLS()), s, nil, nil) != nil {
		t.Error("they are taken")
	}
	_ = pipe.Close()
}

// translating is a connection that wraps a socket and reads something else, as that of a client that speaks JSON.
type translating struct{ net.Conn }

func (c translating) NetConn() net.Conn { return c.Conn }

// A connection that translates is not taken: its socket's bytes are not what it reads.
func TestTranslatingConnectionsAreRefused(t *testing.T) {
	b := newBed(t, false, false, false)
	s, err := b.link.Open()
	if err != nil {
		t.Fatal(err)
	}
	a, _ := pair(t, false, false)
	if b.loops.Relay(translating{a}, s, nil, nil) != nil {
		t.Error("it is taken")
	}
}
