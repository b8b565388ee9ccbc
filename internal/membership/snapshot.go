package membership

import (
	"cmp"
	"net/netip"
	"slices"
	"time"
)

// other is a member that is not this process.
type other struct {
	Member
	gossip netip.AddrPort // where it gossips

	lost      bool      // gossip has lost it
	acked     time.Time // when it last answered a ping of gossip
	suspected bool      // gossip has lost it, and it stays in the view until the members have been probed
	reason    Reason    // why it is gone; empty: it is not
	since     time.Time // when it went, or was suspected
	counted   time.Time // since when this process has had the quorum while it counted the member as missing

	answer     answer        // to the last probe
	reached    bool          // it has answered one; gossip alone may come from a member that this process does not reach
	answered   time.Time     // when it began to answer again; zero: it always did
	unanswered time.Time     // when it last began not to answer
	incomplete int           // inquiries in a row that not all witnesses answered in time
	roundTrip  time.Duration // smoothed; zero: not measured
	samples    int           // measured round trips
	warned     bool          // of its distance

	firstSeen time.Time // zero: it was there before this process
	probation time.Time // since when it is on probation (probation.go); zero: it counts for the quorum
}

// answer is what dialling a member's gossip address showed.
type answer uint8

const (
	answering answer = iota // also before any probe: gossip says so
	refusing                // across a network, which proves nothing
	ended                   // refused by this machine's own kernel, which ran the process
	silent
	unasked // the dial failed on this machine; no member keeps this as its answer
)

// missing reports whether the member went without a proof of its end.
func (o *other) missing() bool { return o.reason == Refused || o.reason == Unreachable }

// snapshot is the membership at one moment.
type snapshot struct {
	self    Member
	members []Member // self included; by name, one a name: the newest boot
	gone    []Gone   // by name; none that is among members
	quorum  bool
	apart   bool
}

// newSnapshot sorts self and others into members and gone ones.
func newSnapshot(self other, others []other, now time.Time) snapshot {
	s := snapshot{self: self.Member}
	known := make([]*other, 0, len(others)+1) // pointers: sorting copies
	for i := range others {
		known = append(known, &others[i])
	}
	known = append(known, &self)
	slices.SortFunc(known, func(a, b *other) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), absence(a)-absence(b), newer(a.Member, b.Member))
	})
	known = slices.CompactFunc(known, func(a, b *other) bool { return a.Name == b.Name })
	s.members = make([]Member, 0, len(known))
	var seen, missing, deaf []Member
	cutOff, hasQuorum := false, false // what the others say of themselves
	for _, o := range known {
		switch {
		case o.reason != "":
			s.gone = append(s.gone, Gone{o.Member, o.reason, o.since})
			if o.missing() && o.missed(now) {
				missing = append(missing, o.Member)
			}
			continue
		case o.answer == answering:
			if o.probation.IsZero() {
				seen = append(seen, o.Member)
			}
			if o.Name != self.Name {
				cutOff, hasQuorum = cutOff || o.Standing == CutOff, hasQuorum || o.Standing == HasQuorum
			}
		case o.answer != ended && o.missed(now):
			missing = append(missing, o.Member)
			if now.Sub(o.unanswered) >= deafAfter {
				deaf = append(deaf, o.Member)
			}
		}
		s.members = append(s.members, o.Member)
	}
	// A newcomer may not know the members that its part of the fleet has lost. The others there do: where one of them has the
	// quorum, one that is cut off from that part and not from the newcomer changes nothing.
	s.quorum = quorum(seen, missing) && (self.probation.IsZero() || !cutOff || hasQuorum)
	n := len(gameServers(deaf))
	s.apart = n > 0 && n >= len(gameServers(seen))
	return s
}

func absence(o *other) int {
	if o.reason != "" {
		return 1
	}
	return 0
}
