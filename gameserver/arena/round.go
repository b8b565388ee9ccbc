package arena

import "github.com/ringside-go/ringside/gameserver/game"

// advanceRound begins and ends rounds. It comes last in a tick, so a round is judged by all of the tick's shots.
func (a *Arena) advanceRound(r *game.Room) {
	m, players := a.Match.Get(), a.Fighters.Len()
	over := due(r, m.EndsAt)
	switch m.Phase {
	case Waiting:
		if players >= 2 {
			a.beginRound(r)
		}
	case Playing:
		if players < 2 || over || a.topScore() >= m.FragLimit {
			a.endRound(r)
		}
	case Break:
		if over && players >= 2 {
			a.beginRound(r)
		} else if over {
			m.Phase, m.EndsAt = Waiting, 0
		}
	}
}

// due reports whether tick at has come. Ticks begin again at 0 after 2^32.
func due(r *game.Room, at uint32) bool { return r.Tick().Since(game.Tick(at)) >= 0 }

// beginRound puts everybody back to the start.
func (a *Arena) beginRound(r *game.Room) {
	m := a.Match.Get()
	m.Phase, m.EndsAt, m.Winner = Playing, uint32(r.Tick())+a.ticks.round, game.NoSeat
	for _, f := range a.Fighters.All() {
		f.Alive, f.Score, f.Deaths = false, 0, 0
	}
	for _, f := range a.Fighters.All() {
		a.revive(r, f)
	}
}

// endRound decides the round: places by score, equal scores share a place, and two in the first place are a draw. Who
// left has no result, so the last one there has won.
func (a *Arena) endRound(r *game.Room) {
	m := a.Match.Get()
	m.Phase, m.EndsAt, m.Winner = Break, uint32(r.Tick())+a.ticks.pause, game.NoSeat
	if a.Fighters.Len() == 0 {
		return
	}
	o := game.Outcome{Results: make([]game.Result, 0, a.Fighters.Len())}
	firsts := 0
	for id, f := range a.Fighters.All() {
		place := uint8(1)
		for _, other := range a.Fighters.All() {
			if other.Score > f.Score {
				place++
			}
		}
		if place == 1 {
			firsts++
			m.Winner = game.Seat(id)
		}
		o.Results = append(o.Results, game.Result{Seat: game.Seat(id), Place: place, Score: int32(f.Score)})
	}
	if firsts > 1 {
		m.Winner = game.NoSeat
	}
	r.Finish(o)
}

func (a *Arena) topScore() uint16 {
	var top uint16
	for _, f := range a.Fighters.All() {
		top = max(top, f.Score)
	}
	return top
}
