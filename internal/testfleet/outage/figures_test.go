package outage

import (
	"fmt"
	"os"
	"slices"
	"testing"
	"time"
)

// stores are the kinds of results stores; none is a fleet without one.
func stores(t *testing.T) map[string]string {
	all := map[string]string{"none": "", "sqlite": ""}
	if at := os.Getenv("RINGSIDE_POSTGRES"); at != "" {
		all["postgres"] = at
	} else {
		t.Log("SKIPPED: PostgreSQL is not here; make results-figures starts it")
	}
	return all
}

// play opens a fleet with a kind of store, and fills rooms with two players each.
func (b *bed) play(kind, postgres string, rooms int) (players []*player) {
	b.t.Helper()
	if kind == "postgres" {
		b.store = postgres
	}
	b.start(router)
	for _, name := range []string{"gs-1", "gs-2"} {
		if kind == "none" {
			b.start(name, "-results=false", "-data=")
		} else {
			b.start(name)
		}
	}
	b.whole()
	for n := range rooms {
		for _, who := range []string{"ann", "bob"} {
			players = append(players, b.enter(who, fmt.Sprintf("room-%d", n)))
		}
	}
	return players
}

// figuresLong says whether figures are taken for long enough to mean something.
func figuresLong() bool { return os.Getenv("RINGSIDE_FIGURES") != "" }

// Players hear an outcome soon after the frame of the tick that decided it: after the standby has it, and, with a store, the store too.
// It prints how long after.
func TestHowLateOutcomesAreHeard(t *testing.T) {
	for kind, at := range stores(t) {
		t.Run(kind, func(t *testing.T) {
			b := newBed(t)
			rooms, each := 4, 5
			if figuresLong() {
				rooms, each = 20, 100
			}
			players := b.play(kind, at, rooms)
			var late []time.Duration
			for _, p := range players {
				b.awaitFor(5*patience, "players hear outcomes", func() bool { return p.matches() > each })
			}
			for _, p := range players {
				p.mu.Lock()
				late = append(late, p.late...)
				p.mu.Unlock()
			}
			slices.Sort(late)
			t.Logf("store %s: %d outcomes were heard p50 %v, p99 %v, at most %v after the frame that decided them", kind, len(late),
				late[len(late)/2].Round(100*time.Microsecond), late[len(late)*99/100].Round(100*time.Microsecond), late[len(late)-1].Round(100*time.Microsecond))
			if median := late[len(late)/2]; median > 5*time.Second {
				t.Errorf("half of the outcomes were heard %v or later", median)
			}
		})
	}
}

// What results cost the game servers, in pairs of runs without and with a store. It prints the CPU time of a player's tick.
func TestWhatResultsCost(t *testing.T) {
	if !figuresLong() {
		t.Skip("it measures for minutes; make results-figures runs it")
	}
	const pairs, length = 4, 20 * time.Second
	for pair := range pairs {
		for _, kind := range []string{"none", "sqlite"} {
			t.Run(fmt.Sprintf("%d-%s", pair, kind), func(t *testing.T) {
				b := newBed(t)
				b.env = []string{longMatches + "=1"}
				b.play(kind, "", 30)
				sum := func(metric string) float64 { return b.metric("gs-1", metric) + b.metric("gs-2", metric) }
				cpu, ticks := sum("process_cpu_seconds_total"), sum("ringside_player_ticks_total")
				time.Sleep(length)
				cpu, ticks = sum("process_cpu_seconds_total")-cpu, sum("ringside_player_ticks_total")-ticks
				t.Logf("store %s: %.2f µs of CPU a player's tick (%.0f ticks)", kind, 1e6*cpu/ticks, ticks)
			})
		}
	}
}
