package ownership

import (
	"flag"
	"fmt"
	"os"
	"strconv"
	"testing"
	"time"
)

var tracing = flag.Bool("trace", false, "print every event of a failed run of the model")

func (m *model) trace(n *node, ev any, acts []Action) {
	if !*tracing {
		return
	}
	switch ev.(type) {
	case StandbyCaught:
		if len(acts) == 0 {
			return
		}
	case FleetChanged:
		ev = fmt.Sprintf("view quorum %v %+v", n.view.quorum, n.view.fleet.Servers)
	}
	s := fmt.Sprintf("%s %v %T%+v", n.name, n.mach.Role(), ev, ev)
	for _, a := range acts {
		s += fmt.Sprintf("\n            -> %T%+v", a, a)
	}
	m.log(s)
}

// settleBound is how long after the last fault the room must tick, and all clients be in it or told: a lost room is declared lostTime
// after its clients' question, which they repeat every two seconds. A server that did not stand by is asked again after avoidTime.
const (
	settleBound  = lostTime + 18*time.Second
	standbyBound = settleBound + avoidTime
)

// runModel plays one schedule. next draws the next fault and how long after the one before it comes; ok is false at the end.
func runModel(seed uint64, next func(m *model) (fault byte, after time.Duration, ok bool)) *model {
	c := modelConfig{servers: 3 + int(seed%3), standbys: int(seed / 3 % 3), loopback: seed/9%2 == 0,
		delay: []time.Duration{time.Millisecond, 5 * time.Millisecond, 50 * time.Millisecond}[seed/18%3],
		drop:  int(seed / 54 % 3), slow: int(seed / 162 % 2 * 10), tick: 100 * time.Millisecond}
	m := newModel(seed, c)
	m.drains()
	m.runUntil(2 * time.Second)
	for m.failed == "" {
		b, d, ok := next(m)
		if !ok {
			break
		}
		m.runUntil(m.now + d)
		m.fault(b)
	}
	m.runUntil(m.now + time.Second)
	m.heal()
	end := m.now
	for m.failed == "" && !m.goesOn(false) {
		m.runUntil(m.now + 500*time.Millisecond)
		if m.now-end > settleBound {
			m.fail("%v after the last fault the room does not tick again", m.now-end)
		}
	}
	for m.failed == "" && !m.goesOn(true) {
		m.runUntil(m.now + 500*time.Millisecond)
		if m.now-end > standbyBound {
			m.fail("%v after the last fault the room has not all its standbys", m.now-end)
		}
	}
	m.runUntil(m.now + 3*time.Second)
	return m
}

func (m *model) report(t testing.TB, seed uint64) {
	if m.failed != "" {
		t.Fatalf("seed %d, %+v: %s\n%s\n%s", seed, m.config, m.failed, m.story(), m.describe())
	}
}

// TestModel plays schedules. SEED is the first one, SEEDS how many, STEPS how many faults each has, GAP the most ms between most of them.
func TestModel(t *testing.T) {
	first, seeds, faults := env("SEED", 1), env("SEEDS", 2000), env("STEPS", 30)
	gap := time.Duration(env("GAP", 3000)) * time.Millisecond
	t.Logf("first seed: %d", first)
	begun, steps, sum := time.Now(), 0, checks{}
	seed := first
	for ; seed-first < seeds; seed++ {
		left := faults
		m := runModel(seed, func(m *model) (byte, time.Duration, bool) {
			left--
			d := m.between(0, gap)
			if m.chance(30) {
				d = m.between(0, 4*gap)
			}
			return byte(m.rng.Uint32()), d, left < faults
		})
		m.report(t, seed)
		steps += m.steps
		sum.ticks, sum.decided, sum.lost, sum.failovers, sum.moves = sum.ticks+m.check.ticks, sum.decided+m.check.decided,
			sum.lost+m.check.lost, sum.failovers+m.check.failovers, sum.moves+m.check.moves
	}
	t.Logf("%d schedules, %d steps in %v: %d ticks, %d outcomes, %d takeovers, %d moves, %d instances over",
		seed-first, steps, time.Since(begun).Round(time.Millisecond), sum.ticks, sum.decided, sum.failovers, sum.moves, sum.lost)
	if seed-first > 50 && (sum.decided == 0 || sum.failovers == 0 || sum.moves == 0) {
		t.Error("the schedules do not reach what they are to check")
	}
}

func env(name string, or uint64) uint64 {
	if n, err := strconv.ParseUint(os.Getenv(name), 10, 64); err == nil {
		return n
	}
	return or
}

// FuzzModel drives the schedule from bytes: pairs of a fault and the time before it in 50 ms.
func FuzzModel(f *testing.F) {
	f.Add(uint64(1), []byte{10, 20, 14, 20, 0, 40})
	f.Add(uint64(7), []byte{7, 20, 2, 100, 3, 40, 6, 60})
	f.Fuzz(func(t *testing.T, seed uint64, schedule []byte) {
		if len(schedule) > 80 {
			schedule = schedule[:80]
		}
		m := runModel(seed, func(*model) (fault byte, after time.Duration, ok bool) {
			if len(schedule) < 2 {
				return 0, 0, false
			}
			fault, after = schedule[0], time.Duration(schedule[1])*50*time.Millisecond
			schedule = schedule[2:]
			return fault, after, true
		})
		m.report(t, seed)
	})
}
