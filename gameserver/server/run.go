package server

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/ringside-go/ringside/internal/membership"
	"github.com/ringside-go/ringside/internal/network"
)

const (
	// stopTimeout bounds the end of each part. A game that hangs in a tick must not keep the process.
	stopTimeout = 5 * time.Second
	// measureInterval is how often the metrics are set that nothing else sets.
	measureInterval = 500 * time.Millisecond
)

// part is something that runs until it is stopped.
type part struct {
	name   string
	cancel context.CancelCauseFunc
	done   chan struct{}
	err    error // valid when done is closed
}

// start runs a part; ended is told when it ends, for whatever reason.
func start(name string, ended chan<- *part, run func(context.Context) error) *part {
	ctx, cancel := context.WithCancelCause(context.Background())
	p := &part{name: name, cancel: cancel, done: make(chan struct{})}
	go func() {
		p.err = run(ctx)
		close(p.done)
		ended <- p
	}()
	return p
}

// stop ends p and waits for it, stopTimeout at most.
func (p *part) stop() error {
	p.cancel(nil)
	timer := time.NewTimer(stopTimeout)
	defer timer.Stop()
	select {
	case <-p.done:
		if p.err != nil {
			return fmt.Errorf("%s: %w", p.name, p.err)
		}
		return nil
	case <-timer.C:
		return fmt.Errorf("%s did not stop within %v", p.name, stopTimeout)
	}
}

// Run serves until Stop is called, ctx ends or a part of the server fails. It then drains: no new rooms, word to the fleet,
// rooms handed off, and those that are left closed with CloseStopping; and it returns when everything has stopped. With
// ErrKilled as ctx's cause it leaves all that out and ends as a killed process would, for tests. Run is called
// once.
func (n *Server) Run(ctx context.Context) error {
	log := n.config.Logger
	log.Info("server starts", "url", n.url, "gossip", n.Gossip(), "peer", n.links.Addr(), "version", n.config.Version)
	ended := make(chan *part, 16) // a place for each part: telling of an end never blocks
	parts := []*part{             // in the order in which they stop
		start("metrics", ended, n.measure),
		start("versions", ended, n.watchVersions),
		start("reconnects", ended, n.reconnects.run),
		start("clock skew", ended, n.skew.run),
		start("registry", ended, n.registry.Run),
		start("tick workers", ended, n.pool.Run),
		start("sessions", ended, n.sessions.Run),
		start("http", ended, n.serve),
		start("internal http", ended, n.serveInternal),
		start("tunnels", ended, n.serveTunnels),
		start("peer links", ended, func(ctx context.Context) error { return n.links.Run(ctx, n.registry, n.registry.Address) }),
	}
	if n.results != nil {
		parts = append(parts, start("room statistics", ended, n.newRoomStats().run),
			start("results", ended, n.results.run)) // behind the rooms, which decide until they end
	}
	parts = append(parts, start("gossip", ended, n.gossip.Run))
	n.guarantee()
	n.ready.Store(true)

	n.serveUntilStopped(ctx, ended)
	n.ready.Store(false)
	if cause := context.Cause(ctx); errors.Is(cause, ErrKilled) {
		n.registry.Close() // before rooms end, which a crash does not tell their standbys
		for _, p := range parts {
			p.cancel(cause)
		}
	}
	var err error
	for _, p := range parts {
		err = errors.Join(err, p.stop())
	}
	log.Info("server stopped")
	return err
}

// serveUntilStopped returns when the parts are to be stopped.
func (n *Server) serveUntilStopped(ctx context.Context, ended <-chan *part) {
	for {
		select {
		case <-ctx.Done():
			if !errors.Is(context.Cause(ctx), ErrKilled) {
				n.handOff(ctx)
			}
			return
		case <-n.stops:
			if n.handOff(ctx) {
				return
			}
			n.config.Logger.Info("the stop was called off")
		case p := <-ended:
			if p.err == nil {
				p.err = errors.New("ended by itself")
			}
			n.config.Logger.Error("a part of the server failed; stopping", "part", p.name, "error", p.err)
			n.handOff(ctx)
			return
		}
	}
}

// serve answers clients until ctx ends.
func (n *Server) serve(ctx context.Context) error {
	l := n.gate.Listener(n.clientListener)
	if n.config.Security.TLS != nil {
		l = network.TLSListener(l, n.config.Security.TLS)
	}
	return serve(ctx, n.clientHTTP, l)
}

// serveInternal answers routers and operators until ctx ends, if there is an internal listener.
func (n *Server) serveInternal(ctx context.Context) error {
	if n.internal == nil {
		<-ctx.Done()
		return nil
	}
	l := n.internal
	if n.certs != nil {
		l = n.certs.Listener(l)
	}
	return serve(ctx, n.internalHTTP, n.gate.Internal(l))
}

// serveTunnels answers the clients that routers tunnel here, over links of the internal listener if there is one, until ctx ends.
func (n *Server) serveTunnels(ctx context.Context) error {
	l := n.gate.Listener(n.tunnels)
	if n.internal != nil {
		l = n.gate.Internal(n.tunnels)
	}
	if err := serve(ctx, n.tunnelHTTP, l); err != nil && ctx.Err() == nil {
		return err
	}
	return n.tunnels.Run(ctx, ErrKilled) // the sessions have ended
}

// serve answers HTTP until ctx ends; requests in flight may then end, within stopTimeout.
func serve(ctx context.Context, server *http.Server, l net.Listener) error {
	stopped := make(chan error, 1)
	stop := context.AfterFunc(ctx, func() {
		limit, cancel := context.WithTimeout(context.Background(), stopTimeout/2)
		defer cancel()
		err := server.Shutdown(limit)
		if err != nil {
			err = server.Close()
		}
		stopped <- err
	})
	err := server.Serve(l)
	if stop() { // not asked to: Serve failed
		return err
	}
	if err = <-stopped; errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

// measure keeps the metrics of the members and of the tick workers until ctx ends, and drains a server that is losing its
// cores to games.
func (n *Server) measure(ctx context.Context) error {
	tick := time.NewTicker(measureInterval)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		n.countMembers()
		n.metrics.WorkerBusy.Set(n.pool.Busy())
		n.measureResults()
		n.tendLost()
	}
}

// watchVersions fails when another game server cannot be linked with, being several releases away: to neither could be said
// what the other leads. The one that came later goes, which stops an update before it has begun.
func (n *Server) watchVersions(ctx context.Context) error {
	for {
		changed := n.gossip.Changed()
		view := n.gossip.View()
		for _, m := range view.Members {
			_, meet := m.Links.Common(view.Self.Links)
			if m.Role == membership.GameServer && !meet && m.Since.Before(view.Self.Since) {
				return fmt.Errorf("server %s of version %s speaks the link protocols %v, this one %v: update by way of a version that speaks one of both",
					m.Name, m.Version, m.Links, view.Self.Links)
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-changed:
		}
	}
}

func (n *Server) countMembers() {
	for k, count := range n.gossip.View().Counts() {
		n.metrics.Members.WithLabelValues(string(k.Role), string(k.State)).Set(float64(count))
	}
}
