package arena

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"os"
	"testing"

	"pgregory.net/rapid"
)

// vector is a row of steps that a port of Move must make alike.
type vector struct {
	TickRate int        `json:"tick_rate"`
	Map      string     `json:"map"`
	From     [4]int32   `json:"from"`  // x, y, vx, vy in quanta
	Moves    [][2]int8  `json:"moves"` // of each step
	Steps    [][4]int32 `json:"steps"` // x, y, vx, vy after it
}

// vectors walks through both maps at four tick rates, each move held for a few steps.
func vectors() (all []vector) {
	rng := rand.New(rand.NewPCG(1, 2))
	for _, name := range []string{"crossfire", "yard"} {
		l := newLevel(levels[name])
		for _, rate := range []int{10, 20, 30, 60} {
			for _, s := range l.spawns[:4] {
				b := Body{X: s.x, Y: s.y}
				v := vector{TickRate: rate, Map: name, From: quad(b)}
				var move [2]int8
				for step := range 60 {
					if step%10 == 0 {
						move = [2]int8{randomMove(rng), randomMove(rng)}
					}
					b = Move(b, move[0], move[1], NewPace(rate), l.boxes)
					v.Moves, v.Steps = append(v.Moves, move), append(v.Steps, quad(b))
				}
				all = append(all, v)
			}
		}
	}
	return all
}

func randomMove(rng *rand.Rand) int8 {
	return [...]int8{0, 127, -127, 127, -127, int8(rng.IntN(255) - 127)}[rng.IntN(6)]
}

func quad(b Body) [4]int32 { return [4]int32{b.X, b.Y, b.VX, b.VY} }

// TestMoveVectors: testdata/move.json is what Move does now. go test -run Vectors -update writes it.
func TestMoveVectors(t *testing.T) {
	var want bytes.Buffer
	want.WriteString("[\n")
	for i, v := range vectors() {
		line, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		if i > 0 {
			want.WriteString(",\n")
		}
		want.Write(line)
	}
	want.WriteString("\n]\n")
	if *update {
		if err := os.WriteFile("testdata/move.json", want.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile("testdata/move.json")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want.Bytes()) {
		t.Error("testdata/move.json is not what Move does; if the change is meant, run go test -run Vectors -update: clients must follow")
	}
}

func TestMoveReachesFullSpeedAndStops(t *testing.T) {
	p := NewPace(30)
	if p != (Pace{Max: 149, Start: 32, Stop: 42}) {
		t.Fatalf("pace %+v", p)
	}
	var speeds []int32
	b := Body{X: 8000, Y: 8000}
	for step := range 12 {
		move := int8(127)
		if step >= 6 {
			move = 0
		}
		b = Move(b, move, 0, p, nil)
		speeds = append(speeds, b.VX)
	}
	if want := [12]int32{32, 64, 96, 128, 149, 149, 107, 65, 23, 0, 0, 0}; [12]int32(speeds) != want {
		t.Errorf("speeds %v, want %v", speeds, want)
	}
}

func TestMoveSlidesAlongWalls(t *testing.T) {
	p, walls := NewPace(30), []Box{Grow(Wall{X: 500, Y: 100, W: 50, H: 600})}
	b := Body{X: 480 * Unit, Y: 300 * Unit}
	for range 30 {
		b = Move(b, 127, 127, p, walls)
	}
	if want := int32((500 - 14) * Unit); b.X != want || b.VX != 0 || b.VY != 105 || b.Y < 480*Unit {
		t.Errorf("%+v, want x %d and to slide down", b, want)
	}
}

// TestMoveProperties: whatever is wanted, no step is longer than the pace allows, none ends in a wall, and none passes
// one.
func TestMoveProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.SampledFrom([]string{"crossfire", "yard"}).Draw(t, "map")
		l := newLevel(levels[name])
		p := NewPace(rapid.IntRange(10, 60).Draw(t, "rate"))
		s := rapid.SampledFrom(l.spawns).Draw(t, "spawn")
		b := Body{X: s.x, Y: s.y}
		for range 200 {
			was := b
			b = Move(b, rapid.Int8().Draw(t, "x"), rapid.Int8().Draw(t, "y"), p, l.boxes)
			dx, dy := b.X-was.X, b.Y-was.Y
			if dx*dx+dy*dy > p.Max*p.Max {
				t.Fatalf("from %+v to %+v: longer than %d", was, b, p.Max)
			}
			if w := inside(b, l.boxes); w >= 0 {
				t.Fatalf("from %+v to %+v: in wall %d", was, b, w)
			}
			if w := crosses(was, b, l.boxes); w >= 0 {
				t.Fatalf("from %+v to %+v: through wall %d", was, b, w)
			}
		}
	})
}

// inside is the first wall that b is in, or -1.
func inside(b Body, walls []Box) int {
	for i, w := range walls {
		if b.X > w.X0 && b.X < w.X1 && b.Y > w.Y0 && b.Y < w.Y1 {
			return i
		}
	}
	return -1
}

// crosses is the first wall that one of the step's two legs goes through, or -1.
func crosses(a, b Body, walls []Box) int {
	for i, w := range walls {
		if a.Y > w.Y0 && a.Y < w.Y1 && (a.X <= w.X0) != (b.X <= w.X0) && (a.X >= w.X1) != (b.X >= w.X1) {
			return i
		}
		if b.X > w.X0 && b.X < w.X1 && (a.Y <= w.Y0) != (b.Y <= w.Y0) && (a.Y >= w.Y1) != (b.Y >= w.Y1) {
			return i
		}
	}
	return -1
}

func TestRoot(t *testing.T) {
	for n := int32(0); n < 70000; n++ {
		if r := root(n); r*r > n || (r+1)*(r+1) <= n {
			t.Fatalf("root(%d) = %d", n, r)
		}
	}
	if r := root(1<<30 - 1); r != 32767 {
		t.Errorf("root of the greatest is %d", r)
	}
}
