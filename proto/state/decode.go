package state

import (
	"fmt"
	"math"
	"math/bits"
	"unicode/utf8"

	"github.com/ringside-go/ringside/proto"
)

// fault is the error of a record that cannot be read. i is the column, or -1 when the record as a whole is wrong.
func (t *table) fault(r int, i int32, err error) error {
	if i < 0 {
		return fmt.Errorf("state: table %s: row %d: %w", t.name, r, err)
	}
	return fmt.Errorf("state: table %s: row %d: field %s: %w", t.name, r, t.cols[i].Name, err)
}

// value reads a value in full. Strings are not read by it.
func (r *reader) value(c *spec) int64 {
	off := r.fixed(c.width)
	if off > c.span || c.Type == TypeFloat32 && math.Float32frombits(uint32(off)) != math.Float32frombits(uint32(off)) {
		r.fail(proto.ErrRange)
		return c.lo
	}
	return int64(off + uint64(c.lo))
}

// text reads a string's bytes, which alias the body.
func (r *reader) text(c *spec) []byte {
	n := r.byte()
	s := r.take(int(n))
	if r.err == nil && (n > c.Size || !utf8.Valid(s)) {
		r.fail(proto.ErrRange)
		return nil
	}
	return s
}

// readValue reads column i of row r in full.
func (t *table) readValue(in *reader, r int, i int32) error {
	c := &t.cols[i]
	if c.Type == TypeString {
		if s := in.text(c.spec); in.err == nil {
			t.setStr(r, c, s)
		}
	} else {
		t.setVal(r, c, in.value(c.spec))
		c.still(r)
	}
	if in.err != nil {
		return t.fault(r, i, in.err)
	}
	return nil
}

// readFull reads the fields of g in row r; they stand still after it.
func (t *table) readFull(in *reader, r int, g *group) error {
	for _, i := range g.cols {
		if err := t.readValue(in, r, i); err != nil {
			return err
		}
	}
	return nil
}

// readDisps reads the displacements of g in row r: where the field was a tick before must be in its range too.
func (t *table) readDisps(in *reader, r int, g *group) error {
	for _, i := range g.preds {
		c := &t.cols[i]
		d := in.varint()
		if in.err == nil && !c.has(c.vals[r]-d) {
			in.fail(proto.ErrRange)
		}
		if in.err != nil {
			return t.fault(r, i, in.err)
		}
		c.disps()[r] = d
	}
	return nil
}

// readRecord reads what appendRecord wrote.
func (t *table) readRecord(in *reader, r int, g *group) error {
	if err := t.readFull(in, r, g); err != nil {
		return err
	}
	return t.readDisps(in, r, g)
}

// advance moves the predicted fields of g in row r by their displacements.
func (t *table) advance(r int, g *group) {
	for _, i := range g.preds {
		c := &t.cols[i]
		if c.disps()[r] == 0 {
			continue
		}
		was := c.vals[r]
		v := c.clamp(was + c.disps()[r])
		c.disps()[r] = v - was
		t.setVal(r, c, v)
	}
}

// readChange reads what mask says of g in row r, which has been advanced.
func (t *table) readChange(in *reader, r int, g *group, mask uint64) error {
	for mask != 0 {
		u, code := g.pop(&mask)
		var err error
		switch {
		case u.kind == unitField:
			err = t.readField(in, r, u.a)
		case u.kind == unitArray:
			err = t.readElements(in, r, u)
		case code == codeAbsolute:
			err = t.readValue(in, r, u.a)
			if err == nil && u.kind == unitPair {
				err = t.readValue(in, r, u.b)
			}
		case u.kind == unitSingle && code == codeNear:
			err = t.shift(in, r, u.a, int64(int8(in.byte())))
		case u.kind == unitSingle:
			err = t.shift(in, r, u.a, int64(int16(in.fixed(2))))
		default:
			x := int8(in.byte())
			y := x >> 4
			if code == codeNear {
				x = x << 4 >> 4
			} else {
				y = int8(in.byte())
			}
			if err = t.shift(in, r, u.a, int64(x)); err == nil {
				err = t.shift(in, r, u.b, int64(y))
			}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// shift adds a residual to a predicted field.
func (t *table) shift(in *reader, r int, i int32, res int64) error {
	c := &t.cols[i]
	v := c.vals[r] + res
	if in.err == nil && !c.has(v) {
		in.fail(proto.ErrRange)
	}
	if in.err != nil {
		return t.fault(r, i, in.err)
	}
	c.disps()[r] += res
	t.setVal(r, c, v)
	return nil
}

// readField reads the change of a field that is not predicted.
func (t *table) readField(in *reader, r int, i int32) error {
	c := &t.cols[i]
	if c.Type == TypeString {
		return t.readValue(in, r, i)
	}
	v := in.change(c.spec, c.vals[r])
	if in.err != nil {
		return t.fault(r, i, in.err)
	}
	t.setVal(r, c, v)
	return nil
}

// readElements reads the change of an array.
func (t *table) readElements(in *reader, r int, u *unit) error {
	set := in.uvarint()
	if in.err == nil && (set == 0 || bits.Len64(set) > int(u.b)) {
		in.fail(proto.ErrRange)
	}
	if in.err != nil {
		return t.fault(r, u.a, in.err)
	}
	for ; set != 0; set &= set - 1 {
		if err := t.readField(in, r, u.a+int32(bits.TrailingZeros64(set))); err != nil {
			return err
		}
	}
	return nil
}

// change reads what spec.appendChange wrote; was is the value before.
func (r *reader) change(c *spec, was int64) int64 {
	switch c.form {
	case formToggle:
		return was ^ 1
	case formAngle:
		if d := r.byte(); d != angleEscape {
			return (was + int64(int8(d))) & int64(c.span)
		}
	case formVarint:
		v := was + r.varint()
		if !c.has(v) {
			r.fail(proto.ErrRange)
		}
		return v
	}
	return r.value(c)
}
