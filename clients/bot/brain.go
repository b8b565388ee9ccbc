package main

import (
	"math"
	"math/rand/v2"
)

// vec is a place or a direction in the arena's units, x to the right and y down.
type vec struct{ x, y float64 }

func (a vec) minus(b vec) vec           { return vec{a.x - b.x, a.y - b.y} }
func (a vec) plus(b vec, k float64) vec { return vec{a.x + k*b.x, a.y + k*b.y} }
func (a vec) length() float64           { return math.Hypot(a.x, a.y) }
func (a vec) angle() float64            { return math.Atan2(a.y, a.x) }
func turned(angle float64) vec          { return vec{math.Cos(angle), math.Sin(angle)} }

// box is a wall, by its corner with the least coordinates.
type box struct{ x, y, w, h float64 }

// blocks reports whether the box lies across the line from a to b (the slab method of Kay and Kajiya).
func (w box) blocks(a, b vec) bool {
	in, out := 0.0, 1.0
	for _, s := range [2][4]float64{{a.x, b.x - a.x, w.x, w.x + w.w}, {a.y, b.y - a.y, w.y, w.y + w.h}} {
		from, by, least, most := s[0], s[1], s[2], s[3]
		if by == 0 {
			if from < least || from > most {
				return false
			}
			continue
		}
		t1, t2 := (least-from)/by, (most-from)/by
		in, out = max(in, min(t1, t2)), min(out, max(t1, t2))
	}
	return in <= out
}

// view is what a fighter sees: everything, as a browser's player would.
type view struct {
	me      vec
	enemies []vec // those alive
	walls   []box
}

// decision is what a fighter wants to do in one tick.
type decision struct {
	move vec     // direction; {0, 0} stands still
	aim  float64 // radians
	fire bool
}

// How a bot fights, in the arena's units and in decisions, of which there is one a tick.
const (
	wantedDistance = 220.0 // it comes nearer or backs off toward this
	fireWithin     = 0.12  // it fires when it looks so near to an enemy, radians
	stuckAfter     = 10    // decisions with hardly any movement before it goes elsewhere
	detour         = 25    // decisions that it goes elsewhere
)

// skill is how well a bot aims.
type skill struct {
	aimError float64 // standard deviation of each tick, radians
	reaction float64 // share of the way that its aim turns toward the target in a tick
}

var (
	sharp  = skill{aimError: 0.05, reaction: 0.35} // hits a fighter at 200 units about half of the time
	gentle = skill{aimError: 0.06, reaction: 0.1}  // for people: slower to turn, and often beside one who runs
)

// brain plays one fighter: it seeks the nearest enemy, circles it while it sees it, changes direction at random so as to be
// hard to hit, and goes around walls by luck. It has no idea of the network.
type brain struct {
	rnd     *rand.Rand
	skill   skill
	aim     float64
	side    float64 // 1 or -1: the way it circles
	sideFor int
	last    vec
	still   int // decisions without movement
	away    int // decisions left of a detour
	wander  float64
}

func newBrain(rnd *rand.Rand) brain { return brain{rnd: rnd, skill: sharp, side: 1} }

// decide plays one tick.
func (b *brain) decide(v view) decision {
	b.notice(v.me)
	target, seen, ok := nearest(v)
	var d decision
	switch {
	case b.away > 0:
		b.away--
		d.move = turned(b.wander)
	case !ok:
		d.move = turned(b.wander)
	case seen:
		d.move = b.circle(target.minus(v.me))
	default:
		d.move = target.minus(v.me)
	}
	if ok {
		to := target.minus(v.me).angle()
		b.aim += b.skill.reaction*math.Remainder(to-b.aim, 2*math.Pi) + b.skill.aimError*b.rnd.NormFloat64()
		d.fire = seen && math.Abs(math.Remainder(to-b.aim, 2*math.Pi)) < fireWithin
	}
	d.aim = b.aim
	return d
}

// notice finds out that it hangs at a wall, and then goes anywhere else for a while.
func (b *brain) notice(me vec) {
	if me.minus(b.last).length() < 1 {
		b.still++
	} else {
		b.still = 0
	}
	b.last = me
	if b.still >= stuckAfter {
		b.still, b.away = 0, detour
		b.wander = b.rnd.Float64() * 2 * math.Pi
	}
}

// circle goes around the enemy at the distance to, and now and then the other way.
func (b *brain) circle(to vec) vec {
	if b.sideFor--; b.sideFor <= 0 {
		b.side, b.sideFor = -b.side, 5+b.rnd.IntN(40)
	}
	far := to.length()
	if far == 0 {
		return turned(b.wander)
	}
	toward := vec{to.x / far, to.y / far}
	across := vec{-toward.y * b.side, toward.x * b.side}
	return across.plus(toward, max(-1, min(1, (far-wantedDistance)/wantedDistance)))
}

// nearest gives the nearest enemy in sight, or the nearest one behind walls; ok is false when there is none.
func nearest(v view) (at vec, seen, ok bool) {
	best := math.Inf(1)
	for _, e := range v.enemies {
		far, clear := e.minus(v.me).length(), v.clear(e)
		if clear && !seen || clear == seen && far < best {
			at, seen, best, ok = e, clear, far, true
		}
	}
	return at, seen, ok
}

func (v *view) clear(to vec) bool {
	for _, w := range v.walls {
		if w.blocks(v.me, to) {
			return false
		}
	}
	return true
}
