package tunnel

import (
	"io"
	"net"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// ends builds a relay between two pipes and gives their far ends, and a channel that is closed when the relay has ended.
func ends(pendingUp, pendingDown string) (client, server net.Conn, done chan struct{}) {
	client, c := net.Pipe()
	server, s := net.Pipe()
	done = make(chan struct{})
	go func() {
		defer close(done)
		relayBoth(&stream{c, []byte(pendingUp)}, &stream{s, []byte(pendingDown)})
		_ = c.Close()
		_ = s.Close()
	}()
	return client, server, done
}

func read(t *testing.T, c net.Conn, want string) {
	t.Helper()
	b := make([]byte, len(want))
	if _, err := io.ReadFull(c, b); err != nil || string(b) != want {
		t.Fatalf("read %q, %v; want %q", b, err, want)
	}
}

func TestRelayPassesOnWhatIsPendingFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, server, done := ends("up-", "down-")
		go func() {
			_, _ = client.Write([]byte("more"))
			_, _ = server.Write([]byte("more"))
		}()
		read(t, server, "up-more")
		read(t, client, "down-more")
		_ = client.Close()
		<-done
	})
}

// every writes to c once a second, half a second after the full one, until it cannot.
func every(wg *sync.WaitGroup, c net.Conn) {
	wg.Go(func() {
		time.Sleep(time.Second / 2)
		for {
			if _, err := c.Write([]byte("message")); err != nil {
				return
			}
			time.Sleep(time.Second)
		}
	})
}

// take reads from c until it ends.
func take(wg *sync.WaitGroup, c net.Conn) {
	wg.Go(func() { _, _ = io.Copy(io.Discard, c) })
}

func TestRelayEndsWhenNothingComes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var wg sync.WaitGroup
		defer wg.Wait()
		start := time.Now()
		client, server, done := ends("", "")
		every(&wg, server) // a server that speaks keeps its own direction only
		take(&wg, client)
		<-done
		if took := time.Since(start); took != relayIdle {
			t.Errorf("the silent client is cut off after %v; want %v", took, relayIdle)
		}
	})
}

func TestRelayEndsWhenNothingIsTaken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var wg sync.WaitGroup
		defer wg.Wait()
		start := time.Now()
		client, server, done := ends("", "frame")
		every(&wg, client)
		take(&wg, server)
		<-done
		if took := time.Since(start); took != relayIdle {
			t.Errorf("the client that takes nothing is cut off after %v; want %v", took, relayIdle)
		}
	})
}

func TestRelayGoesOnWhileBothSpeak(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var wg sync.WaitGroup
		defer wg.Wait()
		client, server, done := ends("", "")
		for _, c := range []net.Conn{client, server} {
			every(&wg, c)
			take(&wg, c)
		}
		select {
		case <-done:
			t.Error("the relay ended")
		case <-time.After(100 * relayIdle):
		}
		_ = client.Close()
		<-done
	})
}

// halfPipe is a pipe's end that can say that it has no more to send.
type halfPipe struct {
	net.Conn
	closed chan struct{}
}

func (h *halfPipe) CloseWrite() error { close(h.closed); return nil }

func TestRelayPassesOnTheEndOfOneDirection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, c := net.Pipe()
		server, s := net.Pipe()
		half := &halfPipe{c, make(chan struct{})}
		done := make(chan struct{})
		start := time.Now()
		go func() {
			defer close(done)
			relayBoth(&stream{half, nil}, &stream{s, nil})
		}()
		_ = server.Close()
		<-half.closed
		if time.Since(start) != 0 {
			t.Errorf("the client hears of the end after %v", time.Since(start))
		}
		<-done // though the client never closes its end
		if took := time.Since(start); took != relayLinger {
			t.Errorf("the other direction goes on for %v; want %v", took, relayLinger)
		}
		_ = client.Close()
	})
}
