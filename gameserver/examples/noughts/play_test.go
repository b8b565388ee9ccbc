package main

import (
	"fmt"
	"testing"

	"github.com/ringside-go/ringside/gameserver/examples/internal/play"
	"github.com/ringside-go/ringside/proto/state"
)

// Two players play a match on a fleet of real processes: this game's server and the stock router.
func TestPlay(t *testing.T) {
	f := play.Start(t)
	f.Page()
	nought, cross := play.Enter[Move](f, "noughts", "Ann"), play.Enter[Move](f, "noughts", "Bob")
	for i, cell := range []uint8{0, 3, 1, 4, 2} { // the upper row, against the middle one
		mover := []*play.Player[Move]{nought, cross}[i%2]
		mover.Send(Move{Cell: cell})
		mover.Look(fmt.Sprintf("a mark in cell %d", cell), func(s *state.Store) bool {
			boards, err := state.RowsOf[Board](s, "board")
			if err != nil {
				t.Fatal(err)
			}
			board, _ := boards.Get(0)
			return board.Cells[cell] != 0 || i == 4 && board == Board{} // the match has ended, and the board is cleared
		})
	}
	for _, p := range []*play.Player[Move]{nought, cross} {
		if o := p.Outcome(); len(o.Results) != 2 || o.Results[0].Alias != nought.Alias || o.Results[0].Place != 1 || o.Results[1].Place != 2 {
			t.Errorf("outcome %+v, want that %s has won", o, nought.Alias)
		}
	}
}
