package membership

import "time"

// roundTripWeight is the share of a new measurement in the smoothed round trip: 1/8, as in TCP.
const roundTripWeight = 8

// measure notes how long the member took to take a connection; zero: it did not.
func (o *other) measure(took time.Duration) {
	switch {
	case took == 0:
	case o.roundTrip == 0:
		o.roundTrip = took
	default:
		o.roundTrip += (took - o.roundTrip) / roundTripWeight
	}
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
