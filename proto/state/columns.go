package state

import (
	"reflect"
	"unsafe"

	"github.com/ringside-go/ringside/proto"
)

// table is what Table, Value and Events stand on, and a table of a replica: which rows live, their values as of the
// last commit or applied frame, and what the last commit changed. Columns grow to the highest slot that was ever used.
type table struct {
	name string
	kind TableKind
	part Part
	max  int
	*layout
	cols []column         // by field
	row  reflect.Type     // nil in a replica
	ptrs []unsafe.Pointer // structs by row; none in a replica
	size int              // rows that there is room for

	live  bitset       // now; the game adds and removes
	fresh bitset       // added since the last commit, perhaps over a row that lived
	seats []proto.Seat // owners now

	was     bitset // rows as of the last commit
	owners  []proto.Seat
	ring    *ring
	moments []moment // by slot of ring, when the row has fields to rewind

	// The last commit's change. A row is born, or it stays and masks say what changed of it, by part, or it is gone.
	masks   [3][]uint64
	before  []proto.Seat // owners as of the commit before
	born    bitset
	gone    bitset
	public  bitset  // rows with a public change
	private bitset  // rows with an owner, owner part or hidden change
	stay    []RowID // rows that live and lived and may have changed, see quiet.go
	now     [2][]int64

	seen    []byte  // the structs as the commit before left them; none of Events
	looked  []RowID // chunks that the last commit looked at, by their first row
	moving  bitset  // rows with a predicted field that is not still
	applied bool    // a frame was applied since the commit before, or there was none

	count int // Events: rows emitted since Begin
	sent  int // Events: rows of the last commit
}

// newTable makes a table by its schema and the layout of its rows; row is nil in a replica.
func newTable(s *TableSchema, l *layout, row reflect.Type) *table {
	t := &table{name: s.Name, kind: s.Kind, part: s.Part, max: s.Max, layout: l, row: row, applied: true}
	t.cols = make([]column, len(l.fields))
	for i := range t.cols {
		t.cols[i].spec = &l.fields[i]
	}
	words := (s.Max + 63) / 64
	sets := make(bitset, 8*words)
	for i, b := range []*bitset{&t.live, &t.fresh, &t.was, &t.born, &t.gone, &t.public, &t.private, &t.moving} {
		*b = sets[i*words : (i+1)*words : (i+1)*words]
	}
	if s.Kind == KindValue {
		t.grow(0)
		t.live.add(0)
		t.was.add(0)
		for p := range l.groups {
			t.clear(0, &l.groups[p])
		}
	}
	return t
}

// grow makes room for row r.
func (t *table) grow(r int) {
	if r < t.size {
		return
	}
	n := min(t.max, (r/rowChunk+1)*rowChunk)
	if t.kind == KindValue {
		n = 1
	}
	for i := range t.cols {
		t.cols[i].grow(n, t.row != nil)
	}
	resize(&t.owners, n)
	if t.row != nil {
		for len(t.ptrs) < n {
			t.ptrs = append(t.ptrs, newRows(t.row, min(rowChunk, n-len(t.ptrs)))...)
		}
		for p := range t.masks {
			resize(&t.masks[p], n)
		}
		resize(&t.before, n)
		resize(&t.seats, n)
		t.stay = make([]RowID, 0, n)
		t.now = [2][]int64{make([]int64, n), make([]int64, n)}
		if t.kind != KindEvents {
			resize(&t.seen, n*int(t.row.Size()))
			t.looked = make([]RowID, 0, (n+rowChunk-1)/rowChunk)
		}
	}
	for i := t.size; i < n; i++ {
		t.owners[i] = proto.NoSeat
		if t.row != nil {
			t.seats[i], t.before[i] = proto.NoSeat, proto.NoSeat
		}
	}
	t.size = n
}

// grow makes room for n rows; only a leader needs room for changes.
func (c *column) grow(n int, leader bool) {
	if c.Type == TypeString {
		resize(&c.strs, n)
		return
	}
	kinds := 1
	if c.Linear {
		kinds++
	}
	if leader {
		kinds++
	}
	was := *c
	c.vals = make([]int64, kinds*n)[:n]
	copy(c.vals, was.vals)
	if c.Linear {
		copy(c.disps(), was.disps())
	}
	if leader {
		copy(c.diffs(), was.diffs())
	}
}

// disps are the last displacements of a predicted column.
func (c *column) disps() []int64 {
	n := len(c.vals)
	return c.vals[n : 2*n]
}

// diffs are what the last commit of a leader changed: a difference, or how far a value was from where it was expected.
func (c *column) diffs() []int64 {
	end := cap(c.vals)
	return c.vals[end-len(c.vals) : end]
}

// still forgets how row r moved.
func (c *column) still(r int) {
	if c.Linear {
		c.disps()[r] = 0
	}
}

func resize[T any](s *[]T, n int) {
	grown := make([]T, n)
	copy(grown, *s)
	*s = grown
}

// put makes row r live and new. The caller zeroes its struct.
func (t *table) put(r int) {
	t.grow(r)
	t.live.add(r)
	t.fresh.add(r)
	t.seats[r] = proto.NoSeat
}

// setVal sets a value, in the struct too where there is one.
func (t *table) setVal(r int, c *column, v int64) {
	c.vals[r] = v
	if t.row != nil {
		c.set(t.ptrs[r], v)
	}
}

func (t *table) setStr(r int, c *column, s []byte) {
	if c.strs[r] != string(s) {
		c.strs[r] = string(s)
	}
	if t.row != nil {
		c.setString(t.ptrs[r], c.strs[r])
	}
}

// clear makes the fields of g in row r what a zero struct's become: what a follower holds of a row before its record
// comes, and of a value before the first keyframe.
func (t *table) clear(r int, g *group) {
	for _, i := range g.cols {
		c := &t.cols[i]
		if c.Type == TypeString {
			t.setStr(r, c, nil)
			continue
		}
		t.setVal(r, c, c.zero())
		c.still(r)
	}
}
