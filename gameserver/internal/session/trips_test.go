package session

import (
	"bytes"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ringside-go/ringside/proto"
)

func TestTrips(t *testing.T) {
	var r trips
	now := time.Unix(1e9, 0)
	ping := func() []byte {
		t.Helper()
		if now.Before(r.next) {
			t.Fatal("no ping is due")
		}
		return bytes.Clone(r.ping(now))
	}
	first := ping()
	if r.next != now.Add(probeInterval) || r.longest != 0 {
		t.Error("a second ping too soon, or a round trip before the first answer")
	}
	r.pong([]byte("guessed!"), now.Add(time.Millisecond))
	r.pong(nil, now.Add(time.Millisecond))
	r.pong(first, now.Add(80*time.Millisecond))
	r.pong(first, now.Add(500*time.Millisecond)) // again
	if r.longest != 80*time.Millisecond {
		t.Errorf("round trip %v, want 80 ms", r.longest)
	}
	// The longest of the last ones counts.
	for i := range tripsKept {
		if want := 80 * time.Millisecond; i < tripsKept-1 && r.longest != want {
			t.Errorf("round trip %v after %d shorter ones, want %v", r.longest, i, want)
		}
		now = now.Add(probeInterval)
		r.pong(ping(), now.Add(20*time.Millisecond))
	}
	if r.longest != 20*time.Millisecond {
		t.Errorf("round trip %v, want 20 ms", r.longest)
	}
	// A client that answers no more has none, however long it was.
	for range tripsKept + 1 {
		now = now.Add(probeInterval)
		ping()
	}
	if r.longest != 0 {
		t.Errorf("round trip %v of a client that answers nothing", r.longest)
	}
}

// The round trip is known with the first input, which comes after the welcome.
func TestInputsCarryTheRoundTrip(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := overPipes(t, nil)
		defer s.stop()
		c, g := s.enter()
		synctest.Wait() // a room queues its welcome at its next tick; until then the ping is queued
		begun := time.Now()
		pingBeforeWelcome(t, c, g)
		time.Sleep(30 * time.Millisecond) // the client's own
		trip := time.Since(begun)
		for range 2 {
			c.send(masked(finBit|opPong, c.pings[0]))
			c.message(proto.Input{First: 1, Count: 1, Samples: []byte{0}}.Append(nil))
			synctest.Wait()
			if g.trip() != trip { // of the first answer
				t.Errorf("the round trip is %v, want %v", g.trip(), trip)
			}
			time.Sleep(time.Millisecond)
		}
		time.Sleep(probeInterval)
		c.message(proto.Input{First: 2, Count: 1, Samples: []byte{0}}.Append(nil))
		synctest.Wait()
		if c.ping(); len(c.pings) != 2 {
			t.Errorf("%d pings with an input after %v, want 2", len(c.pings), probeInterval)
		}
	})
}

func pingBeforeWelcome(t *testing.T, c *client, g *testOccupant) {
	t.Helper()
	eventually(t, "a keyframe is queued", func() bool { return g.conn.QueueKeyframe(nil, []byte("welcome")) })
	g.conn.Flush()
	if f := c.frame(); string(f.payload) != "welcome" || len(c.pings) != 1 || len(c.pings[0]) != 8 {
		t.Fatalf("frame %q, pings %x; want one ping before the welcome", f.payload, c.pings)
	}
}

func (g *testOccupant) trip() time.Duration {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.roundTrip
}
