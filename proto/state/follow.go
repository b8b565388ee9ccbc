package state

import (
	"github.com/ringside-go/ringside/proto"
)

// What all sections do to a follower's rows.

// follow begins to apply a frame.
func (s *Store) follow(body []byte) *reader {
	s.in = reader{b: body}
	for _, t := range s.tables {
		t.applied = true
	}
	return &s.in
}

// revive makes row r live and new: nobody owns it and its private part is zero until its record comes.
func (t *table) revive(r int) {
	t.grow(r)
	t.live.add(r)
	t.was.add(r)
	t.setOwner(r, proto.NoSeat)
	t.clear(r, &t.groups[Owner])
	t.clear(r, &t.groups[Hidden])
}

func (t *table) remove(r int) {
	t.live.del(r)
	t.was.del(r)
	t.setOwner(r, proto.NoSeat)
}

func (t *table) removeAll() {
	clear(t.live)
	clear(t.was)
	clear(t.fresh)
	for r := range t.size {
		t.setOwner(r, proto.NoSeat)
	}
	t.count, t.sent = 0, 0
}

func (t *table) setOwner(r int, s proto.Seat) {
	t.owners[r] = s
	if t.row != nil {
		t.seats[r] = s
	}
}

// advanceAll moves the predicted fields of g in rows.
func (t *table) advanceAll(g *group, rows bitset) {
	if len(g.preds) == 0 {
		return
	}
	for r := rows.next(0); r >= 0; r = rows.next(r + 1) {
		t.advance(r, g)
	}
}

// readEvents reads a tick's events; seated ones have their seat before the record.
func (t *table) readEvents(in *reader, seated bool) error {
	n := in.uvarint()
	if in.err == nil && (n == 0 || n > uint64(t.max)) {
		in.fail(proto.ErrRange)
	}
	if in.err != nil {
		return t.fault(0, -1, in.err)
	}
	for r := range int(n) {
		t.grow(r)
		if seated {
			seat := proto.Seat(in.byte())
			if in.err == nil && !validOwner(seat) {
				in.fail(proto.ErrRange)
			}
			if in.err != nil {
				return t.fault(r, -1, in.err)
			}
			t.setOwner(r, seat)
		}
		if err := t.readFull(in, r, &t.groups[t.part]); err != nil {
			return err
		}
		t.live.add(r)
		t.was.add(r)
		t.count = r + 1
	}
	return nil
}
