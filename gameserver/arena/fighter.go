package arena

import "github.com/ringside-go/ringside/gameserver/game"

// What a fighter has when it comes to life.
const (
	fullHP   = 100
	fullAmmo = 12
)

func (f *Fighter) body() Body {
	return Body{int32(f.X * Unit), int32(f.Y * Unit), int32(f.VX), int32(f.VY)}
}

// setBody is exact: a quantum is a power of two, and the world's width in quanta fits into a float's 24 bits.
func (f *Fighter) setBody(b Body) {
	f.X, f.Y, f.VX, f.VY = float32(b.X)/Unit, float32(b.Y)/Unit, int16(b.VX), int16(b.VY)
}

func (f *Fighter) place() point { return point{int32(f.X * Unit), int32(f.Y * Unit)} }

// revive brings f to life at the spawn that is farthest from the others who live, the first of equals in the map's
// order from a random one on.
func (a *Arena) revive(r *game.Room, f *Fighter) {
	f.Alive = false // or it would be far from itself only
	spawns := a.level.spawns
	first := r.Rand().IntN(len(spawns))
	best, most := spawns[first], int64(-1)
	for i := range spawns {
		s := spawns[(first+i)%len(spawns)]
		if d := a.loneliness(s); d > most {
			best, most = s, d
		}
	}
	f.setBody(Body{X: best.x, Y: best.y})
	f.HP, f.Ammo, f.Cooldown, f.Alive, f.NextLife = fullHP, fullAmmo, 0, true, 0
	f.Shielded, f.ShieldUntil = true, uint32(r.Tick())+a.ticks.shield
}

// loneliness is the squared distance from p to the nearest fighter who lives.
func (a *Arena) loneliness(p point) int64 {
	nearest := int64(1) << 62
	for _, f := range a.Fighters.All() {
		if f.Alive {
			dx, dy := int64(f.place().x-p.x), int64(f.place().y-p.y)
			nearest = min(nearest, dx*dx+dy*dy)
		}
	}
	return nearest
}

// advance does what time alone does to f.
func (a *Arena) advance(r *game.Room, f *Fighter) {
	f.Budget = min(f.Budget+1, a.ticks.budget)
	if !f.Alive {
		if f.NextLife != 0 && due(r, f.NextLife) {
			a.revive(r, f)
		}
		return
	}
	if f.Shielded && due(r, f.ShieldUntil) {
		f.Shielded = false
	}
	if f.Cooldown > 0 {
		f.Cooldown--
	}
	if f.Cooldown == 0 && f.Ammo == 0 {
		f.Ammo = fullAmmo
	}
}

// act moves f by its samples of this tick and gives the shot that it fires, of which a tick has at most one. Each
// sample is a step and costs one of f.Budget; samples over that are lost, so a client that sends more of them than
// there are ticks gains nothing. One whose samples were late gets what it missed, up to ticks.budget steps.
func (a *Arena) act(f *Fighter, seat game.Seat, samples []game.Sample[Input]) (s trigger, fired bool) {
	if !f.Alive {
		return s, false
	}
	for i := range samples {
		in := &samples[i].Value
		f.Aim = in.Aim
		if f.Budget == 0 {
			continue
		}
		f.Budget--
		f.setBody(Move(f.body(), in.MoveX, in.MoveY, a.pace, a.level.boxes))
		if in.Reload && f.Ammo < fullAmmo && f.Cooldown == 0 {
			f.Ammo, f.Cooldown = 0, a.ticks.reload
		}
		if in.Fire && f.Cooldown == 0 && a.Match.Get().Phase != Break {
			s, fired = trigger{seat, f.place(), directionOf(in.Aim), samples[i].Ack}, true
			f.Ammo, f.Cooldown = f.Ammo-1, a.ticks.cooldown
			f.Shielded = false // who shoots can be shot
			if f.Ammo == 0 {
				f.Cooldown = a.ticks.reload
			}
		}
	}
	return s, fired
}

// hurt takes damage off f, at the hands of by, and reports whether it died of it.
func (a *Arena) hurt(r *game.Room, f, by *Fighter, damage uint8) {
	f.HP -= min(damage, f.HP)
	if f.HP > 0 {
		return
	}
	f.Alive, f.VX, f.VY, f.Cooldown = false, 0, 0, 0
	f.NextLife = uint32(r.Tick()) + a.ticks.respawn
	if a.Match.Get().Phase == Playing {
		f.Deaths++
		by.Score++
	}
}
