package main

import (
	"context"
	"fmt"
	"runtime"
	"strings"

	"github.com/ringside-go/ringside/deploy/internal/fleet"
)

// run builds, starts and watches a fleet until ctx ends or no process of it is left.
func run(ctx context.Context, c config, out *fleet.Console) error {
	runtime.LockOSThread() // see fleet.Process.Start
	defer runtime.UnlockOSThread()

	bin, err := binaries(ctx, c.bin, out)
	if err != nil {
		return err
	}
	addresses, err := fleet.PickAddresses(c.servers, c.freePorts)
	if err != nil {
		return err
	}
	return fleet.Run(ctx, newPlan(c, bin, addresses), out, func(f *fleet.Fleet) { welcome(f, out) })
}

// welcome prints what there is and what to try.
func welcome(f *fleet.Fleet, out *fleet.Console) {
	url := f.Plan.Router.URL
	var b strings.Builder
	fmt.Fprintf(&b, "\nThe fleet is up: %s and %d game servers. ^C ends all of it.\n\n", f.Plan.Router.Name, len(f.Plan.Servers))
	fmt.Fprintf(&b, "  play it       %s/\n", url)
	fmt.Fprintf(&b, "  watch it      %s/fleet\n", url)
	fmt.Fprintf(&b, "  ask it        curl %s/v1/fleet\n", url)
	fmt.Fprintf(&b, "  make a room   curl -X POST %s/v1/rooms -d '{\"game\":\"arena\",\"room\":\"my-room\"}'\n", url)
	fmt.Fprintf(&b, "  send players  go run ./clients/bot -router %s -rooms 20 -players 8 -for 30s\n", url)
	fmt.Fprintf(&b, "  add a server  %s\n\n%s", f.Plan.Extra.Command(), f.Processes())
	out.Printf("%s\n", b.String())
}
