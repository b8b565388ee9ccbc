package gateway

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/ringside-go/ringside/internal/membership"
	"github.com/ringside-go/ringside/internal/network"
	"github.com/ringside-go/ringside/router/internal/access"
	"github.com/ringside-go/ringside/router/internal/api"
)

const (
	// shutdownTimeout bounds the wait for requests that are being answered when the drain is over. None takes longer.
	shutdownTimeout = 5 * time.Second
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
	listener = g.gate.Listener(listener)
	if g.config.TLS != nil {
		listener = network.TLSListener(listener, g.config.TLS)
	}
	server, internalServer := g.newServer(g), g.newServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		g.ServeHTTP(w, api.MarkInternal(r))
	}))
	group, running := errgroup.WithContext(ctx)
	group.Go(func() error { return g.tunnels.Run(background) })
	group.Go(func() error {
		err := member.Run(background)
		if err == nil && background.Err() == nil {
			err = errors.New("membership ended by itself")
		}
		return err
	})
	group.Go(func() error {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			return fmt.Errorf("HTTP server ended: %w", err)
		}
		return nil
	})
	if inside != nil {
		if g.config.Certs != nil {
			inside = g.config.Certs.Listener(inside)
		}
		attached := internalServer.ConnContext
		internalServer.ConnContext = func(ctx context.Context, c net.Conn) context.Context {
			return access.WithConn(attached(ctx, c), c)
		}
		group.Go(func() error {
			if err := internalServer.Serve(g.gate.Internal(inside)); !errors.Is(err, http.ErrServerClosed) {
				return fmt.Errorf("internal HTTP server ended: %w", err)
			}
			return nil
		})
	}
	if g.config.Results != nil {
		group.Go(func() error { return g.config.Results.Run(background) })
	}
	group.Go(func() error {
		g.followMembers(background)
		return nil
	})
	group.Go(func() error {
		g.poller.Run(background)
		return nil
	})
	group.Go(func() error {
		g.console.Run(background)
		return nil
	})
	group.Go(func() error {
		<-running.Done()
		killed := errors.Is(context.Cause(ctx), membership.ErrKilled)
		if ctx.Err() != nil && !killed {
			g.drain(member)
		}
		g.console.Stop()
		g.end()
		over := closeTime
		if killed {
			over = 0
		}
		for _, s := range []*http.Server{server, internalServer} {
			if killed || !finish(s) {
				_ = s.Close()
			}
		}
		g.tunnels.Stop(over)
		leave(context.Cause(ctx))
		return nil
	})
	defer g.servers.Close() // when nobody asks any more
	return group.Wait()
}

func (g *Gateway) newServer(h http.Handler) *http.Server {
	s := &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second, // bodies have at most maxBody bytes
		WriteTimeout:      15 * time.Second, // past matchWait and adminTimeout; a tunnel and a stream have their own deadlines
		IdleTimeout:       15 * time.Second, // a browser loads a page's files over one connection; who waits longer opens another
		MaxHeaderBytes:    16 << 10,
		ErrorLog:          slog.NewLogLogger(g.config.Logger.Handler(), slog.LevelDebug),
	}
	g.gate.Attach(s)
	return s
}

// finish takes no more requests and waits for those that are being answered; false when they take too long.
func finish(server *http.Server) bool {
	ctx, cancel := context.WithTimeout(context.Background(), shutdownTimeout)
	defer cancel()
	return server.Shutdown(ctx) == nil
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
