//go:build linux

package session

import (
	"crypto/tls"
	"errors"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ringside-go/ringside/proto"
)

// sealedByHand is byHand with clients that make their records themselves.
func sealedByHand(t *testing.T, version uint16) *setup {
	s := byHand(t)
	s.dialSealed(version)
	return s
}

func sealedOf(c *client) *sealed { return c.conn.(*sealed) }

// polled ticks a few times, which must not end the connection.
func (s *setup) polled(g *testOccupant) {
	s.t.Helper()
	for range 3 {
		s.admission.tick()
	}
	if !g.conn.isPolled() {
		s.t.Fatalf("it is not polled any more: %v", g.conn.readErr)
	}
}

// Both versions; records that are cut anywhere, of any size, and several at once.
func TestPolledTLSRecords(t *testing.T) {
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		s := sealedByHand(t, version)
		c, g := s.enterPolled()
		r := sealedOf(c)
		b := r.record(recordData, masked(finBit|opBinary, input(1)))
		for i := range b { // a byte at a tick
			r.raw(b[i : i+1])
			s.polled(g)
		}
		frame := masked(finBit|opBinary, input(2))
		for i := range frame { // a byte in a record
			b = append(b[:0], r.record(recordData, frame[i:i+1])...)
			r.raw(b)
		}
		many := append(r.record(recordData, masked(finBit|opBinary, input(3))), r.record(recordData, masked(finBit|opBinary, input(4)))...)
		half := r.record(recordData, masked(finBit|opBinary, input(5)))
		r.raw(append(many, half[:7]...))
		s.until("the whole records are read", func() bool { return g.noted() == "input:1 input:2 input:3 input:4" })
		r.raw(half[7:])
		s.until("the last is read", func() bool { return strings.HasSuffix(g.noted(), "input:5") })
		var large []byte // as large as a record may be: more than is decrypted at once
		for len(large) < 16<<10-300 {
			large = append(large, masked(finBit|opBinary, proto.AppendRecord(nil, 0x7f, make([]byte, 200)))...)
		}
		r.raw(r.record(recordData, append(large, masked(finBit|opBinary, input(6))...)))
		s.until("the large one is read", func() bool { return strings.HasSuffix(g.noted(), "input:6") })
		g.conn.QueueEvent([]byte("event"))
		s.polled(g)
		if f := c.frame(); string(f.payload) != "event" {
			t.Errorf("%+v came", f)
		}
		s.gone(c, g)
	}
}

// Records that come with the hello's, the last of them cut, are neither lost nor read twice.
func TestPolledTLSHandOver(t *testing.T) {
	s := sealedByHand(t, tls.VersionTLS13)
	for cut := range 12 {
		c := s.connect()
		r := sealedOf(c)
		b := r.record(recordData, masked(finBit|opBinary, helloRecord))
		for i := range proto.Seq(3) {
			b = append(b, r.record(recordData, masked(finBit|opBinary, input(1+i)))...)
		}
		half := r.record(recordData, masked(finBit|opBinary, input(4)))
		r.raw(append(b, half[:cut]...))
		g := <-s.admission.entered
		eventually(t, "handed over", g.conn.isPolled)
		s.until("what came with the hello is read", func() bool { return g.noted() == "input:1 input:2 input:3" })
		r.raw(half[cut:])
		s.until("all inputs", func() bool { return g.noted() == "input:1 input:2 input:3 input:4" })
		_ = c.conn.Close()
	}
	s.until("gone", func() bool { return s.server.Connections() == 0 })
}

// A client changes its keys, and asks for the server's to be changed, between records and in parts.
func TestPolledTLSKeyUpdates(t *testing.T) {
	s := sealedByHand(t, tls.VersionTLS13)
	c, g := s.enterPolled()
	r := sealedOf(c)
	for i := range 20 {
		r.raw(r.keyUpdate(byte(i % 2)))
		c.message(input(1))
		s.polled(g)
		g.conn.QueueEvent([]byte{byte(i)})
		s.polled(g)
		if f := c.frame(); len(f.payload) != 1 || f.payload[0] != byte(i) {
			t.Fatalf("%+v came behind key update %d", f, i)
		}
	}
	b := []byte{24, 0, 0, 1, 1}
	r.raw(r.record(recordHandshake, b[:2]))
	s.polled(g)
	r.raw(r.record(recordHandshake, b[2:]))
	r.updated()
	s.polled(g)
	c.message(custom("end"))
	s.until("the last is read", func() bool { return strings.HasSuffix(g.noted(), "custom:end") })
	s.gone(c, g)
}

// Records that carry nothing or little cost the tick as much as messages, and are limited though no message comes of them.
func TestPolledTLSUselessRecords(t *testing.T) {
	frame := masked(finBit|opBinary, proto.AppendRecord(nil, 0x7f, make([]byte, proto.MaxClientMessage-10)))
	for name, before := range map[string]func(r *sealed) []byte{
		"key updates": func(r *sealed) []byte { return r.keyUpdate(1) },
		"small":       func(*sealed) []byte { return nil },
	} {
		t.Run(name, func(t *testing.T) {
			s := sealedByHand(t, tls.VersionTLS13)
			other, unharmed := s.enterPolled()
			c, g := s.enterPolled()
			r := sealedOf(c)
			var wg sync.WaitGroup
			wg.Go(func() {
				for _, b := range frame[:5000] { // not all of it
					if _, err := r.NetConn().Write(append(before(r), r.record(recordData, []byte{b})...)); err != nil {
						return
					}
				}
			})
			s.until("lost", func() bool { return g.noted() == "lost" })
			if n := s.closedBy(proto.CloseRate); n != 1 {
				t.Errorf("%d are closed for their rate", n)
			}
			_ = r.NetConn().Close()
			wg.Wait()
			other.message(input(1))
			s.until("the other is served", func() bool { return unharmed.noted() == "input:1" })
			s.gone(other, unharmed)
		})
	}
}

// What ends TLS ends the connection, once, and the client hears why in TLS.
func TestPolledTLSEnds(t *testing.T) {
	refused := func(err error) bool {
		var alert tls.AlertError
		return errors.As(err, &alert) || strings.Contains(err.Error(), "remote error")
	}
	ended := func(err error) bool { return err == io.EOF }
	for name, c := range map[string]struct {
		version uint16
		send    func(r *sealed) []byte
		want    func(error) bool
	}{
		"close_notify":        {tls.VersionTLS13, func(r *sealed) []byte { return r.record(recordAlert, []byte{alertWarning, closeNotify}) }, ended},
		"close_notify in 1.2": {tls.VersionTLS12, func(r *sealed) []byte { return r.record(recordAlert, []byte{alertWarning, closeNotify}) }, ended},
		"fatal alert":         {tls.VersionTLS13, func(r *sealed) []byte { return r.record(recordAlert, []byte{alertFatal, decodeErr}) }, ended},
		"damaged":             {tls.VersionTLS13, func(r *sealed) []byte { b := r.record(recordData, []byte("x")); b[9] ^= 1; return b }, refused},
		"no TLS":              {tls.VersionTLS13, func(r *sealed) []byte { return []byte("GET / HTTP/1.1\r\nHost: example.com\r\n\r\n") }, refused},
		"too long":            {tls.VersionTLS13, func(r *sealed) []byte { return []byte{recordData, 3, 3, 0xff, 0xff} }, refused},
		"in the clear":        {tls.VersionTLS13, func(r *sealed) []byte { return []byte{recordHandshake, 3, 3, 0, 5, 24, 0, 0, 1, 0} }, refused},
		"unknown message":     {tls.VersionTLS13, func(r *sealed) []byte { return r.record(recordHandshake, []byte{99, 0, 0, 0}) }, refused},
		"new session ticket":  {tls.VersionTLS13, func(r *sealed) []byte { return r.record(recordHandshake, []byte{4, 0, 0, 1, 0}) }, refused},
		"data within a message": {tls.VersionTLS13, func(r *sealed) []byte {
			return append(r.record(recordHandshake, []byte{24}), r.record(recordData, []byte{1})...)
		}, refused},
		"renegotiation": {tls.VersionTLS12, func(r *sealed) []byte {
			hello := append([]byte{1, 0, 0, 41, 3, 3}, make([]byte, 33)...)
			return r.record(recordHandshake, append(hello, 0, 2, 0xc0, 0x2b, 1, 0))
		}, refused},
		"hello request": {tls.VersionTLS12, func(r *sealed) []byte { return r.record(recordHandshake, []byte{0, 0, 0, 0}) }, ended},
	} {
		t.Run(name, func(t *testing.T) {
			s := sealedByHand(t, c.version)
			other, unharmed := s.enterPolled()
			cl, g := s.enterPolled()
			r := sealedOf(cl)
			cl.message(input(1))
			r.raw(c.send(r))
			s.until("lost", func() bool { return g.noted() == "input:1 lost" && s.server.Connections() == 1 })
			if err := cl.end(); !c.want(err) {
				t.Errorf("reading ends with %v", err)
			}
			_ = cl.conn.Close()
			other.message(input(2))
			s.until("the other is served", func() bool { return unharmed.noted() == "input:2" })
			s.gone(other, unharmed)
		})
	}
}

// A peer that stops within a record is silent as any other.
func TestPolledTLSHalfARecord(t *testing.T) {
	s := sealedByHand(t, tls.VersionTLS13)
	c, g := s.enterPolled()
	r := sealedOf(c)
	b := r.record(recordData, masked(finBit|opBinary, input(1)))
	r.raw(b[:len(b)/2])
	s.polled(g)
	g.conn.reading.Lock()
	g.conn.lastRead = time.Now().Add(-proto.SilenceTimeout)
	g.conn.reading.Unlock()
	s.admission.tick()
	c.closed(proto.CloseSilent)
	r.raw(b[len(b)/2:]) // while it lingers
	s.gone(c, g)
	if g.noted() != "lost" {
		t.Errorf("occupant noted %q", g.noted())
	}
}

// A client that takes little is sent no record that it has no room for, and closing goes on behind what was begun.
func TestPolledTLSCloseBehindAHalfSentRecord(t *testing.T) {
	s := byHand(t)
	c, g := s.enterPolled()
	c.narrow()
	room := &feed{conn: g.conn}
	for unsent := 0; unsent == 0; {
		room.tick(1000)
		g.conn.mu.Lock()
		unsent = g.conn.socket.unsent()
		g.conn.mu.Unlock()
		if unsent > recordSize+256 {
			t.Fatalf("%d bytes were made records", unsent)
		}
	}
	g.conn.Close(proto.CloseEnded, "")
	var f follower
	for {
		m := c.frame()
		if m.op == opBinary && (m.payload[0] == 'k' || m.payload[0] == 'd') {
			f.take(t, m.payload)
			continue
		}
		if m.op == opClose {
			break
		}
	}
	if err := c.end(); err != io.EOF {
		t.Errorf("reading ends with %v", err)
	}
	if f.index != room.index {
		t.Errorf("%d deltas came of %d", f.index, room.index)
	}
	s.gone(c, g)
}
