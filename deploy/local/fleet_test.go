package main

import (
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/ringside-go/ringside/deploy/internal/fleet"
)

// fleetTime is how long the bots play: RINGSIDE_FLEET, which `make fleet` sets. Without it the test is left out, since
// it needs both cores of a small machine for itself.
func fleetTime(t *testing.T) time.Duration {
	text := os.Getenv("RINGSIDE_FLEET")
	if text == "" {
		t.Skip("set RINGSIDE_FLEET to a duration, or run make fleet")
	}
	d, err := time.ParseDuration(text)
	if err != nil || d < time.Second {
		t.Fatalf("RINGSIDE_FLEET is %q; write a duration of a second or more, such as 20s", text)
	}
	return d
}

// TestFleetRedirect and TestFleetProxy run processes as a person would: a router, three game servers and 160 bots, who
// must see every tick, finish matches on all servers and find no invariant broken.
func TestFleetRedirect(t *testing.T) { playFleet(t, "redirect") }

func TestFleetProxy(t *testing.T) { playFleet(t, "proxy") }

// leastShare is the share of the ticks that players must get. It is 99.9 % on a quiet machine; but a room that was kept
// waiting goes on from now, so a machine that is busy with other things takes ticks away. That no player misses a
// tick that was made is held exactly, by the bots' invariants.
const leastShare = 0.8

func playFleet(t *testing.T, mode string) {
	length := fleetTime(t)
	runtime.LockOSThread() // see process.start
	defer runtime.UnlockOSThread()
	c := config{servers: 3, mode: mode, freePorts: true, checks: true, logLevel: "warn"}
	out := fleet.NewConsole(testWriter{t}, false)
	bin, err := binaries(t.Context(), "", out)
	if err != nil {
		t.Fatal(err)
	}
	addresses, err := fleet.PickAddresses(c.servers, c.freePorts)
	if err != nil {
		t.Fatal(err)
	}
	f := fleet.New(newPlan(c, bin, addresses), out)
	defer f.Stop()
	if err := f.Open(t.Context()); err != nil {
		t.Fatal(err)
	}

	file := filepath.Join(t.TempDir(), "report.json")
	bots := exec.CommandContext(t.Context(), filepath.Join(bin, "bot"), "-router", f.Plan.Router.URL, "-rooms", "20", "-players", "8",
		"-for", length.String(), "-options", `{"round_seconds":8}`, "-json", file)
	text, err := bots.CombinedOutput()
	t.Logf("the bots say:\n%s", text)
	if err != nil {
		t.Errorf("bots: %v", err)
	}
	var report struct {
		Players    int            `json:"players"`
		TickShare  float64        `json:"ticks_share"`
		Matches    int            `json:"matches_finished"`
		Checks     int            `json:"state_hashes_compared"`
		Reconnects int            `json:"reconnects"`
		Broken     int            `json:"broken_invariants_total"`
		Rooms      map[string]int `json:"rooms_by_server"`
	}
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, &report); err != nil {
		t.Fatal(err)
	}
	switch {
	case report.Players != 160:
		t.Errorf("%d players got in, want 160", report.Players)
	case report.Broken != 0 || report.Reconnects != 0:
		t.Errorf("%d broken invariants and %d reconnects, want none", report.Broken, report.Reconnects)
	case report.TickShare < leastShare || report.TickShare > 1.01:
		t.Errorf("players got %.2f %% of the ticks, want %.0f %% at least", 100*report.TickShare, 100*leastShare)
	case report.Checks == 0:
		t.Error("no state hash was compared")
	case len(report.Rooms) != 3:
		t.Errorf("rooms by server are %v, want some on each of 3", report.Rooms)
	case length >= 10*time.Second && report.Matches == 0:
		t.Error("no match was finished")
	}
}

// TestFleetChaos is the short form of make chaos: each of the usual faults once while 160 bots play. Nothing may be lost,
// and players must have moved in both ways.
func TestFleetChaos(t *testing.T) {
	fleetTime(t)
	c := config{servers: 3, bots: 20, players: 8, mode: "redirect", logLevel: "info", calm: calm / 2, seed: 1}
	faults := []fault{killing, draining, joining, pausing}
	v, err := chaosPhases(t.Context(), c, []phase{{name: "short", faults: faults}}, fleet.NewConsole(testWriter{t}, false))
	if err != nil {
		t.Fatal(err)
	}
	o := v.Phases[0]
	for _, kind := range []string{"handoff", "failover"} {
		if o.Bots.Moves[kind].Count == 0 {
			t.Errorf("no player noticed a %s", kind)
		}
	}
	if len(o.Events) != len(faults) || o.Bots.Players != 160 || o.Bots.Matches == 0 {
		t.Errorf("%d faults, %d players and %d matches; want %d, 160 and some", len(o.Events), o.Bots.Players, o.Bots.Matches, len(faults))
	}
}

// testWriter sends what the processes log to the test's log.
type testWriter struct{ t *testing.T }

var _ io.Writer = testWriter{}

func (w testWriter) Write(b []byte) (int, error) {
	w.t.Log(strings.TrimRight(string(b), "\n"))
	return len(b), nil
}
