package game_test

import "github.com/ringside-go/ringside/gameserver/game"

// Duel is a match of two. Nobody comes in once it has begun, and the room ends with it.
type Duel struct {
	Duellists game.Table[Duellist] `state:"max=2"`
}

// Duellist is a player, by seat.
type Duellist struct {
	HP uint8 `state:""`
}

func (g *Duel) Start(*game.Room) {}

func (g *Duel) Join(r *game.Room, p game.Player) {
	g.Duellists.Put(game.RowID(p.Seat)).HP = 100
	if g.Duellists.Len() == 2 {
		r.Lock()
	}
}

// Leave ends the match: who stays has won.
func (g *Duel) Leave(r *game.Room, p game.Player) {
	g.Duellists.Remove(game.RowID(p.Seat))
	if g.Duellists.Len() == 1 {
		r.Finish(game.Outcome{Results: []game.Result{{Seat: 1 - p.Seat, Place: 1}, {Seat: p.Seat, Place: 2}}})
		r.Close(p.Name + " has left")
	}
}

func (g *Duel) Tick(r *game.Room) {
	for id, d := range g.Duellists.All() {
		if d.HP == 0 {
			r.Kick(game.Seat(id), "you have lost")
		}
	}
}

func ExampleRoom_Close() {
	var g game.Game = &Duel{}
	_ = g
}
