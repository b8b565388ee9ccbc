package session

import (
	"fmt"
	"strings"
	"testing"

	"github.com/ringside-go/ringside/proto"
)

// A client that is quiet for some ticks is not read any more until it sends again, at once, or goes.
func TestQuietClientIsWatched(t *testing.T) {
	s := byHand(t)
	c, g := s.enterPolled()
	for n := uint32(1); n <= 3; n++ {
		s.until("watched", g.conn.watch.Asleep)
		c.message(input(proto.Seq(n)))
		s.until("read", func() bool { return strings.HasSuffix(g.noted(), fmt.Sprintf("input:%d", n)) })
		if g.conn.watch.Asleep() {
			t.Error("it is watched though it has just sent something")
		}
	}
	s.until("watched", g.conn.watch.Asleep)
	s.gone(c, g)
	if got := g.noted(); got != "input:1 input:2 input:3 lost" {
		t.Errorf("occupant noted %q", got)
	}
}

// A client that is watched and says nothing, not even a ping, is closed as any silent one.
func TestWatchedClientThatIsSilent(t *testing.T) {
	s := byHand(t)
	c, g := s.enterPolled()
	s.until("watched", g.conn.watch.Asleep)
	g.conn.reading.Lock()
	g.conn.lastRead = g.conn.lastRead.Add(-proto.SilenceTimeout)
	g.conn.reading.Unlock()
	s.admission.tick()
	c.closed(proto.CloseSilent)
	s.gone(c, g)
}
