package main

import (
	"encoding/json"
	"slices"

	"github.com/ringside-go/ringside/gameserver/game"
)

// Noughts is the state of one board. All that changes is in its tables.
type Noughts struct {
	Board game.Value[Board]
	Input game.Inputs[Move]
}

// Board is the one board of a room.
type Board struct {
	Cells [9]uint8  `state:"range=0..2"` // row by row; 0: free; otherwise the seat that marked it, plus 1
	Turn  game.Seat `state:"range=0..1"` // whose move it is
}

// Move is what a player may send.
type Move struct {
	Cell uint8 `state:"range=0..9"` // to mark; NoCell: none
}

// NoCell marks nothing.
const NoCell = 9

var lines = [8][3]uint8{{0, 1, 2}, {3, 4, 5}, {6, 7, 8}, {0, 3, 6}, {1, 4, 7}, {2, 5, 8}, {0, 4, 8}, {2, 4, 6}}

// Definition names the game for servers.
func Definition() game.Definition {
	return game.Definition{Name: "noughts", New: func(json.RawMessage) (game.Game, game.Settings, error) {
		return &Noughts{}, game.Settings{TickRate: 10, Seats: 2}, nil
	}}
}

// Start implements game.Game.
func (g *Noughts) Start(*game.Room) {}

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
	board := g.Board.Get()
	if board.Turn != seat || cell == NoCell || board.Cells[cell] != 0 {
		return
	}
	board.Cells[cell] = uint8(seat) + 1
	board.Turn = 1 - seat
	for _, line := range lines {
		if m := board.Cells[line[0]]; m != 0 && m == board.Cells[line[1]] && m == board.Cells[line[2]] {
			g.finish(r, seat)
			return
		}
	}
	if !slices.Contains(board.Cells[:], 0) {
		g.finish(r, game.NoSeat)
	}
}

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
	*g.Board.Get() = Board{}
}
