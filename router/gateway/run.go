package gateway

import (
	"context"
	"errors"
	"net"
	"net/http"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/ringside-go/ringside/internal/membership"
)

const (
	// turnAway is how long a router that drains goes on at least: load balancers may send clients until they have found
	// that it is not ready.
	turnAway = 5 * time.Second
	// drainPoll is how often it looks whether its tunnels are gone.
	drainPoll = 20 * time.Millisecond
	// closeTime is over how long the tunnels are closed that are left.
	closeTime = 2 * time.Second
)

// Member is this process's own membership; *membership.Gossip is one.
type Member interface {
	Run(ctx context.Context) error
	Update(func(*membership.Member))
}

// Run answers on listener, and on the internal one if it is not nil, and keeps member running until ctx ends. Then it drains: readiness fails and the fleet is told, so
// that the game servers ask the clients of its tunnels to come by another router; all goes on until they have, for
// Config.Drain at most; then requests are finished, the tunnels that are left closed, and the fleet left. It returns when all goroutines are
// gone, with nil after a drain and with the reason when listener or membership failed. With membership.ErrKilled as ctx's
// cause it ends at once and without a word, as a killed process would, for tests.
func (g *Gateway) Run(ctx context.Context, listener, inside net.Listener, member Member) error {
	background, leave := context.WithCancelCause(context.WithoutCancel(ctx))
	defer leave(nil)
	group, running := errgroup.WithContext(ctx)
	public, internal := g.publicServer(), g.internalServer()
	group.Go(func() error { return serve(public, g.publicListener(listener)) })
	if inside != nil {
		group.Go(func() error { return serve(internal, g.internalListener(inside)) })
	}
	group.Go(func() error { return runMember(background, member) })
	group.Go(func() error { return g.tunnels.Run(background) })
	if g.config.Results != nil {
		group.Go(func() error { return g.config.Results.Run(background) })
	}
	for _, part := range []func(context.Context){g.followMembers, g.poller.Run, g.console.Run} {
		group.Go(func() error {
			part(background)
			return nil
		})
	}
	group.Go(func() error {
		<-running.Done()
		killed := errors.Is(context.Cause(ctx), membership.ErrKilled)
		if ctx.Err() != nil && !killed {
			g.drain(member)
		}
		g.stop(killed, public, internal)
		leave(context.Cause(ctx))
		return nil
	})
	defer g.servers.Close() // when nobody asks any more
	return group.Wait()
}

// runMember keeps member running until ctx ends.
func runMember(ctx context.Context, member Member) error {
	err := member.Run(ctx)
	if err == nil && ctx.Err() == nil {
		err = errors.New("membership ended by itself")
	}
	return err
}

// stop ends streams, requests and tunnels, in that order; of a router that is killed, at once.
func (g *Gateway) stop(killed bool, all ...*http.Server) {
	g.console.Stop()
	g.end()
	over := closeTime
	if killed {
		over = 0
	}
	for _, s := range all {
		if killed || !finish(s) {
			_ = s.Close()
		}
	}
	g.tunnels.Stop(over)
}

// drain turns clients away, and returns when those who are here have gone elsewhere, or after Config.Drain.
func (g *Gateway) drain(member Member) {
	g.config.Logger.Info("draining", "for", g.config.Drain, "tunnels", g.tunnels.Carried())
	g.draining.Store(true)
	member.Update(func(m *membership.Member) { m.State = membership.Draining })
	tick := time.NewTicker(drainPoll)
	defer tick.Stop()
	begun, left := time.Now(), g.tunnels.Carried()
	for !drained(left, time.Since(begun), g.config.Drain) {
		<-tick.C
		left = g.tunnels.Carried()
	}
	g.config.Logger.Info("drained", "tunnels", left, "took", time.Since(begun))
}

// drained reports whether a router with so many tunnels left may end, which has drained for waited, of limit.
func drained(left int, waited, limit time.Duration) bool {
	return waited >= limit || left == 0 && waited >= turnAway
}

// followMembers keeps the members metric and the event log up to date.
func (g *Gateway) followMembers(ctx context.Context) {
	for last := g.table.Fleet().View; ; {
		changed := g.table.Changed()
		view := g.table.Fleet().View
		g.console.Note(last, view, time.Now())
		last = view
		for k, count := range view.Counts() {
			g.config.Metrics.Members.WithLabelValues(string(k.Role), string(k.State)).Set(float64(count))
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return
		}
	}
}
