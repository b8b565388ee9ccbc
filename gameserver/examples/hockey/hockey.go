package main

import (
	"encoding/json"

	"github.com/ringside-go/ringside/gameserver/game"
)

// Hockey is one table for two. The house plays for a seat whose player is not there.
type Hockey struct {
	Mallets game.Table[Mallet] `state:"max=2"` // by seat
	Puck    game.Table[Puck]   `state:"max=1"` // for spectators; players have it in their mallet's row
	Goals   game.Events[Goal]  `state:"max=2"`
	Input   game.Inputs[Input]
}

// Mallet is a player's mallet, and all that its client predicts. A client predicts one row, so the puck is in it too, for the row's owner.
type Mallet struct {
	X      float32 `state:"range=0..360,step=1/16"`
	Y      float32 `state:"range=0..640,step=1/16"`
	VX     float32 `state:"range=-14..14,step=1/64,predict=none"` // units a tick
	VY     float32 `state:"range=-14..14,step=1/64,predict=none"`
	PuckX  float32 `state:"owner,range=-40..400,step=1/64"`
	PuckY  float32 `state:"owner,range=-40..680,step=1/64"`
	PuckVX float32 `state:"owner,range=-20..20,step=1/256,predict=none"`
	PuckVY float32 `state:"owner,range=-20..20,step=1/256,predict=none"`
	Serve  uint8   `state:"owner"` // ticks until the puck is served
	Rally  uint8   `state:"owner"` // changes when the puck is put elsewhere
	Score  uint8   `state:"range=0..7"`
}

// Puck is the puck as spectators see it.
type Puck struct {
	X float32 `state:"range=-40..400,step=1/16"`
	Y float32 `state:"range=-40..680,step=1/16"`
}

// Goal is an event: seat has scored.
type Goal struct {
	Seat game.Seat `state:""`
}

// Input is the place on the table where a player wants the mallet.
type Input struct {
	X float32 `state:"range=0..360,step=1/4"`
	Y float32 `state:"range=0..640,step=1/4"`
}

// The page has the same numbers.
const (
	Width, Height  = 360, 640
	MalletR, PuckR = 30, 20
	GoalLeft       = 100 // the mouths of both goals are between x = GoalLeft and Width - GoalLeft
	MalletSpeed    = 14  // units a tick
	PuckSpeed      = 20
	Friction       = 0.993
	Bounce         = 0.85 // of the speed is left after a wall
	Goals          = 7    // to win
	ServePause     = 60   // ticks
)

// Definition names the game for servers.
func Definition() game.Definition {
	return game.Definition{Name: "hockey", New: func(json.RawMessage) (game.Game, game.Settings, error) {
		return &Hockey{}, game.Settings{TickRate: 60, Seats: 2}, nil
	}}
}

// Start implements game.Game.
func (g *Hockey) Start(*game.Room) {
	for seat := range game.RowID(2) {
		*g.Mallets.Put(seat) = Mallet{X: Width / 2, Y: home(game.Seat(seat))}
	}
	g.Puck.Put(0)
	g.serve(0)
}

// home is where a seat's mallet begins. Seat 0 has the lower half.
func home(seat game.Seat) float32 { return Height - 90 - float32(float32(seat)*(Height-180)) }

// Join implements game.Game: a match between players begins at 0:0.
func (g *Hockey) Join(_ *game.Room, p game.Player) {
	g.Mallets.SetOwner(game.RowID(p.Seat), p.Seat)
	g.clear()
}

// Leave implements game.Game: the house plays on.
func (g *Hockey) Leave(_ *game.Room, p game.Player) {
	g.Mallets.SetOwner(game.RowID(p.Seat), game.NoSeat)
	g.clear()
}

// Tick implements game.Game.
func (g *Hockey) Tick(r *game.Room) {
	puck := g.puck()
	for seat, mallet := range g.Mallets.All() {
		switch p, taken := r.Player(game.Seat(seat)); {
		case !taken || !p.Connected:
			mallet.step(game.Seat(seat), house(r, game.Seat(seat), puck))
		case len(g.Input.Of(p.Seat)) == 0: // of this tick: the sample is late, or the player sends none
			mallet.VX, mallet.VY = 0, 0
		default:
			for _, sample := range g.Input.Of(p.Seat) {
				mallet.step(p.Seat, sample.Value)
			}
		}
	}
	puck.step(*g.Mallets.Get(0), *g.Mallets.Get(1))
	g.share(puck)
	switch {
	case puck.y < -PuckR:
		g.goal(r, 0)
	case puck.y > Height+PuckR:
		g.goal(r, 1)
	}
}

// house is what the house wants: to stand before its goal, and to hit what comes near.
func house(r *game.Room, seat game.Seat, puck puck) Input {
	in := Input{X: float32(0.75*puck.x) + 0.25*Width/2, Y: home(seat)}
	if (puck.y < Height/2) == (seat == 1) && r.Tick()%90 < 60 { // now and then it is slow
		in = Input{X: puck.x, Y: puck.y + float32((home(seat)-puck.y)*0.1)}
	}
	return in
}

// goal counts a goal of seat and serves to the other one.
func (g *Hockey) goal(r *game.Room, seat game.Seat) {
	g.Goals.Emit(Goal{Seat: seat})
	scorer, other := g.Mallets.Get(game.RowID(seat)), g.Mallets.Get(game.RowID(1-seat))
	scorer.Score++
	g.serve(1 - seat)
	if scorer.Score < Goals {
		return
	}
	var o game.Outcome
	for p := range r.Players() {
		result := game.Result{Seat: p.Seat, Place: 1, Score: int32(scorer.Score)}
		if p.Seat != seat {
			result.Place, result.Score = 2, int32(other.Score)
		}
		o.Results = append(o.Results, result)
	}
	if len(o.Results) == 2 { // nobody wins against the house
		r.Finish(o)
	}
	g.clear()
}

// clear begins a match.
func (g *Hockey) clear() {
	for _, mallet := range g.Mallets.All() {
		mallet.Score = 0
	}
	g.serve(0)
}

// serve puts the puck before seat's mallet.
func (g *Hockey) serve(seat game.Seat) {
	g.share(puck{x: Width / 2, y: Height/2 + 80 - float32(160*float32(seat)), serve: ServePause, rally: g.puck().rally + 1})
}

// share writes the puck into all rows that have it.
func (g *Hockey) share(p puck) {
	*g.Puck.Get(0) = Puck{X: p.x, Y: p.y}
	for _, m := range g.Mallets.All() {
		m.PuckX, m.PuckY, m.PuckVX, m.PuckVY, m.Serve, m.Rally = p.x, p.y, p.vx, p.vy, p.serve, p.rally
	}
}

// puck is the puck as the rows have it.
func (g *Hockey) puck() puck {
	m := g.Mallets.Get(0)
	return puck{x: m.PuckX, y: m.PuckY, vx: m.PuckVX, vy: m.PuckVY, serve: m.Serve, rally: m.Rally}
}
