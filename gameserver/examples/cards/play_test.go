package main

import (
	"testing"

	"github.com/ringside-go/ringside/gameserver/examples/internal/play"
	"github.com/ringside-go/ringside/gameserver/game"
	"github.com/ringside-go/ringside/proto/state"
)

// seen is what clients get of Turn.
type seen struct {
	Seat game.Seat `state:""`
}

// Two players play a hand on a fleet of real processes: this game's server and the stock router. Each knows its own cards only.
func TestPlay(t *testing.T) {
	f := play.Start(t)
	f.Page()
	players := []*play.Player[Move]{play.Enter[Move](f, "cards", "Ann"), play.Enter[Move](f, "cards", "Bob")}
	for len(players[0].Outcomes) == 0 {
		for _, p := range players {
			var hand []game.RowID
			mine := false
			p.Look("the cards", func(s *state.Store) bool {
				hands, err := state.RowsOf[Card](s, "hands")
				if err != nil {
					t.Fatal(err)
				}
				for row := range hands.All() {
					if !hands.Own(row) {
						t.Errorf("seat %d has card %d of another", p.Seat, row)
					}
					hand = append(hand, row)
				}
				turn, err := state.RowsOf[seen](s, "turn")
				if err != nil {
					t.Fatal(err)
				}
				now, _ := turn.Get(0)
				mine = now.Seat == p.Seat
				return true
			})
			if !mine {
				continue
			}
			for _, row := range hand { // the rules take the first that is allowed
				p.Send(Move{Play: uint8(row)})
			}
			p.Look("the next turn", func(s *state.Store) bool {
				hands, err := state.RowsOf[Card](s, "hands")
				return err == nil && hands.Len() < len(hand)
			})
		}
	}
	for _, p := range players {
		if r := p.Outcome().Results; len(r) != 2 || r[0].Score+r[1].Score != handSize {
			t.Errorf("results %+v", r)
		}
	}
}
