package game_test

import (
	"time"

	"github.com/ringside-go/ringside/gameserver/game"
)

// Stand is a shooting stand: targets that are hit come back after five seconds.
type Stand struct {
	Targets game.Table[Target] `state:"max=32"`
}

// Target is a target, by row.
type Target struct {
	Up bool `state:""`
}

// What Stand's timers are for.
const (
	targetUp uint16 = iota
	roundOver
)

func (g *Stand) Start(r *game.Room) { r.Every(2*time.Minute, roundOver, 0) }

func (g *Stand) hit(r *game.Room, id game.RowID) {
	g.Targets.Get(id).Up = false
	r.After(5*time.Second, targetUp, uint64(id))
}

// Timer implements game.Timed.
func (g *Stand) Timer(r *game.Room, t game.Timer) {
	switch t.Kind {
	case targetUp:
		if target := g.Targets.Get(game.RowID(t.Data)); target != nil {
			target.Up = true
		}
	case roundOver:
		r.Finish(game.Outcome{})
	}
}

func (g *Stand) Join(*game.Room, game.Player)  {}
func (g *Stand) Leave(*game.Room, game.Player) {}
func (g *Stand) Tick(r *game.Room) {
	for id, target := range g.Targets.All() {
		if target.Up && r.Rand().IntN(100) == 0 {
			g.hit(r, id)
		}
	}
}

func ExampleRoom_After() {
	var g game.Timed = &Stand{}
	_ = g
}
