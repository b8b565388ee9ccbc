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
	"testing"
	"time"

	"go.uber.org/goleak"

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

// kinds are the tunnels that there are.
var kinds = map[string]struct{ client, server bool }{
	"plain": {false, false}, "TLS of clients": {true, false}, "TLS to servers": {false, true}, "both": {true, true},
}

// tunnel gives the far ends of a tunnel.
func tunnel(t *testing.T, l *Loops, client, server bool, fromClient, fromServer string) (x, y net.Conn, tun *Tunnel) {
	t.Helper()
	a, x := pair(t, client, true)
	b, y := pair(t, server, false)
	if tun = l.Relay(a, b, []byte(fromClient), []byte(fromServer)); tun == nil {
		t.Fatal("the sockets cannot be polled")
	}
	t.Cleanup(tun.Close)
	return x, y, tun
}

func each(t *testing.T, f func(t *testing.T, l *Loops, client, server bool)) {
	for name, kind := range kinds {
		t.Run(name, func(t *testing.T) { f(t, running(t), kind.client, kind.server) })
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
	each(t, func(t *testing.T, l *Loops, client, server bool) {
		x, y, tun := tunnel(t, l, client, server, "up-", "down-")
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
	each(t, func(t *testing.T, l *Loops, client, server bool) {
		x, y, tun := tunnel(t, l, client, server, "", "")
		_, _ = x.Write([]byte("last words"))
		_ = x.(interface{ CloseWrite() error }).CloseWrite()
		if b, err := io.ReadAll(y); string(b) != "last words" || err != nil {
			t.Fatalf("read %q, %v", b, err)
		}
		_, _ = y.Write([]byte("answer"))
		read(t, x, "answer")
		tun.loop.check(time.Now().Unix())
		select {
		case <-tun.done:
			t.Fatal("closed at once")
		default:
		}
		tun.loop.check(time.Now().Add(linger + time.Second).Unix())
		tun.Wait()
		if b, err := io.ReadAll(x); len(b) != 0 || err != nil {
			t.Errorf("read %q, %v", b, err)
		}
	})
}

// A reset, and damaged TLS, end both sides.
func TestErrorEndsBoth(t *testing.T) {
	each(t, func(t *testing.T, l *Loops, client, server bool) {
		for _, end := range []func(c net.Conn){
			func(c net.Conn) { _, _ = network.TCP(c).SetLinger(0), network.TCP(c).Close() },
			func(c net.Conn) {
				if _, ok := c.(*tls.Conn); ok {
					_, _ = network.TCP(c).Write([]byte("GET / HTTP/1.1\r\n\r\n"))
				} else {
					_, _ = network.TCP(c).SetLinger(0), c.Close()
				}
			},
		} {
			for _, atClient := range []bool{true, false} {
				x, y, tun := tunnel(t, l, client, server, "", "")
				if !atClient {
					x, y = y, x
				}
				end(x)
				tun.Wait()
				_ = y.SetReadDeadline(time.Now().Add(10 * time.Second))
				if b, err := io.ReadAll(y); len(b) != 0 || os.IsTimeout(err) {
					t.Errorf("read %q, %v", b, err)
				}
			}
		}
	})
}

// A side that sends nothing for idle ends the tunnel.
func TestIdle(t *testing.T) {
	each(t, func(t *testing.T, l *Loops, client, server bool) {
		_, y, tun := tunnel(t, l, client, server, "", "")
		tun.loop.check(time.Now().Add(idle - 5*time.Second).Unix())
		if tun.closed {
			t.Fatal("closed too early")
		}
		tun.loop.check(time.Now().Add(idle + 2*time.Second).Unix())
		tun.Wait()
		if b, err := io.ReadAll(y); len(b) != 0 || err != nil {
			t.Errorf("read %q, %v", b, err)
		}
	})
}

// A side that takes nothing stops the other one, and costs no more than is read at once.
func TestBackPressure(t *testing.T) {
	each(t, func(t *testing.T, l *Loops, client, server bool) {
		x, y, tun := tunnel(t, l, client, server, "", "")
		var writer sync.WaitGroup
		writer.Go(func() {
			for err := error(nil); err == nil; {
				_, err = x.Write(make([]byte, 1<<16))
			}
		})
		held := func() int {
			tun.mu.Lock()
			defer tun.mu.Unlock()
			if e := tun.ends[1]; e.beneath != nil {
				return e.beneath.Unsent()
			} else {
				return len(e.out)
			}
		}
		for limit := time.Now().Add(10 * time.Second); held() == 0; time.Sleep(time.Millisecond) {
			if time.Now().After(limit) {
				t.Fatal("all is taken")
			}
		}
		if n, limit := held(), len(scratch{}.plain)*11/10; n > limit {
			t.Errorf("%d bytes are held, want at most %d", n, limit)
		}
		_, _ = y.Write([]byte("the other way goes on"))
		read(t, x, "the other way goes on")
		tun.Close()
		writer.Wait()
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
	l := running(t)
	for _, one := range l.loops {
		if err := one.open(); err != nil {
			t.Fatal(err)
		}
	}
	before := open()
	for range 20 {
		var all sync.WaitGroup
		for i := range 8 {
			x, y, tun := tunnel(t, l, i&1 != 0, i&2 != 0, "a", "b")
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

// What is no socket is left to others.
func TestPipesAreRefused(t *testing.T) {
	l := running(t)
	a, b := net.Pipe()
	ours, _ := pair(t, false, false)
	if l.Relay(a, b, nil, nil) != nil || l.Relay(ours, b, nil, nil) != nil || l.Relay(tls.Client(ours, testTLS()), ours, nil, nil) != nil {
		t.Error("they are taken")
	}
	_, _ = a.Close(), b.Close()
}

// translating is a connection that wraps a socket and reads something else, as that of a client that speaks JSON.
type translating struct{ net.Conn }

func (c translating) NetConn() net.Conn { return c.Conn }

// A connection that translates is not taken: its socket's bytes are not what it reads.
func TestTranslatingConnectionsAreRefused(t *testing.T) {
	l := running(t)
	a, _ := pair(t, false, false)
	b, _ := pair(t, false, false)
	if l.Relay(translating{a}, b, nil, nil) != nil || l.Relay(b, translating{a}, nil, nil) != nil {
		t.Error("it is taken")
	}
}
