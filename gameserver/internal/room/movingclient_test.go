package room

import (
	"cmp"
	"fmt"
	"time"

	"github.com/ringside-go/ringside/proto"
)

// movingClient is a client that goes with its room from server to server, as PROTOCOL.md says. It opens the next connection
// when it is told to prepare, changes over when it is told that the room has moved, and comes back when it is closed. A
// player sends one sample every 50 ms, each a step to the right, and sends those that were not processed again.
type movingClient struct {
	fleet     *fleet
	id        proto.PlayerID // empty: a spectator
	watcher   proto.PlayerID // its player id then
	open      time.Duration  // from a prepare until its next connection waits there
	patient   bool           // it was connected, or waiting, at each move so far
	here      *connection    // nil: it is on its way back
	next      *connection    // waits at the standby
	again     *connection    // by which it comes to the same server again
	back      time.Time      // when it tries again
	token     []byte
	newest    proto.Seq
	processed proto.Seq
	since     proto.Tick // of its first welcome
	last      proto.Tick // that it has seen; 0: it starts anew
	lastAt    time.Time
	epoch     proto.Epoch
	heard     map[uint32]proto.Outcome
	broken    []string
}

// connection is one connection of a movingClient.
type connection struct {
	testClient
	occupant *Occupant
	seen     int // of ticks
	welcomed bool
	prepared int       // of prepares
	opens    time.Time // when the next connection is opened; zero: not planned
	sent     proto.Seq // highest sample sent
	told     int       // of outcomes
}

// comeBackTime is what a client needs to dial.
const comeBackTime = 20 * time.Millisecond

func (c *movingClient) breaks(format string, args ...any) {
	c.broken = append(c.broken, fmt.Sprintf("%s: ", c.id)+fmt.Sprintf(format, args...))
}

func (c *movingClient) join(on *connection) Join {
	return Join{Client: on, Player: cmp.Or(c.id, c.watcher), Spectator: c.id == "", Resume: c.token}
}

// dial enters the room where it is led now.
func (c *movingClient) dial() {
	on := &connection{}
	o, err := c.fleet.room.QueueJoin(c.join(on))
	if err != nil { // the room has just ended here
		c.back = time.Now().Add(comeBackTime)
		return
	}
	on.occupant = o
	c.here = on
}

// drop loses the connection.
func (c *movingClient) drop() {
	if c.here != nil {
		c.here.occupant.QueueLost()
	}
	c.abandon()
	c.here, c.patient, c.back = nil, false, time.Now().Add(comeBackTime)
}

// comeAgain opens another connection to the same server.
func (c *movingClient) comeAgain() {
	if c.again != nil {
		return
	}
	j := c.join(&connection{})
	j.Waits = true
	if o, err := c.fleet.room.QueueJoin(j); err == nil {
		c.again = j.Client.(*connection)
		c.again.occupant = o
	}
}

// abandon closes that connection.
func (c *movingClient) abandon() {
	if c.again != nil {
		c.again.occupant.QueueLost()
		c.again = nil
	}
}

// refused notes that it was closed.
func (c *movingClient) refused() {
	if c.again != nil {
		c.again.mu.Lock()
		defer c.again.mu.Unlock()
		if len(c.again.closes) > 0 {
			c.again = nil
		}
	}
}

// changeOver goes on by it.
func (c *movingClient) changeOver() {
	c.here.occupant.QueueLost()
	c.here, c.again = c.again, nil
	if c.here == nil {
		c.breaks("it was sent after a connection that it has given up")
		c.drop()
	}
}

// turn looks at what has come since the last turn.
func (c *movingClient) turn() {
	c.refused()
	if c.here == nil {
		if c.next == nil && !time.Now().Before(c.back) {
			c.dial()
		}
		return
	}
	c.here.mu.Lock()
	c.read(c.here)
	closed := len(c.here.closes) > 0
	moved := len(c.here.moves) > 0
	again := moved && c.here.moves[0].URL == reconnectURL
	c.here.mu.Unlock()
	switch {
	case again:
		c.changeOver()
	case moved && c.next != nil:
		c.here.occupant.QueueLost()
		c.here = nil // fleet.promote gives it the next connection
	case moved || closed:
		if since := time.Since(c.fleet.begun); moved && c.here.welcomed && since < within {
			c.breaks("the room went on after %v without waiting for it", since)
		}
		c.drop()
	}
}

// read takes what came on a connection; its lock is held.
func (c *movingClient) read(on *connection) {
	c.broken = append(c.broken, on.broken...)
	on.broken = nil
	if !on.welcomed && len(on.welcomes) > 0 {
		w := on.welcomes[0]
		if w.Epoch.Less(c.epoch) {
			c.breaks("epoch %v after %v", w.Epoch, c.epoch)
		}
		on.welcomed, c.epoch, c.token = true, w.Epoch, w.Resume
		c.processed, on.sent = w.Processed, w.Processed
		if c.since == 0 {
			c.since = w.Tick
		}
	}
	for ; on.seen < len(on.ticks); on.seen++ {
		c.tick(on.ticks[on.seen], on.times[on.seen])
	}
	if on.welcomed && c.id != "" {
		c.processed = max(c.processed, proto.UnwrapSeq(c.processed, on.own.Processed))
	}
	for ; on.told < len(on.outcomes); on.told++ {
		o := on.outcomes[on.told]
		if before, ok := c.heard[o.Match]; ok && before.Tick != o.Tick {
			c.breaks("match %d was decided in tick %d and in tick %d", o.Match, before.Tick, o.Tick)
		}
		c.heard[o.Match] = o
	}
	if len(on.prepares) > on.prepared {
		on.prepared = len(on.prepares)
		on.opens = time.Now().Add(c.open)
		if on.prepares[on.prepared-1].URL != reconnectURL {
			c.abandon()
		}
	}
	if !on.opens.IsZero() && !time.Now().Before(on.opens) && len(on.moves) == 0 {
		on.opens = time.Time{}
		if on.prepares[on.prepared-1].URL == reconnectURL {
			c.comeAgain()
		} else {
			c.wait()
		}
	}
}

// wait opens the next connection at the standby.
func (c *movingClient) wait() {
	if c.next == nil {
		c.next = &connection{}
		c.fleet.waiting = append(c.fleet.waiting, c)
		c.fleet.room.Ready(c.fleet.standby.id, len(c.fleet.waiting))
	}
}

func (c *movingClient) tick(tick proto.Tick, at time.Time) {
	if c.last > 0 {
		since := at.Sub(c.lastAt)
		switch {
		case tick <= c.last:
			c.breaks("tick %d after tick %d", tick, c.last)
		case c.patient && tick != c.last+1:
			c.breaks("tick %d after tick %d: it was always connected", tick, c.last)
		case c.patient && (since-50*time.Millisecond).Abs() > 50*time.Millisecond/slideShare+1:
			c.breaks("tick %d comes %v after the one before", tick, since)
		}
	}
	c.patient = true // from here on
	c.last, c.lastAt = tick, at
}

// step makes a sample and sends all that there are to send.
func (c *movingClient) step(more bool) {
	if c.id == "" {
		return
	}
	if more && c.newest-c.processed < proto.InputWindow {
		c.newest++
	}
	if c.here == nil || !c.here.welcomed {
		return
	}
	for on := c.here; on.sent < c.newest; {
		steps := make([]int8, min(c.newest-on.sent, proto.MaxSamples))
		for i := range steps {
			steps[i] = 1
		}
		if on.occupant.QueueInput(testInputs(on.sent+1, steps...), time.Now(), 0) != nil {
			return
		}
		on.sent += proto.Seq(len(steps))
	}
}
