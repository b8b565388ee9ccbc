package state

import (
	"fmt"
	"math"
	"unsafe"
)

// NewMirror makes a store without Go structs for a server: all parts of a room whose leader runs another version of the
// game. It follows as a standby does. s must have come from ParsePeerSchema or Store.Schema.
func NewMirror(s *Schema) *Store {
	m := bare(s)
	m.SetHistory(math.MaxUint8) // the leader's is not known; more than it does no harm
	return m
}

// Adopt fills s, which Open has just made, with the rows of old, a store of another version of the game. Tables and fields are matched
// by their names. Numbers are brought into the new field's range, strings are cut to its length; a number becomes a float or a bool and back; an array's elements are matched by their index,
// and what is no array counts as one element; what has no
// match in old, or one of another kind, stays zero. Owners go along; events, what predicts the next values, and the history
// for Table.Past do not. The caller edits the rows as it likes and then calls Commit with old's tick. It fails when old has a row
// that there is no room for.
func (s *Store) Adopt(old *Store) error {
	for _, t := range s.tables {
		for _, o := range old.tables {
			if o.name == t.name && o.kind == t.kind && t.kind != KindEvents {
				if err := t.adopt(o); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func (t *table) adopt(old *table) error {
	for r := old.was.next(0); r >= 0; r = old.was.next(r + 1) {
		if r >= t.max {
			return fmt.Errorf("state: table %s has a row %d in the older version, and only %d rows in this one: keep max=%d", t.name, r, t.max, old.max)
		}
		if t.kind == KindTable {
			t.put(r)
			t.seats[r] = old.owners[r]
		}
		for i := range t.cols {
			elem := t.cols[i].elem
			if k := old.find(t.cols[i].Name); k >= 0 && elem < old.cols[k].columns() {
				t.cols[i].adopt(t.ptrs[r], &old.cols[k+elem], r)
			}
		}
	}
	return nil
}

// adopt sets the field of the struct at p from row r of another version's column.
func (c *spec) adopt(p unsafe.Pointer, old *column, r int) {
	switch {
	case c.Type == TypeString && old.Type == TypeString:
		c.setString(p, cleanString(old.strs[r], int(c.Size)))
	case c.Type == TypeString || old.Type == TypeString: // no number
	case c.whole() && old.whole():
		c.set(p, c.fit(old.vals[r], old.Type == TypeUint64))
	case c.whole():
		c.set(p, c.fit(int64(math.Round(float64(old.float(old.vals[r])))), false)) // beyond int64 it is clamped all the same
	case old.whole() && old.Type == TypeUint64:
		c.set(p, c.quantise(float64(uint64(old.vals[r]))))
	case old.whole():
		c.set(p, c.quantise(float64(old.vals[r])))
	default:
		c.set(p, c.quantise(float64(old.float(old.vals[r]))))
	}
}

// whole reports whether values are held as themselves.
func (c *spec) whole() bool { return c.Type == TypeBool || c.Type.integer() }

// fit brings a whole number, of the size of an uint64 if unsigned is set, into the range of c.
func (c *spec) fit(v int64, unsigned bool) int64 {
	switch {
	case c.Type == TypeBool && v != 0:
		return 1
	case unsigned && v < 0 && c.Type != TypeUint64:
		return c.lo + int64(c.span)
	case !unsigned && v < 0 && c.Type == TypeUint64:
		return c.lo
	}
	return c.clamp(v)
}
