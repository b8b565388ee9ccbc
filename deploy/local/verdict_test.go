package main

import (
	"testing"
	"time"
)

func TestAttribute(t *testing.T) {
	at := func(ms int) time.Time { return time.UnixMilli(int64(1_000_000 + ms)) }
	move := func(at time.Time, kind, from string) moveEntry { return moveEntry{At: at, Kind: kind, From: from} }
	o := &outcome{
		Events: []*event{{Server: "game-1", At: at(0)}, {Server: "game-2", At: at(5000)}, {Server: "game-1", At: at(9000)}},
		Bots: &botReport{Log: []moveEntry{
			move(at(-10), "failover", "game-1"),                                     // before all
			move(at(80), "failover", "game-1"), move(at(120), "failover", "game-1"), // of the first
			move(at(90), "failover", "game-3"), move(at(2100), "handoff", "game-1"), // of another server; planned
			move(at(5070), "failover", "game-2"),                                       // of the second
			move(at(5080), "failover", "game-1"), move(at(9100), "failover", "game-2"), // of none
		}},
	}
	o.attribute()
	for i, want := range []event{{Moves: 2, Again: quantiles{80, 80, 120}}, {Moves: 1, Again: quantiles{70, 70, 70}}, {}} {
		if e := o.Events[i]; e.Moves != want.Moves || e.Again != want.Again {
			t.Errorf("event %d caused %d moves, %v; want %d, %v", i, e.Moves, e.Again, want.Moves, want.Again)
		}
	}
	if want := (quantiles{80, 80, 120}); o.Again != want {
		t.Errorf("all together: %v, want %v", o.Again, want)
	}
}

func TestQuantilesOf(t *testing.T) {
	var ms []float64
	for i := range 200 {
		ms = append(ms, float64(200-i))
	}
	if q := quantilesOf(ms); q != (quantiles{100, 198, 200}) || q.String() != "100 / 198 / 200" {
		t.Errorf("got %v", q)
	}
	if q := quantilesOf(nil); q != (quantiles{}) {
		t.Errorf("of nothing: %v", q)
	}
}

func TestTargets(t *testing.T) {
	report := func(kind string, m moveReport) *botReport { return &botReport{Moves: map[string]moveReport{kind: m}} }
	for _, tt := range []struct {
		target target
		o      outcome
		met    bool
	}{
		{planned, outcome{Bots: report("handoff", moveReport{Count: 9, Gap: quantiles{50, 99, 400}})}, true},
		{planned, outcome{Bots: report("handoff", moveReport{Count: 9, Gap: quantiles{50, 100, 100}})}, false},
		{planned, outcome{Bots: report("handoff", moveReport{Count: 9, Missed: 1})}, false},
		{drained, outcome{Events: []*event{{Rooms: 100, Drain: 1.9}, {Rooms: 7, Drain: .1}}}, true},
		{drained, outcome{Events: []*event{{Rooms: 40, Drain: 2.1}}}, false},
		{drained, outcome{Events: []*event{{Rooms: 150, Drain: 2.9}}}, true},
		{survived, outcome{Again: quantiles{80, 150, 400}, Bots: report("failover", moveReport{MostReplays: 2})}, true},
		{survived, outcome{Again: quantiles{80, 151, 400}, Bots: report("failover", moveReport{})}, false},
		{survived, outcome{Bots: report("failover", moveReport{MostReplays: 3})}, false},
		{noticed, outcome{Again: quantiles{2000, 2400, 2499}}, true},
		{noticed, outcome{Again: quantiles{2000, 2400, 2500}}, false},
	} {
		if met := tt.target.met(&tt.o); met != tt.met {
			t.Errorf("%s: %v for %+v", tt.target.text, met, tt.o)
		}
	}
}
