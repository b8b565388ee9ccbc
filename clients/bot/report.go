package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/ringside-go/ringside/clients/goclient"
	"github.com/ringside-go/ringside/proto"
)

// Report is what the players saw within the measured window; broken invariants also outside of it. It is written as JSON.
type Report struct {
	Seconds        float64                     `json:"seconds"`
	FirstFrame     time.Time                   `json:"first_frame"` // that any player got
	Rooms          int                         `json:"rooms"`
	Players        int                         `json:"players"`           // that entered
	Refused        int                         `json:"players_refused"`   // that could not enter
	Gone           int                         `json:"players_gone"`      // that entered and could not go on
	TickRate       float64                     `json:"tick_rate"`         // of the rooms, per second
	Ticks          float64                     `json:"ticks_per_second"`  // received per player
	TickShare      float64                     `json:"ticks_share"`       // Ticks / TickRate
	WorstTickShare float64                     `json:"ticks_share_worst"` // of the player who got the fewest
	Latency        Quantiles                   `json:"input_to_ack_ms"`
	Jitter         Quantiles                   `json:"jitter_ms"` // |time between two frames - tick length|
	BytesDown      float64                     `json:"bytes_down_per_player_second"`
	BytesUp        float64                     `json:"bytes_up_per_player_second"`
	Matches        int                         `json:"matches_finished"`
	Reconnects     uint64                      `json:"reconnects"`
	Moves          map[goclient.MoveKind]Moves `json:"moves"`
	MoveLog        []MoveEntry                 `json:"move_log"` // the first maxMoveLog, by time
	Losses         Losses                      `json:"losses"`
	InputsResent   uint64                      `json:"inputs_resent"`     // sent again after they had been acknowledged
	OutcomesAgain  uint64                      `json:"outcomes_repeated"` // told again as before, to one player
	Suspended      float64                     `json:"suspended_seconds"` // summed over players, up to the last resumption
	Checks         uint64                      `json:"state_hashes_compared"`
	BrokenByKind   map[string]uint64           `json:"broken_invariants"`
	BrokenTotal    uint64                      `json:"broken_invariants_total"`
	Details        []string                    `json:"details,omitempty"`
	Servers        []ServerCost                `json:"servers,omitempty"`
	ServersOfRooms map[string]int              `json:"rooms_by_server"`
}

// Losses is what the guarantees rule out, from the first player's entry on. All but RoomsLost and InputsLost count
// players' findings: a room that begins anew is found by each of its players.
type Losses struct {
	InputsLost        uint64 `json:"inputs"`              // acknowledged, not processed and too old to be sent again
	SeatsLost         uint64 `json:"seats"`               // refused, or changed, while they had to be held
	RoomsLost         int    `json:"rooms"`               // whose players were told so
	RoomsRestarted    uint64 `json:"rooms_restarted"`     // far behind where they were, with an epoch of old, or as another instance
	OutcomesChanged   uint64 `json:"outcomes_changed"`    // a match ended in two ways
	OutcomesTakenBack uint64 `json:"outcomes_taken_back"` // a match was played again after its outcome
	TwoLeaders        uint64 `json:"two_leaders"`         // two servers in one epoch
}

func (r *Report) losses(inputs uint64, lost map[string]bool) Losses {
	count := func(v goclient.Violation) uint64 { return r.BrokenByKind[string(v)] }
	return Losses{
		InputsLost: inputs, SeatsLost: count(goclient.SeatLost), RoomsLost: len(lost),
		RoomsRestarted:  count(goclient.RoomRestarted) + count(goclient.EpochBack) + count(goclient.InstanceChanged),
		OutcomesChanged: count(goclient.OutcomeChanged), OutcomesTakenBack: count(outcomeTakenBack),
		TwoLeaders: count(goclient.TwoLeaders),
	}
}

// Quantiles in milliseconds.
type Quantiles struct {
	P50  float64 `json:"p50"`
	P99  float64 `json:"p99"`
	P999 float64 `json:"p99_9"`
	Max  float64 `json:"max"`
}

func quantiles(h *histogram) Quantiles {
	ms := milliseconds
	return Quantiles{ms(h.quantile(.5)), ms(h.quantile(.99)), ms(h.quantile(.999)), ms(h.max)}
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// maxReported is how many details a report holds.
const maxReported = 20

// report gathers what all players saw. Their goroutines have ended.
func (l *load) report(m *meters) *Report {
	seconds := l.window.length().Seconds()
	r := &Report{
		Seconds: seconds, Rooms: l.config.Rooms, Players: len(l.players), Refused: len(l.failed),
		BrokenByKind: make(map[string]uint64), ServersOfRooms: l.rooms.leaders(), Servers: m.costs(seconds),
		Moves: l.moves.report(), MoveLog: l.moves.log,
	}
	for _, err := range l.failed {
		r.detail("refused: " + err.Error())
	}
	var latency, jitter histogram
	var down, up, frames, inputsLost uint64
	lost := make(map[string]bool) // rooms
	r.WorstTickShare = 1
	matches := make(map[string]uint32) // by room: every player hears of each
	for _, p := range l.players {
		s := &p.stats
		latency.merge(&s.latency)
		jitter.merge(&s.jitter)
		frames += s.frames
		if s.first && (r.FirstFrame.IsZero() || s.began.Before(r.FirstFrame)) {
			r.FirstFrame = s.began
		}
		down += s.after.BytesDown - s.before.BytesDown
		up += s.after.BytesUp - s.before.BytesUp
		r.Reconnects += s.after.Reconnects
		r.Checks += s.after.Checks
		r.InputsResent += s.after.ResentInputs
		r.OutcomesAgain += s.after.RepeatedOutcomes
		r.Suspended += s.after.Suspended.Seconds()
		inputsLost += s.after.LostInputs
		rate := float64(time.Second) / float64(p.period)
		r.TickRate += rate
		r.WorstTickShare = min(r.WorstTickShare, float64(s.frames)/(rate*seconds))
		room := string(p.client.Welcome().Room)
		matches[room] = max(matches[room], s.matches)
		for kind, n := range s.broken {
			r.BrokenByKind[kind] += n
			r.BrokenTotal += n
		}
		for _, d := range s.details {
			r.detail(p.name + ": " + d)
		}
		if s.gone != nil {
			r.Gone++
			var closed *goclient.CloseError
			if errors.As(s.gone, &closed) && (closed.Code == proto.CloseLost || closed.Code == proto.CloseOver) {
				lost[room] = true
			}
			r.detail(p.name + ": gone: " + s.gone.Error())
		}
	}
	for _, n := range matches {
		r.Matches += int(n)
	}
	r.Losses = r.losses(inputsLost, lost)
	n := float64(len(l.players))
	r.TickRate /= n
	r.Ticks = float64(frames) / n / seconds
	r.TickShare = r.Ticks / r.TickRate
	r.BytesDown, r.BytesUp = float64(down)/n/seconds, float64(up)/n/seconds
	r.Latency, r.Jitter = quantiles(&latency), quantiles(&jitter)
	r.Rooms = len(matches)
	return r
}

func (r *Report) detail(s string) {
	if len(r.Details) < maxReported {
		r.Details = append(r.Details, s)
	}
}

// Broken reports whether anything happened that must not: a broken invariant, or a player refused or thrown out.
func (r *Report) Broken() bool { return r.BrokenTotal > 0 || r.Refused > 0 || r.Gone > 0 }

// Print writes the report as a table for people.
func (r *Report) Print(w io.Writer) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	row := func(name, format string, args ...any) { fmt.Fprintf(t, "%s\t%s\n", name, fmt.Sprintf(format, args...)) }
	row("players", "%d in %d rooms (%d refused, %d gone), %.1f s measured", r.Players, r.Rooms, r.Refused, r.Gone, r.Seconds)
	for _, server := range slices.Sorted(maps.Keys(r.ServersOfRooms)) {
		row("rooms on "+server, "%d", r.ServersOfRooms[server])
	}
	row("ticks per player and second", "%.2f of %.0f (%.2f %%; worst player %.2f %%)", r.Ticks, r.TickRate, 100*r.TickShare, 100*r.WorstTickShare)
	row("input to acknowledged", "%s", r.Latency)
	row("jitter", "%s", r.Jitter)
	row("bytes per player and second", "%.0f down, %.0f up", r.BytesDown, r.BytesUp)
	row("matches finished", "%d", r.Matches)
	row("reconnects", "%d", r.Reconnects)
	for _, kind := range kinds {
		if m := r.Moves[kind]; m.Count > 0 {
			row("moves by "+string(kind), "%d players (%d prepared), gap %s", m.Count, m.Prepared, m.Gap)
			row("", "%d ticks missed (at most %d), %d played again (at most %d)", m.Missed, m.MostMissed, m.Replayed, m.MostReplayed)
		}
	}
	row("lost", "%d rooms, %d seats, %d inputs; %d rooms begun anew", r.Losses.RoomsLost, r.Losses.SeatsLost, r.Losses.InputsLost, r.Losses.RoomsRestarted)
	row("outcomes", "%d changed, %d taken back, %d heard again; %d times two leaders", r.Losses.OutcomesChanged, r.Losses.OutcomesTakenBack,
		r.OutcomesAgain, r.Losses.TwoLeaders)
	row("inputs sent again", "%d that had been acknowledged", r.InputsResent)
	row("suspended", "%.1f s, summed over players", r.Suspended)
	row("state hashes compared", "%d", r.Checks)
	for _, s := range r.Servers {
		row("server "+s.URL, "%.2f µs CPU per player-tick, %.1f %% of a core, %.1f KB RSS per player (%d players), %d late ticks",
			s.CPUPerTick, 100*s.CPU, s.MemoryPerPlayer/1024, s.Players, s.LateTicks)
	}
	row("broken invariants", "%d", r.BrokenTotal)
	for _, kind := range slices.Sorted(maps.Keys(r.BrokenByKind)) {
		row("  "+kind, "%d", r.BrokenByKind[kind])
	}
	t.Flush()
	for _, d := range r.Details {
		fmt.Fprintln(w, "  "+d)
	}
}

func (q Quantiles) String() string {
	return fmt.Sprintf("p50 %.1f, p99 %.1f, p99.9 %.1f, max %.1f ms", q.P50, q.P99, q.P999, q.Max)
}

// Write writes the report as JSON.
func (r *Report) Write(w io.Writer) error {
	b, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return fmt.Errorf("report: %w", err)
	}
	_, err = w.Write(append(b, '\n'))
	return err
}

// WriteFile writes the report as JSON.
func (r *Report) WriteFile(name string) error {
	var b bytes.Buffer
	if err := r.Write(&b); err != nil {
		return err
	}
	return os.WriteFile(name, b.Bytes(), 0o644)
}

// totals is what progress shows.
type totals struct {
	players int
	sum     goclient.Stats
	matches uint64
	broken  uint64
}

func (l *load) totals() totals {
	l.mu.Lock()
	defer l.mu.Unlock()
	t := totals{players: len(l.players)}
	for _, p := range l.players {
		s := p.client.Stats()
		t.sum.Ticks += s.Ticks
		t.sum.BytesDown += s.BytesDown
		t.sum.Reconnects += s.Reconnects
		p.stats.mu.Lock()
		for _, n := range p.stats.broken {
			t.broken += n
		}
		t.matches += uint64(p.stats.matches)
		p.stats.mu.Unlock()
	}
	return t
}

func (t totals) progress(last totals, d time.Duration) string {
	per := float64(t.players) * d.Seconds()
	return fmt.Sprintf("%d players, %.1f ticks/s each, %.0f B/s down each, %d results heard, %d reconnects, %d broken",
		t.players, float64(t.sum.Ticks-last.sum.Ticks)/per, float64(t.sum.BytesDown-last.sum.BytesDown)/per,
		t.matches, t.sum.Reconnects, t.broken)
}
