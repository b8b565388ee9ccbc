package session

import (
	"context"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/ringside-go/ringside/internal/multiplex"
	"github.com/ringside-go/ringside/internal/network"
)

// overStreams reports whether t is of connections that are streams of a link, as those of clients who come through a router.
func overStreams(t testing.TB) bool { return strings.Contains(t.Name(), "Streams") }

// otherBuffers are tests that streams are not for: these hold a window of each client's bytes, and have no descriptors. What goes beyond the
// window takes a goroutine if nobody polls.
var otherBuffers = []string{"ThrottledClientReadsNoOldTicks", "SlowClientIsClosed", "Descriptors", "TestStreams/SendingAllocatesNothing"}

func testStreams(t *testing.T, of ...map[string]func(*testing.T)) {
	for _, tests := range of {
		for name, test := range tests {
			if !slices.Contains(otherBuffers, name) && !slices.Contains(otherBuffers, t.Name()+"/"+name) {
				t.Run(name, test)
			}
		}
	}
}

// TestStreams runs the tests with connections that are streams of one link, which goroutines read and write.
func TestStreams(t *testing.T) { testStreams(t, socketTests, pipeTests) }

// TestPolledStreams runs those of sockets with streams that are polled.
func TestPolledStreams(t *testing.T) { testStreams(t, socketTests, handTests) }

// overLink makes a link over a connection that l accepts, of which streams are accepted and dialled.
func overLink(t testing.TB, l net.Listener, dial func() net.Conn) (streams net.Listener, open func() net.Conn, end func()) {
	t.Helper()
	accepted := make(chan net.Conn, 1)
	go func() {
		c, err := l.Accept()
		if err != nil {
			t.Error(err)
		}
		accepted <- c
	}()
	ours := dial()
	theirs := <-accepted
	queue := &pipeListener{conns: make(chan net.Conn, 10_000), done: make(chan struct{})}
	near, far := multiplex.New(ours, nil), multiplex.New(theirs, func(s *multiplex.Stream) { queue.conns <- s })
	var running sync.WaitGroup
	running.Go(func() { near.Run(context.Background(), ours, nil) })
	running.Go(func() { far.Run(context.Background(), theirs, nil) })
	open = func() net.Conn {
		s, err := near.Open()
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	return queue, open, func() {
		near.Close()
		far.Close()
		running.Wait()
	}
}

// abort has Close reset a client's connection.
func abort(c net.Conn) {
	if s, ok := c.(*multiplex.Stream); ok {
		_ = s.SetLinger(0)
		return
	}
	_ = network.TCP(c).SetLinger(0)
}

// beneath is a client's socket, or its stream.
func beneath(c net.Conn) net.Conn {
	if tcp := network.TCP(c); tcp != nil {
		return tcp
	}
	return c
}

// setReadBuffer bounds what the kernel holds for a client. That of a stream is bounded.
func setReadBuffer(c net.Conn, n int) error {
	if tcp := network.TCP(c); tcp != nil {
		return tcp.SetReadBuffer(n)
	}
	return nil
}
