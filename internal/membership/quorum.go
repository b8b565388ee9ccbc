package membership

import (
	"cmp"
	"slices"
	"time"
)

// memory is how long a member that is gone is known. Longer, and machines that were given up would freeze what is left
// of a small fleet; shorter, and the two halves of a long partition would each take themselves for the whole.
const memory = 5 * time.Minute

// quorum reports whether whoever sees seen (itself included) and misses missing may lead rooms, so that of the parts of
// a fleet that is cut in two no more than one does:
//
//   - a part that misses no game server goes on, whatever routers it misses;
//   - else a part of more than half of all members goes on, routers counted;
//   - of two halves that one goes on which has the game server with the first name.
//
// Members that left, and those whose address refuses connections, are in neither list: they lead no rooms. No name is in
// both. That at most one part goes on holds among parts that have game servers and know of the same members; trial.go
// sees to that.
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
