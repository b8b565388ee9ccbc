package ownership

import (
	"testing"
	"time"
)

// TestOneCrashDuringAMove moves the room and kills one server at any moment of it: the room ticks again, without a new instance, within
// a few seconds where the end is proven, and within the time in which a view misses a server where it is not.
func TestOneCrashDuringAMove(t *testing.T) {
	moved, taken := 0, 0
	for seed := range env("SEEDS", 1500) {
		m := newModel(seed, modelConfig{servers: 3 + int(seed%3), standbys: 1 + int(seed/3%2), loopback: seed/6%2 == 0,
			delay: []time.Duration{time.Millisecond, 10 * time.Millisecond}[seed/12%2], tick: 50 * time.Millisecond})
		m.runUntil(3 * time.Second)
		leader := m.leader()
		if leader == nil {
			t.Fatalf("seed %d: nobody leads\n%s", seed, m.story())
		}
		instance := leader.room.state.instance
		m.move()
		m.runUntil(m.now + m.between(0, 400*time.Millisecond))
		victim := m.nodes[m.rng.IntN(len(m.nodes))]
		if m.chance(70) {
			for _, n := range m.nodes { // more often who takes part
				if n.room != nil || n.mach.Guards() || n.mach.Role() == Promoting {
					victim = n
				}
			}
		}
		victim.crash(!m.config.loopback && m.chance(50))
		m.runUntil(m.now + 6*time.Second)
		now := m.leader()
		if m.failed == "" && (now == nil || now.room.state.instance != instance) {
			m.fail("the room does not tick again")
		}
		m.report(t, seed)
		moved, taken = moved+m.check.moves, taken+m.check.failovers
	}
	if moved == 0 || taken == 0 {
		t.Errorf("%d moves, %d takeovers", moved, taken)
	}
}
