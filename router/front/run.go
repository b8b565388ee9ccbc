package front

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
)

// shutdownTimeout bounds the wait for requests that are being answered when the drain time is over. None takes longer.
const shutdownTimeout = 5 * time.Second

// Member is this process's own membership; *membership.Gossip is one.
type Member interface {
	Run(ctx context.Context) error
	Update(func(*membership.Member))
}

// Run answers on listener and keeps member running until ctx ends. Then it drains: readiness fails and the fleet is told, for
// Config.Drain all goes on, then requests are finished, tunnels closed and the fleet left. It returns when all goroutines are
// gone, with nil after a drain and with the reason when listener or membership failed.
func (f *Front) Run(ctx context.Context, listener net.Listener, member Member) error {
	background, leave := context.WithCancel(context.WithoutCancel(ctx))
	defer leave()
	server := &http.Server{
		Handler:           f,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second, // bodies have at most maxBody bytes
		WriteTimeout:      15 * time.Second, // past dialHome's patience; a tunnel has its own deadlines
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    16 << 10,
		ErrorLog:          slog.NewLogLogger(f.config.Logger.Handler(), slog.LevelDebug),
	}
	group, running := errgroup.WithContext(ctx)
	group.Go(func() error {
		if err := member.Run(background); background.Err() == nil {
			return fmt.Errorf("membership ended: %w", err)
		}
		return nil
	})
	group.Go(func() error {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			return fmt.Errorf("HTTP server ended: %w", err)
		}
		return nil
	})
	group.Go(func() error {
		f.countMembers(background)
		return nil
	})
	group.Go(func() error {
		defer leave()
		<-running.Done()
		if ctx.Err() != nil {
			f.drain(member)
		}
		timeout, cancel := context.WithTimeout(background, shutdownTimeout)
		defer cancel()
		if server.Shutdown(timeout) != nil {
			_ = server.Close()
		}
		f.tunnels.stop()
		f.survey.close()
		return nil
	})
	return group.Wait()
}

// drain turns clients away for Config.Drain before anything is taken from those who are here.
func (f *Front) drain(member Member) {
	f.config.Logger.Info("draining", "for", f.config.Drain)
	f.draining.Store(true)
	member.Update(func(m *membership.Member) { m.State = membership.Draining })
	time.Sleep(f.config.Drain)
}

// countMembers keeps the members metric, from change to change.
func (f *Front) countMembers(ctx context.Context) {
	for {
		changed := f.table.Changed()
		f.config.Metrics.Members.Reset()
		for _, m := range f.table.Fleet().View.Members {
			f.config.Metrics.Members.WithLabelValues(string(m.Role), string(m.State)).Inc()
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return
		}
	}
}
