// Local runs a whole fleet on this machine: a router, game servers that find each other by gossip, and bots if wanted.
// It restarts nothing, so that what is killed stays killed, and ends all of it when it ends.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/ringside-go/ringside/deploy/internal/fleet"
)

func main() {
	var c config
	var measure, breakIt, strike bool
	flag.IntVar(&c.servers, "servers", 3, "game servers to start")
	flag.IntVar(&c.bots, "bots", 0, "rooms to fill with bots")
	flag.IntVar(&c.players, "players", 8, "bots in each of these rooms")
	flag.IntVar(&c.spar, "spar", 0, "bring each room of quick match up to so many `players`, with bots that make way for people")
	flag.StringVar(&c.mode, "mode", "redirect", "router's mode: redirect or proxy")
	flag.BoolVar(&c.freePorts, "free-ports", false, "use any free ports in place of 8080 and 9001, 9002, …")
	flag.BoolVar(&c.checks, "checks", true, "game servers send hashes of the state, which bots compare with theirs")
	flag.StringVar(&c.bin, "bin", "", "`directory` with the programs (default: build them into .bin of the module)")
	flag.StringVar(&c.state, "state", "", "`directory` for the results store and for what it does not have yet (default: outcomes are not kept)")
	flag.StringVar(&c.webhooks, "webhooks", "", "JSON `file` with the endpoints to which the router delivers outcomes")
	flag.StringVar(&c.logLevel, "log-level", "info", "least `level` that router and game servers log")
	flag.BoolVar(&measure, "bench", false, "in place of all that: measure one game server under growing load, on a core of its own")
	flag.BoolVar(&breakIt, "chaos", false, "in place of all that: break fleets while bots play, and tell what the players noticed")
	flag.BoolVar(&strike, "attack", false, "in place of all that: attack a fleet with raw programs while honest players play there, and tell what held")
	flag.BoolVar(&c.short, "short", false, "with -attack: only what takes seconds")
	flag.BoolVar(&c.undefended, "undefended", false, "with -attack: with the limits off, to see the attacks succeed")
	flag.DurationVar(&c.length, "for", 0, "with -chaos: about how long to go on; every kind of fault comes once at least")
	flag.StringVar(&c.only, "phases", "", "with -chaos or -attack: `names` of the phases or rows to run, separated by commas (default all)")
	flag.Uint64Var(&c.seed, "seed", 0, "with -chaos: what the faults are drawn from (default any)")
	flag.StringVar(&c.json, "json", "", "with -chaos or -attack: write the report to this `file` too")
	flag.Parse()
	if flag.NArg() > 0 {
		fail(fmt.Errorf("unknown argument %q; see -help", flag.Arg(0)))
	}
	if err := c.validate(); err != nil {
		fail(err)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second ^C ends this process at once, and all others with it
	job := run
	switch {
	case measure && breakIt, measure && strike, breakIt && strike:
		fail(errors.New("of -bench, -chaos and -attack more than one is given; give one"))
	case measure:
		job = bench
	case breakIt:
		job = chaos
	case strike:
		job = runAttacks
	}
	if err := job(ctx, c, fleet.NewConsole(os.Stdout, fleet.Colourful(os.Stdout, os.LookupEnv))); err != nil && !errors.Is(err, context.Canceled) {
		fail(err)
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "local:", err)
	os.Exit(1)
}
