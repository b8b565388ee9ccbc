package sim

import (
	"encoding/json"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ringside-go/ringside/gameserver/game"
	"github.com/ringside-go/ringside/proto/state"
)

const (
	// migrateTime is how long the newer version of the workload takes to migrate a room.
	migrateTime = 2 * time.Second
	// yields is how often Migrate lets others run while it waits for one question to be answered: far more often than the
	// goroutines of a fleet need to get their turn.
	yields = 100_000
)

// newerWorkload is a version of the workload with one more table, whose Migrate is slow.
type newerWorkload struct {
	workload
	News game.Value[News]

	machine *machine
}

// News is what the older version lacks.
type News struct {
	Migrated bool `state:""`
}

// Migrate takes its time. It asks its own server for its rooms meanwhile: a server that calls it under a lock does not answer,
// and would stop the bubble's clock, since a mutex does not count as waiting.
func (n *newerWorkload) Migrate(_ *game.Room, _ uint64, _ *state.Store) error {
	n.News.Get().Migrated = true
	var answered atomic.Bool
	go func() {
		n.machine.rooms()
		answered.Store(true)
	}()
	for range yields {
		if answered.Load() {
			time.Sleep(migrateTime)
			return nil
		}
		runtime.Gosched()
	}
	n.at.history.violation("%s calls Migrate under a lock that it also needs to list its rooms", n.at.process)
	return nil
}

// newer gives the newer version to a machine.
func newer(s *machine) func(at *environment) []game.Definition {
	return func(at *environment) []game.Definition {
		stock := newWorkload(at)
		older, err := stock.Schema()
		if err != nil {
			panic(err) // of a game that every other test runs
		}
		d := game.Definition{Name: workloadName, Migrates: []uint64{older.PeerFingerprint()},
			New: func(options json.RawMessage) (game.Game, game.Settings, error) {
				g, settings, err := stock.New(options)
				if err != nil {
					return nil, settings, err
				}
				return &newerWorkload{workload: *g.(*workload), machine: s}, settings, nil
			}}
		return []game.Definition{d, newArena(at)}
	}
}

// A room's migration to a newer version of its game stops no other room of the server: neither when the replica is made, nor when
// it is promoted.
func TestSlowMigrationHarmsNoOtherRoom(t *testing.T) {
	run(t, 1, options{servers: 2, rooms: 3, players: 2}, func(f *fleet) {
		leads := f.leader("room-1")
		updated := f.others(leads)[0]
		f.drain(updated)
		updated.games = newer(updated)
		f.start(updated)
		time.Sleep(settle)
		f.join("other-1", false) // rooms of the new server, which it is the home of or not
		f.join("other-2", false)
		f.join("other-3", false)
		f.join("other-4", false)
		time.Sleep(4 * time.Second)
		there := updated.rooms()
		if len(there) == 0 {
			f.t.Fatal("no room is led by the server that is to migrate others")
		}
		f.forget()
		time.Sleep(2 * time.Second)
		f.crash(leads)
		time.Sleep(5 * time.Second)
		for _, room := range there {
			for _, p := range f.of(room) {
				if q := p.quiet(); q > 5*period {
					f.history.violation("%s in %s has seen no frame for %v while other rooms were migrated", p.id, room, q)
				}
			}
		}
	})
}
