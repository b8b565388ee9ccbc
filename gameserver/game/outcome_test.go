package game_test

import (
	"bytes"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/ringside-go/ringside/gameserver/game"
	"github.com/ringside-go/ringside/proto"
)

func recent(h *hall) []game.Decided {
	h.t.Helper()
	all, err := h.sim.RecentOutcomes()
	if err != nil {
		h.t.Fatal(err)
	}
	return all
}

// TestOutcomesAreKept: a room that another server rebuilds knows what was decided, for ten seconds.
func TestOutcomesAreKept(t *testing.T) {
	d, _, tick := probeDefinition(10, 2)
	h := newHall(t, d, "", 1)
	h.join(0, "ann")
	h.join(1, "bob")
	var want []game.Decided
	*tick = func(r *game.Room) {
		if r.Tick() > 2 {
			return
		}
		data := []byte{0, 0xff, byte(r.Tick())}
		want = append(want, h.decided(proto.Outcome{Match: r.Match(), Tick: r.Tick(), Data: bytes.Clone(data), Results: []proto.Result{
			{Seat: 1, Place: 1, Score: -7}, {Seat: 0, Place: 2},
		}}))
		results := []game.Result{{Seat: 1, Place: 1, Score: -7}, {Seat: 0, Place: 2}, {Seat: 5, Place: 3}} // nobody has seat 5
		r.Finish(game.Outcome{Data: data, Results: results})
		clear(data)
	}
	h.step()
	h.outcomes(want...)
	h.step()
	h.outcomes(want[1])
	h.step()
	h.outcomes([]game.Decided{}...)
	if p := want[0].Players; !slices.Equal(p, []proto.PlayerID{"bob", "ann"}) {
		t.Errorf("the outcome is of %v", p)
	}
	if n := want[0].Names; !slices.Equal(n, []string{"bob", "ann"}) {
		t.Errorf("the outcome names %v", n)
	}
	if want[0].Match != 1 || want[1].Match != 2 {
		t.Fatalf("matches %d and %d", want[0].Match, want[1].Match)
	}
	for _, hall := range []*hall{h, h.rebuilt()} {
		if got := recent(hall); !reflect.DeepEqual(got, want) {
			t.Errorf("recent %+v, want %+v", got, want)
		}
	}
	h.steps(10*game.OutcomeKeep + 1 - 3)
	if got := recent(h); !reflect.DeepEqual(got, want) {
		t.Errorf("recent %+v after ten seconds, want %+v", got, want)
	}
	h.step()
	if got := recent(h.rebuilt()); !reflect.DeepEqual(got, want[1:]) {
		t.Errorf("recent %+v, want %+v", got, want[1:])
	}
	h.sim.KeepOutcomes([]game.Kept{{Match: 2, Need: game.NeedAlone}})
	h.steps(100)
	if got := recent(h); !reflect.DeepEqual(got, want[1:]) {
		t.Errorf("an outcome that nobody was told is not kept: %+v", got)
	}
	h.sim.KeepOutcomes(nil)
	h.step()
	if got := recent(h); len(got) != 0 {
		t.Errorf("recent %+v after it was told", got)
	}
}

// A player who comes back to a held seat can still be told what was decided while they were away, and before their loss was
// noticed.
func TestOutcomesAreKeptForHeldSeats(t *testing.T) {
	const rate, away = 10, 14 * 10 // ticks; the seat is held for 15 s
	d, _, tick := probeDefinition(rate, 2)
	h := newHall(t, d, "", 1)
	h.join(0, "ann")
	h.join(1, "bob")
	var decide game.Tick
	*tick = func(r *game.Room) {
		if r.Tick() == decide {
			r.Finish(game.Outcome{Data: []byte("away"), Results: []game.Result{{Seat: 0, Place: 1}}})
		}
	}
	h.step()
	decide = h.sim.Tick() + 1
	h.step()
	h.steps(14 * rate) // the connection is dead, and nobody knows it yet
	h.sim.Disconnect(1)
	h.steps(away)
	for _, hall := range []*hall{h, h.rebuilt()} {
		if got := recent(hall); len(got) != 1 || string(got[0].Data) != "away" {
			t.Errorf("recent %+v after the seat was away for 14 s, want the outcome that it missed", got)
		}
	}
	h.steps(3 * rate)
	if got := recent(h); len(got) != 0 {
		t.Errorf("recent %+v after OutcomeKeep, want none", got)
	}
}

// TestLargestOutcomes do not fit next to each other for long: the oldest go.
func TestLargestOutcomes(t *testing.T) {
	d, _, tick := probeDefinition(10, proto.MaxSeats)
	h := newHall(t, d, "", 1)
	for seat := range game.Seat(proto.MaxSeats) {
		id := proto.PlayerID(fmt.Sprintf("%0*d", proto.MaxPlayerID, seat))
		if _, _, err := h.sim.Join(game.Entrant{ID: id, Name: strings.Repeat("👩", proto.MaxPlayerName)}); err != nil {
			t.Fatal(err)
		}
	}
	*tick = func(r *game.Room) {
		o := game.Outcome{Data: bytes.Repeat([]byte{byte(r.Tick())}, proto.MaxOutcomeData)}
		for seat := range game.Seat(proto.MaxSeats) {
			o.Results = append(o.Results, game.Result{Seat: seat, Place: uint8(seat) + 1, Score: -1 << 31})
		}
		r.Finish(o)
	}
	var want []game.Decided
	for range 5 {
		h.step()
		want = append(want, h.sim.Outcomes()...)
		got := recent(h.rebuilt())
		if keep := want[max(0, len(want)-2):]; !reflect.DeepEqual(got, keep) {
			t.Fatalf("%d outcomes are kept after tick %d, want the last %d, alike", len(got), h.sim.Tick(), len(keep))
		}
	}
}

// A long name is cut between two characters.
func TestNamesAreShortened(t *testing.T) {
	d, _, tick := probeDefinition(10, 2)
	h := newHall(t, d, "", 1)
	if _, _, err := h.sim.Join(game.Entrant{ID: "ann", Name: "a" + strings.Repeat("李", 20)}); err != nil {
		t.Fatal(err)
	}
	*tick = func(r *game.Room) { r.Finish(game.Outcome{Results: []game.Result{{Place: 1}}}) }
	h.step()
	if got, want := recent(h.rebuilt())[0].Names[0], "a"+strings.Repeat("李", 10); got != want {
		t.Errorf("the outcome names %q, want %q", got, want)
	}
}

func TestFinishIsBounded(t *testing.T) {
	for _, o := range []game.Outcome{
		{Data: make([]byte, proto.MaxOutcomeData+1)},
		{Results: make([]game.Result, proto.MaxSeats+1)},
	} {
		d, _, tick := probeDefinition(10, 2)
		h := newHall(t, d, "", 1)
		*tick = func(r *game.Room) { r.Finish(o) }
		if err := h.sim.Step(); err == nil || !strings.Contains(err.Error(), "at most 64 and 1024 are allowed") {
			t.Errorf("%d results, %d bytes: error %v", len(o.Results), len(o.Data), err)
		}
	}
}

// An outcome that nothing else has is never overwritten; of the others the oldest goes first, those that were told before those
// that were not.
func TestOutcomesAreOverwrittenByNeed(t *testing.T) {
	for _, c := range []struct {
		name string
		need func(match uint32) game.Need
		want []uint32 // the first and the last that are kept of 92
	}{
		{"told", func(uint32) game.Need { return game.NeedRecall }, []uint32{3, 92}},
		{"spare", func(uint32) game.Need { return game.NeedSpare }, []uint32{3, 92}},
		{"needed", func(uint32) game.Need { return game.NeedAlone }, []uint32{1, 90}},
		{"the first are needed", func(m uint32) game.Need {
			if m <= 40 {
				return game.NeedAlone
			}
			return game.NeedSpare
		}, []uint32{1, 92}},
		{"the last were told", func(m uint32) game.Need { return game.NeedSpare - game.Need(m/60) }, []uint32{1, 92}},
	} {
		t.Run(c.name, func(t *testing.T) {
			d, _, tick := probeDefinition(10, 2)
			h := newHall(t, d, "", 1)
			h.join(0, "ann")
			*tick = func(r *game.Room) { r.Finish(game.Outcome{}) }
			var kept []game.Kept
			for match := uint32(1); match <= 92; match++ {
				h.step()
				kept = append(kept, game.Kept{Match: match, Need: c.need(match)})
				h.sim.KeepOutcomes(kept)
			}
			got := recent(h.rebuilt())
			if len(got) != 90 || got[0].Match != c.want[0] || got[89].Match != c.want[1] {
				t.Errorf("%d are kept, from match %d to %d, want 90, from %d to %d", len(got), got[0].Match, got[len(got)-1].Match, c.want[0], c.want[1])
			}
		})
	}
}
