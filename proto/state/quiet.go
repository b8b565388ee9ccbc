package state

import (
	"bytes"
	"math/bits"
	"unsafe"
)

// Most rows of most tables do not change in most ticks. A commit finds them by comparing memory, rowChunk rows at once, with what the
// commit before has left there, and does not look at their fields.
//
// A row that is born is taken as it is before that: where its memory is equal, so are its columns.
//
// The copy is bytes, so the collector does not see the strings in it. It need not: takeString has the column hold the same string
// as the struct, so its memory is not used again while the copy names it.

// structs is the memory of the rows from r, the first of a chunk, on.
func (t *table) structs(r int) []byte {
	return unsafe.Slice((*byte)(t.ptrs[r]), min(rowChunk, t.size-r)*int(t.row.Size()))
}

// left is what the commit before has left of the chunk of row r.
func (t *table) left(r int) []byte { return t.seen[r*int(t.row.Size()):][:len(t.structs(r))] }

// findStay finds the rows that live and lived and may have changed. The others have no change: the game has written nothing else,
// nobody else owns them, and they were not moving.
func (t *table) findStay() {
	t.stay, t.looked = t.stay[:0], t.looked[:0]
	for w, now := range t.was {
		for m := now; m != 0; {
			at := bits.TrailingZeros64(m) &^ (rowChunk - 1)
			chunk := uint64(1<<rowChunk-1) << at
			m &^= chunk
			if r := w<<6 + at; t.applied || t.moving[w]&chunk != 0 || t.handed(r) || !bytes.Equal(t.structs(r), t.left(r)) {
				t.looked = append(t.looked, RowID(r))
				t.addStay(w, now&^t.born[w]&chunk)
			}
		}
	}
	t.applied = false
}

// addStay adds rows of word w.
func (t *table) addStay(w int, rows uint64) {
	t.moving[w] &^= rows
	for ; rows != 0; rows &= rows - 1 {
		t.stay = append(t.stay, RowID(w<<6+bits.TrailingZeros64(rows)))
	}
}

// handed reports whether a row of the chunk of r gets another owner.
func (t *table) handed(r int) bool {
	n := min(rowChunk, t.size-r)
	for i, seat := range t.seats[r:][:n] {
		if seat != t.owners[r+i] {
			return true
		}
	}
	return false
}

// keepStay notes what the commit leaves of the chunks that it looked at.
func (t *table) keepStay() {
	for _, r := range t.looked {
		copy(t.left(int(r)), t.structs(int(r)))
	}
}
