package room

import (
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/ringside-go/ringside/gameserver/game"
	"github.com/ringside-go/ringside/proto"
)

// guardedGame lets in who has claims.
type guardedGame struct{ testGame }

func (*guardedGame) Admit(_ *game.Room, _ game.Player, claims json.RawMessage) error {
	if claims == nil {
		return errors.New("this room is for members")
	}
	return nil
}

func newGuardedGame(t *testing.T, seats int) *game.Simulation {
	t.Helper()
	d := game.Definition{Name: "guarded", New: func(json.RawMessage) (game.Game, game.Settings, error) {
		s := game.Settings{TickRate: 20, Seats: seats}
		return &guardedGame{testGame{settings: s}}, s, nil
	}}
	sim, err := game.New(&d, nil, game.Origin{Seed: 1, Instance: 1})
	if err != nil {
		t.Fatal(err)
	}
	return sim
}

// Who is not admitted hears why and leaves the seat to who comes in the same tick.
func TestNotAdmitted(t *testing.T) {
	withPool(t, testConfig(), func(h *harness) {
		r, err := h.Start(h.spec(newGuardedGame(t, 1)))
		if err != nil {
			t.Fatal(err)
		}
		h.pass(time.Millisecond)
		var clients [5]*testClient
		var occupants [5]*Occupant
		member := json.RawMessage("{}")
		for i, j := range []Join{{Player: "eve"}, {Player: "dan"}, {Player: "ann", Claims: member}, {Player: "bob", Claims: member}, {Player: "cid", Claims: member}} {
			clients[i] = &testClient{}
			j.Client = clients[i]
			if occupants[i], err = r.QueueJoin(j); err != nil {
				t.Fatal(err)
			}
		}
		h.pass(50 * time.Millisecond)
		occupants[3].QueueLost() // while it waits
		occupants[4].QueueLeave()
		h.pass(200 * time.Millisecond)
		for _, f := range clients[:2] {
			f.check(t).wantCloses(t, proto.CloseRefused)
			if f.text != "this room is for members" || len(f.welcomes) > 0 {
				t.Errorf("text %q, %d welcomes", f.text, len(f.welcomes))
			}
		}
		clients[2].check(t).wantCloses(t)
		clients[3].check(t).wantCloses(t)
		clients[4].check(t).wantCloses(t, proto.CloseLeft)
		if i := r.Info(); len(clients[2].welcomes) != 1 || i.Players != 1 || i.Connected != 1 {
			t.Errorf("%d welcomes, info %+v", len(clients[2].welcomes), i)
		}
	})
}
