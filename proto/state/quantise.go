package state

import (
	"fmt"
	"math"
	"strings"
	"unicode/utf8"

	"github.com/ringside-go/ringside/proto"
)

// Quantisation. A value is defined by one formula, computed in float64 and rounded once to float32, so that every
// program in every language gets the same bits. The inner conversions to float64 forbid a fused multiply-add.

// steps is the number of steps of a TypeFixed field. The millionth forgives a quotient that is a hair below a whole.
func (f *Field) steps() uint64 { return uint64(math.Floor((f.Max-f.Min)/f.Step + 1e-6)) }

// checkSteps makes sure that quantising a value that was quantised gives the same step: half a float32 unit in the
// last place must stay below a quarter of a step.
func (f *Field) checkSteps() error {
	most := max(math.Abs(f.Min), math.Abs(f.Max))
	switch {
	case !(f.Step > 0) || !(f.Min < f.Max) || math.IsInf(most, 0) || math.IsInf(f.Step, 0):
		return fmt.Errorf("range=%v..%v,step=%v: write finite numbers, the least first, and a step above 0: %w", f.Min, f.Max, f.Step, proto.ErrRange)
	case f.Max-f.Min < f.Step:
		return fmt.Errorf("step=%v is wider than range=%v..%v: %w", f.Step, f.Min, f.Max, proto.ErrRange)
	case !(most <= f.Step*(1<<22)):
		return fmt.Errorf("range=%v..%v,step=%v: %w: use a step of at least %v, or a smaller range: %w",
			f.Min, f.Max, f.Step, errStep, most/(1<<22), proto.ErrRange)
	}
	return nil
}

// scale turns a float into steps and back.
type scale struct {
	least, step, inv float64 // inv is 1/step
	top              int64   // greatest number of steps
}

func newScale(least, step float64, top uint64) scale { return scale{least, step, 1 / step, int64(top)} }

// fixed gives the steps nearest to v, within the range; NaN becomes the least.
func (s *scale) fixed(v float64) int64 {
	x := float64((v - s.least) * s.inv)
	switch {
	case x >= float64(s.top):
		return s.top
	case x > 0:
		return int64(x + 0.5)
	}
	return 0
}

// angle gives the part of a turn nearest to v, the full turn being 0 again; what is no angle becomes 0.
func (s *scale) angle(v float64) int64 {
	x := math.Floor(float64(v*s.inv) + 0.5)
	if !(math.Abs(x) < 1<<53) {
		return 0
	}
	return int64(x) & s.top
}

func (s *scale) float(n int64) float32 { return float32(s.least + float64(float64(n)*s.step)) }

// quantise gives the held value for the float v.
func (c *spec) quantise(v float64) int64 {
	switch {
	case c.Type == TypeFixed:
		return c.scale.fixed(v)
	case c.Type == TypeAngle:
		return c.scale.angle(v)
	case v != v:
		return 0
	}
	return int64(math.Float32bits(float32(v)))
}

// float gives the float for a held value.
func (c *spec) float(q int64) float32 {
	if c.Type == TypeFloat32 {
		return math.Float32frombits(uint32(q))
	}
	return c.scale.float(q)
}

// zero is the held value of a zero struct's field.
func (c *spec) zero() int64 {
	if c.Type == TypeFixed {
		return c.quantise(0)
	}
	return c.clamp(0)
}

// cleanString is s as it can travel: valid UTF-8 of at most size bytes, cut between two characters.
func cleanString(s string, size int) string {
	if !utf8.ValidString(s) {
		s = strings.ToValidUTF8(s, "")
	}
	if len(s) <= size {
		return s
	}
	for size > 0 && !utf8.RuneStart(s[size]) {
		size--
	}
	return s[:size]
}
