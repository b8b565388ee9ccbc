package simnet

import (
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/net/nettest"
)

const latency = 10 * time.Millisecond

// pair is two hosts and a connection between them, on a network whose only trait is its latency.
func pair(t *testing.T) (n *Net, a, b *Host, mine, theirs net.Conn) {
	t.Helper()
	n = New(1, Link{Latency: latency})
	a, b = n.Host("10.0.0.1"), n.Host("10.0.0.2")
	l := listen(t, b)
	mine, err := a.DialContext(t.Context(), "10.0.0.2:80")
	if err != nil {
		t.Fatal(err)
	}
	if theirs, err = l.Accept(); err != nil {
		t.Fatal(err)
	}
	return n, a, b, mine, theirs
}

func listen(t *testing.T, h *Host) net.Listener {
	t.Helper()
	l, err := h.Listen("0.0.0.0:80")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

func write(t *testing.T, c net.Conn, text string) {
	t.Helper()
	if n, err := c.Write([]byte(text)); n != len(text) || err != nil {
		t.Fatalf("wrote %d bytes: %v", n, err)
	}
}

// wantRead reads once and wants text after d exactly.
func wantRead(t *testing.T, c net.Conn, text string, d time.Duration) {
	t.Helper()
	began := time.Now()
	b := make([]byte, 100)
	n, err := c.Read(b)
	if took := time.Since(began); err != nil || string(b[:n]) != text || took != d {
		t.Fatalf("read %q, %v after %v; want %q after %v", b[:n], err, took, text, d)
	}
}

func wantError(t *testing.T, c net.Conn, want error) {
	t.Helper()
	if n, err := c.Read(make([]byte, 1)); n != 0 || !errors.Is(err, want) {
		t.Fatalf("read %d bytes, %v; want %v", n, err, want)
	}
}

// The suite of net's own connections, in real time.
func TestConnectionsBehaveAsNetSays(t *testing.T) {
	nettest.TestConn(t, func() (c1, c2 net.Conn, stop func(), err error) {
		n := New(1, Link{Latency: time.Microsecond, Jitter: time.Microsecond})
		a, b := n.Host("10.0.0.1"), n.Host("10.0.0.2")
		l, err := b.Listen(":0")
		if err != nil {
			return nil, nil, nil, err
		}
		if c1, err = a.DialContext(t.Context(), l.Addr().String()); err != nil {
			return nil, nil, nil, err
		}
		c2, err = l.Accept()
		return c1, c2, func() { c1.Close(); c2.Close(); l.Close() }, err
	})
}

func TestLatencyIsExact(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		_, _, _, mine, theirs := pair(t)
		if took := time.Since(began); took != 2*latency {
			t.Errorf("dialling took %v", took)
		}
		if got, want := theirs.RemoteAddr(), mine.LocalAddr(); got.String() != want.String() || theirs.LocalAddr().String() != "10.0.0.2:80" {
			t.Errorf("accepted from %v at %v, dialled by %v", got, theirs.LocalAddr(), want)
		}
		write(t, mine, "ping")
		wantRead(t, theirs, "ping", latency)
		write(t, theirs, "pong")
		wantRead(t, mine, "pong", latency)
	})
}

func TestOrderIsKeptWhateverTheJitter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n, _, _, mine, theirs := pair(t)
		n.SetLink([]string{"10.0.0.1"}, []string{"10.0.0.2"}, Link{Jitter: time.Second, Loss: 0.5})
		go func() {
			for i := range 100 {
				mine.Write([]byte{byte(i)})
			}
			mine.Close()
		}()
		got, err := io.ReadAll(theirs)
		if err != nil || len(got) != 100 {
			t.Fatalf("%d bytes: %v", len(got), err)
		}
		for i, b := range got {
			if int(b) != i {
				t.Fatalf("byte %d is %d", i, b)
			}
		}
	})
}

func TestBandwidth(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n, _, _, mine, theirs := pair(t)
		n.SetLink([]string{"10.0.0.1"}, []string{"10.0.0.2"}, Link{Bandwidth: 10})
		write(t, mine, "hello")
		write(t, mine, "world")
		wantRead(t, theirs, "hello", time.Second/2)
		wantRead(t, theirs, "world", time.Second/2)
	})
}

func TestWriteWaitsForTheReader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, _, _, mine, theirs := pair(t)
		if n, err := mine.Write(make([]byte, window)); n != window || err != nil {
			t.Fatalf("wrote %d: %v", n, err)
		}
		mine.SetWriteDeadline(time.Now().Add(time.Second))
		if n, err := mine.Write([]byte("more")); n != 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Fatalf("wrote %d: %v", n, err)
		}
		mine.SetWriteDeadline(time.Time{})
		go io.CopyN(io.Discard, theirs, window)
		write(t, mine, "more")
		mine.Close()
		synctest.Wait()
		if rest, err := io.ReadAll(theirs); string(rest) != "more" || err != nil {
			t.Fatalf("read %q: %v", rest, err)
		}
	})
}

func TestDeadlines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, _, _, mine, theirs := pair(t)
		began := time.Now()
		mine.SetReadDeadline(began.Add(time.Second))
		wantError(t, mine, os.ErrDeadlineExceeded)
		if took := time.Since(began); took != time.Second {
			t.Errorf("the deadline came after %v", took)
		}
		write(t, theirs, "late")
		time.Sleep(time.Second)
		wantError(t, mine, os.ErrDeadlineExceeded)
		mine.SetReadDeadline(time.Time{})
		wantRead(t, mine, "late", 0)

		go func() {
			time.Sleep(time.Second)
			mine.SetReadDeadline(time.Unix(1, 0)) // as net/http ends a read
		}()
		wantError(t, mine, os.ErrDeadlineExceeded)
	})
}

func TestClosing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, _, _, mine, theirs := pair(t)
		write(t, mine, "last")
		mine.(interface{ CloseWrite() error }).CloseWrite()
		time.Sleep(latency)
		write(t, theirs, "words")
		wantRead(t, theirs, "last", 0)
		wantError(t, theirs, io.EOF)
		wantRead(t, mine, "words", latency)
		mine.Close()
		wantError(t, mine, net.ErrClosed)

		write(t, theirs, "to nobody") // whose kernel says so
		time.Sleep(2*latency + 1)
		if _, err := theirs.Write([]byte("x")); !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("wrote to a closed connection: %v", err)
		}
	})
}

func TestClosingWithUnreadBytesResets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, _, _, mine, theirs := pair(t)
		write(t, theirs, "unread")
		time.Sleep(latency)
		mine.Close()
		wantError(t, theirs, syscall.ECONNRESET)
	})
}

func TestRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := New(1, Link{Latency: latency})
		a, b := n.Host("10.0.0.1"), n.Host("10.0.0.2")
		l := listen(t, b)
		if _, err := b.Listen("10.0.0.2:80"); !errors.Is(err, syscall.EADDRINUSE) {
			t.Errorf("bound twice: %v", err)
		}
		if _, err := b.Listen("10.0.0.1:81"); !errors.Is(err, syscall.EADDRNOTAVAIL) {
			t.Errorf("bound another's address: %v", err)
		}
		l.Close()
		if _, err := l.Accept(); !errors.Is(err, net.ErrClosed) {
			t.Errorf("accepted: %v", err)
		}
		began := time.Now()
		_, err := a.DialContext(t.Context(), "10.0.0.2:80")
		if took := time.Since(began); !errors.Is(err, syscall.ECONNREFUSED) || took != 2*latency {
			t.Errorf("dialled a closed port: %v after %v", err, took)
		}
		if _, err := a.DialContext(t.Context(), "localhost:80"); err == nil || !strings.Contains(err.Error(), "localhost") {
			t.Errorf("dialled a name: %v", err)
		}
	})
}
