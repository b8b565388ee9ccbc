package sim

import "time"

// recovery is how long a fleet has after a fault, in schedules whose faults come one at a time, until the next: rooms
// have standbys again by then.
const recovery = 8 * time.Second

// awake is the time within which a client that plays gets a frame.
const awake = time.Second

// nobodyWaits checks that everybody is back in play once a fault is over for recovery.
func (f *fleet) nobodyWaits() {
	for _, p := range f.players {
		if last := p.lastFrame.Load(); last != 0 && !p.gone.Load() {
			if q := time.Since(f.history.began) - time.Duration(last); q > awake {
				f.history.violation("%s in %s is without frames for %v, %v after the end of a fault", p.id, p.room, q, recovery)
			}
		}
	}
}

// oneByOne is a schedule of n faults, none of which begins before the fleet has recovered from the one before.
func oneByOne(n int, of []fault) func(f *fleet) {
	return func(f *fleet) {
		for range n {
			one := of[f.rng.IntN(len(of))]
			f.history.note("fault: %s", one.name)
			end := one.begin(f)
			time.Sleep(f.drawTime(one.shortest, one.longest))
			if end != nil {
				end()
			}
			time.Sleep(recovery)
			f.nobodyWaits()
		}
	}
}

// allAtOnce is a schedule of n faults that overlap as they like. All guarantees but those hold that need a survivor.
func allAtOnce(n int, of []fault) func(f *fleet) {
	return func(f *fleet) {
		type ending struct {
			at  time.Time
			end func()
		}
		var endings []ending
		for n > 0 || len(endings) > 0 {
			time.Sleep(f.drawTime(0, 2*time.Second))
			if one := of[f.rng.IntN(len(of))]; n > 0 && len(f.running()) > 1 {
				n--
				f.history.note("fault: %s", one.name)
				if end := one.begin(f); end != nil {
					endings = append(endings, ending{time.Now().Add(f.drawTime(one.shortest, one.longest)), end})
				}
			}
			left := endings[:0]
			for _, e := range endings {
				if time.Now().Before(e.at) {
					left = append(left, e)
				} else {
					e.end()
				}
			}
			endings = left
		}
	}
}
