package server

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"syscall"

	"github.com/ringside-go/ringside/gameserver/game"
	"github.com/ringside-go/ringside/internal/obs"
)

// gcPercent is in place of Go's 100 where GOGC is not set. Ticks allocate nothing, so there is little to collect, and the heap may
// be close to what is in use: with 100, half of it is garbage of joins long ago. A join leaves about 20 KB, so that even a rush of
// players collects a few times a second at most.
const gcPercent = 25

// The exit statuses of Main besides 0.
const (
	exitFailed = 1 // an address cannot be bound, or a part of the server failed
	exitUsage  = 2 // a setting is wrong; starting again does not help
)

// Main runs a game server as a process and does not return. Flags, or RINGSIDE_ environment variables, configure it; -help lists
// them. The first SIGTERM or ^C hands the rooms off to other servers, within -drain, and then ends the process. An operator
// can take that back. The second one ends it at once. Logs and errors go to stderr. The exit status is 0 after a stop
// that was asked for, 1 if the server failed, and 2 if its settings are wrong.
func Main(games ...game.Definition) {
	os.Exit(run(filepath.Base(os.Args[0]), os.Args[1:], os.Environ(), os.Stdout, os.Stderr, games))
}

func run(program string, args, env []string, stdout, stderr io.Writer, games []game.Definition) (status int) {
	fail := func(status int, err error) int {
		fmt.Fprintf(stderr, "%s: %v\n", program, err)
		return status
	}
	obs.ProfileMemory(false) // before much is allocated
	c, show, err := configure(program, args, env, stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err != nil:
		return fail(exitUsage, err)
	case show == showVersion:
		fmt.Fprintln(stdout, c.Version)
		return 0
	case show == showSchema:
		if err := printSchemas(stdout, games); err != nil {
			return fail(exitUsage, err)
		}
		return 0
	}
	obs.ProfileMemory(c.Profiles)
	if !slices.ContainsFunc(env, func(pair string) bool { return strings.HasPrefix(pair, "GOGC=") }) {
		debug.SetGCPercent(gcPercent)
	}
	defer obs.Flush(c.Logger)
	signal.Ignore(syscall.SIGPIPE) // whoever reads the log may go; Go ends a process that writes to a stderr without a reader
	n, err := New(c, games...)
	var socket *net.OpError
	switch {
	case errors.As(err, &socket):
		return fail(exitFailed, err)
	case err != nil:
		return fail(exitUsage, err)
	}
	ctx, done := context.WithCancel(context.Background())
	defer done()
	signals := make(chan os.Signal, 2) // the second one must not be lost
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	defer signal.Stop(signals)
	go obey(ctx, signals, n)
	if err := n.Run(ctx); err != nil {
		return fail(exitFailed, err)
	}
	return 0
}

// obey passes signals on until ctx ends.
func obey(ctx context.Context, signals <-chan os.Signal, n *Server) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-signals:
			n.Stop()
		}
	}
}
