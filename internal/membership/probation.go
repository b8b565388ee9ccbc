package membership

import "time"

// A newcomer is on probation. The parts of a divided fleet count alike only if they know the same members, and a process
// that joined a moment ago may be known in its own part alone. Counted there, it could make a minority a majority. So a
// newcomer counts as missing after missedAfter, but as present only after trustedAfter without a break of the quorum. The
// difference is more than gossip needs to tell all others (a push-pull interval at worst) and more than a cut goes unnoticed:
// a part that counts a member as present can rely on the other parts counting it as missing.
//
// A process that returns under the name of a member that is not proven gone is no newcomer: all parts count that name.
const (
	missedAfter  = 2 * time.Second
	trustedAfter = 6 * time.Second
	// arrival is how long after its first meeting a process takes whom it meets for members that were there before it. It
	// does not know how long they have been there. As long as it is on probation itself, the others' word decides.
	arrival = 2 * time.Second
)

// meet puts o on probation if it came after this process. Called with mu held.
func (r *roster) meet(o *other, now time.Time) {
	if last, ok := r.counted(o.Name); ok {
		o.firstSeen, o.probation = last.firstSeen, last.probation
		return
	}
	if r.firstMet.IsZero() {
		r.firstMet = now
	}
	if now.Sub(r.firstMet) >= arrival {
		o.firstSeen, o.probation = now, now
	}
}

// counted returns the member of that name that the configuration holds. Called with mu held.
func (r *roster) counted(name ServerName) (o other, ok bool) {
	for _, o := range r.others {
		if o.Name == name && (o.reason == "" || o.missing()) {
			return o, true
		}
	}
	return other{}, false
}

// advanceProbation ends the probation of the members that have passed it, and restarts it for all present ones while this
// process does not have the quorum. Called with mu held.
func (r *roster) advanceProbation(now time.Time, quorum bool) {
	r.probation = passed(r.probation, now, quorum)
	for node, o := range r.others {
		if !o.probation.IsZero() && o.reason == "" {
			o.probation = passed(o.probation, now, quorum && o.answer == answering)
			r.others[node] = o
			if o.probation.IsZero() {
				delete(r.forgotten, o.Name)
			}
		}
	}
}

// passed returns the start of a probation that started at since; zero when it is over.
func passed(since, now time.Time, continues bool) time.Time {
	switch {
	case since.IsZero():
		return since
	case !continues:
		return now
	case now.Sub(since) >= trustedAfter:
		return time.Time{}
	}
	return since
}

// missed reports whether o counts as missing where it is not present.
func (o *other) missed(now time.Time) bool {
	if o.reason != "" {
		now = o.since
	}
	return o.probation.IsZero() || now.Sub(o.firstSeen) >= missedAfter
}
