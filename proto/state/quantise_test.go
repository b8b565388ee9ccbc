package state

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

func mustColumn(t rapid.TB, f Field) *spec {
	t.Helper()
	c, err := newSpec(&f)
	must(t, err)
	return &c
}

// TestQuantiseExactly: each step's value gives that step again, so that a value that travelled stays as it is; and no
// value is further than half a step from what it becomes.
func TestQuantiseExactly(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		lo := rapid.Float64Range(-5000, 5000).Draw(t, "min")
		step := rapid.Float64Range(5000.0/(1<<21), 10).Draw(t, "step")
		n := rapid.Int64Range(1, 1<<15).Draw(t, "steps")
		f := Field{Type: TypeFixed, Min: lo, Max: lo + float64(n)*step, Step: step}
		if f.checkSteps() != nil {
			t.Skip()
		}
		c := mustColumn(t, f)
		q := rapid.Int64Range(0, int64(c.span)).Draw(t, "q")
		v := c.float(q)
		if got := c.quantise(float64(v)); got != q {
			t.Fatalf("step %d is %v, which is step %d", q, v, got)
		}
		x := rapid.Float64Range(f.Min, f.Max).Draw(t, "x")
		if d := math.Abs(float64(c.float(c.quantise(x))) - x); d > step*0.51+step/4 {
			t.Fatalf("%v became %v", x, c.float(c.quantise(x)))
		}
	})
}

func TestQuantiseAngles(t *testing.T) {
	for bits := uint8(1); bits <= 16; bits++ {
		c := mustColumn(t, Field{Type: TypeAngle, Bits: bits})
		n := int64(1) << bits
		for q := range n {
			for _, turns := range []float64{0, 1, -1, 3} {
				if got := c.quantise(float64(c.float(q)) + turns*2*math.Pi); got != q {
					t.Fatalf("bits=%d: %d and %v turns became %d", bits, q, turns, got)
				}
			}
		}
		if c.float(n-1) >= 2*math.Pi || c.float(0) != 0 {
			t.Errorf("bits=%d: values go from %v to %v", bits, c.float(0), c.float(n-1))
		}
	}
}

// TestAngleChanges: every change of an angle arrives, those of half a turn and those beside the escape too.
func TestAngleChanges(t *testing.T) {
	for _, bits := range []uint8{1, 7, 8, 9, 10} {
		c := mustColumn(t, Field{Type: TypeAngle, Bits: bits})
		n := int64(1) << bits
		for was := int64(0); was < n; was += 1 + n/64 {
			for now := range n {
				b := c.appendChange(nil, now-was, now)
				in := reader{b: b}
				if got := in.change(c, was); got != now || in.end() != nil {
					t.Fatalf("bits=%d: %d to %d is % x, which is read as %d, %v", bits, was, now, b, got, in.end())
				}
			}
		}
	}
}

func TestQuantiseValues(t *testing.T) {
	fixed := Field{Type: TypeFixed, Min: -10, Max: 10, Step: 0.25}
	tenth := Field{Type: TypeFixed, Min: 0, Max: 1, Step: 0.1}
	angle := Field{Type: TypeAngle, Bits: 10}
	nan, inf := math.NaN(), math.Inf(1)
	for _, c := range []struct {
		f    Field
		in   float64
		q    int64
		want float32
	}{
		{fixed, -10, 0, -10},
		{fixed, 0, 40, 0},
		{fixed, 0.124, 40, 0},
		{fixed, 0.125, 41, 0.25},
		{fixed, -0.125, 40, 0},
		{fixed, 10, 80, 10},
		{fixed, 1e30, 80, 10},
		{fixed, inf, 80, 10},
		{fixed, -inf, 0, -10},
		{fixed, nan, 0, -10},
		{tenth, 0.3, 3, 0.3},
		{tenth, 0.34999, 3, 0.3},
		{tenth, 1, 10, 1},
		{angle, 0, 0, 0},
		{angle, math.Pi, 512, math.Pi},
		{angle, -math.Pi / 2, 768, 3 * math.Pi / 2},
		{angle, 6.2825, 0, 0},
		{angle, nan, 0, 0},
		{angle, inf, 0, 0},
		{angle, 1e300, 0, 0},
		{Field{Type: TypeFloat32}, nan, 0, 0},
		{Field{Type: TypeFloat32}, 1.5, int64(math.Float32bits(1.5)), 1.5},
	} {
		col := mustColumn(t, c.f)
		if q := col.quantise(c.in); q != c.q || col.float(q) != c.want {
			t.Errorf("%v %v: %d, %v; want %d, %v", c.f, c.in, q, col.float(q), c.q, c.want)
		}
	}
}

func TestIntegersClamp(t *testing.T) {
	for _, c := range []struct {
		f        Field
		in, want int64
	}{
		{Field{Type: TypeUint8, Max: 100}, 101, 100},
		{Field{Type: TypeUint8, Min: 5, Max: 9}, 0, 5},
		{Field{Type: TypeInt16, Min: -3, Max: 3}, -300, -3},
		{Field{Type: TypeInt64, Min: -1 << 53, Max: 1 << 53}, math.MaxInt64, 1 << 53},
		{Field{Type: TypeUint64, Max: 7}, -1, 7}, // 2^64-1
		{Field{Type: TypeUint64, Min: 3, Max: 7}, 2, 3},
		{Field{Type: TypeUint64}, -1, -1},
		{Field{Type: TypeInt64}, math.MinInt64, math.MinInt64},
	} {
		if got := mustColumn(t, c.f).clamp(c.in); got != c.want {
			t.Errorf("%v %v..%v: %d became %d, want %d", c.f.Type, c.f.Min, c.f.Max, c.in, got, c.want)
		}
	}
}

func TestColumnRefuses(t *testing.T) {
	for _, f := range []Field{
		{},
		{Type: TypeString + 1},
		{Type: TypeString},
		{Type: TypeAngle},
		{Type: TypeAngle, Bits: 17},
		{Type: TypeFixed},
		{Type: TypeFixed, Min: 1, Max: 1, Step: 1},
		{Type: TypeFixed, Min: 1, Max: 0, Step: 1},
		{Type: TypeFixed, Max: 1, Step: 0},
		{Type: TypeFixed, Max: 1, Step: -1},
		{Type: TypeFixed, Max: 1, Step: 2},
		{Type: TypeFixed, Max: 1, Step: math.NaN()},
		{Type: TypeFixed, Max: math.Inf(1), Step: 1},
		{Type: TypeFixed, Min: math.NaN(), Max: 1, Step: 1},
		{Type: TypeFixed, Min: 1 << 22, Max: 1<<22 + 4, Step: 1},
		{Type: TypeUint8, Min: -1, Max: 3},
		{Type: TypeUint8, Min: 0, Max: 256},
		{Type: TypeInt8, Min: 3, Max: 2},
		{Type: TypeInt32, Min: 0, Max: 1.5},
		{Type: TypeInt64, Min: 0, Max: 1 << 54},
		{Type: TypeInt64, Min: math.NaN(), Max: 3},
		{Type: TypeBool, Linear: true},
		{Type: TypeAngle, Bits: 9, Linear: true},
		{Type: TypeInt64, Linear: true},
		{Type: TypeString, Size: 3, Rewind: true},
	} {
		if _, err := newSpec(&f); err == nil {
			t.Errorf("%+v is taken", f)
		}
	}
}

func TestLayoutCountsBits(t *testing.T) {
	for _, c := range []struct {
		public, owner, hidden int
		ok                    bool
	}{{63, 0, 0, true}, {64, 0, 0, false}, {63, 60, 3, true}, {0, 61, 3, false}, {0, 64, 0, false}, {0, 0, 64, false}} {
		var row RowSchema
		for part, n := range []int{c.public, c.owner, c.hidden} {
			for range n {
				row.Fields = append(row.Fields, Field{Type: TypeUint8, Part: Part(part)})
			}
		}
		if _, err := newLayout(&row); (err == nil) != c.ok {
			t.Errorf("%+v: %v", c, err)
		}
	}
}

func TestStringsAreCut(t *testing.T) {
	for _, c := range []struct {
		in   string
		size int
		want string
	}{
		{"abc", 3, "abc"},
		{"abcd", 3, "abc"},
		{"日本", 5, "日"},
		{"日本", 6, "日本"},
		{"日", 2, ""},
		{"a\xffb", 9, "ab"},
		{"a\xff日", 3, "a"},
	} {
		if got := cleanString(c.in, c.size); got != c.want {
			t.Errorf("%q at %d: %q, want %q", c.in, c.size, got, c.want)
		}
	}
}

func TestSnake(t *testing.T) {
	for in, want := range map[string]string{
		"X": "x", "HP": "hp", "MoveX": "move_x", "PlayerID": "player_id", "HPMax": "hp_max", "A1": "a1",
		"SinceTick": "since_tick", "X2Y": "x2_y", "URL": "url", "In_Use": "in_use", "aB": "a_b",
	} {
		if got := snake(in); got != want {
			t.Errorf("%s: %s, want %s", in, got, want)
		}
	}
}
