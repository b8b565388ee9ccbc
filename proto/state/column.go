package state

import (
	"errors"
	"fmt"
	"math"
	"math/bits"

	"github.com/ringside-go/ringside/proto"
)

// spec is a field, or an element of an array, prepared for coding. It never changes, and all stores of a game have it in common. Values are held as
// int64: an integer as itself (uint64 by its bits), a quantised float as its number of steps, a raw float as its bits, a
// bool as 0 or 1. Strings are held apart.
type spec struct {
	off   uintptr // where the bound struct holds it
	mem   mem     // and how; memNone in a replica
	form  form
	lo    int64  // least value
	span  uint64 // greatest value minus least
	scale        // of a quantised float
	width int    // bytes of value-lo in a full record
	past  int    // where the value is among the bytes that are kept of a row for rewind, -1 when it is not kept
	elem  int    // of an array, which has a column for each element
	Field
}

// column is a field's values in one table, by row; a number has vals, a string has strs. A commit walks down each column,
// so that it does the same thing many times over. Behind vals, in the same memory, are the displacements of a predicted column
// (disps) and, at a leader, what the last commit changed (diffs): a game has a hundred columns, most of them of few rows.
type column struct {
	*spec
	vals []int64
	strs []string
}

// form says how a change of a field that is not predicted is written.
type form uint8

const (
	formToggle form = iota // bool: the bit in the mask is all
	formByte               // the value, at most 8 bits
	formAngle              // int8 difference, 0x80 before the value when it does not fit
	formVarint             // zigzag difference
	formRaw                // the 4 bytes of a float32
	formString             // length and bytes
)

var errStep = errors.New("float32 cannot hold steps that fine over that range")

// newSpec checks f and prepares it, without a place in memory and without indexes.
func newSpec(f *Field) (spec, error) {
	c := spec{Field: *f, past: -1, form: formVarint}
	switch f.Type {
	case TypeBool:
		c.form, c.span = formToggle, 1
	case TypeFixed:
		if err := f.checkSteps(); err != nil {
			return c, err
		}
		c.span = f.steps()
		c.scale = newScale(f.Min, f.Step, c.span)
	case TypeAngle:
		if f.Bits < 1 || f.Bits > 16 {
			return c, fmt.Errorf("bits=%d: write 1 to 16: %w", f.Bits, proto.ErrRange)
		}
		c.span = 1<<f.Bits - 1
		c.scale = newScale(0, 2*math.Pi/float64(c.span+1), c.span)
		c.form = formAngle
	case TypeFloat32:
		c.form, c.span = formRaw, math.MaxUint32
	case TypeString:
		if f.Size < 1 {
			return c, fmt.Errorf("max=0: write 1 to 255: %w", proto.ErrRange)
		}
		c.form = formString
	default:
		if !f.Type.integer() {
			return c, fmt.Errorf("%v is not known: %w", f.Type, proto.ErrRange)
		}
		if err := c.setRange(); err != nil {
			return c, err
		}
	}
	c.width = (bits.Len64(c.span) + 7) / 8
	if c.width == 1 && c.form != formToggle {
		c.form = formByte
	}
	if f.Linear && (f.Type != TypeFixed && !f.Type.integer() || c.width > 4) {
		return c, fmt.Errorf("%v cannot be predicted; remove predict=linear, or give an integer a range below 2^32: %w", f.Type, proto.ErrRange)
	}
	if f.Count > MaxArray {
		return c, fmt.Errorf("%d elements: write an array of 1 to %d, or a table with a row for each: %w", f.Count, MaxArray, proto.ErrRange)
	}
	if f.Count > 0 && f.Type == TypeString {
		return c, fmt.Errorf("an array cannot hold strings; write a field for each, or a table: %w", proto.ErrRange)
	}
	if f.Count > 0 && f.Linear {
		return c, fmt.Errorf("an array cannot be predicted; remove predict=linear: %w", proto.ErrRange)
	}
	if f.Rewind && f.Type == TypeString {
		return c, fmt.Errorf("a string cannot be kept for rewind: %w", proto.ErrRange)
	}
	return c, nil
}

// setRange sets an integer's least value and span.
func (c *spec) setRange() error {
	unsigned := c.Type >= TypeUint8
	size := 8 << (c.Type - TypeInt8)
	if unsigned {
		size = 8 << (c.Type - TypeUint8)
	}
	c.span = math.MaxUint64 >> (64 - size)
	if !unsigned {
		c.lo = -1 << (size - 1)
	}
	if c.Min == c.Max {
		return nil
	}
	// Beyond 2^53 a float64 does not hold every integer.
	const exact = 1 << 53
	least, most := float64(c.lo), float64(c.lo)+float64(c.span)
	if !(c.Min < c.Max && c.Min >= max(least, -exact) && c.Max <= min(most, exact)) ||
		c.Min != math.Trunc(c.Min) || c.Max != math.Trunc(c.Max) {
		return fmt.Errorf("range=%v..%v: write whole numbers, least first, that %v holds: %w", c.Min, c.Max, c.Type, proto.ErrRange)
	}
	c.lo, c.span = int64(c.Min), uint64(int64(c.Max)-int64(c.Min))
	return nil
}

// has reports whether v is a value of the column.
func (c *spec) has(v int64) bool { return uint64(v)-uint64(c.lo) <= c.span }

// clamp brings v into the range of an integer or the steps of a predicted column.
func (c *spec) clamp(v int64) int64 {
	switch {
	case c.has(v):
		return v
	case c.Type == TypeUint64 && uint64(v) < uint64(c.lo), c.Type != TypeUint64 && v < c.lo:
		return c.lo
	}
	return c.lo + int64(c.span)
}
