package arena

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/ringside-go/ringside/gameserver/game"
	"github.com/ringside-go/ringside/gameserver/game/gametest"
	"github.com/ringside-go/ringside/proto"
)

// hall is a room in a test, with the game's own struct in reach.
type hall struct {
	t   testing.TB
	sim *game.Simulation
	a   *Arena
}

// newHall makes a room with players on the first seats and makes its first tick.
func newHall(t testing.TB, options string, players int) *hall {
	t.Helper()
	h := &hall{t: t}
	d := Definition()
	build := d.New
	d.New = func(options json.RawMessage) (game.Game, game.Settings, error) {
		g, s, err := build(options)
		h.a, _ = g.(*Arena)
		return g, s, err
	}
	var err error
	if h.sim, err = game.New(&d, []byte(options), game.Origin{Seed: 1, Instance: 1}); err != nil {
		t.Fatal(err)
	}
	for i := range players {
		h.join(i)
	}
	h.step()
	return h
}

// join gives the i-th player a seat: the lowest that is free.
func (h *hall) join(i int) {
	h.t.Helper()
	id := fmt.Sprint("player-", i)
	if _, _, err := h.sim.Join(game.Entrant{ID: proto.PlayerID(id), Name: id}); err != nil {
		h.t.Fatal(err)
	}
}

func (h *hall) step() {
	h.t.Helper()
	if err := h.sim.Step(); err != nil {
		h.t.Fatal(err)
	}
}

func (h *hall) steps(n int) {
	h.t.Helper()
	for range n {
		h.step()
	}
}

// queue sends seat's next samples; the player saw tick ack.
func (h *hall) queue(seat game.Seat, ack game.Tick, samples ...Input) {
	h.t.Helper()
	if err := h.sim.Queue(seat, gametest.Encode(h.t, h.sim.Processed(seat)+1, ack, samples...)); err != nil {
		h.t.Fatal(err)
	}
}

func (h *hall) fighter(seat game.Seat) *Fighter { return h.a.Fighters.Get(game.RowID(seat)) }

// put stands a fighter, unhurt and ready to shoot, somewhere and lets it be seen there for longer than time is turned
// back.
func (h *hall) put(seat game.Seat, x, y float32) *Fighter {
	f := h.fighter(seat)
	f.setBody(Body{X: int32(x * Unit), Y: int32(y * Unit)})
	f.HP, f.Ammo, f.Cooldown, f.Alive, f.Shielded = fullHP, fullAmmo, 0, true, false
	return f
}
