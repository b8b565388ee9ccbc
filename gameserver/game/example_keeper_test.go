package game_test

import (
	"github.com/ringside-go/ringside/gameserver/game"
	"github.com/ringside-go/ringside/proto"
)

// Regatta is a race whose boats stay in the result when their sailors leave.
type Regatta struct {
	Boats game.Table[Boat] `state:"max=16"`
}

// Boat is one sailor's.
type Boat struct {
	Sailor string `state:"max=16"` // alias
	Buoys  uint8  `state:""`
}

func (g *Regatta) Start(*game.Room) {}

func (g *Regatta) Join(r *game.Room, p game.Player) {
	if g.boat(p.Alias) != nil {
		return // of a sailor who is back
	}
	if _, boat := g.Boats.Add(); boat != nil {
		boat.Sailor = string(p.Alias)
	}
}

func (g *Regatta) boat(sailor proto.Alias) *Boat {
	for _, boat := range g.Boats.All() {
		if boat.Sailor == string(sailor) {
			return boat
		}
	}
	return nil
}

// Keep implements game.Keeper: who has passed no buoy has not sailed.
func (g *Regatta) Keep(r *game.Room, p game.Player) bool {
	boat := g.boat(p.Alias)
	return boat != nil && boat.Buoys > 0
}

func (g *Regatta) Leave(*game.Room, game.Player) {}

func (g *Regatta) finish(r *game.Room) {
	var o game.Outcome
	for _, boat := range g.Boats.All() {
		place := uint8(1)
		for _, other := range g.Boats.All() {
			if other.Buoys > boat.Buoys {
				place++
			}
		}
		o.Results = append(o.Results, game.Result{Alias: proto.Alias(boat.Sailor), Place: place, Score: int32(boat.Buoys)})
	}
	r.Finish(o)
}

func (g *Regatta) Tick(r *game.Room) {
	if r.Tick()%(180*game.Tick(r.TickRate())) == 0 {
		g.finish(r)
	}
}

func ExampleKeeper() {
	var g game.Keeper = &Regatta{}
	_ = g
}
