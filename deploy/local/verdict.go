package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
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

func quantilesOf(ms []float64) (q quantiles) {
	if len(ms) == 0 {
		return q
	}
	slices.Sort(ms)
	at := func(share float64) float64 { return ms[int(share*float64(len(ms)-1))] }
	return quantiles{at(.5), at(.99), ms[len(ms)-1]}
}

func (q quantiles) String() string { return fmt.Sprintf("%.0f / %.0f / %.0f", q.P50, q.P99, q.Max) }

// botReport is what is used of the bots' report; see clients/bot.
type botReport struct {
	Players int                   `json:"players"`
	Refused int                   `json:"players_refused"`
	Gone    int                   `json:"players_gone"`
	Share   float64               `json:"ticks_share"`
	Matches int                   `json:"matches_finished"`
	Jitter  quantiles             `json:"jitter_ms"`
	Moves   map[string]moveReport `json:"moves"`
	Log     []moveEntry           `json:"move_log"`
	Losses  struct {
		Inputs    int `json:"inputs"`
		Seats     int `json:"seats"`
		Rooms     int `json:"rooms"`
		Restarted int `json:"rooms_restarted"`
		Changed   int `json:"outcomes_changed"`
		TakenBack int `json:"outcomes_taken_back"`
		Leaders   int `json:"two_leaders"`
	} `json:"losses"`
	Resent    int            `json:"inputs_resent"`
	Suspended float64        `json:"suspended_seconds"`
	Broken    map[string]int `json:"broken_invariants"`
	Details   []string       `json:"details"`
}

type moveReport struct {
	Count       int       `json:"count"`
	Prepared    int       `json:"prepared"`
	Gap         quantiles `json:"gap_ms"`
	Missed      int       `json:"ticks_missed"`
	MostMissed  int       `json:"ticks_missed_max"`
	Replayed    int       `json:"ticks_replayed"`
	MostReplays int       `json:"ticks_replayed_max"`
}

type moveEntry struct {
	At       time.Time `json:"at"` // of the first frame after
	Room     string    `json:"room"`
	Kind     string    `json:"kind"`
	Prepared bool      `json:"prepared"`
	From     string    `json:"from"`
	To       string    `json:"to"`
	Gap      float64   `json:"gap_ms"`
	Missed   int       `json:"ticks_missed"`
	Replayed int       `json:"ticks_replayed"`
	Cause    string    `json:"cause"`
}

func readBots(file string) (*botReport, error) {
	r := &botReport{}
	b, err := os.ReadFile(file)
	if err == nil {
		err = json.Unmarshal(b, r)
	}
	return r, err
}

// moveKinds are the bots' kinds of moves, in the order of the table.
var moveKinds = []string{"handoff", "failover", "reconnect"}

// lost says what is lost that a guarantee rules out.
func (r *botReport) lost() (all []string) {
	say := func(n int, what string) {
		if n > 0 {
			all = append(all, fmt.Sprintf("%d %s", n, what))
		}
	}
	say(r.Refused, "players were not let in")
	say(r.Gone, "players could not go on")
	say(r.Losses.Rooms, "rooms lost")
	for _, kind := range sortedKeys(r.Broken) {
		say(r.Broken[kind], kind)
	}
	if len(all) > 0 {
		all = append(all, r.Details...)
	}
	return all
}

// outcome is how a phase went.
type outcome struct {
	Phase    string     `json:"phase"`
	Servers  int        `json:"servers"`
	Rooms    int        `json:"rooms"`
	Players  int        `json:"players"`
	Seconds  float64    `json:"seconds"`
	Events   []*event   `json:"faults"`
	Bots     *botReport `json:"bots"`               // nil: there is none
	Again    quantiles  `json:"again_ms"`           // from a fault to the next frame of players whose server was lost
	Target   string     `json:"target,omitempty"`   // of speed
	Reached  bool       `json:"reached"`            // the target; not a matter of failure
	Failures []string   `json:"failures,omitempty"` // of what is guaranteed
}

// attribute finds which moves the events caused: those away from its server when that was lost, before the next event.
func (o *outcome) attribute() {
	var all []float64
	for i, e := range o.Events {
		var again []float64
		for _, m := range o.Bots.Log {
			before := i == len(o.Events)-1 || m.At.Before(o.Events[i+1].At)
			if m.Kind == "failover" && m.From == e.Server && m.At.After(e.At) && before {
				again = append(again, m.At.Sub(e.At).Seconds()*1000)
			}
		}
		e.Moves, e.Again = len(again), quantilesOf(again)
		all = append(all, again...)
	}
	o.Again = quantilesOf(all)
}

// slowestDrain is the longest time a drain took for each 100 rooms, in seconds; at least as long as it took.
func (o *outcome) slowestDrain() (worst *event) {
	for _, e := range o.Events {
		if e.Rooms > 0 && (worst == nil || e.Drain > worst.Drain) {
			worst = e
		}
	}
	return worst
}

// verdict is all that a run found out. It is written as JSON.
type verdict struct {
	Seed    uint64     `json:"seed"`
	Begun   time.Time  `json:"begun"`
	Phases  []*outcome `json:"phases"`
	Skipped []string   `json:"skipped,omitempty"`
}

func (v *verdict) failed() bool {
	return slices.ContainsFunc(v.Phases, func(o *outcome) bool { return len(o.Failures) > 0 })
}

// print writes the table: a line for each phase and kind of move.
func (v *verdict) print(w io.Writer) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "\nphase\tfaults\tmoves\tgap ms p50 / p99 / max\tmissed\tplayed again\tlost: rooms\tseats\tinputs\toutcomes\tplays on after ms\tlongest wait\tsuspended\ttarget\t")
	for _, o := range v.Phases {
		o.print(t)
	}
	_ = t.Flush()
	for _, s := range v.Skipped {
		fmt.Fprintln(w, "left out: "+s)
	}
	for _, o := range v.Phases {
		for _, f := range o.Failures {
			fmt.Fprintf(w, "FAILED  %s: %s\n", o.Phase, f)
		}
	}
}

func (o *outcome) print(w io.Writer) {
	if o.Bots == nil {
		fmt.Fprintf(w, "%s\t%d\tno report\t\n", o.Phase, len(o.Events))
		return
	}
	r, l := o.Bots, o.Bots.Losses
	var moves []string
	for _, kind := range moveKinds {
		if m := r.Moves[kind]; m.Count > 0 {
			moves = append(moves, fmt.Sprintf("%d %s\t%v\t%d\t%d", m.Count, kind, m.Gap, m.Missed, m.Replayed))
		}
	}
	again := "-"
	if o.Again != (quantiles{}) {
		again = o.Again.String()
	}
	reached := map[bool]string{true: ": yes", false: ": NO"}[o.Reached]
	if o.Target == "" {
		reached = "nothing lost"
	}
	first := "none\t-\t0\t0"
	if len(moves) > 0 {
		first = moves[0]
	}
	fmt.Fprintf(w, "%s\t%d\t%s\t%d\t%d\t%d\t%d\t%s\t%.0f ms\t%.1f s\t%s%s\t\n", o.Phase, len(o.Events), first, l.Rooms+l.Restarted, l.Seats,
		l.Inputs, l.Changed+l.TakenBack+l.Leaders, again, r.Jitter.Max+float64(tick.Milliseconds()), r.Suspended, o.Target, reached)
	for _, m := range moves[min(1, len(moves)):] {
		fmt.Fprintf(w, "\t\t%s\t%s\n", m, strings.Repeat("\t", 8))
	}
}

func (v *verdict) write(file string) error {
	b, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(file, append(b, '\n'), 0o644)
}

func sortedKeys[K cmp.Ordered, V any](m map[K]V) (keys []K) {
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
