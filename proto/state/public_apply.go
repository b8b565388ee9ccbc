package state

import (
	"fmt"
	"math/bits"

	"github.com/ringside-go/ringside/proto"
)

// ApplyDelta brings a follower from the tick before to tick. After an error the store must be given a keyframe, as a
// part of the delta may have been applied; so it is with all Apply functions.
func (s *Store) ApplyDelta(tick proto.Tick, public []byte) error {
	if tick != s.tick+1 {
		return fmt.Errorf("state: delta of tick %d on tick %d: ask for a keyframe", tick, s.tick)
	}
	in := s.follow(public)
	list := s.sections[sectionPublic]
	for _, t := range list {
		if t.kind == KindEvents {
			t.dropEvents()
			continue
		}
		t.advanceAll(&t.groups[Public], t.live)
	}
	clear(s.spent[:len(list)])
	for set := in.tables(len(list)); set != 0; set &= set - 1 {
		i, left := bits.TrailingZeros64(set), len(in.b)
		if err := s.applyPublic(in, list[i]); err != nil {
			return err
		}
		s.spent[i] = left - len(in.b)
	}
	if err := in.end(); err != nil {
		return fmt.Errorf("state: public delta of tick %d: %w", tick, err)
	}
	s.tick = tick
	s.keepMoment()
	return nil
}

func (s *Store) applyPublic(in *reader, t *table) error {
	if t.kind == KindEvents {
		return t.readEvents(in, false)
	}
	set, err := s.changed(in, t)
	if err != nil {
		return err
	}
	g := &t.groups[Public]
	for r := set.next(0); r >= 0; r = set.next(r + 1) {
		mask := in.uvarint()
		switch life, err := t.life(in, r, mask, g.bits); {
		case err != nil:
			return err
		case life == maskGone:
			t.remove(r)
		case life == maskBorn:
			t.revive(r)
			if err := t.readFull(in, r, g); err != nil {
				return err
			}
		default:
			if err := t.readChange(in, r, g, mask>>1); err != nil {
				return err
			}
		}
	}
	return nil
}

// changed reads which rows of t a delta speaks about: at least one.
func (s *Store) changed(in *reader, t *table) (bitset, error) {
	set := s.rows(t)
	if t.kind == KindValue {
		clear(set)
		set.add(0)
		return set, nil
	}
	readSet(in, set, t.max)
	if in.err == nil && !set.any() {
		in.fail(proto.ErrRange)
	}
	if in.err != nil {
		return nil, fmt.Errorf("state: table %s: rows: %w", t.name, in.err)
	}
	return set, nil
}

// life checks a row's mask. It gives maskBorn, maskGone, or 0 for a change, whose mask has at most n bits.
func (t *table) life(in *reader, r int, mask uint64, n int) (int, error) {
	ok := false
	switch {
	case mask == maskBorn:
		ok = t.kind == KindTable
	case mask == maskGone:
		ok = t.kind == KindTable && t.live.has(r)
	case mask&1 == 0:
		ok = mask != 0 && t.live.has(r) && bits.Len64(mask>>1) <= n
	}
	if in.err == nil && !ok {
		in.fail(proto.ErrRange)
	}
	if in.err != nil {
		return 0, t.fault(r, -1, in.err)
	}
	if mask&1 == 0 {
		return 0, nil
	}
	return int(mask), nil
}

// ApplyKeyframe replaces everything by the public part of tick; the own or secret keyframe of the same tick comes next.
func (s *Store) ApplyKeyframe(tick proto.Tick, public []byte) error {
	in := s.follow(public)
	for _, t := range s.tables {
		if t.kind != KindValue {
			t.removeAll()
		}
	}
	for _, t := range s.sections[sectionPublic] {
		if t.kind == KindEvents {
			continue
		}
		set := s.rows(t)
		clear(set)
		set[0] = 1
		if t.kind == KindTable {
			if readSet(in, set, t.max); in.err != nil {
				return fmt.Errorf("state: table %s: rows: %w", t.name, in.err)
			}
		}
		for r := set.next(0); r >= 0; r = set.next(r + 1) {
			if t.kind == KindTable {
				t.revive(r)
			}
			if err := t.readRecord(in, r, &t.groups[Public]); err != nil {
				return err
			}
		}
	}
	if err := in.end(); err != nil {
		return fmt.Errorf("state: public keyframe of tick %d: %w", tick, err)
	}
	s.tick = tick
	s.keepMoment()
	return nil
}
