package state

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/ringside-go/ringside/proto"
)

// arena is the workload of the figures: 16 players who run with the keyboard, aim and shoot at 30 ticks a second, and
// 32 other rows, of which some move.
type arena struct {
	Fighters Table[arenaFighter] `state:"max=16"`
	Pickups  Table[arenaPickup]  `state:"max=16"`
	Rockets  Table[arenaRocket]  `state:"max=16"`
	Shots    Events[arenaShot]
}

type arenaFighter struct {
	X     float32 `state:"range=0..200,step=1/128,rewind"`
	Y     float32 `state:"range=0..200,step=1/128,rewind"`
	Aim   float32 `state:"angle,bits=10"`
	HP    uint8   `state:""`
	Alive bool    `state:""`
	Score uint16  `state:""`
	Skin  uint8   `state:""`
	VX    float32 `state:"hidden,range=-16..16,step=1/256,predict=none"`
	VY    float32 `state:"hidden,range=-16..16,step=1/256,predict=none"`
	Ammo  uint8   `state:"owner"`
	Cool  uint8   `state:"hidden"`
}

type arenaPickup struct {
	X    float32 `state:"range=0..200,step=1/128"`
	Y    float32 `state:"range=0..200,step=1/128"`
	Kind uint8   `state:""`
	Up   bool    `state:""`
}

type arenaRocket struct {
	X     float32    `state:"range=0..200,step=1/128"`
	Y     float32    `state:"range=0..200,step=1/128"`
	Owner proto.Seat `state:""`
}

type arenaShot struct {
	Seat proto.Seat `state:""`
	X    float32    `state:"range=0..200,step=1/128"`
	Y    float32    `state:"range=0..200,step=1/128"`
}

// arenaTrace is a match played beforehand: what the game makes of the rows in each tick, before the commit, so that a
// benchmark can do the same without the cost of a game.
type arenaTrace struct {
	arena
	s        *Store
	fighters [][16]arenaFighter
	rockets  [][16]arenaRocket
	shots    [][]arenaShot
	flips    []RowID // the pickup that changes in each second
}

func newArenaTrace(tb testing.TB, ticks int) *arenaTrace {
	a := &arenaTrace{}
	s, err := Open(nil, &a.arena)
	if err != nil {
		tb.Fatal(err)
	}
	a.s = s
	s.SetHistory(30)
	rng := rand.New(rand.NewPCG(1, 2))
	s.Begin()
	var speed [16][2]float32 // of rockets, in whole steps
	for i := range RowID(16) {
		x, y := rng.Float32()*200, rng.Float32()*200
		*a.Fighters.Put(i) = arenaFighter{X: x, Y: y, HP: 100, Alive: true, Ammo: 30}
		a.Fighters.SetOwner(i, proto.Seat(i))
		*a.Pickups.Put(i) = arenaPickup{X: y, Y: x, Up: true}
		*a.Rockets.Put(i) = arenaRocket{X: 100, Y: 100}
		speed[i] = [2]float32{float32(rng.IntN(64)-32) / 128, float32(rng.IntN(64)-32) / 128}
	}
	s.Commit(0)
	var toX, toY [16]float32
	for tick := range ticks {
		s.Begin()
		var shots []arenaShot
		for id, f := range a.Fighters.All() {
			if rng.IntN(10) == 0 { // another key three times a second
				dir := float64(rng.IntN(9)) * math.Pi / 4
				toX[id], toY[id] = float32(7*math.Cos(dir)), float32(7*math.Sin(dir))
			}
			const accel = 60.0 / 30
			f.VX += min(accel, max(-accel, toX[id]-f.VX))
			f.VY += min(accel, max(-accel, toY[id]-f.VY))
			f.X += f.VX / 30
			f.Y += f.VY / 30
			if rng.IntN(3) > 0 { // the mouse moves two thirds of the time, and flicks now and then
				f.Aim += float32(rng.NormFloat64() * 0.12)
				if rng.IntN(40) == 0 {
					f.Aim = float32(rng.Float64() * 6)
				}
			}
			if f.Cool > 0 {
				f.Cool--
			} else if rng.IntN(40) == 0 {
				f.Cool, f.Ammo = 5, f.Ammo-1
				shots = append(shots, arenaShot{proto.Seat(id), f.X, f.Y})
				if rng.IntN(2) == 0 {
					a.Fighters.Get(RowID(rng.IntN(16))).HP -= 20
					f.Score++
				}
			}
		}
		for id, r := range a.Rockets.All() {
			r.X += speed[id][0]
			r.Y += speed[id][1]
			if f := a.Fighters.Get(id); r.X <= 0 || r.X >= 200 || r.Y <= 0 || r.Y >= 200 {
				r.X, r.Y = f.X, f.Y
			}
		}
		a.shots = append(a.shots, shots)
		a.flips = append(a.flips, RowID(rng.IntN(16)))
		a.fighters = append(a.fighters, [16]arenaFighter{})
		a.rockets = append(a.rockets, [16]arenaRocket{})
		for i := range RowID(16) {
			a.fighters[tick][i], a.rockets[tick][i] = *a.Fighters.Get(i), *a.Rockets.Get(i)
		}
		s.Commit(proto.Tick(tick + 1))
	}
	return a
}

// play does again what the game did in tick n.
func (a *arenaTrace) play(n int) {
	n %= len(a.fighters)
	a.s.Begin()
	for i := range RowID(16) {
		*a.Fighters.Get(i) = a.fighters[n][i]
		*a.Rockets.Get(i) = a.rockets[n][i]
	}
	for _, e := range a.shots[n] {
		a.Shots.Emit(e)
	}
	if n%30 == 0 {
		p := a.Pickups.Get(a.flips[n])
		p.Up = !p.Up
	}
}

func BenchmarkCommitDelta(b *testing.B) {
	a := newArenaTrace(b, 600)
	var buf []byte
	total, tick := 0, 0
	for b.Loop() {
		tick++
		a.play(tick)
		a.s.Commit(proto.Tick(tick))
		buf = a.s.AppendDelta(buf[:0])
		total += len(buf)
	}
	b.ReportMetric(float64(total)/float64(tick), "B/tick")
}

// BenchmarkPlay is the part of the others that is the trace and not the store.
func BenchmarkPlay(b *testing.B) {
	a := newArenaTrace(b, 600)
	tick := 0
	for b.Loop() {
		tick++
		a.play(tick)
	}
}

func BenchmarkOwnDeltas(b *testing.B) {
	a := newArenaTrace(b, 600)
	var buf []byte
	total, tick := 0, 0
	for b.Loop() {
		tick++
		a.play(tick)
		a.s.Commit(proto.Tick(tick))
		for seat := range proto.Seat(16) {
			buf = a.s.AppendOwnDelta(buf[:0], seat)
			total += len(buf)
		}
	}
	b.ReportMetric(float64(total)/float64(tick)/16, "B/tick/seat")
}

func BenchmarkApplyDelta(b *testing.B) {
	a := newArenaTrace(b, 600)
	a.play(0)
	a.s.Commit(0)
	key := a.s.AppendKeyframe(nil)
	var deltas [][]byte
	for tick := 1; tick < 600; tick++ {
		a.play(tick)
		a.s.Commit(proto.Tick(tick))
		deltas = append(deltas, a.s.AppendDelta(nil))
	}
	r := NewReplica(a.s.Schema())
	n := len(deltas)
	for b.Loop() {
		if n == len(deltas) {
			n = 0
			if err := r.ApplyKeyframe(0, key); err != nil {
				b.Fatal(err)
			}
		}
		n++
		if err := r.ApplyDelta(proto.Tick(n), deltas[n-1]); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkKeyframe(b *testing.B) {
	a := newArenaTrace(b, 1)
	var buf []byte
	for b.Loop() {
		buf = a.s.AppendKeyframe(buf[:0])
	}
	b.ReportMetric(float64(len(buf)), "B")
}
