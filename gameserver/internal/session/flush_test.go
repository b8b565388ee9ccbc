package session

import (
	"bytes"
	"encoding/binary"
	"io"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/ringside-go/ringside/proto"
)

// feed is what a room sends to one client: keyframe b is followed by deltas 1, 2, ... of b.
type feed struct {
	conn        *Conn
	base, index uint32
	stale       bool
	events      uint32
}

// payload is one of 'k', 'd' or 'e', two numbers, and bytes that depend on the second.
func payload(kind byte, base, index uint32, n int) []byte {
	b := append(make([]byte, 0, n+9), kind)
	b = binary.BigEndian.AppendUint32(b, base)
	b = binary.BigEndian.AppendUint32(b, index)
	return append(b, bytes.Repeat([]byte{byte(index)}, n)...)
}

func (f *feed) tick(n int) {
	if f.stale || f.base == 0 {
		if f.conn.QueueKeyframe(payload('k', f.base+1, 0, n), nil) {
			f.base, f.index, f.stale = f.base+1, 0, false
		}
	} else if f.conn.QueueFrame(payload('d', f.base, f.index+1, n), nil) {
		f.index++
	} else {
		f.stale = true
	}
	f.conn.Flush()
}

func (f *feed) event() bool {
	if !f.conn.QueueEvent(payload('e', 0, f.events+1, 0)) {
		return false
	}
	f.events++
	f.conn.Flush()
	return true
}

// follower checks what a feed's client receives.
type follower struct {
	base, index, events uint32
	frames              int
}

func (f *follower) take(t testing.TB, p []byte) {
	t.Helper()
	base, index := binary.BigEndian.Uint32(p[1:]), binary.BigEndian.Uint32(p[5:])
	f.frames++
	switch {
	case p[0] == 'k' && base > f.base && index == 0:
		f.base, f.index = base, 0
	case p[0] == 'd' && base == f.base && index == f.index+1:
		f.index++
	case p[0] == 'e' && index == f.events+1:
		f.events++
	default:
		t.Fatalf("%c %d %d came behind keyframe %d, delta %d, event %d", p[0], base, index, f.base, f.index, f.events)
	}
	if !bytes.Equal(p[9:], bytes.Repeat([]byte{byte(index)}, len(p)-9)) {
		t.Fatalf("%c %d %d is damaged", p[0], base, index)
	}
}

// narrow makes the client's kernel hold little; with less than this it sends as little as once in 0.2 s.
func (c *client) narrow() *client {
	if err := setReadBuffer(c.conn, 32<<10); err != nil {
		c.t.Fatal(err)
	}
	return c
}

func (s *setup) drops() int { return int(testutil.ToFloat64(s.server.config.Metrics.OutboxDrops)) }

// A client stalls until its outbox overflows, again and again, pinging in two ways meanwhile: every frame that it reads
// is whole, pongs and events come complete and in order, and deltas without a gap behind a keyframe.
func TestFramesStayWhole(t *testing.T) {
	s := overTCP(t, nil)
	c, g := s.enter()
	c.narrow()
	const pings = 100
	var wg sync.WaitGroup
	defer wg.Wait()
	wg.Go(func() {
		for i := range pings {
			c.send(masked(finBit|0x9, []byte{byte(i)}))
			c.message(proto.Ping{Micros: uint64(i) << 32}.Append(nil))
		}
	})
	room := &feed{conn: g.conn}
	const overflows = 3
	done := make(chan struct{})
	wg.Go(func() {
		defer close(done)
		for room.base <= overflows && !t.Failed() {
			room.tick(1000 + int(room.index%700))
			if !room.stale && room.index%512 == 0 && !room.event() {
				t.Error("event refused")
			}
		}
	})
	var f follower
	control, records := 0, 0
	read := func() {
		switch m := c.frame(); {
		case m.op == 0xa:
			if len(m.payload) != 1 || m.payload[0] != byte(control) {
				t.Fatalf("pong %d is %x", control, m.payload)
			}
			control++
		case m.op == opBinary && m.payload[0] == byte(proto.KindPong):
			_, body, _, _ := proto.NextRecord(m.payload)
			if p, err := proto.ParsePong(body); err != nil || p.Micros>>32 != uint64(records) {
				t.Fatalf("pong record %d is %+v %v", records, p, err)
			}
			records++
		default:
			f.take(t, m.payload)
		}
	}
	for n := 1; n <= overflows; n++ { // stall, then catch up
		eventually(t, "overflow", func() bool { return s.drops() >= n })
		for int(f.base) <= n {
			read()
		}
	}
	<-done
	for f.base != room.base || f.index != room.index || f.events != room.events || control < pings || records < pings {
		read()
	}
	if s.drops() != overflows || f.events < overflows {
		t.Errorf("%d overflows, %d events came", s.drops(), f.events)
	}
	eventually(t, "the outbox is idle", func() bool {
		g.conn.mu.Lock()
		defer g.conn.mu.Unlock()
		return g.conn.out.drained() && !g.conn.draining
	})
}

// One client never reads. The ticks go on without waiting for it, the others get every frame, and what it holds is
// bounded.
func TestClientThatNeverReads(t *testing.T) {
	s := overTCP(t, nil)
	stuck, g := s.enter()
	stuck.narrow()
	rooms := []*feed{{conn: g.conn}}
	const others, ticks = 4, 2000
	var wg sync.WaitGroup
	for range others {
		c, g := s.enter()
		eventually(t, "the first tick's keyframe can be queued", func() bool { return idle(g.conn) })
		rooms = append(rooms, &feed{conn: g.conn})
		wg.Go(func() {
			var f follower
			for f.frames < ticks {
				f.take(t, c.frame().payload)
			}
			if f.base != 1 || f.index != ticks-1 {
				t.Errorf("another client ends at delta %d of keyframe %d", f.index, f.base)
			}
		})
	}
	most := 0
	for range ticks {
		for i, room := range rooms {
			if i == 0 {
				most = max(most, g.conn.held())
			} else { // as a room would, wait for the others: their readers share the machine with this test
				eventually(t, "the other client keeps up", func() bool {
					room.conn.mu.Lock()
					defer room.conn.mu.Unlock()
					return room.conn.out.load() < 32<<10
				})
			}
			room.tick(1000)
		}
	}
	wg.Wait()
	if bound := s.server.config.OutboxBytes; most < bound || most > 2*bound || s.drops() == 0 {
		t.Errorf("%d bytes held with a bound of %d, %d drops", most, bound, s.drops())
	}
}

// held is the bytes that c's outbox has allocated.
func (c *Conn) held() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.out.drained() {
		return 0
	}
	return cap(c.out.pending.bytes)
}

// A client that takes nothing for SlowClientTimeout is closed, and not before; taking a little counts.
func TestSlowClientIsClosed(t *testing.T) {
	bubble(t, nil, func(t *testing.T, s *setup) {
		c, g := s.enter()
		synctest.Wait() // the first ping is queued before the first tick
		room := &feed{conn: g.conn}
		alive := func(d time.Duration) { // between the seconds: the server closes on one
			for end := time.Now().Add(d); time.Now().Before(end); time.Sleep(time.Second / 2) {
				time.Sleep(time.Second / 2)
				c.message(input(1))
			}
		}
		room.tick(3000)
		alive(9 * time.Second)
		c.frame()
		synctest.Wait()
		for range 5 { // 10 KB: more than is taken at once
			room.tick(2000)
		}
		began := time.Now()
		alive(9 * time.Second)
		c.frame()
		for s.closedBy(proto.CloseSlow) == 0 {
			alive(time.Second)
			synctest.Wait()
		}
		if took := time.Since(began); took != 9*time.Second+proto.SlowClientTimeout {
			t.Errorf("closed after %v", took)
		}
		_ = c.conn.Close()
		synctest.Wait()
		if g.conn.QueueEvent([]byte("x")) || s.server.Connections() != 0 {
			t.Errorf("it is not gone")
		}
	})
}

func TestTooManyEvents(t *testing.T) {
	bubble(t, nil, func(t *testing.T, s *setup) {
		c, g := s.enter()
		synctest.Wait() // until the handshake has been sent and nobody takes
		n := 0
		for g.conn.QueueEvent(make([]byte, 1020)) {
			n++
		}
		for range n {
			c.frame()
		}
		c.closed(proto.CloseSlow)
		if n != eventLimit/1024 {
			t.Errorf("%d events were taken", n)
		}
	})
}

// A client that resets its connection is lost once, whatever is being sent to it.
func TestReset(t *testing.T) {
	s := overTCP(t, nil)
	c, g := s.enter()
	abort(c.conn)
	_ = c.conn.Close()
	room := &feed{conn: g.conn}
	eventually(t, "lost", func() bool {
		room.tick(1000)
		return g.noted() == "lost" && s.server.Connections() == 0
	})
	room.tick(1000)
	if g.conn.QueueFrame(nil, nil) || g.conn.QueueKeyframe(nil, nil) || g.conn.QueueEvent(nil) || g.noted() != "lost" {
		t.Errorf("it takes frames still, occupant noted %q", g.noted())
	}
}

// discard is a client that reads all from now on, without allocating.
func (c *client) discard() { go func() { _, _ = io.Copy(io.Discard, beneath(c.conn)) }() }

func TestSendingAllocatesNothing(t *testing.T) {
	if raceEnabled {
		t.Skip("sync.Pool drops buffers under the race detector")
	}
	s := overTCP(t, nil)
	c, g := s.enter()
	c.discard()
	own, shared := make([]byte, 12), make([]byte, 2000) // less than the client's end of a stream keeps room for
	if n := testing.AllocsPerRun(500, func() {
		if !g.conn.QueueFrame(own, shared) {
			t.Fatal("overflow")
		}
		g.conn.Flush()
		for !idle(g.conn) {
			runtime.Gosched()
		}
	}); n != 0 {
		t.Errorf("%v allocations a frame", n)
	}
}

func idle(c *Conn) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.out.drained()
}

func TestReadingAllocatesNothing(t *testing.T) {
	if raceEnabled {
		t.Skip("sync.Pool drops buffers under the race detector")
	}
	s := overTCP(t, nil)
	c, g := s.enter()
	got := make(chan struct{})
	g.input = func(proto.Input) error { got <- struct{}{}; return nil }
	b := masked(0x82, input(1))
	if n := testing.AllocsPerRun(100, func() {
		_, _ = c.conn.Write(b)
		<-got
	}); n != allocsOfRecord(t) {
		t.Errorf("%v allocations an input", n)
	}
}
