package state

import (
	"encoding/binary"
	"math/bits"
)

// The public section. A section without tables is empty; any other delta is at least one byte.

// AppendDelta appends what the last commit changed of the public part.
func (s *Store) AppendDelta(b []byte) []byte {
	list := s.sections[sectionPublic]
	if len(list) == 0 {
		return b
	}
	var set uint64
	for i, t := range list {
		if t.sent > 0 || t.public.any() {
			set |= 1 << i
		}
	}
	b = binary.AppendUvarint(b, set)
	for ; set != 0; set &= set - 1 {
		b = list[bits.TrailingZeros64(set)].appendPublic(b)
	}
	return b
}

func (t *table) appendPublic(b []byte) []byte {
	g := &t.groups[Public]
	switch t.kind {
	case KindEvents:
		b = binary.AppendUvarint(b, uint64(t.sent))
		for r := range t.sent {
			b = t.appendFull(b, r, g)
		}
		return b
	case KindTable:
		b = appendSet(b, t.public, t.max)
	}
	for w, m := range t.public {
		for ; m != 0; m &= m - 1 {
			r := w<<6 + bits.TrailingZeros64(m)
			switch {
			case t.gone.has(r):
				b = append(b, maskGone)
			case t.born.has(r):
				b = t.appendFull(append(b, maskBorn), r, g)
			default:
				mask := t.masks[Public][r]
				b = t.appendChange(binary.AppendUvarint(b, mask<<1), r, g, mask)
			}
		}
	}
	return b
}

// AppendKeyframe appends the whole public part as of the last commit or applied frame.
func (s *Store) AppendKeyframe(b []byte) []byte {
	for _, t := range s.sections[sectionPublic] {
		b = t.appendKeyframe(b)
	}
	return b
}

// appendKeyframe appends the table's part of the public keyframe.
func (t *table) appendKeyframe(b []byte) []byte {
	if t.kind == KindEvents {
		return b
	}
	if t.kind == KindTable {
		b = appendSet(b, t.was, t.max)
	}
	for r := t.was.next(0); r >= 0; r = t.was.next(r + 1) {
		b = t.appendRecord(b, r, &t.groups[Public])
	}
	return b
}

// appendRecord appends the fields of g in row r with their displacements, as a keyframe has them.
func (t *table) appendRecord(b []byte, r int, g *group) []byte {
	return t.appendDisps(t.appendFull(b, r, g), r, g)
}
