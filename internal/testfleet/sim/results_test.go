package sim

import (
	"fmt"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/ringside-go/ringside/internal/outcome"
	"github.com/ringside-go/ringside/proto"
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

// While a lost leader is silent, it may come back with what it has decided. With a results store, which knows of the takeover, players
// hear outcomes all the same; without one they wait until its lease is over.
func TestOutcomesWhileTheLastLeaderIsSilent(t *testing.T) {
	for _, results := range []bool{true, false} {
		t.Run(fmt.Sprintf("with a results store %v", results), func(t *testing.T) {
			o := options{servers: 3, rooms: 1, players: 3, strict: true, results: results}
			each(t, 3, func(t *testing.T, seed uint64) {
				run(t, seed, o, func(f *fleet) {
					last := f.leader("room-1")
					f.pause(last)
					time.Sleep(3 * time.Second) // until another one leads, with its own standby
					if len(f.leaders("room-1")) != 2 {
						t.Error("no other server leads the room: this test shows nothing")
					}
					before := f.history.matches("room-1")
					time.Sleep(4 * time.Second)
					if n := f.history.matches("room-1") - before; (n >= 4) != results || !results && n > 0 {
						t.Errorf("%d outcomes were heard in 4 s while the last leader was silent", n)
					}
					time.Sleep(10 * time.Second)
					f.resume(last)
					time.Sleep(10 * time.Second)
				})
			})
		})
	}
}

// A player leaves in the middle of a match, and the leader dies, or the room is moved, before the match ends. The store has a result of
// that player all the same, in this match and in no other.
func TestResultOfAPlayerWhoLeft(t *testing.T) {
	for name, fault := range map[string]func(f *fleet){
		"the leader dies":   func(f *fleet) { f.crash(f.leader("room-1")) },
		"the room is moved": func(f *fleet) { f.move("room-1", f.standby("room-1")) },
	} {
		t.Run(name, func(t *testing.T) {
			o := options{servers: 3, rooms: 1, players: 3, results: true}
			var gone proto.Alias
			f := run(t, 1, o, func(f *fleet) {
				heard := f.history.matches("room-1")
				for f.history.matches("room-1") == heard { // a match begins
					time.Sleep(10 * time.Millisecond)
				}
				leaver := f.of("room-1")[1]
				gone = leaver.client.Welcome().Alias
				leaver.gone.Store(true)
				if err := leaver.client.Leave(""); err != nil {
					t.Error(err)
				}
				time.Sleep(100 * time.Millisecond)
				fault(f)
				time.Sleep(5 * time.Second)
			})
			left, last := 0, uint32(0)
			for id, body := range f.results.bodies {
				o, err := outcome.Parse([]byte(body))
				if err != nil {
					t.Fatal(err)
				}
				for _, r := range o.Results {
					if r.Alias == string(gone) && r.Player != "" {
						last = max(last, id.Match)
						if r.Seat == uint8(proto.NoSeat) {
							left++
						}
					}
				}
			}
			if left != 1 || f.results.count() < int(last)+2 {
				t.Errorf("%d of %d outcomes have a result of a player who had left; the last one of that player is of match %d", left, f.results.count(), last)
			}
		})
	}
}
