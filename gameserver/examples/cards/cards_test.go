package main

import (
	"errors"
	"math/rand/v2"
	"testing"

	"github.com/ringside-go/ringside/gameserver/game"
	"github.com/ringside-go/ringside/gameserver/game/gametest"
	"github.com/ringside-go/ringside/proto/state"
)

// A room of this game can move to another server at any tick.
func TestCardsCanMove(t *testing.T) {
	own := gametest.Script(func(rng *rand.Rand, _ *game.Simulation, seat game.Seat) Move {
		return Move{Play: uint8(seat)*handSize + uint8(rng.IntN(handSize))}
	})
	gametest.Check(t, Definition(), gametest.Options{Inputs: own, Ticks: 600})
	gametest.Check(t, Definition(), gametest.Options{Inputs: gametest.Random[Move](), Players: 6})
}

// Two players play a hand: the higher card of the suit takes the trick, and all ten cards make five tricks.
func TestHand(t *testing.T) {
	h := gametest.NewHall(t, Definition(), "")
	seats := []game.Seat{h.Join("ann"), h.Join("bob")}
	h.Step(25)
	for range 40 {
		for _, seat := range seats {
			var all []Move
			for i := range uint8(handSize) { // the rules take the first that is allowed
				all = append(all, Move{Play: uint8(seat)*handSize + i})
			}
			gametest.Send(h, seat, all[:4]...)
			gametest.Send(h, seat, all[4])
		}
		h.Step(3)
		if len(h.Outcomes) > 0 {
			break
		}
	}
	if len(h.Outcomes) != 1 {
		t.Fatalf("%d hands have ended", len(h.Outcomes))
	}
	if r := h.Outcomes[0].Results; len(r) != 2 || r[0].Score+r[1].Score != handSize || (r[0].Place == 1) != (r[0].Score > r[1].Score) {
		t.Errorf("results %+v", r)
	}
}

// What bob's client is sent has bob's cards, and none of ann's or of the deck.
func TestHandsAreHidden(t *testing.T) {
	h := gametest.NewHall(t, Definition(), "")
	h.Join("ann")
	bob := h.Join("bob")
	h.Step(25)
	s := h.Sim.Store()
	schema, err := state.ParseSchema(s.Schema().Append(nil))
	if err != nil {
		t.Fatal(err)
	}
	client := state.NewReplica(schema)
	if err := errors.Join(client.ApplyKeyframe(s.Tick(), s.AppendKeyframe(nil)), client.ApplyOwnKeyframe(s.AppendOwnKeyframe(nil, bob))); err != nil {
		t.Fatal(err)
	}
	cards := 0
	for row := range client.Look("hands") {
		if cards++; game.Seat(row/handSize) != bob {
			t.Errorf("bob has row %d", row)
		}
	}
	for row := range client.Look("deck") {
		t.Errorf("bob has card %d of the deck", row)
	}
	if cards != handSize {
		t.Errorf("bob has %d cards", cards)
	}
}
