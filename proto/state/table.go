package state

import (
	"fmt"
	"iter"
	"reflect"
	"unsafe"

	"github.com/ringside-go/ringside/proto"
)

// RowID is a row's slot in its table, 0 to the table's max-1. Add takes the lowest free slot, so that a rebuilt table
// hands out the same ids.
type RowID uint16

// Table holds rows of T by id; Open binds it, the zero Table cannot be used. Its tag gives the greatest number of rows
// and who may know of them: `state:"max=16"` (64 without), `state:"max=8,owner"`, `state:"hidden"`. Pointers to rows
// hold until the row is removed. Not for concurrent use.
type Table[T any] struct{ t *table }

func (h *Table[T]) open(name, tag string) (*table, *TableSchema, error) {
	t, s, err := openTable(name, tag, KindTable, reflect.TypeFor[T]())
	h.t = t
	return t, s, err
}

// Add adds a zero row at the lowest free id. It gives nil when the table is full, see Full.
func (h *Table[T]) Add() (RowID, *T) {
	r := h.t.live.free(h.t.max)
	if r < 0 {
		return 0, nil
	}
	return RowID(r), h.Put(RowID(r))
}

// Put adds row id, or replaces it: the row is zero and nobody owns it. It gives nil when id is out of range.
func (h *Table[T]) Put(id RowID) *T {
	if int(id) >= h.t.max {
		return nil
	}
	h.t.put(int(id))
	p := (*T)(h.t.ptrs[id])
	var zero T
	*p = zero
	return p
}

// Get gives row id, or nil when there is none: a write to it then panics, and ends the room. Peek cannot.
func (h *Table[T]) Get(id RowID) *T {
	if !h.t.live.has(int(id)) {
		return nil
	}
	return (*T)(h.t.ptrs[id])
}

// Has reports whether there is a row id.
func (h *Table[T]) Has(id RowID) bool { return h.t.live.has(int(id)) }

// Peek gives a copy of row id; without such a row it gives a zero row and false.
func (h *Table[T]) Peek(id RowID) (row T, ok bool) {
	if p := h.Get(id); p != nil {
		return *p, true
	}
	return row, false
}

// Remove removes row id; without such a row it does nothing.
func (h *Table[T]) Remove(id RowID) {
	if h.t.live.has(int(id)) {
		h.t.live.del(int(id))
		h.t.seats[id] = proto.NoSeat
	}
}

// Len is the number of rows.
func (h *Table[T]) Len() int { return h.t.live.count() }

// Full reports whether Add has no room.
func (h *Table[T]) Full() bool { return h.Len() == h.t.max }

// Cap is the greatest number of rows.
func (h *Table[T]) Cap() int { return h.t.max }

// All gives the rows by id. The loop's body may add and remove rows; it meets those that are added at higher ids.
func (h *Table[T]) All() iter.Seq2[RowID, *T] {
	return func(yield func(RowID, *T) bool) {
		for r := h.t.live.next(0); r >= 0; r = h.t.live.next(r + 1) {
			if !yield(RowID(r), (*T)(h.t.ptrs[r])) {
				return
			}
		}
	}
}

// Owner is the seat that gets row id's owner fields: proto.NoSeat for a new row, and where there is no row.
func (h *Table[T]) Owner(id RowID) proto.Seat {
	if !h.t.live.has(int(id)) {
		return proto.NoSeat
	}
	return h.t.seats[id]
}

// SetOwner gives row id to seat, or with proto.NoSeat to nobody. It panics when seat is no seat; without such a row it
// does nothing.
func (h *Table[T]) SetOwner(id RowID, seat proto.Seat) {
	if !validOwner(seat) {
		panic(fmt.Sprintf("state: table %s: row %d: seat %d: seats go from 0 to %d", h.t.name, id, seat, proto.MaxSeats-1))
	}
	if h.t.live.has(int(id)) {
		h.t.seats[id] = seat
	}
}

// Past gives row id as it was at the end of tick; only the fields tagged rewind are filled. ok is false when the row
// did not live then, and when tick is older than the history (Store.SetHistory) or newer than the last commit.
func (h *Table[T]) Past(tick proto.Tick, id RowID) (row T, ok bool) {
	m := h.t.past(tick)
	if m == nil || !m.live.has(int(id)) {
		return row, false
	}
	h.t.fillPast(unsafe.Pointer(&row), m, int(id))
	return row, true
}

// Value is a table with the single row 0, which always lives. `state:"hidden"` hides all of it.
type Value[T any] struct{ t *table }

func (h *Value[T]) open(name, tag string) (*table, *TableSchema, error) {
	t, s, err := openTable(name, tag, KindValue, reflect.TypeFor[T]())
	h.t = t
	return t, s, err
}

// Get gives the row. The pointer holds as long as the store.
func (h *Value[T]) Get() *T { return (*T)(h.t.ptrs[0]) }

func validOwner(s proto.Seat) bool { return s < proto.MaxSeats || s == proto.NoSeat }
