//go:build linux

package session

import (
	"bytes"
	"errors"
	"io"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/ringside-go/ringside/proto"
)

// byHand serves sockets that are polled only where a test calls testAdmission.tick.
func byHand(t testing.TB) *setup { return listen(t, func(c *Config) { c.Poll = true }) }

func (c *Conn) isPolled() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.socket != nil
}

// enterPolled is enter, and waits until the connection is handed over.
func (s *setup) enterPolled() (*client, *testOccupant) {
	s.t.Helper()
	c, g := s.enter()
	eventually(s.t, "handed over", g.conn.isPolled)
	return c, g
}

// until ticks until ok.
func (s *setup) until(what string, ok func() bool) {
	s.t.Helper()
	eventually(s.t, what, func() bool {
		s.admission.tick()
		return ok()
	})
}

// gone closes the client's side and ticks until nothing is left of the connection.
func (s *setup) gone(c *client, g *testOccupant) {
	s.t.Helper()
	_ = c.conn.Close()
	s.until("gone", func() bool { return s.server.Connections() == 0 && g.noted() != "" })
}

func TestPolledRecords(t *testing.T) {
	s := byHand(t)
	c, g := s.enterPolled()
	c.message(input(1), custom("a"))
	c.message(proto.AppendRecord(nil, 0x7f, nil), input(2))
	parts := masked(finBit|opBinary, input(3))
	for i := range parts { // a byte at a tick
		c.send(parts[i : i+1])
		s.admission.tick()
	}
	if got := g.noted(); strings.Contains(got, "lost") {
		t.Fatalf("occupant noted %q", got)
	}
	c.send(append(masked(opBinary, input(4)), masked(finBit, custom("b"))...))
	c.message(proto.Leave{}.Append(nil), custom("too late"))
	s.until("left", func() bool { return strings.HasSuffix(g.noted(), "leave") })
	c.closeFrame(proto.CloseLeft)
	if got := g.noted(); got != "input:1 custom:a input:2 input:3 input:4 custom:b leave" {
		t.Errorf("occupant noted %q", got)
	}
	s.gone(c, g)
}

// What comes behind the hello at once, the last frame of it cut, is neither lost nor read twice.
func TestHandOverKeepsWhatWasRead(t *testing.T) {
	s := byHand(t)
	for cut := range 12 {
		c := s.connect()
		b := append(masked(finBit|opBinary, helloRecord), masked(finBit|opBinary, input(1))...)
		half := masked(finBit|opBinary, input(2))
		c.send(append(b, half[:cut]...))
		g := <-s.admission.entered
		eventually(t, "handed over", g.conn.isPolled)
		c.send(append(half[cut:], masked(finBit|opBinary, input(3))...))
		s.until("all inputs", func() bool { return g.noted() == "input:1 input:2 input:3" })
		_ = c.conn.Close()
	}
	s.until("gone", func() bool { return s.server.Connections() == 0 })
}

// stamped waits until the kernel says when bytes came, which it begins to do some time after it was asked to.
func (s *setup) stamped(c *client, g *testOccupant) {
	s.until("times of arrival", func() bool {
		sent := time.Now()
		c.message(input(1))
		eventually(s.t, "1 ms passes", func() bool { return time.Since(sent) > time.Millisecond })
		s.admission.tick()
		g.mu.Lock()
		defer g.mu.Unlock()
		return g.arrived.Before(sent.Add(time.Millisecond))
	})
}

// A ping's answer goes with the tick, and the time that it waited for it is taken off the round trip.
func TestPolledPing(t *testing.T) {
	s := byHand(t)
	c, g := s.enterPolled()
	s.stamped(c, g)
	sent := time.Now()
	c.message(proto.Ping{Micros: 1_000_000}.Append(nil))
	c.send(masked(finBit|opPing, []byte("echo me")))
	gone := time.Now()
	eventually(t, "20 ms pass", func() bool { return time.Since(gone) > 20*time.Millisecond })
	ticked := time.Now()
	s.admission.tick()
	k, body := c.record()
	p, err := proto.ParsePong(body)
	held := time.Duration(p.Micros-1_000_000) * time.Microsecond
	if k != proto.KindPong || err != nil || held < 10*time.Millisecond || held > time.Since(sent) ||
		p.Server < uint64(ticked.UnixMicro()) || p.Server > uint64(time.Now().UnixMicro()) {
		t.Errorf("%#x %+v %v: held %v", k, p, err, held)
	}
	if f := c.frame(); f.op != opPong || string(f.payload) != "echo me" {
		t.Errorf("ping answered with %+v", f)
	}
	s.gone(c, g)
}

// The time of an input is that of its arrival in the kernel.
func TestPolledArrival(t *testing.T) {
	s := byHand(t)
	c, g := s.enterPolled()
	s.stamped(c, g)
	sent := time.Now()
	c.message(input(2))
	gone := time.Now()
	eventually(t, "20 ms pass", func() bool { return time.Since(gone) > 20*time.Millisecond })
	s.until("read", func() bool { return strings.HasSuffix(g.noted(), "input:2") })
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.arrived.Before(sent.Add(-time.Millisecond)) || g.arrived.After(gone.Add(10*time.Millisecond)) {
		t.Errorf("arrived %v after it was sent", g.arrived.Sub(sent))
	}
}

func TestPolledBadInput(t *testing.T) {
	s := byHand(t)
	for _, b := range bad {
		if !b.hello {
			continue
		}
		t.Run(b.name, func(t *testing.T) {
			before := s.closedBy(b.code)
			other, unharmed := s.enterPolled()
			c, g := s.enterPolled()
			c.send(b.send)
			s.until("lost", func() bool { return g.noted() == "lost" })
			if text := c.closed(b.code); !strings.Contains(text, b.text) {
				t.Errorf("text is %q, want %q", text, b.text)
			}
			if err := c.end(); err != io.EOF {
				t.Errorf("reading ends with %v", err)
			}
			_ = c.conn.Close()
			if n := s.closedBy(b.code) - before; n != 1 {
				t.Errorf("closed %d", n)
			}
			other.message(input(1))
			s.until("the other is served", func() bool { return unharmed.noted() == "input:1" })
			s.gone(other, unharmed)
		})
	}
}

func TestPolledClientCloses(t *testing.T) {
	for _, payload := range []string{"", "\x03\xe8bye", "\x0f\xa0left"} {
		s := byHand(t)
		c, g := s.enterPolled()
		c.send(masked(finBit|opClose, []byte(payload)))
		s.until("lost", func() bool { return g.noted() == "lost" })
		if f := c.frame(); f.op != opClose || string(f.payload) != payload[:min(len(payload), 2)] {
			t.Errorf("close %q was answered with %+v", payload, f)
		}
		if err := c.end(); err != io.EOF {
			t.Errorf("reading ends with %v", err)
		}
		s.gone(c, g)
	}
}

// The client's half of the connection is closed, without a word.
func TestPolledHalfClosed(t *testing.T) {
	s := byHand(t)
	c, g := s.enterPolled()
	c.message(input(1))
	_ = c.conn.(interface{ CloseWrite() error }).CloseWrite()
	s.until("lost", func() bool { return g.noted() == "input:1 lost" && s.server.Connections() == 0 })
}

func TestPolledSilence(t *testing.T) {
	s := byHand(t)
	c, g := s.enterPolled()
	silentFor := func(d time.Duration) {
		g.conn.reading.Lock()
		g.conn.lastRead = time.Now().Add(-d)
		g.conn.reading.Unlock()
		s.admission.tick()
	}
	silentFor(proto.SilenceTimeout - time.Second)
	if !g.conn.isPolled() {
		t.Fatal("closed too early")
	}
	silentFor(proto.SilenceTimeout)
	c.closed(proto.CloseSilent)
	s.gone(c, g)
}

// A client that takes nothing for SlowClientTimeout is closed; taking a little counts.
func TestPolledSlowClient(t *testing.T) {
	s := byHand(t)
	c, g := s.enterPolled()
	c.narrow()
	pending := func() int {
		g.conn.mu.Lock()
		defer g.conn.mu.Unlock()
		return g.conn.out.load()
	}
	due := func(move time.Duration) time.Duration {
		g.conn.mu.Lock()
		defer g.conn.mu.Unlock()
		if g.conn.takeBy = g.conn.takeBy.Add(move); g.conn.takeBy.IsZero() {
			return 0
		}
		return time.Until(g.conn.takeBy)
	}
	g.conn.QueueKeyframe(nil, nil)
	for pending() < 56<<10 {
		g.conn.QueueFrame(nil, make([]byte, 4000))
		g.conn.Flush()
	}
	if d := due(0); d <= 0 || d > proto.SlowClientTimeout {
		t.Fatalf("to be closed in %v", d)
	}
	due(-proto.SlowClientTimeout + time.Second)
	s.until("it takes a little", func() bool {
		c.frame()
		return due(0) > time.Second
	})
	due(-2 * proto.SlowClientTimeout)
	if pending() == 0 {
		t.Fatal("it has taken all")
	}
	s.until("closed", func() bool { return s.server.Connections() == 0 && g.noted() == "lost" })
	if s.closedBy(proto.CloseSlow) != 1 {
		t.Errorf("%d closed as slow", s.closedBy(proto.CloseSlow))
	}
	if err := c.end(); !errors.Is(err, unix.ECONNRESET) {
		t.Errorf("reading ends with %v, want a reset", err)
	}
}

// Poll, Flush and Close from many goroutines, and the client's close, in all orders.
func TestPolledCloseFromBothSides(t *testing.T) {
	s := byHand(t)
	for round := range 50 {
		c, g := s.enterPolled()
		var wg sync.WaitGroup
		for _, act := range []func(){
			func() { g.conn.Poll(&s.admission.poller) }, g.conn.Flush, s.admission.tick,
			func() { g.conn.QueueEvent([]byte("event")); g.conn.Flush() },
			func() { g.conn.Close(proto.CloseEnded, "") },
			func() { g.conn.Close(proto.CloseReplaced, "") },
			func() { _, _ = c.conn.Write(masked(finBit|opBinary, input(1))) },
			func() {
				if round%2 == 0 {
					_ = c.conn.(interface{ CloseWrite() error }).CloseWrite()
				} else {
					_, _ = c.conn.Write(masked(finBit|opClose, nil))
				}
			},
		} {
			wg.Go(act)
		}
		wg.Wait()
		_ = c.end()
		_ = c.conn.Close()
		s.until("lost", func() bool { return strings.HasSuffix(g.noted(), "lost") && s.server.Connections() == 0 })
		if n := strings.Count(g.noted(), "lost"); n != 1 {
			t.Fatalf("lost %d times", n)
		}
	}
}

// openFiles is how many descriptors this process has.
func openFiles(t *testing.T) int {
	files, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(files)
}

// Whatever way connections end, no descriptor is left over, and none is closed twice: the others go on.
func TestPolledDescriptors(t *testing.T) {
	s := byHand(t)
	stays, unharmed := s.enterPolled()
	s.until("the handshake is over, and the poller is there", func() bool { return idle(unharmed.conn) && unharmed.conn.watch.Asleep() })
	before := openFiles(t)
	for round := range 20 {
		var clients []*client
		var occupants []*testOccupant
		for range 8 {
			c, g := s.enterPolled()
			clients, occupants = append(clients, c), append(occupants, g)
		}
		if n := openFiles(t); n != before+2*len(clients) {
			t.Fatalf("%d descriptors for %d connections", n-before, len(clients))
		}
		for i, c := range clients {
			switch (i + round) % 4 {
			case 0:
				occupants[i].conn.Close(proto.CloseEnded, "")
				occupants[i].conn.Close(proto.CloseEnded, "")
				_ = c.end()
			case 1:
				c.send(masked(finBit|opClose, nil))
				s.until("answered", func() bool { return occupants[i].noted() == "lost" })
				_ = c.end()
			case 2:
				abort(c.conn)
			case 3:
				c.send([]byte{0x82, 0xff, 255, 255, 255, 255, 255, 255, 255, 255, 0, 0, 0, 0})
			}
			_ = c.conn.Close()
		}
		s.until("all are gone", func() bool { return s.server.Connections() == 1 })
		if n := openFiles(t); n != before {
			t.Fatalf("%d descriptors are left", n-before)
		}
	}
	stays.message(input(1))
	s.until("the one that stays is served", func() bool { return unharmed.noted() == "input:1" })
}

// A socket that cannot be taken back, as when there are no descriptors left, ends without a word, and is not kept.
func TestTakeBackFails(t *testing.T) {
	s := byHand(t)
	c, g := s.enterPolled()
	g.conn.mu.Lock()
	lost := func(d *descriptor) {
		_ = unix.Close(int(*d))
		*d = 1 << 20
	}
	switch socket := g.conn.socket.(type) {
	case descriptor:
		lost(&socket)
		g.conn.socket = socket
	case *secure:
		lost(&socket.descriptor)
	}
	g.conn.mu.Unlock()
	g.conn.Close(proto.CloseEnded, "")
	if err := c.end(); err != io.EOF {
		t.Errorf("reading ends with %v", err)
	}
	s.until("gone", func() bool { return s.server.Connections() == 0 && g.noted() == "lost" })
	if g.conn.QueueEvent(nil) {
		t.Error("it takes events still")
	}
}

// Stopping the server closes clients that nobody polls any more.
func TestPolledStop(t *testing.T) {
	s := byHand(t)
	c, g := s.enterPolled()
	done := make(chan struct{})
	go func() {
		defer close(done)
		c.closed(proto.CloseStopping)
		_ = c.conn.Close()
	}()
	s.stop()
	<-done
	if g.noted() != "lost" || s.server.Connections() != 0 {
		t.Errorf("occupant noted %q, %d connections", g.noted(), s.server.Connections())
	}
}

// More than the buffer holds is read at once; much more waits for the next tick.
func TestPolledFlood(t *testing.T) {
	s := byHand(t)
	c, g := s.enterPolled()
	const n = 20 // of 8 KB: under the burst
	frame := masked(finBit|opBinary, proto.AppendRecord(nil, 0x7f, bytes.Repeat([]byte{1}, proto.MaxClientMessage-10)))
	var wg sync.WaitGroup
	wg.Go(func() {
		for range n {
			c.send(frame)
		}
		c.message(custom("last"))
	})
	s.until("all is read", func() bool { return g.noted() == "custom:last" })
	wg.Wait()
	s.gone(c, g)
}

func TestPollingAllocatesNothing(t *testing.T) {
	if raceEnabled {
		t.Skip("sync.Pool drops buffers under the race detector")
	}
	s := byHand(t)
	c, g := s.enterPolled()
	c.discard()
	got := 0
	g.input = func(proto.Input) error { got++; return nil }
	b := masked(finBit|opBinary, append(input(1), proto.Ping{}.Append(nil)...))
	sent := 0
	tick := func() {
		if sent%250 == 249 {
			g.conn.reading.Lock()
			g.conn.rate = rate{} // faster than a client may be
			g.conn.reading.Unlock()
		}
		if _, err := c.conn.Write(b); err != nil {
			t.Fatal(err)
		}
		for sent++; got < sent; runtime.Gosched() { // goroutines of a link deliver
			s.admission.tick()
		}
	}
	tick()
	if n := testing.AllocsPerRun(500, tick); n != allocsOfRecord(t) {
		t.Errorf("%v allocations a tick", n)
	}
}

func TestPolledInputsCarryTheRoundTrip(t *testing.T) {
	s := byHand(t)
	c, g := s.enterPolled()
	pingBeforeWelcome(t, c, g)
	begun := time.Now()
	eventually(t, "20 ms pass", func() bool { return time.Since(begun) > 20*time.Millisecond })
	c.send(masked(finBit|opPong, c.pings[0]))
	c.message(proto.Input{First: 1, Count: 1, Samples: []byte{0}}.Append(nil))
	s.until("the input is there", func() bool { return g.trip() > 0 })
	if g.trip() < 20*time.Millisecond {
		t.Errorf("the round trip is %v, less than what the client took", g.trip())
	}
}
