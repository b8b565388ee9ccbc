package session

import (
	"io"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ringside-go/ringside/proto"
)

// A client hears why it is closed, behind all that was queued, though it keeps sending.
func TestCloseReachesABusyClient(t *testing.T) {
	s := overTCP(t, nil)
	for range 20 {
		c, g := s.enter()
		go func() {
			for range proto.MaxMessageBurst - 10 {
				if _, err := c.conn.Write(masked(0x82, proto.AppendRecord(nil, 0x7f, make([]byte, 2000)))); err != nil {
					return
				}
			}
		}()
		g.conn.QueueEvent([]byte("outcome"))
		g.conn.Close(proto.CloseEnded, "")
		g.conn.Close(proto.CloseInternal, "comes second")
		if f := c.frame(); string(f.payload) != "outcome" {
			t.Fatalf("%+v came first", f)
		}
		c.closed(proto.CloseEnded)
		if err := c.end(); err != io.EOF {
			t.Errorf("reading ends with %v", err)
		}
		_ = c.conn.Close()
		eventually(t, "lost", func() bool { return g.noted() == "lost" })
	}
	if s.closedBy(proto.CloseEnded) != 20 || s.closedBy(proto.CloseInternal) != 0 {
		t.Errorf("closed: %d ended, %d internal", s.closedBy(proto.CloseEnded), s.closedBy(proto.CloseInternal))
	}
}

// A client that reads nothing and stays costs the time that it has to read why, and no more.
func TestLingerIsBounded(t *testing.T) {
	bubble(t, nil, func(t *testing.T, s *setup) {
		_, g := s.enter()
		began := time.Now()
		g.conn.Close(proto.CloseEnded, "")
		synctest.Wait()
		if time.Since(began) != 0 || g.noted() != "lost" || s.server.Connections() != 1 {
			t.Errorf("%v: occupant noted %q, %d connections", time.Since(began), g.noted(), s.server.Connections())
		}
		s.server.wait.Wait()
		if took := time.Since(began); took != lingerTimeout || s.server.Connections() != 0 {
			t.Errorf("gone after %v, %d connections", took, s.server.Connections())
		}
	})
}

// The same when the kernel is full: what the client has not taken is given up.
func TestCloseOfAFullSocket(t *testing.T) {
	s := overTCP(t, nil)
	c, g := s.enter()
	c.narrow()
	for g.conn.QueueFrame(nil, make([]byte, 4000)) {
		g.conn.Flush()
	}
	g.conn.Close(proto.CloseEnded, "")
	eventually(t, "closed", func() bool { return s.server.Connections() == 0 })
	if g.noted() != "lost" {
		t.Errorf("occupant noted %q", g.noted())
	}
}

func TestCloseText(t *testing.T) {
	bubble(t, nil, func(t *testing.T, s *setup) {
		c, g := s.enter()
		go g.conn.Close(proto.CloseOptions, strings.Repeat("ä", 100))
		if text := c.closed(proto.CloseOptions); text != strings.Repeat("ä", 60) {
			t.Errorf("text is %q", text)
		}
		c, g = s.enter()
		go g.conn.Close(proto.CloseSeat, "")
		if text := c.closed(proto.CloseSeat); text != proto.CloseCodes[proto.CloseSeat].Text {
			t.Errorf("text is %q", text)
		}
		c, g = s.enter()
		go func() {
			g.conn.QueueEvent(proto.Moved{URL: "ws://x", Server: "x"}.Append(nil))
			g.conn.Close(proto.CloseMoved, "")
		}()
		if k, _ := c.record(); k != proto.KindMoved {
			t.Errorf("record %#x", k)
		}
		c.closeFrame(proto.CloseMoved)
	})
}

// Many goroutines queue, flush and close at once; the client reads whole frames and one close frame, the last.
func TestCloseUnderLoad(t *testing.T) {
	s := overTCP(t, nil)
	for range 30 {
		c, g := s.enter()
		var wg sync.WaitGroup
		for i := range 4 {
			wg.Go(func() {
				for range 500 { // 22 KB of events in all: not too many
					if i%2 == 0 {
						g.conn.QueueEvent(make([]byte, 20))
					} else if !g.conn.QueueFrame(make([]byte, 300), nil) {
						g.conn.QueueKeyframe(make([]byte, 900), nil)
					}
					g.conn.Flush()
				}
			})
		}
		for range 50 {
			c.frame()
		}
		for range 2 {
			wg.Go(func() { g.conn.Close(proto.CloseReplaced, "") })
		}
		for c.frame().op != opClose {
		}
		if err := c.end(); err != io.EOF {
			t.Errorf("reading ends with %v", err)
		}
		wg.Wait()
		_ = c.conn.Close()
		eventually(t, "lost", func() bool { return g.noted() == "lost" })
	}
	if n := s.closedBy(proto.CloseReplaced); n != 30 {
		t.Errorf("%d were closed as replaced", n)
	}
}
