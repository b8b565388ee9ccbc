package state

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/bits"

	"github.com/ringside-go/ringside/proto"
)

// The own section: owner fields of the rows that one seat owns, and the rows of tables that are private as a whole.
// In a table whose rows are public, a row that is new or gone in the public part has lost its own part with that.

var errBound = errors.New("state: a store with structs follows by the secret part; own parts are for replicas")

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
		if t.kind == KindEvents {
			continue
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
	}
	return b
}

// ApplyOwnDelta brings a replica's own part to the tick of its public part; it comes after ApplyDelta, every tick.
func (s *Store) ApplyOwnDelta(own []byte) error {
	if !s.replica {
		return errBound
	}
	in := s.follow(own)
	list := s.sections[sectionOwn]
	for _, t := range list {
		if t.kind == KindEvents {
			t.dropEvents()
			continue
		}
		for r := range t.size {
			if t.owners[r] == self {
				t.advance(r, &t.groups[Owner])
			}
		}
	}
	for set := in.tables(len(list)); set != 0; set &= set - 1 {
		t := list[bits.TrailingZeros64(set)]
		if t.kind == KindEvents {
			if err := t.readEvents(in, false); err != nil {
				return err
			}
			continue
		}
		if err := s.applyOwn(in, t); err != nil {
			return err
		}
	}
	if err := in.end(); err != nil {
		return fmt.Errorf("state: own delta of tick %d: %w", s.tick, err)
	}
	return nil
}

func (s *Store) applyOwn(in *reader, t *table) error {
	set, err := s.changed(in, t)
	if err != nil {
		return err
	}
	g := &t.groups[Owner]
	for r := set.next(0); r >= 0; r = set.next(r + 1) {
		mask := in.uvarint()
		life, err := t.life(in, r, mask, g.bits)
		if err != nil {
			return err
		}
		if life != maskBorn && t.owners[r] != self {
			return t.fault(r, -1, proto.ErrRange)
		}
		switch life {
		case maskBorn:
			err = t.takeOwn(in, r)
			if err == nil {
				err = t.readFull(in, r, g)
			}
		case maskGone:
			t.dropOwn(r)
		default:
			err = t.readChange(in, r, g, mask>>1)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// takeOwn makes row r the replica's own. Where rows are public it must live already.
func (t *table) takeOwn(in *reader, r int) error {
	if t.part == Owner {
		t.revive(r)
	} else if !t.live.has(r) {
		return t.fault(r, -1, proto.ErrRange)
	}
	t.setOwner(r, self)
	return nil
}

func (t *table) dropOwn(r int) {
	if t.part == Owner {
		t.remove(r)
		return
	}
	t.setOwner(r, proto.NoSeat)
	t.clear(r, &t.groups[Owner])
}

// ApplyOwnKeyframe replaces a replica's own part; it comes after ApplyKeyframe.
func (s *Store) ApplyOwnKeyframe(own []byte) error {
	if !s.replica {
		return errBound
	}
	in := s.follow(own)
	for _, t := range s.sections[sectionOwn] {
		for r := range t.size {
			if t.owners[r] == self {
				t.dropOwn(r)
			}
		}
		if t.kind == KindEvents {
			continue
		}
		set := s.rows(t)
		if readSet(in, set, t.max); in.err != nil {
			return fmt.Errorf("state: table %s: rows: %w", t.name, in.err)
		}
		for r := set.next(0); r >= 0; r = set.next(r + 1) {
			if err := t.takeOwn(in, r); err != nil {
				return err
			}
			if err := t.readRecord(in, r, &t.groups[Owner]); err != nil {
				return err
			}
		}
	}
	if err := in.end(); err != nil {
		return fmt.Errorf("state: own keyframe of tick %d: %w", s.tick, err)
	}
	return nil
}
