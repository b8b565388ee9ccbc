package state

import (
	"errors"
	"fmt"
	"math/bits"

	"github.com/ringside-go/ringside/proto"
)

var (
	errBound   = errors.New("state: a store with structs follows by the secret part; own parts are for replicas")
	errReplica = errors.New("state: a replica has no secret part")
)

// ApplyDelta brings a follower from the tick before to tick. After an error the store must be given a keyframe, as a
// part of the delta may have been applied; so it is with all Apply functions.
func (s *Store) ApplyDelta(tick proto.Tick, public []byte) error {
	if tick != s.tick+1 {
		return fmt.Errorf("state: delta of tick %d on tick %d: ask for a keyframe", tick, s.tick)
	}
	if err := s.applyDelta(&publicSection, tick, public); err != nil {
		return err
	}
	s.tick = tick
	s.keepMoment()
	return nil
}

// ApplyOwnDelta brings a replica's own part to the tick of its public part; it comes after ApplyDelta, every tick.
func (s *Store) ApplyOwnDelta(own []byte) error {
	if !s.replica {
		return errBound
	}
	return s.applyDelta(&ownSection, s.tick, own)
}

// ApplySecretDelta brings a standby's secret part to the tick of its public part; it comes after ApplyDelta, every tick.
func (s *Store) ApplySecretDelta(secret []byte) error {
	if s.replica {
		return errReplica
	}
	if err := s.applyDelta(&secretSection, s.tick, secret); err != nil {
		return err
	}
	s.keepMoment()
	return nil
}

// ApplyKeyframe replaces everything by the public part of tick; the own or secret keyframe of the same tick comes next.
func (s *Store) ApplyKeyframe(tick proto.Tick, public []byte) error {
	for _, t := range s.tables {
		if t.kind != KindValue {
			t.removeAll()
		}
	}
	if err := s.applyKeyframe(&publicSection, tick, public); err != nil {
		return err
	}
	s.tick = tick
	s.keepMoment()
	return nil
}

// ApplyOwnKeyframe replaces a replica's own part; it comes after ApplyKeyframe.
func (s *Store) ApplyOwnKeyframe(own []byte) error {
	if !s.replica {
		return errBound
	}
	for _, t := range s.sections[sectionOwn] {
		for r := range t.size {
			if t.owners[r] == self {
				t.dropOwn(r)
			}
		}
	}
	return s.applyKeyframe(&ownSection, s.tick, own)
}

// ApplySecretKeyframe completes a standby after ApplyKeyframe: with both it equals the store that appended them.
func (s *Store) ApplySecretKeyframe(secret []byte) error {
	if s.replica {
		return errReplica
	}
	return s.applyKeyframe(&secretSection, s.tick, secret)
}

// section is a part of a frame: public, own (of a replica) or secret (of a standby). Sections differ in the fields that their
// records have, and in what it means there that a row comes or goes.
type section struct {
	index  int // of Store.sections
	name   string
	groups []Part
	born   func(t *table, in *reader, r int) error // makes row r one of the section
	gone   func(t *table, r int) error
}

var (
	publicSection = section{sectionPublic, "public", []Part{Public}, (*table).bornPublic, (*table).gonePublic}
	ownSection    = section{sectionOwn, "own", []Part{Owner}, (*table).bornOwn, (*table).goneOwn}
	secretSection = section{sectionSecret, "secret", []Part{Owner, Hidden}, (*table).bornSecret, (*table).goneSecret}
)

// applyDelta applies a section of a delta to the store.
func (s *Store) applyDelta(p *section, tick proto.Tick, body []byte) error {
	in := s.follow(body)
	list := s.sections[p.index]
	for _, t := range list {
		if t.kind == KindEvents {
			t.dropEvents()
			continue
		}
		for _, g := range p.groups {
			t.advanceAll(&t.groups[g], t.live) // rows that are not known in this section stand still
		}
	}
	if p.index == sectionPublic {
		clear(s.spent[:len(list)])
	}
	for set := in.tables(len(list)); set != 0; set &= set - 1 {
		i, left := bits.TrailingZeros64(set), len(in.b)
		if err := s.applyChanges(p, in, list[i]); err != nil {
			return err
		}
		if p.index == sectionPublic {
			s.spent[i] = left - len(in.b)
		}
	}
	if err := in.end(); err != nil {
		return fmt.Errorf("state: %s delta of tick %d: %w", p.name, tick, err)
	}
	return nil
}

// applyChanges applies what a section of a delta says of t.
func (s *Store) applyChanges(p *section, in *reader, t *table) error {
	if t.kind == KindEvents {
		return t.readEvents(in, p.index == sectionSecret && t.part == Owner)
	}
	set, err := s.changed(in, t)
	if err != nil {
		return err
	}
	first, second := &t.groups[p.groups[0]], (*group)(nil) // of the fields in a record: second comes behind first
	n := first.bits
	if len(p.groups) > 1 {
		second = &t.groups[p.groups[1]]
		n += second.bits
	}
	mine := p.index == sectionOwn
	for r := set.next(0); r >= 0; r = set.next(r + 1) {
		mask := in.uvarint()
		life, err := t.life(in, r, mask, n)
		switch {
		case err != nil:
		case mine && life != maskBorn && t.owners[r] != self:
			err = t.fault(r, -1, proto.ErrRange)
		case life == maskGone:
			err = p.gone(t, r)
		case life == maskBorn:
			err = p.applyBorn(in, t, r)
		case second == nil:
			err = t.readChange(in, r, first, mask>>1)
		default:
			if err = t.readChange(in, r, first, mask>>1&(1<<first.bits-1)); err == nil {
				err = t.readChange(in, r, second, mask>>1>>first.bits)
			}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// applyBorn applies the record of a row that comes: all fields.
func (p *section) applyBorn(in *reader, t *table, r int) error {
	if err := p.born(t, in, r); err != nil {
		return err
	}
	for _, part := range p.groups {
		if err := t.readFull(in, r, &t.groups[part]); err != nil {
			return err
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

// applyKeyframe applies a section of a keyframe to the store.
func (s *Store) applyKeyframe(p *section, tick proto.Tick, body []byte) error {
	in := s.follow(body)
	for _, t := range s.sections[p.index] {
		if t.kind == KindEvents {
			continue
		}
		if err := s.applyRecords(p, in, t); err != nil {
			return err
		}
	}
	if p.index == sectionSecret {
		s.readHistory(in)
	}
	if err := in.end(); err != nil {
		return fmt.Errorf("state: %s keyframe of tick %d: %w", p.name, tick, err)
	}
	return nil
}

// applyRecords applies what a section of a keyframe says of t.
func (s *Store) applyRecords(p *section, in *reader, t *table) error {
	set := s.rows(t)
	clear(set)
	set[0] = 1
	if t.kind == KindTable {
		readSet(in, set, t.max)
		if in.err == nil && p.index == sectionSecret && t.part == Public && t.secrets() && set.count() != t.live.count() {
			in.fail(proto.ErrRange)
		}
		if in.err != nil {
			return fmt.Errorf("state: table %s: rows: %w", t.name, in.err)
		}
	}
	for r := set.next(0); r >= 0; r = set.next(r + 1) {
		if t.kind == KindTable {
			if err := p.born(t, in, r); err != nil {
				return err
			}
		}
		for _, part := range p.groups {
			if err := t.readRecord(in, r, &t.groups[part]); err != nil {
				return err
			}
		}
	}
	return nil
}
