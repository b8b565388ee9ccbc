package state

import (
	"fmt"
	"iter"
	"reflect"
	"strings"
	"unsafe"

	"github.com/ringside-go/ringside/proto"
)

// Rows is a typed, read-only look at a table of any store, as of its last commit or applied frame. Its methods copy, so
// that what they give stays as it is.
type Rows[T any] struct {
	t    *table
	cols []look
}

// look is a field of T, or an element of one: a column with T's place in memory.
type look struct {
	spec         // its place is T's
	from *column // the table's
}

// RowsOf looks at a table by T's field names, which are those of the schema once they are written in lower case with
// underscores. T may have fewer fields than the table, and needs no tags; a field's type must be the table's. In a
// replica, owner fields of rows of others are zero.
func RowsOf[T any](s *Store, table string) (*Rows[T], error) {
	var names []string
	for _, t := range s.tables {
		if t.name == table {
			cols, err := t.look(reflect.TypeFor[T]())
			return &Rows[T]{t: t, cols: cols}, err
		}
		names = append(names, t.name)
	}
	return nil, fmt.Errorf("state: there is no table %q; the tables are %s", table, strings.Join(names, ", "))
}

func (t *table) look(row reflect.Type) ([]look, error) {
	if row.Kind() != reflect.Struct {
		return nil, fmt.Errorf("state: table %s: %v is not a struct", t.name, row)
	}
	var cols []look
	for i := range row.NumField() {
		sf := row.Field(i)
		k := t.find(snake(sf.Name))
		switch {
		case !sf.IsExported():
			return nil, fmt.Errorf("state: table %s: field %s of %v is not exported", t.name, sf.Name, row)
		case k < 0:
			var names []string
			for _, c := range t.cols {
				if c.elem == 0 {
					names = append(names, c.Name)
				}
			}
			return nil, fmt.Errorf("state: table %s has no field %s for %v; its fields are %s",
				t.name, snake(sf.Name), row, strings.Join(names, ", "))
		}
		elem, count := elementOf(sf.Type)
		for e := range t.fields[k].columns() {
			c := look{spec: t.fields[k+e], from: &t.cols[k+e]}
			c.place(elem, sf.Offset+uintptr(e)*elem.Size())
			if !c.Type.fits(c.mem) || count != int(c.Count) {
				return nil, fmt.Errorf("state: table %s: field %s is %s on the wire, not %v as in %v", t.name, c.Name, c.TypeText(), sf.Type, row)
			}
			cols = append(cols, c)
		}
	}
	return cols, nil
}

// fits reports whether a struct's field held as m can hold the type.
func (t Type) fits(m mem) bool {
	switch {
	case t == TypeBool:
		return m == memBool
	case t.integer():
		return m == memInt8+mem(t-TypeInt8)
	case t == TypeString:
		return m == memString
	}
	return m == memFloat32 || m == memFloat64
}

// Get gives row id; ok is false when it does not live.
func (v *Rows[T]) Get(id RowID) (row T, ok bool) {
	if !v.t.was.has(int(id)) {
		return row, false
	}
	v.t.fill(unsafe.Pointer(&row), v.cols, int(id))
	return row, true
}

// All gives the rows by id, of events by their order.
func (v *Rows[T]) All() iter.Seq2[RowID, T] {
	return func(yield func(RowID, T) bool) {
		for r := v.t.was.next(0); r >= 0; r = v.t.was.next(r + 1) {
			if row, _ := v.Get(RowID(r)); !yield(RowID(r), row) {
				return
			}
		}
	}
}

// Len is the number of rows.
func (v *Rows[T]) Len() int { return v.t.was.count() }

// Own reports whether row id is the replica's own: its owner fields are filled. In a store with structs it is whether
// anybody owns the row.
func (v *Rows[T]) Own(id RowID) bool {
	return v.t.was.has(int(id)) && v.t.owners[id] != proto.NoSeat
}

func (t *table) fill(p unsafe.Pointer, cols []look, r int) {
	for i := range cols {
		c := &cols[i]
		if c.Type == TypeString {
			c.setString(p, c.from.strs[r])
		} else {
			c.set(p, c.from.vals[r])
		}
	}
}
