package state

import (
	"encoding/binary"
	"math/bits"

	"github.com/ringside-go/ringside/proto"
)

// The own section: owner fields of the rows that one seat owns, and the rows of tables that are private as a whole.
// In a table whose rows are public, a row that is new or gone in the public part has lost its own part with that.

// AppendOwnDelta appends what the last commit changed of seat's own part; proto.NoSeat has none.
func (s *Store) AppendOwnDelta(b []byte, seat proto.Seat) []byte {
	list := s.sections[sectionOwn]
	if len(list) == 0 {
		return b
	}
	var set uint64
	own := s.scratch[:0]
	for i, t := range list {
		n := len(own)
		if t.kind == KindEvents {
			own = t.appendOwnEvents(own, seat)
		} else {
			own = s.appendOwnRows(own, t, seat)
		}
		if len(own) > n {
			set |= 1 << i
		}
	}
	s.scratch = own
	return append(binary.AppendUvarint(b, set), own...)
}

func (t *table) appendOwnEvents(b []byte, seat proto.Seat) []byte {
	n := 0
	for r := range t.sent {
		if t.owned(r, seat) {
			n++
		}
	}
	if n == 0 {
		return b
	}
	b = binary.AppendUvarint(b, uint64(n))
	for r := range t.sent {
		if t.owned(r, seat) {
			b = t.appendFull(b, r, &t.groups[Owner])
		}
	}
	return b
}

func (s *Store) appendOwnRows(b []byte, t *table, seat proto.Seat) []byte {
	set := s.rows(t)
	any := false
	for w, m := range t.private {
		set[w] = 0
		for ; m != 0; m &= m - 1 {
			if r := w<<6 + bits.TrailingZeros64(m); t.ownMask(r, seat) != 0 {
				set[w] |= m & -m
				any = true
			}
		}
	}
	if !any {
		return b
	}
	b = appendSet(b, set, t.max)
	g := &t.groups[Owner]
	for r := set.next(0); r >= 0; r = set.next(r + 1) {
		mask := t.ownMask(r, seat)
		b = binary.AppendUvarint(b, mask)
		switch {
		case mask == maskBorn:
			b = t.appendFull(b, r, g)
		case mask != maskGone:
			b = t.appendChange(b, r, g, mask>>1)
		}
	}
	return b
}

// owned reports whether row r is seat's. Rows that nobody owns are not those of somebody without a seat.
func (t *table) owned(r int, seat proto.Seat) bool {
	return t.owners[r] == seat && seat != proto.NoSeat
}

// ownMask is the mask of row r, which has a private change, to seat; 0 when it has nothing to tell.
func (t *table) ownMask(r int, seat proto.Seat) uint64 {
	has, had := t.owned(r, seat) && t.was.has(r), t.before[r] == seat && seat != proto.NoSeat
	born := t.born.has(r)
	if t.part == Public && (born || t.gone.has(r)) {
		had = false // the public record has said so
	}
	switch {
	case has && had && !born:
		return t.masks[Owner][r] << 1
	case has:
		return maskBorn
	case had:
		return maskGone
	}
	return 0
}

// AppendOwnKeyframe appends seat's whole own part. A replica gives the part that it follows, whatever seat says.
func (s *Store) AppendOwnKeyframe(b []byte, seat proto.Seat) []byte {
	if s.replica {
		seat = self
	}
	for _, t := range s.sections[sectionOwn] {
		b = s.appendOwnTable(b, t, seat)
	}
	return b
}

// appendOwnTable appends t's part of the own keyframe.
func (s *Store) appendOwnTable(b []byte, t *table, seat proto.Seat) []byte {
	if t.kind == KindEvents {
		return b
	}
	set := s.rows(t)
	clear(set)
	for r := t.was.next(0); r >= 0; r = t.was.next(r + 1) {
		if t.owned(r, seat) {
			set.add(r)
		}
	}
	b = appendSet(b, set, t.max)
	for r := set.next(0); r >= 0; r = set.next(r + 1) {
		b = t.appendRecord(b, r, &t.groups[Owner])
	}
	return b
}
