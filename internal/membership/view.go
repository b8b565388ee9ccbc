package membership

import (
	"cmp"
	"slices"
	"time"

	"github.com/ringside-go/ringside/internal/placement"
)

// View is an immutable list of members as one process sees them, sorted by name, with one entry a name: the newest boot.
type View struct {
	Version uint64 // grows by one with each change of Members, of a load too
	Self    Member
	Members []Member // Self included
	// Settled is when a game server last came, went, restarted or changed its state or weight, by this process's clock.
	Settled time.Time

	placement *placement.Set
}

// Servers returns the serving game servers, by name. Each call allocates.
func (v *View) Servers() []Member {
	return slices.DeleteFunc(slices.Clone(v.Members), func(m Member) bool { return !m.serves() })
}

// Find returns the member of that name.
func (v *View) Find(n ServerName) (Member, bool) {
	i, ok := slices.BinarySearchFunc(v.Members, n, func(m Member, n ServerName) int { return cmp.Compare(m.Name, n) })
	if !ok {
		return Member{}, false
	}
	return v.Members[i], true
}

// Placement returns the set of the serving game servers. Views between which no server came, went or changed its
// state or weight share one set, so that pointers tell whether rooms may have moved.
func (v *View) Placement() *placement.Set { return v.placement }

// Source is what everyone else uses of membership. All methods may be called from any goroutine and do not block.
type Source interface {
	View() *View
	// Changed gives a channel that is closed at the next change of the view. Take it before the view, or a change
	// between the two is missed.
	Changed() <-chan struct{}
}

// next returns the view that follows v when the members are self and others, v itself if it says all that already.
// v is nil for the first view; others is used up.
func (v *View) next(now time.Time, self Member, others []Member) *View {
	members := append(others, self)
	slices.SortFunc(members, func(a, b Member) int { return cmp.Or(cmp.Compare(a.Name, b.Name), newer(a, b)) })
	members = slices.CompactFunc(members, func(a, b Member) bool { return a.Name == b.Name })
	n := &View{Version: 1, Self: self, Members: members, Settled: now}
	if v == nil {
		n.placement = newPlacement(members)
		return n
	}
	if same(self, v.Self) && slices.EqualFunc(members, v.Members, same) {
		return v
	}
	n.Version = v.Version + 1
	before, after := gameServers(v.Members), gameServers(members)
	if slices.EqualFunc(after, before, sameButLoad) {
		n.Settled = v.Settled
	}
	if slices.EqualFunc(after, before, samePlace) {
		n.placement = v.placement
	} else {
		n.placement = newPlacement(members)
	}
	return n
}

func gameServers(members []Member) []Member {
	return slices.DeleteFunc(slices.Clone(members), func(m Member) bool { return m.Role != GameServer })
}

func samePlace(a, b Member) bool {
	return a.Name == b.Name && a.Weight == b.Weight && a.serves() == b.serves()
}

func newPlacement(members []Member) *placement.Set {
	var servers []placement.Server
	for _, m := range members {
		if m.serves() {
			servers = append(servers, placement.Server{Name: string(m.Name), Weight: m.Weight})
		}
	}
	return placement.New(servers)
}
