package state

import (
	"encoding/binary"
	"math/bits"

	"github.com/ringside-go/ringside/proto"
)

// The secret section, for servers: owners, owner and hidden fields of all rows, and tables that are not public. In a
// table whose rows are public, this section speaks only of rows that live after the public one, and it is silent about
// a new row that nobody owns and that has no private fields.

// AppendSecretDelta appends what the last commit changed beside the public part.
func (s *Store) AppendSecretDelta(b []byte) []byte {
	list := s.sections[sectionSecret]
	if len(list) == 0 {
		return b
	}
	var set uint64
	secret := s.scratch[:0]
	for i, t := range list {
		n := len(secret)
		if t.kind == KindEvents {
			secret = t.appendSecretEvents(secret)
		} else {
			secret = s.appendSecretRows(secret, t)
		}
		if len(secret) > n {
			set |= 1 << i
		}
	}
	s.scratch = secret
	return append(binary.AppendUvarint(b, set), secret...)
}

func (t *table) appendSecretEvents(b []byte) []byte {
	if t.sent == 0 {
		return b
	}
	b = binary.AppendUvarint(b, uint64(t.sent))
	for r := range t.sent {
		if t.part == Owner {
			b = append(b, byte(t.owners[r]))
		}
		b = t.appendFull(b, r, &t.groups[t.part])
	}
	return b
}

func (s *Store) appendSecretRows(b []byte, t *table) []byte {
	set := s.rows(t)
	any := false
	for w, m := range t.private {
		set[w] = 0
		for ; m != 0; m &= m - 1 {
			if t.secretMask(w<<6+bits.TrailingZeros64(m)) != 0 {
				set[w] |= m & -m
				any = true
			}
		}
	}
	if !any {
		return b
	}
	if t.kind == KindTable {
		b = appendSet(b, set, t.max)
	}
	own, hidden := &t.groups[Owner], &t.groups[Hidden]
	for r := set.next(0); r >= 0; r = set.next(r + 1) {
		mask := t.secretMask(r)
		b = binary.AppendUvarint(b, mask)
		switch mask {
		case maskBorn:
			b = append(b, byte(t.owners[r]))
			b = t.appendFull(t.appendFull(b, r, own), r, hidden)
		case maskGone:
		default:
			b = t.appendChange(b, r, own, t.masks[Owner][r])
			b = t.appendChange(b, r, hidden, t.masks[Hidden][r])
		}
	}
	return b
}

// secrets reports whether t has owner or hidden fields.
func (t *table) secrets() bool {
	return len(t.groups[Owner].cols)+len(t.groups[Hidden].cols) > 0
}

// secretMask is the mask of row r, which has a private change; 0 when it has nothing to tell.
func (t *table) secretMask(r int) uint64 {
	switch {
	case t.gone.has(r):
		if t.part == Public {
			return 0
		}
		return maskGone
	case t.born.has(r):
		if t.part == Public && t.owners[r] == proto.NoSeat && !t.secrets() {
			return 0
		}
		return maskBorn
	case t.owners[r] != t.before[r]:
		return maskBorn
	}
	return (t.masks[Owner][r] | t.masks[Hidden][r]<<t.groups[Owner].bits) << 1
}

// AppendSecretKeyframe appends everything beside the public part, with the history for Table.Past.
func (s *Store) AppendSecretKeyframe(b []byte) []byte {
	for _, t := range s.sections[sectionSecret] {
		if t.kind == KindEvents {
			continue
		}
		set := t.secretRows(s.rows(t))
		if t.kind == KindTable {
			b = appendSet(b, set, t.max)
		}
		for r := set.next(0); r >= 0; r = set.next(r + 1) {
			if t.kind == KindTable {
				b = append(b, byte(t.owners[r]))
			}
			b = t.appendRecord(b, r, &t.groups[Owner])
			b = t.appendRecord(b, r, &t.groups[Hidden])
		}
	}
	return s.appendHistory(b)
}

// secretRows puts into set the live rows of which a secret keyframe has a record.
func (t *table) secretRows(set bitset) bitset {
	copy(set, t.was)
	if t.part != Public || t.secrets() {
		return set
	}
	for r := set.next(0); r >= 0; r = set.next(r + 1) {
		if t.owners[r] == proto.NoSeat {
			set.del(r)
		}
	}
	return set
}
