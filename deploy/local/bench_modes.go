package main

import (
	"context"

	"github.com/ringside-go/ringside/deploy/internal/fleet"
)

// compareModes prints what a router in proxy mode costs beside the game server behind it, both on core 0, and what it adds to the latency.
func (c config) compareModes(ctx context.Context, bin string, out *fleet.Console) error {
	out.Printf("\nThrough a router in proxy mode, on the server's core, and directly, in turns, %v each; certificates: none\n\n", pairTime)
	out.Printf("players   CPU µs/player-tick: router   server   server, directly   p50 ms: through the router   directly\n")
	for _, rooms := range pairRooms {
		c.mode = "redirect"
		direct, err := c.level(ctx, rooms, bin, pairTime, func() {}, out)
		if err != nil {
			return err
		}
		c.mode = "proxy"
		l, err := c.level(ctx, rooms, bin, pairTime, func() {}, out)
		if err != nil {
			return err
		}
		server, router := l.Servers[0], l.Servers[1]
		out.Printf("%7d   %27.2f %8.2f %18.2f %28.1f %10.1f\n", l.Players, server.CPUPerTick*router.CPU/server.CPU, server.CPUPerTick, // routers count no ticks
			direct.Servers[0].CPUPerTick, l.Latency.P50, direct.Latency.P50)
	}
	return nil
}
