package state

import (
	"fmt"
	"iter"
	"reflect"

	"github.com/ringside-go/ringside/proto"
)

// Events holds rows that live one tick: emitted during a tick, sent with its delta, gone at the next Begin. Keyframes
// do not have them. They are public, or `state:"owner"` (each to one seat), or `state:"hidden"`, as a whole.
type Events[T any] struct{ t *table }

func (h *Events[T]) open(name, tag string) (*table, *TableSchema, error) {
	t, s, err := openTable(name, tag, KindEvents, reflect.TypeFor[T]())
	h.t = t
	return t, s, err
}

// Emit adds an event. It is false, and the event is lost, when the tick has as many as the table holds. It panics on
// events tagged owner, which need EmitTo.
func (h *Events[T]) Emit(row T) bool {
	if h.t.part == Owner {
		panic(fmt.Sprintf("state: events %s are tagged owner: use EmitTo", h.t.name))
	}
	return h.emit(proto.NoSeat, &row)
}

// EmitTo adds an event that only seat gets, to a table of events tagged owner; it panics on others. The answer is Emit's.
func (h *Events[T]) EmitTo(seat proto.Seat, row T) bool {
	if h.t.part != Owner || !validOwner(seat) {
		panic(fmt.Sprintf("state: events %s: EmitTo seat %d: the events must be tagged owner and the seat be one", h.t.name, seat))
	}
	return h.emit(seat, &row)
}

func (h *Events[T]) emit(seat proto.Seat, row *T) bool {
	if h.t.count == h.t.max {
		return false
	}
	r := h.t.count
	h.t.put(r)
	*(*T)(h.t.ptrs[r]) = *row
	h.t.seats[r] = seat
	h.t.count++
	return true
}

// All gives the events since Begin in the order in which they were emitted.
func (h *Events[T]) All() iter.Seq2[int, *T] {
	return func(yield func(int, *T) bool) {
		for r := 0; r < h.t.count; r++ {
			if !yield(r, (*T)(h.t.ptrs[r])) {
				return
			}
		}
	}
}

// dropEvents forgets the events.
func (t *table) dropEvents() {
	clear(t.live)
	clear(t.was)
	t.count = 0
}
