package arena

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

func TestDirections(t *testing.T) {
	for n := range int32(directions) {
		x, y := direction(n)
		angle := 2 * math.Pi * float64(n) / directions
		if math.Abs(float64(x)-one*math.Cos(angle)) > 0.51 || math.Abs(float64(y)-one*math.Sin(angle)) > 0.51 {
			t.Errorf("direction %d is %d, %d", n, x, y)
		}
		if got := directionOf(float32(angle)); got != n {
			t.Errorf("angle %v is direction %d, want %d", angle, got, n)
		}
	}
}

func TestRayMeetsWalls(t *testing.T) {
	box := []Box{{1000, 1000, 2000, 3000}}
	for name, c := range map[string]struct {
		from point
		aim  int32
		want int64
	}{
		"from the left":  {point{400, 2000}, 0, 600},
		"from the right": {point{2500, 2000}, 512, 500},
		"from above":     {point{1500, 300}, 256, 700},
		"from below":     {point{1500, 3600}, 768, 600},
		"diagonal":       {point{500, 1500}, 128, 707},
		"away":           {point{400, 2000}, 512, 9999},
		"beside":         {point{400, 3100}, 0, 9999},
		"short":          {point{400, 999}, 0, 9999},
	} {
		r := newRay(c.from, c.aim)
		if got := r.wall(box, 9999); got != c.want {
			t.Errorf("%s: %d, want %d", name, got, c.want)
		}
	}
}

// TestRayStopsBeforeWalls: no place on the way to a wall is in one.
func TestRayStopsBeforeWalls(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := newLevel(levels[rapid.SampledFrom([]string{"crossfire", "yard"}).Draw(t, "map")])
		from := rapid.SampledFrom(l.spawns).Draw(t, "from")
		r := newRay(from, rapid.Int32Range(0, directions-1).Draw(t, "aim"))
		end := r.wall(l.solid, shotRange)
		if end == shotRange {
			t.Fatal("it leaves the map")
		}
		for d := int64(0); d < end; d += 5 {
			at := r.at(d)
			// A place is rounded by less than a quantum and the distance by as much.
			for _, w := range l.solid {
				if at.x > w.X0+2 && at.x < w.X1-2 && at.y > w.Y0+2 && at.y < w.Y1-2 {
					t.Fatalf("at %d of %d it is in %+v", d, end, w)
				}
			}
		}
	})
}

func TestRayMeetsCircles(t *testing.T) {
	r := newRay(point{0, 0}, 0)
	for name, c := range map[string]struct {
		centre point
		limit  int64
		want   int64
		hit    bool
	}{
		"straight":    {point{1000, 0}, 5000, 900, true},
		"aside":       {point{1000, 60}, 5000, 920, true},
		"at the edge": {point{1000, -100}, 5000, 1000, true},
		"past":        {point{1000, 101}, 5000, 0, false},
		"behind":      {point{-1000, 0}, 5000, 0, false},
		"too far":     {point{1000, 0}, 900, 0, false},
		"around":      {point{50, 0}, 5000, 0, true},
	} {
		if got, hit := r.circle(c.centre, 100, c.limit); hit != c.hit || hit && got != c.want {
			t.Errorf("%s: %d, %v; want %d, %v", name, got, hit, c.want, c.hit)
		}
	}
}

// TestMaps: walls are in the world and all around it, and a fighter can stand on every spawn.
func TestMaps(t *testing.T) {
	for name, p := range levels {
		l := newLevel(p)
		for i, w := range p.walls {
			if w.X+w.W > 1024 || w.Y+w.H > 1024 || w.W == 0 || w.H == 0 {
				t.Errorf("%s: wall %d is not in the world: %+v", name, i, w)
			}
		}
		if len(p.walls) > 32 || len(p.spawns) < 8 {
			t.Errorf("%s: %d walls, %d spawns", name, len(p.walls), len(p.spawns))
		}
		for i, s := range l.spawns {
			if w := inside(Body{X: s.x, Y: s.y}, l.boxes); w >= 0 {
				t.Errorf("%s: spawn %d is in wall %d", name, i, w)
			}
			for aim := range int32(directions) {
				r := newRay(s, aim)
				if r.wall(l.solid, shotRange) == shotRange {
					t.Errorf("%s: from spawn %d direction %d leads out", name, i, aim)
				}
			}
		}
	}
}
