// Ringside is the command for people who write a game: it writes a new one, runs a fleet of it on this machine, hands running
// rooms to each new build, declares a game's types, sends bots and shows a room's tables.
//
//	go install github.com/ringside-go/ringside/deploy/ringside@latest
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second ^C ends this process at once, and all others with it
	err := execute(ctx, os.Args[1:], os.Environ(), os.Stdout, os.Stderr)
	if err != nil && !errors.Is(err, context.Canceled) {
		fmt.Fprintln(os.Stderr, "ringside:", err)
		os.Exit(1)
	}
}
