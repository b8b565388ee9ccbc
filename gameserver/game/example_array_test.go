package game_test

import (
	"slices"

	"github.com/ringside-go/ringside/gameserver/game"
)

// Trader is a row with arrays: everybody sees the stall, and its owner the bag.
type Trader struct {
	Stall [6]uint8   `state:"range=0..40"` // goods by place; 0: the place is empty
	Bag   [12]uint16 `state:"owner"`
}

// put lays goods on the first empty place of the stall.
func (t *Trader) put(goods uint8) bool {
	place := slices.Index(t.Stall[:], 0)
	if place >= 0 {
		t.Stall[place] = goods
	}
	return place >= 0
}

// Market is a game whose rows have arrays.
type Market struct {
	Traders game.Table[Trader] `state:"max=8"` // by seat
}

func (g *Market) Start(*game.Room)                  {}
func (g *Market) Leave(_ *game.Room, p game.Player) { g.Traders.Remove(game.RowID(p.Seat)) }
func (g *Market) Tick(*game.Room)                   {}
func (g *Market) Join(_ *game.Room, p game.Player) {
	g.Traders.Put(game.RowID(p.Seat)).put(7)
	g.Traders.SetOwner(game.RowID(p.Seat), p.Seat)
}

// Fields of rows may be arrays of bools and numbers.
func ExampleTable_array() {
	var _ game.Game = (*Market)(nil)
}
