package membership

import "time"

// A newcomer is on trial. The parts of a fleet that is cut in two count alike only if they know of the same members, and
// one that joined a moment before may be known in its own part alone: were it counted there, a minority could take itself
// for the half, or for more. So it counts where it is missing from missedAfter on, and where it is there only once it was
// there for trustedAfter, without a break of the quorum. Between the two lies more than gossip needs to tell all others of
// it (a push-pull's interval at the worst) and more than a cut goes unnoticed: whoever counts a member as seen can be sure
// that whoever is cut off from it counts it as missing.
const (
	missedAfter  = 2 * time.Second
	trustedAfter = 6 * time.Second
	// arrival is how long a process takes whom it meets for members that were there before it, from the first one on.
	// With them it cannot know how long they have been there, and counting them all can only cost it the quorum.
	arrival = 2 * time.Second
)

// meet puts o on trial if it came after this process. Called with mu held.
func (r *roster) meet(o *other, now time.Time) {
	if r.met.IsZero() {
		r.met = now
	}
	if now.Sub(r.met) >= arrival {
		o.met, o.trial = now, now
	}
}

// try ends the trial of those who have stood it, and begins it anew for all others that are there if this process does not have
// the quorum. Called with mu held.
func (r *roster) try(now time.Time, quorum bool) {
	r.trial = tried(r.trial, now, quorum)
	for node, o := range r.others {
		if !o.trial.IsZero() && o.reason == "" {
			o.trial = tried(o.trial, now, quorum && o.answer == answering)
			r.others[node] = o
		}
	}
}

// tried gives the begin of a trial that began at since; zero when it has ended.
func tried(since, now time.Time, goesOn bool) time.Time {
	switch {
	case since.IsZero():
		return since
	case !goesOn:
		return now
	case now.Sub(since) >= trustedAfter:
		return time.Time{}
	}
	return since
}

// missed reports whether o counts as missing where it is not there.
func (o *other) missed(now time.Time) bool {
	if o.reason != "" {
		now = o.since
	}
	return o.trial.IsZero() || now.Sub(o.met) >= missedAfter
}
