package network

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"math/big"
	"net"
	"sync"
	"testing"
	"time"
)

var testTLS = sync.OnceValue(func() *tls.Config {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	of := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().AddDate(50, 0, 0)}
	der, err := x509.CreateCertificate(rand.Reader, of, of, key.Public(), key)
	if err != nil {
		panic(err)
	}
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}, InsecureSkipVerify: true, SessionTicketsDisabled: true}
})

// wire is one direction of a network that holds so many bytes.
type wire struct {
	bytes []byte
	room  int
}

func (w *wire) send(b []byte) (int, error) {
	n := min(len(b), w.room)
	w.bytes, w.room = append(w.bytes, b[:n]...), w.room-n
	return n, nil
}

// attached is a stream over wires: it reads what there is, and takes all.
type attached struct {
	net.Conn
	in, out *wire
}

func (a *attached) Read(b []byte) (int, error) {
	if len(a.in.bytes) == 0 {
		return 0, ErrWouldBlock
	}
	n := copy(b, a.in.bytes)
	a.in.bytes = a.in.bytes[n:]
	return n, nil
}

func (a *attached) Write(b []byte) (int, error) {
	a.out.bytes = append(a.out.bytes, b...)
	return len(b), nil
}

// side is one end of TLS, what it has sent, and what it has received.
type side struct {
	tls            *tls.Conn
	under          *Underlying
	in, out        *wire
	sent, received []byte
	next           byte
}

// sides are both ends with the handshake done, detached.
func sides(t testing.TB) (a, b *side) {
	left, right := net.Pipe()
	ends := [2]*side{}
	wires := [2]*wire{{}, {}}
	for i, conn := range []net.Conn{left, right} {
		ends[i] = &side{under: Underlie(conn, nil), in: wires[i], out: wires[1-i]}
	}
	a, b = ends[0], ends[1]
	a.tls, b.tls = tls.Client(a.under, testTLS()), tls.Server(b.under, testTLS())
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := a.tls.Handshake(); err != nil {
			t.Error(err)
		}
	})
	if err := b.tls.Handshake(); err != nil {
		t.Fatal(err)
	}
	wg.Wait()
	for _, s := range ends {
		_ = s.under.Detach(s.out.send).Close()
	}
	return a, b
}

func (s *side) write(t testing.TB, n int) {
	b := make([]byte, n)
	for i := range b {
		s.next++
		b[i] = s.next
	}
	if got, err := s.tls.Write(b); got != n || err != nil {
		t.Fatalf("wrote %d of %d bytes: %v", got, n, err)
	}
	s.sent = append(s.sent, b...)
}

// read feeds up to n bytes and reads until there is nothing more, so many bytes at once.
func (s *side) read(t testing.TB, n, atOnce int) {
	if s.under.NetConn() == nil && s.under.Pending() == 0 {
		n = min(n, len(s.in.bytes))
		s.under.Feed(bytes.Clone(s.in.bytes[:n]))
		s.in.bytes = s.in.bytes[n:]
	}
	b := make([]byte, atOnce)
	for {
		got, err := s.tls.Read(b)
		s.received = append(s.received, b[:got]...)
		if err == ErrWouldBlock {
			return
		}
		if err != nil {
			t.Fatalf("reading: %v", err)
		}
	}
}

func (s *side) flush(t testing.TB, room int) {
	s.out.room = room
	if s.under.NetConn() == nil {
		if err := s.under.Flush(); err != nil {
			t.Fatal(err)
		}
	}
}

// change attaches or detaches.
func (s *side) change() {
	if s.under.NetConn() == nil {
		s.under.Attach(&attached{in: s.in, out: s.out}, nil)
	} else {
		s.under.Detach(s.out.send)
	}
}

// FuzzUnderlying: however bytes are cut, whatever the network takes, and whenever a side is attached or detached, each side receives what the
// other has sent.
func FuzzUnderlying(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte{0x00, 9, 0x10, 255, 0x21, 3, 0x21, 4, 0x31, 0, 0x21, 255})
	f.Add([]byte{0x0f, 255, 0x0f, 255, 0x1f, 20, 0x20, 40, 0x30, 0, 0x01, 7, 0x30, 0, 0x11, 255, 0x20, 1, 0x21, 9, 0x1f, 255})
	f.Fuzz(func(t *testing.T, steps []byte) {
		a, b := sides(t)
		ends := [2]*side{a, b}
		for ; len(steps) >= 2; steps = steps[2:] {
			s, scale, n := ends[steps[0]&1], 1+int(steps[0]>>1&7)*12, int(steps[1])
			switch steps[0] >> 4 & 3 {
			case 0:
				if len(s.sent) < 1<<20 && s.under.Unsent() < 8<<10 {
					s.write(t, 1+n*scale)
				}
			case 1:
				s.flush(t, n*scale)
			case 2:
				s.read(t, n*scale, 1+n)
			case 3:
				s.change()
			}
		}
		for _, s := range ends { // what is on the way arrives
			s.flush(t, 1<<30)
			if s.under.NetConn() != nil { // a kept rest goes with the next write
				s.write(t, 1)
			}
		}
		for _, s := range ends {
			for len(s.in.bytes) > 0 || s.under.Pending() > 0 {
				s.read(t, 1<<30, 4096)
			}
		}
		for i, s := range ends {
			if other := ends[1-i]; !bytes.Equal(s.received, other.sent) {
				t.Fatalf("side %d received %d bytes of %d", i, len(s.received), len(other.sent))
			}
		}
	})
}

// A Read gives no byte of the next record.
func TestUnderlyingReadsOneRecord(t *testing.T) {
	record := func(n int) []byte { return append([]byte{23, 3, 3, byte(n >> 8), byte(n)}, make([]byte, n)...) }
	all := bytes.Join([][]byte{record(3), record(0), record(300), record(1)}, nil)
	ends := []int{8, 13, 318, 324}
	b := make([]byte, 1000)
	for cut := range all {
		u := Underlie(&attached{in: &wire{bytes: all[cut:]}}, all[:cut])
		at := 0
		for {
			got, err := u.Read(b)
			if err != nil {
				break
			}
			for _, end := range ends {
				if at < end && end < at+got {
					t.Fatalf("with a cut at %d, a read gives bytes %d to %d, of two records", cut, at, at+got)
				}
			}
			at += got
		}
		if at != len(all) || u.Records() != len(ends) {
			t.Errorf("with a cut at %d, %d bytes and %d records are read", cut, at, u.Records())
		}
	}
}

// What the network does not take is bounded, and an error of the network is one of the write.
func TestUnderlyingBoundsWhatIsUnsent(t *testing.T) {
	u := new(Underlying)
	u.Detach(func([]byte) (int, error) { return 0, nil })
	for range maxUnsent / 1024 {
		if n, err := u.Write(make([]byte, 1024)); n != 1024 || err != nil {
			t.Fatal(n, err)
		}
	}
	if _, err := u.Write([]byte{1}); err != errUnsent || u.Unsent() != maxUnsent {
		t.Errorf("%v, %d bytes are kept", err, u.Unsent())
	}
	u = new(Underlying)
	u.Detach(func([]byte) (int, error) { return 0, io.ErrClosedPipe })
	if _, err := u.Write([]byte{1}); !errors.Is(err, io.ErrClosedPipe) {
		t.Error(err)
	}
}
