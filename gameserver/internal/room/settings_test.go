package room

import (
	"testing"
	"time"

	"github.com/ringside-go/ringside/gameserver/game"
	"github.com/ringside-go/ringside/proto"
)

// A room that everybody has left ticks on at its rate for as long as its game says, also where another server has taken it over.
func TestEmptyRoomTicksOn(t *testing.T) {
	c := testConfig()
	c.UnplayedTimeout = DefaultConfig().UnplayedTimeout
	const idle = 10 * time.Minute
	withPool(t, c, func(h *harness) {
		start := func(change func(*Spec)) *Room {
			sim, err := game.New(&testDefinition, []byte(`{"TickRate":20,"Seats":2,"IdleTime":600000000000}`), game.Origin{Seed: 1, Instance: 1})
			if err != nil {
				t.Fatal(err)
			}
			s := h.spec(sim)
			change(&s)
			r, err := h.Start(s)
			if err != nil {
				t.Fatal(err)
			}
			return r
		}
		left := start(func(*Spec) {})
		ann, _ := h.join(left, Join{Player: "ann"})
		ann.QueueCustom([]byte("played"))
		ann.QueueLeave()
		h.pass(50 * time.Millisecond)
		taken := start(func(s *Spec) { s.ID, s.Resumed = "room-2", true })
		h.pass(50 * time.Millisecond)
		for what, r := range map[string]*Room{"a room that was left": left, "one that was taken over": taken} {
			before := r.Info()
			h.pass(time.Minute)
			if after := r.Info(); before.Players != 0 || after.Tick.Since(before.Tick) != 20*60 {
				t.Errorf("%s made %d ticks in a minute, with %d players", what, after.Tick.Since(before.Tick), before.Players)
			}
		}
		h.pass(idle - 3*time.Minute)
		h.wantEnded(0)
		h.pass(2 * time.Minute)
		h.wantEnded(2)
	})
}

// A game says how long its empty rooms live, and how many may watch.
func TestSettingsOfTheGame(t *testing.T) {
	c := testConfig()
	withPool(t, c, func(h *harness) {
		start := func(options string) *Room {
			sim, err := game.New(&testDefinition, []byte(options), game.Origin{Seed: 1, Instance: 1})
			if err != nil {
				t.Fatal(err)
			}
			r, err := h.Start(h.spec(sim))
			if err != nil {
				t.Fatal(err)
			}
			h.pass(50 * time.Millisecond)
			return r
		}
		if _, err := game.New(&testDefinition, []byte(`{"TickRate":20,"Seats":2,"IdleTime":7200000000000}`), game.Origin{Seed: 1, Instance: 1}); err == nil {
			t.Error("an idle time of two hours is taken")
		}
		none := start(`{"TickRate":20,"Seats":2,"Spectators":-1}`)
		_, f := h.join(none, Join{Player: "wes", Spectator: true})
		f.check(t).wantCloses(t, proto.CloseFull)
		if f.text != "nobody may watch room room-1; enter it as a player" || none.Info().Watchers != 0 {
			t.Errorf("text %q", f.text)
		}
		one := start(`{"TickRate":20,"Seats":2,"Spectators":1,"IdleTime":600000000000}`)
		first, watching := h.join(one, Join{Player: "wes", Spectator: true})
		_, late := h.join(one, Join{Player: "sue", Spectator: true})
		watching.check(t).wantCloses(t)
		late.check(t).wantCloses(t, proto.CloseFull)
		ann, _ := h.join(one, Join{Player: "ann"})
		ann.QueueCustom([]byte("played"))
		h.pass(50 * time.Millisecond)
		ann.QueueLeave()
		first.QueueLeave()
		h.pass(c.IdleTimeout + time.Second)
		h.wantEnded(1) // the other one
		h.pass(10 * time.Minute)
		h.wantEnded(2)
	})
}
