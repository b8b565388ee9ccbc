package main

import (
	"math/rand/v2"
	"testing"

	"github.com/ringside-go/ringside/gameserver/game"
	"github.com/ringside-go/ringside/gameserver/game/gametest"
)

// A room of this game can move to another server at any tick.
func TestHockeyCanMove(t *testing.T) {
	gametest.Check(t, Definition(), gametest.Options{Inputs: gametest.Random[Input]()})
	chase := gametest.Script(func(rng *rand.Rand, s *game.Simulation, _ game.Seat) Input {
		puck, _ := gametest.Row[Puck](s, "puck", 0)
		return Input{X: puck.X + float32(rng.IntN(20)), Y: puck.Y + float32(rng.IntN(20))}
	})
	gametest.Check(t, Definition(), gametest.Options{Inputs: chase, Ticks: 900})
}

// Servers of all processors play alike.
func TestHockeyIsRoundedAlike(t *testing.T) { gametest.CheckRounding(t) }

// shoot strikes a puck in the own half towards the other goal, not quite exactly, and steps back now and then. Seat 1 is slow: it lets fast ones pass.
func shoot(rng *rand.Rand, seat game.Seat, mallet Mallet, puck Puck) Input {
	goal := Height * float32(seat)
	if (puck.Y < Height/2) != (seat == 1) || seat == 1 && length(mallet.PuckVX, mallet.PuckVY) > 3 || rng.IntN(20) == 0 {
		return Input{X: 0, Y: home(seat)}
	}
	dx, dy := Width/2+60*float32(rng.NormFloat64())-puck.X, goal-puck.Y
	d := length(dx, dy)
	behind := Input{X: puck.X - dx/d*(MalletR+PuckR), Y: puck.Y - dy/d*(MalletR+PuckR)}
	if length(behind.X-mallet.X, behind.Y-mallet.Y) > 2*MalletSpeed {
		return behind
	}
	return Input(puck)
}

// Two players shoot at each other's goals until one has won.
func TestMatch(t *testing.T) {
	h := gametest.NewHall(t, Definition(), "")
	rng := rand.New(rand.NewPCG(1, 2))
	seats := []game.Seat{h.Join("ann"), h.Join("bob")}
	for range 60 * 300 {
		puck, _ := gametest.Row[Puck](h.Sim, "puck", 0)
		for _, seat := range seats {
			mallet, _ := gametest.Row[Mallet](h.Sim, "mallets", game.RowID(seat))
			gametest.Send(h, seat, shoot(rng, seat, mallet, puck))
		}
		if h.Step(1); len(h.Outcomes) > 0 {

			break
		}
	}
	if len(h.Outcomes) != 1 {
		t.Fatalf("%d matches have ended in five minutes", len(h.Outcomes))
	}
	for _, r := range h.Outcomes[0].Results {
		if len(h.Outcomes[0].Results) != 2 || (r.Place == 1) != (r.Score == Goals) {
			t.Errorf("results %+v", h.Outcomes[0].Results)
		}
	}
	h.Step(1)
	if mallet, _ := gametest.Row[Mallet](h.Sim, "mallets", 0); mallet.Score != 0 {
		t.Errorf("the next match begins with %d goals", mallet.Score)
	}
}

// A mallet stays in its half and below its speed, whatever its player asks for, and the puck on the table or in a goal.
func TestBounds(t *testing.T) {
	h := gametest.NewHall(t, Definition(), "")
	ann, bob := h.Join("ann"), h.Join("bob")
	rng := rand.New(rand.NewPCG(1, 2))
	var last [2]Mallet
	for tick := range 60 * 60 {
		for _, seat := range []game.Seat{ann, bob} {
			gametest.Send(h, seat, Input{X: float32(rng.IntN(Width)), Y: float32(rng.IntN(Height))})
		}
		h.Step(1)
		for seat := range game.RowID(2) {
			m, _ := gametest.Row[Mallet](h.Sim, "mallets", seat)
			if (seat == 0) != (m.Y > Height/2) {
				t.Fatalf("tick %d: mallet %d is at y %v", tick, seat, m.Y)
			}
			if d := length(m.X-last[seat].X, m.Y-last[seat].Y); tick > 0 && d > MalletSpeed+0.1 {
				t.Fatalf("tick %d: mallet %d moved by %v", tick, seat, d)
			}
			last[seat] = m
		}
		p, _ := gametest.Row[Puck](h.Sim, "puck", 0)
		if p.X < PuckR || p.X > Width-PuckR {
			t.Fatalf("tick %d: the puck is at x %v", tick, p.X)
		}
	}
}
