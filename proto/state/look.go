package state

import (
	"iter"

	"github.com/ringside-go/ringside/proto"
)

// Look gives the rows of a table by id, with the values of their fields in the schema's order, as of the last commit or applied
// frame. It is for programs that know a game by its schema only; see RowsOf for others. A value is a bool, an int64, a uint64, a
// float32 or a string, of an array a []any of them, and nil where only the row's owner knows it. The slice is valid until the next row. A table that there
// is not has no rows. It allocates.
func (s *Store) Look(table string) iter.Seq2[RowID, []any] {
	return func(yield func(RowID, []any) bool) {
		for _, t := range s.tables {
			if t.name != table {
				continue
			}
			var values []any
			for r := t.was.next(0); r >= 0; r = t.was.next(r + 1) {
				values = values[:0]
				for i := 0; i < len(t.cols); i += t.cols[i].columns() {
					if s.replica && t.cols[i].Part == Owner && t.owners[r] == proto.NoSeat {
						values = append(values, nil)
					} else {
						values = append(values, t.value(r, i))
					}
				}
				if !yield(RowID(r), values) {
					return
				}
			}
		}
	}
}

// value is row r's of the field that begins with column i, as Look gives it.
func (t *table) value(r, i int) any {
	if t.cols[i].Count == 0 {
		return t.cols[i].value(r)
	}
	elements := make([]any, t.cols[i].Count)
	for e := range elements {
		elements[e] = t.cols[i+e].value(r)
	}
	return elements
}

func (c *column) value(r int) any {
	switch {
	case c.Type == TypeString:
		return c.strs[r]
	case c.Type == TypeBool:
		return c.vals[r] != 0
	case c.Type == TypeUint64:
		return uint64(c.vals[r])
	case c.whole():
		return c.vals[r]
	}
	return c.float(c.vals[r])
}

// DeltaBytes gives the tables with public content, and of how many bytes the last ApplyDelta was about each.
func (s *Store) DeltaBytes() iter.Seq2[string, int] {
	return func(yield func(string, int) bool) {
		for i, t := range s.sections[sectionPublic] {
			if !yield(t.name, s.spent[i]) {
				return
			}
		}
	}
}
