package state

import (
	"errors"
	"fmt"
	"math/bits"

	"github.com/ringside-go/ringside/proto"
)

var errReplica = errors.New("state: a replica has no secret part")

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
