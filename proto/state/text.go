package state

import (
	"encoding/json"
	"math"
	"strconv"

	"github.com/ringside-go/ringside/proto"
)

// Text writes the state of a replica or mirror as JSON: all of it, or what has changed since it was written last, as a merge patch (RFC 7396) of it.
// It keeps the values that it wrote, so it takes as much memory as the replica.
type Text struct {
	store  *Store
	tables []textTable
}

// textTable is what was written of a table.
type textTable struct {
	*table
	rows bitset // that were there
	own  bitset // those whose owner fields are known
	vals [][]int64
	strs [][]string
}

// NewText is for a replica, or for a mirror, of which it writes the hidden parts too; nothing of it was written yet.
func NewText(s *Store) *Text {
	t := &Text{store: s}
	for _, table := range s.tables {
		words := (table.max + 63) / 64
		t.tables = append(t.tables, textTable{table: table, rows: make(bitset, words), own: make(bitset, words),
			vals: make([][]int64, len(table.cols)), strs: make([][]string, len(table.cols))})
	}
	return t
}

// Append appends members of an object, each behind a comma. With full, these are "tables", which has the rows of each table by id, and
// "values". Otherwise they have only what has changed: null stands for a row that is gone and for a field that is not seen any more, and "events" has the tick's, in
// order. A member that has nothing is left out.
func (t *Text) Append(b []byte, full bool) []byte {
	for _, section := range [...]struct {
		kind TableKind
		name string
	}{{KindTable, "tables"}, {KindValue, "values"}, {KindEvents, "events"}} {
		if full && section.kind == KindEvents {
			continue
		}
		sep, any := `,"`+section.name+`":{`, false
		if full {
			b, any, sep = append(b, sep...), true, ""
		}
		for i := range t.tables {
			table := &t.tables[i]
			if table.kind != section.kind {
				continue
			}
			before := len(b)
			b = appendMember(append(b, sep...), table.name)
			begin := len(b)
			if b = table.append(b, full); len(b) == begin {
				b = b[:before]
				continue
			}
			any, sep = true, ","
		}
		if any {
			b = append(b, '}')
		}
	}
	return b
}

// append appends the table, or nothing if nothing of it has changed.
func (t *textTable) append(b []byte, full bool) []byte {
	switch t.kind {
	case KindEvents:
		return t.appendEvents(b)
	case KindValue:
		return t.appendRow(b, 0, full)
	}
	begin := len(b)
	b = append(b, '{')
	if full {
		clear(t.rows)
	}
	for r := t.first(0); r >= 0; r = t.first(r + 1) {
		is, was := t.was.has(r), t.rows.has(r)
		at := len(b)
		if len(b) > begin+1 {
			b = append(b, ',')
		}
		b = append(strconv.AppendInt(append(b, '"'), int64(r), 10), `":`...)
		if !is {
			b = append(b, "null"...)
			t.rows.del(r)
			continue
		}
		row := len(b)
		if b = t.appendRow(b, r, full || !was); len(b) == row {
			b = b[:at]
		}
	}
	if len(b) == begin+1 && !full {
		return b[:begin]
	}
	return append(b, '}')
}

// first is the first row from r on that is there, or was when the table was written last; -1: none.
func (t *textTable) first(r int) int {
	is, was := t.was.next(r), t.rows.next(r)
	if is < 0 || was < 0 {
		return max(is, was)
	}
	return min(is, was)
}

// appendRow appends row r, or nothing if nothing of it has changed; whole: all of it.
func (t *textTable) appendRow(b []byte, r int, whole bool) []byte {
	own, owned := t.part == Owner || t.owners[r] != proto.NoSeat, t.own.has(r)
	begin := len(b)
	b = append(b, '{')
	for i := 0; i < len(t.cols); i += t.cols[i].columns() {
		c := &t.cols[i]
		private := c.Part == Owner
		if private && !own && (whole || !owned) {
			continue
		}
		changed := false
		for e := range c.columns() {
			changed = t.keep(i+e, r) || changed
		}
		if !whole && !changed && (!private || own == owned) {
			continue
		}
		if len(b) > begin+1 {
			b = append(b, ',')
		}
		b = appendMember(b, c.Name)
		if private && !own {
			b = append(b, "null"...)
		} else {
			b = t.appendField(b, i, r)
		}
	}
	t.rows.add(r)
	if t.own.del(r); own {
		t.own.add(r)
	}
	if len(b) == begin+1 && !whole {
		return b[:begin]
	}
	return append(b, '}')
}

func (t *textTable) appendEvents(b []byte) []byte {
	for r := t.was.next(0); r >= 0; r = t.was.next(r + 1) {
		sep := byte(',')
		if r == 0 {
			sep = '['
		}
		b = append(b, sep, '{')
		for i := 0; i < len(t.cols); i += t.cols[i].columns() {
			if i > 0 {
				b = append(b, ',')
			}
			b = t.appendField(appendMember(b, t.cols[i].Name), i, r)
		}
		b = append(b, '}')
	}
	if t.was.has(0) {
		b = append(b, ']')
	}
	return b
}

// keep notes the value of column i in row r as written, and reports whether it is another.
func (t *textTable) keep(i, r int) (changed bool) {
	c := &t.cols[i]
	if c.Type == TypeString {
		if t.strs[i] == nil {
			t.strs[i] = make([]string, t.max)
		}
		changed = t.strs[i][r] != c.strs[r]
		t.strs[i][r] = c.strs[r]
		return changed
	}
	if t.vals[i] == nil {
		t.vals[i] = make([]int64, t.max)
	}
	changed = t.vals[i][r] != c.vals[r]
	t.vals[i][r] = c.vals[r]
	return changed
}

// appendMember appends a name of the schema, which needs no escapes, as a member's.
func appendMember(b []byte, name string) []byte {
	return append(append(append(b, '"'), name...), `":`...)
}

// appendField appends row r's value of the field that begins with column i; of an array a list.
func (t *textTable) appendField(b []byte, i, r int) []byte {
	if t.cols[i].Count == 0 {
		return t.cols[i].appendText(b, r)
	}
	sep := byte('[')
	for e := range t.cols[i].columns() {
		b = t.cols[i+e].appendText(append(b, sep), r)
		sep = ','
	}
	return append(b, ']')
}

// appendText appends row r's value: a float as the shortest decimal that rounds to it as a float32, an integer whose range goes beyond 2^53 as a
// string.
func (c *column) appendText(b []byte, r int) []byte {
	if c.Type == TypeString {
		text, err := json.Marshal(c.strs[r])
		if err != nil {
			panic(err) // a string always has a text
		}
		return append(b, text...)
	}
	v := c.vals[r]
	switch {
	case c.Type == TypeBool:
		return strconv.AppendBool(b, v != 0)
	case c.wide() && c.Type == TypeUint64:
		return append(strconv.AppendUint(append(b, '"'), uint64(v), 10), '"')
	case c.wide():
		return append(strconv.AppendInt(append(b, '"'), v, 10), '"')
	case c.whole():
		return strconv.AppendInt(b, v, 10)
	}
	f := float64(c.float(v))
	if math.IsInf(f, 0) { // only a float32 may be
		return strconv.AppendQuote(b, strconv.FormatFloat(f, 'g', -1, 32))
	}
	format := byte('f')
	if a := math.Abs(f); a != 0 && (a < 1e-6 || a >= 1e21) {
		format = 'e'
	}
	return strconv.AppendFloat(b, f, format, -1, 32)
}

// wide reports whether an integer's range goes beyond what a float64 holds.
func (c *spec) wide() bool { return c.whole() && c.span > 1<<53-1 }
