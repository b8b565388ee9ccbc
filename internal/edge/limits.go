package edge

import (
	"errors"
	"flag"
	"fmt"

	"github.com/ringside-go/ringside/internal/resources"
)

// Limits of the connections that strangers can open. Each of them but Descriptors has a part that one address may hold at most,
// which is AddressShare of it, and minPerAddress at least.
type Limits struct {
	Connections  int     // open ones, whatever they do
	Entered      int     // of them, clients in rooms, or tunnelled to one. A client that comes back with a resume token may go beyond, up to Connections
	Unentered    int     // of them, upgraded to WebSocket and without a hello; beyond, the oldest is closed
	Idle         int     // of them, without a request or between two requests; beyond, the oldest is closed
	Streams      int     // of them, event streams
	AddressShare float64 // above 0, at most 1
	Descriptors  int     // that are kept free for gossip, links, health checks and operators
}

const (
	// connectionMemory is what an idle HTTP connection takes, in bytes (measured: 293 MB for 15,000). A player takes less.
	connectionMemory = 20 << 10
	// mostConnections is what one machine carries of players.
	mostConnections = 20_000
	// minPerAddress lets a school or an office in where the limits are small.
	minPerAddress = 64
	// leastLimit is the least default of a limit.
	leastLimit = 16
)

// DefaultLimits are those of a game server: what this process's descriptors and a quarter of its memory allow.
func DefaultLimits() Limits { return limitsFor(resources.Descriptors(), resources.Memory()/4, 1) }

// DefaultRouterLimits are those of a router, whose memory is for connections, half of it, and whose tunnels take two descriptors for a moment.
func DefaultRouterLimits() Limits { return limitsFor(resources.Descriptors(), resources.Memory()/2, 2) }

// limitsFor makes limits of descriptors, each connection taking so many, and of bytes; 0 stands for unknown.
func limitsFor(descriptors int, memory int64, each int) Limits {
	n := mostConnections
	if memory > 0 {
		n = min(n, int(memory/connectionMemory))
	}
	reserve := 0
	if descriptors > 0 {
		reserve = min(max(descriptors/8, 64), 1024, descriptors/2)
		n = min(n, (descriptors-reserve)/each)
	}
	n = max(n, leastLimit)
	return Limits{
		Connections: n, Entered: n - n/16, Unentered: clamp(n/8, 1000), Idle: max(n/4, leastLimit), Streams: clamp(n/16, 200),
		AddressShare: 0.1, Descriptors: reserve,
	}
}

func clamp(n, most int) int { return min(max(n, leastLimit), most) }

const derived = " (the default follows from the descriptors and the memory)"

// Flags adds a flag for each limit but Streams to fs, with l as defaults, which the flags change.
func (l *Limits) Flags(fs *flag.FlagSet) {
	fs.IntVar(&l.Connections, "max-connections", l.Connections, "most `connections` on the public listener at once"+derived)
	fs.IntVar(&l.Entered, "max-entered", l.Entered, "of -max-connections, most `clients` that are in rooms; those that come back with a resume token may go beyond"+derived)
	fs.IntVar(&l.Unentered, "max-unentered", l.Unentered, "of -max-connections, most `connections` that are upgraded and have not said hello; beyond, the oldest is closed"+derived)
	fs.IntVar(&l.Idle, "max-idle", l.Idle, "of -max-connections, most `connections` that wait for a request; beyond, the oldest is closed"+derived)
	fs.Float64Var(&l.AddressShare, "address-share", l.AddressShare, "`part` of each of these limits that one IPv4 address or IPv6 /64 may hold, at least 64 connections; 1: all. Loopback addresses and -trusted-proxies may hold all")
	fs.IntVar(&l.Descriptors, "reserve-descriptors", l.Descriptors, "`descriptors` kept free for gossip, links, health checks and operators; the public listener takes none of them"+derived)
}

// StreamsFlag adds the flag for Streams.
func (l *Limits) StreamsFlag(fs *flag.FlagSet) {
	fs.IntVar(&l.Streams, "max-streams", l.Streams, "of -max-connections, most event `streams`"+derived)
}

// Validate says what is wrong with l.
func (l Limits) Validate() error {
	for _, v := range []struct {
		flag  string
		value int
	}{{"max-connections", l.Connections}, {"max-entered", l.Entered}, {"max-unentered", l.Unentered}, {"max-idle", l.Idle}, {"max-streams", l.Streams}} {
		if v.value < 1 {
			return fmt.Errorf("-%s is %d; it must be at least 1", v.flag, v.value)
		}
	}
	switch {
	case l.Entered > l.Connections:
		return fmt.Errorf("-max-entered is %d, above -max-connections, which is %d; lower the one or raise the other", l.Entered, l.Connections)
	case !(l.AddressShare > 0 && l.AddressShare <= 1):
		return fmt.Errorf("-address-share is %v; it must be above 0 and at most 1", l.AddressShare)
	case l.Descriptors < 0:
		return errors.New("-reserve-descriptors cannot be negative")
	}
	return nil
}

// perAddress is the part of a limit that one address may hold.
func (l Limits) perAddress(limit int) int {
	return min(limit, max(minPerAddress, int(l.AddressShare*float64(limit))))
}
