package membership

import (
	"cmp"
	"slices"
	"time"
)

// Standing is what a process says of its own quorum. It travels in the metadata.
type Standing uint8

// The standings.
const (
	Starting  Standing = iota // it knows no configuration yet, or is on probation in a part without the quorum
	HasQuorum                 // it sees more than half of the configuration
	CutOff                    // it misses half of the configuration or more
	Joined                    // a part that has the quorum has just admitted it; it probes the members before it counts on that
)

// deafAfter is how long a game server that gossip sees may not answer this process, until it counts for View.Apart.
const deafAfter = time.Second

// quorum reports whether a process that sees seen (itself included) and misses missing may lead rooms. Of two parts that
// know the same members at most one may:
//
//   - a part that misses no game server may, whatever routers it misses;
//   - otherwise more than half of all members may, routers counted;
//   - of two halves, the one with the game server whose name is first.
//
// Members whose end is proven are in neither list. No name is in both. probation.go makes sure that parts of a fleet know
// the same members.
func quorum(seen, missing []Member) bool {
	first, found := firstServer(missing)
	switch {
	case !found || len(seen) > len(missing):
		return true
	case len(seen) < len(missing):
		return false
	}
	mine, found := firstServer(seen)
	return found && mine < first
}

// firstServer is the first name among the game servers.
func firstServer(members []Member) (name ServerName, found bool) {
	servers := gameServers(members)
	if len(servers) == 0 {
		return "", false
	}
	return slices.MinFunc(servers, func(a, b Member) int { return cmp.Compare(a.Name, b.Name) }).Name, true
}
