package state

import (
	"encoding/binary"
	"math/bits"
)

// Wire masks with the life bit.
const (
	maskBorn = 1 // a full record follows
	maskGone = 3
)

// putFixed writes the low n bytes of v, getFixed reads them.
func putFixed(b []byte, v uint64, n int) {
	for i := range n {
		b[i] = byte(v >> (8 * i))
	}
}

func getFixed(b []byte, n int) (v uint64) {
	for i := range n {
		v |= uint64(b[i]) << (8 * i)
	}
	return v
}

// appendFixed appends the low n bytes of v.
func appendFixed(b []byte, v uint64, n int) []byte {
	switch n {
	case 1:
		return append(b, byte(v))
	case 2:
		return append(b, byte(v), byte(v>>8))
	}
	for range n {
		b = append(b, byte(v))
		v >>= 8
	}
	return b
}

// appendValue appends the held value of column i in row r in full.
func (t *table) appendValue(b []byte, r int, i int32) []byte {
	c := &t.cols[i]
	if c.Type == TypeString {
		s := c.strs[r]
		return append(append(b, byte(len(s))), s...)
	}
	return appendFixed(b, uint64(c.vals[r]-c.lo), c.width)
}

// appendFull appends the fields of g in row r in full.
func (t *table) appendFull(b []byte, r int, g *group) []byte {
	for _, i := range g.cols {
		b = t.appendValue(b, r, i)
	}
	return b
}

// appendDisps appends the displacements of g in row r, which a keyframe has behind a record.
func (t *table) appendDisps(b []byte, r int, g *group) []byte {
	for _, i := range g.preds {
		b = binary.AppendVarint(b, t.cols[i].disps()[r])
	}
	return b
}

// appendChange appends what mask says of g in row r.
func (t *table) appendChange(b []byte, r int, g *group, mask uint64) []byte {
	for mask != 0 {
		u, code := g.pop(&mask)
		c := &t.cols[u.a]
		switch u.kind {
		case unitField:
			if c.Type == TypeString {
				b = t.appendValue(b, r, u.a)
			} else {
				b = c.appendChange(b, c.diffs()[r], c.vals[r])
			}
		case unitArray:
			b = t.appendElements(b, r, u)
		case unitSingle:
			x := c.diffs()[r]
			switch code {
			case codeNear:
				b = append(b, byte(x))
			case codeFar:
				b = append(b, byte(x), byte(x>>8))
			default:
				b = t.appendValue(b, r, u.a)
			}
		case unitPair:
			x, y := c.diffs()[r], t.cols[u.b].diffs()[r]
			switch code {
			case codeNear:
				b = append(b, byte(x)&0xf|byte(y)<<4)
			case codeFar:
				b = append(b, byte(x), byte(y))
			default:
				b = t.appendValue(t.appendValue(b, r, u.a), r, u.b)
			}
		}
	}
	return b
}

// appendElements appends which elements of an array changed, and the change of each.
func (t *table) appendElements(b []byte, r int, u *unit) []byte {
	cols, set := t.cols[u.a:u.a+u.b], uint64(0)
	for e := range cols {
		if cols[e].diffs()[r] != 0 {
			set |= 1 << e
		}
	}
	b = binary.AppendUvarint(b, set)
	for ; set != 0; set &= set - 1 {
		c := &cols[bits.TrailingZeros64(set)]
		b = c.appendChange(b, c.diffs()[r], c.vals[r])
	}
	return b
}

// pop takes the lowest unit out of a mask and gives it with its code.
func (g *group) pop(mask *uint64) (u *unit, code uint64) {
	u = g.lowest(*mask)
	code = *mask >> u.shift & u.ones()
	*mask &^= u.ones() << u.shift
	return u, code
}

// appendChange appends the change of a number that is not predicted, by d to v.
func (c *spec) appendChange(b []byte, d, v int64) []byte {
	switch c.form {
	case formToggle:
		return b
	case formAngle:
		if d, ok := c.turn(d); ok {
			return append(b, byte(d))
		}
		b = append(b, angleEscape)
	case formVarint:
		return binary.AppendVarint(b, d)
	}
	return appendFixed(b, uint64(v-c.lo), c.width)
}

// angleEscape stands before an angle whose difference does not fit into one byte.
const angleEscape = 0x80

// turn brings a difference of angles to the shorter way round; ok is false when that is beyond 127 parts of a turn.
func (c *spec) turn(d int64) (_ int64, ok bool) {
	n := int64(c.span) + 1
	d &= n - 1
	if d >= n/2 {
		d -= n
	}
	return d, d >= -127 && d <= 127
}
