package goclient

import (
	"bytes"
	"fmt"
	"time"

	"github.com/ringside-go/ringside/proto"
	"github.com/ringside-go/ringside/proto/state"
)

const (
	// restartAfter is how far a new leader may be behind the last tick seen: two leaders that could not see each other
	// are told apart within seconds. Further back the room was begun anew.
	restartAfter = 30 * time.Second
	// holdMargin is taken off proto.SeatHold for the way of the last frame.
	holdMargin = time.Second
)

// onWelcome takes a welcome up: it must fit what the client knows of the room.
func (c *Client) onWelcome(l *link, body []byte) error {
	w, err := proto.ParseWelcome(body)
	switch {
	case err != nil:
		return c.violate(BadMessage, "%v", err)
	case !c.config.versions.Has(w.Version):
		return &CloseError{Code: proto.CloseVersion,
			Text: fmt.Sprintf("the server chose version %d, this client speaks %v", w.Version, c.config.versions)}
	case c.room != "" && w.Room != c.room:
		return c.violate(BadMessage, "welcome to room %s in place of %s", w.Room, c.room)
	}
	// Its slices lie in the message, which is not kept.
	w.Resume, w.Schema = bytes.Clone(w.Resume), bytes.Clone(w.Schema)
	old, first := c.welcome, c.store == nil
	if !first && w.Epoch.Instance != old.Epoch.Instance {
		_ = c.violate(InstanceChanged, "epoch %v after %v", w.Epoch, old.Epoch)
		return &CloseError{Code: proto.CloseOver, Text: fmt.Sprintf("server %s has another instance of room %s", w.Server, w.Room)}
	}
	if err := c.checkLeader(old, w, first); err != nil {
		return err
	}
	other := first || !bytes.Equal(w.Schema, old.Schema)
	if other {
		if err := c.replace(w); err != nil {
			return err
		}
	}
	c.welcome, c.room = w, w.Room
	l.welcomed = true
	if resumed := w.Flags&proto.WelcomeResumed != 0; c.holds(old) && (!resumed || w.Seat != old.Seat) {
		_ = c.violate(SeatLost, "seat %d (taken up again: %v) in place of %d", w.Seat, resumed, old.Seat)
	}
	c.mu.Lock()
	was := c.outbox.processed
	again, lost := c.outbox.welcome(w)
	c.mu.Unlock()
	c.stats.resent.Add(uint64(again))
	c.stats.lostInputs.Add(uint64(lost))
	switch {
	case lost > 0:
		_ = c.violate(InputLost, "the welcome says %d after %d: %d samples can not be sent again", w.Processed, was, lost)
	case again > 0 && old.Epoch == w.Epoch:
		_ = c.violate(ProcessedBack, "the welcome says %d after %d", w.Processed, was)
	}
	if f := c.config.Events.Schema; other && c.running != nil {
		if err := f(c); err != nil {
			return fmt.Errorf("%w: %w", ErrSchema, err)
		}
	}
	return nil
}

// replace begins a replica of w's schema. A client that plays already must have been made for that.
func (c *Client) replace(w proto.Welcome) error {
	if c.running != nil && c.config.Events.Schema == nil {
		return fmt.Errorf("%w: server %s now has another one for room %s; dial again, or set Events.Schema", ErrSchema, w.Server, w.Room)
	}
	schema, err := state.ParseSchema(w.Schema)
	if err != nil {
		return c.violate(BadMessage, "%v", err)
	}
	c.mu.Lock()
	inputs := c.outbox.encoder
	c.mu.Unlock()
	if inputs != nil {
		if err := inputs.fits(schema); err != nil {
			return err
		}
	}
	c.schema, c.store = schema, state.NewReplica(schema)
	return nil
}

// checkLeader holds a welcome's epoch, server and tick against those of the one before. Two servers that took the room
// over at the same time hold epochs of one counter, of which the later server's name wins: that one may follow the other.
func (c *Client) checkLeader(old, w proto.Welcome, first bool) error {
	if w.Server != w.Epoch.Server || w.Epoch == old.Epoch && w.Server != old.Server {
		_ = c.violate(TwoLeaders, "server %s leads in epoch %v", w.Server, w.Epoch)
	}
	if first {
		return nil
	}
	last := c.Tick()
	switch {
	case w.Epoch.Less(old.Epoch):
		_ = c.violate(EpochBack, "epoch %v after %v", w.Epoch, old.Epoch)
	case w.Epoch == old.Epoch && w.Tick.Since(last) < 0:
		return c.violate(TickBack, "welcome at tick %d after tick %d, both of epoch %v", w.Tick, last, w.Epoch)
	}
	if w.Epoch != old.Epoch && last.Since(w.Tick) > int(w.TickRate)*int(restartAfter/time.Second) {
		_ = c.violate(RoomRestarted, "welcome at tick %d of epoch %v after tick %d of epoch %v", w.Tick, w.Epoch, last, old.Epoch)
	}
	return nil
}

// holds reports whether the seat of a welcome must still be held for this client: it had a frame there not so long ago.
func (c *Client) holds(w proto.Welcome) bool {
	return len(w.Resume) > 0 && c.now()-c.lastFrame < proto.SeatHold-holdMargin
}

// forget gives the resume token up after err.
func (c *Client) forget(err error) {
	if closeCode(err) == proto.CloseSeat && c.holds(c.welcome) {
		_ = c.violate(SeatLost, "seat %d was not there %v after the last frame", c.welcome.Seat, c.now()-c.lastFrame)
	}
	c.welcome.Resume = nil
}
