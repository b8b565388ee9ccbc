package membership

import (
	"cmp"
	"slices"
	"time"

	"github.com/ringside-go/ringside/internal/placement"
)

// View is an immutable list of members as one process sees them, sorted by name, with one entry a name: the newest boot.
type View struct {
	Version uint64 // grows by one with each change of what follows
	Self    Member
	Members []Member // Self included
	// Gone holds those who left, died or fell silent within the last five minutes, by name, none of whose names has
	// returned. Who falls silent stays in Members until it was dialled once more, a third of a second at most.
	Gone []Gone
	// Quorum says that this process is not in the smaller part of a fleet that was cut apart. A game server without it
	// suspends its rooms and neither promotes nor creates any. It changes together with Members and Gone: whoever acts on
	// a loss that it finds in a view is to look for the quorum in the same view.
	Quorum bool
	// Apart says that half or more of the game servers in gossip's list do not answer this process. A router that reaches both parts of a divided
	// fleet may give the quorum to both. So a server that is apart does not take over a room that another may lead. Killed and lost servers count
	// only until gossip removes them from its list.
	Apart bool
	// Settled is when a game server last came, went, restarted, changed its state or weight, or was cut off or not any
	// more, by this process's clock.
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

// FindGone returns the member of that name that is gone; none is both gone and a member.
func (v *View) FindGone(n ServerName) (Gone, bool) {
	i, ok := slices.BinarySearchFunc(v.Gone, n, func(g Gone, n ServerName) int { return cmp.Compare(g.Name, n) })
	if !ok {
		return Gone{}, false
	}
	return v.Gone[i], true
}

// Placement returns the set of the serving game servers. Views between which no server came, went or changed its
// state or weight share one set, so that pointers tell whether rooms may have moved.
func (v *View) Placement() *placement.Set { return v.placement }

// Source is what everyone else uses of membership. All methods may be called from any goroutine and do not block.
type Source interface {
	View() *View
	// Quorum is that of the present view.
	Quorum() bool
	// Changed gives a channel that is closed at the next change of the view. Take it before the view, or a change
	// between the two is missed.
	Changed() <-chan struct{}
	// Suspect makes membership check at once whether the member of that name still runs. It is for callers that see a
	// sign of its end, such as a broken link. Repeated calls coalesce.
	Suspect(ServerName)
	// RoundTrip is the measured round trip to the member of that name; false until one was measured.
	RoundTrip(ServerName) (time.Duration, bool)
}

// next returns the view that follows v when r is what is known, v itself if it says all that already. v is nil for the
// first view.
func (v *View) next(now time.Time, r snapshot) *View {
	n := &View{Version: 1, Self: r.self, Members: r.members, Gone: r.gone, Quorum: r.quorum, Apart: r.apart, Settled: now}
	if v == nil {
		n.placement = newPlacement(r.members)
		return n
	}
	if same(r.self, v.Self) && r.quorum == v.Quorum && r.apart == v.Apart && slices.EqualFunc(r.members, v.Members, same) && slices.EqualFunc(r.gone, v.Gone, sameGone) {
		return v
	}
	n.Version = v.Version + 1
	before, after := gameServers(v.Members), gameServers(r.members)
	if slices.EqualFunc(after, before, same) {
		n.Settled = v.Settled
	}
	if slices.EqualFunc(after, before, samePlace) {
		n.placement = v.placement
	} else {
		n.placement = newPlacement(r.members)
	}
	return n
}

func sameGone(a, b Gone) bool {
	return a.Reason == b.Reason && a.Since.Equal(b.Since) && same(a.Member, b.Member)
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
