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
	answer answer         // to the last sounding
	// answered is when it last began to answer, after it did not; zero: it always did.
	answered time.Time
	// doubted: gossip has lost it. Until it was sounded out it stays in the view, so that nobody acts on a loss before
	// it is known whether the lost one or this process is cut off.
	doubted   bool
	reason    Reason        // why it is gone; empty: it is not
	since     time.Time     // when it went, or fell into doubt
	met       time.Time     // when this process first saw it; zero: it was there before
	roundTrip time.Duration // smoothed; zero: not measured
	trial     time.Time     // since when it is on trial (trial.go); zero: it counts for the quorum
}

// answer is what dialling a member's gossip address told.
type answer uint8

const (
	answering answer = iota // also before any sounding: gossip says so
	refusing                // across a network
	ended                   // refused by this machine's own kernel, which ran the process
	silent
	unasked // the dial failed on this machine; no member keeps this as its answer
)

// roll is what is known at one moment.
type roll struct {
	self    Member
	members []Member // self included; by name, one a name: the newest boot
	gone    []Gone   // by name; none that is among members
	quorum  bool
}

// callRoll sorts out self and others.
func callRoll(self other, others []other, now time.Time) roll {
	r := roll{self: self.Member}
	known := append(slices.Clone(others), self)
	slices.SortFunc(known, func(a, b other) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), absence(a)-absence(b), newer(a.Member, b.Member))
	})
	known = slices.CompactFunc(known, func(a, b other) bool { return a.Name == b.Name })
	var seen, missing []Member
	cutOff := false // somebody says that he is
	for _, o := range known {
		switch {
		case o.reason != "":
			r.gone = append(r.gone, Gone{o.Member, o.reason, o.since})
			if o.reason == Unreachable && o.missed(now) {
				missing = append(missing, o.Member)
			}
			continue
		case o.answer == answering:
			if o.trial.IsZero() {
				seen = append(seen, o.Member)
			}
			cutOff = cutOff || o.CutOff && o.Name != self.Name
		case o.answer == silent && o.missed(now):
			missing = append(missing, o.Member)
		}
		r.members = append(r.members, o.Member)
	}
	// A newcomer may not have heard of those whom its part of the fleet has lost; the others there have.
	r.quorum = quorum(seen, missing) && (self.trial.IsZero() || !cutOff)
	return r
}

func absence(o other) int {
	if o.reason != "" {
		return 1
	}
	return 0
}
