package state

import (
	"encoding/binary"
	"fmt"
	"unsafe"

	"github.com/ringside-go/ringside/proto"
)

// DefaultHistory is how many ticks Table.Past reaches back unless SetHistory says otherwise: a second at the highest rate.
const DefaultHistory = proto.MaxTickRate

// ring says which tick each slot of the tables' moments holds. There is one for all tables of a store.
type ring struct {
	slots  int
	ticks  []proto.Tick // by slot
	held   []bool
	tables []*table // those with fields to rewind
}

// moment is a table's fields tagged rewind at the end of one tick.
type moment struct {
	live bitset
	rows int    // that there is room for
	vals []byte // one column behind the other, of each all rows: values as a full record has them (packed)
}

// packed is where the values of c are, width bytes each, little-endian.
func (m *moment) packed(c *spec) []byte { return m.vals[c.past*m.rows : (c.past+c.width)*m.rows] }

// pack keeps the values of a column.
func (m *moment) pack(c *column) {
	b, vals, lo := m.packed(c.spec), c.vals[:m.rows], c.lo
	switch c.width {
	case 1:
		for r, v := range vals {
			b[r] = byte(v - lo)
		}
	case 2:
		for r, v := range vals {
			binary.LittleEndian.PutUint16(b[2*r:], uint16(v-lo))
		}
	default:
		for r, v := range vals {
			m.set(c.spec, r, v)
		}
	}
}

// set keeps one value.
func (m *moment) set(c *spec, r int, v int64) {
	putFixed(m.packed(c)[r*c.width:], uint64(v-c.lo), c.width)
}

// get gives one value.
func (m *moment) get(c *spec, r int) int64 {
	return c.lo + int64(getFixed(m.packed(c)[r*c.width:], c.width))
}

// SetHistory keeps the newest n ticks for Table.Past, 0 to 255, and forgets what was kept. A room sets as many as its
// ticks in a second; a standby must set the same number as its leader.
func (s *Store) SetHistory(n int) {
	if n < 0 || n > 255 {
		panic(fmt.Sprintf("state: SetHistory(%d): write 0 to 255 ticks", n))
	}
	s.ring = ring{slots: n, ticks: make([]proto.Tick, n), held: make([]bool, n)}
	for _, t := range s.tables {
		if t.pasts == 0 {
			continue
		}
		t.ring = &s.ring
		t.moments = make([]moment, n)
		s.ring.tables = append(s.ring.tables, t)
	}
}

// keepMoment writes the rows as they are into the history, as the moment of the store's tick.
func (s *Store) keepMoment() {
	if s.ring.slots == 0 || len(s.ring.tables) == 0 {
		return
	}
	slot := int(s.tick) % s.ring.slots
	s.ring.ticks[slot], s.ring.held[slot] = s.tick, true
	for _, t := range s.ring.tables {
		m := &t.moments[slot]
		m.fit(t)
		copy(m.live, t.was)
		for i := range t.cols {
			if c := &t.cols[i]; c.past >= 0 {
				m.pack(c)
			}
		}
	}
}

// fit makes room for all rows of t.
func (m *moment) fit(t *table) {
	if m.live == nil {
		m.live = make(bitset, len(t.live))
	}
	if m.rows < t.size {
		m.rows, m.vals = t.size, make([]byte, t.size*t.pasts)
	}
}

// past is the moment of tick, or nil when it is not kept.
func (t *table) past(tick proto.Tick) *moment {
	if t.ring == nil || t.ring.slots == 0 {
		return nil
	}
	slot := int(tick) % t.ring.slots
	if !t.ring.held[slot] || t.ring.ticks[slot] != tick {
		return nil
	}
	return &t.moments[slot]
}

// fillPast sets the kept fields of the struct at p.
func (t *table) fillPast(p unsafe.Pointer, m *moment, r int) {
	for i := range t.cols {
		c := &t.cols[i]
		if c.past >= 0 {
			c.set(p, m.get(c.spec, r))
		}
	}
}

// each calls f for each kept tick, oldest first; age is how many ticks it is before now.
func (h *ring) each(now proto.Tick, f func(age, slot int)) {
	for age := h.slots - 1; age >= 0; age-- {
		tick := now - proto.Tick(age)
		if slot := int(tick) % h.slots; h.held[slot] && h.ticks[slot] == tick {
			f(age, slot)
		}
	}
}

// appendHistory appends the kept ticks, oldest first: how many, then of each its age and of each table the rows that
// lived and their kept fields in full.
func (s *Store) appendHistory(b []byte) []byte {
	n := 0
	s.ring.each(s.tick, func(int, int) { n++ })
	if len(s.ring.tables) == 0 {
		n = 0
	}
	b = append(b, byte(n))
	if n == 0 {
		return b
	}
	s.ring.each(s.tick, func(age, slot int) {
		b = append(b, byte(age))
		for _, t := range s.ring.tables {
			m := &t.moments[slot]
			b = appendSet(b, m.live, t.max)
			for r := m.live.next(0); r >= 0; r = m.live.next(r + 1) {
				for i := range t.cols {
					if c := &t.cols[i]; c.past >= 0 {
						b = append(b, m.packed(c.spec)[r*c.width:][:c.width]...)
					}
				}
			}
		}
	})
	return b
}

func (s *Store) readHistory(in *reader) {
	clear(s.ring.held)
	n := int(in.byte())
	last := s.ring.slots
	for range n {
		age := int(in.byte())
		if in.err == nil && (age >= last || len(s.ring.tables) == 0) {
			in.fail(fmt.Errorf("history reaches %d ticks back, this store keeps %d; use the same SetHistory: %w", age, s.ring.slots, proto.ErrRange))
		}
		if in.err != nil {
			return
		}
		last = age
		tick := s.tick - proto.Tick(age)
		slot := int(tick) % s.ring.slots
		s.ring.ticks[slot], s.ring.held[slot] = tick, true
		for _, t := range s.ring.tables {
			t.readMoment(in, &t.moments[slot])
		}
	}
}

func (t *table) readMoment(in *reader, m *moment) {
	m.fit(t)
	readSet(in, m.live, t.max)
	if in.err != nil {
		return
	}
	top := -1
	for r := m.live.next(0); r >= 0; r = m.live.next(r + 1) {
		top = r
	}
	if top >= 0 {
		t.grow(top)
	}
	m.fit(t)
	for r := m.live.next(0); r >= 0 && in.err == nil; r = m.live.next(r + 1) {
		for i := range t.cols {
			if c := &t.cols[i]; c.past >= 0 {
				m.set(c.spec, r, in.value(c.spec))
			}
		}
	}
}
