package state

import (
	"fmt"
	"math"

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

// quantise gives the held value for the float v; NaN becomes the least.
func (c *column) quantise(v float64) int64 {
	switch c.Type {
	case TypeFixed:
		return c.quantiseFixed(v)
	case TypeAngle:
		x := math.Floor(float64(v*c.inv) + 0.5)
		if !(math.Abs(x) < 1<<53) {
			return 0
		}
		return int64(x) & int64(c.span)
	}
	if v != v {
		return 0
	}
	return int64(math.Float32bits(float32(v)))
}

func (c *column) quantiseFixed(v float64) int64 {
	x := (v - c.least) * c.inv
	switch {
	case !(x > 0):
		return 0
	case x >= float64(c.span):
		return int64(c.span)
	}
	return int64(float64(x) + 0.5)
}

// float gives the float for a held value.
func (c *column) float(q int64) float32 {
	if c.Type == TypeFloat32 {
		return math.Float32frombits(uint32(q))
	}
	return c.fixed(q) // an angle's least is 0
}

func (c *column) fixed(q int64) float32 {
	return float32(c.least + float64(float64(q)*c.step))
}

// zero is the held value of a zero struct's field.
func (c *column) zero() int64 {
	if c.Type == TypeFixed {
		return c.quantise(0)
	}
	return c.clamp(0)
}
