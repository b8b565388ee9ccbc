package membership

import "time"

const (
	// roundTripWeight is the share of a new measurement in the smoothed round trip: 1/8, as in TCP.
	roundTripWeight = 8
	// farAway is the round trip between game servers up to which handoff and failover are built to work.
	farAway = 100 * time.Millisecond
	// warnSamples is how many measurements a warning needs: one alone may be the machine's load.
	warnSamples = 4
)

// measure notes how long the member took to take a connection; zero: it did not. It reports whether that is the
// measurement by which the member turns out to be too far away.
func (o *other) measure(took time.Duration) (far bool) {
	switch {
	case took == 0:
		return false
	case o.roundTrip == 0:
		o.roundTrip = took
	default:
		o.roundTrip += (took - o.roundTrip) / roundTripWeight
	}
	if o.samples++; o.samples < warnSamples || o.warned || o.roundTrip <= farAway {
		return false
	}
	o.warned = true
	return true
}

// RoundTrip implements Source.
func (r *roster) RoundTrip(name ServerName) (time.Duration, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, o := range r.others {
		if o.Name == name && o.reason == "" && o.roundTrip > 0 {
			return o.roundTrip, true
		}
	}
	return 0, false
}

// warnOfDistance logs the members that turned out to be too far away.
func (g *Gossip) warnOfDistance(far []other) {
	for _, o := range far {
		g.logger.Warn("round trip to a member is long; handoff and failover may not work at 60 ticks a second",
			"member", o.Name, "roundtrip", o.roundTrip, "limit", farAway)
	}
}
