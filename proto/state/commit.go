package state

import (
	"math/bits"
	"unsafe"

	"github.com/ringside-go/ringside/proto"
)

// Commit ends tick, which is one above the tick before: it quantises all rows in place, finds what changed since the
// commit before and keeps the history. After it the Append functions give this tick's frames, any number of times,
// until the game edits rows again after Begin. It allocates nothing once the tables have their size.
func (s *Store) Commit(tick proto.Tick) {
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
		for m := now &^ t.born[w]; m != 0; m &= m - 1 {
			t.commitRow(w<<6 + bits.TrailingZeros64(m))
		}
	}
}

// commitAll takes all of row r as it is: nothing of it is predicted.
func (t *table) commitAll(r int) {
	p := t.at(r)
	for i := range t.cols {
		c := &t.cols[i]
		if c.Type == TypeString {
			t.commitString(r, c, p)
			continue
		}
		v := &t.vals[r*len(t.cols)+i]
		*v = c.get(p, *v)
		c.set(p, *v)
		if c.disp >= 0 {
			t.disps[r*t.layout.disps+c.disp] = 0
		}
	}
}

// commitRow finds what changed of row r. A new owner gets the private fields in full, so nothing of them is predicted.
func (t *table) commitRow(r int) {
	p := t.at(r)
	t.before[r], t.owners[r] = t.owners[r], t.seats[r]
	handed := t.before[r] != t.owners[r]
	for part := range t.groups {
		g := &t.groups[part]
		if len(g.units) == 0 {
			continue
		}
		m := t.commitGroup(r, g, p)
		if handed && part != int(Public) {
			t.forget(r, g)
		}
		t.masks[part][r] = m
		switch {
		case m == 0:
		case part == int(Public):
			t.public.add(r)
		default:
			t.private.add(r)
		}
	}
	if handed {
		t.private.add(r)
	}
}

// forget makes the fields of g in row r stand still.
func (t *table) forget(r int, g *group) {
	for _, i := range g.preds {
		t.disps[r*t.layout.disps+t.cols[i].disp] = 0
	}
}

// commitGroup takes the fields of g in row r and gives the mask of those that changed, or were not as predicted.
// Residuals and differences are left in diffs for the encoder.
func (t *table) commitGroup(r int, g *group, p unsafe.Pointer) (mask uint64) {
	base := r * len(t.cols)
	vals := t.vals[base : base+len(t.cols)]
	diffs := t.diffs[base : base+len(t.cols)]
	for i := range g.units {
		u := &g.units[i]
		c := &t.cols[u.a]
		switch u.kind {
		case unitField:
			if c.Type == TypeString {
				if t.commitString(r, c, p) {
					mask |= 1 << u.shift
				}
				continue
			}
			v := c.get(p, vals[u.a])
			c.set(p, v)
			if v != vals[u.a] {
				diffs[u.a] = v - vals[u.a]
				vals[u.a] = v
				mask |= 1 << u.shift
			}
		case unitSingle:
			res, disp, was := t.predict(r, c, vals[u.a], p)
			code := uint64(codeExact)
			if res != 0 {
				code = singleCode(res)
			}
			vals[u.a] = was + *disp
			if code == codeAbsolute {
				*disp = 0
			}
			diffs[u.a] = res
			mask |= code << u.shift
		case unitPair:
			d := &t.cols[u.b]
			resA, dispA, wasA := t.predict(r, c, vals[u.a], p)
			resB, dispB, wasB := t.predict(r, d, vals[u.b], p)
			code := uint64(codeExact)
			if resA|resB != 0 {
				code = pairCode(resA, resB)
			}
			vals[u.a], vals[u.b] = wasA+*dispA, wasB+*dispB
			if code == codeAbsolute {
				*dispA, *dispB = 0, 0
			}
			diffs[u.a], diffs[u.b] = resA, resB
			mask |= code << u.shift
		}
	}
	return mask
}

// predict takes a predicted field, sets its displacement and gives how far it is from where it was expected.
func (t *table) predict(r int, c *column, was int64, p unsafe.Pointer) (res int64, disp *int64, _ int64) {
	disp = &t.disps[r*t.layout.disps+c.disp]
	expected := c.clamp(was + *disp)
	v := c.get(p, expected)
	c.set(p, v)
	*disp = v - was
	return v - expected, disp, was
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

func (t *table) commitString(r int, c *column, p unsafe.Pointer) (changed bool) {
	held := &t.strs[r*t.layout.strs+c.str]
	s := c.getString(p)
	if s == *held {
		return false
	}
	s = cleanString(s, int(c.Size))
	c.setString(p, s)
	changed = s != *held
	*held = s
	return changed
}
