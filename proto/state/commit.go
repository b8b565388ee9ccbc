package state

import (
	"math/bits"
	"unsafe"

	"github.com/ringside-go/ringside/proto"
)

// Commit ends tick, which is one above the tick before: it quantises all rows in place, finds what changed since the
// commit before and keeps the history. After it the Append functions give this tick's frames, any number of times and
// whatever the game edits meanwhile, until the next commit or applied frame; a follower has keyframes only. It allocates
// nothing once the tables have their size.
func (s *Store) Commit(tick proto.Tick) {
	if s.replica {
		panic("state: Commit of a replica; it follows by the Apply functions")
	}
	s.tick = tick
	for _, t := range s.tables {
		if t.kind == KindEvents {
			t.commitEvents()
		} else {
			t.commit()
		}
	}
	s.keepMoment()
}

func (t *table) commitEvents() {
	t.sent = t.count
	copy(t.was, t.live)
	for r := range t.sent {
		t.commitAll(r)
		t.owners[r] = t.seats[r]
	}
}

func (t *table) commit() {
	for w, now := range t.live {
		was := t.was[w]
		t.born[w] = now &^ (was &^ t.fresh[w])
		t.gone[w] = was &^ now
		t.public[w] = t.born[w] | t.gone[w]
		t.private[w] = t.public[w]
		t.was[w], t.fresh[w] = now, 0
		for m := t.gone[w] | t.born[w]; m != 0; m &= m - 1 {
			r := w<<6 + bits.TrailingZeros64(m)
			t.before[r], t.owners[r] = t.owners[r], t.seats[r]
			if now&(m&-m) != 0 {
				t.commitAll(r)
			}
		}
	}
	t.commitStay()
}

// commitAll takes all of row r as it is: nothing of it is predicted.
func (t *table) commitAll(r int) {
	p := t.ptrs[r]
	for i := range t.cols {
		c := &t.cols[i]
		if c.Type == TypeString {
			c.takeString(p, r)
			continue
		}
		c.vals[r] = c.get(p)
		c.set(p, c.vals[r])
		c.still(r)
	}
}

// commitStay finds what changed of the rows that live and lived.
func (t *table) commitStay() {
	t.findStay()
	for part := range t.groups {
		if g := &t.groups[part]; len(g.units) > 0 {
			changed := t.private
			if part == int(Public) {
				changed = t.public
			}
			t.commitGroup(g, t.masks[part], changed)
		}
	}
	if t.kind == KindTable {
		t.commitOwners()
	}
	t.keepStay()
}

// commitOwners hands rows over. A new owner gets the private fields in full, so nothing of them is predicted.
func (t *table) commitOwners() {
	seats, owners, before := t.seats, t.owners, t.before
	for _, r := range t.stay {
		before[r] = owners[r]
		if owners[r] == seats[r] {
			continue
		}
		owners[r] = seats[r]
		t.private.add(int(r))
		for _, part := range []Part{Owner, Hidden} {
			for _, i := range t.groups[part].preds {
				t.cols[i].still(int(r))
			}
		}
	}
}

// commitGroup writes the masks of the fields that changed, or were not as predicted, and the rows that have any.
func (t *table) commitGroup(g *group, masks []uint64, changed bitset) {
	for _, r := range t.stay {
		masks[r] = 0
	}
	for i := range g.units {
		u := &g.units[i]
		c := &t.cols[u.a]
		switch {
		case u.kind == unitPair:
			t.commitPair(c, &t.cols[u.b], masks, u.shift)
		case u.kind == unitSingle:
			t.commitSingle(c, masks, u.shift)
		case c.Type == TypeString:
			for _, r := range t.stay {
				if c.takeString(t.ptrs[r], int(r)) {
					masks[r] |= 1 << u.shift
				}
			}
		default:
			t.commitField(c, masks, u.shift)
		}
	}
	for _, r := range t.stay {
		if masks[r] != 0 {
			changed.add(int(r))
		}
	}
}

func (t *table) commitField(c *column, masks []uint64, shift uint8) {
	now := t.now[0][:len(t.stay)]
	c.takeAll(t.stay, t.ptrs, now)
	vals, diffs := c.vals, c.diffs()
	for i, r := range t.stay {
		if v, was := now[i], vals[r]; v != was {
			vals[r], diffs[r] = v, v-was
			masks[r] |= 1 << shift
		}
	}
}

func (t *table) commitSingle(c *column, masks []uint64, shift uint8) {
	res := t.now[0][:len(t.stay)]
	t.predict(c, res)
	for i, r := range t.stay {
		if res[i] == 0 {
			continue
		}
		code := singleCode(res[i])
		if code == codeAbsolute {
			c.disps()[r] = 0
		}
		masks[r] |= code << shift
	}
}

func (t *table) commitPair(c, d *column, masks []uint64, shift uint8) {
	a, b := t.now[0][:len(t.stay)], t.now[1][:len(t.stay)]
	t.predict(c, a)
	t.predict(d, b)
	for i, r := range t.stay {
		if a[i]|b[i] == 0 {
			continue
		}
		code := pairCode(a[i], b[i])
		if code == codeAbsolute {
			c.disps()[r], d.disps()[r] = 0, 0
		}
		masks[r] |= code << shift
	}
}

// predict takes a predicted field, sets its values and displacements, and gives how far each is from where it was
// expected.
func (t *table) predict(c *column, res []int64) {
	c.takeAll(t.stay, t.ptrs, res)
	vals, disps, diffs := c.vals, c.disps(), c.diffs()
	lo, hi := c.lo, c.lo+int64(c.span)
	for i, r := range t.stay {
		v, was := res[i], vals[r]
		far := v - min(max(was+disps[r], lo), hi)
		vals[r], disps[r], diffs[r] = v, v-was, far
		res[i] = far
		if v != was {
			t.moving.add(int(r))
		}
	}
}

func singleCode(res int64) uint64 {
	switch {
	case res == int64(int8(res)):
		return codeNear
	case res == int64(int16(res)):
		return codeFar
	}
	return codeAbsolute
}

func pairCode(a, b int64) uint64 {
	switch {
	case uint64(a+8)|uint64(b+8) < 16:
		return codeNear
	case a == int64(int8(a)) && b == int64(int8(b)):
		return codeFar
	}
	return codeAbsolute
}

// takeString takes a string as it can travel and reports whether it changed.
func (c *column) takeString(p unsafe.Pointer, r int) (changed bool) {
	s := c.getString(p)
	if s == c.strs[r] {
		c.strs[r] = s // the struct's own, see quiet.go
		return false
	}
	s = cleanString(s, int(c.Size))
	c.setString(p, s)
	changed = s != c.strs[r]
	c.strs[r] = s
	return changed
}
