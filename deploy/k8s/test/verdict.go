package main

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// quantiles in milliseconds.
type quantiles struct {
	P50 float64 `json:"p50"`
	P99 float64 `json:"p99"`
	Max float64 `json:"max"`
}

// botReport is what is used of the bots' report; see clients/bot.
type botReport struct {
	FirstFrame time.Time   `json:"first_frame"`
	Players    int         `json:"players"`
	Refused    int         `json:"players_refused"`
	Gone       int         `json:"players_gone"`
	Matches    int         `json:"matches_finished"`
	Jitter     quantiles   `json:"jitter_ms"`
	Log        []moveEntry `json:"move_log"`
	Losses     struct {
		Rooms int `json:"rooms"`
	} `json:"losses"`
	Broken  map[string]int `json:"broken_invariants"`
	Details []string       `json:"details"`
}

// moveEntry is one player's move.
type moveEntry struct {
	At       time.Time `json:"at"` // of the first frame after
	Kind     string    `json:"kind"`
	Prepared bool      `json:"prepared"`
	Room     string    `json:"room"`
	From     string    `json:"from"`
	To       string    `json:"to"`
	Gap      float64   `json:"gap_ms"`
	Missed   int       `json:"ticks_missed"`
	Replayed int       `json:"ticks_replayed"`
	Cause    string    `json:"cause"`
}

// finding is how a phase went.
type finding struct {
	Phase     string           `json:"phase"`
	What      string           `json:"what,omitempty"`
	Begun     time.Time        `json:"begun"`
	Took      float64          `json:"took_s"`  // what was done, until Kubernetes says so
	Whole     float64          `json:"whole_s"` // until every room was at home again
	FirstTick float64          `json:"first_tick_s"`
	Players   int              `json:"players"`
	Matches   int              `json:"matches"`
	Longest   float64          `json:"longest_wait_ms"` // between two frames, of any player
	Moves     map[string]moves `json:"moves"`           // by kind
	Failures  []string         `json:"failures,omitempty"`

	Log []moveEntry `json:"move_log"`
}

// moves of players.
type moves struct {
	Count    int       `json:"count"`
	Prepared int       `json:"prepared"`
	Gap      quantiles `json:"gap_ms"`
	Missed   int       `json:"ticks_missed"`
	Replayed int       `json:"ticks_replayed"`
	Again    float64   `json:"again_ms"` // from the begin of the phase to the last frame that somebody waited for
}

// add takes a report, and what it says was lost.
func (f *finding) add(r *botReport) {
	say := func(n int, what string) {
		if n > 0 {
			f.Failures = append(f.Failures, fmt.Sprintf("%d %s", n, what))
		}
	}
	before := len(f.Failures)
	say(r.Refused, "players were not let in")
	say(r.Gone, "players could not go on")
	say(r.Losses.Rooms, "rooms lost")
	for _, kind := range slices.Sorted(maps.Keys(r.Broken)) {
		say(r.Broken[kind], kind)
	}
	if len(f.Failures) > before {
		f.Failures = append(f.Failures, r.Details...)
	}
	if first := r.FirstFrame.Sub(f.Begun).Seconds(); !r.FirstFrame.IsZero() && (f.FirstTick == 0 || first < f.FirstTick) {
		f.FirstTick = first
	}
	f.Matches += r.Matches
	f.Longest = max(f.Longest, r.Jitter.Max+tickMs)
	f.Log = append(f.Log, r.Log...)
	f.Moves = byKind(f.Log, f.Begun)
}

func byKind(log []moveEntry, begun time.Time) map[string]moves {
	all, gaps := map[string]moves{}, map[string][]float64{}
	for _, e := range log {
		m := all[e.Kind]
		m.Count++
		if e.Prepared {
			m.Prepared++
		}
		m.Missed += e.Missed
		m.Replayed += e.Replayed
		m.Again = max(m.Again, e.At.Sub(begun).Seconds()*1000)
		gaps[e.Kind] = append(gaps[e.Kind], e.Gap)
		all[e.Kind] = m
	}
	for kind, m := range all {
		slices.Sort(gaps[kind])
		at := func(share float64) float64 { return gaps[kind][int(share*float64(len(gaps[kind])-1))] }
		m.Gap = quantiles{at(.5), at(.99), at(1)}
		all[kind] = m
	}
	return all
}

// print says how a phase went, in lines for people.
func (f *finding) print(w io.Writer) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "%s\t%s\t%d players, %d matches; longest wait for a frame %.0f ms", f.Phase, f.What, f.Players, f.Matches, f.Longest)
	if f.Whole == 0 {
		fmt.Fprintf(t, "; first tick after %.1f s\n", f.FirstTick)
	} else {
		fmt.Fprintf(t, "; done after %.1f s, whole after %.1f s\n", f.Took, f.Whole)
	}
	for _, kind := range slices.Sorted(maps.Keys(f.Moves)) {
		m := f.Moves[kind]
		fmt.Fprintf(t, "\t%s\t%.2f a player, %d of %d prepared, gap %.0f / %.0f / %.0f ms (p50 / p99 / max), %d ticks missed, %d played again",
			kind, float64(m.Count)/float64(f.Players), m.Prepared, m.Count, m.Gap.P50, m.Gap.P99, m.Gap.Max, m.Missed, m.Replayed)
		if kind == "failover" {
			fmt.Fprintf(t, ", the last plays on after %.0f ms", m.Again)
		}
		fmt.Fprintln(t)
	}
	_ = t.Flush()
	for _, failure := range f.Failures {
		fmt.Fprintf(w, "  FAILED: %s\n", failure)
	}
}

// verdict is all that a run found out.
type verdict struct {
	Begun   time.Time  `json:"begun"`
	Overlay string     `json:"overlay"`
	Phases  []*finding `json:"phases"`
	LeftOut []string   `json:"left_out,omitempty"`
}

func (v *verdict) failed() bool {
	return slices.ContainsFunc(v.Phases, func(f *finding) bool { return len(f.Failures) > 0 })
}

func (v *verdict) print(w io.Writer) {
	if len(v.LeftOut) > 0 {
		fmt.Fprintf(w, "left out, as they need the nodes' processes: %s\n", strings.Join(v.LeftOut, ", "))
	}
	if v.failed() {
		fmt.Fprintln(w, "FAILED")
		return
	}
	fmt.Fprintln(w, "nothing was lost")
}

func (v *verdict) write(file string) error {
	text, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(file, append(text, '\n'), 0o644)
}
