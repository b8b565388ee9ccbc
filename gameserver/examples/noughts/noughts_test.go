package main

import (
	"testing"

	"github.com/ringside-go/ringside/gameserver/game/gametest"
)

// A room of this game can move to another server at any tick.
func TestNoughtsCanMove(t *testing.T) {
	gametest.Check(t, Definition(), gametest.Options{Inputs: gametest.Random[Move]()})
	gametest.Check(t, Definition(), gametest.Options{Inputs: gametest.Random[Move](), Players: 4})
}
