package state

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/bits"

	"github.com/ringside-go/ringside/proto"
)

// The secret section, for servers: owners, owner and hidden fields of all rows, and tables that are not public. In a
// table whose rows are public, this section speaks only of rows that live after the public one, and it is silent about
// a new row that nobody owns and that has no private fields.

var errReplica = errors.New("state: a replica has no secret part")

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

// ApplySecretDelta brings a standby's secret part to the tick of its public part; it comes after ApplyDelta, every tick.
func (s *Store) ApplySecretDelta(secret []byte) error {
	if s.replica {
		return errReplica
	}
	in := s.follow(secret)
	list := s.sections[sectionSecret]
	for _, t := range list {
		if t.kind == KindEvents {
			t.dropEvents()
			continue
		}
		t.advanceAll(&t.groups[Owner], t.live)
		t.advanceAll(&t.groups[Hidden], t.live)
	}
	for set := in.tables(len(list)); set != 0; set &= set - 1 {
		t := list[bits.TrailingZeros64(set)]
		if t.kind == KindEvents {
			if err := t.readEvents(in, t.part == Owner); err != nil {
				return err
			}
			continue
		}
		if err := s.applySecret(in, t); err != nil {
			return err
		}
	}
	if err := in.end(); err != nil {
		return fmt.Errorf("state: secret delta of tick %d: %w", s.tick, err)
	}
	s.keepMoment()
	return nil
}

func (s *Store) applySecret(in *reader, t *table) error {
	set, err := s.changed(in, t)
	if err != nil {
		return err
	}
	own, hidden := &t.groups[Owner], &t.groups[Hidden]
	for r := set.next(0); r >= 0; r = set.next(r + 1) {
		mask := in.uvarint()
		life, err := t.life(in, r, mask, own.bits+hidden.bits)
		if err != nil {
			return err
		}
		switch {
		case life == maskGone && t.part == Public:
			err = t.fault(r, -1, proto.ErrRange)
		case life == maskGone:
			t.remove(r)
		case life == maskBorn:
			if err = t.readOwner(in, r); err == nil {
				err = t.readFull(in, r, own)
			}
			if err == nil {
				err = t.readFull(in, r, hidden)
			}
		default:
			mask >>= 1
			if err = t.readChange(in, r, own, mask&(1<<own.bits-1)); err == nil {
				err = t.readChange(in, r, hidden, mask>>own.bits)
			}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// readOwner reads row r's owner and makes the row live where the public part does not do that.
func (t *table) readOwner(in *reader, r int) error {
	seat := proto.Seat(in.byte())
	if in.err == nil && (!validOwner(seat) || t.part == Public && !t.live.has(r)) {
		in.fail(proto.ErrRange)
	}
	if in.err != nil {
		return t.fault(r, -1, in.err)
	}
	if t.part != Public {
		t.revive(r)
	}
	t.setOwner(r, seat)
	return nil
}

// ApplySecretKeyframe completes a standby after ApplyKeyframe: with both it equals the store that appended them.
func (s *Store) ApplySecretKeyframe(secret []byte) error {
	if s.replica {
		return errReplica
	}
	in := s.follow(secret)
	for _, t := range s.sections[sectionSecret] {
		if t.kind == KindEvents {
			continue
		}
		if err := s.applySecretRows(in, t); err != nil {
			return err
		}
	}
	s.readHistory(in)
	if err := in.end(); err != nil {
		return fmt.Errorf("state: secret keyframe of tick %d: %w", s.tick, err)
	}
	return nil
}

func (s *Store) applySecretRows(in *reader, t *table) error {
	set := s.rows(t)
	clear(set)
	set[0] = 1
	if t.kind == KindTable {
		readSet(in, set, t.max)
		if in.err == nil && t.part == Public && t.secrets() && set.count() != t.live.count() {
			in.fail(proto.ErrRange)
		}
		if in.err != nil {
			return fmt.Errorf("state: table %s: rows: %w", t.name, in.err)
		}
	}
	for r := set.next(0); r >= 0; r = set.next(r + 1) {
		if t.kind == KindTable {
			if err := t.readOwner(in, r); err != nil {
				return err
			}
		}
		if err := t.readRecord(in, r, &t.groups[Owner]); err != nil {
			return err
		}
		if err := t.readRecord(in, r, &t.groups[Hidden]); err != nil {
			return err
		}
	}
	return nil
}
