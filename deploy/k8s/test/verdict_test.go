package main

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestChoose(t *testing.T) {
	names := func(all []phase) (names []string) {
		for _, p := range all {
			names = append(names, p.name)
		}
		return names
	}
	if all, err := choose(nil); err != nil || !slices.Equal(names(all), phaseNames()) {
		t.Errorf("nothing chosen gives %v, %v", names(all), err)
	}
	if some, err := choose([]string{"kill -9", "install"}); err != nil || !slices.Equal(names(some), []string{"install", "kill -9"}) {
		t.Errorf("one chosen gives %v, %v", names(some), err)
	}
	if _, err := choose([]string{"kill"}); err == nil || !strings.Contains(err.Error(), "lose a node") {
		t.Errorf("an unknown phase gives %v", err)
	}
	if len(phases) != len(phaseNames()) { // choosing must not have changed them
		t.Error("phases were changed")
	}
}

// report is how bots say it.
const report = `{
  "first_frame": "2026-01-02T03:04:07.5Z",
  "players": 8, "players_gone": 1, "matches_finished": 3, "jitter_ms": {"max": 30},
  "losses": {"rooms": 1}, "broken_invariants": {"seat-lost": 2}, "details": ["bot-1: gone"],
  "move_log": [
    {"at": "2026-01-02T03:04:08Z", "kind": "handoff", "prepared": true, "gap_ms": 40},
    {"at": "2026-01-02T03:04:09Z", "kind": "failover", "gap_ms": 120, "ticks_missed": 1, "ticks_replayed": 2},
    {"at": "2026-01-02T03:04:08.5Z", "kind": "handoff", "gap_ms": 60}
  ]
}
`

func TestFinding(t *testing.T) {
	b := &bots{end: nothing, clear: nothing, done: make(chan struct{})}
	b.out.WriteString(report)
	close(b.done)
	r, err := b.finish(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	f := &finding{Phase: "delete a pod", Players: 8, Begun: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), Whole: 1}
	f.add(r)
	f.add(&botReport{FirstFrame: f.Begun.Add(2 * time.Second), Jitter: quantiles{Max: 70}})
	f.add(&botReport{}) // who saw no frame says nothing of the first
	if f.FirstTick != 2 || f.Longest != 70+tickMs || f.Matches != 3 {
		t.Errorf("first tick %v, longest %v, matches %d", f.FirstTick, f.Longest, f.Matches)
	}
	want := []string{"1 players could not go on", "1 rooms lost", "2 seat-lost", "bot-1: gone"}
	if !slices.Equal(f.Failures, want) {
		t.Errorf("failures are %q, want %q", f.Failures, want)
	}
	if m := f.Moves["handoff"]; m.Count != 2 || m.Prepared != 1 || m.Gap.Max != 60 || m.Gap.P50 != 40 {
		t.Errorf("handoffs are %+v", m)
	}
	if m := f.Moves["failover"]; m.Again != 4000 || m.Missed != 1 || m.Replayed != 2 {
		t.Errorf("failovers are %+v", m)
	}
	var out bytes.Buffer
	f.print(&out)
	v := verdict{Phases: []*finding{f}, LeftOut: []string{"kill -9"}}
	v.print(&out)
	for _, text := range []string{"longest wait for a frame 120 ms", "1 of 2 prepared", "FAILED: 2 seat-lost", "left out", "\nFAILED\n"} {
		if !strings.Contains(out.String(), text) {
			t.Errorf("%q is not said in:\n%s", text, &out)
		}
	}
	if !v.failed() || (&verdict{Phases: []*finding{{}}}).failed() {
		t.Error("a run fails when a phase does, and only then")
	}
}

func nothing(context.Context) error { return nil }

func TestNoReport(t *testing.T) {
	b := &bots{end: nothing, clear: nothing, done: make(chan struct{})}
	b.out.WriteString("bot: no player could enter")
	close(b.done)
	if _, err := b.finish(t.Context()); err == nil || !strings.Contains(err.Error(), "no player could enter") {
		t.Errorf("got %v", err)
	}
}
