package network

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"sync"
	"syscall"
	"testing"
	"time"
)

// pair is both ends of a TCP connection, raw.
func pair(t *testing.T) (a, b net.Conn) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	dialled, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	accepted, err := listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	a, b = Raw(dialled), Raw(accepted)
	t.Cleanup(func() { _, _ = a.Close(), b.Close() })
	return a, b
}

func TestRawCarriesBothWays(t *testing.T) {
	a, b := pair(t)
	var all sync.WaitGroup
	defer all.Wait()
	for _, way := range []struct{ from, to net.Conn }{{a, b}, {b, a}} {
		sent := make([]byte, 8<<20) // more than the kernel holds, so that writes have to wait
		rand.NewChaCha8([32]byte{1}).Read(sent)
		all.Go(func() {
			if n, err := way.from.Write(sent); n != len(sent) || err != nil {
				t.Errorf("wrote %d of %d bytes, %v", n, len(sent), err)
			}
			if err := way.from.(interface{ CloseWrite() error }).CloseWrite(); err != nil {
				t.Error(err)
			}
		})
		all.Go(func() {
			got, err := io.ReadAll(struct{ io.Reader }{way.to}) // without WriteTo
			if err != nil || !bytes.Equal(got, sent) {
				t.Errorf("read %d bytes, %v; want the %d that were sent", len(got), err, len(sent))
			}
		})
	}
}

func TestRawDeadlines(t *testing.T) {
	a, b := pair(t)
	check := func(what string, n int, err error) {
		t.Helper()
		var timeout net.Error
		if !errors.Is(err, os.ErrDeadlineExceeded) || !errors.As(err, &timeout) || !timeout.Timeout() {
			t.Errorf("%s: %d bytes, %v; want a timeout", what, n, err)
		}
	}
	_ = a.SetDeadline(time.Now().Add(-time.Second))
	n, err := a.Read(make([]byte, 1))
	check("a read after its deadline", n, err)
	n, err = a.Write(make([]byte, 1))
	check("a write after its deadline", n, err)
	_ = a.SetDeadline(time.Now().Add(20 * time.Millisecond))
	n, err = a.Read(make([]byte, 1))
	check("a read that waits", n, err)

	_ = a.SetDeadline(time.Time{})
	type result struct {
		n   int
		err error
	}
	done := make(chan result)
	go func() {
		n, err := a.Write(make([]byte, 64<<20)) // more than the kernel holds
		done <- result{n, err}
	}()
	if _, err := b.Read(make([]byte, 1)); err != nil { // so it has begun
		t.Fatal(err)
	}
	_ = a.SetDeadline(time.Now())
	r := <-done
	check("a write that waits", r.n, r.err)
	if r.n == 0 {
		t.Error("a write that ran out of time says that nothing was sent")
	}
}

func TestRawEnds(t *testing.T) {
	for range 50 { // most of the reads wait when the connection is closed, and some have not begun
		a, b := pair(t)
		begun, done := make(chan struct{}), make(chan error)
		go func() {
			close(begun)
			_, err := a.Read(make([]byte, 1))
			done <- err
		}()
		<-begun
		_ = a.Close()
		if err := <-done; !errors.Is(err, net.ErrClosed) {
			t.Errorf("a read ends with %v when its connection is closed; want %v", err, net.ErrClosed)
		}
		if n, err := b.Read(make([]byte, 1)); n != 0 || err != io.EOF {
			t.Errorf("the other side reads %d bytes, %v; want the end", n, err)
		}
		if _, err := a.Write([]byte("x")); !errors.Is(err, net.ErrClosed) {
			t.Errorf("a write after the close ends with %v; want %v", err, net.ErrClosed)
		}
	}
}

func TestRawReset(t *testing.T) {
	a, b := pair(t)
	if _, err := b.Write([]byte("unread, so that the close is a reset")); err != nil {
		t.Fatal(err)
	}
	if err := a.(interface{ SetLinger(int) error }).SetLinger(0); err != nil {
		t.Fatal(err)
	}
	_ = a.Close()
	_, err := b.Read(make([]byte, 1))
	var op *net.OpError
	if !errors.Is(err, syscall.ECONNRESET) || !errors.As(err, &op) || op.Op != "read" {
		t.Errorf("a read of a reset connection ends with %v; want %v", err, syscall.ECONNRESET)
	}
	_, err = b.Write([]byte("x"))
	if !errors.Is(err, syscall.EPIPE) && !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("a write to a reset connection ends with %v; want %v", err, syscall.EPIPE)
	}
}

func TestRawLeavesOtherConnections(t *testing.T) {
	a, b := net.Pipe()
	defer b.Close()
	defer a.Close()
	if Raw(a) != a {
		t.Error("what is no TCP connection was wrapped")
	}
}
