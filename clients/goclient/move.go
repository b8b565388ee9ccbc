package goclient

import (
	"errors"
	"time"

	"github.com/ringside-go/ringside/proto"
)

// MoveKind is how a client came from one connection to the next. The words stand in reports and JSON as they are.
type MoveKind string

// The kinds of moves.
const (
	Handoff   MoveKind = "handoff"   // the server sent the client on, to a leader of another epoch
	Failover  MoveKind = "failover"  // the connection was lost, and the room is led under another epoch
	Reconnect MoveKind = "reconnect" // the room's leader and epoch are the ones before
)

// Move tells what a player noticed of a change of connection.
type Move struct {
	Kind     MoveKind
	Prepared bool          // the next connection is the one that a prepare message had asked for
	From, To string        // the servers' names
	Gap      time.Duration // from the last frame before to the first one after, which is the new welcome's keyframe
	Cause    error         // with which the old connection ended
	// MissedTicks were played and not seen: the first frame after is so far ahead. ReplayedTicks were seen and are played
	// again: of a new epoch's ticks those up to the last seen. One of them is 0.
	MissedTicks, ReplayedTicks uint32
}

// departure is where a client was when its connection ended.
type departure struct {
	epoch   proto.Epoch
	server  string
	tick    proto.Tick
	at      time.Duration // of the last frame
	planned bool
	cause   error
}

// depart notes how the client leaves, while the prepared connection is still at hand.
func (c *Client) depart(cause error) departure {
	d := departure{epoch: c.welcome.Epoch, server: c.welcome.Server, tick: c.Tick(), at: c.lastFrame, cause: cause}
	var closed *CloseError
	d.planned = errors.As(cause, &closed) && closed.Moved != nil
	d.planned = d.planned || c.prepared != nil && c.prepared.ahead.Load()
	return d
}

// arrive measures the move after the first frame, and counts it.
func (c *Client) arrive(d departure) Move {
	m := Move{Kind: Failover, Prepared: c.link.prepared, From: d.server, To: c.welcome.Server, Gap: c.lastFrame - d.at, Cause: d.cause}
	switch {
	case d.epoch == c.welcome.Epoch:
		m.Kind = Reconnect
	case d.planned:
		m.Kind = Handoff
	}
	switch now := c.Tick(); {
	case now.Since(d.tick) > 0:
		m.MissedTicks = uint32(now - d.tick - 1)
	case m.Kind != Reconnect:
		m.ReplayedTicks = uint32(d.tick - now + 1)
	}
	c.stats.missed.Add(uint64(m.MissedTicks))
	c.stats.replayed.Add(uint64(m.ReplayedTicks))
	return m
}
