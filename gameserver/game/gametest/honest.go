package gametest

import (
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ringside-go/ringside/gameserver/game"
	"github.com/ringside-go/ringside/proto/state"
)

// shift is by how much the clock moves between the steps of two rooms, so that a game that asks for the time or the date shows it.
const shift = 25*time.Hour + time.Minute + time.Second

// shifted runs f where the clock stands still but for time.Sleep. A test that is in such a bubble already, or is a benchmark, has none of it.
func shifted(t testing.TB, f func(pass func()) error) error {
	tt, ok := t.(*testing.T)
	if !ok {
		return f(func() {})
	}
	var err error
	synctest.Test(tt, func(*testing.T) { err = f(func() { time.Sleep(shift) }) })
	return err
}

// owned finds tables whose owner fields nobody ever got.
type owned struct {
	rows map[string]int // that were there, by table with owner fields
	seen map[string]bool
}

func newOwned(schema *state.Schema) *owned {
	o := &owned{map[string]int{}, map[string]bool{}}
	for _, t := range schema.Tables {
		if t.Kind == state.KindTable && slices.ContainsFunc(t.Row.Fields, func(f state.Field) bool { return f.Part == state.Owner }) {
			o.rows[t.Name] = 0
		}
	}
	return o
}

// look looks at what a client has.
func (o *owned) look(c *client) {
	for table := range o.rows {
		for _, values := range c.replica.Look(table) {
			o.rows[table]++
			if !slices.Contains(values, nil) {
				o.seen[table] = true
			}
		}
	}
}

func (o *owned) check() error {
	for table, rows := range o.rows {
		if rows > 0 && !o.seen[table] {
			return fmt.Errorf("table %s has fields for the owner of a row, and no row ever had an owner: call SetOwner where it is added", table)
		}
	}
	return nil
}

// slow plays a room by itself and measures its ticks. Half of them must be below a quarter of the time from tick to tick, which is the room's
// share; see package game.
func slow(d *game.Definition, o Options) error {
	a, err := game.New(d, o.Room, game.Origin{Seed: o.Seed, Instance: 1})
	if err != nil {
		return err
	}
	c := newCrew(a, &o)
	var took []time.Duration
	for range 100 {
		calls, err := c.plan()
		if err != nil {
			return err
		}
		begun := time.Now()
		if err := play(a, calls); err != nil {
			return err
		}
		took = append(took, time.Since(begun))
		c.work()
	}
	slices.Sort(took)
	if share := time.Second / time.Duration(4*a.Settings().TickRate); took[len(took)/2] > share {
		return fmt.Errorf("half of the ticks take %v or more, at %d ticks a second a room may take %v", took[len(took)/2], a.Settings().TickRate, share)
	}
	return nil
}
