// Bot plays the arena without a screen: rooms full of headless players, as a load and as a check. It ends with a table
// and, if asked, a JSON file. It plays on through moves of rooms and losses of servers, and tells what they cost: gaps,
// ticks missed and played again, and what was lost. Its exit status is 1 when any invariant was broken, anything lost that
// the design guarantees, or a player refused or thrown out; and 2 when it could not run. Gaps alone break nothing.
//
// With -smoke it checks a fleet in production: it plays for ten seconds if nothing else is said, and prints one line for a monitoring
// system. The exit status is then 1 also when the players got less than half of their ticks, or no input was acknowledged.
//
// With -spar it is company for people instead: partners who fill up the rooms that quick match finds, and make way.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"
)

func main() {
	var c Config
	var options, measure, out string
	var smoke bool
	flag.StringVar(&c.Router, "router", "http://127.0.0.1:8080", "base `URL` of a router")
	flag.StringVar(&c.Game, "game", "arena", "game to play; its tables must be the arena's")
	flag.StringVar(&options, "options", `{"round_seconds":15}`, "room options, a `JSON` object; rounds are short so that a run sees results")
	flag.IntVar(&c.Rooms, "rooms", 1, "rooms to fill")
	flag.IntVar(&c.Players, "players", 8, "players in each room")
	flag.BoolVar(&c.Match, "match", false, "let the router choose the rooms by quick match")
	flag.IntVar(&c.Spar, "spar", 0, "in place of all that: keep those company who come by quick match, `players` in each of their rooms, until stopped")
	flag.DurationVar(&c.For, "for", 0, "how long to play once all are in; 0 means until stopped")
	flag.DurationVar(&c.Ramp, "ramp", 0, "spread the joins over this time; 0 means 2 ms a player")
	flag.Uint64Var(&c.Seed, "seed", 1, "seed of the players' decisions")
	flag.StringVar(&measure, "measure", "", "comma-separated metrics `URLs` of servers whose CPU time and memory to report")
	flag.DurationVar(&c.Wait, "wait", 0, "how long to wait for a router that is ready before the first player asks, and to try again where one takes no connection")
	flag.StringVar(&out, "json", "", "write the report to this `file` too; - is the standard output, and nothing else is said then")
	flag.BoolVar(&smoke, "smoke", false, "check a live fleet: play for 10 s, or for -for, and print one line for a monitoring system in place of the table")
	c.Access.Flags(flag.CommandLine)
	flag.Parse()
	if flag.NArg() > 0 {
		fail(fmt.Errorf("unknown argument %q; see -help", flag.Arg(0)))
	}
	if options != "" {
		c.Options = json.RawMessage(options)
	}
	if measure != "" {
		c.Measure = strings.Split(measure, ",")
	}
	c.Progress = os.Stderr
	if out == "-" || smoke { // a pod's log mixes both
		c.Progress = io.Discard
	}
	if smoke && c.For == 0 {
		c.For = smokeTime
	}
	if err := c.Validate(); err != nil {
		fail(err)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()

	if c.Spar > 0 {
		if err := Spar(ctx, c); err != nil {
			fail(err)
		}
		return
	}
	report, err := Play(ctx, c)
	if err != nil {
		if smoke {
			fmt.Println(failedLine("players=0", err.Error()))
		}
		fail(err)
	}
	if smoke {
		fmt.Println(report.smokeLine())
		if report.smokeFault() != "" {
			os.Exit(1)
		}
		return
	}
	switch out {
	case "-":
		err = report.Write(os.Stdout)
	case "":
		report.Print(os.Stdout)
	default:
		report.Print(os.Stdout)
		err = report.WriteFile(out)
	}
	if err != nil {
		fail(err)
	}
	if report.Broken() {
		os.Exit(1)
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "bot:", err)
	os.Exit(2)
}

// smokeTime is how long a smoke test plays if it is not told.
const smokeTime = 10 * time.Second

// progressInterval is the time between two lines of progress.
const progressInterval = 5 * time.Second
