package game

import (
	"iter"

	"github.com/ringside-go/ringside/proto"
)

// Keeper is implemented by games whose results may be of players who have left.
type Keeper interface {
	// Keep reports whether the match being played may come to a result for p, who gives up the seat. It is called just before Leave. A
	// player who is kept is among Room.Left, and Result.Alias names them, until the match is finished or they come back. A room keeps at
	// most proto.MaxSeats players; further ones are not kept.
	Keep(r *Room, p Player) bool
}

// leavers is the framework's state in the rooms of games that are Keepers.
type leavers struct {
	Leavers Table[leaverRow] `state:"max=64,hidden"` // proto.MaxSeats
}

// leaverRow is a player who has left in the match being played.
type leaverRow struct {
	ID    string `state:"max=64"`
	Alias string `state:"max=16"`
	Name  string `state:"max=32"` // outcomeName
}

func (r *leaverRow) player() Player {
	return Player{Seat: NoSeat, ID: proto.PlayerID(r.ID), Alias: proto.Alias(r.Alias), Name: r.Name}
}

// Left gives the players who have left in the match being played and whom the game's Keep has kept. Their Seat is NoSeat, since
// another player may have it, and their Name is shortened to 32 bytes.
func (r *Room) Left() iter.Seq[Player] {
	return func(yield func(Player) bool) {
		if r.s.keeper == nil {
			return
		}
		for _, row := range r.s.leavers.Leavers.All() {
			if !yield(row.player()) {
				return
			}
		}
	}
}

// leave tells the game that the player on seat leaves, and keeps the player if the game wants that and the match goes on.
func (s *Simulation) leave(seat Seat) {
	p := s.core.Seats.Get(RowID(seat)).player(RowID(seat))
	match := s.Match()
	keep := s.keeper != nil && s.keeper.Keep(&s.room, p)
	s.game.Leave(&s.room, p)
	if !keep || s.Match() != match {
		return
	}
	if _, row := s.leavers.Leavers.Add(); row != nil {
		*row = leaverRow{ID: string(p.ID), Alias: string(p.Alias), Name: shorten(p.Name)}
	}
}

// comeBack forgets that p had left.
func (s *Simulation) comeBack(p Player) {
	if s.keeper == nil {
		return
	}
	for id, row := range s.leavers.Leavers.All() {
		if row.ID == string(p.ID) {
			s.leavers.Leavers.Remove(id)
			return
		}
	}
}

// forgetLeavers begins a match, in which nobody has left yet.
func (s *Simulation) forgetLeavers() {
	if s.keeper != nil {
		for id := range s.leavers.Leavers.All() {
			s.leavers.Leavers.Remove(id)
		}
	}
}

// resultOf gives the player whom r is about: on the seat, or by the alias, also one who has left.
func (s *Simulation) resultOf(r Result) (Player, bool) {
	if r.Alias == "" {
		return s.Player(r.Seat)
	}
	for p := range s.room.Players() {
		if p.Alias == r.Alias {
			return p, true
		}
	}
	for p := range s.room.Left() {
		if p.Alias == r.Alias {
			return p, true
		}
	}
	return Player{}, false
}
