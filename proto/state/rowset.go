package state

import (
	"encoding/binary"
	"math/bits"

	"github.com/ringside-go/ringside/proto"
)

// wordRows is up to how many rows a table has its row sets written as one number, a bit a row. Live rows are the
// lowest, so that the number is short; larger tables list ids with their gaps.
const wordRows = 64

// appendSet appends a set of rows of a table with at most max rows.
func appendSet(b []byte, set bitset, max int) []byte {
	if max <= wordRows {
		return binary.AppendUvarint(b, set[0])
	}
	b = binary.AppendUvarint(b, uint64(set.count()))
	after := 0
	for r := set.next(0); r >= 0; r = set.next(r + 1) {
		b = binary.AppendUvarint(b, uint64(r-after))
		after = r + 1
	}
	return b
}

// readSet reads a set of rows into set, which has room for max; after a fault it is empty.
func readSet(in *reader, set bitset, max int) {
	readMembers(in, set, max)
	if in.err != nil {
		clear(set)
	}
}

func readMembers(in *reader, set bitset, max int) {
	clear(set)
	if max <= wordRows {
		set[0] = in.uvarint()
		if bits.Len64(set[0]) > max {
			in.fail(proto.ErrRange)
		}
		return
	}
	n := in.uvarint()
	if n > uint64(max) {
		in.fail(proto.ErrRange)
		return
	}
	after := uint64(0)
	for range n {
		gap := in.uvarint()
		if in.err != nil || gap >= uint64(max)-after {
			in.fail(proto.ErrRange)
			return
		}
		set.add(int(after + gap))
		after += gap + 1
	}
}

// rows is the store's scratch set, cut to t.
func (s *Store) rows(t *table) bitset {
	if s.set == nil {
		s.set = make(bitset, MaxRows/64)
	}
	return s.set[:len(t.live)]
}

// tables reads which of n tables a delta speaks about.
func (in *reader) tables(n int) uint64 {
	if n == 0 {
		return 0
	}
	set := in.uvarint()
	if bits.Len64(set) > n {
		in.fail(proto.ErrRange)
		return 0
	}
	return set
}
