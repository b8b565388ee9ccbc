package main

import (
	"math"

	"github.com/ringside-go/ringside/gameserver/game"
)

// What follows is a tick's physics. page/assets/physics.js has the same, to show the own mallet and the puck at once.

// puck is the puck at work.
type puck struct {
	x, y, vx, vy float32
	serve, rally uint8
}

// step moves a seat's mallet to where its player wants it, at most MalletSpeed and within its half.
func (m *Mallet) step(seat game.Seat, in Input) {
	top, bottom := float32(Height/2+MalletR), float32(Height-MalletR)
	if seat == 1 {
		top, bottom = MalletR, Height/2-MalletR
	}
	dx := min(max(in.X, MalletR), Width-MalletR) - m.X
	dy := min(max(in.Y, top), bottom) - m.Y
	if d := length(dx, dy); d > MalletSpeed {
		dx, dy = dx*MalletSpeed/d, dy*MalletSpeed/d
	}
	m.X, m.Y, m.VX, m.VY = m.X+dx, m.Y+dy, dx, dy
}

// step moves the puck. Mallets hit it; the walls throw it back but at the goals' mouths.
func (p *puck) step(mallets ...Mallet) {
	if p.serve > 0 {
		p.serve--
	}
	for _, m := range mallets {
		p.hit(m)
	}
	p.x, p.y = p.x+p.vx, p.y+p.vy
	p.vx, p.vy = p.vx*Friction, p.vy*Friction
	p.x, p.vx = wall(p.x, p.vx, Width)
	if p.x <= GoalLeft || p.x >= Width-GoalLeft {
		p.y, p.vy = wall(p.y, p.vy, Height)
	}
}

// wall throws the puck back where it touches one of two walls, at 0 and at far. It does not come to rest there.
func wall(at, v, far float32) (float32, float32) {
	switch {
	case at < PuckR:
		return PuckR, max(-Bounce*v, 1)
	case at > far-PuckR:
		return far - PuckR, min(-Bounce*v, -1)
	}
	return at, v
}

// hit is what a mallet does to the puck: it is far heavier, and pushes it away.
func (p *puck) hit(m Mallet) {
	nx, ny := p.x-m.X, p.y-m.Y
	d := length(nx, ny)
	if d >= MalletR+PuckR || d == 0 || p.serve > 0 {
		return
	}
	nx, ny = nx/d, ny/d
	p.x, p.y = m.X+float32(nx*(MalletR+PuckR)), m.Y+float32(ny*(MalletR+PuckR))
	if towards := float32((p.vx-m.VX)*nx) + float32((p.vy-m.VY)*ny); towards < 0 {
		p.vx, p.vy = p.vx-float32(1.9*towards*nx), p.vy-float32(1.9*towards*ny)
	}
	if v := length(p.vx, p.vy); v > PuckSpeed {
		p.vx, p.vy = p.vx*PuckSpeed/v, p.vy*PuckSpeed/v
	}
}

func length(x, y float32) float32 {
	return float32(math.Sqrt(float64(float32(x*x) + float32(y*y))))
}
