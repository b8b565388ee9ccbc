package main

import (
	"encoding/json"

	"github.com/ringside-go/ringside/gameserver/game"
)

// Noughts is the state of one board. All that changes is in its tables.
type Noughts struct {
	Cells game.Table[Cell] `state:"max=9"` // row by row
	Turn  game.Value[Turn]
	Input game.Inputs[Move]
}

// Cell is one cell of the board.
type Cell struct {
	Mark uint8 `state:"range=0..2"` // 0: free; otherwise the seat that marked it, plus 1
}

// Turn says whose move it is.
type Turn struct {
	Seat game.Seat `state:"range=0..1"`
}

// Move is what a player may send.
type Move struct {
	Cell uint8 `state:"range=0..9"` // to mark; NoCell: none
}

// NoCell marks nothing.
const NoCell = 9

var lines = [8][3]game.RowID{{0, 1, 2}, {3, 4, 5}, {6, 7, 8}, {0, 3, 6}, {1, 4, 7}, {2, 5, 8}, {0, 4, 8}, {2, 4, 6}}

// Definition names the game for servers.
func Definition() game.Definition {
	return game.Definition{Name: "noughts", New: func(json.RawMessage) (game.Game, game.Settings, error) {
		return &Noughts{}, game.Settings{TickRate: 10, Seats: 2}, nil
	}}
}

// Start implements game.Game.
func (g *Noughts) Start(*game.Room) { g.clear() }

// Join implements game.Game.
func (g *Noughts) Join(*game.Room, game.Player) {}

// Leave implements game.Game: the other player wins.
func (g *Noughts) Leave(r *game.Room, p game.Player) { g.finish(r, 1-p.Seat) }

// Tick implements game.Game.
func (g *Noughts) Tick(r *game.Room) {
	for p := range r.Players() {
		for _, sample := range g.Input.Of(p.Seat) {
			g.move(r, p.Seat, sample.Value.Cell)
		}
	}
}

// move marks a cell, if the rules allow it: a client may send anything.
func (g *Noughts) move(r *game.Room, seat game.Seat, cell uint8) {
	turn := g.Turn.Get()
	if turn.Seat != seat || cell == NoCell || g.Cells.Get(game.RowID(cell)).Mark != 0 {
		return
	}
	g.Cells.Get(game.RowID(cell)).Mark = uint8(seat) + 1
	turn.Seat = 1 - seat
	for _, line := range lines {
		if g.mark(line[0]) == g.mark(line[1]) && g.mark(line[1]) == g.mark(line[2]) && g.mark(line[0]) != 0 {
			g.finish(r, seat)
			return
		}
	}
	for _, c := range g.Cells.All() {
		if c.Mark == 0 {
			return
		}
	}
	g.finish(r, game.NoSeat)
}

func (g *Noughts) mark(cell game.RowID) uint8 { return g.Cells.Get(cell).Mark }

// finish ends the match, as a draw if winner is NoSeat, and clears the board for the next one.
func (g *Noughts) finish(r *game.Room, winner game.Seat) {
	var o game.Outcome
	for p := range r.Players() {
		place := uint8(1)
		if winner != game.NoSeat && winner != p.Seat {
			place = 2
		}
		o.Results = append(o.Results, game.Result{Seat: p.Seat, Place: place})
	}
	r.Finish(o)
	g.clear()
}

func (g *Noughts) clear() {
	for cell := range game.RowID(9) {
		g.Cells.Put(cell).Mark = 0
	}
	g.Turn.Get().Seat = 0
}
