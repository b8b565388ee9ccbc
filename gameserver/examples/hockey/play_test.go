package main

import (
	"math/rand/v2"
	"testing"

	"github.com/ringside-go/ringside/gameserver/examples/internal/play"
	"github.com/ringside-go/ringside/gameserver/game"
	"github.com/ringside-go/ringside/proto/state"
)

// Two players play on a fleet of real processes until there is a goal: this game's server and the stock router.
func TestPlay(t *testing.T) {
	f := play.Start(t)
	f.Page()
	ann, bob := play.Enter[Input](f, "hockey", "Ann"), play.Enter[Input](f, "hockey", "Bob")
	rng := rand.New(rand.NewPCG(1, 2))
	for goals := 0; goals == 0; {
		for _, p := range []*play.Player[Input]{ann, bob} {
			var in Input
			p.Look("a frame", func(s *state.Store) bool {
				mallets, err := state.RowsOf[Mallet](s, "mallets")
				if err != nil {
					t.Fatal(err)
				}
				own, ok := mallets.Get(game.RowID(p.Seat))
				if !ok {
					return false
				}
				in = shoot(rng, p.Seat, own, Puck{X: own.PuckX, Y: own.PuckY}) // the puck of its own row
				for _, m := range mallets.All() {
					goals += int(m.Score)
				}
				return true
			})
			p.Send(in)
		}
	}
}
