package sim

import (
	"os"
	"slices"
	"testing"
	"time"
)

// With a results store, players hear what the store has, and nothing else; no match is missing there.
func TestResultsReachTheStore(t *testing.T) {
	o := plain
	o.results = true
	f := run(t, 1, o, func(f *fleet) { time.Sleep(10 * time.Second) })
	if n := f.results.count(); n < 10 || f.results.conflicts+f.results.fenced > 0 {
		t.Errorf("%d outcomes, %d conflicts, %d fenced", n, f.results.conflicts, f.results.fenced)
	}
}

// The same under one fault after another, of servers, network and store. A part of TestFaultsOneByOne runs with a store, too; this is for
// long runs: SEEDS says how many.
func TestResultsUnderFaults(t *testing.T) {
	if os.Getenv("SEED") == "" && os.Getenv("SEEDS") == "" {
		t.Skip("set SEEDS to a number of schedules, or SEED to one of them")
	}
	all := slices.Concat(deaths, troubles, []fault{storeFails, storeFails})
	each(t, 0, func(t *testing.T, seed uint64) {
		o := options{servers: 3, rooms: 2, players: 3, strict: true, newcomers: true, results: true}
		run(t, seed, o, oneByOne(5, all))
	})
}
