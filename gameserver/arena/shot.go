package arena

import "github.com/ringside-go/ringside/gameserver/game"

const (
	hitRadius  = 16 * Unit
	shotRange  = 1500 * Unit // longer than any map
	shotDamage = 25
)

// trigger is a shot that was fired and not resolved yet.
type trigger struct {
	seat game.Seat
	from point
	aim  int32     // direction
	saw  game.Tick // the tick that the shooter saw
}

// resolve finds what a shot hits. Shots of one tick are simultaneous: all are fired before the first one is resolved,
// so two fighters can kill each other.
//
// Others are where the shooter saw them: time is turned back to the tick that the shooter's client showed, at most
// ticks.rewind, and walls stop the shot. So a player who aims well hits, whatever their connection; the price is that one can
// be hit up to a quarter of a second after stepping behind a wall.
func (a *Arena) resolve(r *game.Room, t *trigger) {
	saw := t.saw
	if oldest := r.Tick() - game.Tick(a.ticks.rewind); saw.Since(oldest) < 0 {
		saw = oldest
	}
	line := newRay(t.from, t.aim)
	limit, hit := line.wall(a.level.solid, shotRange), game.NoSeat
	for id, f := range a.Fighters.All() {
		if game.Seat(id) == t.seat || !f.Alive || f.Shielded {
			continue
		}
		past, ok := a.Fighters.Past(saw, id)
		if !ok || !past.Alive || past.Shielded {
			continue
		}
		if d, ok := line.circle(past.place(), hitRadius, limit); ok {
			limit, hit = d, game.Seat(id)
		}
	}
	end := line.at(limit)
	a.Shots.Emit(Shot{X: float32(end.x) / Unit, Y: float32(end.y) / Unit, Shooter: t.seat, Hit: hit})
	if hit != game.NoSeat {
		a.hurt(r, a.Fighters.Get(game.RowID(hit)), a.Fighters.Get(game.RowID(t.seat)), shotDamage)
	}
}
