package bots

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/signal"
	"syscall"

	"github.com/ringside-go/ringside/proto"
)

// Main runs a game's bots as a process and does not return. Flags say how many; -help lists them. It plays until -for is over or
// SIGTERM or ^C comes, and prints what the players saw. The exit status is 1 if something happened that the guarantees rule out, and 2 if
// it could not run.
func Main[T any](game proto.GameName, newBot func(*rand.Rand) Bot[T]) {
	c := Config{Game: game}
	var options, room string
	flag.StringVar(&c.Router, "router", "http://127.0.0.1:8080", "base `URL` of a router")
	flag.StringVar(&options, "options", "", "room options, a `JSON` object")
	flag.StringVar(&room, "room", "bots", "`prefix` of the rooms' ids; the id itself with one room")
	flag.IntVar(&c.Rooms, "rooms", 1, "rooms to fill")
	flag.IntVar(&c.Players, "players", 2, "players in each room")
	flag.DurationVar(&c.For, "for", 0, "how long to play; 0 means until stopped")
	flag.Uint64Var(&c.Seed, "seed", 1, "seed of the bots' decisions")
	c.Access.Flags(flag.CommandLine)
	flag.Parse()
	if flag.NArg() > 0 {
		fail(fmt.Errorf("unknown argument %q; see -help", flag.Arg(0)))
	}
	c.Options = json.RawMessage(options)
	var err error
	if c.Room, err = proto.ParseRoomID(room); err != nil {
		fail(fmt.Errorf("-room: %w", err))
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	r, err := Run(ctx, c, newBot)
	if err != nil {
		fail(err)
	}
	fmt.Println(r)
	if r.Broken() {
		os.Exit(1)
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "bots:", err)
	os.Exit(2)
}
