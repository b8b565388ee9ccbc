package gateway

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/signal"
	"syscall"

	"github.com/ringside-go/ringside/internal/membership"
	"github.com/ringside-go/ringside/internal/obs"
)

// Main runs a router as a process and does not return. builtIn are the pages that it serves where -pages has none. Flags, or RINGSIDE_
// environment variables, configure it; -help lists them. The first SIGTERM or ^C drains it, the second one ends it at once.
func Main(builtIn fs.FS) {
	err := run(os.Args[1:], os.Environ(), builtIn)
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "router:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

func run(args, env []string, builtIn fs.FS) error {
	obs.ProfileMemory(false) // before much is allocated
	s, err := parse(args, env)
	if err != nil {
		return err
	}
	if s.show {
		fmt.Println(s.self.Version)
		return nil
	}
	obs.ProfileMemory(s.config.Profiles)
	s.config.Pages = builtIn
	if err := s.load(); err != nil {
		return err
	}
	defer obs.Flush(s.config.Logger)
	signal.Ignore(syscall.SIGPIPE) // the reader of the log may go; Go ends a process that writes to a stderr without a reader
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	return s.serve(ctx)
}

// serve opens the listeners, the results store and gossip, and runs the router until ctx ends.
func (s *settings) serve(ctx context.Context) error {
	public, internal, err := s.listenAll()
	if err != nil {
		return err
	}
	defer public.Close()
	if internal != nil {
		defer internal.Close()
	}
	gossip, err := membership.NewGossip(s.gossip)
	if err != nil {
		return err
	}
	g, err := s.build(ctx, gossip)
	if err != nil {
		gossip.Close()
		return err
	}
	s.config.Logger.Info("router starts", "url", s.gossip.Self.URL, "mode", s.config.Mode, "gossip", gossip.Addr(), "version", s.self.Version)
	return g.Run(ctx, public, internal, gossip)
}

// build opens the results store and makes the gateway.
func (s *settings) build(ctx context.Context, source membership.Source) (*Gateway, error) {
	if s.store.Location == "" && (s.store.Webhooks != "" || len(s.store.Boards) > 0) {
		return nil, errors.New("-webhooks and -boards need a results store; give -results, such as -results sqlite:/var/lib/ringside")
	}
	if s.store.Location != "" {
		s.store.Logger, s.store.Metrics = s.config.Logger, s.config.Metrics
		results, err := OpenStore(ctx, s.store)
		if err != nil {
			return nil, err
		}
		s.config.Results = results
	}
	return New(s.config, source)
}

// listenAll opens the listeners and completes what gossip says of this router; internal is nil without -inside.
func (s *settings) listenAll() (public, internal net.Listener, err error) {
	if public, err = net.Listen("tcp", s.listen); err != nil {
		return nil, nil, err
	}
	if s.config.Internal {
		if internal, err = net.Listen("tcp", s.inside); err != nil {
			public.Close()
			return nil, nil, fmt.Errorf("-inside: %w", err)
		}
		if s.self.Peer, s.self.Port, err = reachInside(internal.Addr(), cmp.Or(s.advertise, hostOf(s.gossip.Bind))); err != nil {
			public.Close()
			internal.Close()
			return nil, nil, err
		}
	}
	scheme := "http://"
	if s.config.TLS != nil {
		scheme = "https://"
	}
	s.self.URL = cmp.Or(s.config.PublicURL, scheme+public.Addr().String())
	s.gossip.Self = s.self
	return public, internal, nil
}
