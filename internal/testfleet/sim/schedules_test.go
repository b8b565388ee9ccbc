package sim

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"
)

// seeds are those to be run: SEED alone if it is set, else SEEDS of them from 1, else n.
func seeds(t *testing.T, n uint64) (from, to uint64) {
	number := func(name string) uint64 {
		text := os.Getenv(name)
		if text == "" {
			return 0
		}
		v, err := strconv.ParseUint(text, 10, 64)
		if err != nil {
			t.Fatalf("%s is %q, it must be a number: %v", name, text, err)
		}
		return v
	}
	if one := number("SEED"); one != 0 {
		return one, one
	}
	if many := number("SEEDS"); many != 0 {
		n = many
	}
	return 1, n
}

func each(t *testing.T, n uint64, f func(t *testing.T, seed uint64)) {
	from, to := seeds(t, n)
	for seed := from; seed <= to; seed++ {
		t.Run(fmt.Sprintf("seed=%d", seed), func(t *testing.T) { f(t, seed) })
	}
}

// One fault at a time costs no seat, no acknowledged input and no room, no match has two outcomes, and everybody is back in play
// soon after it.
func TestFaultsOneByOne(t *testing.T) {
	all := slices.Concat(deaths, troubles)
	each(t, schedules, func(t *testing.T, seed uint64) {
		o := options{servers: 3, rooms: 2, players: 3, strict: true, newcomers: true}
		if seed%4 == 0 {
			o.servers, o.configure = 4, with2Standbys
		}
		faults := all
		if o.results = seed%3 == 0; o.results {
			faults = append(slices.Clone(all), storeFails)
		}
		run(t, seed, o, oneByOne(5, faults))
	})
}

// many is a fleet for faults that come together: they may well cost a seat, or a room.
var many = options{overlap: true, servers: 4, rooms: 2, players: 3, newcomers: true, returns: 3 * time.Second}

// Whatever comes together, no match has two outcomes, no room begins anew in silence or is called lost while it lives, and all
// that were not lost go on. These are the hardest schedules, for long runs: SEEDS says how many.
func TestFaultsAllAtOnce(t *testing.T) {
	if os.Getenv("SEED") == "" && os.Getenv("SEEDS") == "" {
		t.Skip("set SEEDS to a number of schedules, or SEED to one of them")
	}
	for _, c := range []struct {
		name   string
		faults []fault
	}{
		{"without deaths", slices.Clone(troubles)},
		{"with deaths", slices.Concat(deaths, doubleDeaths, troubles)},
	} {
		t.Run(c.name, func(t *testing.T) {
			each(t, 0, func(t *testing.T, seed uint64) {
				faults := c.faults
				if seed%4 == 0 { // they take as much time as many others
					faults = slices.Concat(faults, longTroubles)
				}
				o := many
				if o.results = seed%2 == 0; o.results {
					faults = append(slices.Clone(faults), storeFails)
				}
				run(t, seed, o, allAtOnce(12, faults))
			})
		})
	}
}
