package arena

import "math"

// Shots run along one of 1024 directions. Like movement they are computed in whole numbers, since a float's sine may
// differ between processors.

// directions is how many there are; a sample's aim has as many values.
const directions = 1024

// one is the length of a direction vector.
const one = 1 << 14

// sines holds round(one * sin(2π·n/directions)) for the first quarter turn. It is computed once from a series in whole
// numbers.
var sines = newSines()

// newSines turns a vector by one direction at a time, in 62 bits: rotation by the angle whose sine and cosine are given
// to 2^-30 drifts by less than 2^-20 in a quarter turn, and rounding to 2^-14 hides that.
func newSines() (table [directions/4 + 1]int32) {
	const (
		scale = 1 << 30
		sin1  = 6588356    // round(scale * sin(2π/1024))
		cos1  = 1073721611 // round(scale * cos(2π/1024))
	)
	x, y := int64(scale), int64(0)
	for n := range table {
		table[n] = int32((y + scale/one/2) / (scale / one))
		x, y = (x*cos1-y*sin1)/scale, (x*sin1+y*cos1)/scale
	}
	return table
}

// direction is the vector of length one in direction n.
func direction(n int32) (x, y int64) { return sine(n + directions/4), sine(n) }

func sine(n int32) int64 {
	const quarter = directions / 4
	n &= directions - 1
	switch n / quarter {
	case 0:
		return int64(sines[n])
	case 1:
		return int64(sines[2*quarter-n])
	case 2:
		return -int64(sines[n-2*quarter])
	}
	return -int64(sines[4*quarter-n])
}

// directionOf is the direction nearest to an angle in radians, as a sample holds it.
func directionOf(angle float32) int32 {
	turns := float64(float64(angle) * (directions / (2 * math.Pi)))
	return int32(turns+0.5) & (directions - 1)
}

// ray is a line from a place in a direction.
type ray struct {
	x, y   int64
	dx, dy int64
}

func newRay(from point, n int32) ray {
	dx, dy := direction(n)
	return ray{int64(from.x), int64(from.y), dx, dy}
}

// at is the place at a distance.
func (r *ray) at(distance int64) point {
	return point{int32(r.x + distance*r.dx/one), int32(r.y + distance*r.dy/one)}
}

// wall is the distance to the first of boxes, at most limit.
func (r *ray) wall(boxes []Box, limit int64) int64 {
	for _, b := range boxes {
		enterX, leaveX := r.cross(r.x, r.dx, b.X0, b.X1)
		enterY, leaveY := r.cross(r.y, r.dy, b.Y0, b.Y1)
		if enter := max(enterX, enterY); enter >= 0 && enter <= min(leaveX, leaveY) && enter < limit {
			limit = enter
		}
	}
	return limit
}

// cross gives the distances at which the ray enters and leaves what lies between two faces across one axis.
func (r *ray) cross(at, d int64, low, high int32) (enter, leave int64) {
	const far = math.MaxInt64
	switch {
	case d > 0:
		return (int64(low) - at) * one / d, (int64(high) - at) * one / d
	case d < 0:
		return (int64(high) - at) * one / d, (int64(low) - at) * one / d
	case at < int64(low) || at > int64(high):
		return far, -far
	}
	return -far, far
}

// circle is the distance at which the ray enters a circle before limit; false when it does not.
func (r *ray) circle(centre point, radius, limit int64) (int64, bool) {
	x, y := int64(centre.x)-r.x, int64(centre.y)-r.y
	along, aside := (x*r.dx+y*r.dy)/one, (x*r.dy-y*r.dx)/one
	if along <= 0 || aside > radius || aside < -radius {
		return 0, false
	}
	enter := max(0, along-int64(root(int32(radius*radius-aside*aside))))
	return enter, enter < limit
}
