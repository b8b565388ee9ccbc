package main

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ringside-go/ringside/deploy/internal/fleet"
)

// chaosOnStandIns runs phases on programs that stand for the real ones, with bots that report report.
func chaosOnStandIns(t *testing.T, report string, all ...phase) (*output, *verdict, error) {
	t.Helper()
	c := config{servers: 2, bots: 1, players: 1, mode: "redirect", bin: standIns(t), calm: 20 * time.Millisecond, seed: 1, json: filepath.Join(t.TempDir(), "verdict.json")}
	if err := os.WriteFile(filepath.Join(c.bin, "bots.json"), []byte(report), 0o600); err != nil {
		t.Fatal(err)
	}
	out, v := &output{}, &verdict{}
	_, err := chaosPhases(t.Context(), c, all, fleet.NewConsole(out, false))
	b, readErr := os.ReadFile(c.json)
	if readErr != nil || json.Unmarshal(b, v) != nil {
		t.Fatalf("no report: %v, %v", err, readErr)
	}
	return out, v, err
}

func TestChaosDoesEveryFaultOnce(t *testing.T) {
	kinds := []fault{killing, stopping, joining, deafness, rolling}
	out, v, err := chaosOnStandIns(t, `{"moves":{"handoff":{"count":3,"gap_ms":{"p99":50}}}}`, phase{name: "all", faults: kinds, target: planned})
	if err != nil {
		t.Fatalf("%v:\n%s", err, out)
	}
	o := v.Phases[0]
	done := map[string]int{}
	for _, e := range o.Events {
		done[e.Kind]++
	}
	for _, f := range kinds {
		if done[f.kind] != 1 {
			t.Errorf("%s was done %d times, want once", f.kind, done[f.kind])
		}
	}
	if !o.Reached || len(o.Failures) != 0 || o.Bots.Moves["handoff"].Count != 3 {
		t.Errorf("outcome is %+v", o)
	}
	out.expect(t, `all +5 +3 handoff +0 / 50 / 0 +0 +0 +0 +0 +0 +0 .*0 missed, p99 < 2 ticks: yes`)
}

func TestChaosBehindABalancer(t *testing.T) {
	for prepared, word := range map[string]string{"3": "yes", "2": "NO"} {
		report := `{"moves":{"reconnect":{"count":3,"prepared":` + prepared + `}}}`
		out, _, err := chaosOnStandIns(t, report, phase{name: "update", faults: []fault{updating}, balanced: true, target: unnoticed})
		if err != nil {
			t.Fatalf("%v:\n%s", err, out)
		}
		out.expect(t, `update +1 +3 reconnect .*0 missed, all prepared: `+word)
	}
}

func TestChaosFailsOnLosses(t *testing.T) {
	for name, report := range map[string]string{
		"2 seat-lost":               `{"broken_invariants":{"seat-lost":2},"details":["bot-1: seat-lost"]}`,
		"1 rooms lost":              `{"losses":{"rooms":1}}`,
		"3 players could not go on": `{"players_gone":3}`,
		"1 players were not let in": `{"players_refused":1}`,
		"unexpected end of JSON":    `{`,
	} {
		out, v, err := chaosOnStandIns(t, report, phase{name: "still"})
		if !errors.Is(err, errLost) || len(v.Phases) != 1 || !strings.Contains(strings.Join(v.Phases[0].Failures, "\n"), name) {
			t.Errorf("%s: %v:\n%s", name, err, out)
		}
		out.expect(t, `FAILED  still: .*`+name)
	}
}

func TestChaosDoesNotFailOnTimes(t *testing.T) {
	report := `{"moves":{"handoff":{"count":1,"gap_ms":{"p99":9000},"ticks_missed":80}},"jitter_ms":{"max":9000}}`
	out, v, err := chaosOnStandIns(t, report, phase{name: "still", target: planned})
	if err != nil || v.Phases[0].Reached {
		t.Errorf("%v:\n%s", err, out)
	}
	out.expect(t, `0 missed, p99 < 2 ticks: NO`)
}

func TestChaosFailsWhenAMemberEnds(t *testing.T) {
	crash := fault{"crash", func(_ context.Context, b *bed, e *event) error {
		e.begin("game-1")
		b.up["game-1"].Kill()
		return nil
	}}
	out, _, err := chaosOnStandIns(t, `{}`, phase{name: "crash", faults: []fault{crash}})
	if !errors.Is(err, errLost) {
		t.Errorf("%v:\n%s", err, out)
	}
	out.expect(t, `FAILED  crash: crash of "game-1" \(fault 1\): game-1 ended by itself: signal: killed`)
}

func TestChoosePhases(t *testing.T) {
	chosen, err := choose(phases, "pause, planned")
	if err != nil || len(chosen) != 2 || chosen[0].name != "planned" || chosen[1].name != "pause" {
		t.Errorf("%v, %v", chosen, err)
	}
	if all, err := choose(phases, ""); err != nil || len(all) != len(phases) {
		t.Errorf("%d phases, %v", len(all), err)
	}
	if _, err := choose(phases, "planned,war"); err == nil || !strings.Contains(err.Error(), `"war"; there are "steady", "planned"`) {
		t.Errorf("error is %v", err)
	}
}
