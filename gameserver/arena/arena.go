package arena

import "github.com/ringside-go/ringside/gameserver/game"

// Start puts up the walls. It is called once, when the room is new: a room that moved has them in its tables.
func (a *Arena) Start(*game.Room) {
	for _, w := range a.level.walls {
		_, row := a.Walls.Add()
		*row = w
	}
	m := a.Match.Get()
	m.FragLimit, m.Winner = uint16(a.options.FragLimit), game.NoSeat
}

// Join gives p a fighter, which lives at once.
func (a *Arena) Join(r *game.Room, p game.Player) {
	f := a.Fighters.Put(game.RowID(p.Seat))
	a.Fighters.SetOwner(game.RowID(p.Seat), p.Seat)
	a.revive(r, f)
}

// Leave takes p's fighter away.
func (a *Arena) Leave(_ *game.Room, p game.Player) { a.Fighters.Remove(game.RowID(p.Seat)) }

// Tick is everybody's step, then all shots, then the round.
func (a *Arena) Tick(r *game.Room) {
	var fired [16]trigger
	n := 0
	for id, f := range a.Fighters.All() {
		a.advance(r, f)
		if t, ok := a.act(f, game.Seat(id), a.Input.Of(game.Seat(id))); ok {
			fired[n] = t
			n++
		}
	}
	for i := range fired[:n] {
		a.resolve(r, &fired[i])
	}
	a.advanceRound(r)
}
