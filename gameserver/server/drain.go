package server

import (
	"context"
	"errors"
	"time"

	"github.com/ringside-go/ringside/internal/membership"
)

const (
	// drainNotice is how long the others have to hear that this server drains before its clients are sent to them:
	// gossip needs 0.1 s at most, and clients that come back sooner would be sent here again.
	drainNotice = 300 * time.Millisecond
	// drainPoll is how often a stopping server looks whether its rooms are gone.
	drainPoll = 10 * time.Millisecond
)

// Stop makes Run hand all rooms off and then return. Until then Undrain takes it back; a second Stop does not wait for
// the rooms. It does not block.
func (n *Server) Stop() {
	select {
	case n.stops <- struct{}{}:
	default: // the one that is there will do
	}
}

// Drain takes this server out of service: it takes no new rooms, and hands off those it has as fast as it can. It goes
// on running. It does not block.
func (n *Server) Drain() { n.serveAs(membership.Draining, time.Time{}) }

// Undrain puts it back into service. It does not block.
func (n *Server) Undrain() { n.serveAs(membership.Serving, time.Time{}) }

// serveAs changes the server's state; end is when it stops, if it is to.
func (n *Server) serveAs(state membership.State, end time.Time) {
	draining := state == membership.Draining
	n.ready.Store(!draining)
	if draining {
		n.registry.Drain(end)
	} else {
		n.registry.Undrain()
	}
	n.gossip.Update(func(m *membership.Member) {
		if m.State != state {
			n.config.Logger.Info("server changes its state", "state", state, "rooms", n.registry.Running())
			m.State = state
			if !draining {
				m.Since = time.Now()
			}
		}
	})
}

// handOff drains until no room is left, nobody is there to take one, Config.DrainTimeout is over or Stop is called again.
// It reports whether to stop now; false: Undrain has taken it back. Where ctx ends, there is no way back.
func (n *Server) handOff(ctx context.Context) bool {
	begun := time.Now()
	end := begun.Add(n.config.DrainTimeout)
	n.serveAs(membership.Draining, end)
	tick := time.NewTicker(drainPoll)
	defer tick.Stop()
	for {
		view := n.gossip.View()
		if view.Self.State == membership.Serving {
			if ctx.Err() == nil {
				return false
			}
			n.serveAs(membership.Draining, end)
		}
		if errors.Is(context.Cause(ctx), ErrKilled) {
			return true
		}
		waited := time.Since(begun)
		left := n.registry.Running()
		switch {
		case waited < min(drainNotice, n.config.DrainTimeout):
		case left == 0:
			return true
		case waited >= n.config.DrainTimeout, view.Placement().Len() == 0:
			n.config.Logger.Warn("closing rooms that no other server has taken", "rooms", left, "waited", waited)
			return true
		}
		select {
		case <-n.stops:
			n.config.Logger.Warn("second stop request: closing the remaining rooms", "rooms", left)
			return true
		case <-tick.C:
		}
	}
}
