//go:build linux

package relay

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"io"
	"math/big"
	mathrand "math/rand/v2"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/ringside-go/ringside/internal/multiplex"
	"github.com/ringside-go/ringside/internal/network"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

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
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}, InsecureSkipVerify: true}
})

const idle = time.Minute

// running gives loops that run until the test ends.
func running(t *testing.T) *Loops {
	t.Helper()
	l := New(idle)
	ctx, cancel := context.WithCancel(context.Background())
	var all sync.WaitGroup
	all.Go(func() {
		if err := l.Run(ctx); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(func() { cancel(); all.Wait() })
	return l
}

// pair is both ends of a connection, the relay's one first. The relay is the server of TLS, or its client.
func pair(t *testing.T, secured, server bool) (ours, theirs net.Conn) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	theirs, err = net.Dial("tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	if ours, err = listener.Accept(); err != nil {
		t.Fatal(err)
	}
	if secured {
		a, b := network.Underlie(ours, nil), theirs
		x, y := tls.Server(a, testTLS()), tls.Client(b, testTLS())
		if !server {
			x, y = tls.Client(a, testTLS()), tls.Server(b, testTLS())
		}
		var shake sync.WaitGroup
		shake.Go(func() {
			if err := x.Handshake(); err != nil {
				t.Error(err)
			}
		})
		if err := y.Handshake(); err != nil {
			t.Error(err)
		}
		shake.Wait()
		ours, theirs = x, y
	}
	t.Cleanup(func() { _, _ = ours.Close(), theirs.Close() })
	return ours, theirs
}

// bed is a router with a link to a game server.
type bed struct {
	loops  *Loops
	link   *multiplex.Link
	opened chan *multiplex.Stream // at the game server
	secure bool                   // clients use TLS
	socket net.Conn               // of the link, at the game server
}

// kinds are the tunnels that there are. A link over a pipe is carried by goroutines.
var kinds = map[string]struct{ client, server, pipe bool }{
	"plain": {}, "TLS of clients": {client: true}, "TLS to servers": {server: true}, "both": {client: true, server: true},
	"link that is not polled": {pipe: true}, "link that is not polled, TLS of clients": {client: true, pipe: true},
}

func newBed(t *testing.T, client, server, pipe bool) *bed {
	t.Helper()
	b := &bed{loops: running(t), opened: make(chan *multiplex.Stream, 64), secure: client}
	ours, theirs := net.Pipe()
	if !pipe {
		ours, theirs = pair(t, server, false)
	}
	b.link, b.socket = multiplex.New(ours, nil), theirs
	far := multiplex.New(theirs, func(s *multiplex.Stream) { b.opened <- s })
	var all sync.WaitGroup
	all.Go(func() { b.loops.Carry(ours, b.link, nil) })
	all.Go(func() { far.Run(t.Context(), theirs, nil) })
	t.Cleanup(func() { b.link.Close(); far.Close(); all.Wait() })
	return b
}

// tunnel gives the far ends of a tunnel: the client's socket and the game server's stream.
func (b *bed) tunnel(t *testing.T, fromClient, fromServer string) (x net.Conn, y *multiplex.Stream, tun *Tunnel) {
	t.Helper()
	a, x := pair(t, b.secure, true)
	s, err := b.link.Open()
	if err != nil {
		t.Fatal(err)
	}
	if tun = b.loops.Relay(a, s, []byte(fromClient), []byte(fromServer)); tun == nil {
		t.Fatal("the socket cannot be polled")
	}
	t.Cleanup(tun.Close)
	y = <-b.opened
	t.Cleanup(func() { _ = y.Close() })
	return x, y, tun
}

func each(t *testing.T, f func(t *testing.T, b *bed)) {
	for name, kind := range kinds {
		t.Run(name, func(t *testing.T) { f(t, newBed(t, kind.client, kind.server, kind.pipe)) })
	}
}

func read(t *testing.T, c net.Conn, want string) {
	t.Helper()
	b := make([]byte, len(want))
	if _, err := io.ReadFull(c, b); err != nil || string(b) != want {
		t.Errorf("read %q, %v; want %q", b, err, want)
	}
}

// More than the kernel holds goes both ways at once, behind what was read before, and then the end.
func TestCarriesBothWays(t *testing.T) {
	each(t, func(t *testing.T, b *bed) {
		x, y, tun := b.tunnel(t, "up-", "down-")
		var all sync.WaitGroup
		for _, way := range []struct {
			from, to net.Conn
			first    string
		}{{x, y, "up-"}, {y, x, "down-"}} {
			sent := make([]byte, 6<<20)
			mathrand.NewChaCha8([32]byte{1}).Read(sent)
			all.Go(func() {
				for rest := sent; len(rest) > 0; {
					n := min(len(rest), 1+int(rest[0])*300)
					if _, err := way.from.Write(rest[:n]); err != nil {
						t.Error(err)
						return
					}
					rest = rest[n:]
				}
				if err := way.from.(interface{ CloseWrite() error }).CloseWrite(); err != nil {
					t.Error(err)
				}
			})
			all.Go(func() {
				got, err := io.ReadAll(way.to)
				if want := append([]byte(way.first), sent...); err != nil || !bytes.Equal(got, want) {
					t.Errorf("read %d bytes, %v; want the %d that were sent", len(got), err, len(want))
				}
			})
		}
		all.Wait()
		tun.Wait()
	})
}

// The end of one direction is passed on, and the other one goes on for linger.
func TestEndOfOneDirection(t *testing.T) {
	each(t, func(t *testing.T, b *bed) {
		x, y, tun := b.tunnel(t, "", "")
		_, _ = x.Write([]byte("last words"))
		_ = x.(interface{ CloseWrite() error }).CloseWrite()
		if got, err := io.ReadAll(y); string(got) != "last words" || err != nil {
			t.Fatalf("read %q, %v", got, err)
		}
		_, _ = y.Write([]byte("answer"))
		read(t, x, "answer")
		tun.check(time.Now())
		select {
		case <-tun.done:
			t.Fatal("closed at once")
		default:
		}
		tun.check(time.Now().Add(linger + time.Second))
		tun.Wait()
		if got, err := io.ReadAll(x); len(got) != 0 || err != nil {
			t.Errorf("read %q, %v", got, err)
		}
	})
}

// A reset of either side, damaged TLS of the client, and the end of the link, end both sides.
func TestErrorEndsBoth(t *testing.T) {
	for name, end := range map[string]func(b *bed, x net.Conn, y *multiplex.Stream){
		"client's reset": func(_ *bed, x net.Conn, _ *multiplex.Stream) {
			_, _ = network.TCP(x).SetLinger(0), network.TCP(x).Close()
		},
		"damaged TLS": func(_ *bed, x net.Conn, _ *multiplex.Stream) {
			if _, ok := x.(*tls.Conn); ok {
				_, _ = network.TCP(x).Write([]byte("GET / HTTP/1.1\r\n\r\n"))
			} else {
				_, _ = network.TCP(x).SetLinger(0), x.Close()
			}
		},
		"server's reset": func(_ *bed, _ net.Conn, y *multiplex.Stream) { _, _ = y.SetLinger(0), y.Close() },
		"link closed":    func(b *bed, _ net.Conn, _ *multiplex.Stream) { _ = b.socket.Close() },
		"link broken": func(b *bed, _ net.Conn, _ *multiplex.Stream) {
			if tcp := network.TCP(b.socket); tcp != nil {
				_ = tcp.SetLinger(0)
			}
			_ = b.socket.Close()
		},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, b *bed) {
				x, y, tun := b.tunnel(t, "", "")
				end(b, x, y)
				tun.Wait()
				for _, c := range []net.Conn{x, y} {
					_ = c.SetReadDeadline(time.Now().Add(10 * time.Second))
					if got, err := io.ReadAll(c); len(got) != 0 || os.IsTimeout(err) {
						t.Errorf("read %q, %v", got, err)
					}
				}
			})
		})
	}
}

// A client that sends nothing for idle ends the tunnel.
func TestIdle(t *testing.T) {
	each(t, func(t *testing.T, b *bed) {
		_, y, tun := b.tunnel(t, "", "")
		tun.check(time.Now().Add(idle - 5*time.Second))
		if tun.closed {
			t.Fatal("closed too early")
		}
		tun.check(time.Now().Add(idle + 2*time.Second))
		tun.Wait()
		if got, err := io.ReadAll(y); len(got) != 0 || err != nil {
			t.Errorf("read %q, %v", got, err)
		}
	})
}

// A side that takes nothing stops the other one, costs no more than a window and what is read at once, and stops neither the other direction nor
// others.
func TestBackPressure(t *testing.T) {
	each(t, func(t *testing.T, b *bed) {
		for _, clientWrites := range []bool{true, false} {
			client, server, tun := b.tunnel(t, "", "")
			var x, y net.Conn = client, server
			if !clientWrites {
				x, y = server, client
			}
			var wrote atomic.Int64
			var writer sync.WaitGroup
			writer.Go(func() {
				for err := error(nil); err == nil; wrote.Add(1 << 10) {
					_, err = x.Write(make([]byte, 1<<10))
				}
			})
			held := func() int {
				tun.mu.Lock()
				defer tun.mu.Unlock()
				n := len(tun.up) + len(tun.client.out)
				if tun.client.beneath != nil {
					n += tun.client.beneath.Unsent()
				}
				return n
			}
			limit := time.Now().Add(10 * time.Second)
			for before := int64(-1); held() == 0 || before != wrote.Load(); time.Sleep(10 * time.Millisecond) { // until the kernel's buffers are full
				before = wrote.Load()
				if time.Now().After(limit) {
					t.Fatal("all is taken")
				}
			}
			if n, limit := held(), len(scratch{}.plain)*11/10; n > limit {
				t.Errorf("%d bytes are held, want at most %d", n, limit)
			}
			_, _ = y.Write([]byte("the other way goes on"))
			read(t, x, "the other way goes on")
			other, far, _ := b.tunnel(t, "", "")
			_, _ = other.Write([]byte("others go on"))
			read(t, far, "others go on")
			_, _ = far.Write([]byte("both ways"))
			read(t, other, "both ways")
			tun.Close()
			_ = server.Close()
			writer.Wait()
		}
	})
}

// Whatever way tunnels end, no descriptor is left.
func TestDescriptors(t *testing.T) {
	open := func() int {
		files, err := os.ReadDir("/proc/self/fd")
		if err != nil {
			t.Fatal(err)
		}
		return len(files)
	}
	beds := [2]*bed{newBed(t, false, false, false), newBed(t, true, true, false)}
	for _, b := range beds {
		for _, one := range b.loops.loops {
			if err := one.open(); err != nil {
				t.Fatal(err)
			}
		}
		_, y, tun := b.tunnel(t, "", "") // the link is polled by then
		tun.Close()
		_, _ = io.Copy(io.Discard, y)
		_ = y.Close()
	}
	before := open()
	for range 20 {
		var all sync.WaitGroup
		for i := range 8 {
			x, y, tun := beds[i&1].tunnel(t, "a", "b")
			all.Go(func() {
				switch i {
				case 0, 1:
					_ = x.Close()
				case 2, 3:
					tun.Close()
					tun.Close()
				default:
					_, _ = x.Write([]byte("x"))
					_, _ = y.Write([]byte("y"))
					_, _ = x.Close(), y.Close()
				}
			})
			all.Go(func() {
				if i < 2 {
					_, _ = io.Copy(io.Discard, y)
					_ = y.Close()
				}
				tun.Wait()
				_, _ = x.Close(), y.Close()
			})
		}
		all.Wait()
	}
	if n := open(); n != before {
		t.Errorf("%d descriptors are left", n-before)
	}
}
