package arena

// Movement. Clients run the same step to show their own fighter at once, so this file is written to be ported: whole
// numbers only, no state but the arguments. Every division drops the fraction, towards zero: Go's / and JavaScript's
// Math.trunc(a/b). All numbers stay below 2^31.

// Unit is how many quanta a unit has: a position's step is 1/Unit.
const Unit = 16

// Half is half the side of the square that a fighter is for walls, in quanta.
const Half = 14 * Unit

// Body is what moves, in quanta and quanta per tick.
type Body struct{ X, Y, VX, VY int32 }

// Pace is how fast fighters are at a tick rate.
type Pace struct {
	Max   int32 // greatest speed, quanta per tick
	Start int32 // change of speed in a tick towards where the player wants to go
	Stop  int32 // change of speed in a tick on an axis on which the player wants nothing
}

// Speeds in units per second, and per second squared.
const (
	maxSpeed  = 280
	startRate = 1800
	stopRate  = 2400
)

// NewPace gives the pace at a tick rate.
func NewPace(tickRate int) Pace {
	r := int32(tickRate)
	return Pace{Max: maxSpeed * Unit / r, Start: startRate * Unit / (r * r), Stop: stopRate * Unit / (r * r)}
}

// Box is a wall grown by Half on each side, in quanta: the centre of a fighter is never inside. It may be on an edge.
type Box struct{ X0, Y0, X1, Y1 int32 }

// Grow makes the Box of a wall.
func Grow(w Wall) Box {
	x, y := int32(w.X)*Unit, int32(w.Y)*Unit
	return Box{x - Half, y - Half, x + int32(w.W)*Unit + Half, y + int32(w.H)*Unit + Half}
}

// Move makes one step: b's velocity goes towards what the player wants, its length at most p.Max, and b goes by it
// first along x and then along y, each as far as the first wall in the way, which takes that part of the velocity.
func Move(b Body, moveX, moveY int8, p Pace, walls []Box) Body {
	wantX, wantY := want(moveX, moveY, p.Max)
	b.VX = approach(b.VX, wantX, p)
	b.VY = approach(b.VY, wantY, p)
	if n := b.VX*b.VX + b.VY*b.VY; n > p.Max*p.Max {
		l := root(n) + 1
		b.VX, b.VY = b.VX*p.Max/l, b.VY*p.Max/l
	}
	x := slide(b.X, b.VX, b.Y, walls, Box.alongX)
	if x != b.X+b.VX {
		b.VX = 0
	}
	b.X = x
	y := slide(b.Y, b.VY, b.X, walls, Box.alongY)
	if y != b.Y+b.VY {
		b.VY = 0
	}
	b.Y = y
	return b
}

// want is the velocity that a player wants: a vector of length 127 is full speed, and a longer one too.
func want(moveX, moveY int8, most int32) (x, y int32) {
	x, y = int32(moveX), int32(moveY)
	l := max(127, root(x*x+y*y))
	return x * most / l, y * most / l
}

func approach(v, want int32, p Pace) int32 {
	rate := p.Start
	if want == 0 {
		rate = p.Stop
	}
	return min(max(want, v-rate), v+rate)
}

// span is a box as movement along one axis sees it: the faces in the way, and where across it lies.
type span struct{ near, far, low, high int32 }

func (w Box) alongX() span { return span{w.X0, w.X1, w.Y0, w.Y1} }
func (w Box) alongY() span { return span{w.Y0, w.Y1, w.X0, w.X1} }

// slide moves a point from at by d along an axis and stops at the first face in the way. across is where it is on the
// other axis.
func slide(at, d, across int32, walls []Box, axis func(Box) span) int32 {
	to := at + d
	for _, w := range walls {
		s := axis(w)
		switch {
		case across <= s.low || across >= s.high:
		case d > 0 && at <= s.near && to > s.near:
			to = s.near
		case d < 0 && at >= s.far && to < s.far:
			to = s.far
		}
	}
	return to
}

// root is the whole part of the square root of n, which is 0 to 2^30.
func root(n int32) int32 {
	if n < 2 {
		return n
	}
	x := n
	for y := (x + 1) / 2; y < x; y = (x + n/x) / 2 {
		x = y
	}
	return x
}
