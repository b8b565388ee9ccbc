package game_test

import (
	"testing"

	"github.com/ringside-go/ringside/gameserver/game/gametest"
)

func TestOpening(t *testing.T) {
	h := gametest.NewHall(t, noughtsDefinition, "")
	ann, bob := h.Join("ann"), h.Join("bob")
	gametest.Send(h, ann, noughtsMove{Act: noughtsBid, Bid: 20})
	gametest.Send(h, bob, noughtsMove{Act: noughtsBid, Bid: 10})
	h.Step(1)
	h.Move() // the room continues on another server
	gametest.Send(h, ann, noughtsMove{Act: noughtsPlace, Cell: 4})
	h.Step(1)
	gametest.Expect(h, "cells", 4, noughtsCell{Mark: 1})
}
