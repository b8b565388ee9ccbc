package state

import (
	"errors"
	"fmt"
	"math/bits"

	"github.com/ringside-go/ringside/proto"
)

var errBound = errors.New("state: a store with structs follows by the secret part; own parts are for replicas")

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
		t.advanceAll(&t.groups[Owner], t.live) // rows of others stand still, as all that is not known does
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
