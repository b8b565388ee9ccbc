package gametest

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/ringside-go/ringside/gameserver/game"
)

// Options says how a game is played. The zero value is right for a game without inputs.
type Options struct {
	// Inputs makes what the players send: Random or Script. A game with an Inputs field needs it.
	Inputs Inputs
	// Message makes a custom message now and then, for games that are a game.Messenger.
	Message Message
	// Claims are what the backend says of a player, by number from 0, for games that are a game.Admitter. nil: they are guests.
	Claims func(player int) json.RawMessage
	// Room is the room's options, as in a ticket.
	Room json.RawMessage
	// Seed of everything random; 0 takes one from the clock. It is in every failure, to play the same again.
	Seed uint64
	// Ticks to play; 300 when 0.
	Ticks int
	// Players that come and go; as many as there are seats when 0.
	Players int
	// Slow allows ticks that take more than a room's share.
	Slow bool
	// Every says at every how many ticks a room is rebuilt: all that were play on to the end, so the time grows with
	// Ticks²/Every. When 0, such that at most 30 are.
	Every int
}

// Check plays a room of d and fails t at the first difference.
func Check(t testing.TB, d game.Definition, o Options) {
	t.Helper()
	if o.Seed == 0 {
		o.Seed = uint64(time.Now().UnixNano())
	}
	err := shifted(t, func(pass func()) error { return check(d, o, pass) })
	if err == nil && !o.Slow {
		err = slow(&d, o)
	}
	if err != nil {
		t.Fatalf("gametest: game %s, seed %d: %v", d.Name, o.Seed, err)
	}
}

// check calls pass between the steps of two rooms.
func check(d game.Definition, o Options, pass func()) error {
	if o.Ticks == 0 {
		o.Ticks = 300
	}
	if o.Every == 0 {
		o.Every = o.Ticks/30 + 1
	}
	a, err := game.New(&d, o.Room, game.Origin{Seed: o.Seed, Instance: 1})
	if err != nil {
		return err
	}
	twin, err := game.New(&d, o.Room, game.Origin{Seed: o.Seed, Instance: 1})
	if err != nil {
		return err
	}
	if len(a.Store().Schema().Input.Fields) > 0 && o.Inputs.append == nil {
		return errors.New("the game takes inputs; give Options.Inputs, as gametest.Random[Input]()")
	}
	leader, err := game.New(&d, o.Room, game.Origin{Seed: o.Seed, Instance: 1})
	if err != nil {
		return err
	}
	crew := newCrew(a, &o)
	rooms := []*replica{{"the twin that was started with the same seed", twin}, {"the leader before it hands over", leader}}
	watch, err := newWatch(&d, &o, a)
	if err != nil {
		return err
	}
	own := newOwned(a.Store().Schema())
	for tick := range o.Ticks {
		if err := same(a, rooms); err != nil {
			return fmt.Errorf("tick %d: %w", a.Tick(), err)
		}
		if tick%o.Every == 0 {
			b, err := rebuild(&d, &o, a)
			if err != nil {
				return err
			}
			rooms = append(rooms, b)
		}
		switch tick {
		case o.Ticks / 4:
			if err := watch.handedOver(&d, &o, leader); err != nil {
				return err
			}
			rooms = slices.DeleteFunc(rooms, func(r *replica) bool { return r.sim == leader })
		case o.Ticks / 2:
			promoted, err := watch.promote(a)
			if err != nil {
				return err
			}
			rooms = append(rooms, promoted...)
		}
		calls, err := crew.plan()
		if err != nil {
			return fmt.Errorf("tick %d: %w", tick+1, err)
		}
		if err := play(a, calls); err != nil {
			return fmt.Errorf("tick %d: %w", tick+1, err)
		}
		if id, ok := crew.leaked(); ok {
			return fmt.Errorf("tick %d: clients are sent the player id %q, which is for the game's backend only; use Player.Alias", tick+1, id)
		}
		crew.work()
		for _, f := range rooms {
			pass()
			if err := play(f.sim, calls); err != nil {
				return fmt.Errorf("tick %d: %s: %w", tick+1, f.name, err)
			}
		}
		if err := watch.follow(a); err != nil {
			return fmt.Errorf("tick %d: %w", a.Tick(), err)
		}
		if tick%10 == 0 {
			for i := range watch.clients {
				own.look(&watch.clients[i])
			}
		}
	}
	if err := same(a, rooms); err != nil {
		return fmt.Errorf("tick %d: %w", a.Tick(), err)
	}
	return own.check()
}

// play makes the calls of a tick and the tick.
func play(sim *game.Simulation, calls []call) error {
	for _, c := range calls {
		if err := c(sim); err != nil {
			return err
		}
	}
	err := sim.Step()
	if p, ok := errors.AsType[*game.PanicError](err); ok {
		return fmt.Errorf("%w\n%s", err, p.Stack)
	}
	return err
}
